#!/usr/bin/env bash
# Installs what is missing, builds weir with both compilers and runs every test.
#   ./tests/run.sh                everything, as CI does: plainly with g++, under sanitizers with clang; clients, tools, attacks; clang-tidy; fuzzers
#   ./tests/run.sh --quick        clang only, plainly: no sanitizers, no fuzzers, no clang-tidy
#   ./tests/run.sh --sanitizers   of everything what runs under sanitizers: unit and end-to-end tests, what threads share, and the fuzzers
# Closes with ctest's own summary of the last of its runs; fails when any of them did.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/packages.sh

what=${1:-}
case $what in "" | --quick | --sanitizers) ;; *) sed -n '3,5s/^# *//p' "$0" >&2; exit 2 ;; esac
need $build_packages $test_packages
jobs=$(build_jobs)
# What drives the program through other people's tools has clocks that no sanitizer keeps up with; it tests the program as users have it.
in_company='clients|operate|hardening|guard'

# build PRESET TARGET...: without targets everything.
build() {
    local preset=$1
    shift
    say "building with preset $preset"
    cmake --preset "$preset" > /dev/null
    cmake --build --preset "$preset" --parallel "$jobs" ${1:+--target "$@"} | tail -n 3
}

# check PRESET CTEST-ARGUMENTS...
check() {
    local preset=$1
    shift
    say "testing with preset $preset"
    # Many tests wait more than they work. Those with real sockets and clocks get a second chance on a machine that is busy with something else.
    ctest --test-dir "build/$preset" --output-on-failure --parallel $((jobs + 1)) --repeat until-pass:2 "$@"
}

# A finding of a sanitizer has no second chance: every process writes what it finds into a file, and one such file fails the run.
check_sanitized() {
    local findings=$PWD/build/$1/findings failed=0
    rm -rf "$findings"
    mkdir -p "$findings"
    local where="log_path=$findings/report"
    ASAN_OPTIONS="$where:detect_leaks=1:strict_string_checks=1" UBSAN_OPTIONS="$where:print_stacktrace=1" \
        TSAN_OPTIONS="$where:second_deadlock_stack=1:suppressions=$PWD/tests/tsan.supp" check "$@" || failed=1
    if compgen -G "$findings/report.*" > /dev/null; then
        say "the sanitizers of preset $1 found something ($findings)"
        head -n 60 "$findings"/report.* >&2
        failed=1
    fi
    return "$failed"
}

# What users run, and what else it must get along with: the clients' libraries, the operators' tools, attackers, and the guard of its costs.
check_in_company() {
    build test weir weir_mock_provider weir_fault_shim weir_test_hardening weir_bench_{mock,load,alloc_probe}
    WEIR_SOAK_SECONDS=${WEIR_SOAK_SECONDS:-120} check test -L "$in_company|binary"
}

check_under_sanitizers() {
    # Threads first: what they share, alone and in the program.
    build tsan weir weir_test_{policy,net,ledger,telemetry,fleet,pools,probe,exchange,admin,e2e}
    # The corpora run one input at a time, and conformance one request at a time (with gigabytes of them): no threads meet there that do not elsewhere.
    check_sanitized tsan -L 'unit|e2e' -E '^Fuzz|Conformance'
    build dev
    say "fuzzing"
    tests/fuzz/run.sh --as-built --seed 1 --seconds 20 --jobs $((jobs + 1))
    check_sanitized dev -LE "$in_company"
}

case $what in
    --quick)
        build test
        check test
        ;;
    --sanitizers)
        check_under_sanitizers
        ;;
    *)
        # Each compiler runs the unit and end-to-end tests once: g++ as they are, clang under sanitizers.
        build gcc
        check gcc -LE "$in_company"
        check_in_company
        say "clang-tidy"
        WEIR_JOBS=$jobs tests/tidy.sh
        check_under_sanitizers
        ;;
esac
