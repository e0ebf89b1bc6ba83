#!/usr/bin/env bash
# release_test.sh COMPILER: files with assertions compile without them, as the release preset builds them: what an assertion alone uses is an
# unused parameter there, and warnings are errors.
set -euo pipefail
cd "$(dirname "$0")/../.."
mapfile -t files < <(grep -rlE '(^|[^_[:alnum:]])assert\(' proxy --include='*.cpp' --include='*.hpp')
[ ${#files[@]} -gt 0 ] || { echo "no file has an assertion any more: take this test out" >&2; exit 1; }
for file in "${files[@]}"; do
    "$1" -x c++ -std=c++20 -DNDEBUG -O1 -Wall -Wextra -Wshadow -Werror -Wno-missing-field-initializers -Iproxy -fsyntax-only -include "$file" /dev/null
done
