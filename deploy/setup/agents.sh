#!/bin/sh
# Coding agents, unmodified, for `make prove` alone: they are large. Prints the folder of their programs.
set -eu
. "$(dirname "$0")/fetch.sh"
need npm "Node.js with npm"

# Scripts of their packages put the machine's own program in place; which ones there are differs by machine.
packages "$root/tests/agents" "the coding agents" install --no-save --ignore-scripts=false
venv aider tests/agents/aider.txt "aider"
ln -sf "$tools/aider/bin/aider" "$root/tests/agents/node_modules/.bin/aider"
echo "$root/tests/agents/node_modules/.bin"
