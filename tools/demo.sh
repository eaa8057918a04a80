#!/bin/sh
# What tracereel is for, in three commands on a small log: is it whole, what is in it, and what does a script say of it.
# Prints each command before its output.
set -eu

cd "$(dirname "$0")/.."
program=${1:-build}/tracereel

show() {
    printf '\n$ %s' "$program"
    printf ' %s' "$@"
    printf '\n'
    "$program" "$@"
}

show check examples/logs/orders
show traces --open examples/logs/orders
show run examples/node_timing.lua examples/logs/orders
