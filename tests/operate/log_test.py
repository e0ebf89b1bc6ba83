"""The access log where it is hard to write: a disk that is full, a pipe that nobody reads. Requests never wait for it, and what is lost is
counted. And `log.sample`: which lines may be left out."""
import json
import os
import re
import tempfile
import threading
import time
import unittest

import stack
from stack import Connection, Mock, Weir, ask, chat, simple_conf, wait_until


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock = Mock()

    @classmethod
    def tearDownClass(cls):
        cls.mock.stop()

    def start(self, log, files=None):
        weir = Weir(simple_conf(self.mock.url, log=log), files=files)
        self.addCleanup(weir.stop, 20)
        return weir

    def send(self, weir, count, model="gpt-4o", status=200):
        """Seconds that each of `count` requests took, over one connection."""
        connection, took = Connection(weir.url, timeout=30), []
        for _ in range(count):
            began = time.monotonic()
            # An id of the greatest length makes each line long.
            connection.request("POST", "/v1/chat/completions", chat(model), {"x-request-id": "r" * 128})
            answer = connection.getresponse()
            answer.read()
            self.assertEqual(answer.status, status)
            took.append(time.monotonic() - began)
        connection.close()
        return took

    def dropped(self, weir):
        return float(re.search(r"^weir_log_dropped_total (\S+)$", weir.metrics(), re.M).group(1))


class Slow(Base):
    def fill(self, weir, log_lines_kept):
        """Sends until lines are lost; no request may have waited. Returns how many were sent."""
        took = []

        def lost():
            threads = [threading.Thread(target=lambda: took.extend(self.send(weir, 250))) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return self.dropped(weir) > 0

        wait_until(lost, limit=100)
        self.assertLess(self.dropped(weir), len(took) - log_lines_kept)
        took.sort()
        self.assertLess(took[len(took) // 2], 0.2)
        # Nobody reads for as long as this takes: whoever waits for the log waits until the client gives up.
        self.assertLess(took[-1], 10)
        self.assertEqual(weir.get("/readyz")[0], 200)
        return len(took)

    def test_a_pipe_that_nobody_reads_blocks_nobody(self):
        folder = tempfile.mkdtemp(prefix="weir-log-")
        pipe = os.path.join(folder, "access.pipe")
        os.mkfifo(pipe)
        try:
            weir = self.start(f"{{access: {pipe}}}")
            sent = self.fill(weir, 100)
            reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
            text = b""

            def lines():
                nonlocal text
                try:
                    text += os.read(reader, 1 << 20)
                except BlockingIOError:
                    pass
                return text.splitlines() if text.endswith(b"\n") else []

            # Whoever comes to read it gets all that waited, whole lines, and then what happens now.
            wait_until(lambda: len(lines()) + self.dropped(weir) == sent, limit=30)
            lost = self.dropped(weir)
            ask(weir.url, "POST", "/v1/chat/completions", chat(), {"x-request-id": "the-last-one"})
            wait_until(lambda: len(lines()) + lost == sent + 1, limit=20)
            os.close(reader)
            logged = [json.loads(line) for line in text.splitlines()]
            self.assertEqual(logged[-1]["request_id"], "the-last-one")
            self.assertEqual(self.dropped(weir), lost)
        finally:
            os.remove(pipe)
            os.rmdir(folder)

    def test_a_full_disk_costs_lines_and_nothing_else(self):
        weir = self.start("{access: /dev/full}")
        self.fill(weir, 100)
        self.assertEqual(weir.err().count("cannot be written"), 1, "said once, not for each line")
        self.assertIn("No space left on device", weir.err())
        # The ledger has them all.
        self.assertGreater(len(weir.run("spend", "-c", weir.conf, "--by", "key").stdout), 0)


class Sample(Base):
    def lines(self, weir):
        with open(weir.folder + "/access.log") as f:
            return [json.loads(line) for line in f]

    def test_what_went_well_is_sampled_and_what_went_wrong_is_not(self):
        weir = self.start("{access: access.log, sample: 10%}")
        self.send(weir, 1000)
        self.send(weir, 20, "mock:status=400", 400)
        wait_until(lambda: sum(line["status"] == 400 for line in self.lines(weir)) == 20)
        fine = sum(line["status"] == 200 for line in self.lines(weir))
        self.assertTrue(50 <= fine <= 160, fine)  # five standard deviations around 100
        self.assertEqual(self.dropped(weir), 0)
        # Metrics and ledger have every one.
        self.assertEqual(sum(float(n) for n in re.findall(r"^weir_requests_total\{.*\} (\S+)$", weir.metrics(), re.M)), 1020)

    def test_a_reload_changes_the_share(self):
        weir = self.start("{access: access.log, sample: 0%}")
        self.send(weir, 30)
        with open(weir.conf) as f:
            text = f.read()
        weir.write("weir.yaml", text.replace("0%", "100%"))
        weir.signal(1)
        weir.wait_err("reloaded")
        self.send(weir, 10)
        wait_until(lambda: len(self.lines(weir)) == 10)


stack.main()
