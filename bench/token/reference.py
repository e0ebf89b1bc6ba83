#!/usr/bin/env python3
"""Counting speed beside the reference, tiktoken, on one core and in one run.

    pip install tiktoken==0.14.0
    bench/token/reference.py build/bench/bench/weir_bench_token

Both count the English text of count_bench.cpp, 64 KiB of it at a time, in turns; the medians of seven turns are shown in MB/s.
The counts are compared first: a fast wrong count is worth nothing.
"""
import json
import pathlib
import re
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "token"))
from differential import reference  # noqa: E402

TURNS = 7
SIZE = 64 << 10


def english():
    source = (ROOT / "bench" / "token" / "count_bench.cpp").read_text()
    literal = re.search(r"string_view english =(.*?);\n", source, re.S).group(1)
    unit = "".join(json.loads(part) for part in re.findall(r'"(?:[^"\\]|\\.)*"', literal))
    tokens = [int(n) for n in re.search(r"english_text\{english, \{(\d+), (\d+)\}", source).groups()]
    copies = -(-SIZE // len(unit.encode()))
    return unit * copies, [n * copies for n in tokens]


def weir_speed(program, encoding):
    done = subprocess.run([program, f"--benchmark_filter=count_whole/english_{encoding}$", "--benchmark_format=json", "--benchmark_min_time=0.2"],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["benchmarks"][0]["bytes_per_second"] / 1e6


def reference_speed(encoder, text):
    began, rounds = time.process_time(), 0
    while time.process_time() - began < 0.2:
        encoder.encode_ordinary(text)
        rounds += 1
    return rounds * len(text.encode()) / (time.process_time() - began) / 1e6


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    text, expected = english()
    for encoding, name, tokens in (("cl100k", "cl100k_base", expected[0]), ("o200k", "o200k_base", expected[1])):
        encoder = reference(name)
        counted = len(encoder.encode_ordinary(text))
        if counted != tokens:
            sys.exit(f"{name}: the reference counts {counted}, count_bench.cpp says {tokens}")
        turns = [(weir_speed(sys.argv[1], encoding), reference_speed(encoder, text)) for _ in range(TURNS)]
        own, other = (statistics.median(t[i] for t in turns) for i in (0, 1))
        print(f"{name}: weir {own:.0f} MB/s, tiktoken {other:.1f} MB/s: {own / other:.1f} times")


if __name__ == "__main__":
    main()
