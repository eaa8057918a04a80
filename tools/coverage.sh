#!/bin/bash
# Runs unit tests and specs on the program that BUILD/gcc has with gcov's counters, and on the one that BUILD/clang has
# with llvm's, and prints what they reached of each folder of src. What is not reached stands in BUILD/missed.txt.
#
#   tools/coverage.sh BUILD
#
# Closes with "N passed, N failed", of folders. A test that fails is told, but is no failure here: some measure time, or
# memory, and both are of another size where everything is counted.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd) || exit 2
cd "$root" || exit 2
profiles=$build/clang/profiles

# What an earlier run counted is no news, and tests that run as somebody else count as well.
umask 0
find "$build" -name '*.gcda' -delete
rm -rf "$profiles"
mkdir "$profiles"
chmod -R a+rwX "$build"

# A spec compiles a program with the static library: CC says with what it was counted.
# gcov reads and writes a file for each source whenever a process ends, which strace makes slow.
echo 'with gcov:'
GCOV_ERROR_FILE=/dev/null TRACEREEL_FAULT_STRIDE=20 CC='gcc --coverage' \
    tools/run_tests.sh "$build/gcc" unit spec
# %m: a file for each program, into which all its processes count; %c: while they run.
echo 'with llvm:'
LLVM_PROFILE_FILE="$profiles/%m%c.profraw" CC='clang -fprofile-instr-generate' \
    tools/run_tests.sh "$build/clang" unit spec

# A counter of processes that wrote at once can be negative, which gcovr takes for a line it cannot read.
gcovr --root . --object-directory "$build/gcc/obj" --filter src/ --gcov-ignore-parse-errors --json "$build/gcov.json" \
    "$build/gcc/obj" || exit 2
llvm-profdata merge -o "$build/llvm.profdata" "$profiles"/*.profraw || exit 2
objects=()
for file in "$build/clang/lua/tracereel/core.so" "$build/clang/tests"/*_test; do
    objects+=(-object "$file")
done
llvm-cov export -summary-only -instr-profile="$build/llvm.profdata" "$build/clang/tracereel" "${objects[@]}" \
    >"$build/llvm.json" || exit 2
lua5.4 tools/coverage_table.lua "$build/gcov.json" "$build/llvm.json" "$build/missed.txt"
