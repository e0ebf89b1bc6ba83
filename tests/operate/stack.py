"""The real binary and a mock provider on ports of the system's choice, for the tests beside this file.

Each test file is run as FILE WEIR MOCK_PROVIDER BUILD_FOLDER [unittest arguments]; stack.main() takes those apart."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

WEIR, MOCK, BUILD = (os.path.abspath(each) for each in sys.argv[1:4])
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main():
    sys.argv[1:4] = []
    unittest.main()


def need(program):
    """The path of a tool; the test fails with the name of what to install when it is missing."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if not found:
        raise RuntimeError(f"{program} is missing: tests/run.sh installs what these tests need")
    return found


def wait_until(what, limit=10.0, pause=0.02):
    """Calls `what` until it returns something true, and returns that; fails after `limit` seconds."""
    until = time.monotonic() + limit
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > until:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(pause)


def has_ended(pid):
    try:
        os.kill(pid, 0)
        return False
    except ProcessLookupError:
        return True


class Mock:
    def __init__(self):
        self.process = subprocess.Popen([MOCK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class Connection(http.client.HTTPConnection):
    """To HOST:PORT or to a unix socket, by an address as weir prints it."""

    def __init__(self, address, timeout=10):
        self.path = address.removeprefix("unix:") if address.startswith("unix:") else None
        host = "localhost" if self.path else urllib.parse.urlsplit(address).netloc
        super().__init__(host, timeout=timeout)

    def connect(self):
        if not self.path:
            return super().connect()
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(address, method, path, body=None, headers=None):
    """One request over a connection of its own: status, headers, body."""
    connection = Connection(address)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def chat(model="gpt-4o", stream=False, **more):
    return json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": "Say something about rivers."}], **more})


class Weir:
    """`conf` is the whole text; {folder} in it is the folder that it stands in."""

    def __init__(self, conf, files=None, command=None, env=None, wait=True, pass_fds=()):
        self.folder = tempfile.mkdtemp(prefix="weir-operate-")
        self.conf = os.path.join(self.folder, "weir.yaml")
        for name, text in {**(files or {}), "weir.yaml": conf}.items():
            self.write(name, text)
        self.err_path = os.path.join(self.folder, "stderr.txt")
        self.out_path = os.path.join(self.folder, "stdout.txt")
        with open(self.err_path, "wb") as err, open(self.out_path, "wb") as out:
            self.process = subprocess.Popen((command or []) + [WEIR, "serve", "-c", self.conf], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err, env={**os.environ, **(env or {})}, cwd=self.folder, pass_fds=pass_fds)
        self.pid = self.process.pid
        if wait:
            self.wait_up()

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w") as f:
            f.write(text.replace("{folder}", self.folder))
        os.chmod(path + ".new", 0o600)
        os.replace(path + ".new", path)
        return path

    def err(self):
        with open(self.err_path, errors="replace") as f:
            return f.read()

    def out(self):
        with open(self.out_path, errors="replace") as f:
            return f.read()

    def wait_up(self):
        def is_up():
            if self.process.poll() is not None:
                raise AssertionError("weir did not come up:\n" + self.err())
            return re.search(r"admin on (\S+)\n", self.err())

        self.admin = wait_until(is_up).group(1)
        self.urls = re.findall(r"listening on (\S+)\n", self.err())
        self.url = self.urls[0]

    def wait_err(self, pattern, limit=10.0, count=1):
        return wait_until(lambda: len(re.findall(pattern, self.err())) >= count, limit)

    def get(self, path, headers=None):
        return ask(self.admin, "GET", path, headers=headers)

    def metrics(self):
        return self.get("/metrics")[2].decode()

    def status(self):
        return json.loads(self.get("/api/status")[2])

    def signal(self, number):
        os.kill(self.pid, number)

    def upgrade(self, limit=10):
        """Hands over to a new process, which is `pid` from here on; returns the number of the old one, which may still drain."""
        before = self.pid

        def successor():
            found = re.findall(r"handed over to pid (\d+)", self.err())
            return int(found[-1]) if found and int(found[-1]) != before else None

        self.signal(signal.SIGUSR2)
        self.pid = wait_until(successor, limit)
        return before

    def run(self, *args, **more):
        """Another command of the same binary, in the same folder."""
        return subprocess.run([WEIR, *args], cwd=self.folder, capture_output=True, text=True, timeout=30, **more)

    def stop(self, limit=10):
        """Ends whatever serves now, which after an upgrade is not what was started here. Returns the first process's exit code."""
        if self.pid == self.process.pid:
            if self.process.poll() is None:
                self.process.terminate()
            try:
                self.process.wait(limit)
            finally:
                self.process.kill()
        else:
            self.process.wait(limit)
            if not has_ended(self.pid):
                os.kill(self.pid, signal.SIGTERM)
                wait_until(lambda: has_ended(self.pid), limit)
        code = self.process.wait()
        shutil.rmtree(self.folder)
        return code


def certificate(days):
    """A self-signed certificate for this machine, and its key: files for a Weir."""
    with tempfile.TemporaryDirectory() as folder:
        cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
        subprocess.run([need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
                        "-days", str(days), "-keyout", key, "-out", cert], check=True, capture_output=True)
        files = {}
        for path in (cert, key):
            with open(path) as f:
                files[os.path.basename(path)] = f.read()
        return files


def simple_conf(upstream, more="", listener='"127.0.0.1:0"', admin='address: "127.0.0.1:0"', log="{access: access.log}"):
    return f"""listeners: [{{address: {listener}}}]
admin: {{{admin}}}
workers: 2
pools:
  main: {{upstreams: [{{name: first, url: "{upstream}/v1", api_key: sk-upstream}}]}}
state: {{ledger: ledger.db}}
log: {log}
{more}"""
