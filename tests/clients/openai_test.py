"""OpenAI's Python SDK, unchanged, against the real binary in front of a mock provider."""
import base64
import io
import json
import unittest

import openai

import stack
from stack import ASK, KEY, NARROW_KEY, SLOW_KEY, WEATHER, wait_until

IMAGE = bytes(range(256)) * 40  # no picture; nobody looks
JSONL = b"".join(json.dumps({"custom_id": f"task-{i}", "method": "POST", "url": "/v1/chat/completions",
                             "body": {"model": "gpt-4o", "messages": ASK}}).encode() + b"\n" for i in range(3))
TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]


def setUpModule():
    global weir
    weir = stack.Stack()


def tearDownModule():
    weir.stop()


class Case(unittest.TestCase):
    def setUp(self):
        self.client = self.client_with()

    def client_with(self, key=KEY, **more):
        client = openai.OpenAI(base_url=weir.url + "/v1", api_key=key, max_retries=0, **more)
        self.addCleanup(client.close)
        return client


class Chat(Case):
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

    def test_chat_stream_helper(self):
        with self.client.chat.completions.stream(model="gpt-4o", messages=ASK, tools=TOOLS) as stream:
            final = [event for event in stream if event.type == "tool_calls.function.arguments.done"]
            answer = stream.get_final_completion()
        self.assertEqual(json.loads(final[0].arguments), json.loads(answer.choices[0].message.tool_calls[0].function.arguments))

    def test_tools(self):
        answer = self.client.chat.completions.create(model="gpt-4o", messages=ASK, tools=TOOLS)
        call = answer.choices[0].message.tool_calls[0]
        self.assertEqual(call.function.name, "weather")
        again = self.client.chat.completions.create(model="gpt-4o", tools=TOOLS, messages=[
            *ASK, answer.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "rain"}])
        self.assertTrue(again.choices[0].message.content)

    def test_completions(self):
        self.assertTrue(self.client.completions.create(model="gpt-4o", prompt="A river").choices[0].text)
        streamed = self.client.completions.create(model="gpt-4o", prompt="A river", stream=True)
        self.assertTrue("".join(choice.text for chunk in streamed for choice in chunk.choices))

    def test_collect_on(self):
        plain = self.client.chat.completions.create(model="gpt-4o", messages=ASK, n=2)
        answer = self.client.chat.completions.create(model="gpt-4o-mini", messages=ASK, n=2)
        self.assertEqual(weir.calls()[-1][3], "stream")
        self.assertEqual([c.model_dump() for c in answer.choices], [c.model_dump() for c in plain.choices])
        self.assertEqual(answer.usage, plain.usage)
        self.assertEqual(answer.object, "chat.completion")

    def test_collect_on_with_tools(self):
        plain = self.client.chat.completions.create(model="gpt-4o", messages=ASK, tools=TOOLS)
        answer = self.client.chat.completions.create(model="gpt-4o-mini", messages=ASK, tools=TOOLS)
        self.assertEqual(weir.calls()[-1][3], "stream")
        call, expected = answer.choices[0].message.tool_calls[0], plain.choices[0].message.tool_calls[0]
        self.assertEqual(call.function, expected.function)
        self.assertEqual(call.type, "function")
        self.assertEqual(answer.choices[0].finish_reason, "tool_calls")

    def test_with_raw_response(self):
        raw = self.client.chat.completions.with_raw_response.create(
            model="gpt-4o", messages=ASK, extra_headers={"x-request-id": "asked-by-a-test"})
        self.assertEqual(raw.headers["x-request-id"], "asked-by-a-test")
        self.assertTrue(raw.headers["x-weir-upstream"])
        self.assertEqual(raw.headers["x-weir-attempts"], "1")
        self.assertTrue(raw.parse().choices[0].message.content)

    def test_with_streaming_response(self):
        with self.client.chat.completions.with_streaming_response.create(model="gpt-4o", messages=ASK, stream=True) as raw:
            self.assertEqual(raw.headers["content-type"].split(";")[0], "text/event-stream")
            self.assertIn("data: [DONE]", list(raw.iter_lines()))


class Responses(Case):
    def test_responses(self):
        answer = self.client.responses.create(model="gpt-4o", input="Hello")
        self.assertEqual(answer.status, "completed")
        self.assertTrue(answer.output_text)
        self.assertGreater(answer.usage.output_tokens, 0)

    def test_responses_streamed(self):
        kinds = [event.type for event in self.client.responses.create(model="gpt-4o", input="Hello", stream=True)]
        self.assertEqual(kinds[0], "response.created")
        self.assertEqual(kinds[-1], "response.completed")

    def test_responses_kept(self):
        made = self.client.responses.create(model="gpt-4o", input="Hello")
        self.assertEqual(self.client.responses.retrieve(made.id).output_text, made.output_text)
        self.assertEqual(self.client.responses.cancel(made.id).id, made.id)
        self.client.responses.delete(made.id)
        with self.assertRaises(openai.NotFoundError):
            self.client.responses.retrieve(made.id)

    def test_responses_with_collect_on(self):
        answer = self.client.responses.create(model="gpt-4o-mini", input="Hello")
        self.assertEqual(weir.calls()[-1][3], "stream")
        self.assertTrue(answer.output_text)

    def test_responses_input_tokens(self):
        self.assertEqual(self.client.responses.input_tokens.count(model="gpt-4o", input="one two three").input_tokens, 3)


class Media(Case):
    def test_images(self):
        answer = self.client.images.generate(model="gpt-image-1", prompt="a weir", size="1024x1024")
        self.assertTrue(base64.b64decode(answer.data[0].b64_json).startswith(b"\x89PNG"))
        self.assertGreater(answer.usage.output_tokens, 0)

    def test_images_streamed(self):
        stream = self.client.images.generate(model="gpt-image-1", prompt="a weir", stream=True, partial_images=2)
        self.assertEqual([event.type for event in stream],
                         ["image_generation.partial_image"] * 2 + ["image_generation.completed"])

    def test_image_edits(self):
        answer = self.client.images.edit(model="gpt-image-1", prompt="more water", image=("weir.png", IMAGE, "image/png"))
        self.assertEqual(base64.b64decode(answer.data[0].b64_json), IMAGE)

    def test_image_edits_of_several(self):
        answer = self.client.images.edit(model="gpt-image-1", prompt="both", image=[
            ("a.png", IMAGE, "image/png"), ("b.png", IMAGE[::-1], "image/png")])
        self.assertEqual(base64.b64decode(answer.data[0].b64_json), IMAGE)

    def test_image_edits_streamed(self):
        stream = self.client.images.edit(model="gpt-image-1", prompt="more water", stream=True,
                                         image=("weir.png", IMAGE, "image/png"))
        self.assertEqual([event.type for event in stream], ["image_edit.completed"])

    def test_speech(self):
        sound = self.client.audio.speech.create(model="tts-1", voice="alloy", input="Water flows.").read()
        self.assertEqual(len(sound), 32 * 1024)

    def test_speech_streamed(self):
        with self.client.audio.speech.with_streaming_response.create(
                model="gpt-4o-mini-tts", voice="alloy", input="Water flows.", response_format="pcm") as raw:
            self.assertEqual(raw.headers["content-type"], "audio/pcm")
            self.assertEqual(sum(len(piece) for piece in raw.iter_bytes(1024)), 32 * 1024)

    def test_transcriptions(self):
        sound = ("river.wav", bytes(100_000), "audio/wav")
        answer = self.client.audio.transcriptions.create(model="gpt-4o-transcribe", file=sound)
        self.assertIn("weir", answer.text)
        self.assertGreater(answer.usage.output_tokens, 0)
        plain = self.client.audio.transcriptions.create(model="whisper-1", file=sound, response_format="text")
        self.assertEqual(plain.strip(), answer.text)

    def test_transcriptions_streamed(self):
        stream = self.client.audio.transcriptions.create(
            model="gpt-4o-mini-transcribe", file=("river.wav", bytes(100_000), "audio/wav"), stream=True)
        events = list(stream)
        self.assertEqual("".join(e.delta for e in events[:-1]), events[-1].text)
        self.assertEqual(events[-1].type, "transcript.text.done")

    def test_translations(self):
        answer = self.client.audio.translations.create(model="whisper-1", file=("fluss.mp3", bytes(5000), "audio/mpeg"))
        self.assertTrue(answer.text)


class Others(Case):
    def test_embeddings(self):
        answer = self.client.embeddings.create(model="text-embedding-3-small", input=["a river", "a weir"], dimensions=16)
        self.assertEqual([len(each.embedding) for each in answer.data], [16, 16])

    def test_moderations(self):
        self.assertFalse(self.client.moderations.create(model="omni-moderation-latest", input="a river").results[0].flagged)

    def test_models(self):
        client = self.client_with(key=NARROW_KEY)
        self.assertIn("gpt-4o", [m.id for m in client.models.list()])
        self.assertEqual(client.models.retrieve("gpt-4o").id, "gpt-4o")

    def test_files(self):
        made = self.client.files.create(file=("tasks.jsonl", JSONL), purpose="batch")
        self.assertEqual(made.bytes, len(JSONL))
        self.assertIn(made.id, [each.id for each in self.client.files.list()])
        self.assertEqual(self.client.files.content(made.id).read(), JSONL)
        self.assertTrue(self.client.files.delete(made.id).deleted)
        with self.assertRaises(openai.NotFoundError):
            self.client.files.retrieve(made.id)

    def test_batches(self):
        tasks = self.client.files.create(file=io.BytesIO(JSONL), purpose="batch")
        made = self.client.batches.create(input_file_id=tasks.id, endpoint="/v1/chat/completions", completion_window="24h")
        self.assertEqual(made.status, "validating")
        done = self.client.batches.retrieve(made.id)
        self.assertEqual((done.status, done.request_counts.completed), ("completed", 3))
        lines = [json.loads(line) for line in self.client.files.content(done.output_file_id).text.splitlines()]
        self.assertEqual([line["custom_id"] for line in lines], ["task-0", "task-1", "task-2"])
        self.assertIn(made.id, [each.id for each in self.client.batches.list()])

    def test_realtime(self):
        with self.client.realtime.connect(model="gpt-realtime") as session:
            self.assertEqual(session.recv().type, "session.created")
            session.conversation.item.create(item={
                "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Where does it flow?"}]})
            session.response.create()
            text = ""
            for event in session:
                if event.type == "response.output_text.delta":
                    text += event.delta
                if event.type == "response.done":
                    break
        self.assertEqual(text, "Water flows over the weir.")
        self.assertGreater(event.response.usage.input_tokens, 0)


class Failures(Case):
    def ask(self, model="gpt-4o", client=None, **more):
        return (client or self.client).chat.completions.create(model=model, messages=ASK, **more)

    def test_400_is_BadRequestError(self):
        with self.assertRaises(openai.BadRequestError) as refused:
            self.client.post("/responses", body={"model": "gpt-4o", "messages": ASK}, cast_to=object)
        self.assertEqual(refused.exception.code, "wrong_schema")
        with self.assertRaises(openai.BadRequestError):
            self.ask("mock:status=400")

    def test_401_is_AuthenticationError(self):
        with self.assertRaises(openai.AuthenticationError) as unknown:
            self.ask(client=self.client_with(key="sk-wrong"))
        self.assertEqual(unknown.exception.code, "invalid_key")

    def test_403_is_PermissionDeniedError(self):
        with self.assertRaises(openai.PermissionDeniedError) as refused:
            self.ask("gpt-3.5-turbo", client=self.client_with(key=NARROW_KEY))
        self.assertEqual(refused.exception.code, "model_not_allowed")

    def test_404_is_NotFoundError(self):
        with self.assertRaises(openai.NotFoundError) as missing:
            self.ask("mock:status=404")
        self.assertEqual(missing.exception.code, "model_not_found")

    def test_429_is_RateLimitError(self):
        slow = self.client_with(key=SLOW_KEY)
        self.ask(client=slow)
        with self.assertRaises(openai.RateLimitError) as limited:
            self.ask(client=slow)
        self.assertEqual(limited.exception.code, "rate_limited")
        self.assertGreater(int(limited.exception.response.headers["retry-after"]), 0)
        with self.assertRaises(openai.RateLimitError):
            self.ask("mock:status=429")

    def test_5xx_is_InternalServerError(self):
        for status in (500, 503, 524):
            with self.assertRaises(openai.InternalServerError) as broken:
                self.ask(f"mock:status={status}")
            self.assertEqual(broken.exception.status_code, status)

    def test_5xx_is_not_asked_for_again(self):
        before = len(weir.calls())
        with self.assertRaises(openai.InternalServerError) as broken:
            self.ask("mock:status=500", client=self.client_with().with_options(max_retries=3))
        self.assertEqual(broken.exception.response.headers["x-should-retry"], "false")
        self.assertLessEqual(len(weir.calls()) - before, 3)

    def test_no_answer_is_502(self):
        with self.assertRaises(openai.InternalServerError) as gone:
            self.ask("mock:drop=on,ending=reset")
        self.assertEqual((gone.exception.status_code, gone.exception.code), (502, "upstream_unreachable"))

    def test_timeouts(self):
        with self.assertRaises(openai.APITimeoutError):
            self.ask("mock:before_head=20000", timeout=0.4)

    def test_cut_streams_raise(self):
        for end in ("reset", "fin"):
            with self.assertRaises(Exception):
                for _ in self.ask(f"mock:cut=event:4,ending={end}", stream=True):
                    pass

    def test_error_in_a_stream(self):
        with self.assertRaises(openai.APIError):
            for _ in self.ask("mock:error_event=4", stream=True):
                pass

    def test_leaving_a_stream_cancels_it(self):
        stream = self.ask("mock:stall_after=3,stall=20000", stream=True)
        next(iter(stream))
        stream.close()
        wait_until(lambda: any(call[2] == "aborted" for call in weir.calls()))


class Secrets(unittest.TestCase):
    def test_no_secret_and_no_prompt_in_the_log(self):
        wait_until(weir.log)
        self.assertEqual(stack.secrets_in(weir.log()), [])


if __name__ == "__main__":
    stack.main("OpenAI Python", openai.__version__)
