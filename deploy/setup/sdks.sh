#!/bin/sh
# The official SDKs and the libraries above them, unmodified, as the stories use them: Python's in .tools/venv, those that
# want an older OpenAI SDK in .tools/older, Node's in tests/node_modules. Prints the path of the Python that has the first.
set -eu
. "$(dirname "$0")/fetch.sh"
need npm "Node.js with npm"

venv venv tests/requirements.txt "the Python SDKs"
venv older tests/requirements-older.txt "Python clients that want older SDKs"
packages "$root/tests" "the Node SDKs" ci
echo "$tools/venv/bin/python"
