#!/bin/bash
# Reads the source with every tool that finds mistakes in it. One line for each part, and at the end "N passed,
# N failed".
#
#   tools/lint.sh BUILD [PART...]     parts: see `parts` below; all of them when none is named
set -u -o pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=$1
shift
cd "$root" || exit 2
jobs=$(nproc 2>/dev/null || echo 1)
make=${MAKE:-make -j$jobs}
results=$build/lint
mkdir -p "$results"

parts=(formatting gcc analyzer clang headers clang-tidy luacheck layers shell)

mapfile -t c_sources < <(find src tests examples -name '*.c' | sort)
mapfile -t c_files < <(find include src tests examples -name '*.[ch]' | sort)
read -ra cpp_flags <<<"-Iinclude -Isrc -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DTRACEREEL_LUA_DIR=\"\" \
    -DTRACEREEL_VERSION=\"\" -DTR_WITH_ZSTD $(pkg-config --cflags lua5.4 zlib libdeflate libzstd)"

lint_formatting() {
    clang-format --dry-run -Werror "${c_files[@]}"
}

# $make is a command with its options.
lint_gcc() {
    $make --silent BUILD="$build/lint/gcc" CC=gcc CFLAGS='-O2 -g -Werror' objects
}

# gcc's analyzer on the engine and the binding; clang's is a part of clang-tidy, which reads the tests as well. A file
# for each source, so that compilers side by side do not write into each other's lines.
lint_analyzer() {
    local warnings=$results/analyzer
    rm -rf "$warnings"
    mkdir -p "$warnings"
    # shellcheck disable=SC2016
    find src -name '*.c' -print0 | sort -z |
        LC_ALL=C xargs -0 -P "$jobs" -n 1 bash -c 'warnings=$1; file=${*: -1}
            gcc -std=c11 -O2 -fanalyzer -fdiagnostics-plain-output "${@:2:$#-2}" -c -o /dev/null "$file" \
                2>"$warnings/${file//\//_}.txt"' analyze "$warnings" "${cpp_flags[@]}" || {
        cat "$warnings"/*.txt
        return 1
    }
    lua5.4 tools/check_analyzer.lua "$warnings"
}

lint_clang() {
    $make --silent BUILD="$build/lint/clang" CC=clang CFLAGS='-O2 -g -Werror' objects
}

# Every header compiles alone, and the public ones in C++ too.
lint_headers() {
    local header bad=0
    for header in $(find include src -name '*.h' | sort); do
        clang -std=c11 -Wall -Wextra -Wpedantic -Werror -Wno-unused-function "${cpp_flags[@]}" -fsyntax-only \
            -x c -include "$header" /dev/null || bad=1
    done
    for header in include/tracereel/*.h; do
        clang -std=c++11 -Wall -Wextra -Werror "${cpp_flags[@]}" -fsyntax-only -x c++ -include "$header" /dev/null ||
            bad=1
    done
    return $bad
}

lint_clang-tidy() {
    # How many warnings were found in system headers, and are not shown, is no news.
    printf '%s\0' "${c_sources[@]}" |
        xargs -0 -P "$jobs" -I FILE clang-tidy --quiet FILE -- -std=c11 "${cpp_flags[@]}" 2>&1 |
        { grep -v '^[0-9]* warnings* \(and [0-9]* errors* \)*generated\.$' || true; }
}

lint_luacheck() {
    local directories=()
    for directory in lua examples tests tools; do
        [ -z "$(find "$directory" -name '*.lua' -print -quit)" ] || directories+=("$directory")
    done
    luacheck --quiet --no-color "${directories[@]}"
}

lint_layers() {
    lua5.4 tools/check_layers.lua && lua5.4 tools/check_rooms.lua
}

lint_shell() {
    find tools tests .ci/run \( -name '*.sh' -o -name run \) -exec shellcheck {} +
}

passed=0
failed=0
[ $# -gt 0 ] || set -- "${parts[@]}"
for part in "$@"; do
    if "lint_$part" >"$results/$part.txt" 2>&1 </dev/null; then
        passed=$((passed + 1))
        echo "$part: passed"
    else
        failed=$((failed + 1))
        cat "$results/$part.txt"
        echo "$part: failed"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
