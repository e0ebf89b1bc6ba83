"""What the tests of this folder share: the real binary (tests/operate/stack.py), connections by hand, scripted upstreams, figures.

Each test file is run as FILE WEIR MOCK_PROVIDER BUILD_FOLDER [unittest arguments]."""
import json
import os
import re
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "operate"))
import stack  # noqa: E402
from stack import WEIR, Mock, Weir, ask, chat, has_ended, need, wait_until  # noqa: E402,F401

HERE = os.path.dirname(os.path.abspath(__file__))
README = os.path.join(HERE, "README.md")


def main():
    """Runs the tests of the file. Sockets that a failed test left open are not what it should talk about."""
    sys.argv[1:4] = []
    unittest.main(warnings="ignore")


def figures(name, text):
    """Prints what a test measured, and puts it into README.md between its marks when WEIR_FIGURES is set."""
    print(f"\n{text}", flush=True)
    if not os.environ.get("WEIR_FIGURES"):
        return
    with open(README) as f:
        page = f.read()
    begin, end = f"<!-- {name}: written by the tests -->", f"<!-- end of {name} -->"
    if begin not in page:
        raise AssertionError(f"{README} has no place for {name}")
    page = re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _: f"{begin}\n{text.strip()}\n{end}", page, flags=re.S)
    with open(README, "w") as f:
        f.write(page)


def many_descriptors():
    """As many as this machine lets a process have; returns how many."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def port_of(url):
    return int(url.rsplit(":", 1)[1])


def connect(url, limit=10.0, tls=None, session=None, server_name="localhost"):
    """A socket to a weir's listener; `tls` is an ssl.SSLContext."""
    raw = socket.create_connection(("127.0.0.1", port_of(url)), timeout=limit)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return tls.wrap_socket(raw, server_hostname=server_name, session=session) if tls else raw


def request(method, path, body=None, fields=(), host="localhost"):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields]
    if body is not None:
        body = body.encode() if isinstance(body, str) else body
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b"")


class Answer:
    """status (0: none came), fields by lower-case name, body, and how it ended: whole, cut, reset or late."""

    def __init__(self):
        self.status, self.fields, self.body, self.end = 0, {}, b"", "cut"


class Reader:
    """Answers from a socket, one after another; repairs nothing."""

    def __init__(self, sock):
        self.sock, self.left = sock, b""

    def more(self):
        got = self.sock.recv(65536)
        self.left += got
        return bool(got)

    def line(self):
        while b"\r\n" not in self.left:
            if not self.more():
                return None
        line, _, self.left = self.left.partition(b"\r\n")
        return line

    def exactly(self, size, into):
        while len(self.left) < size:
            if not self.more():
                into.body += self.left
                return False
        into.body, self.left = into.body + self.left[:size], self.left[size:]
        return True

    def answer(self, method="GET"):
        got = Answer()
        try:
            self.read_into(got, method)
        except (TimeoutError, ssl.SSLWantReadError):
            got.end = "late"
        except (OSError, ssl.SSLError):
            got.end = "reset"
        return got

    def read_into(self, got, method):
        first = self.line()
        if first is None:
            return
        got.status = int(first.split(b" ")[1])
        while line := self.line():
            name, _, value = line.partition(b":")
            got.fields[name.decode().lower()] = value.strip().decode("latin-1")
        if line is None:
            return
        if 100 <= got.status < 200 and got.status != 101:
            got.fields = {}
            return self.read_into(got, method)
        if method == "HEAD" or got.status in (101, 204, 304):
            got.end = "whole"
        elif "content-length" in got.fields:
            if self.exactly(int(got.fields["content-length"]), got):
                got.end = "whole"
        elif got.fields.get("transfer-encoding") == "chunked":
            self.read_chunks(got)
        else:
            while self.more():
                pass
            got.body, self.left, got.end = self.left, b"", "whole"

    def read_chunks(self, got):
        while (line := self.line()) is not None:
            size = int(line, 16)
            if size == 0:
                got.end = "whole" if self.line() == b"" else "cut"
                return
            if not self.exactly(size, got) or self.line() != b"":
                return


def exchange(url, text, method="GET", limit=10.0, tls=None):
    with connect(url, limit, tls) as sock:
        try:
            sock.sendall(text)
        except OSError:
            pass  # it may have been answered before it was all sent
        return Reader(sock).answer(method)


class Upstream:
    """Listens and gives each connection to `serve(connection, number)` on a thread of its own."""

    def __init__(self, serve, tls=None, port=0):
        self.serve, self.tls, self.number, self.open = serve, tls, 0, set()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            self.number += 1
            threading.Thread(target=self.run, args=(connection, self.number), daemon=True).start()

    def run(self, connection, number):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.open.add(connection)
            self.serve(connection, number)
        except (OSError, ValueError):
            pass
        finally:
            self.open.discard(connection)
            connection.close()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class Received:
    """Requests as an upstream reads them: (request line, {name: value}, body), or None at the end."""

    def __init__(self, connection):
        self.connection, self.left = connection, b""

    def next(self):
        while b"\r\n\r\n" not in self.left:
            got = self.connection.recv(65536)
            if not got:
                return None
            self.left += got
        head, _, self.left = self.left.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        fields = {}
        for line in lines:
            name, _, value = line.partition(b":")
            fields[name.lower().decode()] = value.strip().decode("latin-1")
        size = int(fields.get("content-length", 0))
        while len(self.left) < size:
            got = self.connection.recv(1 << 20)
            if not got:
                return None
            self.left += got
        body, self.left = self.left[:size], self.left[size:]
        return first.decode("latin-1"), fields, body


EVENTS_FOLLOW = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def event_chunk(text):
    """An SSE event in a chunk of its own."""
    data = f"{text}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def json_answer(value, status="200 OK", fields=""):
    body = json.dumps(value).encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{fields}Content-Length: {len(body)}\r\n\r\n".encode() + body


def send_json(connection, value, status="200 OK", fields=""):
    connection.sendall(json_answer(value, status, fields))


class Store:
    """A Redis that can be killed; what it held is lost then."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="weir-store-")
        self.path = os.path.join(self.folder, "redis.sock")
        self.start()

    def start(self):
        self.process = subprocess.Popen([need("redis-server"), "--port", "0", "--unixsocket", self.path, "--save", "", "--dir", self.folder], stdout=subprocess.DEVNULL)
        wait_until(lambda: os.path.exists(self.path))

    def stop(self):
        self.process.kill()
        self.process.wait()
        if os.path.exists(self.path):
            os.remove(self.path)


class Authority:
    """A CA and server certificates made with openssl(1)."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="weir-ca-")
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=test root")

    def run(self, *args, command=None):
        subprocess.run(command or ["openssl", *args], cwd=self.folder, check=True, capture_output=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def text(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def issue(self, name, host="localhost", days=30, self_signed=False):
        """NAME.pem and NAME.key for a host name; negative days: it has expired."""
        self.run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + host)
        with open(self.path(name + ".ext"), "w") as f:
            f.write(f"subjectAltName=DNS:{host}\n")
        sign = ["-signkey", name + ".key"] if self_signed else ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]
        # x509 takes no days before today: then both ends of its life are said.
        if days > 0:
            self.run("x509", "-req", "-in", name + ".csr", *sign, "-out", name + ".pem", "-days", str(days), "-extfile", name + ".ext")
        else:
            with open(self.path("index.txt"), "w"):
                pass
            with open(self.path("ca.cnf"), "w") as f:
                f.write("[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nrand_serial=yes\nunique_subject=no\n[p]\ncommonName=supplied\n")
            self.run("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", name + ".csr", "-out", name + ".pem", "-notext",
                     "-startdate", "20200101000000Z", "-enddate", "20200102000000Z", "-extfile", name + ".ext")
        return self.path(name + ".pem"), self.path(name + ".key")

    def client_context(self):
        return ssl.create_default_context(cafile=self.path("ca.pem"))

    def server_context(self, name):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.path(name + ".pem"), self.path(name + ".key"))
        return made


def metric(text, name, *labels):
    """The sum of a metric's series that carry all of `labels`."""
    total = 0.0
    for line in text.splitlines():
        if re.match(re.escape(name) + r"[{ ]", line) and all(each in line for each in labels):
            total += float(line.rsplit(" ", 1)[1])
    return total


def memory_kib(pid, field="VmRSS"):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(field))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


GAUGES = ("weir_connections", "weir_active_streams", "weir_buffered_body_bytes", "weir_upstream_in_flight", "weir_queue_waiting")


def at_rest(weir, limit=10.0):
    """Waits until nothing is in flight, and returns the metrics; fails with what is not at zero."""
    seen = {}

    def quiet():
        text = weir.metrics()
        seen.clear()
        seen.update({name: metric(text, name) for name in GAUGES if metric(text, name) != 0})
        return text if not seen else None

    try:
        return wait_until(quiet, limit, 0.05)
    except AssertionError:
        raise AssertionError(f"not at rest: {seen}") from None


def until(limit):
    """Seconds left, as a callable."""
    end = time.monotonic() + limit
    return lambda: max(0.0, end - time.monotonic())
