#!/bin/bash
# Installs into an empty directory and uses what is there as a stranger would: the program, the Lua module from plain
# lua5.4, both libraries through pkg-config. Closes with "N passed, N failed".
#
#   tools/check_install.sh BUILD
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd) || exit 2
log=$root/tests/fixtures/logs/orders
staging=$(mktemp -d) || exit 2
trap 'rm -rf "$staging"' EXIT
prefix=$staging/prefix
passed=0
failed=0

# expect NAME COMMAND...: one check.
expect() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1 </dev/null); then
        passed=$((passed + 1))
        echo "ok: $name"
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n%s\n' "$name" "$output"
    fi
}

# The objects of BUILD serve here too; only what knows the prefix is made again, in a copy.
copy=$staging/build
mkdir "$copy"
cp -a "$build"/{obj,lua,flags,lua-dir,headers-found,libtracereel*,tracereel*} "$copy"
make_there() {
    env -u MAKEFLAGS -u MAKELEVEL make -C "$root" --no-print-directory --silent BUILD="$copy" PREFIX="$prefix" "$@"
}

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
compile_client() {
    # shellcheck disable=SC2046
    "${CC:-cc}" -o "$staging/$1" "$root/examples/failed_traces.c" $("${@:2}") && ldd "$staging/$1" >"$staging/$1.libraries"
}
static_flags() {
    pkg-config --static --cflags --libs tracereel | sed 's/-ltracereel/-l:libtracereel.a/'
}
plain_lua() {
    env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 LUA_PATH="$prefix/share/lua/5.4/?.lua;$prefix/share/lua/5.4/?/init.lua;;" \
        LUA_CPATH="$prefix/lib/lua/5.4/?.so;;" lua5.4 -e "$1"
}
exports_what_is_declared() {
    diff <(sed -n 's/^ *\(tr_.*\);$/\1/p' "$copy/libtracereel.map" | sort) \
        <(nm -D --defined-only "$prefix/lib/libtracereel.so" | sed -n 's/.* T \([^@]*\).*/\1/p' | sort)
}
nothing_left() {
    ! find "$prefix" ! -type d | grep .
}

manual_has_every_command() {
    local pages=$prefix/share/man/man1 name
    for name in "$root"/lua/tracereel/commands/*.lua; do
        name=tracereel-$(basename "$name" .lua)
        grep -q "${name//-/.*} (1)" "$pages/tracereel.1" && grep -q '^\.SH EXAMPLES' "$pages/$name.1" || return 1
    done
}
completions_are_there() {
    cmp <("$prefix/bin/tracereel" --completion bash) "$prefix/share/bash-completion/completions/tracereel" &&
        cmp <("$prefix/bin/tracereel" --completion zsh) "$prefix/share/zsh/site-functions/_tracereel" &&
        cmp <("$prefix/bin/tracereel" --completion fish) "$prefix/share/fish/vendor_completions.d/tracereel.fish"
}
# Without --silent.
installs_in_a_line() {
    local said
    said=$(env -u MAKEFLAGS -u MAKELEVEL make -C "$root" --no-print-directory BUILD="$copy" PREFIX="$prefix" install) &&
        [ "$(grep -c . <<<"$said")" -le 3 ] && grep "installed [0-9]* files below $prefix" <<<"$said"
}

cd "$staging" || exit 2
expect "it installs" make_there install
expect "it says so in a line" installs_in_a_line
expect "the manual page is there, names every command, and each has its own" manual_has_every_command
expect "completions for bash, zsh and fish are there" completions_are_there
expect "the installed program reads a log, far from its source" "$prefix/bin/tracereel" check "$log"
expect "plain lua5.4 finds the installed module" plain_lua \
    "local count = 0; for _ in require('tracereel').open('$log'):records() do count = count + 1 end; assert(count > 0)"
expect "the installed program reads a flow in YAML" "$prefix/bin/tracereel" flow \
    --yaml "$root/tests/fixtures/logs-engine/orders.flow.yaml" "$root/tests/fixtures/logs-engine/orders-killed/wal"
expect "a C program compiles with the shared library" compile_client shared pkg-config --cflags --libs tracereel
expect "and is linked with its versioned name" grep -q 'libtracereel\.so\.[0-9]* ' "$staging/shared.libraries"
expect "and reads a log" env LD_LIBRARY_PATH="$prefix/lib" "$staging/shared" "$log"
expect "a C program compiles with the static library" compile_client static static_flags
expect "and reads a log without the shared one" "$staging/static" "$log"
expect "the shared library exports what the headers declare, and nothing else" exports_what_is_declared
expect "it uninstalls" make_there uninstall
expect "and leaves nothing behind" nothing_left

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
