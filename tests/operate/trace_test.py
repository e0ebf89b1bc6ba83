"""Traces as a collector gets them: ids, parents, times, attributes; what is sampled and what is kept; a collector that is slow, gone or
refuses; and what upstreams are told."""
import http.server
import json
import re
import socket
import threading
import time
import unittest

import stack
from stack import Weir, ask, chat, wait_until

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Server:
    """An HTTP server whose answers are given by `answer(handler, body)`; each request's headers are kept."""

    def __init__(self, answer, port=0):
        self.seen, outer = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.seen.append((self.path, dict((k.lower(), v) for k, v in self.headers.items())))
                answer(self, body)

            def reply(self, status, text, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Collector(Server):
    def __init__(self, port=0):
        self.spans, self.resources, self.tell = [], [], None
        super().__init__(self.take, port)

    def take(self, handler, body):
        if self.tell and self.tell(handler):
            return
        document = json.loads(body)
        for resource in document["resourceSpans"]:
            self.resources.append({a["key"]: value(a) for a in resource["resource"]["attributes"]})
            for scope in resource["scopeSpans"]:
                assert scope["scope"]["name"] == "weir"
                self.spans += [dict(span, at={a["key"]: value(a) for a in span["attributes"]}) for span in scope["spans"]]
        handler.reply(200, "{}")

    def of(self, request_id, limit=10.0):
        """The request's own span, and those below it in the order of their begin."""
        def found():
            roots = [span for span in self.spans if span["at"].get("weir.request_id") == request_id]
            return roots[0] if roots else None

        root = wait_until(found, limit)
        below = [span for span in self.spans if span.get("parentSpanId") == root["spanId"]]
        return root, sorted(below, key=lambda span: int(span["startTimeUnixNano"]))


def value(attribute):
    (kind, what), = attribute["value"].items()
    return int(what) if kind == "intValue" else what


def provider():
    """Answers a chat request; x-status and x-wait say how."""
    def answer(handler, body):
        time.sleep(float(handler.headers.get("x-wait", 0)))
        status = int(handler.headers.get("x-status", 200))
        text = {"id": "c", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}}
        handler.reply(status, json.dumps(text if status == 200 else {"error": {"message": "no", "code": "no"}}))

    return Server(answer)


class Base(unittest.TestCase):
    sample = "100%"
    more = ""

    def setUp(self):
        self.collector, self.provider = Collector(), provider()
        self.addCleanup(self.provider.stop)
        self.addCleanup(lambda: self.collector.stop())  # after weir, and the one that is there then
        with socket.socket() as dead:
            dead.bind(("127.0.0.1", 0))
            self.dead = dead.getsockname()[1]
        self.weir = self.start(self.collector.url)

    def start(self, url):
        weir = Weir(f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
workers: 2
pools:
  main:
    retry: {{attempts: 2, budget: 100%, backoff: 1ms}}
    ejection: {{consecutive_failures: 1000}}
    upstreams: [{{name: one, url: "{self.provider.url}/v1", api_key: sk-upstream}}]
  broken:
    panic: false
    upstreams: [{{name: gone, url: "http://127.0.0.1:{self.dead}/v1", api_key: sk-upstream}}]
routes:
  - {{models: [moved], pool: broken, fallback: [{{pool: main, model: gpt-4o}}]}}
  - {{models: [nowhere], pool: broken}}
  - {{models: ["*"], pool: main}}
prices: prices.yaml
state: {{ledger: ledger.db}}
log: {{access: access.log}}
tracing: {{otlp: "{url}", sample: {self.sample}, service_name: gateway, headers: {{X-Collector: the-token}}{self.more}}}
""", files={"prices.yaml": "models: {gpt-4o: {input: 2.5, output: 10}, moved: {input: 1, output: 1}}\n"})
        self.addCleanup(weir.stop)
        return weir

    def send(self, request_id, model="gpt-4o", **headers):
        headers = {name.replace("_", "-"): text for name, text in headers.items()}
        return ask(self.weir.url, "POST", "/v1/chat/completions", chat(model), {"x-request-id": request_id, **headers})[0]

    def counted(self, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.weir.metrics(), re.M)
        return float(found.group(1)) if found else -1


class Everything(Base):
    def test_a_request_is_a_span_below_the_clients_and_above_its_attempts(self):
        began = time.time_ns()
        self.assertEqual(self.send("one", traceparent=f"00-{TRACE}-{CALLER}-01", tracestate="vendor=1"), 200)
        ended = time.time_ns()
        root, (attempt,) = self.collector.of("one")
        self.assertEqual((root["traceId"], root["parentSpanId"], root["kind"], root["traceState"]), (TRACE, CALLER, 2, "vendor=1"))
        self.assertEqual((attempt["traceId"], attempt["kind"]), (TRACE, 3))
        self.assertNotIn(root["spanId"], (CALLER, attempt["spanId"]))
        times = [int(root["startTimeUnixNano"]), int(attempt["startTimeUnixNano"]), int(attempt["endTimeUnixNano"]), int(root["endTimeUnixNano"])]
        self.assertEqual(times, sorted(times))
        self.assertTrue(began - 2e6 <= times[0] and times[3] <= ended + 2e6, (began, times, ended))
        at = root["at"]
        self.assertEqual((at["gen_ai.operation.name"], at["gen_ai.provider.name"], at["gen_ai.request.model"]), ("chat", "openai", "gpt-4o"))
        self.assertEqual((at["gen_ai.usage.input_tokens"], at["gen_ai.usage.output_tokens"], at["http.response.status_code"]), (11, 3, 200))
        self.assertAlmostEqual(at["weir.cost_usd"], (11 * 2.5 + 3 * 10) / 1e6)
        self.assertEqual((root["name"], attempt["name"]), ("chat gpt-4o", "chat gpt-4o"))
        self.assertEqual(attempt["at"]["server.address"], "127.0.0.1")
        self.assertEqual(f":{attempt['at']['server.port']}", self.provider.url[-len(str(attempt["at"]["server.port"])) - 1:])
        # What the upstream was told is the attempt's span.
        told = self.provider.seen[-1][1]
        self.assertEqual((told["traceparent"], told["tracestate"]), (f"00-{TRACE}-{attempt['spanId']}-01", "vendor=1"))
        path, head = self.collector.seen[-1]
        self.assertEqual((path, head["content-type"], head["x-collector"]), ("/v1/traces", "application/json", "the-token"))
        self.assertEqual(self.collector.resources[-1]["service.name"], "gateway")
        with open(self.weir.folder + "/access.log") as f:
            self.assertEqual(json.loads(f.readline())["trace_id"], TRACE)

    def test_each_attempt_is_a_span_with_its_failure(self):
        self.assertEqual(self.send("two", "moved"), 200)
        root, attempts = self.collector.of("two")
        self.assertNotIn("parentSpanId", root)
        self.assertEqual([a["at"]["weir.pool"] for a in attempts], ["broken"] * (len(attempts) - 1) + ["main"])
        self.assertEqual(attempts[0]["at"]["error.type"], "connect")
        self.assertEqual(attempts[0]["status"]["code"], 2)
        self.assertNotIn("status", attempts[-1])
        self.assertEqual(len({span["spanId"] for span in [root, *attempts]}), 1 + len(attempts))
        self.assertEqual((attempts[0]["name"], attempts[-1]["name"]), ("chat moved", "chat gpt-4o"))
        self.assertEqual(self.provider.seen[-1][1]["traceparent"], f"00-{root['traceId']}-{attempts[-1]['spanId']}-01")

    def test_who_began_the_trace_decides_whether_it_is_sampled(self):
        self.send("not-sampled", traceparent=f"00-{TRACE}-{CALLER}-00", tracestate="vendor=1")
        self.assertRegex(self.provider.seen[-1][1]["traceparent"], f"^00-{TRACE}-[0-9a-f]{{16}}-00$")
        self.send("malformed", traceparent=f"00-{TRACE.upper()}-{CALLER}-01", tracestate="vendor=1")
        self.assertNotIn("tracestate", self.provider.seen[-1][1], "it belongs to a trace that does not go on")
        root, _ = self.collector.of("malformed")
        self.assertNotEqual(root["traceId"], TRACE)
        self.assertFalse([span for span in self.collector.spans if span["traceId"] == TRACE])

    def test_a_stop_sends_what_waits(self):
        self.send("last")
        self.weir.signal(15)
        self.weir.process.wait(10)
        self.collector.of("last", limit=0.1)

    def test_a_reload_turns_it_off_and_on(self):
        with open(self.weir.conf) as f:
            with_tracing = f.read()
        self.weir.write("weir.yaml", with_tracing[:with_tracing.index("tracing:")])
        self.weir.signal(1)
        self.weir.wait_err("reloaded")
        self.send("silent")
        self.weir.write("weir.yaml", with_tracing)
        self.weir.signal(1)
        self.weir.wait_err("reloaded", count=2)
        self.send("heard")
        self.collector.of("heard")
        self.assertFalse([span for span in self.collector.spans if span["at"].get("weir.request_id") == "silent"])


class Nothing(Base):
    sample = "0%"
    more = ", slow: 300ms"

    def test_what_fails_or_is_slow_is_kept_whatever_was_sampled(self):
        self.send("fine")
        self.assertRegex(self.provider.seen[-1][1]["traceparent"], "-00$")
        self.assertEqual(self.send("failed", "nowhere"), 502)
        self.assertEqual(self.send("passed-on", x_status="529"), 529)
        self.assertEqual(self.send("slow", x_wait="0.35"), 200)
        self.assertEqual(self.collector.of("failed")[0]["at"]["weir.kept"], "error")
        self.assertEqual(self.collector.of("failed")[0]["status"]["code"], 2)
        self.assertEqual(len(self.collector.of("passed-on")[1]), 2)
        self.assertEqual(self.collector.of("slow")[0]["at"]["weir.kept"], "slow")
        self.send("asked-for", traceparent=f"00-{TRACE}-{CALLER}-01")
        self.assertEqual(self.collector.of("asked-for")[0]["at"]["weir.kept"], "sampled")
        kept = {span["at"]["weir.request_id"] for span in self.collector.spans if "weir.request_id" in span["at"]}
        self.assertEqual(kept, {"failed", "passed-on", "slow", "asked-for"})


class Trouble(Base):
    def test_a_collector_that_is_busy_gets_everything_later_and_once(self):
        refused = []

        def busy(handler):
            if len(refused) >= 2:
                return False
            refused.append(time.monotonic())
            handler.reply((429, 503)[len(refused) - 1], "{}", Retry_After="1")
            return True

        self.collector.tell = busy
        for i in range(5):
            self.send(f"n{i}")
        for i in range(5):
            self.collector.of(f"n{i}")
        self.assertGreaterEqual(refused[1] - refused[0], 0.95)
        identities = [span["spanId"] for span in self.collector.spans]
        self.assertEqual(len(identities), len(set(identities)))
        wait_until(lambda: self.counted("weir_spans_exported_total") == 10)
        self.assertEqual(self.weir.err().count("spans cannot be sent"), 1)
        self.weir.wait_err("spans are sent again")

    def test_a_collector_that_is_gone_costs_no_request_anything(self):
        port = int(self.collector.url.rsplit(":", 1)[1])
        self.collector.stop()
        for i in range(20):
            self.assertEqual(self.send(f"n{i}"), 200)
        self.weir.wait_err("spans cannot be sent to http://127.0.0.1:")
        self.collector = Collector(port)
        for i in range(20):
            self.collector.of(f"n{i}", limit=20)

    def test_a_collector_that_never_answers_holds_nobody_up(self):
        release = threading.Event()
        self.addCleanup(release.set)
        self.collector.tell = lambda handler: release.wait(30)
        self.send("first")
        wait_until(lambda: self.collector.seen)
        took = []
        for i in range(50):
            began = time.monotonic()
            self.assertEqual(self.send(f"n{i}"), 200)
            took.append(time.monotonic() - began)
        self.assertLess(sorted(took)[25], 0.2)
        began = time.monotonic()
        self.weir.signal(15)
        self.weir.process.wait(12)
        self.assertLess(time.monotonic() - began, 9, "a stop does not wait for it for long")

    def test_what_a_collector_refuses_is_counted(self):
        self.collector.tell = lambda handler: handler.reply(400, "{}") or True
        self.send("refused")
        wait_until(lambda: self.counted('weir_spans_dropped_total{reason="refused"}') == 2)
        self.collector.tell = lambda handler: handler.reply(200, '{"partialSuccess": {"rejectedSpans": "1", "errorMessage": "no"}}') or True
        self.send("half")
        wait_until(lambda: self.counted('weir_spans_dropped_total{reason="refused"}') == 3)
        wait_until(lambda: self.counted("weir_spans_exported_total") == 1)
        for nonsense in ('{"partialSuccess": 3}', "[", '{"partialSuccess": {"rejectedSpans": -5}}', '{"partialSuccess": {"rejectedSpans": "99999"}}'):
            self.collector.tell = lambda handler, text=nonsense: handler.reply(200, text) or True
            seen = len(self.collector.seen)
            self.send("odd")
            wait_until(lambda: len(self.collector.seen) > seen)
        wait_until(lambda: self.counted('weir_spans_dropped_total{reason="refused"}') == 5)


class LogCollector(Server):
    def __init__(self):
        self.records, self.resources, self.tell = [], [], None
        super().__init__(self.take)

    def take(self, handler, body):
        if self.tell and self.tell(handler):
            return
        for resource in json.loads(body)["resourceLogs"]:
            self.resources.append({a["key"]: value(a) for a in resource["resource"]["attributes"]})
            for scope in resource["scopeLogs"]:
                self.records += [dict(record, at={a["key"]: value(a) for a in record["attributes"]}) for record in scope["logRecords"]]
        handler.reply(200, "{}")


class Logs(unittest.TestCase):
    """Lines of the access log, at a collector."""

    def start(self, log, tracing=""):
        self.collector, self.provider = LogCollector(), provider()
        self.addCleanup(self.provider.stop)
        self.addCleanup(self.collector.stop)
        self.weir = Weir(f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
workers: 2
pools: {{main: {{retry: {{attempts: 1}}, upstreams: [{{name: one, url: "{self.provider.url}/v1", api_key: sk-upstream}}]}}}}
state: {{ledger: off}}
log: {log.replace("URL", self.collector.url)}
{tracing.replace("URL", self.collector.url)}
""")
        self.addCleanup(self.weir.stop)

    def counted(self, name):
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.weir.metrics(), re.M)
        return float(found.group(1)) if found else -1

    def send(self, request_id, **headers):
        return ask(self.weir.url, "POST", "/v1/chat/completions", chat("gpt-4o"), {"x-request-id": request_id, **headers})[0]

    def of(self, request_id):
        return wait_until(lambda: next((r for r in self.collector.records if r["at"].get("weir.request_id") == request_id), None))

    def test_each_line_is_a_record(self):
        self.start("{access: access.log, otlp: 'URL', headers: {X-Collector: the-token}}")
        self.assertEqual(self.send("good"), 200)
        self.assertEqual(self.send("bad", **{"x-status": "500"}), 500)
        good, bad = self.of("good"), self.of("bad")
        self.weir.process.send_signal(10)  # opens the log anew: what was written before is on the disk
        with open(self.weir.folder + "/access.log") as f:
            lines = {json.loads(line)["request_id"]: line.rstrip("\n") for line in f}
        self.assertEqual((good["body"]["stringValue"], bad["body"]["stringValue"]), (lines["good"], lines["bad"]))
        self.assertEqual((good["severityText"], bad["severityText"]), ("INFO", "ERROR"))
        self.assertEqual((good["at"]["http.response.status_code"], good["at"]["weir.upstream"], good["at"]["gen_ai.request.model"]), (200, "one", "gpt-4o"))
        path, head = self.collector.seen[-1]
        self.assertEqual((path, head["content-type"], head["x-collector"]), ("/v1/logs", "application/json", "the-token"))
        self.assertEqual(self.collector.resources[-1]["service.name"], "weir")
        wait_until(lambda: self.counted("weir_log_records_exported_total") == 2)

    def test_it_needs_no_file_and_is_counted_when_refused(self):
        self.start("{access: off, otlp: 'URL'}")
        self.assertEqual(self.send("only"), 200)
        self.of("only")
        self.collector.tell = lambda handler: handler.reply(400, "{}") or True
        self.send("refused")
        wait_until(lambda: self.counted('weir_log_records_dropped_total{reason="refused"}') == 1)
        self.weir.wait_err("log: log records cannot be sent to http://127.0.0.1:")

    def test_without_a_collector_nothing_is_sent(self):
        self.start("{access: access.log}")
        self.assertEqual(self.send("one"), 200)
        time.sleep(1.5)
        self.assertEqual(self.collector.seen, [])


stack.main()
