"""LiteLLM's SDK with api_base, unchanged, against the real binary in front of a mock provider."""
import asyncio
import importlib.metadata
import os
import unittest

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it would fetch its prices from elsewhere

import litellm  # noqa: E402

import stack  # noqa: E402
from stack import ASK, KEY, SLOW_KEY, WEATHER  # noqa: E402


def setUpModule():
    global weir
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    weir = stack.Stack()


def tearDownModule():
    weir.stop()


def ask(model="openai/gpt-4o", **more):
    base = weir.url if model.startswith("anthropic/") else weir.url + "/v1"
    return litellm.completion(**{"model": model, "messages": ASK, "api_base": base, "api_key": KEY, "num_retries": 0, "max_retries": 0, **more})


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


class LiteLLM(unittest.TestCase):
    def test_completion(self):
        answer = ask()
        self.assertTrue(answer.choices[0].message.content)
        self.assertGreater(answer.usage.completion_tokens, 0)

    def test_completion_streamed(self):
        self.assertEqual(text_of(ask(stream=True)), ask().choices[0].message.content)

    def test_acompletion(self):
        async def streamed():
            stream = await litellm.acompletion(model="openai/gpt-4o", messages=ASK, api_base=weir.url + "/v1", api_key=KEY, stream=True)
            return text_of([chunk async for chunk in stream])

        self.assertTrue(asyncio.run(streamed()))

    def test_tools(self):
        tools = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]
        self.assertEqual(ask(tools=tools).choices[0].message.tool_calls[0].function.name, "weather")

    def test_anthropic_messages(self):
        whole = ask("anthropic/claude-sonnet-4-5", max_tokens=200)
        self.assertTrue(whole.choices[0].message.content)
        self.assertEqual(text_of(ask("anthropic/claude-sonnet-4-5", max_tokens=200, stream=True)), whole.choices[0].message.content)

    def test_responses(self):
        answer = litellm.responses(model="openai/gpt-4o", input="Hello", api_base=weir.url + "/v1", api_key=KEY)
        self.assertEqual(answer.status, "completed")

    def test_embeddings(self):
        answer = litellm.embedding(model="openai/text-embedding-3-small", input=["a river"], api_base=weir.url + "/v1", api_key=KEY)
        self.assertTrue(answer.data[0]["embedding"])

    def test_errors(self):
        with self.assertRaises(litellm.AuthenticationError):
            ask(api_key="wrong")
        with self.assertRaises(litellm.NotFoundError):
            ask("openai/mock:status=404")
        with self.assertRaises(litellm.BadRequestError):
            ask("openai/mock:status=400")
        with self.assertRaises(litellm.InternalServerError):
            ask("openai/mock:status=500")

    def test_rate_limits(self):
        ask(api_key=SLOW_KEY)
        with self.assertRaises(litellm.RateLimitError):
            ask(api_key=SLOW_KEY)

    def test_cut_streams_raise(self):
        with self.assertRaises(Exception):
            list(ask("openai/mock:cut=event:4,ending=fin", stream=True))


if __name__ == "__main__":
    stack.main("LiteLLM SDK", importlib.metadata.version("litellm"))
