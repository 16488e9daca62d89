#!/bin/sh
# Third-party files of the dashboard (htmx, font, icons): installed by lock file, copied where the build embeds them.
set -eu
. "$(dirname "$0")/fetch.sh"
need npm "Node.js with npm"

stamp=$root/web/node_modules/.installed
if ! cmp -s "$root/web/package-lock.json" "$stamp"; then
    echo "set-up: installing the dashboard's third-party files (once)" >&2
    (cd "$root/web" && npm ci --silent >&2) || fail "could not install web/package-lock.json with npm"
    cp "$root/web/package-lock.json" "$stamp"
fi
sh "$root/web/assets.sh"
