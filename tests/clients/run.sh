#!/usr/bin/env bash
# run.sh WEIR MOCK_PROVIDER BUILD_FOLDER: installs the pinned SDKs into the build folder once and runs clients_test.py.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=$3/venv
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/installed.txt"
fi
exec "$venv/bin/python" "$here/clients_test.py" "$1" "$2" -v
