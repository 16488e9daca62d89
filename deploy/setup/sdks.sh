#!/bin/sh
# The official SDKs, unmodified, as the stories use them: Python's in .tools/venv, Node's in tests/node_modules.
# Prints the path of the Python that has them.
set -eu
. "$(dirname "$0")/fetch.sh"
need python3 "Python 3 with venv"
need npm "Node.js with npm"

venv=$tools/venv
wanted=$(cat "$root/tests/requirements.txt"; python3 --version)
if [ "$(cat "$venv/installed" 2>/dev/null)" != "$wanted" ]; then
    echo "set-up: installing the Python SDKs (once)" >&2
    python3 -m venv --clear "$venv" 2>/dev/null >&2 || fail "python3 cannot make a venv; install Python's venv package"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$root/tests/requirements.txt" >&2 ||
        fail "could not install tests/requirements.txt with pip"
    echo "$wanted" >"$venv/installed"
fi

packages "$root/tests" "the Node SDKs" ci
echo "$venv/bin/python"
