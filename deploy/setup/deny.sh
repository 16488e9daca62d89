#!/bin/sh
# Licences, bans and sources of every dependency; known vulnerabilities when their database can be reached.
# Uses the cargo-deny on the PATH, else builds the pinned one once (unoptimised: it runs for seconds, not minutes).
set -eu
. "$(dirname "$0")/fetch.sh"
version=0.20.2

PATH=$PATH:$tools/bin
if ! command -v cargo-deny >/dev/null; then
    echo "set-up: building cargo-deny $version (some minutes, once)" >&2
    cargo install --quiet --locked --debug "cargo-deny@$version" --root "$tools" ||
        fail "could not build cargo-deny $version; install it yourself and put it on the PATH"
fi
cd "$root"
cargo-deny --log-level error check --hide-inclusion-graph bans licenses sources
if timeout 60 cargo-deny --log-level off fetch db >/dev/null 2>&1; then
    cargo-deny --log-level error check --disable-fetch advisories
else
    echo "advisories not checked: their database cannot be reached from here"
fi
