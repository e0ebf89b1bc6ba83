"""Secrets, prompts and answers are planted everywhere, and everything that weir says anywhere is searched for them."""
import http.server
import json
import os
import signal
import threading
import time
import unittest

import stack
from stack import Connection, Mock, Weir, ask, chat, wait_until

PROMPT, ANSWER = "the-prompt-that-nobody-logs", "the-answer-that-nobody-logs"
SECRETS = {"client": "sk-client-planted-1", "upstream": "sk-upstream", "second": "sk-second-planted-2", "admin": "admin-planted-3", "header": "header-planted-4",
           "wrong": "sk-wrong-planted-5", "query": "query-planted-6", "file": "sk-file-planted-7", "collector": "collector-planted-8"}


class Collector(http.server.BaseHTTPRequestHandler):
    """Keeps what weir sends as traces; its own credential belongs there and nowhere else."""
    bodies = []

    def do_POST(self):
        assert self.headers["Authorization"] == "Bearer " + SECRETS["collector"]
        self.bodies.append(self.rfile.read(int(self.headers["content-length"])).decode())
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Secrets(unittest.TestCase):
    def test_no_output_holds_what_was_planted(self):
        mock = Mock()
        collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        conf = f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0", token: {SECRETS["admin"]}}}
watch: true
pools:
  main:
    retry: {{backoff: 10ms}}
    timeouts: {{first_byte: 300ms}}
    upstreams:
      - {{name: one, url: "{mock.url}/v1", api_key: "${{UPSTREAM}}", headers: {{X-Secret: {SECRETS["header"]}}}}}
      - {{name: two, url: "http://127.0.0.1:1/v1", api_key: "${{file:key.txt}}"}}
keys:
  - {{name: first, secret: {SECRETS["client"]}, unpriced: serve, budgets: [{{usd: 5, every: 1d}}]}}
  - {{name: second, secret: {SECRETS["second"]}}}
state: {{ledger: ledger.db}}
log: {{access: access.log, level: debug}}
metrics: {{otel_names: true}}
tracing: {{otlp: "http://127.0.0.1:{collector.server_port}", sample: 100%, headers: {{Authorization: "Bearer {SECRETS["collector"]}"}}}}
"""
        weir = Weir(conf, files={"key.txt": SECRETS["file"]}, env={"UPSTREAM": SECRETS["upstream"]})
        admin = {"Authorization": "Bearer " + SECRETS["admin"]}
        said = []

        def tell(model, stream=False, key=SECRETS["client"], **more):
            connection = Connection(weir.url)
            headers = {"Authorization": "Bearer " + key, **more}
            connection.request("POST", "/v1/chat/completions?key=" + SECRETS["query"], chat(model, stream, user=PROMPT), headers)
            try:
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    said.append(("error answer", body.decode()))
                said.append(("head", str(answer.headers)))
            except Exception as cut:  # a broken stream is one of the things that happen here
                said.append(("failure", str(cut)))
            connection.close()

        spoken = "mock:text=" + ANSWER
        tell(spoken)
        tell(spoken, True)
        tell(spoken, key=SECRETS["wrong"])
        tell("mock:status=401")
        tell("mock:status=500")
        tell("mock:before_head=800")
        tell(spoken + ",cut=event:2", True)
        tell("mock:raw=HTTP/9 nonsense " + ANSWER)
        said += [("malformed", ask(weir.url, "POST", "/v1/chat/completions", '{"model": "' + PROMPT, {"Authorization": "Bearer " + SECRETS["client"]})[2].decode())]
        for path in ("/metrics", "/status", "/api/status", "/api/live", "/api/keys", "/api/requests", "/api/ledger?by=key,model", "/healthz", "/readyz", "/nothing"):
            said.append((path, ask(weir.admin, "GET", path, headers=admin)[2].decode()))
        for format in ("text/plain", "application/openmetrics-text"):
            said.append((format, ask(weir.admin, "GET", "/metrics", headers={"Accept": format})[2].decode()))
        said.append(("csv", ask(weir.admin, "GET", "/api/ledger?by=key,model,endpoint,upstream&format=csv", headers=admin)[2].decode()))
        said.append(("refused", ask(weir.admin, "GET", "/api/live", headers={"Authorization": "Bearer " + SECRETS["wrong"]})[2].decode()))
        good = conf
        weir.write("weir.yaml", good.replace("watch: true", "wotch: true"))
        weir.signal(signal.SIGHUP)
        weir.wait_err("reload failed")
        weir.write("weir.yaml", good.replace(SECRETS["second"], SECRETS["second"] + "x"))
        weir.write("old.yaml", good)
        for command in (["check", "-c", "weir.yaml"], ["diff", "old.yaml", "weir.yaml"], ["doctor", "-c", "weir.yaml"], ["spend", "-c", "weir.yaml", "--by", "key,model,upstream"],
                        ["top", "--once", "-c", "weir.yaml"]):
            got = weir.run(*command, env={**os.environ, "UPSTREAM": SECRETS["upstream"]})
            said += [(" ".join(command), got.stdout + got.stderr)]
            self.assertTrue(got.stdout + got.stderr or command[0] == "check", command)
        wait_until(lambda: len(open_lines(weir)) >= 9)
        time.sleep(0.5)  # the ledger's journal moves into its database
        for name in sorted(os.listdir(weir.folder)):
            if name.endswith(".yaml") or name == "key.txt":
                continue
            with open(os.path.join(weir.folder, name), "rb") as f:
                said.append((name, f.read().decode(errors="replace")))
        weir.stop()
        mock.stop()
        collector.shutdown()
        collector.server_close()
        said += [("traces", body) for body in Collector.bodies]
        self.assertGreater("".join(Collector.bodies).count("spanId"), 10)
        self.assertGreater(len(said), 25)
        self.assertTrue(any("ledger.db" in where for where, _ in said) and any(where == "access.log" and text for where, text in said))
        for where, text in said:
            # The model's name is what this test speaks to the mock with; it is logged as a name.
            text = text.replace("text=" + ANSWER, "").replace("nonsense " + ANSWER, "")
            for what, planted in {**SECRETS, "prompt": PROMPT, "answer": ANSWER}.items():
                if what == "prompt" and where == "malformed":
                    continue
                self.assertNotIn(planted, text, f"{what} in {where}")


def open_lines(weir):
    with open(os.path.join(weir.folder, "access.log")) as f:
        return f.readlines()


stack.main()
