#!/bin/sh
# with.sh COMMAND…: sets up all that the tests need, then runs the command with an environment that says where it is.
# Variables that are already set are respected.
set -eu
here=$(dirname "$0")

WEIR_CHDB_LIB=$("$here/engine.sh")
WEIR_TEST_POSTGRES=$("$here/postgres.sh")
WEIR_TEST_CHROMIUM=$("$here/browser.sh")
WEIR_TEST_PYTHON=$("$here/sdks.sh")
export WEIR_CHDB_LIB WEIR_TEST_POSTGRES WEIR_TEST_CHROMIUM WEIR_TEST_PYTHON
if [ -n "${WEIR_PROVE:-}" ]; then
    WEIR_TEST_AGENTS=$("$here/agents.sh")
    export WEIR_TEST_AGENTS
fi
[ -n "$WEIR_CHDB_LIB" ] || unset WEIR_CHDB_LIB
exec "$@"
