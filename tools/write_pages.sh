#!/bin/sh
# Writes what the program says about itself into files: its manual pages, one for each command beside the one of the
# program, and completions for shells. They are laid out as below PREFIX/share.
#
#   tools/write_pages.sh PROGRAM DIRECTORY COMMAND...
set -eu

program=$1
directory=$2
shift 2
mkdir -p "$directory/man/man1" "$directory/bash-completion/completions" "$directory/zsh/site-functions" \
    "$directory/fish/vendor_completions.d"
# A program that was built elsewhere does not find its Lua files beside it.
export LUA_PATH_5_4='lua/?.lua;lua/?/init.lua;;'

"$program" --man >"$directory/man/man1/tracereel.1"
for command; do
    "$program" --man "$command" >"$directory/man/man1/tracereel-$command.1"
done
"$program" --completion bash >"$directory/bash-completion/completions/tracereel"
"$program" --completion zsh >"$directory/zsh/site-functions/_tracereel"
"$program" --completion fish >"$directory/fish/vendor_completions.d/tracereel.fish"
