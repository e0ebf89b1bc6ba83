"""The real binary in front of a mock provider, for the tests beside this file, and the table of what they ran.

A test file is run as FILE WEIR MOCK_PROVIDER BUILD_FOLDER [unittest arguments] and ends with stack.main(). What passed is
held against the client's row in README.md; with WEIR_CLIENTS_TABLE=write the row is written instead."""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

WEIR, MOCK, BUILD = (os.path.abspath(each) for each in sys.argv[1:4])
HERE = os.path.dirname(os.path.abspath(__file__))
KEY = "sk-weir-client"          # may call everything
NARROW_KEY = "sk-weir-narrow"   # may call one model of each dialect
SLOW_KEY = "sk-weir-slow"       # may ask once a minute
UPSTREAM_KEY = "sk-upstream"    # weir's own, at the provider

ASK = [{"role": "user", "content": "Say something about rivers."}]
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}

CONF = """
listeners:
  - {{address: "127.0.0.1:0"}}
  - {{address: "127.0.0.1:0", tls: {{certificate: cert.pem, private_key: key.pem}}}}
admin: {{address: "127.0.0.1:0"}}
workers: 2
pools:
  openai: {{upstreams: [{{url: "{mock}/v1", api_key: {upstream_key}}}], retry: {{backoff: 5ms}}}}
  anthropic: {{dialect: anthropic, upstreams: [{{url: "{mock}", api_key: {upstream_key}}}], retry: {{backoff: 5ms}}}}
  gemini: {{dialect: gemini, upstreams: [{{url: "{mock}", api_key: {upstream_key}}}], retry: {{backoff: 5ms}}}}
  collected: {{collect: on, upstreams: [{{url: "{mock}/v1", api_key: {upstream_key}}}]}}
  collected_claude: {{dialect: anthropic, collect: on, upstreams: [{{url: "{mock}", api_key: {upstream_key}}}]}}
routes:
  - {{models: ["gpt-4o-mini"], pool: collected}}
  - {{models: ["claude-haiku-*"], pool: collected_claude}}
  - {{models: ["claude-*"], pool: anthropic}}
  - {{models: ["gemini-*"], pool: gemini}}
  - {{models: ["*"], pool: openai}}
keys:
  - {{name: test, secret: {key}}}
  - {{name: narrow, secret: {narrow_key}, models: [gpt-4o, claude-sonnet-4-6, gemini-2.5-flash]}}
  - {{name: slow, secret: {slow_key}, requests_per_minute: 1}}
state: {{ledger: ledger.db}}
log: {{access: access.log}}
"""

# A model that is at a pool of that dialect alone, with OTHER_DIALECTS.
MODELS = {"chat": "gpt-4o-chat", "responses": "gpt-4o-responses", "messages": "claude-sonnet-4-5", "gemini": "gemini-2.5-flash"}
OTHER_DIALECTS = """
listeners: [{{address: "127.0.0.1:0"}}, {{address: "127.0.0.1:0", tls: {{certificate: cert.pem, private_key: key.pem}}}}]
admin: {{address: "127.0.0.1:0"}}
workers: 2
pools:
  chat: {{speaks: [chat], upstreams: [{{url: "{mock}/v1", api_key: {upstream_key}}}], retry: {{attempts: 1}}}}
  responses: {{speaks: [responses], upstreams: [{{url: "{mock}/v1", api_key: {upstream_key}}}], retry: {{attempts: 1}}}}
  messages: {{dialect: anthropic, upstreams: [{{url: "{mock}", api_key: {upstream_key}}}], retry: {{attempts: 1}}}}
  gemini: {{dialect: gemini, upstreams: [{{url: "{mock}", api_key: {upstream_key}}}], retry: {{attempts: 1}}}}
routes:
  - {{models: ["gpt-4o-chat"], pool: chat}}
  - {{models: ["gpt-4o-responses"], pool: responses}}
  - {{models: ["claude-*"], pool: messages}}
  - {{models: ["gemini-*"], pool: gemini}}
keys: [{{name: test, secret: {key}}}]
state: {{ledger: ledger.db}}
log: {{access: access.log}}
"""


def wait_until(what, limit=10.0):
    """Calls `what` until it returns something true, and returns that; fails after `limit` seconds."""
    until = time.monotonic() + limit
    while not (got := what()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(0.02)
    return got


class Stack:
    """A mock provider and weir in front of it, on free ports."""

    def __init__(self, conf=CONF):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-clients-")
        self.mock = subprocess.Popen([MOCK, "--quick", "--stateful", "--strict"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        mock_url = f"http://127.0.0.1:{int(self.mock.stdout.readline())}"
        conf_path = os.path.join(self.folder.name, "weir.yaml")
        self.certificate = os.path.join(self.folder.name, "cert.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=weir", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", os.path.join(self.folder.name, "key.pem"),
                        "-out", self.certificate], check=True, stderr=subprocess.DEVNULL)
        with open(conf_path, "w") as f:
            f.write(conf.format(mock=mock_url, key=KEY, slow_key=SLOW_KEY, narrow_key=NARROW_KEY, upstream_key=UPSTREAM_KEY))
        os.chmod(conf_path, 0o600)
        self.log_path = os.path.join(self.folder.name, "access.log")
        self.err_path = os.path.join(self.folder.name, "stderr.txt")
        with open(self.err_path, "w") as err:
            self.weir = subprocess.Popen([WEIR, "serve", "-c", conf_path], stderr=err)

        def is_up():
            with open(self.err_path) as f:
                said = f.read()
            if self.weir.poll() is not None:
                raise RuntimeError("weir did not start:\n" + said)
            return said if "admin on" in said else None

        said = wait_until(is_up)
        self.url, self.tls_url = (re.search(rf"listening on ({scheme}://\S+)", said).group(1) for scheme in ("http", "https"))

    def calls(self):
        """What the provider was asked: [method, target, finished|aborted, stream|unary] each."""
        self.mock.stdin.write("\n")
        self.mock.stdin.flush()
        lines = []
        for line in self.mock.stdout:
            if line == ".\n":
                return lines
            lines.append(line.split())

    def last_request(self):
        """What the provider was asked last: its path, and the body."""
        self.mock.stdin.write("body\n")
        self.mock.stdin.flush()
        target, body = (self.mock.stdout.readline() for _ in range(2))
        return target.strip(), json.loads(body)

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def stop(self):
        self.weir.terminate()
        self.weir.wait(10)
        self.mock.stdin.close()
        self.mock.wait(10)
        self.mock.stdout.close()
        self.folder.cleanup()

    def environment(self):
        """For clients that are programs of their own."""
        return {**os.environ, "NODE_EXTRA_CA_CERTS": self.certificate, "WEIR_URL": self.url, "WEIR_TLS_URL": self.tls_url,
                "WEIR_KEY": KEY, "WEIR_NARROW_KEY": NARROW_KEY, "WEIR_SLOW_KEY": SLOW_KEY, "WEIR_LOG": self.log_path}


def secrets_in(log):
    """Every secret and every word of a prompt that stands in the access log."""
    return [each for each in (KEY, NARROW_KEY, SLOW_KEY, UPSTREAM_KEY, "rivers") if each in log]


def check_table(client, version, ran):
    """Fails when README.md says something else about this client than what ran just now."""
    page = os.path.join(HERE, "README.md")
    row = f"| {client} | {version} | {', '.join(sorted(set(ran)))} |"
    with open(page) as f:
        lines = f.read().rstrip("\n").split("\n")
    first = lines.index("|---|---|---|") + 1
    rows = [line for line in lines[first:] if line.startswith(f"| {client} |")]
    if os.environ.get("WEIR_CLIENTS_TABLE") == "write":
        others = [line for line in lines[first:] if line not in rows]
        with open(page, "w") as f:
            f.write("\n".join(lines[:first] + sorted([*others, row])) + "\n")
    elif rows != [row]:
        sys.exit(f"tests/clients/README.md is not true any more. What ran:\n{row}\nRun again with WEIR_CLIENTS_TABLE=write.")


class Result(unittest.TextTestResult):
    passed = []

    def addSuccess(self, test):
        super().addSuccess(test)
        Result.passed.append(test._testMethodName.removeprefix("test_").replace("_", " "))


def main(client, version):
    """Runs the caller's tests, then holds the table against them. A run of some tests only leaves the table alone."""
    some_only = [each for each in sys.argv[4:] if not each.startswith("-")]
    sys.argv[1:4] = []
    done = unittest.main(module="__main__", exit=False, testRunner=unittest.TextTestRunner(resultclass=Result, verbosity=2))
    if not done.result.wasSuccessful():
        sys.exit(1)
    if not some_only:
        check_table(client, version, Result.passed)
