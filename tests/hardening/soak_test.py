"""Everything at once for a while: WEIR_SOAK_SECONDS (30 unless said otherwise). Mixed traffic over TCP and TLS, clients that leave, failing system calls, reloads,
providers that restart. At the end memory is flat, every gauge is at zero, and every byte and token is accounted for."""
import base64
import hashlib
import json
import os
import random
import sqlite3
import sys
import threading
import time
import unittest
from collections import Counter

SHIM = os.path.abspath(sys.argv.pop())

from support import EVENTS_FOLLOW, Authority, Reader, Received, Store, Upstream, Weir, at_rest, connect, event_chunk, figures, main, memory_kib, metric, send_json  # noqa: E402

SECONDS = float(os.environ.get("WEIR_SOAK_SECONDS", "30"))
CLIENTS = 10
WORDS = [f"word{n} " for n in range(30)]
FAULTS = ["accept4 EMFILE 0.2", "recv EAGAIN 0.3", "recv EINTR 0.3", "recv short 0.7", "sendmsg short 0.7", "sendmsg EAGAIN 0.3", "epoll_wait EINTR 0.3", "write ENOSPC 1", "sync EIO 1", "clock_gettime 60 1"]


class Provider:
    """Answers with as many tokens as the request's max_tokens says, and can be restarted: its connections end, its port refuses for a moment."""

    def __init__(self):
        self.upstream = Upstream(self.serve)
        self.url = self.upstream.url

    def restart(self):
        port = self.upstream.port
        self.upstream.stop()
        for each in list(self.upstream.open):
            try:
                each.shutdown(2)
            except OSError:
                pass
        time.sleep(0.3)
        self.upstream = Upstream(self.serve, port=port)

    def serve(self, connection, _):
        received = Received(connection)
        while got := received.next():
            line, fields, body = got
            if "realtime" in line:
                return self.tunnel(connection, fields["sec-websocket-key"], received.left)
            if "/files" in line:
                send_json(connection, {"id": "file", "bytes": len(body)})
                continue
            asked = json.loads(body)
            tokens = asked["max_tokens"]
            usage = {"prompt_tokens": 3, "completion_tokens": tokens, "total_tokens": tokens + 3}
            if not asked.get("stream"):
                send_json(connection, {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "".join(WORDS[:tokens])}}], "usage": usage})
                continue
            connection.sendall(EVENTS_FOLLOW)
            events = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in WORDS[:tokens]]
            events += [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, {"choices": [], "usage": usage}]
            for event in [json.dumps(each) for each in events] + ["[DONE]"]:
                connection.sendall(event_chunk(f"data: {event}"))
                time.sleep(0.001)
            connection.sendall(b"0\r\n\r\n")

    def tunnel(self, connection, key, left):
        accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        connection.sendall(f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        while True:
            while len(left) < 8 or len(left) < 8 + int.from_bytes(left[2:4], "big"):
                got = connection.recv(65536)
                if not got:
                    return
                left += got
            size, mask = int.from_bytes(left[2:4], "big"), left[4:8]
            connection.sendall(frame(masked(left[8:8 + size], mask)))
            left = left[8 + size:]


def frame(payload, mask=None):
    """A binary WebSocket frame with a length of 16 bits (RFC 6455 section 5.2); a client's is masked."""
    head = b"\x82" + bytes([126 | (0x80 if mask else 0)]) + len(payload).to_bytes(2, "big")
    return head + (mask + masked(payload, mask) if mask else payload)


def masked(payload, mask):
    size = len(payload)
    return (int.from_bytes(payload, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")).to_bytes(size, "big")


class Counted(Reader):
    """Knows how many bytes came."""

    def __init__(self, sock):
        super().__init__(sock)
        self.came = 0

    def more(self):
        before = len(self.left)
        there = super().more()
        self.came += len(self.left) - before
        return there


class Soak(unittest.TestCase):
    def conf(self):
        a, b = self.providers
        return f"""listeners:
  - address: "127.0.0.1:0"
  - {{address: "localhost:0", tls: {{certificate: {self.authority.path("server.pem")}, private_key: {self.authority.path("server.key")}}}}}
admin: {{address: "127.0.0.1:0"}}
workers: 2
pools:
  main:
    retry: {{attempts: 5, backoff: 20ms, budget: 100%}}
    ejection: {{consecutive_failures: 3, base: 200ms, max: 500ms}}
    upstreams:
      - {{name: a, url: "{a.url}/v1"}}
      - {{name: b, url: "{b.url}/v1"}}
keys:
  - {{name: soak, secret: sk-soak, endpoints: [chat, files, realtime], budgets: [{{usd: 1000000, every: 30d}}]}}
prices: prices.yaml
state: {{ledger: ledger.db, shared: "unix://{self.store.path}"}}
log: {{access: access.log}}
"""

    def setUp(self):
        self.authority = Authority()
        self.authority.issue("server")
        self.context = self.authority.client_context()
        self.providers = [Provider(), Provider()]
        self.store = Store()
        self.addCleanup(self.store.stop)
        self.weir = Weir(self.conf(), files={"prices.yaml": "models: {m: {input: 1.00, output: 2.00}}\n"}, command=["/bin/sh", "-c", 'LD_PRELOAD="$1" WEIR_FAULTS=$PWD/faults; export LD_PRELOAD WEIR_FAULTS; shift; exec "$@"', "sh", SHIM])
        self.over, self.lock = threading.Event(), threading.Lock()
        self.seen, self.whole, self.number = Counter(), {}, 0

    def text(self, kind, request_id, tokens):
        head = f"Host: h\r\nAuthorization: Bearer sk-soak\r\nx-request-id: {request_id}\r\n"
        if kind == "tunnel":
            key = base64.b64encode(os.urandom(16)).decode()
            return (f"GET /v1/realtime?model=m HTTP/1.1\r\n{head}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode()
        if kind == "upload":
            body = os.urandom(random.randrange(1, 400_000))
            return f"POST /v1/files HTTP/1.1\r\n{head}Content-Type: application/octet-stream\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        body = json.dumps({"model": "m", "stream": kind in ("stream", "leave"), "max_tokens": tokens, "messages": [{"role": "user", "content": "x" * random.choice((10, 1000, 60000))}]}).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\n{head}Content-Type: application/json\r\n"
        if kind == "unary":
            return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 7001]), body[i:i + 7001]) for i in range(0, len(body), 7001))
        return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\n\r\n"

    def one(self, sock, reader, kind, request_id):
        tokens = random.randrange(1, len(WORDS))
        text = self.text(kind, request_id, tokens)
        before = reader.came - len(reader.left)
        try:
            sock.sendall(text)
        except OSError:
            return "cut"
        if kind == "leave":
            reader.line()
            return "left"
        if kind == "tunnel":
            if not (reader.line() or b"").startswith(b"HTTP/1.1 101"):
                return "refused"
            while reader.line():
                pass
            for _ in range(5):
                payload = os.urandom(random.randrange(126, 5000))
                sock.sendall(frame(payload, os.urandom(4)))
                echo = frame(payload)
                while len(reader.left) < len(echo):
                    if not reader.more():
                        return "cut"
                if reader.left != echo:
                    return "wrong"
                reader.left = b""
            return "tunnelled"
        got = reader.answer()
        if got.status >= 400 and got.end == "whole":
            return "refused"
        if got.status != 200 or got.end != "whole":
            return got.end
        if kind == "stream" and not (got.body.endswith(b"data: [DONE]\n\n") and got.body.count(b"word") == tokens):
            return "cut" if b"stream_interrupted" in got.body else "wrong"
        with self.lock:
            self.whole[request_id] = (None if kind == "upload" else tokens, reader.came - len(reader.left) - before, len(text))
        return "whole"

    def client(self, at):
        sock = None
        kinds = ["unary"] * 4 + ["stream"] * 4 + ["upload", "leave", "tunnel"]
        while not self.over.is_set():
            with self.lock:
                self.number += 1
                request_id = f"soak-{self.number}"
            kind = random.choice(kinds)
            try:
                if sock is None:
                    tls = at % 3 == 0
                    sock = connect(self.weir.urls[1 if tls else 0], 20, self.context if tls else None)
                    reader = Counted(sock)
                outcome = self.one(sock, reader, kind, request_id)
            except OSError as e:
                outcome = "late" if isinstance(e, TimeoutError) else "cut"
            with self.lock:
                self.seen[outcome] += 1
            if outcome != "whole" or random.random() < 0.05:
                if sock:
                    sock.close()
                sock = None
        if sock:
            sock.close()

    def strike(self, text):
        path = os.path.join(self.weir.folder, "faults")
        with open(path + ".new", "w") as f:
            f.write(text + "\n")
        os.replace(path + ".new", path)

    def test_memory_is_flat_and_everything_is_accounted_for(self):
        threads = [threading.Thread(target=self.client, args=(at,)) for at in range(CLIENTS)]
        for each in threads:
            each.start()
        began, end, memory, step = time.monotonic(), time.monotonic() + SECONDS, [], 0
        reloads = restarts = strikes = stores = 0
        while time.monotonic() < end:
            time.sleep(min(1.0, SECONDS / 40))
            step += 1
            memory.append((time.monotonic() - began, memory_kib(self.weir.pid)))
            self.assertIsNone(self.weir.process.poll(), self.weir.err()[-3000:])
            self.strike(FAULTS[strikes % len(FAULTS)] if step % 2 else "")
            strikes += step % 2
            if step % 3 == 0:
                self.weir.signal(1)
                reloads += 1
            if step % 11 == 5:
                self.store.stop()
            if step % 11 == 8:
                self.store.start()
                stores += 1
            if step % 7 == 0:
                self.providers[restarts % 2].restart()
                restarts += 1
        self.strike("")
        self.over.set()
        for each in threads:
            each.join(60)
            self.assertFalse(each.is_alive())
        text = at_rest(self.weir, 30)
        last = memory_kib(self.weir.pid)
        self.assertEqual({each for each in self.seen} - {"whole", "refused", "cut", "reset", "left", "tunnelled"}, set(), self.seen)
        share = (self.seen["whole"] + self.seen["tunnelled"] + self.seen["left"]) / sum(self.seen.values())
        self.assertGreater(share, 0.95, self.seen)
        # Flat: the last third needs no more than what the first third had come to need, and a little for what is cached.
        third = SECONDS / 3
        early = max(kib for when, kib in memory if when < third)
        late = max(kib for when, kib in memory if when > 2 * third)
        self.assertLess(late, early * 1.1 + 8 * 1024, memory)
        self.assertEqual(metric(text, "weir_log_dropped_total"), 0)
        descriptors = metric(text, "process_open_fds")
        self.weir.signal(15)
        self.assertEqual(self.weir.process.wait(30), 0)
        self.account(text)
        requests = sum(self.seen.values())
        figures("soak" if SECONDS < 300 else "long soak",
                f"{SECONDS:.0f} s, {requests} requests ({self.seen['whole']} whole, {self.seen['tunnelled']} tunnels, {self.seen['left']} left by their clients, {self.seen['refused']} refused, "
                f"{self.seen['cut'] + self.seen['reset']} cut by restarts of providers), {reloads} reloads, {restarts} restarts of providers, {stores} of the store of shared limits, {strikes} faults: memory at most {early / 1024:.0f} MiB in the first third, "
                f"{late / 1024:.0f} MiB in the last, {last / 1024:.0f} MiB at rest; {descriptors:.0f} descriptors open at the end; all gauges at zero; bytes and tokens of every whole request as its client counted them.")
        self.assertEqual(self.weir.stop(), 0)

    def account(self, metrics):
        """Log, ledger and clients agree about every request that a client had whole."""
        logged, torn = {}, 0
        with open(os.path.join(self.weir.folder, "access.log")) as f:
            for line in f:
                try:
                    entry = json.loads(line)
                    logged[entry["request_id"]] = entry
                except ValueError:
                    torn += 1
        with sqlite3.connect(os.path.join(self.weir.folder, "ledger.db")) as db:
            rows = dict((each[0], each[1:]) for each in db.execute("select request_id, output_tokens, cost_nanousd, key, estimated from requests"))
        wrong, unlogged = [], 0
        for request_id, (tokens, came, sent) in self.whole.items():
            row = rows.get(request_id)
            # To the cent; but where an attempt before it was sent whole and broke, its estimate comes on top, and is marked.
            exact = None if tokens is None else 3 * 1000 + tokens * 2000
            paid = row is not None and (exact is None or row[1] == exact or (row[1] > exact and row[3]))
            if not paid or row[2] != "soak" or (tokens is not None and row[0] != tokens):
                wrong.append((request_id, "ledger", row, tokens))
            entry = logged.get(request_id)
            if entry is None:
                unlogged += 1  # its line met a full disk
            elif entry["bytes_out"] != came or entry["status"] != 200:
                wrong.append((request_id, "log", entry["bytes_out"], came))
        self.assertEqual(wrong[:5], [])
        self.assertLess(unlogged, 0.2 * len(self.whole))
        self.assertEqual(torn, 0)


if __name__ == "__main__":
    main()
