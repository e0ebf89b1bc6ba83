#!/usr/bin/env bash
# clang-tidy over proxy/, with the list in .clang-tidy. Needs a build (preset test), whose precompiled headers it reads.
#   ./tests/tidy.sh          the rooms that decide and parse, as CI does
#   ./tests/tidy.sh --all    every file, ten minutes on two cores: do it before a release
#   ./tests/tidy.sh FILE...  these
# Closes with how many files were clean; the exit code is 1 when one was not.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${WEIR_BUILD:-build/test}
jobs=${WEIR_JOBS:-$(nproc)}
rooms="core http usage token policy fleet record ledger pools"
tidy=$(command -v clang-tidy-19 || command -v clang-tidy) || { echo "tidy.sh: clang-tidy is missing (Debian: clang-tidy-19)" >&2; exit 1; }
[ -e "$build/proxy/weir" ] || { echo "tidy.sh: build first: cmake --preset test && cmake --build --preset test --target weir" >&2; exit 1; }

files=()
case ${1:-} in
    "") for room in $rooms; do files+=(proxy/"$room"/*.cpp); done ;;
    --all) mapfile -t files < <(find proxy -name "*.cpp" -not -path "*/embed/*") ;;
    *) files=("$@") ;;
esac

# One line of output for each finding that is the project's; what clang-tidy says of system headers' own is counted by it and not shown.
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$jobs" "$tidy" -p "$build" --quiet 2> /dev/null || { echo "clang-tidy: see above; tests/tidy.sh FILE shows one file alone" >&2; exit 1; }
echo "clang-tidy: ${#files[@]} files are clean"
