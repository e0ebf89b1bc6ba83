"""LangChain's OpenAI classes, unchanged, against the real binary in front of a mock provider."""
import asyncio
import importlib.metadata
import unittest

import openai
from langchain_openai import ChatOpenAI, OpenAIEmbeddings

import stack
from stack import KEY, WEATHER

QUESTION = "Say something about rivers."


def setUpModule():
    global weir
    weir = stack.Stack()


def tearDownModule():
    weir.stop()


def chat(model="gpt-4o", key=KEY, **more):
    return ChatOpenAI(base_url=weir.url + "/v1", api_key=key, model=model, max_retries=0, **more)


class LangChain(unittest.TestCase):
    def test_invoke(self):
        answer = chat().invoke(QUESTION)
        self.assertTrue(answer.content)
        self.assertGreater(answer.usage_metadata["output_tokens"], 0)

    def test_stream(self):
        chunks = list(chat(stream_usage=True).stream(QUESTION))
        self.assertEqual("".join(chunk.content for chunk in chunks), chat().invoke(QUESTION).content)
        self.assertEqual(sum(chunk.usage_metadata is not None for chunk in chunks), 1)

    def test_ainvoke_and_astream(self):
        async def both():
            whole = await chat().ainvoke(QUESTION)
            return whole.content, "".join([chunk.content async for chunk in chat().astream(QUESTION)])

        whole, streamed = asyncio.run(both())
        self.assertEqual(whole, streamed)

    def test_batch(self):
        self.assertEqual(len(chat().batch([QUESTION] * 4)), 4)

    def test_tools(self):
        tool = {"type": "function", "function": {"name": "weather", "description": "the weather", "parameters": WEATHER}}
        self.assertEqual(chat().bind_tools([tool]).invoke(QUESTION).tool_calls[0]["name"], "weather")

    def test_responses(self):
        self.assertTrue(chat(use_responses_api=True).invoke(QUESTION).text)
        self.assertTrue("".join(chunk.text for chunk in chat(use_responses_api=True).stream(QUESTION)))

    def test_collect_on(self):
        self.assertEqual(chat("gpt-4o-mini").invoke(QUESTION).content, chat().invoke(QUESTION).content)

    def test_embeddings(self):
        # Without the length check, which would fetch a vocabulary from elsewhere.
        embeddings = OpenAIEmbeddings(base_url=weir.url + "/v1", api_key=KEY, model="text-embedding-3-small", check_embedding_ctx_length=False)
        self.assertEqual(len(embeddings.embed_documents(["a river", "a weir"])), 2)

    def test_errors(self):
        with self.assertRaises(openai.AuthenticationError):
            chat(key="wrong").invoke(QUESTION)
        with self.assertRaises(openai.RateLimitError):
            chat("mock:status=429").invoke(QUESTION)
        with self.assertRaises(openai.InternalServerError):
            chat("mock:status=500").invoke(QUESTION)

    def test_cut_streams_raise(self):
        with self.assertRaises(Exception):
            list(chat("mock:cut=event:4,ending=fin").stream(QUESTION))


if __name__ == "__main__":
    stack.main("LangChain OpenAI Python", importlib.metadata.version("langchain-openai"))
