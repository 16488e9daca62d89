#!/bin/sh
# Builds the programs for others and prints their folder. They are built twice: first to be watched while the bench's traffic
# passes through them, then for good by what was seen, so that what runs together stands together and what is called often
# is inlined (profile-guided optimisation; docs/adr/0014 says what it saves). Where no tool can merge what was seen, they
# are built without it, and that is said.
set -eu
. "$(dirname "$0")/fetch.sh"
cd "$root"
host=$(rustc -vV | sed -n 's/^host: //p')
llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
seen=$root/target/seen

# The tool that merges: the compiler's own component where it is installed, else the pinned package.
merger() {
    tool=$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata
    if [ ! -x "$tool" ]; then
        (venv profiles deploy/setup/profiles.txt "LLVM's tools") || return 0
        # The package puts its libraries in place when its Python starts.
        "$tools/profiles/bin/python" -c ""
        tool=$tools/profiles/bin/llvm-profdata
    fi
    "$tool" --version | grep -q "LLVM version $llvm\." || return 0
    echo "$tool"
}

# build FLAGS FOLDER ARGUMENT…: named by its target, so that the flags are for the programs alone and not for what builds them.
build() {
    flags=$1 folder=$2
    shift 2
    RUSTFLAGS="${RUSTFLAGS:-} $flags" cargo build --quiet --locked --release --target "$host" --target-dir "$folder" "$@" >&2
}

tool=$(merger)
flags=
if [ -n "$tool" ]; then
    echo "release: building what is watched (1 of 3)" >&2
    build "-Cprofile-generate=$seen" target/watched -p weir
    echo "release: watching it under the bench's traffic (2 of 3)" >&2
    cargo build --quiet --profile live -p weir-tests --bin bench >&2
    rm -rf "$seen"
    target/live/bench --all --rounds 1 --seconds 2 --only-weir --program "target/watched/$host/release/weir" >&2
    "$tool" merge --sparse -o "$seen/merged.profdata" "$seen"/*.profraw
    flags="-Cprofile-use=$seen/merged.profdata"
    echo "release: building the programs (3 of 3)" >&2
else
    echo "release: no llvm-profdata of LLVM $llvm for this machine (rustup component add llvm-tools): built without profiles" >&2
fi
build "$flags" target/trained -p weir -p weir-clickhouse
echo "$root/target/trained/$host/release"
