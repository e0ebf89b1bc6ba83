#!/usr/bin/env bash
# Runs the fuzz targets and prints what came of it as a table.
#   ./tests/fuzz/run.sh                             20 s each, two at a time
#   ./tests/fuzz/run.sh --seconds 600 chunk sse     these two, ten minutes each
#   --jobs N        at a time (default 2)
#   --seed N        begin with this number; chance chooses one otherwise. CI names one, so that it fails for a change and not by chance
#   --build DIR     where the targets are built (default build/dev); with --as-built they are taken as they stand there
#   --keep DIR      where what the fuzzers learn is kept between runs (default DIR/fuzz of the build)
# With WEIR_FIGURES=1 in the environment the table of tests/hardening/README.md is written anew.
# A finding stops its target, is printed with the command that shows it again, and makes the exit code 1. Fix its cause, then put the input
# into tests/fuzz/corpus/NAME/found/, so that ctest feeds it to every build from then on.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=20 jobs=2 build=build/dev keep="" fresh=yes seed=0 names=()
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=$2; shift 2 ;;
        --jobs) jobs=$2; shift 2 ;;
        --build) build=$2; shift 2 ;;
        --as-built) fresh=no; shift ;;
        --seed) seed=$2; shift 2 ;;
        --keep) keep=$2; shift 2 ;;
        -*) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
        *) names+=("$1"); shift ;;
    esac
done
[ -n "$keep" ] || keep=$build/fuzz
if [ ${#names[@]} -eq 0 ]; then
    for source in tests/fuzz/*_fuzz.cpp; do names+=("$(basename "$source" _fuzz.cpp)"); done
fi
targets=()
for name in "${names[@]}"; do
    [ -e "tests/fuzz/${name}_fuzz.cpp" ] || { echo "run.sh: there is no target '$name' (tests/fuzz/${name}_fuzz.cpp)" >&2; exit 2; }
    targets+=("${name}_fuzz")
done
if [ "$fresh" = yes ]; then
    [ -e "$build/CMakeCache.txt" ] || cmake --preset dev > /dev/null
    cmake --build "$build" --parallel "$jobs" --target "${targets[@]}" > "$build/fuzz_build.log" 2>&1 || { tail -n 40 "$build/fuzz_build.log" >&2; exit 1; }
fi

# What one input may take: the largest that still teaches something, and a time that no input of that size should need.
longest() {
    case $1 in
        conf | collector | answer | request) echo 8192 ;;
        journal_damage) echo 256 ;;
        token) echo 512 ;;
        *) echo 4096 ;;
    esac
}

one() {
    local name=$1 folder=$keep/$1 words=()
    mkdir -p "$folder/corpus" "$folder/found"
    local corpus=tests/fuzz/corpus/$name
    [ -e "$corpus/dictionary" ] && words=("-dict=$corpus/dictionary")
    local known=("$folder/corpus")
    for part in seeds found; do [ -d "$corpus/$part" ] && known+=("$corpus/$part"); done
    # Memory is bounded so that an input that makes a parser allocate without end is a finding, not a machine that stands still.
    if ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
        "$build/tests/fuzz/${name}_fuzz" -max_total_time="$seconds" -max_len="$(longest "$name")" -timeout=20 -rss_limit_mb=2048 \
        -print_final_stats=1 -use_value_profile=1 -seed="$seed" -artifact_prefix="$folder/found/" "${words[@]}" "${known[@]}" > "$folder/log" 2>&1; then
        echo clean > "$folder/verdict"
    else
        echo found > "$folder/verdict"
    fi
}

running=0
for name in "${names[@]}"; do
    one "$name" &
    running=$((running + 1))
    if [ "$running" -ge "$jobs" ]; then
        wait -n
        running=$((running - 1))
    fi
done
wait

# The numbers are libFuzzer's own: executions; code edges reached; features (edges with how often, and comparisons).
stat() { awk -v want="stat::$1:" '$1 == want { print $2 }' "$2"; }
last() { grep -aoE "$1: [0-9]+" "$2" | tail -n 1 | grep -oE '[0-9]+$' || echo 0; }
table() {
    echo "| target | minutes | executions | a second | edges | features | result |"
    echo "|---|---:|---:|---:|---:|---:|---|"
    for name in "$@"; do cat "$keep/$name/row"; done
}
failed=0
for name in "${names[@]}"; do
    log=$keep/$name/log
    verdict=$(cat "$keep/$name/verdict")
    [ "$verdict" = clean ] || failed=1
    minutes=$(awk -v s="$seconds" 'BEGIN { printf s % 60 ? "%.1f" : "%d", s / 60 }')
    echo "| $name | $minutes | $(stat number_of_executed_units "$log") | $(stat average_exec_per_sec "$log") | $(last cov "$log") | $(last ft "$log") | $verdict |" > "$keep/$name/row"
done
table "${names[@]}"
if [ -n "${WEIR_FIGURES:-}" ]; then
    # The latest run of each target, of this call or of an earlier one.
    mapfile -t known < <(cd "$keep" && ls -d */ | tr -d / | while read -r name; do [ -e "$name/row" ] && echo "$name"; done)
    table "${known[@]}" | (cd tests/hardening && python3 -c 'import sys; from support import figures; figures("fuzzing", sys.stdin.read())' > /dev/null)
fi
for name in "${names[@]}"; do
    [ "$(cat "$keep/$name/verdict")" = clean ] && continue
    echo
    echo "== $name: $keep/$name/log"
    grep -aE "^SUMMARY|ERROR|exchange_fuzz:|runtime error" "$keep/$name/log" | head -n 5 || true
    artifact=$(grep -aoE "Test unit written to .*" "$keep/$name/log" | head -n 1 | sed 's/^Test unit written to //')
    [ -n "$artifact" ] && echo "again: $build/tests/fuzz/${name}_fuzz $artifact"
done
exit "$failed"
