#!/usr/bin/env bash
# run.sh WHAT WEIR MOCK_PROVIDER BUILD_FOLDER: runs the tests of one client. WHAT is a NAME of NAME_test.py, node_NAME for
# node/NAME.test.mjs, or `install`, which puts every pinned client into the build folder once.
# Exits with 77 (skipped; with CI=true: 1) when the clients cannot be installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
what=$1
build=$4

cannot() {
    echo "tests/clients: $*" >&2
    [ "${CI:-}" = true ] && exit 1
    exit 77
}

# python_packages NAME: a virtual environment with what locks/NAME.lock says.
python_packages() {
    local venv=$build/$1
    cmp -s "$here/locks/$1.lock" "$venv/installed.lock" && return
    # Chained, since `set -e` does not hold inside a condition.
    rm -rf "$venv" &&
        python3 -m venv "$venv" &&
        "$venv/bin/pip" install --quiet --disable-pip-version-check --no-compile --no-deps -r "$here/locks/$1.lock" &&
        cp "$here/locks/$1.lock" "$venv/installed.lock"
}

# Node and npm come with the Python packages, so that the same Node runs everywhere.
node_packages() {
    local folder=$build/node
    cmp -s "$here/node/package-lock.json" "$folder/installed.json" && return
    rm -rf "$folder" &&
        mkdir -p "$folder" &&
        cp "$here/node/package.json" "$here/node/package-lock.json" "$folder" &&
        (cd "$folder" && PATH=$build/official/bin:$PATH npm ci --no-audit --no-fund --loglevel=error) &&
        cp "$here/node/package-lock.json" "$folder/installed.json"
}

install() {
    mkdir -p "$build"
    (python_packages frameworks) &
    local frameworks=$! failed=
    (python_packages older) &
    local older=$!
    (python_packages official && node_packages) || failed=yes
    wait "$frameworks" || failed=yes
    wait "$older" || failed=yes
    [ -z "$failed" ] || cannot "the pinned clients could not be installed; what pip or npm said stands above." \
        "Is a package index reachable from here?"
}

case $what in
    install) install; exit ;;
    curl) python=python3 ;;
    langchain | llama_index | litellm) python=$build/frameworks/bin/python ;;
    translation_older) python=$build/older/bin/python ;;
    *) python=$build/official/bin/python ;;
esac
[ "$what" = curl ] || [ -f "${python%/bin/python}/installed.lock" ] || cannot "the clients are not installed: run ctest -R clients.install first"
case $what in
    node_*)
        [ -f "$build/node/installed.json" ] || cannot "the clients in JavaScript are not installed: run ctest -R clients.install first"
        exec "$python" "$here/node_test.py" "$2" "$3" "$build" "${what#node_}"
        ;;
    *) exec "$python" -W ignore::DeprecationWarning "$here/${what}_test.py" "$2" "$3" "$build" ;;
esac
