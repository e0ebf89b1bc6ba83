"""The admin API as an operator uses it: watch, drain, weigh, end, reload, export; and who may not. `weir top` and `weir diff` too."""
import fcntl
import http.client
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
import unittest

import stack
from stack import Connection, Mock, Weir, ask, chat, simple_conf, wait_until

KEYS = 'keys: [{name: team, secret: sk-team, budgets: [{usd: 5, every: 1d}]}]\nprices: prices.yaml\n'
PRICES = "models: {gpt-4o: {input: 2.5, output: 10}, 'mock:*': {input: 2.5, output: 10}}\n"


def two_upstreams(one, two, more="", admin='address: "127.0.0.1:0"'):
    return f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{{admin}}}
workers: 2
pools:
  main:
    balance: weighted_round_robin
    upstreams:
      - {{name: one, url: "{one}/v1", api_key: sk-upstream}}
      - {{name: two, url: "{two}/v1", api_key: sk-upstream}}
state: {{ledger: ledger.db}}
log: {{access: access.log}}
{more}"""


class Base(unittest.TestCase):
    def setUp(self):
        self.mock = Mock()
        self.addCleanup(self.mock.stop)
        self.start()

    def start(self, admin='address: "127.0.0.1:0"'):
        self.weir = Weir(two_upstreams(self.mock.url, self.mock.url, KEYS, admin), files={"prices.yaml": PRICES})
        self.addCleanup(self.weir.stop)

    def api(self, method, path, body=None, token=None, **headers):
        if token:
            headers["Authorization"] = "Bearer " + token
        status, _, text = ask(self.weir.admin, method, path, body, headers)
        return status, json.loads(text)

    def chat(self, model="gpt-4o"):
        status, headers, _ = ask(self.weir.url, "POST", "/v1/chat/completions", chat(model), {"Authorization": "Bearer sk-team"})
        return headers["x-weir-upstream"] if status == 200 else status

    def stream(self, model):
        connection = Connection(self.weir.url)
        self.addCleanup(connection.close)
        connection.request("POST", "/v1/chat/completions", chat(model, True), {"Authorization": "Bearer sk-team", "x-request-id": "the-stream"})
        answer = connection.getresponse()
        return answer


class Admin(Base):
    def test_an_upstream_is_drained_and_let_in_again(self):
        self.assertEqual({self.chat() for _ in range(6)}, {"one", "two"})
        self.assertEqual(self.api("POST", "/api/pools/main/upstreams/one/drain"), (200, {"ok": True}))
        self.assertEqual({self.chat() for _ in range(6)}, {"two"})
        status = self.api("GET", "/api/status")[1]["pools"][0]["upstreams"][0]
        self.assertEqual((status["state"], status["weight"]), ("drained", 0))
        # A reload keeps it: the conf says nothing about it.
        self.assertEqual(self.api("POST", "/api/reload")[0], 202)
        self.weir.wait_err("reloaded")
        self.assertEqual({self.chat() for _ in range(6)}, {"two"})
        self.api("POST", "/api/pools/main/upstreams/two/drain")
        self.assertEqual(self.chat(), 503)
        self.assertEqual(self.weir.get("/readyz")[0], 503)
        self.api("POST", "/api/pools/main/upstreams/one/undrain")
        self.api("POST", "/api/pools/main/upstreams/two/undrain")
        self.assertEqual({self.chat() for _ in range(6)}, {"one", "two"})
        self.assertEqual(self.weir.get("/readyz")[0], 200)

    def test_an_upstream_gets_another_weight(self):
        self.assertEqual(self.api("PUT", "/api/pools/main/upstreams/one", '{"weight": 3}')[0], 200)
        # Each worker takes its own turns, and a connection may be served by either.
        served = [self.chat() for _ in range(24)]
        self.assertGreater(served.count("one"), served.count("two"))
        self.assertEqual(self.api("PUT", "/api/pools/main/upstreams/one", '{"weight": null}')[0], 200)
        self.assertEqual(self.api("GET", "/api/status")[1]["pools"][0]["upstreams"][0]["weight"], 1)
        for body in ("", "{}", '{"weight": -2}', '{"weight": 1.5}', '{"weight": 100000}', "[]"):
            self.assertEqual(self.api("PUT", "/api/pools/main/upstreams/one", body)[0], 400, body)
        for path in ("/api/pools/none/upstreams/one", "/api/pools/main/upstreams/none"):
            self.assertEqual(self.api("PUT", path, '{"weight": 1}')[0], 404)

    def test_a_running_stream_is_seen_counted_and_ended(self):
        answer = self.stream("mock:words=300,between=30")
        answer.read(1)

        def seen():
            found = self.api("GET", "/api/requests")[1]["open"]
            return found[0] if found and found[0]["output_tokens"] > 5 else None

        request = wait_until(seen)
        self.assertEqual((request["request_id"], request["key"], request["pool"], request["stream"]), ("the-stream", "team", "main", True))
        self.assertIn(request["upstream"], ("one", "two"))
        self.assertGreater(request["age_ms"], 0)
        self.assertGreater(float(request["cost_usd"]), 0)
        top = self.weir.run("top", "--once", "--admin", self.weir.admin.removeprefix("http://"))
        self.assertEqual(top.returncode, 0, top.stderr)
        self.assertRegex(top.stdout, r"team +mock:words=300\S* +(one|two) .* the-stream")
        self.assertEqual(self.api("DELETE", "/api/requests/the-stream"), (200, {"ok": True}))
        with self.assertRaises((http.client.IncompleteRead, OSError)):
            while answer.read(1000):
                pass
        wait_until(lambda: not self.api("GET", "/api/requests")[1]["open"])
        self.assertEqual(self.api("DELETE", "/api/requests/the-stream")[0], 404)

    def test_the_live_view_tells_traffic_errors_and_spend(self):
        for _ in range(3):
            self.chat()
        ask(self.weir.url, "POST", "/v1/chat/completions", chat(), {"Authorization": "Bearer sk-wrong", "x-request-id": "the-wrong-one"})

        def live():
            found = self.api("GET", "/api/live")[1]
            return found if found["errors"] and found["spend_today"] else None

        first = wait_until(live, limit=12, pause=0.5)
        self.assertEqual((first["errors"][0]["request_id"], first["errors"][0]["status"], first["errors"][0]["code"]), ("the-wrong-one", 401, "invalid_key"))
        spend = first["spend_today"][0]
        self.assertEqual((spend["key"], spend["model"], spend["requests"]), ("team", "gpt-4o", 3))
        self.assertEqual(first["status"]["pools"][0]["name"], "main")
        time.sleep(1.0)
        for _ in range(5):
            self.chat()
        self.assertGreater(self.api("GET", "/api/live")[1]["requests_per_second"], 1)
        keys = self.api("GET", "/api/keys")[1]["keys"]
        self.assertEqual((keys[0]["name"], keys[0]["today"]["requests"]), ("team", 3))
        self.assertNotIn("sk-team", json.dumps(keys))

    def test_events_come_once_a_second(self):
        connection = Connection(self.weir.admin)
        connection.request("GET", "/api/events")
        answer = connection.getresponse()
        self.assertEqual(answer.headers["content-type"], "text/event-stream")
        began = time.monotonic()
        for _ in range(3):
            line = answer.readline()
            self.assertTrue(line.startswith(b"data: "))
            self.assertIn("first_token_ms", json.loads(line[6:]))
            self.assertEqual(answer.readline(), b"\n")
        self.assertTrue(1.5 < time.monotonic() - began < 4)
        connection.close()

    def test_the_ledger_is_exported(self):
        for _ in range(2):
            self.chat()

        def rows():
            status, _, text = ask(self.weir.admin, "GET", "/api/ledger?by=key,model&since=1h")
            found = json.loads(text)
            return found if status == 200 and found and found[0]["requests"] == 2 else None

        row = wait_until(rows)[0]
        self.assertEqual((row["key"], row["model"]), ("team", "gpt-4o"))
        status, headers, text = ask(self.weir.admin, "GET", "/api/ledger?by=key&format=csv")
        self.assertTrue(headers["content-type"].startswith("text/csv"))
        self.assertRegex(text.decode(), r"^key,requests.*\r?\nteam,2")
        self.assertEqual(json.loads(ask(self.weir.admin, "GET", "/api/ledger?by=key&where=key=team")[2])[0]["requests"], 2)
        self.assertEqual(json.loads(ask(self.weir.admin, "GET", "/api/ledger?by=key&where=key%3Dsomebody-else")[2]), [])
        for query in ("by=nonsense", "since=soon", "format=xml", "where=key", "where=nonsense=1", "bogus=1", "by=key&wher=key=x"):
            self.assertEqual(ask(self.weir.admin, "GET", "/api/ledger?" + query)[0], 400)

    def test_the_ledger_and_the_log_agree_on_who_left(self):
        connection = Connection(self.weir.url)
        connection.request("POST", "/v1/chat/completions", chat("mock:words=300,between=30", True), {"Authorization": "Bearer sk-team", "x-request-id": "gone"})
        answer = connection.getresponse()
        answer.read(1)
        answer.close()
        connection.close()

        def rows():
            found = json.loads(ask(self.weir.admin, "GET", "/api/ledger?by=status,code&where=request_id=gone")[2])
            return found or None

        row = wait_until(rows)[0]
        self.assertEqual((str(row["status"]), row["code"]), ("499", "client_closed"))
        with open(self.weir.folder + "/access.log") as f:
            line = wait_until(lambda: next((one for one in map(json.loads, f) if one["request_id"] == "gone"), None))
        self.assertEqual((line["status"], line["code"]), (499, "client_closed"))

    def test_a_reload_of_a_faulty_conf_is_refused_with_its_faults(self):
        good = open(self.weir.conf)
        with good:
            text = good.read()
        self.weir.write("weir.yaml", text.replace("workers: 2", "wurkers: 2"))
        status, answer = self.api("POST", "/api/reload")
        self.assertEqual(status, 422)
        self.assertIn("wurkers", answer["error"]["message"])
        self.assertIn("did you mean", answer["error"]["message"])
        self.assertNotIn("reload", self.weir.err())

    def test_the_openapi_document_tells_the_truth(self):
        document = self.api("GET", "/api/openapi.json")[1]
        seen = 0
        for path, methods in document["paths"].items():
            real = path.replace("{pool}", "main").replace("{upstream}", "one").replace("{request_id}", "none")
            for method in ("get", "put", "post", "delete"):
                if path == "/api/events" and method == "get":
                    continue  # it does not end
                status, headers, _ = ask(self.weir.admin, method.upper(), real, '{"weight": 1}' if method == "put" else None)
                if method in methods:
                    seen += 1
                    self.assertIn(str(status), methods[method]["responses"], f"{method} {path}")
                else:
                    self.assertEqual(status, 405, f"{method} {path}")
                    self.assertTrue(headers["allow"], path)
        self.assertGreater(seen, 10)
        self.assertEqual(self.api("GET", "/api/nothing")[0], 404)

    def test_a_page_of_another_site_cannot_act(self):
        drain = "/api/pools/main/upstreams/one/drain"
        self.assertEqual(self.api("POST", drain, Origin="http://evil.example")[0], 403)
        self.assertEqual(self.api("POST", drain, Host="evil.example", Origin="http://evil.example")[0], 403)
        self.assertEqual(self.api("GET", "/api/live", Host="evil.example")[0], 403)
        own = self.weir.admin
        self.assertEqual(self.api("POST", drain, Origin=own)[0], 200)


class Who(Base):
    """Where a token is asked for."""

    def start(self, admin='address: "127.0.0.1:0", token: the-token'):
        super().start(admin)

    def api(self, method, path, body=None, token="the-token", **headers):
        return super().api(method, path, body, token, **headers)

    def test_without_the_token_nothing_is_told_or_done(self):
        for method, path in (("GET", "/api/status"), ("GET", "/api/live"), ("GET", "/api/keys"), ("POST", "/api/reload"), ("DELETE", "/api/requests/x")):
            self.assertEqual(self.api(method, path, token=None)[0], 401, path)
            self.assertEqual(self.api(method, path, token="the-tokem")[0], 401, path)
        for path in ("/metrics", "/healthz", "/readyz", "/status"):
            self.assertEqual(self.weir.get(path)[0], 200)

    def test_with_the_token_everything_is(self):
        self.assertEqual(self.api("GET", "/api/live")[0], 200)
        self.assertEqual(self.api("POST", "/api/pools/main/upstreams/one/drain")[0], 200)
        self.assertEqual({self.chat() for _ in range(4)}, {"two"})
        port = self.weir.admin.rsplit(":", 1)[1]
        self.assertIn("admin.token", self.weir.run("top", "--once", "--admin", "127.0.0.1:" + port).stderr)
        self.assertEqual(self.weir.run("top", "--once", "--admin", "127.0.0.1:" + port, "--token", "the-token").returncode, 0)


class Open(unittest.TestCase):
    def test_off_loopback_without_a_token_it_only_shows(self):
        mock = Mock()
        weir = Weir(simple_conf(mock.url, admin='address: "0.0.0.0:0"'))
        self.addCleanup(mock.stop)
        self.addCleanup(weir.stop)
        admin = weir.admin.replace("0.0.0.0", "127.0.0.1")
        self.assertEqual(ask(admin, "GET", "/api/status")[0], 200)
        for method, path in (("GET", "/api/live"), ("GET", "/api/keys"), ("GET", "/api/ledger"), ("POST", "/api/reload"), ("DELETE", "/api/requests/x")):
            status, _, text = ask(admin, method, path)
            self.assertEqual(status, 403, path)
            self.assertIn("admin.token", text.decode())

    def test_a_unix_socket_is_local(self):
        mock = Mock()
        weir = Weir(simple_conf(mock.url, admin='address: "unix:{folder}/admin.sock"'))
        self.addCleanup(mock.stop)
        self.addCleanup(weir.stop)
        self.assertEqual(ask(weir.admin, "POST", "/api/pools/main/upstreams/first/drain", headers={"Host": "anything"})[0], 200)
        self.assertEqual(weir.run("health", "-c", weir.conf).stderr, "no pool has a usable upstream\n")
        top = weir.run("top", "--once", "-c", weir.conf)
        self.assertIn("drained by an operator", top.stdout, top.stderr)


class Top(Base):
    def terminal(self, *arguments):
        """weir top on a terminal of 80 x 24: the process, what it has said so far, and the terminal's own end."""
        outer, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        before = termios.tcgetattr(inner)
        process = subprocess.Popen([stack.WEIR, "top", "--admin", self.weir.admin.removeprefix("http://"), *arguments], stdin=inner, stdout=inner, stderr=inner)
        said = bytearray()

        def read():
            while True:
                try:
                    said.extend(os.read(outer, 65536))
                except OSError:
                    return

        threading.Thread(target=read, daemon=True).start()

        def stop():
            process.kill()
            process.wait()
            os.close(inner)
            os.close(outer)

        self.addCleanup(stop)
        return process, said, outer, inner, before

    def test_it_fits_a_terminal_and_ends_with_q(self):
        process, said, outer, inner, before = self.terminal()
        wait_until(lambda: b"q quit" in said)
        picture = re.sub(r"\x1b\[[?0-9]*[a-zA-Z]", "", said.decode().split("\x1b[J")[0])
        self.assertLessEqual(len(picture.splitlines()), 24)
        self.assertLessEqual(max(map(len, picture.splitlines())), 80)
        self.assertRegex(picture, r"main +2/2")
        os.write(outer, b"t")
        os.write(outer, b"q")
        self.assertEqual(process.wait(5), 0)
        self.assertEqual(termios.tcgetattr(inner), before, "the terminal is as it was")
        wait_until(lambda: said.endswith(b"\x1b[?25h\x1b[?1049l"))

    def test_a_signal_and_ctrl_c_leave_the_terminal_as_it_was(self):
        for how in (lambda process, outer: process.send_signal(signal.SIGTERM), lambda process, outer: os.write(outer, b"\x03")):
            process, said, outer, inner, before = self.terminal("--sort", "cost")
            wait_until(lambda: b"q quit" in said)
            how(process, outer)
            self.assertEqual(process.wait(5), 0)
            self.assertEqual(termios.tcgetattr(inner), before)

    def test_it_says_what_it_can_sort_by(self):
        wrong = self.weir.run("top", "--sort", "name", "--once", "--admin", "127.0.0.1:1")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("age, tokens or cost", wrong.stderr)


class Diff(unittest.TestCase):
    def test_it_says_what_a_reload_would_change(self):
        weir = Weir(two_upstreams("http://127.0.0.1:1", "http://127.0.0.1:2", KEYS), files={"prices.yaml": PRICES})
        self.addCleanup(weir.stop)
        with open(weir.conf) as f:
            old = f.read()
        self.assertEqual(weir.run("diff", "weir.yaml", "weir.yaml").stdout, "nothing would change\n")
        new = old.replace("name: two,", "name: two, weight: 5,").replace("workers: 2", "workers: 3").replace("sk-team", "sk-secret-now")
        weir.write("new.yaml", new.replace("  main:\n", "  main:\n    heartbeat: 15s\n"))
        got = weir.run("diff", "weir.yaml", "new.yaml")
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertEqual(sorted(got.stdout.splitlines()), sorted([
            "~ keys.team.secret: another secret",
            "~ workers: 2 -> 3   (at the next start)",
            "+ pools.main.heartbeat: 15s",
            "+ pools.main.upstreams.two.weight: 5",
        ]))
        weir.write("other.yaml", old.replace("prices: prices.yaml", "prices: others.yaml"))
        weir.write("others.yaml", PRICES.replace("output: 10}, ", "output: 11}, "))
        self.assertIn("~ prices: prices.yaml -> others.yaml", weir.run("diff", "weir.yaml", "other.yaml").stdout)
        weir.write("bad.yaml", old.replace("workers", "wurkers"))
        bad = weir.run("diff", "weir.yaml", "bad.yaml")
        self.assertEqual((bad.returncode, bad.stdout), (1, ""))
        self.assertIn("bad.yaml:", bad.stderr)


stack.main()
