#!/bin/sh
# Coding agents, unmodified, for `make prove` alone: they are large. Prints the folder of their programs.
set -eu
. "$(dirname "$0")/fetch.sh"
need npm "Node.js with npm"

folder=$root/tests/agents
stamp=$folder/node_modules/.installed
if ! cmp -s "$folder/package-lock.json" "$stamp"; then
    echo "set-up: installing the coding agents (once)" >&2
    # Scripts of their packages put the machine's own program in place; which ones there are differs by machine.
    (cd "$folder" && npm install --no-save --silent --ignore-scripts=false >&2) || fail "could not install tests/agents/package-lock.json with npm"
    cp "$folder/package-lock.json" "$stamp"
fi
echo "$folder/node_modules/.bin"
