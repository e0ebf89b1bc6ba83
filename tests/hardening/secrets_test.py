"""Credentials: who they reach, what they are trusted to, and what of them is left when weir dies."""
import os
import ssl
import subprocess
import time
import unittest

from support import Authority, Reader, Received, Upstream, Weir, chat, connect, exchange, main, metric, request, wait_until

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'


class Listening:
    """An upstream that keeps what it was asked and gives `answer`."""

    def __init__(self, answer=OK, tls=None):
        self.asked, self.answer = [], answer
        self.upstream = Upstream(self.serve, tls)
        self.url, self.port = self.upstream.url, self.upstream.port

    def serve(self, connection, _):
        received = Received(connection)
        while got := received.next():
            self.asked.append(got)
            connection.sendall(self.answer)


def conf(pools, more=""):
    return f"""listeners: [{{address: "127.0.0.1:0"}}]
admin: {{address: "127.0.0.1:0"}}
workers: 1
pools:
{pools}
state: {{ledger: "off"}}
log: {{access: access.log}}
{more}"""


class Upstreams(unittest.TestCase):
    def setUp(self):
        self.authority = Authority()

    def ask(self, weir, model="m", fields=()):
        return exchange(weir.url, request("POST", "/v1/chat/completions", chat(model), fields))

    def with_certificate(self, server, tls, says):
        """Whether a weir that knows the CA talks to an upstream with this context."""
        upstream = Listening(tls=server)
        weir = Weir(conf(f'  main: {{retry: {{attempts: 1}}, upstreams: [{{url: "https://localhost:{upstream.port}/v1", api_key: sk-secret, tls: {tls}}}]}}'))
        got = self.ask(weir)
        if says is None:
            self.assertEqual((got.status, len(upstream.asked)), (200, 1), got.body)
        else:
            self.assertEqual((got.status, upstream.asked), (502, []), got.body)
            self.assertRegex(got.body.decode(), says)
            # The client has its answer before it is counted.
            wait_until(lambda: metric(weir.metrics(), "weir_upstream_failures_total", 'pool="main"', 'reason="tls"') == 1, 3)
        self.assertEqual(weir.stop(), 0)

    def test_upstream_certificates_are_verified_by_name_date_and_issuer(self):
        knows = "{ca: " + self.authority.path("ca.pem") + "}"
        for name, how in {"good": {}, "other": {"host": "other.example"}, "old": {"days": -1}, "self": {"self_signed": True}}.items():
            self.authority.issue(name, **how)
        served = self.authority.server_context
        self.with_certificate(served("good"), knows, None)
        self.with_certificate(served("other"), knows, "(?i)hostname mismatch")
        self.with_certificate(served("old"), knows, "(?i)expired")
        self.with_certificate(served("self"), knows, "(?i)self-signed|unable to get|issuer")
        # Without `ca` the system's store counts, which does not know this authority.
        self.with_certificate(served("good"), "{}", "(?i)unable to get local issuer|self-signed|verify failed")
        # What is trusted under another name is said in the conf, as is trusting anybody.
        self.with_certificate(served("other"), knows[:-1] + ", server_name: other.example}", None)
        self.with_certificate(served("self"), "{verify: false}", None)

    def test_upstreams_must_speak_tls_1_2(self):
        self.authority.issue("good")
        old = self.authority.server_context("good")
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        self.with_certificate(old, "{ca: " + self.authority.path("ca.pem") + "}", "(?i)protocol|alert|TLS|closed")
        new = self.authority.server_context("good")
        new.maximum_version = ssl.TLSVersion.TLSv1_2
        self.with_certificate(new, "{ca: " + self.authority.path("ca.pem") + "}", None)

    def test_no_redirect_is_followed(self):
        elsewhere = Listening()
        for status in (301, 302, 303, 307, 308):
            answer = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.url}/v1/chat/completions\r\nContent-Length: 0\r\n\r\n".encode()
            upstream = Listening(answer)
            weir = Weir(conf(f'  main: {{health_check: {{interval: 100ms, path: /models}}, upstreams: [{{url: "{upstream.url}/v1", api_key: sk-secret}}]}}'))
            wait_until(lambda: any("/models" in each[0] for each in upstream.asked))
            got = self.ask(weir)
            # It goes to the client as it is, or the upstream counts as down: either way nobody goes there with the key.
            self.assertIn(got.status, (status, 502, 503))
            weir.run("doctor", "-c", weir.conf)
            self.assertEqual(weir.stop(), 0)
        self.assertEqual(elsewhere.upstream.number, 0)

    def test_a_credential_goes_to_its_own_upstream_only(self):
        first, second = Listening(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), Listening()
        weir = Weir(conf(f"""  one: {{retry: {{attempts: 1}}, upstreams: [{{url: "{first.url}/v1", api_key: sk-first, headers: {{X-Org: org-first}}}}]}}
  two: {{upstreams: [{{url: "{second.url}/v1", api_key: sk-second}}]}}""", """routes: [{models: ["*"], pool: one, fallback: [{pool: two}]}]
keys: [{name: team, secret: sk-weir-team}]"""))
        self.assertEqual(self.ask(weir, fields=["Authorization: Bearer sk-weir-team", "x-api-key: sk-weir-team", "Cookie: a=b"]).status, 200)
        for upstream, own, others in ((first, "sk-first", ("sk-second", "sk-weir-team")), (second, "sk-second", ("sk-first", "sk-weir-team", "org-first"))):
            text = repr(upstream.asked)
            self.assertIn(own, text)
            for other in others:
                self.assertNotIn(other, text)
        self.assertEqual(weir.stop(), 0)

    def test_secrets_from_files_are_read_again_on_reload(self):
        upstream = Listening()
        weir = Weir(conf(f'  main: {{upstreams: [{{url: "{upstream.url}/v1", api_key: "${{file:key.txt}}"}}]}}'), files={"key.txt": "sk-before\n"})
        self.ask(weir)
        weir.write("key.txt", "sk-after\n")
        weir.signal(1)
        weir.wait_err("reloaded")
        wait_until(lambda: (self.ask(weir), upstream.asked[-1][1]["authorization"])[1] == "Bearer sk-after")
        self.assertEqual(upstream.asked[0][1]["authorization"], "Bearer sk-before")
        # A file that has gone is a fault: the conf before it stays.
        os.remove(os.path.join(weir.folder, "key.txt"))
        weir.signal(1)
        weir.wait_err("the old conf stays in use")
        self.assertEqual(self.ask(weir).status, 200)
        self.assertEqual(upstream.asked[-1][1]["authorization"], "Bearer sk-after")
        self.assertEqual(weir.stop(), 0)

    def test_a_conf_with_secrets_that_everyone_can_read_is_warned_about(self):
        weir = Weir(conf('  main: {upstreams: [{url: "http://127.0.0.1:1/v1", api_key: sk-literal}]}'))
        os.chmod(weir.conf, 0o644)
        told = weir.run("check", "-c", weir.conf)
        self.assertEqual(told.returncode, 0)
        self.assertRegex(told.stderr + told.stdout, r"weir\.yaml:\d+:\d+: warning: .*everyone on this machine can read")
        self.assertNotIn("sk-literal", told.stderr + told.stdout)
        os.chmod(weir.conf, 0o600)
        self.assertEqual(weir.run("check", "-c", weir.conf).stderr, "")
        self.assertEqual(weir.stop(), 0)


class Memory(unittest.TestCase):
    def start(self, env):
        """As nobody, who owns what may be read of his processes."""
        return Weir(conf('  main: {upstreams: [{url: "http://127.0.0.1:1/v1", api_key: sk-planted}]}'), env=env,
                    command=["/bin/sh", "-c", 'ulimit -c unlimited; chmod 777 . *; exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"', "sh"])

    def limit_of(self, weir):
        with open(f"/proc/{weir.pid}/limits") as f:
            return next(line.split()[4] for line in f if line.startswith("Max core file size"))

    def test_no_core_is_dumped_and_no_other_process_may_look_inside(self):
        weir = self.start({})
        self.assertEqual(self.limit_of(weir), "0")
        # The kernel gives the files of a process that is not dumpable to root.
        self.assertEqual(os.stat(f"/proc/{weir.pid}/environ").st_uid, 0)
        looked = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", f"/proc/{weir.pid}/environ"], capture_output=True)
        self.assertNotEqual(looked.returncode, 0)
        weir.signal(11)
        self.assertEqual(weir.process.wait(10), -11)
        self.assertEqual([each for each in os.listdir(weir.folder) if each.startswith("core")], [])

    def test_who_debugs_can_have_one(self):
        weir = self.start({"WEIR_CORE_DUMPS": "allow"})
        self.assertEqual(self.limit_of(weir), "unlimited")
        self.assertEqual(os.stat(f"/proc/{weir.pid}/environ").st_uid, 65534)
        self.assertEqual(weir.stop(), 0)


if __name__ == "__main__":
    main()
