#!/bin/sh
# A Chromium for the page tests: the system's, else Debian's when we may install it. Prints its path.
set -eu
. "$(dirname "$0")/fetch.sh"

find_browser() {
    for name in "${WEIR_TEST_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$name" ] && command -v "$name"; then
            return 0
        fi
    done
    return 1
}

find_browser && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "set-up: installing Chromium with apt-get (once)" >&2
    { apt-get -qq update && apt-get -qq install -y chromium; } >/dev/null 2>&1 || true
fi
find_browser || fail "Chromium is missing; install it or set WEIR_TEST_CHROMIUM to its path"
