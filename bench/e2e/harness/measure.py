"""One measurement: start the proxy, load it, read its numbers, end it. Wrong answers make the measurement void."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time

from . import processes
from .proxies import Direct, Place

METRICS = {
    "cpu_per_request": lambda m: 1e6 * m["watched_cpu_seconds"] / m["requests"],
    "cpu_per_event": lambda m: 1e6 * m["watched_cpu_seconds"] / m["events"],
    "requests_per_second": lambda m: m["requests_per_second"],
    "events_per_second": lambda m: m["events_per_second"],
    "busy_percent": lambda m: 100 * m["watched_cpu_seconds"] / m["seconds"],
    "event_p50": lambda m: m["event_delay"]["p50_us"],
    "event_p99": lambda m: m["event_delay"]["p99_us"],
    "added_p50": lambda m: m["latency"]["p50_us"] - m["direct"]["latency"]["p50_us"],
    "added_p99": lambda m: m["latency"]["p99_us"] - m["direct"]["latency"]["p99_us"],
    "added_event_p50": lambda m: m["event_delay"]["p50_us"] - m["direct"]["event_delay"]["p50_us"],
    "added_event_p99": lambda m: m["event_delay"]["p99_us"] - m["direct"]["event_delay"]["p99_us"],
    "kib_per_stream": lambda m: (m["held_kib"] - m["start_kib"]) / m["connections"],
    "start_mib": lambda m: m["start_kib"] / 1024,
    "calls_per_request": lambda m: m["calls"] / m["all_requests"],
    "calls_per_event": lambda m: m["calls"] / m["all_events"],
    "allocations_per_request": lambda m: m["allocations"] / m["all_requests"],
    "allocations_per_event": lambda m: m["allocations"] / m["all_events"],
}


class Void(Exception):
    """The measurement says nothing: a wrong answer, a proxy that ended, a tool that failed."""


class Bench:
    """The folder, ports, certificates and the mock that all measurements of a run share."""

    def __init__(self, folder, tools, proxy_core, load_core):
        self.folder, self.tools = folder, tools
        self.proxy_core, self.load_core = proxy_core, load_core
        self.ports = processes.free_ports(5)
        self.certificate, self.private_key = f"{folder}/cert.pem", f"{folder}/key.pem"
        self.both = f"{folder}/both.pem"
        self._make_certificate()
        self.mock_port, self.mock_tls_port = self.ports[3], self.ports[4]
        self.mock = processes.Process(
            [f"{tools}/weir_bench_mock", "--port", str(self.mock_port), "--tls-port", str(self.mock_tls_port),
             "--certificate", self.certificate, "--private-key", self.private_key], load_core, f"{folder}/mock.log")
        processes.wait_for_port(self.mock_port, self.mock)

    def _make_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "3", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", self.private_key, "-out", self.certificate], check=True, capture_output=True)
        with open(self.both, "w") as both:
            for part in (self.certificate, self.private_key):
                with open(part) as file:
                    both.write(file.read())

    def end(self):
        self.mock.end()

    def measure(self, proxy, scenario, seconds):
        """The load client's report, with what the harness itself has read added to it."""
        folder = f"{self.folder}/{proxy.name}"
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        if isinstance(proxy, Direct):
            port = self.mock_tls_port if scenario.client_tls else self.mock_port
            return self._load(scenario, port, None, seconds)
        place = Place(folder, *self.ports[:3], self.mock_tls_port if scenario.upstream_tls else self.mock_port,
                      scenario.upstream_tls, self.certificate, self.private_key, self.both, scenario.dialect)
        core = self.proxy_core | self.load_core if getattr(proxy, "workers", 1) > 1 else self.proxy_core
        environment = {}
        if scenario.kind == "allocations":
            environment = {"LD_PRELOAD": f"{self.tools}/libweir_bench_alloc_probe.so",
                           "WEIR_BENCH_ALLOCATIONS": f"{folder}/allocations"}
        try:
            started = processes.Process(proxy.command(place), core, f"{folder}/output.log", environment)
        except OSError as error:
            raise Void(str(error)) from error
        try:
            processes.wait_for_port(place.plain_port, started)
            processes.wait_for_port(place.tls_port, started)
            time.sleep(0.3)
            port = place.tls_port if scenario.client_tls else place.plain_port
            return getattr(self, "_" + scenario.kind)(scenario, port, started, seconds)
        except Void as error:
            if started.running():
                raise
            raise Void(f"the program ended with {started.child.returncode}: {started.tail()}") from error
        except RuntimeError as error:
            raise Void(str(error)) from error
        finally:
            started.end()

    def _command(self, scenario, port, watched, seconds, warmup):
        command = [f"{self.tools}/weir_bench_load", "--port", str(port), "--warmup", str(warmup), *scenario.load]
        if "--seconds" not in scenario.load:
            command += ["--seconds", str(seconds)]
        if scenario.client_tls:
            command.append("--tls")
        if watched:
            command += ["--watch", ",".join(map(str, watched))]
        return command

    def _load(self, scenario, port, proxy, seconds, warmup=None):
        watched = proxy.ids() if proxy else []
        command = self._command(scenario, port, watched, seconds * scenario.seconds,
                                scenario.warmup if warmup is None else warmup)
        before = self._foreign_seconds(proxy), time.monotonic()
        client = subprocess.run(command, capture_output=True, text=True,
                                preexec_fn=processes.pinned_to(self.load_core))
        report = read_report(client.stdout, client.stderr)
        report["others_busy"] = (self._foreign_seconds(proxy) - before[0]) / (time.monotonic() - before[1])
        return report

    def _foreign_seconds(self, proxy):
        """CPU time of everything that is not part of the measurement."""
        client = resource.getrusage(resource.RUSAGE_CHILDREN)
        return (processes.busy_seconds() - self.mock.cpu_seconds() - (proxy.cpu_seconds() if proxy else 0) -
                client.ru_utime - client.ru_stime)

    def _held(self, scenario, port, proxy, _seconds):
        start_kib = proxy.pss_kib()
        client = processes.Process(self._command(scenario, port, [], 0, 1), self.load_core, f"{self.folder}/load.log",
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        first = client.child.stdout.readline().decode()
        if first.strip() != "ready":
            client.child.stdin.close()
            client.child.wait()
            read_report(first, client.tail())
            raise Void("the streams did not come up")
        time.sleep(1)
        held_kib = proxy.pss_kib()
        client.child.stdin.close()
        report = read_report(client.child.stdout.read().decode(), client.tail())
        client.child.wait()
        return {**report, "start_kib": start_kib, "held_kib": held_kib}

    def _calls(self, scenario, port, proxy, seconds):
        summary = f"{self.folder}/strace.txt"
        attach = [word for one in proxy.ids() for word in ("-p", str(one))]
        tracer = subprocess.Popen(["strace", "-c", "-f", "-qq", "-o", summary, *attach],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            processes.wait_until_traced(proxy.child.pid)
            # Everything is counted, from the first connection to the last: so are the answers (all_requests, all_events).
            report = self._load(scenario, port, proxy, max(seconds, 3), warmup=0)
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.wait()
        report["calls"], report["calls_by_name"] = read_strace(summary)
        return report

    def _allocations(self, scenario, port, proxy, seconds):
        self._load(scenario, port, proxy, 1, warmup=0)
        before = _read_counter(proxy)
        report = self._load(scenario, port, proxy, seconds, warmup=0)
        report["allocations"] = _read_counter(proxy) - before
        return report


def _read_counter(proxy):
    folder = os.path.dirname(proxy.log)
    with open(f"{folder}/allocations", "rb") as file:
        return int.from_bytes(file.read(8), "little")


def read_strace(path):
    """Total and calls by name of `strace -c`: columns are % time, seconds, usecs/call, calls, [errors,] syscall."""
    calls = {}
    with open(path) as file:
        for line in file:
            words = line.split()
            if len(words) >= 5 and re.fullmatch(r"\d+\.\d+", words[0]) and words[-1] != "total":
                calls[words[-1]] = int(words[3])
    if not calls:
        raise Void("strace counted nothing (is ptrace allowed?)")
    return sum(calls.values()), calls


def read_report(text, complaint):
    try:
        report = json.loads(text.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise Void("the load client failed: " + (complaint or text)[-300:]) from error
    if report["errors"]:
        kinds = ", ".join(f"{name} {times}" for name, times in report["error_kinds"].items())
        raise Void("wrong answers: " + kinds)
    return report
