#!/bin/bash
# Makes the packages from a copy of the tree and uses what is in them as a stranger would: Debian's, the rock, the
# tarball, and the C library in programs that CMake and meson build. Closes with "N passed, N failed".
#
#   tools/check_packages.sh BUILD [PART...]
#
#   dist   the same tarball from the tree and from itself; the same installed files from two directories
#   deb    the Debian packages build, lintian has nothing to say, and what is in them works where it is unpacked
#   rock   `luarocks make` into an empty tree, and the module there
#   users  CMake and meson find the installed library
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1/packages"
work=$(cd "$1/packages" && pwd) || exit 2
shift
[ $# -gt 0 ] || set -- dist deb rock users
log=$root/tests/fixtures/logs/orders
version=$(sed -n 's/^VERSION = //p' "$root/Makefile")
tarball=$work/tracereel-$version.tar.gz
passed=0
failed=0
unset MAKEFLAGS MAKELEVEL LUA_PATH LUA_CPATH LUA_PATH_5_4 LUA_CPATH_5_4
jobs=-j$(nproc)

# expect NAME COMMAND...: one check.
expect() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1 </dev/null); then
        passed=$((passed + 1))
        echo "ok: $name"
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n%s\n' "$name" "$(tail -n 60 <<<"$output")"
    fi
}

# unpack DIRECTORY: the tarball's tree is DIRECTORY.
unpack() {
    rm -rf "$1"
    mkdir -p "$1"
    tar --extract --file="$tarball" --directory="$1" --strip-components=1
}

reads_the_log() {
    "$@" "$log" | grep . >/dev/null
}

# --- the tarball ---------------------------------------------------------------------------------------------------

makes_itself_again() {
    make -C "$1" --silent dist && cmp "$tarball" "$1/build/tracereel-$version.tar.gz"
}
install_from() {
    make -C "$1" --silent "$jobs" PREFIX=/usr LIBDIR=/usr/lib/somewhere DESTDIR="$2" install
}
# The static library has gcc's link-time code, which knows the directory; Debian takes it out, as it does debug sections.
same_files() {
    diff -r --no-dereference --exclude=libtracereel.a "$1" "$2" && [ "$(find "$1" -type f | wc -l)" -gt 300 ]
}
honours_flags() {
    CFLAGS='-O0 -DFROM_CFLAGS' CPPFLAGS=-DFROM_CPPFLAGS LDFLAGS=-Wl,--build-id=none \
        make -C "$1" --dry-run BUILD=elsewhere "elsewhere/libtracereel.so.$version" |
        sed -e ':line' -e '/\\$/{N;s/\\\n//;b line' -e '}' >"$work/flags.txt" &&
        grep -q -- '-O0 -DFROM_CFLAGS .*-c -o elsewhere/obj/src/log/log.o' "$work/flags.txt" &&
        grep -q -- '-DFROM_CPPFLAGS .*-c -o elsewhere/obj/src/log/log.o' "$work/flags.txt" &&
        grep -q -- '-Wl,--build-id=none .*-o elsewhere/libtracereel.so' "$work/flags.txt"
}

check_dist() {
    local one=$work/one two="$work/another, further down/two" file
    unpack "$one"
    unpack "$two"
    expect "the tarball's tree makes the same tarball" makes_itself_again "$one"
    expect "CFLAGS, CPPFLAGS and LDFLAGS of the environment reach compiler and linker" honours_flags "$one"
    rm -rf "$work/root-one" "$work/root-two"
    expect "the tarball's tree builds and installs" install_from "$one" "$work/root-one"
    expect "it does in another directory, too, whose name has a blank" install_from "$two" "$work/root-two"
    expect "both installed the same bytes, but for the static library" same_files "$work/root-one" "$work/root-two"
    for file in libtracereel.a "libtracereel.so.$version" pkgconfig/tracereel.pc lua/5.4/tracereel/core.so; do
        expect "LIBDIR has $file" test -s "$work/root-one/usr/lib/somewhere/$file"
    done
}

# --- Debian --------------------------------------------------------------------------------------------------------

has_no_fault() {
    local said
    said=$(lintian --allow-root --fail-on error,warning "$work/deb/tracereel_$version-"*.changes 2>&1)
    local code=$?
    printf '%s\n' "$said"
    return $code
}
deb_version_is_the_makefiles() {
    [ "$(dpkg-parsechangelog -l "$root/debian/changelog" -S Version | sed 's/-[^-]*$//')" = "$version" ]
}
# extract PACKAGE...: what they hold, in one new root directory, $work/root.
extract() {
    local package
    rm -rf "$work/root"
    for package in "$@"; do
        dpkg --extract "$work/deb/${package}_$version-"*.deb "$work/root" || return 1
    done
}
architecture_directory=$work/root/usr/lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH 2>/dev/null)
module_reads() {
    LUA_PATH="$work/root/usr/share/lua/5.4/?.lua;$work/root/usr/share/lua/5.4/?/init.lua;;" \
        LUA_CPATH="$architecture_directory/lua/5.4/?.so;;" lua5.4 -e \
        "local n = 0; for _ in require('tracereel').open('$log'):records() do n = n + 1 end; assert(n > 0)"
}
# The program looks for its Lua files in /usr/share: here they are where LUA_PATH says.
program_reads() {
    LUA_PATH="$work/root/usr/share/lua/5.4/?.lua;$work/root/usr/share/lua/5.4/?/init.lua;;" \
        reads_the_log "$work/root/usr/bin/tracereel" check
}
compiles_against() {
    cc -o "$work/client" "$root/examples/failed_traces.c" -I"$work/root/usr/include" \
        -L"$architecture_directory" -ltracereel &&
        LD_LIBRARY_PATH=$architecture_directory reads_the_log "$work/client"
}
# is_in_only PACKAGE PATTERN: a path that ends so is in that package, and in no other.
is_in_only() {
    local package found
    for package in tracereel lua-tracereel libtracereel0 libtracereel-dev; do
        found=$(dpkg --contents "$work/deb/${package}_$version-"*.deb | grep -c "$2")
        if [ "$package" = "$1" ]; then
            [ "$found" -gt 0 ] || return 1
        else
            [ "$found" -eq 0 ] || return 1
        fi
    done
}

check_deb() {
    expect "the Debian packages have the version of the Makefile" deb_version_is_the_makefiles
    expect "dpkg-buildpackage builds source and packages, and runs the unit tests" \
        "$root/tools/make_deb.sh" "$work/deb" "$tarball" "$version"
    expect "lintian has no error and no warning" has_no_fault
    expect "the program is in tracereel alone" is_in_only tracereel 'usr/bin/tracereel$'
    expect "manual pages are in tracereel alone" is_in_only tracereel 'man1/tracereel.1.gz$'
    expect "the module is in lua-tracereel alone" is_in_only lua-tracereel '5.4/tracereel/core.so$'
    expect "the shared library is in libtracereel0 alone" is_in_only libtracereel0 "libtracereel.so.$version\$"
    expect "the static library is in libtracereel-dev alone" is_in_only libtracereel-dev 'libtracereel.a$'
    expect "lua-tracereel unpacks" extract lua-tracereel
    expect "plain lua5.4 reads a log with it alone" module_reads
    expect "tracereel and lua-tracereel unpack together" extract tracereel lua-tracereel
    expect "the program reads a log" program_reads
    expect "libtracereel0 and libtracereel-dev unpack together" extract libtracereel0 libtracereel-dev
    expect "a C program compiles with them and reads a log" compiles_against
}

# --- the rock ------------------------------------------------------------------------------------------------------

make_rock() {
    (cd "$1" && luarocks --lua-version 5.4 --tree "$work/rocks" make tracereel-dev-1.rockspec)
}
rock_reads() {
    LUA_PATH="$work/rocks/share/lua/5.4/?.lua;$work/rocks/share/lua/5.4/?/init.lua;;" \
        LUA_CPATH="$work/rocks/lib/lua/5.4/?.so;;" lua5.4 -e \
        "local n = 0; for _ in require('tracereel').open('$log'):records() do n = n + 1 end; assert(n > 0)"
}

check_rock() {
    rm -rf "$work/rocks"
    unpack "$work/rock"
    expect "luarocks make builds the module and puts it into a tree" make_rock "$work/rock"
    expect "plain lua5.4 reads a log with it" rock_reads
    expect "the program was not built for it" test ! -e "$work/rock/build/tracereel"
    expect "luarocks takes it away again" luarocks --lua-version 5.4 --tree "$work/rocks" remove tracereel
    expect "and leaves nothing" test -z "$(find "$work/rocks" -path '*tracereel*' -name '*.so')"
}

# --- who uses the library ------------------------------------------------------------------------------------------

install_library() {
    unpack "$work/library"
    make -C "$work/library" --silent "$jobs" PREFIX="$work/prefix" LIBDIR="$work/prefix/lib/here" install-libraries
}
build_with_cmake() {
    rm -rf "$work/cmake"
    PKG_CONFIG_PATH=$work/prefix/lib/here/pkgconfig cmake -S "$root/examples/cmake" -B "$work/cmake" &&
        cmake --build "$work/cmake"
}
build_with_meson() {
    rm -rf "$work/meson"
    PKG_CONFIG_PATH=$work/prefix/lib/here/pkgconfig meson setup "$work/meson" "$root/examples/meson" "$@" &&
        meson compile -C "$work/meson"
}

check_users() {
    rm -rf "$work/prefix"
    expect "the C library is installed alone" install_library
    expect "without the program and the module" test ! -e "$work/prefix/bin" -a ! -e "$work/prefix/share"
    expect "CMake finds it" build_with_cmake
    expect "and what it built reads a log" reads_the_log "$work/cmake/failed_traces"
    expect "meson finds it" build_with_meson
    expect "and what it built reads a log" reads_the_log "$work/meson/failed_traces"
    expect "meson links the static one" build_with_meson -Dprefer_static=true
    expect "and what it built reads a log" reads_the_log "$work/meson/failed_traces"
}

expect "make dist makes a tarball" make -C "$root" --silent BUILD="$work" dist
for part in "$@"; do
    "check_$part"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
