#!/bin/sh
# The embedded ClickHouse engine: one shared library, fetched once, checked, put in place in one step.
# Prints the path of the library. Prints nothing when WEIR_CLICKHOUSE_URL says a server is used.
set -eu
. "$(dirname "$0")/fetch.sh"

package=@chdb/lib-linux-x64-gnu@26.7.3-stable.1
integrity=sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==
size=566330096
sha256=36ad4e999882821ef13cf2d0f52c93f48e6ee1b4498b35a201c23ce4b8d15bf5

[ -z "${WEIR_CLICKHOUSE_URL:-}" ] || exit 0
if [ -n "${WEIR_CHDB_LIB:-}" ]; then
    [ -f "$WEIR_CHDB_LIB" ] || fail "WEIR_CHDB_LIB names $WEIR_CHDB_LIB, which is not a file"
    echo "$WEIR_CHDB_LIB"
    exit 0
fi
[ "$(uname -sm)" = "Linux x86_64" ] ||
    fail "no embedded ClickHouse engine exists for $(uname -sm); set WEIR_CLICKHOUSE_URL to a ClickHouse server"

library=$tools/engine/libchdb.so
stamp=$tools/engine/checked

is_right() {
    [ -f "$library" ] && [ "$(stat -c %s "$library")" = "$size" ] || return 1
    [ "$(cat "$stamp" 2>/dev/null)" != "$sha256" ] || return 0
    echo "$sha256  $library" | sha256sum --check --status && echo "$sha256" >"$stamp"
}

if ! is_right; then
    echo "set-up: fetching the embedded ClickHouse engine (178 MB, once)" >&2
    mkdir -p "$tools/engine"
    work=$(mktemp -d "$tools/engine/fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT INT TERM
    fetch "$package" "$integrity" "$work"
    tar -xzf "$work/package.tgz" -C "$work" package/libchdb.so
    mv "$work/package/libchdb.so" "$library"
    is_right || fail "$library is not the engine expected; remove it and try again"
fi
echo "$library"
