#!/bin/sh
# Third-party files of the dashboard (htmx, font, icons): installed by lock file, laid where the build embeds them.
set -eu
. "$(dirname "$0")/fetch.sh"
need npm "Node.js with npm"
sh "$root/web/assets.sh" >/dev/null || fail "could not install the dashboard's third-party files with npm (web/assets.sh)"
