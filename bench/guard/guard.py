#!/usr/bin/env python3
"""Fails when an exchange has become dearer. Counts, not times: the numbers repeat on any machine with the same compiler.

    bench/guard/guard.py --build release --weir build/bench/proxy/weir --tools build/bench/bench/e2e
    bench/guard/guard.py --build test --weir build/test/proxy/weir --tools build/test/bench/e2e       (what ctest runs)
    bench/guard/guard.py ... --update        writes that build's part of baseline.json anew (say why in the commit)

Per exchange: instructions in user space (callgrind). Per forwarded event: allocations; per batch of events that came together: system calls. What one more
exchange costs is the difference of two runs, so start and end of the process do not count.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

from harness import measure, processes  # noqa: E402
from harness.proxies import Place, WeirBare  # noqa: E402

BASELINE = os.path.join(HERE, "baseline.json")
TOLERANCE = 1.03
SKIPPED = 77

# Whatever was measured before: none, and one read and one write. What is left over is the request's own and a timer's.
MOST = {"allocations per event": 0.01, "system calls per batch of events, polls aside": 2.05}

# name, arguments of the load client, exchanges in the shorter and in the longer run
EXCHANGES = (
    ("unary 1 KB", ("--body", "1024"), 100, 500),
    ("unary 64 KB", ("--body", "65536"), 50, 250),
    ("stream of 200 events", ("--stream", "--model", "bench-200x4ms"), 2, 10),
)
# Paced, so that each event is read and written alone.
EVENTS = ("--stream", "--model", "bench-200x4ms")


class Guard:
    def __init__(self, given, folder):
        self.given, self.folder = given, folder
        # One core for all: on two, how the programs overlap decides how many wake-ups see two messages.
        self.core = {given.core}
        self.bench = measure.Bench(folder, given.tools, self.core, self.core)
        # valgrind 3.19 gives up over debug information as clang 19 writes it.
        bare = f"{folder}/weir"
        subprocess.run(["strip", "--strip-debug", "-o", bare, given.weir], check=True)
        self.weir = WeirBare(bare)

    def run(self, load, count, wrapper=(), environment=None, attached=None):
        """Weir serves `count` requests over one connection; returns the load client's report."""
        place = Place(self.folder, *self.bench.ports[:3], self.bench.mock_port, False, self.bench.certificate,
                      self.bench.private_key, self.bench.both)
        started = processes.Process([*wrapper, *self.weir.command(place)], self.core, f"{self.folder}/weir.log", environment)
        try:
            processes.wait_for_port(place.plain_port, started, 60)
            tracer = attached(started) if attached else None
            command = [f"{self.given.tools}/weir_bench_load", "--port", str(place.plain_port), "--mode", "closed",
                       "--connections", "1", "--count", str(count), "--drain", "300", *load]
            done = subprocess.run(command, capture_output=True, text=True, preexec_fn=processes.pinned_to(self.core))
            if tracer:
                tracer.terminate()
                tracer.wait()
            return measure.read_report(done.stdout, done.stderr)
        finally:
            started.end(60)

    def instructions(self, load, count):
        output = f"{self.folder}/callgrind.txt"
        self.run(load, count, ("valgrind", "--tool=callgrind", f"--log-file={output}",
                               f"--callgrind-out-file={self.folder}/callgrind.out"))
        with open(output) as file:
            return int(re.search(r"Collected\s*:\s*(\d+)", file.read()).group(1))

    def allocations(self, count):
        path = f"{self.folder}/allocations"
        with open(path, "wb") as file:
            file.write(bytes(8))
        self.run(("--stream", "--model", f"bench-{count}x0ms"), 3,
                 environment={"LD_PRELOAD": f"{self.given.tools}/libweir_bench_alloc_probe.so",
                              "WEIR_BENCH_ALLOCATIONS": path})
        with open(path, "rb") as file:
            return int.from_bytes(file.read(8), "little")

    def calls(self, count):
        summary = f"{self.folder}/strace.txt"

        def attach(started):
            tracer = subprocess.Popen(["strace", "-c", "-f", "-qq", "-o", summary, "-p", str(started.child.pid)],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            processes.wait_until_traced(started.child.pid)
            return tracer

        report = self.run(EVENTS, count, attached=attach)
        _total, by_name = measure.read_strace(summary)
        polls = sum(times for name, times in by_name.items() if name.startswith(("epoll_wait", "epoll_pwait")))
        writes = by_name.get("sendto", 0) + by_name.get("sendmsg", 0)
        if writes > report["all_events"] + 10 * count:
            sys.exit(f"{writes} writes for {report['all_events']} events: an event was written in pieces")
        return sum(by_name.values()) - polls, writes

    def numbers(self):
        found = {}
        for name, load, few, many in EXCHANGES:
            found[f"instructions, {name}"] = round(
                (self.instructions(load, many) - self.instructions(load, few)) / (many - few))
        found["allocations per event"] = (self.allocations(4000) - self.allocations(1000)) / 9000
        try:
            few, many = self.calls(2), self.calls(8)
        except RuntimeError as why:
            print(f"left out: system calls ({why}: a container may forbid it)")
            return found
        # A busy machine lets events arrive together; each write still has one read.
        found["system calls per batch of events, polls aside"] = round((many[0] - few[0]) / (many[1] - few[1]), 3)
        return found


def comparable():
    """The C library and simdjson choose their code by the processor: counts were taken where it has AVX2."""
    with open("/proc/cpuinfo") as file:
        return " avx2 " in file.read()


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--build", required=True, choices=("release", "test"), help="which part of baseline.json counts")
    words.add_argument("--weir", required=True)
    words.add_argument("--tools", required=True)
    words.add_argument("--core", type=int, default=0)
    words.add_argument("--update", action="store_true")
    given = words.parse_args()
    if not comparable():
        print("this processor has no AVX2: its counts are not those of baseline.json")
        sys.exit(SKIPPED)
    given.weir, given.tools = os.path.abspath(given.weir), os.path.abspath(given.tools)
    with tempfile.TemporaryDirectory(prefix="weir-guard-") as folder:
        guard = Guard(given, folder)
        try:
            found = guard.numbers()
        finally:
            guard.bench.end()
    with open(BASELINE) as file:
        baseline = json.load(file)
    known = baseline.setdefault(given.build, {})
    if given.update:
        known.update({name: value for name, value in found.items() if name not in MOST})
        with open(BASELINE, "w") as file:
            json.dump(baseline, file, indent=2)
            file.write("\n")
    dearer = 0
    for name, value in found.items():
        allowed = MOST.get(name) or known[name] * TOLERANCE
        verdict = "ok" if value <= allowed else "DEARER"
        dearer += verdict != "ok"
        print(f"{verdict:7} {name}: {value:,} (at most {allowed:,.5g})")
    sys.exit(1 if dearer else 0)


if __name__ == "__main__":
    main()
