"""The status page in a real browser: what it shows while requests run, what its button does, and how it looks on a phone and in the
dark. With WEIR_SCREENSHOT=FILE it leaves a picture there."""
import base64
import http.client
import json
import os
import select
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import stack
from stack import Connection, Mock, Weir, ask, chat, need, wait_until


class Browser:
    """Chromium, spoken to over a pipe in its DevTools protocol: JSON messages that end with a zero byte."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="weir-chromium-")
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars", "--disable-extensions",
                   "--disable-component-update", "--disable-background-networking", "--remote-debugging-pipe", f"--user-data-dir={self.profile}"]

        def protocol_ends():
            """The browser reads commands from 3 and answers on 4."""
            reads, writes = os.dup(to_read), os.dup(to_write)
            os.dup2(os.dup(reads), 3)
            os.dup2(writes, 4)

        self.process = subprocess.Popen([need("chromium"), *options], pass_fds=(3, 4), preexec_fn=protocol_ends, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.serial, self.held, self.session = 0, b"", None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def call(self, method, **params):
        self.serial += 1
        message = {"id": self.serial, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + 30
        while True:
            while b"\0" not in self.held:
                if not select.select([self.read_end], [], [], max(0, until - time.monotonic()))[0]:
                    raise AssertionError(f"the browser did not answer {method}")
                piece = os.read(self.read_end, 1 << 20)
                if not piece:
                    raise AssertionError("the browser ended")
                self.held += piece
            text, self.held = self.held.split(b"\0", 1)
            got = json.loads(text)
            if got.get("id") == self.serial:
                if "error" in got:
                    raise AssertionError(f"{method}: {got['error']}")
                return got["result"]

    def run(self, script):
        got = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            raise AssertionError(got["exceptionDetails"])
        return got["result"].get("value")

    def screen(self, width, height, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, file):
        with open(file, "wb") as f:
            f.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        os.close(self.read_end)
        os.close(self.write_end)
        shutil.rmtree(self.profile, ignore_errors=True)


CONF = """listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
workers: 2
pools:
  openai:
    upstreams:
      - {{name: openai-main, url: "{mock}/v1", api_key: sk-upstream, weight: 3}}
      - {{name: openai-spare, url: "{mock}/v1", api_key: sk-upstream}}
  local:
    ejection: {{consecutive_failures: 1, base: 60s}}
    upstreams: [{{name: vllm, url: "http://127.0.0.1:1/v1"}}]
routes:
  - {{models: [llama], pool: local, fallback: [{{pool: openai, model: gpt-4o-mini}}]}}
  - {{models: ["*"], pool: openai}}
keys:
  - {{name: search, secret: sk-search, budgets: [{{usd: 5, every: 1d}}]}}
  - {{name: "<b>chat</b>", secret: sk-chat, labels: {{team: apps}}}}
prices: prices.yaml
state: {{ledger: ledger.db}}
log: {{access: access.log}}
"""
PRICES = "models: {gpt-4o: {input: 250, output: 1000}, gpt-4o-mini: {input: 1, output: 4}, 'mock:*': {input: 250, output: 1000}}\n"


class StatusPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock = Mock()
        cls.weir = Weir(CONF.format(mock=cls.mock.url), files={"prices.yaml": PRICES})
        cls.browser = Browser()
        cls.streams = []
        for key, model in (("search", "gpt-4o"), ("search", "gpt-4o"), ("chat", "gpt-4o-mini"), ("chat", "llama")):
            ask(cls.weir.url, "POST", "/v1/chat/completions", chat(model), {"Authorization": "Bearer sk-" + key})
        ask(cls.weir.url, "POST", "/v1/chat/completions", chat("mock:status=524"), {"Authorization": "Bearer sk-search", "x-request-id": "the-failed-one"})
        for number, key in enumerate(("search", "chat")):
            connection = Connection(cls.weir.url, timeout=60)
            connection.request("POST", "/v1/chat/completions", chat("gpt-4o", True),
                               {"Authorization": "Bearer sk-" + key, "x-request-id": f"stream-{number}", "x-mock": "words=2000,between=20"})
            answer = connection.getresponse()
            reader = threading.Thread(target=cls.read_to_its_end, args=(answer,), daemon=True)
            reader.start()
            cls.streams.append((connection, reader))
        cls.browser.screen(1280, 1000)
        cls.browser.call("Page.navigate", url=cls.weir.admin + "/status")

    @staticmethod
    def read_to_its_end(answer):
        try:
            while answer.read(100):
                pass
        except (http.client.HTTPException, OSError, ValueError, AttributeError):
            pass  # its stream was ended, or its connection closed under it

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        for connection, _ in cls.streams:
            connection.close()
        cls.weir.stop()
        cls.mock.stop()

    def text(self):
        return self.browser.run("document.body ? document.body.innerText : ''")

    def wait_text(self, wanted, limit=12):
        try:
            wait_until(lambda: wanted in self.text(), limit, 0.1)
        except AssertionError:
            self.fail(f"{wanted!r} is not in\n{self.text()}")

    def test_1_it_shows_what_happens_now(self):
        for wanted in ("openai-main", "openai-spare", "up", "resting", "Open requests", "stream-0", "stream-1", "Today", "Recent errors", "the-failed-one", "USD left of 5"):
            self.wait_text(wanted)
        # A name is text, whatever it holds.
        self.assertIn("<b>chat</b>", self.text())
        tokens = "Number(document.querySelector('#open tbody tr td:nth-child(5)').innerText.replace(/\\D/g, ''))"
        before = self.browser.run(tokens)
        wait_until(lambda: self.browser.run(tokens) > before, 5, 0.1)
        self.assertRegex(self.browser.run("document.querySelector('#numbers').innerText"), r"requests / s\n[\d.]+")
        self.assertEqual(self.browser.run("document.querySelector('#alarm').innerText"), "")
        if os.environ.get("WEIR_SCREENSHOT"):
            for _ in range(40):
                ask(self.weir.url, "POST", "/v1/chat/completions", chat("gpt-4o-mini"), {"Authorization": "Bearer sk-chat"})
            time.sleep(1.1)
            self.browser.picture(os.environ["WEIR_SCREENSHOT"])

    def test_2_it_asks_nobody_else(self):
        origins = self.browser.run("[...new Set(performance.getEntriesByType('resource').map(e => new URL(e.name).origin))]")
        self.assertLessEqual(set(origins), {self.weir.admin, "null"})
        # And it could not: the browser holds it to what its head says.
        blocked = self.browser.run("""new Promise(done => {
            addEventListener('securitypolicyviolation', e => done(e.effectiveDirective + ' ' + e.blockedURI));
            fetch('http://127.0.0.1:9/elsewhere').catch(() => 0);
            setTimeout(() => done('nothing was blocked'), 3000); })""")
        self.assertEqual(blocked, "connect-src http://127.0.0.1:9/elsewhere")

    def test_3_it_fits_a_phone_and_the_dark(self):
        light = self.browser.run("getComputedStyle(document.body).backgroundColor")
        self.browser.screen(390, 844, dark=True)
        self.assertLessEqual(self.browser.run("document.documentElement.scrollWidth"), 390)
        self.assertNotEqual(self.browser.run("getComputedStyle(document.body).backgroundColor"), light)
        self.browser.screen(1280, 1000)

    def test_4_its_button_ends_a_stream(self):
        self.wait_text("stream-0")
        clicked = self.browser.run("(() => { const row = [...document.querySelectorAll('#open tbody tr')].find(r => r.innerText.includes('stream-0'));"
                                   "row.querySelector('button').click(); return true; })()")
        self.assertTrue(clicked)
        self.streams[0][1].join(5)
        self.assertFalse(self.streams[0][1].is_alive())
        wait_until(lambda: "stream-0" not in self.browser.run("document.querySelector('#open').innerText"), 5, 0.1)
        self.assertIn("stream-1", self.text())

    def test_5_it_says_when_what_it_shows_is_old(self):
        self.weir.signal(15)
        self.streams[1][0].close()
        self.wait_text("what is shown here is old")


stack.main()
