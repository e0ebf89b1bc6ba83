"""What weir depends on changes under it: names that fail, move or have many addresses, and certificates that expire while it runs."""
import datetime
import os
import shutil
import ssl
import subprocess
import time
import unittest

from support import Authority, Received, Upstream, Weir, chat, connect, exchange, main, metric, request, wait_until

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'


def serve(connection, _):
    received = Received(connection)
    while received.next():
        connection.sendall(OK)


@unittest.skipUnless(subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0, "needs a mount namespace, and so root")
class Names(unittest.TestCase):
    """With an /etc/hosts of its own in a mount namespace: what getaddrinfo(3) says is in the test's hands."""

    def setUp(self):
        self.upstream = Upstream(serve)

    def start(self, hosts, host="provider.test"):
        weir = Weir(f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
workers: 2
pools: {{main: {{ejection: {{consecutive_failures: 1000000}}, retry: {{attempts: 1}}, keepalive: {{idle: 0}}, timeouts: {{connect: 2s}}, upstreams: [{{url: "http://{host}:{self.upstream.port}/v1"}}]}}}}
state: {{ledger: "off"}}
log: {{access: "off"}}
""", files={"hosts": hosts}, command=["unshare", "-m", "/bin/sh", "-c", 'mount --bind hosts /etc/hosts && exec "$@"', "sh"])
        return weir

    def say(self, weir, hosts):
        # In place: the mount holds the file, not its name.
        with open(os.path.join(weir.folder, "hosts"), "r+") as f:
            f.truncate(0)
            f.write(hosts)

    def ask(self, weir):
        return exchange(weir.url, request("GET", "/v1/a"))

    def test_a_name_that_cannot_be_resolved_fails_at_once_and_serves_once_it_can(self):
        weir = self.start("127.0.0.1 localhost\n")
        asked = time.monotonic()
        got = self.ask(weir)
        self.assertEqual(got.status, 502)
        self.assertIn(b"resolved", got.body)
        self.assertLess(time.monotonic() - asked, 3)
        self.say(weir, "127.0.0.1 localhost provider.test\n")
        wait_until(lambda: self.ask(weir).status == 200, 10, 0.1)
        # It stops resolving: the last addresses stay in use.
        self.say(weir, "127.0.0.1 localhost\n")
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            self.assertEqual(self.ask(weir).status, 200)
            time.sleep(0.05)
        self.assertEqual(weir.stop(), 0)

    def test_a_provider_that_moves_is_found_where_it_went(self):
        weir = self.start("127.0.0.9 provider.test\n")
        self.assertEqual(self.ask(weir).status, 502)  # nobody listens there
        self.say(weir, "127.0.0.1 provider.test\n")
        # The failure itself makes weir look again, long before the name is due.
        wait_until(lambda: self.ask(weir).status == 200, 6, 0.1)
        self.assertEqual(weir.stop(), 0)

    def test_all_of_many_addresses_are_tried(self):
        dead = "".join(f"127.0.1.{n} provider.test\n" for n in range(1, 20))
        weir = self.start(dead + "127.0.0.1 provider.test\n")
        for _ in range(5):
            self.assertEqual(self.ask(weir).status, 200)
        self.assertEqual(weir.stop(), 0)

    def test_thousands_of_addresses_take_no_more_than_their_time(self):
        weir = self.start("".join(f"127.0.{n // 250 + 1}.{n % 250 + 1} provider.test\n" for n in range(3000)))
        asked = time.monotonic()
        self.assertEqual(self.ask(weir).status, 502)
        self.assertLess(time.monotonic() - asked, 4)
        self.assertEqual(weir.stop(), 0)


class Certificates(unittest.TestCase):
    def test_one_that_expires_while_weir_runs_is_replaced_by_a_reload(self):
        authority = Authority()
        upstream = Upstream(serve)
        authority.issue("first")
        authority.issue("second")
        # The first lives for a few seconds more.
        end = datetime.datetime.utcnow() + datetime.timedelta(seconds=4)
        authority.issue("short", days=-1)
        authority.run("ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", "short.csr", "-out", "short.pem", "-notext",
                      "-startdate", "20200101000000Z", "-enddate", end.strftime("%Y%m%d%H%M%SZ"), "-extfile", "short.ext")
        for ending in ("pem", "key"):
            shutil.copy(authority.path("short." + ending), authority.path("server." + ending))
        weir = Weir(f"""listeners: [{{address: "localhost:0", tls: {{certificate: {authority.path("server.pem")}, private_key: {authority.path("server.key")}}}}}]
admin: {{address: "127.0.0.1:0"}}
workers: 2
pools: {{main: {{upstreams: [{{url: "{upstream.url}/v1"}}]}}}}
state: {{ledger: "off"}}
log: {{access: "off"}}
""")
        context = authority.client_context()
        self.assertRegex(weir.err(), "warning: .*expires soon")  # two weeks ahead, and so today
        self.assertEqual(exchange(weir.url, request("GET", "/v1/a"), tls=context).status, 200)
        kept = connect(weir.url, tls=context)

        def expired():
            try:
                connect(weir.url, tls=context).close()
                return False
            except ssl.SSLCertVerificationError as e:
                return "expired" in str(e)

        wait_until(expired, 15, 0.2)
        # weir goes on, also for who was connected before; a reload with the same file changes nothing and says why.
        self.assertEqual(weir.get("/healthz")[0], 200)
        weir.signal(1)
        weir.wait_err("the certificate expired")
        weir.wait_err("the old conf stays in use")
        for ending in ("pem", "key"):
            shutil.copy(authority.path("second." + ending), authority.path("server." + ending))
        weir.signal(1)
        weir.wait_err("reloaded")
        wait_until(lambda: not expired(), 5)
        self.assertEqual(exchange(weir.url, request("GET", "/v1/a"), tls=context).status, 200)
        kept.sendall(request("GET", "/v1/a"))
        self.assertIn(b"200", kept.recv(1000))
        kept.close()
        self.assertEqual(weir.stop(), 0)

    def test_check_warns_two_weeks_ahead_and_not_before(self):
        authority = Authority()
        for name, days, warned in (("soon", 13, True), ("later", 16, False)):
            authority.issue(name, days=days)
            weir = Weir(f"""listeners: [{{address: "localhost:0", tls: {{certificate: {authority.path(name + ".pem")}, private_key: {authority.path(name + ".key")}}}}}]
admin: {{address: "127.0.0.1:0"}}
pools: {{main: {{upstreams: [{{url: "http://127.0.0.1:1/v1"}}]}}}}
state: {{ledger: "off"}}
""")
            told = weir.run("check", "-c", weir.conf)
            self.assertEqual(told.returncode, 0)
            self.assertEqual("expires soon" in told.stderr + told.stdout, warned)
            self.assertEqual(weir.stop(), 0)


if __name__ == "__main__":
    main()
