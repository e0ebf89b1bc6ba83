"""Requests that are wrong in one place: what the vendor's own types refuse, weir refuses too where it translates, and says where; what they take, it
does not refuse. To a provider of the same dialect everything goes as it came."""
import copy
import json
import unittest
import urllib.error
import urllib.request

import pydantic

import stack
from stack import KEY, MODELS
from translation_test import GEMINI_FIELDS, PARAMETERS, known

GONE = object()
IMAGE = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}

# A request of each dialect with a call and its result in it.
SOUND = {
    "chat": {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
                          {"role": "assistant", "content": None, "tool_calls": [CALL]},
                          {"role": "tool", "tool_call_id": "call_1", "content": "4"}],
             "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}], "max_tokens": 99},
    "responses": {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
                            {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
                            {"type": "function_call_output", "call_id": "call_1", "output": "4"}],
                  "tools": [{"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False}],
                  "max_output_tokens": 99},
    "messages": {"max_tokens": 99, "system": [{"type": "text", "text": "Be brief."}],
                 "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]},
                              {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]},
                              {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "4"}]}],
                 "tools": [{"name": "f", "input_schema": {"type": "object"}}]},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hello"}]},
                            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]},
                            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "4"}}}]}],
               "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}],
               "generationConfig": {"maxOutputTokens": 99}},
}
# Where it is wrong, and what stands there instead: the types refuse it.
BROKEN = {
    "chat": [("messages", GONE), ("messages", 5), ("messages", [7]), ("messages[0].role", "nobody"), ("messages[0].role", GONE), ("messages[0].role", 1),
             ("messages[0].content", GONE), ("messages[0].content", 5), ("messages[0].content", {"text": "Hello"}), ("messages[1].content", None),
             ("messages[1].content", ["Hello"]), ("messages[1].content[0].text", GONE), ("messages[1].content[0].text", 5),
             ("messages[2].tool_calls", {"id": "call_1"}), ("messages[2].tool_calls[0].function.name", GONE),
             ("messages[2].tool_calls[0].function", "f"), ("messages[2].content", 5), ("messages[3].tool_call_id", GONE),
             ("messages[3].tool_call_id", 1), ("messages[3].content", None), ("messages[3].content", {"result": 4}), ("tools", {"name": "f"}),
             ("tools[0].function", GONE), ("tools[0].function.name", GONE), ("tools[0].function.name", 5), ("tool_choice", 5),
             ("max_tokens", "many"), ("temperature", "warm"), ("response_format", "json"), ("response_format", {}), ("stop", 5),
             ("parallel_tool_calls", "never"), ("messages[1].name", 5)],
    "responses": [("input", 5), ("input", [7]), ("input[0].role", "nobody"), ("input[0].role", GONE), ("input[0].content", GONE), ("input[0].content", 5),
                  ("input[0].content", ["Hello"]), ("input[1].call_id", GONE), ("input[1].name", GONE), ("input[1].name", 5), ("input[1].arguments", GONE),
                  ("input[2].call_id", 5), ("input[2].output", GONE), ("input[2].output", 4), ("instructions", 5),
                  ("tools", {"name": "f"}), ("tools[0].name", GONE), ("tools[0].name", 5), ("tools[0].parameters", "none"), ("tool_choice", 5),
                  ("max_output_tokens", "many"), ("text", "json"), ("reasoning", "high"), ("temperature", "warm")],
    "messages": [("messages", GONE), ("messages", 5), ("messages", [7]), ("messages[0].role", "nobody"), ("messages[0].role", GONE),
                 ("messages[0].content", GONE), ("messages[0].content", 5), ("messages[0].content", ["Hello"]), ("messages[0].content[0].text", GONE),
                 ("messages[0].content[0].text", 5), ("messages[1].content[0].id", GONE), ("messages[1].content[0].name", GONE),
                 ("messages[1].content[0].input", GONE), ("messages[2].content[0].tool_use_id", GONE), ("messages[2].content[0].tool_use_id", 1),
                 ("messages[2].content[0].content", 4), ("system", 5), ("system[0].text", GONE), ("tools", {"name": "f"}), ("tools[0].name", GONE),
                 ("tools[0].input_schema", "any"), ("tool_choice", "auto"), ("tool_choice", {}), ("thinking", "on"), ("max_tokens", "many"),
                 ("stop_sequences", 5), ("messages[0].content[0]", {"type": "image"}),
                 ("messages[0].content[0]", {"type": "image", "source": "AA"}), ("messages[0].content[0]", {"type": "image", "source": {}})],
    "gemini": [("contents", 5), ("contents", [7]), ("contents[0].role", 5), ("contents[0].parts", 5), ("contents[0].parts", [7]),
               ("contents[0].parts[0].text", 5), ("contents[0].parts[0].text", {}), ("contents[0].parts[0].inlineData", "AA"),
               ("contents[0].parts[0].inlineData", {"mimeType": 5, "data": "AAAA"}), ("contents[1].parts[0].functionCall", "f"),
               ("contents[1].parts[0].functionCall.name", 5), ("contents[1].parts[0].functionCall.args", "none"),
               ("contents[2].parts[0].functionResponse.response", 4), ("contents[2].parts[0].functionResponse.name", 5), ("systemInstruction", 5),
               ("tools", 5), ("generationConfig", "none"), ("generationConfig.temperature", "warm"), ("generationConfig.maxOutputTokens", {})],
}
# What is odd, and what the types take.
ODD = {
    "chat": [("messages[0].name", "x"), ("messages[1].content", "Hello"), ("messages[2].content", ""), ("tools", []), ("stop", ["x"]), ("stop", "x"),
             ("messages[0].role", "developer"), ("messages[2].tool_calls[0].function.arguments", "no JSON"), ("messages[2].tool_calls[0].function.arguments", ""),
             ("tools[0].function.parameters", GONE), ("tool_choice", "none"), ("temperature", None), ("max_tokens", None), ("messages[3].content", ""),
             ("messages[3].content", [{"type": "text", "text": "4"}]), ("messages[2].refusal", None)],
    "responses": [("input", "Hello"), ("input[0].type", "message"), ("input[0].content", "Hello"), ("input[1].arguments", ""), ("input[2].output", ""),
                  ("input[2].output", [{"type": "input_text", "text": "4"}]), ("instructions", "Be brief."), ("instructions", None), ("tools", []),
                  ("temperature", None), ("tools[0].parameters", None), ("input[1].id", "fc_1"), ("input[2].status", "completed"),
                  ("input[2].call_id", GONE)],
    "messages": [("messages[0].content", "Hello"), ("system", "Be brief."), ("system", []), ("tools", []), ("messages[2].content[0].content", GONE),
                 ("messages[2].content[0].is_error", True), ("messages[2].content[0].content", [{"type": "text", "text": "4"}]),
                 ("messages[2].content[0].content", [{"type": "image", "source": IMAGE}]), ("stop_sequences", ["x"]), ("metadata", {}),
                 ("messages[1].content[0].input", {"deep": [{}]}), ("tools[0].description", "It is f.")],
    "gemini": [("contents[0].role", GONE), ("systemInstruction", {"parts": [{"text": "Be brief."}]}), ("tools", []), ("generationConfig", {}),
               ("contents[1].parts[0].functionCall.id", "x"), ("contents[1].parts[0].functionCall.args", GONE),
               ("contents[2].parts[0].functionResponse.response", {"anything": [4]}), ("contents[0].parts[0].text", "")],
}


def setUpModule():
    global weir
    weir = stack.Stack(stack.OTHER_DIALECTS)


def tearDownModule():
    weir.stop()


def changed(body, path, value):
    """The body with something else at one place."""
    out = copy.deepcopy(body)
    at, steps = out, path.replace("[", ".[").split(".")
    steps = [int(step[1:-1]) if step.startswith("[") else step for step in steps]
    for step in steps[:-1]:
        at = at[step]
    if value is GONE:
        del at[steps[-1]]
    else:
        at[steps[-1]] = value
    return out


def types_take(dialect, body):
    try:
        if dialect == "gemini":
            for field, value in body.items():
                pydantic.TypeAdapter(GEMINI_FIELDS[field]).validate_python(value)
        else:
            known(PARAMETERS[dialect].validate_python({**body, "model": "m"}))
    except (pydantic.ValidationError, TypeError):
        return False
    return True


def ask(dialect, model, body):
    """Status and body of the answer."""
    paths = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages",
             "gemini": f"/v1beta/models/{model}:generateContent"}
    sent = body if dialect == "gemini" else {**body, "model": model}
    request = urllib.request.Request(weir.url + paths[dialect], json.dumps(sent).encode(),
                                     {"authorization": "Bearer " + KEY, "content-type": "application/json", "anthropic-version": "2023-06-01"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class Bodies(unittest.TestCase):
    def hold(self, table, judge):
        for dialect, places in table.items():
            for path, value in places:
                with self.subTest(f"{dialect} {path} = {'nothing' if value is GONE else json.dumps(value)}"):
                    judge(dialect, path, changed(SOUND[dialect], path, value))

    def test_what_is_sound_is_translated(self):
        for dialect, body in SOUND.items():
            self.assertTrue(types_take(dialect, body), dialect)
            for pool in MODELS.keys() - {dialect}:
                self.assertEqual(ask(dialect, MODELS[pool], body)[0], 200, (dialect, pool))

    def test_what_the_types_refuse_is_refused(self):
        def judge(dialect, path, body):
            self.assertFalse(types_take(dialect, body), "the types take it")
            for pool in sorted(MODELS.keys() - {dialect}):
                before = len(weir.calls())
                status, answer = ask(dialect, MODELS[pool], body)
                self.assertEqual(status, 400, (pool, answer))
                said = answer["error"]["message"]
                if "cannot be sent" not in said:  # what weir must know itself, and says natively too
                    self.assertIn(path.split(".")[-1], said)
                    continue
                self.assertIn("'" + path, said, pool)
                if dialect in ("chat", "responses"):
                    self.assertTrue(answer["error"]["param"].startswith(path), answer)
                self.assertEqual(len(weir.calls()), before)
        self.hold(BROKEN, judge)

    def test_what_the_types_take_is_translated(self):
        def judge(dialect, path, body):
            self.assertTrue(types_take(dialect, body), "the types refuse it")
            for pool in sorted(MODELS.keys() - {dialect}):
                status, answer = ask(dialect, MODELS[pool], body)
                self.assertEqual(status, 200, (pool, answer))
        self.hold(ODD, judge)

    def test_natively_it_goes_as_it_came(self):
        def judge(dialect, path, body):
            before = len(weir.calls())
            status, answer = ask(dialect, MODELS[dialect], body)
            if len(weir.calls()) == before:  # what weir must know itself, such as how much may be said
                self.assertEqual(status, 400, answer)
                return
            self.assertEqual({key: value for key, value in weir.last_request()[1].items() if key != "model"}, body)
        self.hold(BROKEN, judge)


if __name__ == "__main__":
    stack.main("Broken bodies, by the vendors' types", "as above")
