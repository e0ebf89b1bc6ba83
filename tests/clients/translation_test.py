"""The official Python SDKs of OpenAI, Anthropic and Google, unchanged, each at pools of the other dialects: they judge what weir writes for them,
strictly where they can, and their vendors' own types judge what weir asks the provider."""
import base64
import json
import unittest
from typing import Any, Iterator, Union
from urllib.parse import quote

import anthropic
import anthropic.types
import openai
import openai.types.chat.completion_create_params
import openai.types.responses.response_create_params
import pydantic
from google import genai
from google.genai import errors, types

import stack
from stack import ASK, KEY, MODELS, WEATHER, wait_until

TEXT = 'Grüße, 你好 🌊: "so" a\\b\n<gate> lets it pass.\u2028And ends.'
CITY = '{"city": "Zürich"}'
ARGUMENTS = {"city": "Zürich"}
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==")
PNG_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()
# By which class of an SDK's exceptions a provider's failure is known.
FAILURES = {400: "BadRequestError", 404: "NotFoundError", 429: "RateLimitError", 503: "InternalServerError", 529: "InternalServerError"}
OVERLOADED = "OverloadedError"  # what Anthropic's majors before 2 have in place of the last two: weir tells both of their clients as 529


class City(pydantic.BaseModel):
    city: str


def setUpModule():
    global weir
    weir = stack.Stack(stack.OTHER_DIALECTS)


def tearDownModule():
    weir.stop()


def saying(text, **more):
    """The script for the mock provider that makes it say a text."""
    return ",".join([f"text={quote(text, safe='')}", *(f"{key}={value}" for key, value in more.items())])


def known(value):
    """What pydantic read, with what it reads lazily read to the end."""
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(by_alias=True, exclude_unset=True, mode="json")
    if isinstance(value, dict):
        return {key: known(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)) or isinstance(value, Iterator) or type(value).__name__ == "ValidatorIterator":
        return [known(each) for each in value]
    return value


def completed(body):
    """A body with what the provider takes without and its types want: an answer that is sent back has an id and a status of its own there."""
    def one(item):
        if isinstance(item, dict) and item.get("type") == "reasoning":
            return {**item, "id": "rs_1"}
        if not isinstance(item, dict) or item.get("role") != "assistant" or not isinstance(item.get("content"), list):
            return item
        parts = [{**part, "annotations": []} if part.get("type") == "output_text" else part for part in item["content"]]
        return {**item, "id": "msg_1", "status": "completed", "content": parts}
    return {**body, "input": [one(item) for item in body["input"]]} if isinstance(body.get("input"), list) else body


PARAMETERS = {
    "chat": pydantic.TypeAdapter(Union[openai.types.chat.completion_create_params.CompletionCreateParamsStreaming,
                                       openai.types.chat.completion_create_params.CompletionCreateParamsNonStreaming]),
    "responses": pydantic.TypeAdapter(Union[openai.types.responses.response_create_params.ResponseCreateParamsStreaming,
                                            openai.types.responses.response_create_params.ResponseCreateParamsNonStreaming]),
    "messages": pydantic.TypeAdapter(anthropic.types.MessageCreateParams),
}
GEMINI_FIELDS = {"contents": list[types.Content], "systemInstruction": types.Content, "tools": list[types.Tool], "toolConfig": types.ToolConfig,
                 "generationConfig": types.GenerationConfig}


def at(*pools):
    """Makes a test case of each pool."""
    def make(cls):
        for pool in pools:
            name = f"{cls.__name__}At{pool.title()}"
            globals()[name] = type(name, (cls, unittest.TestCase), {"pool": pool, "model": MODELS[pool], "__module__": __name__})
        return cls
    return make


class Case:
    """What every client is asked; the classes below say how it does that."""

    def asked(self):
        """What the provider was asked last, which its vendor's own types must know, every field of it."""
        target, body = weir.last_request()
        if self.pool == "gemini":
            self.assertLessEqual(set(body), set(GEMINI_FIELDS))
            for field, value in body.items():
                pydantic.TypeAdapter(GEMINI_FIELDS[field]).validate_python(value)
        else:
            wanted = completed(body)
            try:
                read = known(PARAMETERS[self.pool].validate_python(wanted))
            except pydantic.ValidationError:  # what it says of a union is longer than a screen
                read = "something else"
            self.assertEqual(read, wanted)
        return body

    def results_asked(self):
        """The tools' results in the last request, by the id of their call, after a check that the calls stand there too."""
        body, calls, results = self.asked(), {}, {}
        if self.pool == "chat":
            for message in body["messages"]:
                calls.update({each["id"]: json.loads(each["function"]["arguments"]) for each in message.get("tool_calls", [])})
                if message["role"] == "tool":
                    results[message["tool_call_id"]] = message["content"]
        elif self.pool == "responses":
            for item in body["input"]:
                if item.get("type") == "function_call":
                    calls[item["call_id"]] = json.loads(item["arguments"])
                if item.get("type") == "function_call_output":
                    results[item["call_id"]] = item["output"]
        elif self.pool == "messages":
            blocks = [block for message in body["messages"] if not isinstance(message["content"], str) for block in message["content"]]
            calls = {each["id"]: each["input"] for each in blocks if each["type"] == "tool_use"}
            results = {each["tool_use_id"]: each["content"] for each in blocks if each["type"] == "tool_result"}
            results = {key: each if isinstance(each, str) else each[0]["text"] for key, each in results.items()}
        else:
            parts = [part for content in body["contents"] for part in content["parts"]]
            calls = {i: part["functionCall"]["args"] for i, part in enumerate(p for p in parts if "functionCall" in p)}
            results = {i: next(iter(part["functionResponse"]["response"].values()))
                       for i, part in enumerate(p for p in parts if "functionResponse" in p)}
        self.assertEqual(list(calls), list(results))
        self.assertEqual(list(calls.values()), [ARGUMENTS] * len(calls))
        return list(results.values())

    def image_asked(self):
        body = self.asked()
        if self.pool == "chat":
            return body["messages"][-1]["content"][-1]["image_url"]["url"]
        if self.pool == "responses":
            return body["input"][-1]["content"][-1]["image_url"]
        if self.pool == "messages":
            source = body["messages"][-1]["content"][-1]["source"]
            return f"data:{source['media_type']};base64,{source['data']}"
        data = body["contents"][-1]["parts"][-1]["inlineData"]
        return f"data:{data['mimeType']};base64,{data['data']}"

    def schema_asked(self):
        body = self.asked()
        if self.pool == "chat":
            return body["response_format"]["json_schema"]["schema"]
        if self.pool == "responses":
            return body["text"]["format"]["schema"]
        if self.pool == "messages":
            return body["output_config"]["format"]["schema"]
        settings = body["generationConfig"]
        self.assertEqual(settings["responseMimeType"], "application/json")
        return settings["responseJsonSchema"]

    def assert_left(self):
        wait_until(lambda: any(call[2] == "aborted" for call in weir.calls()))

    def test_errors(self):
        for status, name in FAILURES.items():
            known = tuple(getattr(self.sdk, each) for each in (name, OVERLOADED) if hasattr(self.sdk, each) and (each == name or status >= 500))
            with self.assertRaises(known) as raised:
                self.ask(f"status={status}")
            self.assertIn("upstream says: ", str(raised.exception))

    def test_cut_streams_raise(self):
        for end in ("reset", "fin"):
            with self.assertRaises(Exception):
                self.stream(f"words=40,cut=event:9,ending={end}")

    def test_errors_in_a_stream_raise(self):
        with self.assertRaises(Exception) as raised:
            self.stream("words=40,error_event=9")
        self.assertNotIsInstance(raised.exception, AssertionError)

    def test_loop(self):
        """Three turns of thoughts and tools, each answer given back as the SDK has it: the provider refuses thoughts that were changed on the way, or
        stand behind anything else than what they were made behind."""
        for streams in (False, True):
            self.history, given = self.begin("How is the river?"), 0
            for turn in range(3):
                for does, calls in (("think=on,calls=2", 2), ("think=on,again=on", 1), (saying(TEXT, think="on"), 0)):
                    self.assertEqual(self.go_on(does, streams), calls)
                    self.assertEqual(self.states_asked(), 0 if self.pool == "chat" else given)
                    given += 1
                self.history += self.begin(f"And on day {turn}?")

    def states_asked(self):
        """How many of the model's own states its provider got back last."""
        def below(value):
            if isinstance(value, dict):
                return sum(key in ("signature", "encrypted_content", "thoughtSignature") for key in value) + sum(map(below, value.values()))
            return sum(map(below, value)) if isinstance(value, list) else 0
        return below(self.asked())

    def test_images(self):
        self.look_at_image()
        self.assertEqual(self.image_asked(), PNG_URL)


class OpenAI(Case):
    sdk = openai

    def setUp(self):
        self.client = openai.OpenAI(base_url=weir.url + "/v1", api_key=KEY, max_retries=0, _strict_response_validation=True)
        self.addCleanup(self.client.close)


CHAT_TOOLS = [{"type": "function", "function": {"name": name, "parameters": WEATHER}} for name in ("weather", "tides")]


@at("responses", "messages", "gemini")
class Chat(OpenAI):
    def ask(self, does=None, **more):
        return self.client.chat.completions.create(**{
            "model": self.model, "messages": ASK, "extra_headers": {"x-mock": does} if does else {}, **more})

    def stream(self, does=None, **more):
        """The helper's final word, and the text that came piece by piece."""
        with self.client.chat.completions.stream(**{
                "model": self.model, "messages": ASK, "extra_headers": {"x-mock": does} if does else {},
                "stream_options": {"include_usage": True}, **more}) as stream:
            text = "".join(event.delta for event in stream if event.type == "content.delta")
            return stream.get_final_completion(), text

    def check(self, answer, text=TEXT):
        choice, usage = answer.choices[0], answer.usage
        self.assertEqual((choice.index, choice.finish_reason, choice.message.role, choice.message.content), (0, "stop", "assistant", text))
        self.assertIsNone(choice.message.refusal)
        self.assertEqual((answer.model, answer.created > 1700000000, answer.id[:9]), (self.model, True, "chatcmpl-"))
        self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)
        self.assertEqual(usage.prompt_tokens_details.cached_tokens, 2)
        self.assertGreater(usage.prompt_tokens, 2)
        self.assertGreater(usage.completion_tokens, 0)

    def test_answers(self):
        self.check(self.ask(saying(TEXT, cached=2)))
        self.asked()

    def test_stream_helper(self):
        answer, text = self.stream(saying(TEXT, cached=2))
        self.check(answer)
        self.assertEqual(text, TEXT)
        self.asked()

    def test_tools(self):
        for calls in (1, 2):
            for ask in (self.ask, lambda *a, **more: self.stream(*a, **more)[0]):
                answer = ask(f"calls={calls}", tools=CHAT_TOOLS)
                choice = answer.choices[0]
                self.assertEqual(choice.finish_reason, "tool_calls")
                made = choice.message.tool_calls
                self.assertEqual([call.function.name for call in made], ["weather", "tides"][:calls])
                self.assertEqual([json.loads(call.function.arguments) for call in made], [ARGUMENTS] * calls)
                self.assertFalse(choice.message.content)
                again = ask(saying(TEXT), tools=CHAT_TOOLS, messages=[
                    *ASK, choice.message.model_dump(exclude_none=True, exclude={"parsed"}),
                    *({"role": "tool", "tool_call_id": call.id, "content": f"rain {i}"} for i, call in enumerate(made))])
                self.assertEqual(again.choices[0].message.content, TEXT)
                self.assertEqual(self.results_asked(), [f"rain {i}" for i in range(calls)])

    def begin(self, text):
        return [{"role": "user", "content": text}]

    def go_on(self, does, streams):
        asks = {"messages": self.history, "tools": CHAT_TOOLS, "extra_body": {"reasoning_effort": "low"}}
        answer = self.stream(does, **asks)[0] if streams else self.ask(does, **asks)
        message = answer.choices[0].message
        self.history.append(message.model_dump(exclude_none=True, exclude={"parsed"}))
        calls = message.tool_calls or []
        self.history += [{"role": "tool", "tool_call_id": call.id, "content": "2 m"} for call in calls]
        return len(calls)

    def look_at_image(self):
        self.ask(messages=[{"role": "user", "content": [{"type": "text", "text": "What is it?"},
                                                       {"type": "image_url", "image_url": {"url": PNG_URL}}]}])

    def test_structured_output(self):
        answer = self.client.chat.completions.parse(model=self.model, messages=ASK, response_format=City,
                                                    extra_headers={"x-mock": saying(CITY)})
        self.assertEqual(answer.choices[0].message.parsed, City(**ARGUMENTS))
        self.assertEqual(self.schema_asked()["required"], ["city"])
        answer, _ = self.stream(saying(CITY), response_format=City)
        self.assertEqual(answer.choices[0].message.parsed, City(**ARGUMENTS))

    def test_what_has_no_place_there_is_refused(self):
        with self.assertRaises(openai.BadRequestError) as refused:
            self.ask(n=2)
        self.assertEqual((refused.exception.code, refused.exception.param), ("cannot_translate", "n"))

    def test_limits(self):
        self.assertEqual(self.ask(max_completion_tokens=16, does="words=60").choices[0].finish_reason, "length")
        with self.assertRaises(openai.LengthFinishReasonError):
            self.stream(max_completion_tokens=16, does="words=60")

    def test_thinking(self):
        for answer in (self.ask(saying(TEXT, think="on", cached=2)), self.stream(saying(TEXT, think="on", cached=2))[0]):
            self.check(answer)
            self.assertEqual(answer.usage.completion_tokens_details.reasoning_tokens > 0, self.pool != "messages")
        answer, _ = self.stream("calls=2,think=on", tools=CHAT_TOOLS)
        self.assertEqual(len(answer.choices[0].message.tool_calls), 2)

    def test_leaving_a_stream_cancels_it(self):
        stream = self.ask("stall_after=8,stall=20000", stream=True)
        next(iter(stream))
        stream.close()
        self.assert_left()


RESPONSES_TOOLS = [{"type": "function", "name": name, "parameters": WEATHER, "strict": False} for name in ("weather", "tides")]


@at("chat", "messages", "gemini")
class Responses(OpenAI):
    def ask(self, does=None, **more):
        return self.client.responses.create(**{
            "model": self.model, "input": ASK, "extra_headers": {"x-mock": does} if does else {}, **more})

    def stream(self, does=None, **more):
        with self.client.responses.stream(**{
                "model": self.model, "input": ASK, "extra_headers": {"x-mock": does} if does else {}, **more}) as stream:
            text = ""
            for number, event in enumerate(stream):
                self.assertEqual(event.sequence_number, number)
                text += event.delta if event.type == "response.output_text.delta" else ""
            return stream.get_final_response(), text

    def check(self, answer, text=TEXT, kinds=("message",)):
        """A thought or a text may be followed by state that its provider alone can read: then it stands in an item without a summary."""
        self.assertEqual((answer.status, answer.output_text, answer.model, answer.object), ("completed", text, self.model, "response"))
        shown = [item for item in answer.output if item.type != "reasoning" or item.summary]
        self.assertEqual([item.type for item in shown], list(kinds))
        self.assertEqual((shown[-1].status, shown[-1].role), ("completed", "assistant"))
        self.assertIsNone(answer.error)
        self.assertIsNone(answer.incomplete_details)
        usage = answer.usage
        self.assertEqual((usage.total_tokens, usage.input_tokens_details.cached_tokens), (usage.input_tokens + usage.output_tokens, 2))
        self.assertGreater(usage.output_tokens, 0)

    def test_answers(self):
        self.check(self.ask(saying(TEXT, cached=2)))
        self.asked()

    def test_stream_helper(self):
        answer, text = self.stream(saying(TEXT, cached=2))
        self.check(answer)
        self.assertEqual(text, TEXT)
        self.asked()

    def test_tools(self):
        for calls in (1, 2):
            for ask in (self.ask, lambda *a, **more: self.stream(*a, **more)[0]):
                answer = ask(f"calls={calls}", tools=RESPONSES_TOOLS)
                made = answer.output
                self.assertEqual([(item.type, item.name, item.status) for item in made],
                                 [("function_call", "weather", "completed"), ("function_call", "tides", "completed")][:calls])
                self.assertEqual([json.loads(item.arguments) for item in made], [ARGUMENTS] * calls)
                again = ask(saying(TEXT), tools=RESPONSES_TOOLS, input=[
                    *ASK, *(item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in made),
                    *({"type": "function_call_output", "call_id": item.call_id, "output": f"rain {i}"} for i, item in enumerate(made))])
                self.assertEqual(again.output_text, TEXT)
                self.assertEqual(self.results_asked(), [f"rain {i}" for i in range(calls)])

    def begin(self, text):
        return [{"role": "user", "content": text}]

    def go_on(self, does, streams):
        asks = {"input": self.history, "tools": RESPONSES_TOOLS, "reasoning": {"effort": "low", "summary": "auto"}}
        answer = self.stream(does, **asks)[0] if streams else self.ask(does, **asks)
        self.history += [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in answer.output]
        calls = [item for item in answer.output if item.type == "function_call"]
        self.history += [{"type": "function_call_output", "call_id": call.call_id, "output": "2 m"} for call in calls]
        return len(calls)

    def look_at_image(self):
        self.ask(input=[{"role": "user", "content": [{"type": "input_text", "text": "What is it?"},
                                                    {"type": "input_image", "image_url": PNG_URL, "detail": "auto"}]}])

    def test_structured_output(self):
        answer = self.client.responses.parse(model=self.model, input=ASK, text_format=City, extra_headers={"x-mock": saying(CITY)})
        self.assertEqual(answer.output_parsed, City(**ARGUMENTS))
        self.assertEqual(self.schema_asked()["required"], ["city"])
        answer, _ = self.stream(saying(CITY), text_format=City)
        self.assertEqual(answer.output_parsed, City(**ARGUMENTS))

    def test_what_has_no_place_there_is_refused(self):
        with self.assertRaises(openai.BadRequestError) as refused:
            self.ask(previous_response_id="resp_1")
        self.assertEqual((refused.exception.code, refused.exception.param), ("previous_response_not_found", "previous_response_id"))

    def test_limits(self):
        answer = self.ask(max_output_tokens=16, does="words=60")
        self.assertEqual((answer.status, answer.incomplete_details.reason), ("incomplete", "max_output_tokens"))
        last = list(self.ask(max_output_tokens=16, does="words=60", stream=True))[-1]
        self.assertEqual((last.type, last.response.status), ("response.incomplete", "incomplete"))
        self.assertTrue(last.response.output_text)

    def test_thinking(self):
        asks = {"reasoning": {"summary": "auto"}}
        for answer in (self.ask(saying(TEXT, think="on", cached=2), **asks), self.stream(saying(TEXT, think="on", cached=2), **asks)[0]):
            self.check(answer, kinds=("reasoning", "message"))
            self.assertTrue(answer.output[0].summary[0].text)
            self.assertEqual(answer.usage.output_tokens_details.reasoning_tokens > 0, self.pool != "messages")
        answer, _ = self.stream("calls=2,think=on", tools=RESPONSES_TOOLS, **asks)
        self.assertEqual([item.type for item in answer.output if item.type != "reasoning" or item.summary],
                         ["reasoning", "function_call", "function_call"])

    def test_leaving_a_stream_cancels_it(self):
        stream = self.ask("stall_after=8,stall=20000", stream=True)
        next(iter(stream))
        stream.close()
        self.assert_left()


CLAUDE_TOOLS = [{"name": name, "description": "the weather", "input_schema": WEATHER} for name in ("weather", "tides")]


@at("chat", "responses", "gemini")
class Messages(Case):
    sdk = anthropic

    def setUp(self):
        self.client = anthropic.Anthropic(base_url=weir.url, api_key=KEY, max_retries=0, _strict_response_validation=True)
        self.addCleanup(self.client.close)

    def ask(self, does=None, **more):
        return self.client.messages.create(**{
            "model": self.model, "max_tokens": 500, "messages": ASK, "extra_headers": {"x-mock": does} if does else {}, **more})

    def stream(self, does=None, **more):
        with self.client.messages.stream(**{
                "model": self.model, "max_tokens": 500, "messages": ASK, "extra_headers": {"x-mock": does} if does else {}, **more}) as stream:
            text, kinds = "", []
            for event in stream:
                text += event.text if event.type == "text" else ""
                kinds.append(event.type)
            self.assertEqual((kinds[0], kinds[-1]), ("message_start", "message_stop"))
            return stream.get_final_message(), text

    def check(self, answer, text=TEXT, kinds=("text",)):
        shown = [block for block in answer.content if block.type != "redacted_thinking"]
        self.assertEqual([block.type for block in shown], list(kinds))
        self.assertEqual((shown[-1].text, answer.stop_reason, answer.stop_sequence), (text, "end_turn", None))
        self.assertEqual((answer.type, answer.role, answer.model, answer.id[:4]), ("message", "assistant", self.model, "msg_"))
        self.assertEqual(answer.usage.cache_read_input_tokens, 2)
        self.assertGreater(answer.usage.input_tokens, 0)
        self.assertGreater(answer.usage.output_tokens, 0)

    def test_answers(self):
        self.check(self.ask(saying(TEXT, cached=2)))
        self.asked()

    def test_stream_helper(self):
        answer, text = self.stream(saying(TEXT, cached=2))
        self.check(answer)
        self.assertEqual(text, TEXT)
        self.asked()

    def test_tools(self):
        for calls in (1, 2):
            for ask in (self.ask, lambda *a, **more: self.stream(*a, **more)[0]):
                answer = ask(f"calls={calls}", tools=CLAUDE_TOOLS)
                self.assertEqual(answer.stop_reason, "tool_use")
                self.assertEqual([(block.type, block.name) for block in answer.content], [("tool_use", "weather"), ("tool_use", "tides")][:calls])
                self.assertEqual([block.input for block in answer.content], [ARGUMENTS] * calls)
                again = ask(saying(TEXT), tools=CLAUDE_TOOLS, messages=[
                    *ASK, {"role": "assistant", "content": answer.content},
                    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": block.id, "content": f"rain {i}"}
                                                 for i, block in enumerate(answer.content)]}])
                self.assertEqual(again.content[0].text, TEXT)
                self.assertEqual(self.results_asked(), [f"rain {i}" for i in range(calls)])

    def begin(self, text):
        return [{"role": "user", "content": text}]

    def go_on(self, does, streams):
        asks = {"messages": self.history, "tools": CLAUDE_TOOLS, "thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 3000}
        answer = self.stream(does, **asks)[0] if streams else self.ask(does, **asks)
        self.history.append({"role": "assistant", "content": answer.content})
        calls = [block for block in answer.content if block.type == "tool_use"]
        if calls:
            self.history.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "2 m"} for call in calls]})
        return len(calls)

    def look_at_image(self):
        self.ask(messages=[{"role": "user", "content": [
            {"type": "text", "text": "What is it?"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG).decode()}}]}])

    def test_structured_output(self):
        answer = self.client.messages.parse(model=self.model, max_tokens=500, messages=ASK, output_format=City,
                                            extra_headers={"x-mock": saying(CITY)})
        self.assertEqual(answer.parsed_output, City(**ARGUMENTS))
        self.assertEqual(self.schema_asked()["required"], ["city"])

    def test_what_has_no_place_there_is_refused(self):
        with self.assertRaises(anthropic.BadRequestError) as refused:
            self.ask(messages=[{"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "file_1"}}]}])
        self.assertEqual(refused.exception.body["error"]["code"], "cannot_translate")

    def test_limits(self):
        self.assertEqual(self.ask(max_tokens=16, does="words=60").stop_reason, "max_tokens")
        self.assertEqual(self.stream(max_tokens=16, does="words=60")[0].stop_reason, "max_tokens")

    def test_thinking(self):
        asks = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000}
        for answer in (self.ask(saying(TEXT, think="on", cached=2), **asks), self.stream(saying(TEXT, think="on", cached=2), **asks)[0]):
            self.check(answer, kinds=("thinking", "text"))
            self.assertTrue(answer.content[0].thinking)
        answer, _ = self.stream("calls=2,think=on", tools=CLAUDE_TOOLS, **asks)
        self.assertEqual([block.type for block in answer.content if block.type != "redacted_thinking"], ["thinking", "tool_use", "tool_use"])

    def test_leaving_a_stream_cancels_it(self):
        stream = self.ask("stall_after=8,stall=20000", stream=True)
        next(iter(stream))
        stream.close()
        self.assert_left()


GEMINI_TOOLS = [types.Tool(function_declarations=[types.FunctionDeclaration(name=name, parameters_json_schema=WEATHER)
                                                  for name in ("weather", "tides")])]
QUESTION = "Say something about rivers."


@at("chat", "responses", "messages")
class Gemini(Case):
    def client_with(self, does):
        client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=weir.url, headers={"x-mock": does} if does else {}))
        self.addCleanup(client.close)
        return client

    def ask(self, does=None, contents=QUESTION, **config):
        return self.client_with(does).models.generate_content(
            model=self.model, contents=contents, config=types.GenerateContentConfig(**config))

    def stream(self, does=None, contents=QUESTION, **config):
        """The last chunk with every part that came, and the text."""
        parts, last = [], None
        for last in self.client_with(does).models.generate_content_stream(
                model=self.model, contents=contents, config=types.GenerateContentConfig(**config)):
            parts += last.candidates[0].content.parts or []
        last.candidates[0].content.parts = parts
        return last, "".join(part.text or "" for part in parts if not part.thought)

    def check(self, answer, text=TEXT):
        candidate, usage = answer.candidates[0], answer.usage_metadata
        said = "".join(part.text or "" for part in candidate.content.parts if not part.thought)
        self.assertEqual((said, candidate.finish_reason, candidate.content.role), (text, types.FinishReason.STOP, "model"))
        self.assertEqual((answer.model_version, bool(answer.response_id), usage.cached_content_token_count), (self.model, True, 2))
        self.assertEqual(usage.total_token_count,
                         usage.prompt_token_count + usage.candidates_token_count + (usage.thoughts_token_count or 0))
        self.assertGreater(usage.candidates_token_count, 0)

    def test_answers(self):
        self.check(self.ask(saying(TEXT, cached=2)))
        self.asked()

    def test_stream_helper(self):
        answer, text = self.stream(saying(TEXT, cached=2))
        self.check(answer)
        self.assertEqual(text, TEXT)
        self.asked()

    def test_tools(self):
        for calls in (1, 2):
            for ask in (self.ask, lambda *a, **more: self.stream(*a, **more)[0]):
                answer = ask(f"calls={calls}", tools=GEMINI_TOOLS)
                made = [part.function_call for part in answer.candidates[0].content.parts if part.function_call]
                self.assertEqual([(call.name, call.args) for call in made], [("weather", ARGUMENTS), ("tides", ARGUMENTS)][:calls])
                again = ask(saying(TEXT), tools=GEMINI_TOOLS, contents=[
                    types.UserContent(QUESTION), answer.candidates[0].content,
                    types.UserContent([types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": f"rain {i}"}))
                                       for i, call in enumerate(made)])])
                self.assertEqual("".join(part.text or "" for part in again.candidates[0].content.parts), TEXT)
                self.assertEqual([each if isinstance(each, str) and each.startswith("rain") else json.loads(each)["result"]
                                  for each in self.results_asked()], [f"rain {i}" for i in range(calls)])

    def test_chats(self):
        chat = self.client_with(saying(TEXT)).chats.create(model=self.model)
        self.assertEqual("".join(chunk.text or "" for chunk in chat.send_message_stream(QUESTION)), TEXT)
        self.assertEqual(chat.send_message("And lakes?").text, TEXT)
        self.asked()

    def begin(self, text):
        return [types.UserContent(text)]

    def go_on(self, does, streams):
        asks = {"contents": self.history, "tools": GEMINI_TOOLS, "thinking_config": types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)}
        answer = self.stream(does, **asks)[0] if streams else self.ask(does, **asks)
        content = answer.candidates[0].content
        self.history.append(content)
        calls = [part.function_call for part in content.parts if part.function_call]
        if calls:
            self.history.append(types.UserContent([types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": "2 m"}))
                                                   for call in calls]))
        return len(calls)

    def look_at_image(self):
        self.ask(contents=[types.UserContent([types.Part(text="What is it?"), types.Part.from_bytes(data=PNG, mime_type="image/png")])])

    def test_structured_output(self):
        answer = self.ask(saying(CITY), response_mime_type="application/json", response_schema=City)
        self.assertEqual(answer.parsed, City(**ARGUMENTS))
        self.assertEqual(self.schema_asked()["required"], ["city"])

    def test_what_has_no_place_there_is_refused(self):
        with self.assertRaises(errors.ClientError) as refused:
            self.ask(cached_content="cachedContents/1")
        self.assertEqual(refused.exception.code, 400)

    def test_limits(self):
        for answer in (self.ask(max_output_tokens=16, does="words=60"), self.stream(max_output_tokens=16, does="words=60")[0]):
            self.assertEqual(answer.candidates[0].finish_reason, types.FinishReason.MAX_TOKENS)

    def test_thinking(self):
        asks = {"thinking_config": types.ThinkingConfig(include_thoughts=True)}
        for answer in (self.ask(saying(TEXT, think="on", cached=2), **asks), self.stream(saying(TEXT, think="on", cached=2), **asks)[0]):
            self.check(answer)
            self.assertTrue("".join(part.text for part in answer.candidates[0].content.parts if part.thought))
        answer, _ = self.stream("calls=2,think=on", tools=GEMINI_TOOLS, **asks)
        self.assertEqual(len([part for part in answer.candidates[0].content.parts if part.function_call]), 2)

    def test_errors(self):
        for status in FAILURES:
            with self.assertRaises(errors.ClientError if status < 500 else errors.ServerError) as raised:
                self.ask(f"status={status}")
            self.assertEqual(raised.exception.code, 503 if status == 529 else status)
            self.assertIn("upstream says: ", raised.exception.message)

    def test_leaving_a_stream_cancels_it(self):
        stream = self.client_with("stall_after=8,stall=20000").models.generate_content_stream(model=self.model, contents=QUESTION)
        next(stream)
        stream.close()
        self.assert_left()


# Embeddings cross between OpenAI's dialect and Gemini's; answers of /v1/responses are kept for who goes on from them.
NEIGHBOURS = stack.OTHER_DIALECTS.replace("speaks: [chat],", "speaks: [chat, embeddings],") + "responses_store: on\n"


class Neighbours(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.weir = stack.Stack(NEIGHBOURS)
        cls.addClassCleanup(cls.weir.stop)

    def openai(self, strict=True):
        client = openai.OpenAI(base_url=self.weir.url + "/v1", api_key=KEY, max_retries=0, _strict_response_validation=strict)
        self.addCleanup(client.close)
        return client

    def test_openais_embeddings_come_from_gemini(self):
        # Without a format the SDK asks for base64 and decodes it, after a look that would be too strict for it.
        both = [self.openai(strict=False).embeddings.create(model=MODELS["gemini"], input=["one", "two"], dimensions=6, **more)
                for more in ({}, {"encoding_format": "float"})]
        self.assertTrue(self.weir.last_request()[0].endswith(":batchEmbedContents"))
        for got in both:
            self.assertEqual([(each.index, len(each.embedding)) for each in got.data], [(0, 6), (1, 6)])
            self.assertGreater(got.usage.prompt_tokens, 0)
        for decoded, written in zip(*(got.data for got in both)):
            for one, other in zip(decoded.embedding, written.embedding):
                self.assertAlmostEqual(one, other, places=6)

    def test_geminis_embeddings_come_from_openai(self):
        client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=self.weir.url))
        self.addCleanup(client.close)
        got = client.models.embed_content(model=MODELS["chat"], contents=["one", "two"],
                                          config=types.EmbedContentConfig(output_dimensionality=6, task_type="CLUSTERING"))
        self.assertEqual([len(each.values) for each in got.embeddings], [6, 6])
        target, body = self.weir.last_request()
        self.assertEqual((target, body["input"], body["dimensions"]), ("/v1/embeddings", ["one", "two"], 6))

    def test_completions_come_from_every_dialect(self):
        for pool, model in MODELS.items():
            with self.subTest(pool):
                asked = {"model": model, "prompt": "How is the river?", "max_tokens": 500, "extra_headers": {"x-mock": saying(TEXT)}}
                whole = self.openai().completions.create(**asked)
                choice, usage = whole.choices[0], whole.usage
                self.assertEqual((choice.text, choice.finish_reason, choice.index), (TEXT, "stop", 0))
                self.assertEqual((whole.object, whole.model, whole.id[:5]), ("text_completion", model, "cmpl-"))
                self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)
                # In its types every chunk has a reason, in OpenAI's own streams the last one alone.
                chunks = list(self.openai(strict=False).completions.create(**asked, stream=True, stream_options={"include_usage": True}))
                said = [each.choices[0] for each in chunks if each.choices]
                self.assertEqual("".join(each.text for each in said), TEXT)
                self.assertEqual([each.finish_reason for each in said], [None] * (len(said) - 1) + ["stop"])
                self.assertEqual(chunks[-1].usage.completion_tokens, usage.completion_tokens)
        for more in ({"prompt": ["one", "two"]}, {"suffix": "end"}, {"echo": True}, {"best_of": 2}):
            with self.assertRaises(openai.BadRequestError) as raised:
                self.openai().completions.create(**{"model": MODELS["chat"], "prompt": "one", **more})
            self.assertEqual((raised.exception.code, raised.exception.param), ("cannot_translate", next(iter(more))))

    def test_responses_go_on_from_stored_ones(self):
        client = self.openai()
        for pool in ("chat", "messages", "gemini"):
            with self.subTest(pool):
                first = client.responses.create(model=MODELS[pool], input="My name is Ada.")
                with client.responses.stream(model=MODELS[pool], input="What is my name?", previous_response_id=first.id) as stream:
                    second = stream.get_final_response()
                self.assertEqual((second.previous_response_id, second.status), (first.id, "completed"))
                third = client.responses.create(model=MODELS[pool], input="Again?", previous_response_id=second.id)
                asked = json.dumps(self.weir.last_request()[1])
                self.assertTrue("My name is Ada." in asked and "What is my name?" in asked and "Again?" in asked)
                self.assertEqual(client.responses.retrieve(third.id).output_text, third.output_text)
                self.assertEqual(len(client.responses.input_items.list(third.id, limit=100).data), 5)
                client.responses.delete(third.id)
                with self.assertRaises(openai.NotFoundError):
                    client.responses.retrieve(third.id)


if __name__ == "__main__":
    stack.main("All three Python SDKs at pools of other dialects", f"{openai.__version__}, {anthropic.__version__}, {genai.__version__}")
