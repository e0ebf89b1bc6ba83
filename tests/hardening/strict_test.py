"""Strict HTTP/1.1 in both directions against the real binary: every vector whole and in pieces, over TCP and over TLS."""
import json
import os
import random
import socket
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import request_vectors
import response_vectors
from support import HERE, Authority, Reader, Received, Upstream, Weir, connect, figures, main, metric

THREADS = 24
LONG = 1500  # longer vectors, which are about size, are cut in a few places only


def shared_vectors(direction):
    with open(os.path.join(HERE, "..", "data", "http_vectors.json")) as f:
        return [v for v in json.load(f) if v["dir"] == direction]


# The names by which the vectors call weir: without keys it answers to no others on loopback.
HOSTS = '[a, b, h, my_service.local, evil.example, "2001:db8::1"]'

class Recorder:
    """An upstream that answers everything with 200 and keeps what it was asked."""

    def __init__(self):
        self.asked, self.lock = [], threading.Lock()
        self.upstream = Upstream(self.serve)

    def serve(self, connection, _):
        received = Received(connection)
        while got := received.next():
            with self.lock:
                self.asked.append(got)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.recorder = Recorder()
        cls.authority = Authority()
        cls.authority.issue("server")
        cls.context = cls.authority.client_context()
        cls.weir = Weir(f"""listeners:
  - {{address: "127.0.0.1:0", hosts: {HOSTS}}}
  - {{address: "127.0.0.1:0 ", hosts: {HOSTS}, tls: {{certificate: {cls.authority.path("server.pem")}, private_key: {cls.authority.path("server.key")}}}}}
admin: {{address: "127.0.0.1:0"}}
workers: 2
limits: {{head_timeout: 3s, body_timeout: 3s, keepalive_timeout: 10s}}
pools: {{main: {{upstreams: [{{url: "{cls.recorder.upstream.url}/v1"}}]}}}}
state: {{ledger: "off"}}
log: {{access: "off"}}
""".replace("127.0.0.1:0 ", "localhost:0"))

    @classmethod
    def tearDownClass(cls):
        code = cls.weir.stop()
        cls.recorder.upstream.stop()
        assert code == 0, code

    def talk(self, pieces, answers, tls, session):
        """The statuses that come back, and whether the connection was ended by weir. `answers`: how many are expected; None: until the end."""
        url = self.weir.urls[1 if tls else 0]
        statuses, ended = [], False
        with connect(url, 8, self.context if tls else None, session) as sock:
            reader = Reader(sock)
            try:
                for at, piece in enumerate(pieces):
                    if at and len(pieces) < 5:
                        time.sleep(0.001)
                    sock.sendall(piece)
            except OSError:
                pass  # refused before it was all sent
            to_head = b"".join(pieces[:5]).startswith(b"HEAD ")
            while answers is None or len(statuses) < answers:
                got = reader.answer("HEAD" if to_head and not statuses else "GET")
                if got.status == 0:
                    ended = got.end in ("cut", "reset")
                    break
                statuses.append(got.status)
            else:
                # One more than there should be would come at once.
                sock.settimeout(0.003)
                got = reader.answer()
                if got.status:
                    statuses.append(got.status)
        return statuses, ended

    def pieces_of(self, raw, everywhere):
        yield [raw]
        if len(raw) <= LONG:
            yield [raw[i:i + 1] for i in range(len(raw))]
        cuts = range(1, len(raw)) if everywhere and len(raw) <= LONG else random.Random(raw).sample(range(1, len(raw)), min(6, len(raw) - 1))
        for cut in cuts:
            yield [raw[:cut], raw[cut:]]

    def run_vectors(self, vectors, tls, everywhere):
        """vectors: (name, bytes, statuses-are-right, answers). Returns how many ways of cutting were tried."""
        session = None
        if tls:
            with connect(self.weir.urls[1], 5, self.context) as first:
                first.sendall(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
                Reader(first).answer()
                session = first.session
        jobs = [(name, pieces, right, answers) for name, raw, right, answers in vectors for pieces in self.pieces_of(raw, everywhere)]
        wrong = []

        def run(job):
            name, pieces, right, answers = job
            statuses, ended = self.talk(pieces, answers, tls, session)
            if not right(statuses, ended):
                wrong.append((name, [len(p) for p in pieces][:4], statuses, ended))

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(run, jobs))
        self.assertEqual(wrong[:10], [])
        return len(jobs)

    @staticmethod
    def refused(statuses, ended):
        return len(statuses) == 1 and 400 <= statuses[0] < 600 and statuses[0] != 404 and ended

    def shared(self):
        for v in shared_vectors("request"):
            raw = bytes.fromhex(v["bytes_hex"])
            if v["expect"] == "reject-400":
                yield v["name"], raw, self.refused, None
            elif v["expect"] == "accept":
                count = v["messages"]
                yield v["name"], raw, lambda statuses, _, n=count: len(statuses) == n and all(s in (200, 404) for s in statuses), count
            elif v.get("messages") == 1:
                yield v["name"], raw, lambda statuses, ended: statuses in ([200], [404]) and ended, None
            # The rest are messages that never come whole: see below.

    def own(self):
        for name, raw, verdict in request_vectors.VECTORS:
            if verdict == request_vectors.REFUSE:
                yield name, raw, self.refused, None
            else:
                yield name, raw, lambda statuses, _, n=verdict: statuses == [200] * n, verdict

    def test_every_request_is_served_or_refused_as_it_should_be_however_it_is_cut(self):
        shared, own = list(self.shared()), list(self.own())
        self.assertEqual(len(shared), 137 - 3)
        self.assertGreater(len(own), 300)
        rows = [("tests/data/http_vectors.json", "TCP", len(shared), self.run_vectors(shared, False, True)),
                ("tests/data/http_vectors.json", "TLS", len(shared), self.run_vectors(shared, True, False)),
                ("tests/hardening/request_vectors.py", "TCP", len(own), self.run_vectors(own, False, False)),
                ("tests/hardening/request_vectors.py", "TLS", len(own), self.run_vectors(own, True, False))]
        for line, fields, _ in self.recorder.asked:
            self.assertNotIn("smuggled", line)
            self.assertEqual(fields["host"], f"127.0.0.1:{self.recorder.upstream.port}")
        figures("requests", "| requests | over | vectors | connections (each vector whole, byte by byte, cut in two) | as expected |\n|---|---|---:|---:|---:|\n" +
                "\n".join(f"| `{what}` | {over} | {count} | {tried} | {tried} |" for what, over, count, tried in rows))

    def test_a_message_that_never_comes_whole_goes_nowhere(self):
        for v in shared_vectors("request"):
            if v["expect"] != "close" or v.get("messages") == 1:
                continue
            before = len(self.recorder.asked)
            for half_close in (True, False):
                with connect(self.weir.url, 8) as sock:
                    sock.sendall(bytes.fromhex(v["bytes_hex"]))
                    if half_close:
                        sock.shutdown(socket.SHUT_WR)
                    got = Reader(sock).answer()
                    self.assertEqual(got.status, 0 if half_close else 408, v["name"])
            self.assertEqual(len(self.recorder.asked), before, v["name"])

    def test_what_reaches_the_upstream_is_written_anew(self):
        """Framing, Host and hop-by-hop fields are weir's own; an absolute target names no other host."""
        text = (b"POST http://evil.example:1/v1/anew HTTP/1.1\r\nHost: other.example\r\nConnection: x-hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: 9\r\nTE: trailers\r\n"
                b"Proxy-Authorization: Basic eA==\r\nTransfer-Encoding: chunked\r\nX-Kept: yes\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n")
        with connect(self.weir.url) as sock:
            sock.sendall(text)
            self.assertEqual(Reader(sock).answer().status, 200)
        line, fields, body = next(each for each in self.recorder.asked if "/anew" in each[0])
        self.assertEqual(line, "POST /v1/anew HTTP/1.1")
        self.assertEqual(fields["host"], f"127.0.0.1:{self.recorder.upstream.port}")
        self.assertEqual((fields["content-length"], body, fields["x-kept"]), ("5", b"abcde", "yes"))
        for gone in ("connection", "x-hop", "keep-alive", "te", "proxy-authorization", "transfer-encoding", "x-trailer"):
            self.assertNotIn(gone, fields)


class Responses(unittest.TestCase):
    def setUp(self):
        self.seen, self.vectors = {}, []
        self.upstream = Upstream(self.serve)
        self.weir = Weir(f"""listeners: [{{address: "127.0.0.1:0", hosts: {HOSTS}}}]
admin: {{address: "127.0.0.1:0"}}
workers: 1
pools:
  main:
    retry: {{attempts: 1}}
    ejection: {{consecutive_failures: 1000000}}
    timeouts: {{first_byte: 5s, idle: 2s}}
    upstreams: [{{url: "{self.upstream.url}/v1"}}]
state: {{ledger: "off"}}
log: {{access: "off"}}
""")

    def tearDown(self):
        self.assertEqual(self.weir.stop(), 0)
        self.upstream.stop()

    def serve(self, connection, number):
        received = Received(connection)
        while got := received.next():
            index, ping = got[0].split(" ")[1].split("/")[2:4]
            self.seen.setdefault(int(index), []).append((number, ping == "ping"))
            if ping == "ping":
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong")
                continue
            raw, then, sliced = self.vectors[int(index)]
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for i in range(0, len(raw), 1) if sliced else ():
                connection.sendall(raw[i:i + 1])
            if not sliced:
                connection.sendall(raw)
            if then == response_vectors.CLOSE:
                connection.shutdown(socket.SHUT_WR)

    def ask(self, index, method, raw, then, sliced):
        self.vectors.append((raw, then, sliced))
        with connect(self.weir.url, 8) as sock:
            sock.sendall(f"{method} /v1/{index}/x HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            got = Reader(sock).answer(method)
        # The next request shows whether the connection was kept, and must get its own answer, not what was left of this one.
        with connect(self.weir.url, 8) as sock:
            sock.sendall(f"GET /v1/{index}/ping HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            self.assertEqual(Reader(sock).answer().body, b"pong")
        seen = self.seen.get(index, [])
        return got, any(ping and (number, False) in seen for number, ping in seen)

    def judge(self, name, got, verdict):
        if verdict == response_vectors.REFUSE:
            self.assertEqual((got.status, got.end), (502, "whole"), name)
        elif verdict == response_vectors.CUT:
            self.assertTrue(got.end in ("cut", "reset") or got.status == 502, (name, got.status, got.end))
        else:
            self.assertTrue(200 <= got.status < 500 and got.end == "whole", (name, got.status, got.end))
            self.assertEqual(got.body, verdict, name)

    def test_what_an_upstream_says_wrongly_is_never_passed_on_as_right_nor_its_connection_used_again(self):
        reused, asked = 0, 0
        for sliced in (False, True):
            for name, method, raw, then, verdict, reuse in response_vectors.VECTORS:
                if sliced and len(raw) > LONG:
                    continue
                got, kept = self.ask(asked, method, raw, then, sliced)
                asked += 1
                self.judge(name, got, verdict)
                self.assertEqual(kept, reuse, name)
                reused += kept
        self.assertGreater(reused, 15)
        for v in shared_vectors("response"):
            context = v.get("context", "")
            if "idle" in v["name"] or "early" in v["name"]:
                continue  # below
            method = "HEAD" if "HEAD" in context else "GET"
            got, kept = self.ask(asked, method, bytes.fromhex(v["bytes_hex"]), response_vectors.CLOSE if "closes" in context else response_vectors.OPEN, False)
            asked += 1
            if v["expect"] == "accept" or v.get("messages") == 1:
                self.assertEqual(got.end, "whole", v["name"])
                self.assertLess(got.status, 500, v["name"])
            else:
                self.assertTrue(got.status == 502 or got.end in ("cut", "reset"), (v["name"], got.status, got.end))
            if v["expect"] == "close":
                self.assertFalse(kept, v["name"])
        figures("responses", f"| answers of upstreams | exchanges | as expected | connections used again that must not be |\n|---|---:|---:|---:|\n"
                             f"| `tests/data/http_vectors.json` and `tests/hardening/response_vectors.py`, whole and byte by byte | {asked} | {asked} | 0 |")

    def test_an_answer_that_nobody_asked_for_ends_the_idle_connection(self):
        got, _ = self.ask(0, "GET", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", response_vectors.OPEN, False)
        self.assertEqual(got.status, 200)
        idle = list(self.upstream.open)
        self.assertTrue(idle)
        for connection in idle:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        time.sleep(0.05)
        got, reused = self.ask(1, "GET", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood", response_vectors.OPEN, False)
        self.assertEqual(got.body, b"good")
        self.assertEqual(metric(self.weir.metrics(), "weir_upstream_connections"), 1)


class EarlyAnswers(unittest.TestCase):
    def test_a_connection_whose_request_was_answered_before_it_was_sent_is_not_used_again(self):
        numbers = []

        def serve(connection, number):
            while True:
                head = b""
                while b"\r\n\r\n" not in head:
                    got = connection.recv(1000)
                    if not got:
                        return
                    head += got
                numbers.append((number, b"early" in head))
                connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n")

        upstream = Upstream(serve)
        weir = Weir(f"""listeners: [{{address: "127.0.0.1:0", hosts: {HOSTS}}}]
admin: {{address: "127.0.0.1:0"}}
workers: 1
pools: {{main: {{upstreams: [{{url: "{upstream.url}/v1"}}]}}}}
state: {{ledger: "off"}}
log: {{access: "off"}}
""")
        with connect(weir.url) as sock:
            sock.sendall(b"POST /v1/early HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n" + b"x" * 8_000_000)
            self.assertEqual(Reader(sock).answer().status, 401)
        with connect(weir.url) as sock:
            sock.sendall(b"GET /v1/after HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(Reader(sock).answer().status, 401)
        first = [number for number, early in numbers if early]
        after = [number for number, early in numbers if not early]
        self.assertEqual((len(first), len(after)), (1, 1), numbers)
        self.assertNotEqual(first, after)
        self.assertEqual(weir.stop(), 0)
        upstream.stop()


if __name__ == "__main__":
    main()
