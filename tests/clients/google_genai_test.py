"""Google's Gen AI SDK for Python, unchanged, against the real binary in front of a mock provider."""
import unittest

from google import genai
from google.genai import errors, types

import stack
from stack import KEY, NARROW_KEY, SLOW_KEY, wait_until

MODEL = "gemini-2.5-flash"
QUESTION = "Say something about rivers."


def setUpModule():
    global weir
    weir = stack.Stack()


def tearDownModule():
    weir.stop()


class Case(unittest.TestCase):
    def setUp(self):
        self.client = self.client_with()

    def client_with(self, key=KEY, does=None):
        """`does` is a script for the mock provider."""
        client = genai.Client(api_key=key, http_options=types.HttpOptions(
            base_url=weir.url, headers={"x-mock": does} if does else {}))
        self.addCleanup(client.close)  # it closes itself when nobody holds it any more
        return client


class Generate(Case):
    def test_generate(self):
        answer = self.client.models.generate_content(model=MODEL, contents=QUESTION)
        self.assertTrue(answer.text)
        self.assertEqual(answer.candidates[0].finish_reason, types.FinishReason.STOP)
        self.assertGreater(answer.usage_metadata.candidates_token_count, 0)

    def test_generate_streamed(self):
        whole = self.client.models.generate_content(model=MODEL, contents=QUESTION)
        chunks = list(self.client.models.generate_content_stream(model=MODEL, contents=QUESTION))
        self.assertGreater(len(chunks), 5)
        self.assertEqual("".join(chunk.text or "" for chunk in chunks), whole.text)
        self.assertEqual(chunks[-1].candidates[0].finish_reason, types.FinishReason.STOP)

    def test_chats(self):
        chat = self.client.chats.create(model=MODEL)
        self.assertTrue(chat.send_message(QUESTION).text)
        self.assertTrue("".join(chunk.text or "" for chunk in chat.send_message_stream("And lakes?")))

    def test_tools(self):
        weather = types.FunctionDeclaration(name="weather", parameters_json_schema=stack.WEATHER)
        answer = self.client.models.generate_content(
            model=MODEL, contents=QUESTION, config=types.GenerateContentConfig(tools=[types.Tool(function_declarations=[weather])]))
        self.assertEqual(answer.function_calls[0].name, "weather")

    def test_system_instruction_and_limit(self):
        answer = self.client.models.generate_content(model=MODEL, contents=QUESTION, config=types.GenerateContentConfig(
            system_instruction="Be brief.", max_output_tokens=5, temperature=0))
        self.assertEqual(answer.candidates[0].finish_reason, types.FinishReason.MAX_TOKENS)

    def test_count_tokens(self):
        self.assertEqual(self.client.models.count_tokens(model=MODEL, contents="one two three").total_tokens, 3)

    def test_embeddings(self):
        answer = self.client.models.embed_content(model="gemini-embedding-001", contents="a river")
        self.assertTrue(answer.embeddings[0].values)

    def test_models(self):
        self.assertTrue([m for m in self.client_with(key=NARROW_KEY).models.list() if m.name.endswith(MODEL)])


class Failures(Case):
    def ask(self, client=None, **more):
        return (client or self.client).models.generate_content(**{"model": MODEL, "contents": QUESTION, **more})

    def status_of(self, kind, client, **more):
        with self.assertRaises(kind) as refused:
            self.ask(client, **more)
        return refused.exception.code

    def test_4xx_is_ClientError(self):
        self.assertEqual(self.status_of(errors.ClientError, self.client_with(key="wrong")), 401)
        self.assertEqual(self.status_of(errors.ClientError, self.client_with(key=NARROW_KEY), model="gemini-3-pro"), 403)
        for status in (400, 404, 429):
            self.assertEqual(self.status_of(errors.ClientError, self.client_with(does=f"status={status}")), status)

    def test_rate_limits(self):
        slow = self.client_with(key=SLOW_KEY)
        self.ask(slow)
        self.assertEqual(self.status_of(errors.ClientError, slow), 429)

    def test_5xx_is_ServerError(self):
        self.assertEqual(self.status_of(errors.ServerError, self.client_with(does="status=503")), 503)
        self.assertEqual(self.status_of(errors.ServerError, self.client_with(does="drop=on,ending=reset")), 502)

    def test_cut_streams_raise(self):
        for end in ("reset", "fin"):
            client = self.client_with(does=f"cut=event:4,ending={end}")
            with self.assertRaises(Exception):
                list(client.models.generate_content_stream(model=MODEL, contents=QUESTION))

    def test_leaving_a_stream_cancels_it(self):
        stream = self.client_with(does="stall_after=3,stall=20000").models.generate_content_stream(model=MODEL, contents=QUESTION)
        next(stream)
        stream.close()
        wait_until(lambda: any(call[2] == "aborted" for call in weir.calls()))


if __name__ == "__main__":
    stack.main("Google Gen AI Python", genai.__version__)
