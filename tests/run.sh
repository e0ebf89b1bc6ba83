#!/usr/bin/env bash
# Installs what is missing, builds weir with both compilers and runs every test.
#   ./tests/run.sh            everything, as CI does
#   ./tests/run.sh --quick    clang only
# Closes with ctest's own summary of the last of its runs; fails when any of them did.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/packages.sh

quick=${1:-}
need $build_packages $test_packages
jobs=$(build_jobs)

# run PRESET CTEST-ARGUMENTS...
run() {
    local preset=$1
    shift
    say "building with preset $preset"
    cmake --preset "$preset" > /dev/null
    cmake --build --preset "$preset" --parallel "$jobs" | tail -n 3
    say "testing with preset $preset"
    # Tests with real sockets and clocks get a second chance on a machine that is busy with something else.
    ctest --test-dir "build/$preset" --output-on-failure --parallel "$jobs" --repeat until-pass:2 "$@"
}

if [ "$quick" != --quick ]; then
    run gcc -LE 'clients|operate|hardening'
fi
run test
