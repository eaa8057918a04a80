#!/bin/bash
# Runs parts of the tests on what was built in BUILD and closes with one line, "N passed, N failed".
#
#   tools/run_tests.sh BUILD PART...
#
#   unit     every program in BUILD/tests
#   spec     busted on tests/spec, with the module and the program of BUILD; a process for each core
#   faults   the specs of faults while logs and arenas are written to alone; TRACEREEL_ALL_FAULTS=1 leaves none out
#   memory   the tests of memory that runs out, and of reads that fail, alone; TRACEREEL_ALL_MEMORY=1 leaves no
#            allocation and no call out
#   follow   the specs of --follow alone; FOLLOW_SECONDS says how long their writer takes
#   browser  busted on tests/browser, in the same way: the HTML report in a headless Chromium, where there is one
#   parallel the recipes of docs/scale.md on GNU parallel over ssh, and on Snakemake, as they stand there
#   slurm    those on Slurm, on a cluster that is started for it
#   fuzz     every fuzzer of tests/fuzz for FUZZ_SECONDS, starting from tests/fuzz/corpus/NAME: those in C from
#            BUILD/fuzz/fuzzers, those in Lua with the program and the module of BUILD/fuzz
#   demo     what `make demo` shows ends well
#   install  what `make install` puts somewhere else works there, and uninstall leaves nothing
#
# With SANITIZED=1 BUILD was made with sanitizers: the part that runs inside lua5.4 gets their run-time library, and any
# report of theirs counts as a failure, whoever swallowed the exit code. Some specs are left out.
# What a part prints is kept in BUILD/results/PART.txt, or a file for each spec in BUILD/results/PART, and shown when
# something in it failed.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd) || exit 2
shift
cd "$root" || exit 2
results=$build/results
rm -rf "$results"
mkdir -p "$results"

passed=0
failed=0

# count NAME PASSED FAILED [NOTE]: one line for a part, added to the total.
count() {
    passed=$((passed + $2))
    failed=$((failed + $3))
    printf '%s: %d passed, %d failed%s\n' "$1" "$2" "$3" "${4:-}"
}

# run_into FILE COMMAND...: its output goes to FILE; returns its exit code.
run_into() {
    local file=$1
    shift
    "$@" >"$file" 2>&1 </dev/null
}

prepare_sanitizers() {
    mkdir -p "$results/reports"
    local compiler=${CC:-cc} leaks=1
    sanitizer_library=$("$compiler" -print-file-name=libasan.so)
    # Leak detection stops the process to look at it, which some containers forbid.
    printf '#include <stdlib.h>\nint main(void) { return malloc(1) == (void *)1; }\n' >"$results/leak.c"
    "$compiler" -fsanitize=address -o "$results/leak" "$results/leak.c"
    "$results/leak" >/dev/null 2>&1
    if ! ASAN_OPTIONS=exitcode=99 "$results/leak" 2>&1 </dev/null | grep -q 'detected memory leaks'; then
        leaks=0
        echo "note: leak detection does not work on this system, leaks are not looked for"
    fi
    local common="exitcode=99:log_path=$results/reports/report"
    without_leaks="$common:detect_leaks=0"
    with_leaks="$common:detect_leaks=$leaks"
    export UBSAN_OPTIONS="$common:print_stacktrace=1:halt_on_error=1"
    export ASAN_OPTIONS=$with_leaks
    # lua5.4 and busted leak on purpose; the program must not. So only the program turns the detection on.
    program=$results/tracereel
    printf '#!/bin/bash\nASAN_OPTIONS=%s exec %s/tracereel "$@"\n' "$with_leaks" "$build" >"$program"
    chmod +x "$program"
}

finish_sanitizers() {
    local reports
    reports=$(find "$results/reports" -type f | sort)
    if [ -n "$reports" ]; then
        # shellcheck disable=SC2086
        cat $reports
        # shellcheck disable=SC2086
        count "sanitizer reports" 0 "$(echo $reports | wc -w)"
    fi
}

# The last "N passed, N failed" in a file, as two numbers; fails when there is none.
closing_line() {
    sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$1" | tail -n 1 | grep .
}

run_unit() {
    local source name output good bad code note
    for source in tests/c/*_test.c; do
        name=$(basename "$source" .c)
        output=$results/$name.txt
        if [ ! -x "$build/tests/$name" ]; then
            count "unit $name: not built" 0 1
            continue
        fi
        run_into "$output" "$build/tests/$name"
        code=$?
        note=
        [ "$code" -le 1 ] || note=" (exit code $code)"
        if read -r good bad < <(closing_line "$output"); then
            # Ended badly although all its tests passed: a leak, or a crash after the last of them.
            [ "$code" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
        else
            good=0 bad=1
        fi
        [ "$bad" -eq 0 ] || grep -v '^ok: ' "$output"
        count "unit $name" "$good" "$bad" "$note"
    done
}

# run_busted OUTPUT FILE: busted on a spec's file; returns its exit code.
run_busted() {
    local -a environment=(
        "LUA_PATH=$root/lua/?.lua;$root/lua/?/init.lua;$root/?.lua;;" "LUA_CPATH=$build/lua/?.so;;"
        "TRACEREEL=$program" "TRACEREEL_BUILD=$build")
    if [ -n "${SANITIZED:-}" ]; then
        environment+=("TRACEREEL_SANITIZED=1" "ASAN_OPTIONS=$without_leaks" "LD_PRELOAD=$sanitizer_library")
    fi
    run_into "$1" env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 -u LUA_INIT -u LUA_INIT_5_4 "${environment[@]}" \
        lua5.4 "$(command -v busted)" --ignore-lua --output=plainTerminal "$2"
}

# run_and_keep OUTPUT FILE: the same, with the exit code in OUTPUT.code.
run_and_keep() {
    run_busted "$1" "$2"
    echo $? >"$1.code"
}

# run_specs PART FILE...: the files side by side, one for each core at a time, the largest first.
run_specs() {
    local part=$1 file output code good bad pending note='' cores
    local -a files
    local all_good=0 all_bad=0 all_pending=0
    shift
    cores=$(nproc 2>/dev/null || echo 1)
    mkdir -p "$results/$part"
    # shellcheck disable=SC2012
    mapfile -t files < <(ls -S "$@")
    for file in "${files[@]}"; do
        while [ "$(jobs -rp | wc -l)" -ge "$cores" ]; do
            wait -n
        done
        run_and_keep "$results/$part/$(basename "$file" .lua).txt" "$file" &
    done
    wait
    for output in "$results/$part"/*.txt; do
        code=$(cat "$output.code")
        if read -r good bad pending < <(busted_counts "$output"); then
            # Ended badly although all its tests passed.
            [ "$code" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
        else
            good=0 bad=1 pending=0
        fi
        [ $((bad + pending)) -eq 0 ] || cat "$output"
        all_good=$((all_good + good)) all_bad=$((all_bad + bad)) all_pending=$((all_pending + pending))
    done
    [ "$all_pending" -eq 0 ] || note=" ($all_pending pending)"
    count "$part" "$all_good" "$all_bad" "$note"
}

# These start the program hundreds of times for what is decided in Lua, over paths in C that other specs take, too: under
# sanitizers they took half of the time.
left_out_when_sanitized='
    backtest_input children cli command_pages crash_limits crashtest_checks diff examples export_marks
    export_sqlite flow_number flow_restarts flow_waiting forecast_engine growth help import_chrome
    import_exported import_github import_temporal import_temporal_ends import_wfformat merge minimize names
    no_file no_log own_ids page_colours partial period record_types recover_batch recover_hold recover_input
    recover_plan repeatable safe_start script_errors script_messages show_page simulate_command
    simulate_contention simulate_damage simulate_explore simulate_faults simulate_intervals simulate_loop
    simulate_model simulate_progress simulate_series terminal timing_baseline timing_command timing_forged
    timing_groups timing_page timing_partial undo unfinished unmending where where_commands'

run_spec() {
    local file
    local -a files=()
    for file in tests/spec/*_spec.lua; do
        if [ -z "${SANITIZED:-}" ] || ! grep -qw "$(basename "$file" _spec.lua)" <<<"$left_out_when_sanitized"; then
            files+=("$file")
        fi
    done
    run_specs spec "${files[@]}"
}

run_follow() {
    run_specs follow tests/spec/follow_spec.lua
}

run_faults() {
    run_specs faults tests/spec/crash_faults_spec.lua tests/spec/mending_faults_spec.lua
}

run_memory() {
    run_specs memory tests/spec/memory_spec.lua tests/spec/failing_reads_spec.lua
}

run_parallel() {
    run_specs parallel tests/scale/parallel_spec.lua
}

run_slurm() {
    run_specs slurm tests/scale/slurm_spec.lua
}

run_browser() {
    if tools/deps.sh check browser 2>/dev/null; then
        run_specs browser tests/browser/*_spec.lua
    else
        echo "browser: left out, there is no Chromium with its driver here (make test-browser installs them)"
    fi
}

# "57 successes / 0 failures / 1 error / 0 pending : 0.5 seconds" as: passed, failed, pending.
busted_counts() {
    sed -n 's,^\([0-9]*\) success[es]* / \([0-9]*\) failures* / \([0-9]*\) errors* / \([0-9]*\) pending.*,\1 \2 \3 \4,p' \
        "$1" | tail -n 1 | awk '{ print $1, $2 + $3, $4; found = 1 } END { exit !found }'
}

# fuzz_program NAME OUTPUT: a fuzzer in C, which libFuzzer drives.
fuzz_program() {
    local corpus=$build/fuzz/corpus/$1
    mkdir -p "$corpus"
    run_into "$2" "$build/fuzz/fuzzers/${1}_fuzz" -max_total_time="${FUZZ_SECONDS:-5}" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$build/fuzz/found/$1-" "$corpus" \
        "tests/fuzz/corpus/$1"
}

# fuzz_with_lua NAME OUTPUT: a fuzzer in Lua, which runs the program and the module that were built with sanitizers.
fuzz_with_lua() {
    run_into "$2" env FUZZ_BUILD="$build/fuzz" FUZZ_SECONDS="${FUZZ_SECONDS:-5}" lua5.4 "tests/fuzz/${1}_fuzz.lua"
}

# fuzz_and_keep SOURCE: either, with the exit code in build/results/fuzz/NAME.code.
fuzz_and_keep() {
    local name output
    name=$(basename "${1%_fuzz.*}")
    output=$results/fuzz/$name.txt
    case $1 in
    *.c) fuzz_program "$name" "$output" ;;
    *) fuzz_with_lua "$name" "$output" ;;
    esac
    echo $? >"${output%.txt}.code"
}

run_fuzz() {
    local source output cores
    mkdir -p "$results/fuzz" "$build/fuzz/found"
    cores=$(nproc 2>/dev/null || echo 1)
    for source in tests/fuzz/*_fuzz.lua tests/fuzz/*_fuzz.c; do
        while [ "$(jobs -rp | wc -l)" -ge "$cores" ]; do
            wait -n
        done
        fuzz_and_keep "$source" &
    done
    wait
    for output in "$results"/fuzz/*.txt; do
        if [ "$(cat "${output%.txt}.code")" -eq 0 ]; then
            count "fuzz $(basename "$output" .txt)" 1 0 \
                " ($(sed -n 's/^stat::number_of_executed_units: *//p; s/.*: \([0-9]*\) inputs, .*/\1/p' "$output") inputs)"
        else
            tail -n 60 "$output"
            count "fuzz $(basename "$output" .txt)" 0 1
        fi
    done
}

run_demo() {
    if run_into "$results/demo.txt" tools/demo.sh "$build"; then
        count demo 1 0
    else
        cat "$results/demo.txt"
        count demo 0 1
    fi
}

run_install() {
    local output=$results/install.txt good bad
    if run_into "$output" tools/check_install.sh "$build" && read -r good bad < <(closing_line "$output"); then
        count install "$good" "$bad"
    else
        cat "$output"
        read -r good bad < <(closing_line "$output") || { good=0; bad=1; }
        count install "$good" "$bad"
    fi
}

program=$build/tracereel
[ -z "${SANITIZED:-}" ] || prepare_sanitizers
for part in "$@"; do
    case $part in
    unit | spec | faults | memory | follow | browser | parallel | slurm | fuzz | demo | install) "run_$part" ;;
    *) echo "tools/run_tests.sh: no such part: $part" >&2; exit 2 ;;
    esac
done
[ -z "${SANITIZED:-}" ] || finish_sanitizers

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
