"""A new process takes over the listeners while the old one drains: nobody who asks meanwhile notices."""
import http.client
import json
import os
import re
import signal
import threading
import time
import unittest

import stack
from stack import Connection, Mock, Weir, ask, chat, simple_conf, wait_until

RESTARTS = 20


class Load(threading.Thread):
    """Asks without a pause until told to stop: kept connections and new ones, streams and not. Every failure is kept."""

    def __init__(self, url, keep, stream):
        super().__init__()
        self.url, self.keep, self.stream = url, keep, stream
        self.done, self.failures, self.stopping = 0, [], threading.Event()

    def run(self):
        connection = None
        while not self.stopping.is_set():
            try:
                connection = connection or Connection(self.url)
                connection.request("POST", "/v1/chat/completions", chat("mock:words=8,between=5", self.stream), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                body = answer.read()
                ended = body.endswith(b"data: [DONE]\n\n") if self.stream else json.loads(body)["object"] == "chat.completion"
                if answer.status != 200 or not ended:
                    self.failures.append(f"{answer.status} {body[-200:]}")
                self.done += 1
                if not self.keep or answer.headers["connection"] == "close":
                    connection.close()
                    connection = None
            except (OSError, http.client.HTTPException, ValueError) as failed:
                self.failures.append(repr(failed))
                connection = None
        if connection:
            connection.close()


class Upgrade(unittest.TestCase):
    def setUp(self):
        self.mock = Mock()
        self.weir = Weir(simple_conf(self.mock.url))

    def tearDown(self):
        self.weir.stop()
        self.mock.stop()

    def test_20_restarts_under_load_fail_no_request(self):
        load = [Load(self.weir.url, keep=i % 2 == 0, stream=i % 3 == 0) for i in range(6)]
        for each in load:
            each.start()
        pids = [self.weir.pid]
        for _ in range(RESTARTS):
            time.sleep(0.15)
            self.weir.upgrade()
            pids.append(self.weir.pid)
        time.sleep(0.2)
        for each in load:
            each.stopping.set()
        for each in load:
            each.join(20)
        self.assertEqual([each.failures for each in load], [[]] * len(load))
        self.assertGreater(min(each.done for each in load), RESTARTS)
        self.assertEqual(len(set(pids)), RESTARTS + 1)
        # The address never changed, and every request of every process is in the one ledger.
        self.assertEqual(len(set(re.findall(r"listening on (\S+)\n", self.weir.err()))), 1)
        total = sum(each.done for each in load)

        def in_ledger():
            rows = json.loads(self.weir.run("spend", "-c", self.weir.conf, "--by", "key", "--format", "json").stdout or "[]")
            return sum(row["requests"] for row in rows) == total

        wait_until(in_ledger, limit=10, pause=0.2)
        self.assertEqual(self.weir.process.wait(10), 0)

    def test_a_stream_that_runs_outlives_the_process_that_is_new(self):
        connection = Connection(self.weir.url, timeout=20)
        connection.request("POST", "/v1/chat/completions", chat("mock:stall_after=3,stall=1500", stream=True))
        answer = connection.getresponse()
        begun = answer.read(1)
        old = self.weir.upgrade()
        self.assertEqual(ask(self.weir.admin, "GET", "/readyz")[0], 200)
        self.assertIsNone(self.weir.process.poll(), "the old process stays for its stream")
        self.assertEqual(old, self.weir.process.pid)
        self.assertTrue((begun + answer.read()).endswith(b"data: [DONE]\n\n"))
        connection.close()
        self.assertEqual(self.weir.process.wait(10), 0)
        self.assertEqual(ask(self.weir.url, "POST", "/v1/chat/completions", chat())[0], 200)

    def test_a_successor_that_cannot_start_changes_nothing(self):
        with open(self.weir.conf) as f:
            good = f.read()
        self.weir.write("weir.yaml", good.replace("pools:", "pulls:"))
        os.kill(self.weir.pid, signal.SIGUSR2)
        self.weir.wait_err("upgrade failed: the new weir ended before it served; this weir goes on")
        self.assertEqual(ask(self.weir.url, "POST", "/v1/chat/completions", chat())[0], 200)
        self.weir.write("weir.yaml", good)
        self.weir.upgrade()
        self.assertEqual(ask(self.weir.url, "POST", "/v1/chat/completions", chat())[0], 200)


class UnixSockets(unittest.TestCase):
    def test_socket_files_go_with_the_last_process(self):
        mock = Mock()
        weir = Weir(simple_conf(mock.url, listener='"unix:{folder}/weir.sock"', admin='address: "unix:{folder}/admin.sock"'))
        weir.upgrade()
        self.assertEqual(weir.process.wait(10), 0)
        self.assertEqual(ask(weir.url, "POST", "/v1/chat/completions", chat())[0], 200)
        self.assertEqual(weir.get("/healthz")[0], 200)
        os.kill(weir.pid, signal.SIGTERM)
        wait_until(lambda: not os.path.exists(os.path.join(weir.folder, "weir.sock")))
        wait_until(lambda: not os.path.exists(os.path.join(weir.folder, "admin.sock")))
        weir.stop()
        mock.stop()


stack.main()
