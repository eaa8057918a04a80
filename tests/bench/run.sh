#!/bin/sh
# Called by `make bench` with the build directory. What the jobs write goes to $TMPDIR.
cd "$(dirname "$0")/../.." || exit 1
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tracereel-bench-XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
"$1/bench/bench" "$1" "$scratch/log" && lua5.4 tests/bench/import_bench.lua "$1" "$scratch/import" || exit
# More instructions than the table says are printed, and fail `make bench-counts` alone.
"$1/bench/counts" "$1" "$scratch" tests/bench/counts.txt compare || [ $? -eq 3 ]
