#!/usr/bin/env python3
"""Measures weir beside nginx and HAProxy in one run and prints a Markdown table. See bench/README.md.

    bench/e2e/run.py                        everything, 5 rounds
    bench/e2e/run.py --quick                2 short rounds of everything
    bench/e2e/run.py --only unary-1k,events-64 --proxies weir,haproxy
    bench/e2e/run.py --weir NEW --before OLD --tools FOLDER --proxies weir,weir-before
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time

from harness import measure, scenarios, table
from harness.proxies import Direct, all_proxies

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read_arguments():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--seconds", type=float, default=4, help="length of a measuring window")
    words.add_argument("--quick", action="store_true", help="2 rounds of 1.5 seconds")
    words.add_argument("--only", help="scenarios, separated by commas; a trailing * matches the rest of a name")
    words.add_argument("--proxies", help="programs, separated by commas")
    words.add_argument("--weir", help="a binary that is already built")
    words.add_argument("--before", help="another weir, measured beside it: what a change costs")
    words.add_argument("--tools", help="the folder of the bench tools, already built")
    words.add_argument("--build", default=os.path.join(ROOT, "build", "bench"), help="where to build otherwise")
    words.add_argument("--proxy-core", type=int, default=0)
    words.add_argument("--load-core", type=int, default=1)
    words.add_argument("--json", help="write every single measurement to this file")
    words.add_argument("--table", help="write the table to this file, too")
    words.add_argument("--keep", action="store_true", help="keep the folder with configurations and logs")
    words.add_argument("--list", action="store_true", help="name the scenarios and programs")
    given = words.parse_args()
    if given.quick:
        given.rounds, given.seconds = 2, 1.5
    return given


def say(text):
    print(text, file=sys.stderr, flush=True)


def build(given):
    """The bench preset is the release preset with the tools; prints nothing unless it fails."""
    if given.weir and given.tools:
        return
    say("building (release preset, bench tools)")
    for step in (["cmake", "--preset", "bench", "-B", given.build],
                 ["cmake", "--build", given.build, "--target", "weir", "weir_bench_mock", "weir_bench_load",
                  "weir_bench_alloc_probe"]):
        done = subprocess.run(step, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
    given.weir = given.weir or os.path.join(given.build, "proxy", "weir")
    given.tools = given.tools or os.path.join(given.build, "bench", "e2e")


def install(proxies, chosen):
    """From the distribution's packages, only what is missing."""
    need = {proxy.package for proxy in proxies if proxy.package and not shutil.which(proxy.program)}
    if any(one.kind == "calls" for one in chosen) and not shutil.which("strace"):
        need.add("strace")
    if need:
        say("installing " + " ".join(sorted(need)))
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *sorted(need)], check=True,
                       stdout=subprocess.DEVNULL)


def matches(name, wanted):
    return any(name == one or (one.endswith("*") and name.startswith(one[:-1])) for one in wanted.split(","))


def choose(given):
    chosen = [one for one in scenarios.SCENARIOS if not given.only or matches(one.name, given.only)]
    proxies = [one for one in all_proxies(given.weir, given.before)
               if not given.proxies or isinstance(one, Direct) or matches(one.name, given.proxies)]
    if not chosen or len(proxies) < 2:
        sys.exit("nothing to measure: see --list")
    return chosen, proxies


def takes_part(proxy, scenario):
    if isinstance(proxy, Direct):
        return scenario.direct
    if scenario.proxies is not None:
        return proxy.name.removesuffix("-before") in scenario.proxies
    return proxy.name != "weir-2w"


def run_round(bench, given, scenario, proxies, results, voids):
    """All programs once, after one another; the direct run first, so that the others can be compared with it."""
    direct = None
    for proxy in proxies:
        if not takes_part(proxy, scenario) or proxy.name in voids[scenario.name]:
            continue
        try:
            report = bench.measure(proxy, scenario, given.seconds)
        except measure.Void as why:
            voids[scenario.name][proxy.name] = str(why).replace("\n", " ")[:300]
            say(f"  {proxy.name}: void: {why}")
            continue
        if isinstance(proxy, Direct):
            direct = report
        if direct is not None:
            report["direct"] = {key: value for key, value in direct.items() if key != "direct"}
        results[scenario.name].setdefault(proxy.name, []).append(report)


def versions(proxies):
    """The first line of what each program says about itself."""
    lines = []
    for proxy in proxies:
        line = ""
        if getattr(proxy, "program", None):
            flag = {"nginx": "-v", "haproxy": "-v"}.get(os.path.basename(proxy.program), "--version")
            try:
                said = subprocess.run([proxy.program, flag], capture_output=True, text=True)
                line = (said.stdout + said.stderr).strip().splitlines()[0]
            except (OSError, IndexError):
                line = "not there"
        lines.append(f"- {proxy.name}: {proxy.about}" + (f" ({line})" if line else ""))
    return lines


def machine():
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), "unknown CPU")
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}"


def disturbance(results):
    """How many cores' worth of CPU time went to programs that are not part of the run."""
    others = sorted(one["others_busy"] for by_name in results.values() for runs in by_name.values()
                    for one in runs if "others_busy" in one)
    if not others:
        return "other programs' CPU use unknown"
    middle, most = others[len(others) // 2], others[-1]
    quiet = most < 0.1
    return (f"other programs used {middle:.2f} cores (median; at most {most:.2f})" +
            ("" if quiet else "; **not a quiet machine: trust ratios, not times**"))


def main():
    given = read_arguments()
    if given.list:
        for one in scenarios.SCENARIOS:
            print(f"{one.name:24} {one.about}")
        for one in all_proxies("weir"):
            print(f"{one.name:24} {one.about}")
        return
    build(given)
    chosen, proxies = choose(given)
    install(proxies, chosen)
    folder = tempfile.mkdtemp(prefix="weir-bench-")
    results = {one.name: {} for one in chosen}
    voids = {one.name: {} for one in chosen}
    bench = None
    started = time.time()
    try:
        bench = measure.Bench(folder, given.tools, {given.proxy_core}, {given.load_core})
        for number in range(given.rounds):
            for scenario in chosen:
                if scenario.kind in ("calls", "allocations") and number > 0:
                    continue  # counts, not times: once is enough
                say(f"round {number + 1}/{given.rounds}: {scenario.name}")
                # Each round starts with another program, so that no one always follows the same one.
                direct, rest = proxies[:1], proxies[1:]
                turn = number % len(rest)
                run_round(bench, given, scenario, direct + rest[turn:] + rest[:turn], results, voids)
    finally:
        if bench is not None:
            bench.end()
        if not given.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            say("kept " + folder)
    text = "\n".join([f"{time.strftime('%Y-%m-%d')}, {machine()}; {given.rounds} rounds of {given.seconds:g} s, "
                      f"{time.time() - started:.0f} s in all; {disturbance(results)}", "", *versions(proxies), "",
                      table.markdown(chosen, [one.name for one in proxies], results, voids)])
    print(text)
    if given.table:
        with open(given.table, "w") as file:
            file.write(text)
    if given.json:
        with open(given.json, "w") as file:
            json.dump({"results": results, "voids": voids}, file)


if __name__ == "__main__":
    main()
