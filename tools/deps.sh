#!/bin/sh
# Finds, and installs, the packages that tools/packages.txt lists.
#
#   tools/deps.sh install [FOR]   install what is missing, or say what to type
#   tools/deps.sh check [FOR]     only say what is missing
#   tools/deps.sh check-machine   say whether the compiler is for a machine that tracereel does not run on
#
# FOR is build, run, test, lint, browser, scale, slurm, coverage, counts or packages: only the packages for that.
# Without it: the first four.
# Both exit with 0 when nothing is missing any more.
set -u

list=$(dirname "$0")/packages.txt
compiler=${CC:-cc}

# Debian's place for Lua's headers is in no compiler's path. pkg-config is asked each time: it may have come meanwhile.
can_include() {
    # shellcheck disable=SC2046,SC2086
    echo "#include <$1>" | $compiler ${CPPFLAGS:-$(pkg-config --cflags lua5.4)} -E -x c -
}

can_link_with() {
    echo 'int LLVMFuzzerTestOneInput(const char *bytes, unsigned long size) { return !bytes || size; }' |
        clang "$1" -x c - -o /dev/null
}

# is_there KIND:WHAT
is_there() {
    what=${1#*:}
    case $1 in
    command:*) command -v "$what" ;;
    header:*) can_include "$what" ;;
    lua:*) lua5.4 -e "require '$what'" ;;
    clang:*) can_link_with "$what" ;;
    *) echo "$list: unknown kind of sign: $1" >&2; exit 2 ;;
    esac >/dev/null 2>&1
}

# find_missing [FOR]: sets `missing` to the packages' names.
find_missing() {
    missing=
    while read -r package purpose sign; do
        case $package in '' | '#'*) continue ;; esac
        case ${1:-}:$purpose in
        :browser | :scale | :slurm | :coverage | :counts | :packages) continue ;;
        ":$purpose" | "$purpose:$purpose") ;;
        *) continue ;;
        esac
        is_there "$sign" || missing="$missing $package"
    done <"$list"
}

# as_root: what to put before a command that only root may run; fails when there is no way.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        echo env
    elif sudo -n true 2>/dev/null; then
        echo 'sudo -n env'
    else
        return 1
    fi
}

tell_what_to_type() {
    echo "tracereel needs packages that are not installed:$missing" >&2
    if command -v apt-get >/dev/null; then
        echo "Type this as root, and then make again:" >&2
        echo "    apt-get update && apt-get install -y --no-install-recommends$missing" >&2
    else
        echo "These are their names in Debian 12. This system has no apt-get: install what it calls them." >&2
    fi
    exit 1
}

case ${1:-} in
install)
    find_missing "${2:-}"
    [ -n "$missing" ] || exit 0
    command -v apt-get >/dev/null || tell_what_to_type
    root=$(as_root) || tell_what_to_type
    echo "installing:$missing"
    # What goes wrong here shows in what is missing afterwards.
    $root DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null
    # shellcheck disable=SC2086
    $root DEBIAN_FRONTEND=noninteractive apt-get install -q -y -o Dpkg::Use-Pty=0 --no-install-recommends $missing \
        </dev/null
    find_missing "${2:-}"
    [ -z "$missing" ] || tell_what_to_type
    ;;
check)
    find_missing "${2:-}"
    [ -z "$missing" ] || tell_what_to_type
    ;;
check-machine)
    # Lengths and offsets have 64 bits, and are kept in size_t once they are bounded.
    size=$(echo __SIZEOF_SIZE_T__ | $compiler -E -P -x c - 2>/dev/null)
    case $size in
    2 | 4)
        echo "tracereel needs a 64-bit machine, this compiler is for one of $((size * 8)): sound logs would be called damaged there" >&2
        exit 1
        ;;
    esac
    ;;
*)
    echo "usage: tools/deps.sh check-machine, or install|check [build|run|test|lint|browser|scale|slurm|coverage|counts|packages]" >&2
    exit 2
    ;;
esac
