#!/usr/bin/env python3
"""Fails when an exchange has become dearer. Counts, not times: the numbers repeat on any machine with the same compiler.

    bench/guard/guard.py --build release --weir build/bench/proxy/weir --tools build/bench/bench/e2e
    bench/guard/guard.py --build test --weir build/test/proxy/weir --tools build/test/bench/e2e       (what ctest runs)
    bench/guard/guard.py ... --update        writes that build's part of baseline.json anew (say why in the commit)

Per exchange: instructions in user space (callgrind). Per forwarded event: allocations; per batch of events that came together: system calls. What one more
exchange costs is the difference of two runs, so start and end of the process do not count.

Per translated unary exchange of 4 KB and per translated event: instructions above those of the same client with a provider of its own dialect, and
allocations.

Per held stream: bytes that are alive, on the heap and in mappings of weir's own (slabs), counted by a preloaded library. It is what 1,000 more streams add to
1,000: once where they are silent after their first event, once where each gets an event a second. 2,000 streams have come and gone before, so that pools and
tables have their size. The line below such a number says how many blocks of how many bytes make it up.
"""

import argparse
import contextlib
import json
import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

from harness import measure, processes  # noqa: E402
from harness.proxies import Place, WeirBare  # noqa: E402

BASELINE = os.path.join(HERE, "baseline.json")
SKIPPED = 77

# Whatever was measured before: none, and one read and one write. What is left over is the request's own and a timer's.
MOST = {
    "allocations per event": 0.01,
    "allocations per translated event, chat > messages": 0.01,
    "allocations per translated event, messages > chat": 0.01,
    "system calls per batch of events, polls aside": 2.05,
}

# How much more than the baseline is allowed. Instructions differ a little with what the kernel delivers together, the difference of
# two such numbers more; bytes hardly do.
TOLERANCES = {"instructions": 1.03, "translation": 1.3, "bytes": 1.01}

# name, arguments of the load client, exchanges in the shorter and in the longer run
EXCHANGES = (
    ("unary 1 KB", ("--body", "1024"), 100, 500),
    ("unary 64 KB", ("--body", "65536"), 50, 250),
    ("stream of 200 events", ("--stream", "--model", "bench-200x4ms"), 2, 10),
)
# Paced, so that each event is read and written alone.
EVENTS = ("--stream", "--model", "bench-200x4ms")

# How clients of a dialect ask, and what a conf calls its providers. Translated answers are checked by their texts, and so is what they are compared with.
CLIENTS = {"chat": ("--texts",), "messages": ("--path", "/v1/messages", "--texts")}
PROVIDERS = {"chat": "openai", "messages": "anthropic"}
PAIRS = (("chat", "messages"), ("messages", "chat"))
# What is translated: name, arguments, the shorter and the longer run, and into how many parts one exchange is divided.
TRANSLATED = (("unary 4 KB", ("--body", "4096"), 50, 250, 1), ("event", EVENTS, 2, 10, 200))

# The second lasts longer than anybody waits.
HELD = (("silent", "bench-held"), ("an event a second", "bench-3600x1000ms"))
STREAMS = 1000
# A worker gives back after two of its seconds what nobody used; then one second is sampled.
SETTLING, SAMPLES, SAMPLE_EVERY = 3, 20, 0.05
# As bench/e2e/alloc_probe.cpp writes them: calls, bytes on the heap, bytes mapped, blocks by usable size divided by 16.
PROBE = struct.Struct("<3q2048q")


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

    @contextlib.contextmanager
    def serving(self, wrapper=(), environment=None, dialect="openai"):
        """A weir that listens: the process and its port."""
        place = Place(self.folder, *self.bench.ports[:3], self.bench.mock_port, False, self.bench.certificate,
                      self.bench.private_key, self.bench.both, dialect)
        started = processes.Process([*wrapper, *self.weir.command(place)], self.core, f"{self.folder}/weir.log", environment)
        try:
            processes.wait_for_port(place.plain_port, started, 60)
            yield started, place.plain_port
        finally:
            started.end(60)

    def probe(self):
        """The environment of a program whose memory is counted, and the file with the counts."""
        path = f"{self.folder}/allocations"
        with open(path, "wb") as file:
            file.write(bytes(PROBE.size))
        return {"LD_PRELOAD": f"{self.given.tools}/libweir_bench_alloc_probe.so", "WEIR_BENCH_ALLOCATIONS": path}, path

    def run(self, load, count, wrapper=(), environment=None, attached=None, dialect="openai"):
        """Weir serves `count` requests over one connection; returns the load client's report."""
        with self.serving(wrapper, environment, dialect) as (started, port):
            tracer = attached(started) if attached else None
            command = [f"{self.given.tools}/weir_bench_load", "--port", str(port), "--mode", "closed",
                       "--connections", "1", "--count", str(count), "--drain", "300", *load]
            done = subprocess.run(command, capture_output=True, text=True, preexec_fn=processes.pinned_to(self.core))
            if tracer:
                tracer.terminate()
                tracer.wait()
            return measure.read_report(done.stdout, done.stderr)

    def instructions(self, load, count, dialect="openai"):
        output = f"{self.folder}/callgrind.txt"
        self.run(load, count, ("valgrind", "--tool=callgrind", f"--log-file={output}",
                               f"--callgrind-out-file={self.folder}/callgrind.out"), dialect=dialect)
        with open(output) as file:
            return int(re.search(r"Collected\s*:\s*(\d+)", file.read()).group(1))

    def allocations(self, count, load=(), dialect="openai"):
        environment, path = self.probe()
        self.run(("--stream", "--model", f"bench-{count}x0ms", *load), 3, environment=environment, dialect=dialect)
        return read_probe(path)[0]

    @contextlib.contextmanager
    def streams(self, port, model, ramp):
        """STREAMS streams that come within `ramp` seconds and stand after their first event; they break off at the end."""
        command = [f"{self.given.tools}/weir_bench_load", "--port", str(port), "--mode", "held", "--connections", str(STREAMS),
                   "--ramp", str(ramp), "--seconds", "60", "--stream", "--model", model]
        client = processes.Process(command, self.core, f"{self.folder}/load.log", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            first = client.child.stdout.readline().decode()
            if first.strip() != "ready":
                sys.exit(f"{STREAMS} streams did not come up: {first} {client.tail()}")
            yield
            client.child.stdin.close()
            measure.read_report(client.child.stdout.read().decode(), client.tail())
        finally:
            client.end()

    def held(self, model):
        """Bytes alive for one stream of a thousand, and of which blocks they are."""
        environment, path = self.probe()
        with self.serving(environment=environment) as (_started, port):
            # All at once: so many are between accepting and streaming that weir keeps for later all that it ever keeps for that.
            with self.streams(port, model, 0), self.streams(port, model, 0):
                pass
            settle(path)
            with self.streams(port, model, 1):
                before = settle(path)
                with self.streams(port, model, 1):
                    after = settle(path)
        _calls, heap, mapped, *blocks = ((b - a) / STREAMS for a, b in zip(before, after))
        return round(heap + mapped), parts(mapped, blocks)

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

    def translations(self):
        """What a translation costs above the same client's exchange with a provider that speaks its own dialect."""
        found = {}
        for what, load, few, many, divided in TRANSLATED:
            cost = {}
            for client, asks in CLIENTS.items():
                for provider, dialect in PROVIDERS.items():
                    runs = [self.instructions((*load, *asks), count, dialect) for count in (few, many)]
                    cost[client, provider] = (runs[1] - runs[0]) / (many - few) / divided
            for client, provider in PAIRS:
                found[f"translation, instructions per {what}, {client} > {provider}"] = round(cost[client, provider] - cost[client, client])
        for client, provider in PAIRS:
            few, many = (self.allocations(count, CLIENTS[client], PROVIDERS[provider]) for count in (1000, 4000))
            found[f"allocations per translated event, {client} > {provider}"] = (many - few) / 9000
        return found

    def numbers(self):
        """The numbers by name, and what to say of one beside it."""
        found, beside = {}, {}
        for name, load, few, many in EXCHANGES:
            found[f"instructions, {name}"] = round(
                (self.instructions(load, many) - self.instructions(load, few)) / (many - few))
        found["allocations per event"] = (self.allocations(4000) - self.allocations(1000)) / 9000
        found.update(self.translations())
        # Weir keeps up to 256 descriptors from connections.
        if processes.MOST_CONNECTIONS >= 2 * STREAMS + 150:
            for kind, model in HELD:
                name = f"bytes alive per held stream, {kind}"
                found[name], beside[name] = self.held(model)
        else:
            print(f"left out: bytes alive per held stream (a process may open only {processes.OPEN_FILES} files)")
        try:
            few, many = self.calls(2), self.calls(8)
        except RuntimeError as why:
            print(f"left out: system calls ({why}: a container may forbid it)")
            return found, beside
        # A busy machine lets events arrive together; each write still has one read.
        found["system calls per batch of events, polls aside"] = round((many[0] - few[0]) / (many[1] - few[1]), 3)
        return found, beside


def read_probe(path):
    with open(path, "rb") as file:
        return PROBE.unpack(file.read(PROBE.size))


def settle(path):
    """The medians of the counts over some seconds: what a single event holds while it passes is not in them."""
    time.sleep(SETTLING)
    seen = []
    for _ in range(SAMPLES):
        time.sleep(SAMPLE_EVERY)
        seen.append(read_probe(path))
    return [statistics.median_low(each) for each in zip(*seen)]


def parts(mapped, blocks):
    """What a stream has, the largest first; usable sizes are 8 above a multiple of 16, and the largest stands for all above it."""
    heap = [f"{times:.3g} x {16 * index + 8:,}" for index, times in reversed(list(enumerate(blocks))) if abs(times) >= 0.05]
    return f"mapped {mapped:,.0f}; on the heap " + " + ".join(heap)


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
            found, beside = guard.numbers()
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
    sys.exit(1 if judge(found, known, beside) else 0)


def judge(found, known, beside):
    """Prints a line for each number; returns how many are above what is allowed."""
    dearer = 0
    for name, value in found.items():
        if name not in MOST and name not in known:
            print(f"new     {name}: {value:,} (not in baseline.json: --update)")
        else:
            allowed = MOST.get(name) or known[name] * TOLERANCES[re.match(r"\w+", name)[0]]
            verdict = "ok" if value <= allowed else "DEARER"
            dearer += verdict != "ok"
            grown = f"; {value - known[name]:+,}, {100 * value / known[name] - 100:+.2f} %, since baseline.json" if name in known else ""
            print(f"{verdict:7} {name}: {value:,} (at most {allowed:,.5g}{grown})")
        if name in beside:
            print(f"        {beside[name]}")
    if dearer:
        print("Where it is worth that, --update writes baseline.json anew, and the commit says why; what has no baseline there has a bound in guard.py.")
    return dearer


if __name__ == "__main__":
    main()
