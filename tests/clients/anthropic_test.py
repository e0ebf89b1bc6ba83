"""Anthropic's Python SDK, unchanged, against the real binary in front of a mock provider."""
import unittest

import anthropic

import stack
from stack import ASK, KEY, NARROW_KEY, SLOW_KEY, WEATHER, wait_until

MODEL = "claude-sonnet-4-6"
TOOLS = [{"name": "weather", "description": "the weather", "input_schema": WEATHER}]
THINK = {"type": "enabled", "budget_tokens": 1024}


def setUpModule():
    global weir
    weir = stack.Stack()


def tearDownModule():
    weir.stop()


class Case(unittest.TestCase):
    def setUp(self):
        self.client = self.client_with()

    def client_with(self, **more):
        client = anthropic.Anthropic(base_url=weir.url, max_retries=0, **{"api_key": KEY, **more})
        self.addCleanup(client.close)
        return client

    def ask(self, client=None, does=None, **more):
        """`does` is a script for the mock provider."""
        headers = {"x-mock": does} if does else {}
        return (client or self.client).messages.create(
            **{"model": MODEL, "max_tokens": 200, "messages": ASK, "extra_headers": headers, **more})


class Messages(Case):
    def test_messages(self):
        answer = self.ask()
        self.assertTrue(answer.content[0].text)
        self.assertGreater(answer.usage.output_tokens, 0)

    def test_messages_streamed(self):
        with self.client.messages.stream(model=MODEL, max_tokens=200, messages=ASK) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        self.assertTrue(text)
        self.assertEqual(final.content[0].text, text)
        self.assertGreater(final.usage.output_tokens, 0)

    def test_messages_as_events(self):
        kinds = [event.type for event in self.ask(stream=True)]
        self.assertEqual((kinds[0], kinds[-1]), ("message_start", "message_stop"))

    def test_bearer_token(self):
        self.assertTrue(self.ask(client=self.client_with(api_key=None, auth_token=KEY)).content)

    def test_tools(self):
        answer = self.ask(tools=TOOLS)
        used = [block for block in answer.content if block.type == "tool_use"]
        self.assertEqual((used[0].name, set(used[0].input)), ("weather", {"city"}))
        self.assertEqual(answer.stop_reason, "tool_use")

    def test_tools_streamed(self):
        with self.client.messages.stream(model=MODEL, max_tokens=200, messages=ASK, tools=TOOLS) as stream:
            final = stream.get_final_message()
        self.assertEqual(set(final.content[0].input), {"city"})

    def test_thinking(self):
        answer = self.ask(thinking=THINK, max_tokens=2000)
        self.assertEqual([block.type for block in answer.content], ["thinking", "text"])
        self.assertTrue(answer.content[0].thinking)
        self.assertTrue(answer.content[0].signature)

    def test_thinking_streamed(self):
        with self.client.messages.stream(model=MODEL, max_tokens=2000, messages=ASK, thinking=THINK) as stream:
            thought = "".join(event.thinking for event in stream if event.type == "thinking")
            final = stream.get_final_message()
        self.assertEqual(final.content[0].thinking, thought)
        whole = self.ask(thinking=THINK, max_tokens=2000)
        self.assertEqual((thought, final.content[1].text), (whole.content[0].thinking, whole.content[1].text))
        self.assertEqual(final.usage.output_tokens, whole.usage.output_tokens)

    def test_thinking_with_collect_on(self):
        plain, answer = self.ask(thinking=THINK, max_tokens=2000), self.ask(thinking=THINK, max_tokens=2000, model="claude-haiku-4-5")
        self.assertEqual(weir.calls()[-1][3], "stream")
        self.assertEqual(answer.content, plain.content)

    def test_collect_on(self):
        plain, answer = self.ask(), self.ask(model="claude-haiku-4-5")
        self.assertEqual(weir.calls()[-1][3], "stream")
        self.assertEqual(answer.content, plain.content)
        self.assertEqual(answer.usage, plain.usage)
        answer = self.ask(model="claude-haiku-4-5", tools=TOOLS)
        used = [block for block in answer.content if block.type == "tool_use"]
        self.assertEqual(set(used[0].input), {"city"})
        self.assertEqual(answer.stop_reason, "tool_use")

    def test_count_tokens(self):
        counted = self.client.messages.count_tokens(model=MODEL, messages=[{"role": "user", "content": "one two three"}])
        self.assertEqual(counted.input_tokens, 3)

    def test_with_raw_response(self):
        raw = self.client.messages.with_raw_response.create(model=MODEL, max_tokens=200, messages=ASK)
        self.assertTrue(raw.headers["x-weir-upstream"])
        self.assertTrue(raw.parse().content)

    def test_models(self):
        client = self.client_with(api_key=NARROW_KEY)
        self.assertIn(MODEL, [m.id for m in client.models.list()])
        self.assertEqual(client.models.retrieve(MODEL).id, MODEL)


class Failures(Case):
    def test_400_is_BadRequestError(self):
        with self.assertRaises(anthropic.BadRequestError) as refused:
            self.ask(messages=[{"role": "system", "content": "Be brief."}, *ASK])
        self.assertEqual(refused.exception.body["error"]["code"], "wrong_schema")
        with self.assertRaises(anthropic.BadRequestError):
            self.ask(does="status=400")

    def test_401_is_AuthenticationError(self):
        with self.assertRaises(anthropic.AuthenticationError) as unknown:
            self.ask(client=self.client_with(api_key="wrong"))
        self.assertEqual(unknown.exception.body["error"]["code"], "invalid_key")

    def test_403_is_PermissionDeniedError(self):
        with self.assertRaises(anthropic.PermissionDeniedError):
            self.ask(model="claude-opus-4-5", client=self.client_with(api_key=NARROW_KEY))

    def test_404_is_NotFoundError(self):
        with self.assertRaises(anthropic.NotFoundError) as missing:
            self.ask(does="status=404")
        self.assertEqual(missing.exception.body["error"]["type"], "not_found_error")

    def test_429_is_RateLimitError(self):
        slow = self.client_with(api_key=SLOW_KEY)
        self.ask(client=slow)
        with self.assertRaises(anthropic.RateLimitError) as limited:
            self.ask(client=slow)
        self.assertEqual(limited.exception.body["error"]["code"], "rate_limited")
        with self.assertRaises(anthropic.RateLimitError):
            self.ask(does="status=429")

    def test_5xx_is_InternalServerError(self):
        for status in (500, 529):
            with self.assertRaises(anthropic.InternalServerError) as broken:
                self.ask(does=f"status={status}")
            self.assertEqual(broken.exception.status_code, status)

    def test_cut_streams_raise(self):
        for end in ("reset", "fin"):
            with self.assertRaises(Exception):
                for _ in self.ask(does=f"cut=event:5,ending={end}", stream=True):
                    pass

    def test_error_in_a_stream(self):
        with self.assertRaises(anthropic.APIStatusError):
            for _ in self.ask(does="error_event=5", stream=True):
                pass

    def test_leaving_a_stream_cancels_it(self):
        stream = self.ask(does="stall_after=4,stall=20000", stream=True)
        next(iter(stream))
        stream.close()
        wait_until(lambda: any(call[2] == "aborted" for call in weir.calls()))


class Secrets(unittest.TestCase):
    def test_no_secret_and_no_prompt_in_the_log(self):
        wait_until(weir.log)
        self.assertEqual(stack.secrets_in(weir.log()), [])


if __name__ == "__main__":
    stack.main("Anthropic Python", anthropic.__version__)
