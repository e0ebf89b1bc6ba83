"""weir as a service: what it tells systemd, sockets that systemd opens, the watchdog, its signals, and its health as a command."""
import os
import shlex
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import stack
from stack import BUILD, Connection, Mock, Weir, ask, chat, need, simple_conf, wait_until


class Manager:
    """The listening end of NOTIFY_SOCKET."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.heard = []

    def hear(self, wanted, limit=10):
        """Waits for a message with the line `wanted` and returns it; everything else stays in heard."""
        until = time.monotonic() + limit
        while time.monotonic() < until:
            self.socket.settimeout(max(0.01, until - time.monotonic()))
            try:
                message = self.socket.recv(4096).decode()
            except socket.timeout:
                break
            self.heard.append(message)
            if any(line.startswith(wanted) for line in message.split("\n")):
                return message
        raise AssertionError(f"no {wanted} in {self.heard}")

    def close(self):
        self.socket.close()
        self.folder.cleanup()


class Service(unittest.TestCase):
    def setUp(self):
        self.mock = Mock()
        self.manager = Manager()
        self.addCleanup(self.mock.stop)
        self.addCleanup(self.manager.close)

    def start(self, conf=None, **env):
        weir = Weir(conf or simple_conf(self.mock.url), env={"NOTIFY_SOCKET": self.manager.path, **env})
        self.addCleanup(weir.stop)
        return weir

    def test_it_says_when_it_is_ready_reloads_and_stops(self):
        weir = self.start()
        self.assertIn("serving on http://127.0.0.1:", self.manager.hear("READY=1"))
        weir.signal(signal.SIGHUP)
        self.assertIn("MONOTONIC_USEC=", self.manager.hear("RELOADING=1"))
        self.manager.hear("READY=1")
        weir.write("weir.yaml", "listeners: 7\n")
        weir.signal(signal.SIGHUP)
        self.manager.hear("RELOADING=1")
        self.assertIn("the last reload failed", self.manager.hear("READY=1"))
        weir.signal(signal.SIGTERM)
        self.manager.hear("STOPPING=1")

    def test_it_is_alive_as_often_as_the_watchdog_wants(self):
        self.start(WATCHDOG_USEC="200000")
        began = time.monotonic()
        for _ in range(5):
            self.manager.hear("WATCHDOG=1", limit=2)
        self.assertLess(time.monotonic() - began, 2)

    def test_a_watchdog_of_another_process_is_left_alone(self):
        self.start(WATCHDOG_USEC="100000", WATCHDOG_PID="1")
        self.manager.hear("READY=1")
        with self.assertRaises(AssertionError):
            self.manager.hear("WATCHDOG=1", limit=0.5)

    def test_an_upgrade_names_the_new_main_process(self):
        weir = self.start(WATCHDOG_USEC="2000000")
        self.manager.hear("READY=1")
        weir.signal(signal.SIGUSR2)
        self.manager.hear("READY=1")
        main = self.manager.hear("MAINPID=")
        weir.pid = int(main.removeprefix("MAINPID="))
        self.assertNotEqual(weir.pid, weir.process.pid)
        self.assertEqual(weir.process.wait(10), 0)
        self.assertNotIn("STOPPING=1", "\n".join(self.manager.heard))
        self.manager.hear("WATCHDOG=1", limit=3)  # of the new one

    def test_what_the_unit_does_to_stop_it_ends_when_its_streams_have(self):
        """systemd sends SIGKILL after it where the main process is a successor, and so not its child."""
        with open(os.path.join(stack.SOURCE, "deploy/systemd/weir.service")) as f:
            stop = shlex.split(next(line for line in f if line.startswith("ExecStop=")).removeprefix("ExecStop="))
        weir = self.start()
        weir.upgrade()
        wait_until(lambda: weir.process.poll() is not None)
        connection = Connection(weir.url)
        connection.request("POST", "/v1/chat/completions", chat("mock:stall_after=2,stall=1500", True))
        stream = connection.getresponse()
        stream.read(1)
        self.assertEqual(subprocess.run(stop, env={"PATH": os.environ["PATH"], "MAINPID": str(weir.pid)}, timeout=20).returncode, 0)
        self.assertTrue(stack.has_ended(weir.pid))
        self.assertTrue(stream.read().endswith(b"data: [DONE]\n\n"))
        connection.close()
        # Nothing to stop, because it has gone by itself.
        for environment in ({}, {"MAINPID": str(weir.pid)}):
            self.assertEqual(subprocess.run(stop, env={"PATH": os.environ["PATH"], **environment}, timeout=20).returncode, 0)

    def test_a_reload_changes_listeners(self):
        weir = self.start()
        old = weir.url
        kept = Connection(old)
        kept.request("POST", "/v1/chat/completions", chat())
        self.assertEqual(kept.getresponse().read()[:1], b"{")
        weir.write("weir.yaml", simple_conf(self.mock.url, listener='"127.0.0.2:0"'))
        weir.signal(signal.SIGHUP)
        weir.wait_err("reloaded")
        new = wait_until(lambda: [line for line in weir.err().splitlines() if "listening on http://127.0.0.2:" in line])[0].split()[-1]
        self.assertEqual(ask(new, "POST", "/v1/chat/completions", chat())[0], 200)
        with self.assertRaises(OSError):
            ask(old, "POST", "/v1/chat/completions", chat())
        kept.request("POST", "/v1/chat/completions", chat())
        self.assertEqual(kept.getresponse().status, 200)
        kept.close()

    def test_usr1_opens_the_access_log_anew(self):
        weir = self.start()
        log = os.path.join(weir.folder, "access.log")
        ask(weir.url, "POST", "/v1/chat/completions", chat())
        wait_until(lambda: os.path.getsize(log) > 0)
        os.rename(log, log + ".1")
        weir.signal(signal.SIGUSR1)
        wait_until(lambda: os.path.exists(log))
        ask(weir.url, "POST", "/v1/chat/completions", chat())
        wait_until(lambda: os.path.getsize(log) > 0)
        with open(log + ".1") as f:
            self.assertEqual(len(f.readlines()), 1)

    def test_health_is_a_command(self):
        weir = self.start()
        port = weir.admin.rsplit(":", 1)[1]
        ready = weir.run("health", "--admin", f"0.0.0.0:{port}")
        self.assertEqual((ready.returncode, ready.stdout), (0, "ready\n"))
        self.assertEqual(weir.run("health", "--live", "--admin", f"127.0.0.1:{port}").stdout, "ok\n")
        connection = Connection(weir.url)
        connection.request("POST", "/v1/chat/completions", chat("mock:stall_after=2,stall=1500", True))
        connection.getresponse().read(1)
        weir.signal(signal.SIGTERM)
        draining = wait_until(lambda: weir.run("health", "--admin", f"127.0.0.1:{port}").stderr)
        self.assertEqual(draining, "draining\n")
        self.assertEqual(weir.run("health", "--live", "--admin", f"127.0.0.1:{port}").returncode, 0)
        connection.close()
        weir.process.wait(10)
        gone = weir.run("health", "--admin", f"127.0.0.1:{port}")
        self.assertEqual(gone.returncode, 1)
        self.assertIn("nobody answers on", gone.stderr)

    def test_files_that_change_are_read_again_when_the_conf_says_so(self):
        conf = simple_conf(self.mock.url, more="watch: true\nprices: prices.yaml\n")
        weir = Weir(conf, files={"prices.yaml": "models: {gpt-4o: {input: 1, output: 2}}\n"})
        self.addCleanup(weir.stop)
        weir.write("prices.yaml", "models: {gpt-4o: {input: 2, output: 4}}\n")
        weir.wait_err("reloaded .*its files changed")
        weir.write("weir.yaml", conf.replace("workers: 2", "wurkers: 2"))
        weir.wait_err("reload failed: .*the old conf stays in use")
        self.assertEqual(ask(weir.url, "POST", "/v1/chat/completions", chat())[0], 200)
        weir.write("weir.yaml", conf.replace("watch: true\n", ""))
        weir.wait_err("reloaded .*its files changed", count=2)
        weir.write("prices.yaml", "models: {gpt-4o: {input: 3, output: 4}}\n")
        time.sleep(2.5)
        self.assertEqual(weir.err().count("its files changed"), 2)


class SocketActivation(unittest.TestCase):
    """systemd-socket-activate opens the sockets and starts weir at the first connection, as systemd does."""

    def test_listeners_that_the_manager_opened_are_used_and_left_to_it(self):
        need("systemd-socket-activate")
        mock = Mock()
        with socket.socket() as free, socket.socket() as other:
            free.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            port, unknown = free.getsockname()[1], other.getsockname()[1]
        weir = Weir(simple_conf(mock.url, listener=f'"127.0.0.1:{port}"'), wait=False,
                    command=["systemd-socket-activate", "-l", f"127.0.0.1:{port}", "-l", f"127.0.0.1:{unknown}"])
        try:
            def connected():
                try:
                    return ask(f"http://127.0.0.1:{port}", "POST", "/v1/chat/completions", chat())
                except ConnectionRefusedError:
                    return None

            self.assertEqual(wait_until(connected)[0], 200)
            weir.wait_up()
            self.assertEqual(weir.url, f"http://127.0.0.1:{port}")
            self.assertIn(f"was started with a socket on 127.0.0.1:{unknown} that no listener", weir.err())
        finally:
            weir.stop()
            mock.stop()

    def test_a_socket_of_the_manager_survives_the_drain(self):
        """What systemd holds must still accept after weir has gone: connections wait there for the next one."""
        mock = Mock()
        manager = socket.socket()
        manager.bind(("127.0.0.1", 0))
        manager.listen(16)
        port = manager.getsockname()[1]
        conf = simple_conf(mock.url, listener=f'"127.0.0.1:{port}"')
        # LISTEN_PID must be the pid of weir itself, which only a shell between knows.
        shell = ["bash", "-c", f'exec 3<&{manager.fileno()}; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"', "bash"]
        weir = Weir(conf, command=shell, pass_fds=(manager.fileno(),))
        self.assertEqual(ask(weir.url, "POST", "/v1/chat/completions", chat())[0], 200)
        url, next_conf = weir.url, conf
        weir.stop()
        waiting = Connection(url)
        waiting.request("POST", "/v1/chat/completions", chat())
        weir = Weir(next_conf, command=shell, pass_fds=(manager.fileno(),))
        self.assertEqual(waiting.getresponse().status, 200)
        waiting.close()
        weir.stop()
        manager.close()
        mock.stop()


stack.main()
