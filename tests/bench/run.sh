#!/bin/sh
# Called by `make bench` with the build directory.
cd "$(dirname "$0")/../.." || exit 1
exec "$1/bench/bench" "$1"
