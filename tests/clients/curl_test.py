"""curl, unchanged, against the real binary in front of a mock provider."""
import json
import os
import re
import subprocess
import unittest

import stack
from stack import ASK, KEY, wait_until

CHAT = {"model": "gpt-4o", "messages": ASK}


def setUpModule():
    global weir
    weir = stack.Stack()


def tearDownModule():
    weir.stop()


def curl(path, *more, body=None, url=None, key=KEY):
    """Status, heads as text (one per answer), body. A body is sent from the standard input."""
    if body is not None:
        more += ("-H", "content-type: application/json", "--data-binary", "@-")
    heads = os.path.join(weir.folder.name, "heads.txt")
    done = subprocess.run(["curl", "-sS", "-N", "--max-time", "20", "-D", heads, "-H", f"authorization: Bearer {key}", *more, (url or weir.url) + path],
                          input=json.dumps(body).encode() if isinstance(body, dict) else body, capture_output=True)
    with open(heads) as f:
        head = f.read()
    return done, head, int(re.findall(r"^HTTP/\S+ (\d+)", head, re.M)[-1])


class Curl(unittest.TestCase):
    def test_chat(self):
        done, head, status = curl("/v1/chat/completions", body=CHAT)
        self.assertEqual((done.returncode, status), (0, 200))
        self.assertTrue(json.loads(done.stdout)["choices"][0]["message"]["content"])
        self.assertIn("x-weir-upstream:", head)

    def test_chat_streamed(self):
        done, head, status = curl("/v1/chat/completions", body={**CHAT, "stream": True})
        self.assertEqual((done.returncode, status), (0, 200))
        self.assertTrue(done.stdout.endswith(b"data: [DONE]\n\n"))
        self.assertIn("content-type: text/event-stream", head)

    def test_TLS(self):
        done, _, status = curl("/v1/chat/completions", "--cacert", weir.certificate, body=CHAT, url=weir.tls_url)
        self.assertEqual((done.returncode, status), (0, 200))

    def test_HTTP_1_0(self):
        done, head, status = curl("/v1/chat/completions", "--http1.0", body={**CHAT, "stream": True})
        self.assertEqual((done.returncode, status), (0, 200))
        self.assertNotIn("transfer-encoding", head)
        self.assertTrue(done.stdout.endswith(b"data: [DONE]\n\n"))

    def test_falls_back_from_h2c(self):
        done, _, status = curl("/v1/chat/completions", "--http2", body=CHAT)
        self.assertEqual((done.returncode, status), (0, 200))

    def test_chunked_upload(self):
        done, _, status = curl("/v1/chat/completions", "-H", "transfer-encoding: chunked", body=CHAT)
        self.assertEqual((done.returncode, status), (0, 200))

    def test_expect_100_continue(self):
        large = {**CHAT, "messages": [{"role": "user", "content": "river " * 300_000}]}
        done, head, status = curl("/v1/chat/completions", "-H", "expect: 100-continue", body=large)
        self.assertEqual((done.returncode, status), (0, 200))
        self.assertIn("HTTP/1.1 100", head)

    def test_files_by_form(self):
        content = os.path.join(weir.folder.name, "upload.bin")
        with open(content, "wb") as f:
            f.write(os.urandom(3_000_000))
        done, _, status = curl("/v1/files", "-F", "purpose=user_data", "-F", f"file=@{content}")
        self.assertEqual(status, 200)
        about = json.loads(done.stdout)
        done, _, _ = curl(f"/v1/files/{about['id']}/content")
        with open(content, "rb") as f:
            self.assertEqual(done.stdout, f.read())

    def test_compressed_answers_pass(self):
        done, head, status = curl("/v1/chat/completions", "-H", "x-mock: binary=5000,header.content-encoding=gzip", "-H", "accept-encoding: gzip", body=CHAT)
        self.assertEqual((done.returncode, status, len(done.stdout)), (0, 200, 5000))
        self.assertIn("content-encoding: gzip", head)

    def test_HEAD_and_OPTIONS(self):
        self.assertEqual(curl("/v1/models", "-I")[2], 200)
        self.assertLess(curl("/v1/chat/completions", "-X", "OPTIONS")[2], 500)

    def test_a_second_v1_and_no_v1(self):
        for path in ("/v1/v1/chat/completions", "/chat/completions"):
            done, head, status = curl(path, body=CHAT)
            self.assertEqual((done.returncode, status), (0, 200), path)
        self.assertIn("x-weir-hint:", curl("/v1/v1/chat/completions", body=CHAT)[1])

    def test_keys_in_every_place(self):
        for place in (["-H", f"x-api-key: {KEY}"], ["-H", f"api-key: {KEY}"], ["-H", f"x-goog-api-key: {KEY}"]):
            done = subprocess.run(["curl", "-sS", *place, "-d", json.dumps(CHAT), weir.url + "/v1/chat/completions"], capture_output=True)
            self.assertIn("choices", json.loads(done.stdout), place)
        done = subprocess.run(["curl", "-sS", "-d", '{"contents": [{"parts": [{"text": "hi"}]}]}',
                               f"{weir.url}/v1beta/models/gemini-2.5-flash:generateContent?key={KEY}"], capture_output=True)
        self.assertIn("candidates", json.loads(done.stdout))

    def test_errors(self):
        self.assertEqual(curl("/v1/chat/completions", body=CHAT, key="wrong")[2], 401)
        self.assertEqual(curl("/v1/chat/completions", body=b"{")[2], 400)
        self.assertEqual(curl("/v1/nowhere", body=CHAT, key="wrong")[2], 401)
        self.assertEqual(curl("/v1/chat/completions", "-X", "GET")[2] // 100, 4)

    def test_cut_streams_fail(self):
        done, _, _ = curl("/v1/chat/completions", body={**CHAT, "model": "mock:cut=event:4,ending=fin", "stream": True})
        self.assertNotEqual(done.returncode, 0)
        self.assertNotIn(b"[DONE]", done.stdout)

    def test_leaving_a_stream_cancels_it(self):
        client = subprocess.Popen(["curl", "-sS", "-N", "-H", f"authorization: Bearer {KEY}", "-d",
                                   json.dumps({**CHAT, "model": "mock:stall_after=3,stall=20000", "stream": True}),
                                   weir.url + "/v1/chat/completions"], stdout=subprocess.PIPE)
        client.stdout.readline()
        client.terminate()
        client.wait()
        client.stdout.close()
        wait_until(lambda: any(call[2] == "aborted" for call in weir.calls()))


if __name__ == "__main__":
    # Its version is the machine's, so the table cannot name one.
    stack.main("curl", "the system's")
