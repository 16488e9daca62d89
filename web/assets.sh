#!/bin/sh
# Fetches the third-party files of the dashboard by the lock file and lays them where the build embeds them.
set -eu
cd "$(dirname "$0")"
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi
out=assets/vendor
mkdir -p "$out/icons"
put() { cmp -s "$1" "$out/$2" || cp "$1" "$out/$2"; } # an unchanged file keeps its time, and the build its cache
put node_modules/htmx.org/dist/htmx.min.js htmx.js
put node_modules/htmx.org/dist/ext/hx-sse.min.js hx-sse.js
put node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2 inter.woff2
while read -r icon; do
  [ -z "$icon" ] || put "node_modules/lucide-static/icons/$icon.svg" "icons/$icon.svg"
done < assets/icons.txt
