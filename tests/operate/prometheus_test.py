"""A real Prometheus scrapes the real binary while all kinds of things happen to its requests: every panel of the dashboard and every
rule then has something to say, and promtool finds no fault with the metrics, the rules and the rules' own tests."""
import http.client
import json
import math
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import stack
from stack import SOURCE, Connection, Mock, Weir, ask, chat, need, wait_until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
DEPLOY = os.path.join(SOURCE, "deploy")


def promtool(*command, text=None, cwd=None):
    got = subprocess.run([need("promtool"), *command], input=text, capture_output=True, text=True, timeout=100, cwd=cwd)
    return got.returncode, got.stdout + got.stderr


def conf(mock, dead):
    return f"""listeners: [{{address: "127.0.0.1:0"}}, {{address: "127.0.0.2:0", tls: {{certificate: cert.pem, private_key: key.pem}}}}]
admin: {{address: "127.0.0.1:0"}}
workers: 2
pools:
  main:
    timeouts: {{first_byte: 300ms}}
    retry: {{attempts: 2, budget: 100%, backoff: 10ms}}
    ejection: {{consecutive_failures: 100}}
    upstreams:
      - {{name: one, url: "{mock}/v1", api_key: sk-upstream}}
      - {{name: two, url: "{mock}/v1", api_key: sk-upstream}}
  narrow:
    upstreams: [{{name: one, url: "{mock}/v1", api_key: sk-upstream, max_requests: 1}}]
  late:
    hedge: {{after: 50ms, budget: 100%}}
    upstreams:
      - {{name: one, url: "{mock}/v1", api_key: sk-upstream}}
      - {{name: two, url: "{mock}/v1", api_key: sk-upstream}}
  broken:
    panic: false
    ejection: {{consecutive_failures: 1, base: 60s}}
    upstreams: [{{name: gone, url: "http://127.0.0.1:{dead}/v1", api_key: sk-upstream}}]
routes:
  - {{models: [moved], pool: broken, fallback: [{{pool: main, model: gpt-4o}}]}}
  - {{models: ["mock:before_head=100"], pool: narrow}}
  - {{models: ["mock:before_head=200"], pool: late}}
  - {{models: ["*"], pool: main}}
keys:
  - {{name: team, secret: sk-team, unpriced: serve, budgets: [{{usd: 5, every: 1d}}, {{usd: 50, every: 30d}}]}}
  - {{name: other, secret: sk-other}}
prices: prices.yaml
state: {{ledger: ledger.db, shared: {{url: "redis://127.0.0.1:{dead}", weirs: 1}}}}
responses_store: on
log: {{access: access.log}}
metrics: {{otel_names: true}}
"""


class Everything(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock = Mock()
        with socket.socket() as dead, socket.socket() as web:
            dead.bind(("127.0.0.1", 0))
            web.bind(("127.0.0.1", 0))
            prices = "models:\n  gpt-4o: {input: 2.5, output: 10}\n  moved: {input: 2.5, output: 10}\n"
            cls.weir = Weir(conf(cls.mock.url, dead.getsockname()[1]), files={"prices.yaml": prices, **stack.certificate(days=30)})
            cls.prometheus = f"http://127.0.0.1:{web.getsockname()[1]}"
        cls.folder = tempfile.mkdtemp(prefix="weir-prometheus-")
        shutil.copy(os.path.join(DEPLOY, "prometheus/weir-rules.yaml"), cls.folder)
        with open(os.path.join(cls.folder, "prometheus.yaml"), "w") as f:
            yaml.safe_dump({"global": {"scrape_interval": "500ms", "scrape_timeout": "400ms", "evaluation_interval": "1s"}, "rule_files": ["weir-rules.yaml"],
                            "scrape_configs": [{"job_name": "weir", "static_configs": [{"targets": [cls.weir.admin.removeprefix("http://")]}]}]}, f)
        with open(os.path.join(cls.folder, "log"), "w") as log:
            cls.server = subprocess.Popen([need("prometheus"), f"--config.file={cls.folder}/prometheus.yaml", "--enable-feature=exemplar-storage", f"--storage.tsdb.path={cls.folder}/data",
                                           "--web.listen-address=" + cls.prometheus.removeprefix("http://")], stdout=log, stderr=log)
        cls.all_sorts_of_traffic()
        wait_until(lambda: cls.value('count_over_time(up{job="weir"}[1m])') >= 2, 20, 0.2)
        cls.all_sorts_of_traffic()
        done = time.time()
        # Two scrapes after the last request, so that every rate has its two samples.
        wait_until(lambda: cls.value('timestamp(up{job="weir"})') > done + 1.5, 20, 0.2)

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait(20)
        cls.weir.stop()
        cls.mock.stop()
        shutil.rmtree(cls.folder)

    @classmethod
    def all_sorts_of_traffic(cls):
        def send(model, stream=False, key="sk-team", leave=False, padding=0):
            connection = Connection(cls.weir.url)
            connection.request("POST", "/v1/chat/completions", chat(model, stream, user="x" * padding),
                               {"Authorization": "Bearer " + key, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
            try:
                answer = connection.getresponse()
                answer.read(1 if leave else None)
            except (http.client.HTTPException, OSError):
                pass  # a cut stream is what was asked for
            connection.close()

        for _ in range(3):
            send("gpt-4o")
            send("gpt-4o", stream=True)
        send("gpt-4o", stream=True, key="sk-other")
        send("moved")                                            # its pool is broken: a fallback
        send("mock:status=524")                                  # both upstreams say so: a retry, then passed on
        send("mock:before_head=600")                             # a timeout of the first byte
        send("mock:cut=event:4", stream=True)                    # breaks in the middle
        send("mock:between=100", stream=True, leave=True)        # the client leaves
        send("gpt-4o", padding=1_000_000)                        # a body that does not fit the connection's own buffer
        send("gpt-4o", key="sk-wrong")                           # refused
        send("mock:before_head=200")                             # a second attempt, since the first is late
        cls.one_that_an_operator_ends()
        waiting = [threading.Thread(target=send, args=["mock:before_head=100"]) for _ in range(3)]
        for each in waiting:                                     # their pool has room for one at a time
            each.start()
        for each in waiting:
            each.join()

    @classmethod
    def one_that_an_operator_ends(cls):
        connection = Connection(cls.weir.url)
        connection.request("POST", "/v1/chat/completions", chat("mock:between=200", True), {"Authorization": "Bearer sk-team", "x-request-id": "00000000-0000-4000-8000-000000e0ded0"})
        answer = connection.getresponse()
        ended = ask(cls.weir.admin, "DELETE", "/api/requests/00000000-0000-4000-8000-000000e0ded0")
        assert ended[0] == 200, ended
        try:
            answer.read()
        except (http.client.HTTPException, OSError):
            pass
        connection.close()

    @classmethod
    def query(cls, expression):
        path = "/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            status, _, body = ask(cls.prometheus, "GET", path)
        except OSError:
            return []
        if status != 200:
            raise AssertionError(f"{expression}: {body.decode()}")
        return json.loads(body)["data"]["result"]

    @classmethod
    def value(cls, expression):
        got = cls.query(expression)
        return float(got[0]["value"][1]) if got else -1

    def has_something_to_say(self, expression):
        values = [float(one["value"][1]) for one in self.query(expression)]
        return bool(values) and not all(math.isnan(value) for value in values)

    def test_no_panel_of_the_dashboard_is_empty(self):
        with open(os.path.join(DEPLOY, "grafana/weir.json")) as f:
            dashboard = json.load(f)
        empty, seen = [], 0
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                seen += 1
                expression = target["expr"].replace("$__rate_interval", "1m")
                expression = re.sub(r"\$(job|instance|pool)\b", ".*", expression)
                self.assertNotIn("$", expression)
                if not self.has_something_to_say(expression):
                    empty.append(f"{panel['title']}: {expression}")
        self.assertGreater(seen, 40)
        self.assertEqual(empty, [])

    def test_the_dashboard_is_one_that_grafana_takes(self):
        with open(os.path.join(DEPLOY, "grafana/weir.json")) as f:
            dashboard = json.load(f)
        identities = [panel["id"] for panel in dashboard["panels"]]
        self.assertEqual(len(identities), len(set(identities)))
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            if panel["type"] != "row":
                self.assertEqual(panel["datasource"]["uid"], "${datasource}", panel["title"])
        used = set(re.findall(r"\$\{?(\w+)", json.dumps(dashboard)))
        known = {variable["name"] for variable in dashboard["templating"]["list"]} | {"__rate_interval", "__all"}
        self.assertEqual(used - known, set())

    def test_every_rule_has_something_to_say(self):
        with open(os.path.join(DEPLOY, "prometheus/weir-rules.yaml")) as f:
            groups = yaml.safe_load(f)["groups"]
        empty, seen = [], 0
        for rule in [rule for group in groups for rule in group["rules"]]:
            seen += 1
            # What is compared is there, whatever comes out of the comparison; nobody waits a week for a sample of last week.
            expression = re.sub(r" (==|<|>) ", r" \1 bool ", rule["expr"]).replace(" offset 1w", "")
            if not self.has_something_to_say(expression):
                empty.append(f"{rule.get('alert') or rule['record']}: {expression}")
        self.assertGreater(seen, 20)
        self.assertEqual(empty, [])

    def test_prometheus_runs_the_rules_without_a_fault(self):
        def evaluated():
            groups = json.loads(ask(self.prometheus, "GET", "/api/v1/rules")[2])["data"]["groups"]
            rules = [rule for group in groups for rule in group["rules"]]
            return rules if rules and all(rule["health"] != "unknown" for rule in rules) else None

        for rule in wait_until(evaluated, 20, 0.2):
            self.assertEqual((rule["health"], rule.get("lastError", "")), ("ok", ""), rule["name"])
        firing = json.loads(ask(self.prometheus, "GET", "/api/v1/alerts")[2])["data"]["alerts"]
        self.assertIn("WeirUnpricedModel", [alert["labels"]["alertname"] for alert in firing])

    def test_promtool_finds_no_fault_with_the_metrics(self):
        self.assertEqual(promtool("check", "metrics", text=self.weir.metrics()), (0, ""))

    def openmetrics(self, accept="application/openmetrics-text"):
        status, headers, text = self.weir.get("/metrics", {"Accept": accept})
        self.assertEqual((status, headers["content-type"]), (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"))
        return text.decode()

    def test_openmetrics_is_what_its_own_parser_takes(self):
        text = self.openmetrics()
        self.assertTrue(text.endswith("\n# EOF\n"))
        families = {family.name: family for family in text_string_to_metric_families(text)}
        self.assertEqual((families["weir_requests"].type, families["weir_build"].type), ("counter", "info"))
        self.assertEqual((families["weir_request_duration_seconds"].unit, families["weir_spend_usd"].unit), ("seconds", "usd"))
        latencies = ("weir_request_duration_seconds", "weir_overhead_seconds", "weir_first_token_seconds", "weir_inter_token_seconds",
                     "gen_ai_server_request_duration_seconds", "gen_ai_server_time_to_first_token_seconds")
        for name in latencies:
            examples = [(sample, sample.exemplar) for sample in families[name].samples if sample.exemplar]
            self.assertTrue(examples, name)
            for sample, example in examples:
                self.assertLessEqual(example.value, float(sample.labels["le"]))
                self.assertEqual(len(example.labels["request_id"]), 36)
                self.assertLess(abs(float(example.timestamp) - time.time()), 300)
            if name != "weir_overhead_seconds":
                self.assertIn(TRACE, [example.labels.get("trace_id") for _, example in examples], name)
        # The same series as in the classic text, by name and labels.
        def series(from_text):
            return {line.rsplit(" ", 1)[0] for line in re.sub(r" # \{.*", "", from_text, flags=re.M).splitlines() if line[0] != "#" and "le=" not in line}
        self.assertEqual({name for name in series(text) if not name.startswith("process_")}, {name for name in series(self.weir.metrics()) if not name.startswith("process_")})

    def test_prometheus_keeps_the_exemplars(self):
        path = "/api/v1/query_exemplars?" + urllib.parse.urlencode({"query": "weir_first_token_seconds_bucket", "start": time.time() - 300, "end": time.time()})
        found = json.loads(ask(self.prometheus, "GET", path)[2])["data"]
        self.assertIn(TRACE, [example["labels"].get("trace_id") for one in found for example in one["exemplars"]])
        with open(os.path.join(self.folder, "log")) as f:
            self.assertNotIn("Error on ingesting", f.read())

    def test_open_telemetrys_names_say_the_same(self):
        self.assertEqual(self.value("sum(gen_ai_server_request_duration_seconds_count)"), self.value('sum(weir_requests_total{endpoint="/v1/chat/completions"})'))
        tokens = 'sum(weir_tokens_total{type=~"output|reasoning"})'
        self.assertEqual(self.value('sum(gen_ai_client_token_usage_sum{gen_ai_token_type="output"})'), self.value(tokens))

    def test_what_is_shipped_names_no_metric_that_there_is_not(self):
        known = set(re.findall(r"^# TYPE (\w+) ", self.weir.metrics(), re.M))
        with open(os.path.join(DEPLOY, "prometheus/weir-rules.yaml")) as f:
            rules = [rule for group in yaml.safe_load(f)["groups"] for rule in group["rules"]]
        with open(os.path.join(DEPLOY, "grafana/weir.json")) as f:
            dashboard = f.read()
        texts = {"the dashboard": dashboard, **{rule.get("alert") or rule["record"]: rule["expr"] + json.dumps(rule.get("annotations", {})) for rule in rules}}
        for page in ("deploy/guide/operate.md", "README.md"):
            with open(os.path.join(SOURCE, page)) as f:
                texts[page] = f.read()
        named = 0
        for where, text in texts.items():
            # weir:… are records of the rules themselves.
            for name in re.findall(r"\b(?:weir|process|gen_ai)_[a-z0-9_]+\b(?!:)", re.sub(r"weir:\w+(:\w+)?", "", text)):
                if not re.search(r"_(total|seconds|usd|ratio|bytes|healthy|ejected|connected|weirs|writable|info|successful|connections|streams|flight|waiting|fds)"
                                 r"(_bucket|_sum|_count)?$", name):
                    continue  # a label or a name of a conf key
                named += 1
                self.assertTrue({name, re.sub(r"_(bucket|sum|count)$", "", name)} & known, f"{where}: {name}")
        self.assertGreater(named, 100)
        shown = set(re.findall(r"weir_[a-z0-9_]+", dashboard))
        for name in ("weir_event_loop_delay_seconds", "weir_hedges_total", "weir_responses_store_errors_total", "weir_queue_wait_seconds_bucket",
                     "weir_gateway_timeouts_total", "weir_ledger_writable", "weir_certificate_expiry_timestamp_seconds", "weir_shared_connected"):
            self.assertIn(name, shown)

    def test_panels_by_key_show_no_more_than_can_be_read(self):
        with open(os.path.join(DEPLOY, "grafana/weir.json")) as f:
            panels = json.load(f)["panels"]
        for panel in panels:
            for target in panel.get("targets", []):
                if re.search(r"by \((key|key, \w+)\)", target["expr"]):
                    self.assertRegex(target["expr"], r"^(top|bottom)k\(", panel["title"])

    def test_promtool_finds_no_fault_with_the_rules(self):
        code, said = promtool("check", "rules", "weir-rules.yaml", cwd=os.path.join(DEPLOY, "prometheus"))
        self.assertEqual(code, 0, said)
        code, said = promtool("test", "rules", "weir-rules_test.yaml", "weir-rules_week_test.yaml", cwd=os.path.join(DEPLOY, "prometheus"))
        self.assertEqual(code, 0, said)

    def test_every_alert_says_whom_it_hits_and_is_tested(self):
        with open(os.path.join(DEPLOY, "prometheus/weir-rules.yaml")) as f:
            alerts = [rule for group in yaml.safe_load(f)["groups"] for rule in group["rules"] if "alert" in rule]
        tests = ""
        for name in ("weir-rules_test.yaml", "weir-rules_week_test.yaml"):
            with open(os.path.join(DEPLOY, "prometheus", name)) as f:
                tests += f.read()
        with open(os.path.join(DEPLOY, "guide/operate.md")) as f:
            page = f.read()
        for alert in alerts:
            self.assertIn(alert["labels"]["severity"], ("page", "ticket"))
            self.assertIn(alert["labels"]["blast_radius"], ("everyone", "upstream", "key"))
            self.assertIn("summary", alert["annotations"])
            self.assertIn("action", alert["annotations"])
            tested = re.search(rf"alertname: {alert['alert']}\n\s+exp_alerts:\n\s+- exp_labels", tests)
            self.assertTrue(tested, f"no test makes {alert['alert']} fire")
            self.assertTrue(alert["alert"] in page, f"guide/operate.md does not say what to do about {alert['alert']}")


class Certificates(unittest.TestCase):
    """When they expire, as they are in use: a file that was replaced counts from the reload on."""

    def setUp(self):
        self.mock = Mock()
        self.addCleanup(self.mock.stop)

    def shown(self, weir):
        return {file: int(float(value)) for file, value in
                re.findall(r'^weir_certificate_expiry_timestamp_seconds\{file="([^"]+)"\} (\S+)$', weir.metrics(), re.M)}

    def test_the_metric_says_when(self):
        tls = "tls: {certificate: cert.pem, private_key: key.pem}"
        conf = stack.simple_conf(self.mock.url).replace('{address: "127.0.0.1:0"}]', f'{{address: "127.0.0.1:0", {tls}}}, {{address: "127.0.0.2:0", {tls}}}]', 1)
        weir = Weir(conf, files=stack.certificate(days=30))
        self.addCleanup(weir.stop)
        file = os.path.join(weir.folder, "cert.pem")
        self.assertEqual(list(self.shown(weir)), [file])
        self.assertLess(abs(self.shown(weir)[file] - (time.time() + 30 * 86400)), 60)
        for name, text in stack.certificate(days=90).items():
            weir.write(name, text)
        self.assertLess(abs(self.shown(weir)[file] - (time.time() + 30 * 86400)), 60)
        weir.signal(signal.SIGHUP)
        weir.wait_err("reloaded")
        wait_until(lambda: abs(self.shown(weir)[file] - (time.time() + 90 * 86400)) < 60)

    def test_without_tls_there_is_none(self):
        weir = Weir(stack.simple_conf(self.mock.url))
        self.addCleanup(weir.stop)
        self.assertEqual(self.shown(weir), {})


stack.main()
