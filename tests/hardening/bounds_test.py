"""Attacks on weir's memory and patience. Each is measured against the bound that deploy/guide/reference/memory.md states, and while it lasts somebody else is served."""
import os
import re
import socket
import ssl
import struct
import subprocess
import threading
import time
import unittest

from support import Authority, Reader, Received, Upstream, Weir, ask, at_rest, chat, connect, exchange, figures, main, many_descriptors, memory_kib, metric, port_of, request, wait_until

MIB = 1024  # in KiB

# deploy/guide/reference/memory.md: base, each plain connection, each TLS connection, each request or stream in flight.
BASE, PLAIN, TLS, STREAM = 64 * MIB, 24, 64, 96


class Provider:
    """What the attacks need of a provider, by path: /v1/endless/events, /v1/endless/event, /v1/endless/bytes; anything else gets a short answer."""

    def __init__(self):
        self.upstream = Upstream(self.serve)
        self.url = self.upstream.url

    def serve(self, connection, _):
        received = Received(connection)
        while got := received.next():
            path = got[0].split(" ")[1]
            events = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
            if path.startswith("/v1/endless/events") or b'"endless"' in got[2]:
                connection.sendall(events)
                piece = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"word " * 20 + b'"}}]}\n\n'
                while True:
                    connection.sendall(piece * 100)
            if path.startswith("/v1/endless/event") or b'"one-event"' in got[2]:
                connection.sendall(events + b"data: ")
                while True:
                    connection.sendall(b"x" * 65536)
            if path.startswith("/v1/endless/bytes"):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n")
                while True:
                    connection.sendall(b"x" * 65536)
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}')


class Bounds(unittest.TestCase):
    rows = []

    @classmethod
    def setUpClass(cls):
        cls.descriptors = many_descriptors()
        cls.provider = Provider()
        cls.authority = Authority()
        cls.authority.issue("server")
        cls.weir = Weir(f"""listeners:
  - address: "127.0.0.1:0"
  - {{address: "localhost:0", tls: {{certificate: {cls.authority.path("server.pem")}, private_key: {cls.authority.path("server.key")}}}}}
admin: {{address: "127.0.0.1:0"}}
workers: 2
limits: {{head_timeout: 4s, body_timeout: 2s, keepalive_timeout: 60s, event: 256KiB, request_body: 16MiB, buffered_bodies: 64MiB}}
pools: {{main: {{ejection: {{consecutive_failures: 1000000}}, timeouts: {{idle: 5s}}, upstreams: [{{url: "{cls.provider.url}/v1"}}]}}}}
state: {{ledger: "off"}}
log: {{access: "off"}}
""")
        cls.plain, cls.tls = cls.weir.urls

    @classmethod
    def tearDownClass(cls):
        code = cls.weir.stop()
        assert code == 0, code
        figures("attacks", "| attack | connections | memory before, MiB | at its most, MiB | bound, MiB | somebody else's request, at worst, ms |\n|---|---:|---:|---:|---:|---:|\n" +
                "\n".join(f"| {name} | {count} | {before / MIB:.0f} | {most / MIB:.0f} | {bound / MIB:.0f} | {worst * 1000:.0f} |" for name, count, before, most, bound, worst in cls.rows))

    def under(self, name, bound_kib, attack, served_within=2.0):
        """Runs `attack(hold)`; `hold()` is called while it is at its height. Memory stays under the bound and others are served all the while."""
        pid, most, worst, over = self.weir.pid, [0], [0.0], threading.Event()
        before = memory_kib(pid)

        def watch():
            while not over.wait(0.01):
                most[0] = max(most[0], memory_kib(pid))

        def others():
            while not over.wait(0.05):
                asked = time.monotonic()
                got = exchange(self.plain, request("GET", "/v1/a"))
                worst[0] = max(worst[0], time.monotonic() - asked)
                self.assertEqual((got.status, got.body), (200, b'{"ok":true}'), name)
                self.assertEqual(self.weir.get("/healthz")[0], 200)

        failed = []

        def guarded(what):
            try:
                what()
            except Exception as e:  # noqa: BLE001, told below
                failed.append(e)

        threads = [threading.Thread(target=guarded, args=(each,)) for each in (watch, others)]
        for each in threads:
            each.start()
        try:
            count = attack()
        finally:
            over.set()
            for each in threads:
                each.join()
        self.assertEqual(failed, [], name)
        self.rows.append((name, count, before, most[0], bound_kib, worst[0]))
        self.assertLess(most[0], bound_kib, name)
        self.assertLess(worst[0], served_within, name)

    def hold(self, sockets, seconds=0.5):
        time.sleep(seconds)
        for each in sockets:
            each.close()
        return len(sockets)

    def test_idle_connections_as_many_as_there_may_be(self):
        # What else this process has open, and what weir keeps for itself.
        count = min(20000, self.descriptors) - 1200
        usual = self.weir, self.plain
        self.__class__.weir = Weir(f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
workers: 2
limits: {{head_timeout: 60s}}
pools: {{main: {{upstreams: [{{url: "{self.provider.url}/v1"}}]}}}}
state: {{ledger: "off"}}
log: {{access: "off"}}
""")
        self.__class__.plain = self.weir.url

        def attack():
            sockets = []
            for _ in range(count):
                sockets.append(socket.create_connection(("127.0.0.1", port_of(self.plain)), 10))
            wait_until(lambda: metric(self.weir.metrics(), "weir_connections") > 0.98 * count, 10)
            return self.hold(sockets)

        try:
            self.under("idle connections", BASE + count * PLAIN, attack)
            at_rest(self.weir)
        finally:
            self.assertEqual(self.weir.stop(), 0)
            self.__class__.weir, self.__class__.plain = usual

    def test_ten_thousand_connections_in_a_second(self):
        def attack():
            count, began = 10000, time.monotonic()
            address, gone = ("127.0.0.1", port_of(self.plain)), struct.pack("ii", 1, 0)
            for _ in range(count):
                each = socket.create_connection(address)
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, gone)
                each.close()
            self.assertLess(time.monotonic() - began, 10)
            return count

        self.under("10,000 connections, opened and reset", BASE + 4096 * PLAIN, attack)
        at_rest(self.weir)

    def test_more_connections_than_limits_allow_are_told_so_and_idle_ones_make_room(self):
        weir = Weir(f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
workers: 1
limits: {{connections: 40}}
pools: {{main: {{upstreams: [{{url: "{self.provider.url}/v1"}}]}}}}
state: {{ledger: "off"}}
log: {{access: "off"}}
""")
        held = [connect(weir.url) for _ in range(40)]
        wait_until(lambda: metric(weir.metrics(), "weir_connections") == 40)
        got = exchange(weir.url, request("GET", "/v1/a"))
        self.assertEqual((got.status, got.fields["retry-after"], got.fields["connection"]), (503, "1", "close"))
        self.assertIn(b"overloaded", got.body)
        self.assertGreaterEqual(metric(weir.metrics(), "weir_rejections_total", 'code="overloaded"'), 1)
        time.sleep(1.2)
        # Those that were idle for a second are closed, the longest idle first, for who asks something.
        for _ in range(3):
            self.assertEqual(exchange(weir.url, request("GET", "/v1/a")).status, 200)
        held[0].settimeout(2)
        self.assertEqual(held[0].recv(1), b"")
        held[30].settimeout(0.1)
        with self.assertRaises(TimeoutError):
            held[30].recv(1)
        for each in held:
            each.close()
        at_rest(weir)
        self.assertEqual(weir.stop(), 0)

    def test_slow_heads(self):
        def attack():
            sockets = [connect(self.plain) for _ in range(1500)]
            for each in sockets:
                each.sendall(b"POST /v1/a HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 1000)
            end = time.monotonic() + 5.5
            refused = 0
            while time.monotonic() < end:
                for each in sockets:
                    try:
                        each.sendall(b"a")
                    except OSError:
                        pass
                time.sleep(0.3)
            for each in sockets:
                each.settimeout(1)
                got = Reader(each).answer()
                refused += got.status == 408 or got.end == "reset"
            self.assertEqual(refused, len(sockets))
            return self.hold(sockets, 0)

        self.under("heads, byte by byte", BASE + 1500 * PLAIN, attack)
        at_rest(self.weir)

    def test_slow_bodies(self):
        def attack():
            sockets = [connect(self.plain) for _ in range(1000)]
            for each in sockets:
                each.sendall(b"POST /v1/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16777216\r\n\r\n" + b"x" * 100)
            time.sleep(0.5)
            # What was announced and not sent takes nobody's room: another's large body is served.
            got = exchange(self.plain, request("POST", "/v1/a", b"y" * 8_000_000))
            self.assertEqual(got.status, 200, got.body)
            late = 0
            for each in sockets:
                each.settimeout(5)
                late += Reader(each).answer().status in (408, 503)
            self.assertEqual(late, len(sockets))
            return self.hold(sockets, 0)

        self.under("large bodies announced, not sent", BASE + 1000 * (PLAIN + STREAM) + 64 * MIB, attack)
        at_rest(self.weir)

    def test_more_bodies_than_may_be_held(self):
        def attack():
            sockets = [connect(self.plain) for _ in range(20)]
            part, statuses = b"x" * 7_900_000, []

            def push(each):
                try:
                    each.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\n" + b'{"model":"m","messages":[],"x":"' + part)
                    time.sleep(0.5)
                    each.sendall(b"y" * (8_000_000 - 32 - len(part) - 2) + b'"}')
                except OSError:
                    pass
                got = Reader(each).answer()
                statuses.append(got.status)

            threads = [threading.Thread(target=push, args=(each,)) for each in sockets]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
            # Some fit, the others were told to come again; a few may have lost the answer to their own flood.
            self.assertGreaterEqual(statuses.count(200), 4, statuses)
            self.assertGreaterEqual(statuses.count(503) + statuses.count(0), 4, statuses)
            return self.hold(sockets, 0)

        self.under("160 MB of bodies at once, of which 64MiB may be held", BASE + 20 * (PLAIN + STREAM) + 64 * MIB + 32 * MIB, attack)
        at_rest(self.weir)

    def test_slow_readers(self):
        def attack():
            sockets = []
            for at in range(200):
                each = connect(self.plain)
                each.sendall(request("GET", "/v1/endless/bytes") if at % 2 else request("POST", "/v1/chat/completions", chat("endless", True)))
                sockets.append(each)
            wait_until(lambda: metric(self.weir.metrics(), "weir_upstream_in_flight") >= 200)
            return self.hold(sockets, 2)

        # The provider that pushes to all of them shares a thread's lock with who measures.
        self.under("endless answers that nobody reads", BASE + 200 * (PLAIN + STREAM), attack, 6)
        at_rest(self.weir)

    def test_endless_answers_that_are_read(self):
        def attack():
            got = [0] * 4

            def read(at):
                with connect(self.plain) as each:
                    each.sendall(request("GET", "/v1/endless/bytes") if at % 2 else request("POST", "/v1/chat/completions", chat("endless", True)))
                    end = time.monotonic() + 2
                    while time.monotonic() < end:
                        got[at] += len(each.recv(1 << 20))

            threads = [threading.Thread(target=read, args=(at,)) for at in range(4)]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
            self.assertGreater(min(got), 1_000_000)
            return 4

        self.under("endless answers, read", BASE + 4 * (PLAIN + STREAM), attack)
        at_rest(self.weir)

    def test_an_event_without_end(self):
        def attack():
            for _ in range(20):
                got = exchange(self.plain, request("POST", "/v1/chat/completions", chat("one-event", True)), "POST")
                self.assertTrue(got.status >= 500 or got.end != "whole", (got.status, got.end))
                self.assertLess(len(got.body), 2 * 256 * 1024)
            return 20

        self.under("events without an end, limits.event 256KiB", BASE + 4 * (PLAIN + STREAM + 2 * 256), attack, 5)
        at_rest(self.weir)

    def test_pipelined_requests_whose_answers_are_not_read(self):
        def attack():
            each = connect(self.plain)
            each.setblocking(False)
            sent, text, end = 0, request("GET", "/v1/a") * 1000, time.monotonic() + 2
            while time.monotonic() < end:
                try:
                    sent += each.send(text)
                except BlockingIOError:
                    time.sleep(0.01)
            self.assertGreater(sent, 100_000)
            return self.hold([each], 0)

        self.under("one connection's pipeline, answers not read", BASE + PLAIN + STREAM, attack)
        at_rest(self.weir)

    def test_tls_handshakes_that_do_not_end(self):
        context = self.authority.client_context()
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        half = context.wrap_bio(into, out, server_hostname="localhost")
        try:
            half.do_handshake()
        except ssl.SSLWantReadError:
            pass
        hello = out.read()

        def attack():
            sockets = [connect(self.tls) for _ in range(1500)]
            for at, each in enumerate(sockets):
                each.sendall(hello if at % 3 else hello[:50] if at % 2 else os.urandom(300))
            got = exchange(self.tls, request("GET", "/v1/a"), tls=context)
            self.assertEqual(got.status, 200)
            # Whatever they wait for, they are closed within head_timeout.
            wait_until(lambda: metric(self.weir.metrics(), "weir_connections", 'listener="localhost:0"') == 0, 8, 0.1)
            return self.hold(sockets, 0)

        self.under("TLS handshakes that stop half way", BASE + 1500 * TLS, attack)
        at_rest(self.weir)

    def test_tls_handshakes_one_after_another(self):
        def attack():
            context, count, end = self.authority.client_context(), 0, time.monotonic() + 1.5
            while time.monotonic() < end:
                connect(self.tls, tls=context).close()
                count += 1
            return count

        self.under("whole TLS handshakes, one after another", BASE + 64 * TLS, attack)
        at_rest(self.weir)

    def test_idle_tls_connections(self):
        def attack():
            context, sockets = self.authority.client_context(), []
            for _ in range(1000):
                sockets.append(connect(self.tls, tls=context, session=sockets[0].session if sockets else None))
            return self.hold(sockets)

        self.under("idle TLS connections", BASE + 1000 * TLS, attack)
        at_rest(self.weir)

    def test_tls_renegotiation_is_refused(self):
        done = subprocess.Popen(["openssl", "s_client", "-connect", f"localhost:{port_of(self.tls)}", "-tls1_2", "-CAfile", self.authority.path("ca.pem")],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        time.sleep(0.3)
        done.stdin.write(b"R\n")
        done.stdin.flush()
        out = done.communicate(timeout=10)[0].decode()
        self.assertIn("RENEGOTIATING", out)
        self.assertRegex(out, "no renegotiation|handshake failure|unexpected message|errno|closed")
        self.assertNotRegex(out.split("RENEGOTIATING")[1], "verify return:1")

    def test_old_tls_is_refused(self):
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            context = self.authority.client_context()
            with self.assertRaises((ssl.SSLError, OSError)):
                context.minimum_version = context.maximum_version = version
                context.set_ciphers("ALL:@SECLEVEL=0")
                connect(self.tls, tls=context)

    def test_names_that_clients_make_up_take_no_room(self):
        series = lambda: len(self.weir.metrics().splitlines())  # noqa: E731
        exchange(self.plain, request("POST", "/v1/chat/completions", chat("model-0")))
        before = series()
        with connect(self.plain) as sock:
            reader = Reader(sock)
            for at in range(1500):
                sock.sendall(request("POST", f"/v1/chat/completions?{at}", chat(f"model-{at}"), [f"X-Made-Up-{at}: {at}", f"x-request-id: r{at}", f"Authorization: Bearer {at}"]))
                self.assertEqual(reader.answer().status, 200)
        self.assertLessEqual(series(), before + 2)


class Descriptors(unittest.TestCase):
    def test_when_there_are_none_left_what_is_open_is_served_and_later_new_ones_are(self):
        provider = Provider()
        weir = Weir(f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
workers: 1
pools: {{main: {{ejection: {{consecutive_failures: 2}}, retry: {{attempts: 2}}, upstreams: [{{url: "{provider.url}/v1"}}]}}}}
state: {{ledger: "off"}}
log: {{access: "off"}}
""", command=["/bin/sh", "-c", "ulimit -n 160; exec \"$@\"", "sh"])
        self.assertRegex(weir.err(), "may open 160 files")
        with connect(weir.url) as kept:
            reader = Reader(kept)
            kept.sendall(request("GET", "/v1/a"))
            self.assertEqual(reader.answer().status, 200)
            streams = []
            # Each takes two descriptors: they run out long before connections do.
            for _ in range(75):
                each = connect(weir.url)
                each.sendall(request("GET", "/v1/endless/bytes"))
                streams.append(each)
            time.sleep(0.5)
            for each in streams:
                each.settimeout(0.2)
            got = [Reader(each) for each in streams]

            def first_line(reader):
                try:
                    return reader.line()
                except OSError:
                    return None  # closed at once, or not accepted yet: it waits in the kernel's queue

            heads = [first_line(each) for each in got]
            self.assertGreater(sum(b" 200 " in (each or b"") for each in heads), 40)
            told = [each for each in heads if each and b" 200 " not in each]
            self.assertTrue(all(b" 503 " in each for each in told), told)
            # What is open goes on, and who watches is answered.
            self.assertGreater(len(next(each for each, head in zip(got, heads) if b" 200 " in (head or b"")).sock.recv(1000)), 0)
            for path in ("/healthz", "/metrics"):
                self.assertEqual(weir.get(path)[0], 200)
            # It was this machine's lack: the upstream is neither ejected nor down.
            self.assertEqual(metric(weir.metrics(), "weir_upstream_ejected"), 0)
            for each in streams:
                each.close()
            wait_until(lambda: exchange(weir.url, request("GET", "/v1/a")).status == 200, 5)
        at_rest(weir)
        self.assertEqual(weir.stop(), 0)

    def test_more_connections_than_descriptors_are_refused_and_forgotten(self):
        # One worker: each makes room among its own idle connections only, and which worker accepts is the kernel's choice.
        provider = Provider()
        weir = Weir(f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
workers: 1
pools: {{main: {{upstreams: [{{url: "{provider.url}/v1"}}]}}}}
state: {{ledger: "off"}}
log: {{access: "off"}}
""", command=["/bin/sh", "-c", "ulimit -n 128; exec \"$@\"", "sh"])
        sockets = [connect(weir.url) for _ in range(400)]
        time.sleep(1.3)
        # Idle ones make room: who asks is served, or sent away while those that waited in the kernel's queue are still fresh.
        self.assertIn(exchange(weir.url, request("GET", "/v1/a")).status, (0, 200, 503))
        wait_until(lambda: exchange(weir.url, request("GET", "/v1/a")).status == 200, 5, 0.2)
        for _ in range(20):
            self.assertEqual(exchange(weir.url, request("GET", "/v1/a")).status, 200)
        self.assertEqual(weir.get("/metrics")[0], 200)
        self.assertLess(float(re.search(r"^process_open_fds (\S+)", weir.metrics(), re.M).group(1)), 128)
        for each in sockets:
            each.close()
        at_rest(weir)
        self.assertEqual(weir.stop(), 0)


class Overload(unittest.TestCase):
    def test_what_cannot_be_served_in_time_is_refused_at_once(self):
        """One worker, and bodies that take long to read through: its loop falls behind."""
        provider = Provider()
        weir = Weir(f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
workers: 1
limits: {{event_loop_delay: 30ms}}
pools: {{main: {{upstreams: [{{url: "{provider.url}/v1"}}]}}}}
state: {{ledger: "off"}}
log: {{access: "off"}}
""")
        body = '{"model":"m","messages":[{"role":"user","content":"' + "a\\n" * 700_000 + '"}]}'
        text = request("POST", "/v1/chat/completions", body)
        statuses, retry, lock, end = [], set(), threading.Lock(), time.monotonic() + 4

        def client():
            while time.monotonic() < end:
                got = exchange(weir.url, text, limit=20)
                with lock:
                    statuses.append(got.status)
                    if got.status == 503:
                        retry.add(got.fields.get("retry-after"))

        threads = [threading.Thread(target=client) for _ in range(40)]
        for each in threads:
            each.start()
        worst, delay = 0.0, 0.0
        while time.monotonic() < end:
            asked = time.monotonic()
            self.assertEqual(weir.get("/healthz")[0], 200)
            delay = max(delay, metric(weir.metrics(), "weir_event_loop_delay_seconds"))
            worst = max(worst, time.monotonic() - asked)
            time.sleep(0.1)
        for each in threads:
            each.join()
        served, refused = statuses.count(200), statuses.count(503)
        self.assertGreater(served, 0)
        self.assertGreater(refused, 0, f"served {served}, worst delay {delay}")
        self.assertEqual(retry, {"1"})
        self.assertLess(worst, 3)
        self.assertGreater(delay, 0.03)
        # Once it is over, everything is served again.
        wait_until(lambda: exchange(weir.url, request("GET", "/v1/a")).status == 200, 5)
        self.assertEqual(exchange(weir.url, text).status, 200)
        figures("overload", f"With `event_loop_delay: 30ms`, one worker and forty clients sending 1.4 MB at once: {served} served, {refused} refused with 503 and `Retry-After: 1`, "
                            f"loop delay at most {delay * 1000:.0f} ms, `/healthz` and `/metrics` together at most {worst * 1000:.0f} ms.")
        self.assertEqual(weir.stop(), 0)


if __name__ == "__main__":
    main()
