#!/bin/sh
# What tracereel is for, on a small log: is it whole, what is in it, what does a script say of it, where did the time go,
# what will the engine do with the traces of a killed run, and how is its next start made to lose nothing (written to a
# copy, and taken back), what would be under other conditions, and how does one step through it. Prints each command
# before its output.
set -eu

cd "$(dirname "$0")/.."
program=${1:-build}/tracereel
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

show() {
    printf '\n$ %s' "$program"
    printf ' %s' "$@"
    printf '\n'
    "$program" "$@"
}

show check examples/logs/orders
show traces --open examples/logs/orders
show run examples/node_timing.lua examples/logs/orders
show timing --top 3 examples/logs/orders

cp -R examples/killed "$directory/killed"
flow="$directory/killed/orders.flow.lua"
show recover "$directory/killed/wal" --flow "$flow" --trace 2a08,7f33,9125,c52d
show recover safe_start "$directory/killed/wal" --flow "$flow" -o "$directory/plan.json" --apply
show recover "$directory/killed/wal" --flow "$flow" --trace 7f33,9125,c52d
show undo "$directory/plan.json" "$directory/killed/wal"

cp -R examples/logs/orders "$directory/orders"
show recover give_up_errors "$directory/orders" -o "$directory/give_up.json"
show apply "$directory/give_up.json" "$directory/orders" --repair
show check "$directory/orders"

show crashtest examples/recover_dead_orders.lua examples/logs/orders
show simulate examples/rush_hour.lua examples/logs/orders -o "$directory/rush"
show simulate examples/which_node.lua examples/logs/orders --rank
# It finds a fault that charges a customer twice, and says so by its exit status, 7.
show simulate examples/double_charge.lua examples/logs/orders --explore --faults error,delay,crash || [ $? -eq 7 ]

printf '\n$ %s | %s debug examples/logs/orders\n' "printf '%s\\n' 'next error' 'node 3' finish" "$program"
printf '%s\n' 'next error' 'node 3' finish | "$program" debug examples/logs/orders
