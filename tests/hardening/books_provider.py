"""What books_test.py asks: a provider that answers in three dialects, late, in part or not at all, and keeps books of what each request costs."""
import json
import random
import socket
import time

from support import EVENTS_FOLLOW, Received, Upstream, event_chunk, json_answer

INPUT, OUTPUT = 1000, 2000  # nano-USD a token, of every model that is used
LONGEST = 60  # output tokens where a request sets no limit


def priced(prompt, output):
    return prompt * INPUT + output * OUTPUT


class Call:
    """A request that came whole, as the provider will bill it."""
    __slots__ = ("upstream", "prompt", "output", "billed", "reported", "streams", "silent")

    def __init__(self, upstream, prompt):
        self.upstream, self.prompt, self.output, self.billed, self.reported, self.streams, self.silent = upstream, prompt, 0, True, False, False, False

    def cost(self):
        return priced(self.prompt, self.output)


class Gone(OSError):
    """Who asked has left."""


class Provider:
    """Answers in three dialects, late, in part or not at all, and writes down what each request costs."""

    def __init__(self, name, books):
        self.name, self.books, self.nameless, self.unasked = name, books, 0, 0
        self.upstream = Upstream(self.serve)
        self.url = self.upstream.url

    @staticmethod
    def pause(connection, seconds):
        """What is sent to a peer that has left would look delivered: so look."""
        time.sleep(seconds)
        try:
            if not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                raise Gone
        except BlockingIOError:
            pass

    def serve(self, connection, _):
        received, first = Received(connection), True
        while got := received.next():
            line, fields, body = got
            asked = json.loads(body)
            if "traces" in line:
                connection.sendall(json_answer({}))
                continue
            text = asked["messages"][0]["content"] if "messages" in asked else asked["input"]
            call = Call(self.name, len(text.split()) + (0 if "embeddings" in line else 7))
            if not fields.get("x-request-id", "").startswith("books-"):
                self.nameless += 1
            self.books[fields.get("x-request-id")].append(call)
            if not self.answer(connection, line, asked, call, first):
                return
            first = False

    def answer(self, connection, line, asked, call, first):
        """False: the connection ends here."""
        how = json.loads(asked["metadata"]["user_id"] if "/messages" in line else asked["user"])
        limit = asked.get("max_tokens") or asked.get("max_completion_tokens") or asked.get("max_output_tokens") or LONGEST
        words, chance = 0 if "embeddings" in line else min(how["words"], limit), random.random()
        self.pause(connection, how["head"])
        if chance < 0.05:
            call.billed = False
            status, more = random.choice((("500 Oops", ""), ("429 Busy", "retry-after-ms: 20\r\n")))
            connection.sendall(json_answer({"error": {"type": "provider_said_no", "message": "not now"}}, status, more))
            return True
        if chance < 0.07:
            call.billed = first  # a kept connection that closes is no sign that anybody read what came (CHARGES.md)
            return False
        if not asked.get("stream"):
            return self.unary(connection, line, call, words, cut=chance < 0.10, silent=chance > 0.97)
        call.streams = True
        connection.sendall(EVENTS_FOLLOW)
        self.pause(connection, how["token"])
        if chance < 0.09:
            call.billed = False
            error = {"type": "error", "error": {"type": "api_error", "code": "server_error", "message": "not now"}}
            connection.sendall(event_chunk(("event: error\n" if "/messages" in line else "") + "data: " + json.dumps(error)) + b"0\r\n\r\n")
            return True
        call.silent = chance > 0.97
        self.unasked += "chat" in line and not asked.get("stream_options", {}).get("include_usage")
        begin, end = self.frame_of(line, call, words)
        for event in begin:
            connection.sendall(event_chunk(event))
        for n in range(words):
            if chance < 0.15 and n == words // 2:
                return False
            self.pause(connection, how["gap"])
            call.output += 1
            connection.sendall(event_chunk(self.token(line)))
        self.pause(connection, 0)
        call.reported = not call.silent
        connection.sendall(b"".join(event_chunk(each) for each in end) + b"0\r\n\r\n")
        return True

    def unary(self, connection, line, call, words, cut, silent):
        call.output = words
        usage = {"prompt_tokens": call.prompt, "completion_tokens": words, "total_tokens": call.prompt + words}
        if "chat" in line:
            value = {"id": "c", "object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": " the" * words}}], "usage": usage}
        elif "embeddings" in line:
            value = {"object": "list", "data": [{"index": 0, "embedding": [0.1] * 30}], "usage": {"prompt_tokens": call.prompt, "total_tokens": call.prompt}}
        else:
            text = [{"type": "text" if "/messages" in line else "output_text", "text": " the" * words}]
            value = {"id": f"resp_{random.getrandbits(64):x}", "type": "message", "status": "completed", "content": text, "output": [{"type": "message", "content": text}]}
            value["usage"] = {"input_tokens": call.prompt, "output_tokens": words}
        if silent:
            call.silent = True
            del value["usage"]
        text = json_answer(value)
        self.pause(connection, 0)
        connection.sendall(text[:len(text) // 2])
        if cut:
            call.output = words  # it was made, whoever got it
            return False
        self.pause(connection, 0.001)
        call.reported = not silent
        connection.sendall(text[len(text) // 2:])
        return True

    @staticmethod
    def token(line):
        if "chat" in line:
            return 'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" the"}}]}'
        if "/messages" in line:
            return 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" the"}}'
        return 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":" the"}'

    @staticmethod
    def frame_of(line, call, words):
        """The events before and behind the tokens."""
        def named(kind, **more):
            return f"event: {kind}\ndata: " + json.dumps({"type": kind, **more})
        report = {} if call.silent else {"usage": {"input_tokens": call.prompt, "output_tokens": words}}
        if "chat" in line:
            usage = {"prompt_tokens": call.prompt, "completion_tokens": words, "total_tokens": call.prompt + words}
            last = [] if call.silent else ['data: {"id":"c","object":"chat.completion.chunk","choices":[],"usage":' + json.dumps(usage) + "}"]
            return [], ['data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}', *last, "data: [DONE]"]
        if "/messages" in line:
            begun = {} if call.silent else {"usage": {"input_tokens": call.prompt, "output_tokens": 1}}
            return [named("message_start", message={"id": "m", "type": "message", "role": "assistant", "content": [], **begun}),
                    named("content_block_start", index=0, content_block={"type": "text", "text": ""})], \
                [named("content_block_stop", index=0), named("message_delta", delta={"stop_reason": "end_turn"}, **report), named("message_stop")]
        name = f"resp_{random.getrandbits(64):x}"
        return [named("response.created", response={"id": name, "status": "in_progress"})], [named("response.completed", response={"id": name, "status": "completed", **report})]
