#!/bin/sh
# Called by `make bench-counts` with the build directory and compare or write.
cd "$(dirname "$0")/../.." || exit 1
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tracereel-counts-XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
"$1/bench/counts" "$1" "$scratch" tests/bench/counts.txt "$2"
