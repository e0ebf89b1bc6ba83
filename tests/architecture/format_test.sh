#!/usr/bin/env bash
# format_test.sh: holds every C++ file against .clang-format. Versions of clang-format differ in details, so it is always the same one.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v clang-format-19 > /dev/null || { echo "clang-format-19 is missing (tests/run.sh installs it)" >&2; exit 77; }
if ! find proxy tests bench third_party -name '*.[ch]pp' -print0 | xargs -0 clang-format-19 --dry-run -Werror; then
    echo "to mend it: find proxy tests bench third_party -name '*.[ch]pp' | xargs clang-format-19 -i" >&2
    exit 1
fi
