"""The official OpenAI and Anthropic SDKs, unchanged, against the real binary in front of a mock provider."""
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

import anthropic
import openai

WEIR, MOCK = sys.argv[1], sys.argv[2]
KEY = "sk-weir-client"


class Stack:
    """A mock provider and weir in front of it, on free ports."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.mock = subprocess.Popen([MOCK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = int(self.mock.stdout.readline())
        conf = os.path.join(self.folder.name, "weir.yaml")
        with open(conf, "w") as f:
            f.write(f"""
listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
pools:
  openai: {{upstreams: [{{url: "http://127.0.0.1:{port}/v1", api_key: sk-upstream}}]}}
  anthropic: {{dialect: anthropic, upstreams: [{{url: "http://127.0.0.1:{port}", api_key: sk-upstream}}]}}
  collected: {{collect: on, upstreams: [{{url: "http://127.0.0.1:{port}/v1", api_key: sk-upstream}}]}}
  collected_claude: {{dialect: anthropic, collect: on, upstreams: [{{url: "http://127.0.0.1:{port}", api_key: sk-upstream}}]}}
routes:
  - {{models: ["gpt-4o-mini"], pool: collected}}
  - {{models: ["claude-haiku-*"], pool: collected_claude}}
  - {{models: ["claude-*"], pool: anthropic}}
  - {{models: ["*"], pool: openai}}
keys: [{{name: test, secret: {KEY}, models: ["gpt-4o", "gpt-4o-mini", "claude-*", "text-embedding-3-small", "mock:*"]}}]
state: {{ledger: ledger.db}}
log: {{access: access.log}}
""")
        os.chmod(conf, 0o600)
        self.weir = subprocess.Popen([WEIR, "serve", "-c", conf], stderr=subprocess.PIPE, text=True)
        for line in self.weir.stderr:
            if found := re.search(r"listening on (http://\S+)", line):
                self.url = found.group(1)
            if "admin on" in line:
                break
        else:
            raise RuntimeError("weir did not start")

    def calls(self):
        self.mock.stdin.write("\n")
        self.mock.stdin.flush()
        lines = []
        for line in self.mock.stdout:
            if line == ".\n":
                return lines
            lines.append(line.split())

    def log(self):
        time.sleep(0.2)
        with open(os.path.join(self.folder.name, "access.log")) as f:
            return f.read()

    def stop(self):
        self.weir.terminate()
        self.weir.wait(10)
        self.weir.stderr.close()
        self.mock.stdin.close()
        self.mock.wait(10)
        self.mock.stdout.close()
        self.folder.cleanup()


def setUpModule():
    global stack
    stack = Stack()


def tearDownModule():
    stack.stop()


ASK = [{"role": "user", "content": "Say something about rivers."}]
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


class OpenAI(unittest.TestCase):
    def setUp(self):
        self.client = openai.OpenAI(base_url=stack.url + "/v1", api_key=KEY, max_retries=0)

    def tearDown(self):
        self.client.close()

    def test_chat(self):
        answer = self.client.chat.completions.create(model="gpt-4o", messages=ASK)
        self.assertTrue(answer.choices[0].message.content)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertGreater(answer.usage.completion_tokens, 0)

    def test_chat_streamed(self):
        text, finish, chunks_with_usage = "", None, 0
        for chunk in self.client.chat.completions.create(model="gpt-4o", messages=ASK, stream=True):
            chunks_with_usage += chunk.usage is not None
            for choice in chunk.choices:
                text += choice.delta.content or ""
                finish = choice.finish_reason or finish
        self.assertTrue(text)
        self.assertEqual(finish, "stop")
        self.assertEqual(chunks_with_usage, 0, "the usage that weir asked for is weir's")

    def test_chat_streamed_with_usage(self):
        stream = self.client.chat.completions.create(
            model="gpt-4o", messages=ASK, stream=True, stream_options={"include_usage": True})
        usages = [chunk.usage for chunk in stream if chunk.usage is not None]
        self.assertEqual(len(usages), 1)
        self.assertGreater(usages[0].completion_tokens, 0)

    def test_tools(self):
        answer = self.client.chat.completions.create(
            model="gpt-4o", messages=ASK,
            tools=[{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}])
        self.assertEqual(answer.choices[0].message.tool_calls[0].function.name, "weather")

    def test_collected(self):
        plain = self.client.chat.completions.create(model="gpt-4o", messages=ASK, n=2)
        answer = self.client.chat.completions.create(model="gpt-4o-mini", messages=ASK, n=2)
        self.assertEqual(stack.calls()[-1][3], "stream")
        self.assertEqual([c.model_dump() for c in answer.choices], [c.model_dump() for c in plain.choices])
        self.assertEqual(answer.usage, plain.usage)
        self.assertEqual(answer.object, "chat.completion")

    def test_collected_tools(self):
        ask = dict(messages=ASK, tools=[{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}])
        plain = self.client.chat.completions.create(model="gpt-4o", **ask)
        answer = self.client.chat.completions.create(model="gpt-4o-mini", **ask)
        self.assertEqual(stack.calls()[-1][3], "stream")
        call, expected = answer.choices[0].message.tool_calls[0], plain.choices[0].message.tool_calls[0]
        self.assertEqual(call.function, expected.function)
        self.assertEqual(call.type, "function")
        self.assertEqual(answer.choices[0].finish_reason, "tool_calls")

    def test_collected_responses(self):
        answer = self.client.responses.create(model="gpt-4o-mini", input="Hello")
        self.assertEqual(stack.calls()[-1][3], "stream")
        self.assertTrue(answer.output_text)

    def test_responses_streamed(self):
        kinds = [event.type for event in self.client.responses.create(model="gpt-4o", input="Hello", stream=True)]
        self.assertEqual(kinds[-1], "response.completed")

    def test_embeddings(self):
        answer = self.client.embeddings.create(model="text-embedding-3-small", input="a river")
        self.assertTrue(answer.data[0].embedding)

    def test_models(self):
        self.assertIn("gpt-4o", [m.id for m in self.client.models.list()])

    def test_errors_are_the_sdks_own(self):
        with self.assertRaises(openai.PermissionDeniedError) as refused:
            self.client.chat.completions.create(model="gpt-3.5-turbo", messages=ASK)
        self.assertEqual(refused.exception.code, "model_not_allowed")
        with self.assertRaises(openai.AuthenticationError) as unknown:
            with openai.OpenAI(base_url=stack.url + "/v1", api_key="sk-wrong", max_retries=0) as client:
                client.chat.completions.create(model="gpt-4o", messages=ASK)
        self.assertEqual(unknown.exception.code, "invalid_key")

    def test_a_cut_stream_raises(self):
        with self.assertRaises(Exception):
            for _ in self.client.chat.completions.create(model="mock:cut=event:4,ending=reset", messages=ASK, stream=True):
                pass

    def test_leaving_cancels_upstream(self):
        stream = self.client.chat.completions.create(model="mock:stall_after=3,stall=20000", messages=ASK, stream=True)
        next(iter(stream))
        stream.close()
        deadline = time.time() + 5
        while time.time() < deadline and not any(call[2] == "aborted" for call in stack.calls()):
            time.sleep(0.05)
        self.assertTrue(any(call[2] == "aborted" for call in stack.calls()))


class Anthropic(unittest.TestCase):
    def setUp(self):
        self.client = anthropic.Anthropic(base_url=stack.url, api_key=KEY, max_retries=0)

    def tearDown(self):
        self.client.close()

    def test_messages(self):
        answer = self.client.messages.create(model="claude-sonnet-4-5", max_tokens=100, messages=ASK)
        self.assertTrue(answer.content[0].text)
        self.assertGreater(answer.usage.output_tokens, 0)

    def test_messages_streamed(self):
        with self.client.messages.stream(model="claude-sonnet-4-5", max_tokens=100, messages=ASK) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        self.assertTrue(text)
        self.assertEqual(final.content[0].text, text)

    def test_tools(self):
        answer = self.client.messages.create(
            model="claude-sonnet-4-5", max_tokens=100, messages=ASK,
            tools=[{"name": "weather", "description": "the weather", "input_schema": WEATHER}])
        self.assertIn("tool_use", [block.type for block in answer.content])

    def test_collected(self):
        ask = dict(max_tokens=100, messages=ASK)
        plain = self.client.messages.create(model="claude-sonnet-4-5", **ask)
        answer = self.client.messages.create(model="claude-haiku-4-5", **ask)
        self.assertEqual(stack.calls()[-1][3], "stream")
        self.assertEqual(answer.content, plain.content)
        self.assertEqual(answer.usage, plain.usage)
        tools = [{"name": "weather", "description": "the weather", "input_schema": WEATHER}]
        answer = self.client.messages.create(model="claude-haiku-4-5", tools=tools, **ask)
        used = [block for block in answer.content if block.type == "tool_use"]
        self.assertEqual(set(used[0].input), {"city"})
        self.assertEqual(answer.stop_reason, "tool_use")

    def test_errors_are_the_sdks_own(self):
        with self.assertRaises(anthropic.AuthenticationError):
            with anthropic.Anthropic(base_url=stack.url, api_key="wrong", max_retries=0) as client:
                client.messages.create(model="claude-sonnet-4-5", max_tokens=10, messages=ASK)


class Secrets(unittest.TestCase):
    def test_no_secret_and_no_prompt_is_logged(self):
        log = stack.log()
        self.assertTrue(log)
        for secret in (KEY, "sk-upstream", "rivers"):
            self.assertNotIn(secret, log)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
