"""System calls that fail while weir works (fault_shim.cpp under LD_PRELOAD): nobody crashes, nothing leaks, what can be saved is, and the ledger is right."""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

SHIM = os.path.abspath(sys.argv.pop())

from support import WEIR, Reader, Received, Upstream, Weir, at_rest, chat, connect, figures, main, metric, request, wait_until  # noqa: E402

CLIENTS, SECONDS = 6, 0.4
ANSWER, USAGE = "five words of an answer", {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}

# fault (CALL FAULT SHARE), and what its victims may see besides a whole answer: `refused` (an error that says so), `cut` (an end that shows).
WHOLE, REFUSED, CUT = set(), {"refused"}, {"refused", "cut"}
FAULTS = [
    ("accept4 EMFILE 0.5", WHOLE), ("accept4 ENFILE 0.5", WHOLE), ("accept4 ENOMEM 0.5", WHOLE), ("accept4 EINTR 0.5", WHOLE), ("accept4 ECONNABORTED 0.3", CUT), ("accept4 EPROTO 0.3", CUT),
    ("recv EINTR 0.5", WHOLE), ("recv EAGAIN 0.5", WHOLE), ("recv short 0.9", WHOLE), ("recv ECONNRESET 0.03", CUT),
    ("sendmsg EINTR 0.5", WHOLE), ("sendmsg EAGAIN 0.5", WHOLE), ("sendmsg short 0.9", WHOLE), ("sendmsg ENOMEM 0.03", CUT),
    ("epoll_wait EINTR 0.5", WHOLE), ("epoll_ctl ENOMEM 0.2", CUT),
    ("socket EMFILE 0.5", REFUSED), ("socket ENOMEM 0.5", REFUSED), ("connect EADDRNOTAVAIL 0.5", REFUSED), ("connect ENETUNREACH 0.3", REFUSED), ("connect EINTR 0.3", REFUSED),
    ("write ENOSPC 1", WHOLE), ("write EIO 1", WHOLE), ("write short 0.5", WHOLE),
    ("clock_gettime 3600 1", WHOLE), ("clock_gettime -3600 1", WHOLE), ("clock_gettime 315360000 1", WHOLE),
    ("accept4 EMFILE 0.2\nrecv EAGAIN 0.2\nsendmsg short 0.5\nepoll_wait EINTR 0.2\nwrite ENOSPC 0.5\nsync EIO 0.5", WHOLE),
]


class Provider:
    def __init__(self):
        self.asked, self.lock = {}, threading.Lock()
        self.upstream = Upstream(self.serve)

    def serve(self, connection, number):
        received = Received(connection)
        # Connections end now and then, so that new ones are made under the fault too.
        for left in range(8, 0, -1):
            got = received.next()
            if not got:
                return
            asked = json.loads(got[2])
            with self.lock:
                self.asked[got[1]["x-request-id"]] = len(asked["messages"][0]["content"])
            close = b"Connection: close\r\n" if left == 1 else b""
            if asked.get("stream"):
                events = [{"choices": [{"index": 0, "delta": {"content": word + " "}}]} for word in ANSWER.split()]
                events += [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, {"choices": [], "usage": USAGE}]
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n" + close + b"\r\n")
                for event in [json.dumps({"id": "c", "object": "chat.completion.chunk", **each}) for each in events] + ["[DONE]"]:
                    data = f"data: {event}\n\n".encode()
                    connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))
                connection.sendall(b"0\r\n\r\n")
            else:
                body = json.dumps({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}], "usage": USAGE}).encode()
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(body) + close + b"\r\n" + body)


CONF = """listeners: [{address: "127.0.0.1:0"}]
admin: {address: "127.0.0.1:0"}
workers: 2
pools:
  main:
    retry: {attempts: 4, backoff: 5ms, budget: 100%}
    ejection: {consecutive_failures: 1000000}
    upstreams: [{url: "{url}/v1"}]
state: {ledger: ledger.db}
log: {access: access.log}
"""


class Faults(unittest.TestCase):
    def setUp(self):
        self.provider = Provider()
        self.addCleanup(self.provider.upstream.stop)

    def start(self):
        self.weir = Weir(CONF.replace("{url}", self.provider.upstream.url), env={"LD_PRELOAD": SHIM, "WEIR_FAULTS": "{folder}"}, command=["/bin/sh", "-c", 'WEIR_FAULTS=$PWD/faults exec "$@"', "sh"])
        self.faults = os.path.join(self.weir.folder, "faults")
        self.number = 0

    def strike(self, text):
        with open(self.faults + ".new", "w") as f:
            f.write(text + "\n")
        os.replace(self.faults + ".new", self.faults)
        time.sleep(0.05)

    def injected(self):
        # The shim writes the file anew again and again: for a moment it is empty.
        for _ in range(100):
            try:
                with open(self.faults + ".count") as f:
                    text = f.read()
            except FileNotFoundError:
                return 0
            if text.strip():
                return int(text)
            time.sleep(0.002)
        return 0

    def one(self, sock, reader, request_id, kind):
        content = "x" * (150_000 if kind == 2 else 20)
        body = json.dumps({"model": "m", "stream": kind == 1, "messages": [{"role": "user", "content": content}]}).encode()
        if kind == 2:
            framed = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 9999]), body[i:i + 9999]) for i in range(0, len(body), 9999)) + b"0\r\n\r\n"
            text = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nx-request-id: {request_id}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + framed
        else:
            text = request("POST", "/v1/chat/completions", body, [f"x-request-id: {request_id}"])
        try:
            sock.sendall(text)
        except OSError:
            pass
        got = reader.answer()
        if got.status == 200 and got.end == "whole":
            right = got.body.endswith(b"data: [DONE]\n\n") if kind == 1 else b"five words" in got.body
            return "whole" if right else "wrong"
        if got.status >= 400 and got.end == "whole":
            return "refused"
        return "late" if got.end == "late" else "cut"

    def client(self, at, fault, end, outcomes):
        sock = None
        while time.monotonic() < end:
            with self.lock:
                self.number += 1
                number = self.number
            request_id = f"fault-{number}"
            try:
                if sock is None or number % 3 == 0:
                    if sock:
                        sock.close()
                    sock = connect(self.weir.url, 10)
                    reader = Reader(sock)
                outcome = self.one(sock, reader, request_id, number % 4)
            except OSError:
                outcome = "cut"
            if outcome != "whole":
                sock.close()
                sock = None
            with self.lock:
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
                self.results[request_id] = outcome
        if sock:
            sock.close()

    def load(self, fault, seconds=SECONDS):
        outcomes, end = {}, time.monotonic() + seconds
        threads = [threading.Thread(target=self.client, args=(at, fault, end, outcomes)) for at in range(CLIENTS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        return outcomes

    def test_every_fault_is_survived(self):
        self.start()
        self.lock, self.results, rows = threading.Lock(), {}, []
        self.assertEqual(set(self.load("none")), {"whole"})
        at_rest(self.weir)
        wait_until(lambda: metric(self.weir.metrics(), "weir_upstream_connections") <= CLIENTS * 2)
        descriptors = metric(self.weir.metrics(), "process_open_fds")
        for fault, may_see in FAULTS:
            before = self.injected()
            self.strike(fault)
            outcomes, struck = {}, 0
            for _ in range(10):  # a machine that is busy with something else may not get to it at once
                for outcome, times in self.load(fault).items():
                    outcomes[outcome] = outcomes.get(outcome, 0) + times
                time.sleep(0.05)
                struck = self.injected() - before
                if struck > 0:
                    break
            self.strike("")
            # Files are written when there is something to write; the clock is off for every call.
            if fault.split()[0] not in ("write", "clock_gettime"):
                self.assertGreater(struck, 0, fault)
            self.assertIsNone(self.weir.process.poll(), f"weir died under {fault}:\n{self.weir.err()[-3000:]}")
            self.assertEqual(set(outcomes) - {"whole"} - may_see, set(), (fault, outcomes))
            self.assertGreater(outcomes.get("whole", 0), 5, (fault, outcomes))
            # It is over: everything is served again at once.
            self.assertEqual(set(self.load("none", 0.1)), {"whole"}, fault)
            at_rest(self.weir)
            rows.append((fault.replace("\n", ", "), struck, outcomes))
        text = self.weir.metrics()
        self.assertEqual(metric(text, "weir_upstream_ejected"), 0)
        self.assertLessEqual(metric(text, "process_open_fds"), descriptors + 8)
        # What is in the ledger is what the provider said, for each request that a client had whole.
        wait_until(lambda: "failing" not in self.weir.get("/status")[2].decode().split("<script")[0], 5)
        ledger = os.path.join(self.weir.folder, "ledger.db")
        # Its end writes the database back. Where that fails, nothing of it is lost.
        before = self.injected()
        self.strike("sync EIO 1")
        self.weir.signal(15)
        self.weir.process.wait(20)
        self.assertGreater(self.injected(), before, "nothing was to be written back")
        rows.append(("sync EIO 1, while weir ends", self.injected() - before, {}))
        with sqlite3.connect(ledger) as db:
            found = dict(db.execute("select request_id, output_tokens from requests").fetchall())
        whole = [each for each, outcome in self.results.items() if outcome == "whole"]
        missing = [each for each in whole if each not in found]
        wrong = [each for each in whole if found.get(each) != 5]
        self.assertEqual((missing[:5], wrong[:5]), ([], []))
        self.assertTrue(set(whole) <= set(self.provider.asked))
        figures("faults", "| fault (call, error, share of calls) | calls made to fail | requests: whole | refused | cut |\n|---|---:|---:|---:|---:|\n" +
                "\n".join(f"| `{fault}` | {'all' if 'clock' in fault else struck} | {seen.get('whole', 0)} | {seen.get('refused', 0)} | {seen.get('cut', 0)} |" for fault, struck, seen in rows) +
                f"\n\n{len(whole)} requests ended whole; all of them are in the ledger, each with the tokens that the provider reported.")
        self.assertEqual(self.weir.stop(), 0)

    def test_a_disk_that_fails_at_the_start_is_named(self):
        for fault in ("grow ENOSPC 1", "sync EIO 1"):
            folder = tempfile.mkdtemp(prefix="weir-faults-")
            with open(os.path.join(folder, "faults"), "w") as f:
                f.write(fault + "\n")
            with open(os.path.join(folder, "c.yaml"), "w") as f:
                f.write(CONF.replace("{url}", self.provider.upstream.url))
            done = subprocess.run([WEIR, "serve", "-c", "c.yaml"], cwd=folder, capture_output=True, text=True, timeout=20,
                                  env={**os.environ, "LD_PRELOAD": SHIM, "WEIR_FAULTS": os.path.join(folder, "faults")})
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("cannot open the ledger: ledger " + folder, done.stderr, fault)
            shutil.rmtree(folder)

    def test_a_hedge_without_a_descriptor_blames_no_upstream(self):
        quick = Provider()

        def late(connection, number):
            received, pause = Received(connection), 0
            while received.next():
                time.sleep(pause)
                pause = 0.3  # the first answer is in time: what comes next goes over its connection
                body = b'{"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}'
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        upstream = Upstream(late)
        weir = Weir(f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
workers: 1
pools:
  main:
    balance: weighted_round_robin
    hedge: {{after: 50ms, budget: 100%}}
    ejection: {{consecutive_failures: 1, max_ejected: 100%}}
    upstreams: [{{url: "{upstream.url}/v1", weight: 1000}}, {{url: "{quick.upstream.url}/v1", weight: 1}}]
state: {{ledger: off}}
""", env={"LD_PRELOAD": SHIM}, command=["/bin/sh", "-c", 'WEIR_FAULTS=$PWD/faults exec "$@"', "sh"])
        sock = connect(weir.url, 10)
        reader = Reader(sock)
        text = request("POST", "/v1/chat/completions", b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}')
        faults = os.path.join(weir.folder, "faults")
        for fault in ("", "socket EMFILE 1"):
            with open(faults + ".new", "w") as f:
                f.write(fault + "\n")
            os.replace(faults + ".new", faults)
            time.sleep(0.05)
            sock.sendall(text)
            self.assertEqual(reader.answer().status, 200)
        wait_until(lambda: metric(weir.metrics(), 'weir_hedges_total{pool="main",outcome="failed"}') == 1)
        self.assertEqual(metric(weir.metrics(), "weir_upstream_ejected"), 0)
        sock.close()
        self.assertEqual(weir.stop(), 0)
        upstream.stop()
        quick.upstream.stop()


if __name__ == "__main__":
    main()
