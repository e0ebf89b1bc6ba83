#!/usr/bin/env bash
# run.sh WHAT WEIR MOCK_PROVIDER BUILD_FOLDER: runs WHAT_test.py. The tools that come as Python packages are installed into the build
# folder once, for the tests that need them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=/usr/bin/python3
if [ "$1" = deploy ] || [ "$1" = chart ]; then
    venv=$4/tests/operate/venv
    if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
        rm -rf "$venv"
        /usr/bin/python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
        cp "$here/requirements.txt" "$venv/installed.txt"
    fi
    python=$venv/bin/python
fi
exec "$python" "$here/$1_test.py" "$2" "$3" "$4" -v
