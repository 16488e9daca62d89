# Sourced by the set-up scripts: where tools go, how a failure is told, how a pinned package is fetched.
root=$(cd "$(dirname "$0")/../.." && pwd)
tools=$root/.tools

fail() {
    echo "set-up: $*" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null 2>&1 || fail "$1 is missing; install $2"
}

# fetch PACKAGE@VERSION INTEGRITY FOLDER: the npm package's tarball, as FOLDER/package.tgz, if it is the one pinned.
fetch() {
    need npm "Node.js with npm"
    (cd "$3" && npm pack --silent --pack-destination "$3" "$1" >/dev/null) || fail "could not download $1 with npm"
    mv "$3"/*.tgz "$3/package.tgz"
    found=$(node -e '
        const hash = require("crypto").createHash("sha512");
        hash.update(require("fs").readFileSync(process.argv[1]));
        console.log("sha512-" + hash.digest("base64"));' "$3/package.tgz")
    [ "$found" = "$2" ] || fail "$1 is not the package pinned here: expected $2, found $found"
}

# packages FOLDER WHAT NPM-ARGUMENT…: the npm packages of its lock file, anew when that changed.
packages() {
    folder=$1 what=$2
    shift 2
    stamp=$folder/node_modules/.installed
    cmp -s "$folder/package-lock.json" "$stamp" && return
    echo "set-up: installing $what (once)" >&2
    (cd "$folder" && npm "$@" --silent >&2) || fail "could not install $folder/package-lock.json with npm"
    cp "$folder/package-lock.json" "$stamp"
}

# venv NAME REQUIREMENTS WHAT: .tools/NAME with those Python packages, as their hashes say, anew when they changed.
venv() {
    need python3 "Python 3 with venv"
    folder=$tools/$1
    wanted=$(cat "$root/$2"; python3 --version)
    [ "$(cat "$folder/installed" 2>/dev/null)" != "$wanted" ] || return 0
    echo "set-up: installing $3 (once)" >&2
    python3 -m venv --clear "$folder" 2>/dev/null >&2 || fail "python3 cannot make a venv; install Python's venv package"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$root/$2" >&2 ||
        fail "could not install $2 with pip"
    echo "$wanted" >"$folder/installed"
}
