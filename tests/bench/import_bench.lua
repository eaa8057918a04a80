-- The part of `make bench` about imports: a table and a trace export are made, and read in turn by `tracereel import`
-- and by the Python program that one would write today. Usage: import_bench.lua BUILD_DIRECTORY SCRATCH_DIRECTORY
-- Environment: BENCH_ROUNDS (5), BENCH_IMPORT_ROWS (1000000; 0 leaves this part out), BENCH_IMPORT_MIB (250).
local build, scratch = arg[1], arg[2]
local rounds = math.tointeger(os.getenv("BENCH_ROUNDS")) or 5
local row_count = math.tointeger(os.getenv("BENCH_IMPORT_ROWS")) or 1000000
local export_bytes = (math.tointeger(os.getenv("BENCH_IMPORT_MIB")) or 250) << 20

local max_ratio = 2
local start_s = 1764000000

local function fail(message)
    io.stderr:write("bench: ", message, "\n")
    os.exit(1)
end

-- Written under another name first, so that an unfinished file is not taken for one.
local function make(name, write)
    local path = ("%s/bench/%s"):format(build, name)
    local file = io.open(path, "rb")
    if file then
        file:close()
        return path
    end
    print("making " .. path)
    file = assert(io.open(path .. ".unfinished", "wb"))
    file:setvbuf("full", 1 << 20)
    write(file)
    assert(file:close() and os.rename(path .. ".unfinished", path))
    return path
end

local function write_table(file)
    file:write("case,activity,start,end,resource\n")
    for row = 0, row_count - 1 do
        local at_ms = row * 10
        local function time(ms)
            return ("%s.%03dZ"):format(os.date("!%Y-%m-%dT%H:%M:%S", start_s + ms // 1000), ms % 1000)
        end
        local step = ("abcde"):sub(row % 5 + 1, row % 5 + 1) .. "_step"
        file:write(("case-%d,%s,%s,%s,worker-%d\n"):format(row // 5, step, time(at_ms), time(at_ms + 1000 + row % 700),
            row % 17))
    end
end

-- OTLP/JSON, ten spans in a line, five in a trace.
local function write_export(file)
    local span_form = '{"traceId":"%032x","spanId":"%016x",%s"name":"%s","kind":1,"startTimeUnixNano":"%d",'
        .. '"endTimeUnixNano":"%d","attributes":[{"key":"http.status","value":{"intValue":"200"}}],"status":{}}'
    local line_form = '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":'
        .. '"shop"}}]},"scopeSpans":[{"scope":{"name":"bench"},"spans":[%s]}]}]}\n'
    local written, span = 0, 0
    while written < export_bytes do
        local spans = {}
        for index = 1, 10 do
            local at_ns = (start_s * 1000 + span * 3) * 1000000
            local parent = span % 5 > 0 and ('"parentSpanId":"%016x",'):format(span - span % 5 + 1) or ""
            spans[index] = span_form:format(span // 5 + 1, span + 1, parent, ("abcde"):sub(span % 5 + 1, span % 5 + 1)
                .. "_span", at_ns, at_ns + 12345678)
            span = span + 1
        end
        local line = line_form:format(table.concat(spans, ","))
        file:write(line)
        written = written + #line
    end
end

-- Processor time in seconds; nil and what was said where it cannot be run.
local function measure(command)
    local times = scratch .. ".times"
    local ran = os.execute(("bash -c 'TIMEFORMAT=\"%%U %%S\"; time { %s >/dev/null; }' 2>%s"):format(command, times))
    local file = assert(io.open(times))
    local text = file:read("a")
    file:close()
    os.remove(times)
    local user, system = text:match("([%d.]+) ([%d.]+)\n$")
    if not ran or not user then
        return nil, text
    end
    return tonumber(user) + tonumber(system)
end

local function median(list)
    table.sort(list)
    return (list[(#list + 1) // 2] + list[#list // 2 + 1]) / 2
end

local function python(path)
    return ("python3 tests/bench/import_rows.py %s"):format(path)
end

local function import(path, format)
    return ("rm -rf %s && %s/tracereel import --from %s %s -o %s"):format(scratch, build, format, path, scratch)
end

local jobs = {
    { "CSV: csv", make("table-" .. row_count .. ".csv", write_table), "csv", max_ratio },
    { "CSV: tests/bench/import_rows.lua", make("table-" .. row_count .. ".csv", write_table),
        "tests/bench/import_rows.lua", max_ratio },
    { "CSV: tests/bench/import_calls.lua", make("table-" .. row_count .. ".csv", write_table),
        "tests/bench/import_calls.lua" },
    { "OTLP/JSON: otlp", make(("export-%d.jsonl"):format(export_bytes >> 20), write_export), "otlp", max_ratio },
}

if row_count == 0 then
    os.exit(0)
elseif not measure("python3 --version") then
    print("\nimport: not measured, python3 is not installed")
    os.exit(0)
end
print(("\nimport: processor time of the median of %d rounds, and relative to the Python program that counts\n"):format(
    rounds))
print(("%-34s %9s %9s %7s %-12s"):format("job", "ms", "Python ms", "ratio", "target"))
for _, job in ipairs(jobs) do
    local name, path, format, max = table.unpack(job)
    local ours, others = {}, {}
    for round = 1, rounds do
        local problem
        ours[round], problem = measure(import(path, format))
        others[round] = measure(python(path))
        if not ours[round] or not others[round] then
            fail(("%s cannot be run: %s"):format(name, problem))
        end
    end
    local ratio = median(ours) / median(others)
    print(("%-34s %9.0f %9.0f %7.2f %s"):format(name, median(ours) * 1e3, median(others) * 1e3, ratio,
        max and ("< %-4.1f %s"):format(max, ratio < max and "met" or "MISSED") or "-"))
end
os.execute("rm -rf " .. scratch)
