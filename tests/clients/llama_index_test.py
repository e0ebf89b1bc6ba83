"""LlamaIndex's OpenAI classes, unchanged, against the real binary in front of a mock provider."""
import importlib.metadata
import unittest

import openai
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai import OpenAI, OpenAIResponses

import stack
from stack import KEY

QUESTION = [ChatMessage(role="user", content="Say something about rivers.")]


def setUpModule():
    global weir
    weir = stack.Stack()


def tearDownModule():
    weir.stop()


def llm(model="gpt-4o", key=KEY, kind=OpenAI, **more):
    return kind(api_base=weir.url + "/v1", api_key=key, model=model, max_retries=0, **more)


class LlamaIndex(unittest.TestCase):
    def test_chat(self):
        self.assertTrue(llm().chat(QUESTION).message.content)

    def test_chat_streamed(self):
        last = list(llm().stream_chat(QUESTION))[-1]
        self.assertEqual(last.message.content, llm().chat(QUESTION).message.content)

    def test_complete(self):
        self.assertTrue(llm().complete("A river").text)
        self.assertTrue(list(llm().stream_complete("A river"))[-1].text)

    def test_tools(self):
        def weather(city: str) -> str:
            """The weather in a city."""
            return "rain"

        answer = llm().chat_with_tools([FunctionTool.from_defaults(fn=weather)], user_msg="Say something about rivers.")
        self.assertEqual(llm().get_tool_calls_from_response(answer)[0].tool_name, "weather")

    def test_responses(self):
        self.assertTrue(llm(kind=OpenAIResponses).chat(QUESTION).message.content)
        self.assertTrue(list(llm(kind=OpenAIResponses).stream_chat(QUESTION))[-1].message.content)

    def test_embeddings(self):
        embedding = OpenAIEmbedding(api_base=weir.url + "/v1", api_key=KEY, model="text-embedding-3-small", max_retries=0)
        self.assertTrue(embedding.get_text_embedding("a river"))
        self.assertEqual(len(embedding.get_text_embedding_batch(["a river", "a weir"])), 2)

    def test_errors(self):
        with self.assertRaises(openai.AuthenticationError):
            llm(key="wrong").chat(QUESTION)
        with self.assertRaises(openai.InternalServerError):
            llm(additional_kwargs={"extra_headers": {"x-mock": "status=500"}}).chat(QUESTION)


if __name__ == "__main__":
    stack.main("LlamaIndex OpenAI Python", importlib.metadata.version("llama-index-llms-openai"))
