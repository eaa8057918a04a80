-- The table of `make bench-scale`: what a record, a log and a segment cost each command as they become many, and what
-- -j gives. How to read it: docs/benchmarks.md. Run in the root of the source tree:
--
--   lua5.4 tests/bench/growth/scale.lua BUILD [DIMENSIONS [COMMANDS]]
--
-- DIMENSIONS are names with commas: records, exports, logs, segments, jobs; COMMANDS is a Lua pattern that a command's
-- name contains.
local commands = require "tests.bench.growth.commands"
local measured = require "tests.bench.growth.measured"

local MAX_SECONDS = 3600
-- A unit may cost so many times at the largest size what it costs at the smallest that can be measured.
local MAX_RATIO = 1.5
local MIN_SECONDS = 0.05
local RECORDS_A_TRACE = 12

local build, chosen_dimensions, chosen_commands = arg[1], arg[2] or "", arg[3] or ""
local shell, measure = measured.shell, measured.runner(build, MAX_SECONDS)
local directory = shell("mktemp -d"):match("[^\n]+")
local allowed = { [0] = true, [3] = true, [6] = true, [7] = true }

local function generate(path, traces, ...)
    local _, _, status = measure { "generate", "--traces", ("%d"):format(traces), path, ... }
    assert(status == 0, "generate failed")
    return path
end

local function generate_records(home, millions)
    return { generate(home .. "/log", millions * 1000000 // RECORDS_A_TRACE) }
end

-- Each gives the logs of a size. Exports are measured on fewer records than the rest: a record takes them longest.
local dimensions = {
    { name = "records", unit = "a million records", sizes = { 1, 4, 16, 32 }, make = generate_records,
        without = "export" },
    { name = "exports", unit = "a million records", sizes = { 0.06, 1, 4 }, make = generate_records,
        only = "export" },
    { name = "logs", unit = "100 logs", sizes = { 10, 100, 1000, 5000 }, divisor = 100, make = function(home, size)
        local paths = {}
        for number = 1, size do
            paths[number] = generate(("%s/%04d"):format(home, number), 20, "--seed", tostring(number))
        end
        return paths
    end },
    { name = "segments", unit = "100 segments", sizes = { 10, 100, 1000, 10000 }, divisor = 100,
        make = function(home, size)
            return { generate(home .. "/log", size * 10, "--segment-size", "8KiB") }
        end },
}

local function is_chosen(name)
    return chosen_dimensions == "" or ("," .. chosen_dimensions .. ","):find("," .. name .. ",", 1, true)
end

local takes_many = { check = true, traces = true, dump = true, timing = true, run = true, export = true }

local function words_of(command, logs, scratch)
    local words = command.words { log = logs[1], scratch = scratch }
    if #logs > 1 then
        assert(table.remove(words) == logs[1])
        table.move(logs, 1, #logs, #words + 1, words)
    end
    return words
end

local function is_measured(command, dimension, logs)
    local verb = command.name:match("^%a+")
    if verb == dimension.without or verb ~= (dimension.only or verb) then
        return false
    end
    local needs_one = command.writes or command.planned or command.input or verb == "show"
        or command.name:find("--baseline", 1, true) or command.name:find("--html", 1, true)
    return not needs_one and command.name:find(chosen_commands) and (#logs == 1 or takes_many[verb])
end

-- What a command takes for logs of one size: the least of some tries, as others use the machine.
local function cost_of(command, logs, scratch)
    local least = { seconds = math.huge, kib = math.huge }
    for _ = 1, 3 do
        shell(("rm -rf %s; mkdir %s"):format(scratch, scratch))
        local seconds, kib, status = measure(words_of(command, logs, scratch))
        if not allowed[status] then
            return nil, status
        end
        least.seconds, least.kib = math.min(least.seconds, seconds), math.min(least.kib, kib)
        if seconds > 2 then
            break
        end
    end
    return least
end

-- How many times more a unit costs at the largest size than at the smallest that can be measured.
local function ratio_of(costs, sizes)
    local last = #sizes
    for index = 1, last - 1 do
        if costs[index].seconds >= MIN_SECONDS then
            return costs[last].seconds / sizes[last] / (costs[index].seconds / sizes[index])
        end
    end
end

local function print_row(name, costs, dimension)
    local parts = {}
    for index, cost in ipairs(costs) do
        parts[index] = ("%9.3f"):format(cost.seconds * (dimension.divisor or 1) / dimension.sizes[index])
    end
    local ratio = ratio_of(costs, dimension.sizes)
    print(("  %-26s %s  %6s  %8.1f %8.1f%s"):format(name, table.concat(parts, " "), ratio and ("%.2f"):format(ratio)
        or "-", costs[1].kib / 1024, costs[#costs].kib / 1024, (ratio or 0) > MAX_RATIO and "  TOO FAST" or ""))
    io.flush()
    return (ratio or 0) > MAX_RATIO
end

local function measure_dimension(dimension)
    local bad, all = 0, {}
    for index, size in ipairs(dimension.sizes) do
        local home = ("%s/%s-%d"):format(directory, dimension.name, index)
        shell("mkdir " .. home)
        all[index] = dimension.make(home, size)
    end
    print(("\n%s: seconds for %s at %s; the last against the first; MiB at the first and the last"):format(
        dimension.name, dimension.unit, table.concat(dimension.sizes, ", ")))
    for _, command in ipairs(commands) do
        local costs = {}
        for index, logs in ipairs(is_measured(command, dimension, all[#all]) and all or {}) do
            local cost, status = cost_of(command, logs, directory .. "/scratch")
            if not cost then
                print(("  %-26s FAILED: status %d at %d"):format(command.name, status, dimension.sizes[index]))
                bad = bad + 1
                break
            end
            costs[index] = cost
        end
        if #costs == #all and print_row(command.name, costs, dimension) then
            bad = bad + 1
        end
    end
    shell(("rm -rf %s/%s-*"):format(directory, dimension.name))
    return bad
end

-- Seconds by the clock, the least of three tries.
local function elapsed(words)
    local least = math.huge
    for _ = 1, 3 do
        local begun = tonumber(shell("date +%s%N"))
        local _, _, status = measure(words)
        assert(allowed[status], "failed: " .. table.concat(words, " "))
        least = math.min(least, (tonumber(shell("date +%s%N")) - begun) / 1e9)
    end
    return least
end

-- What -j 2 gives against -j 1.
local function measure_jobs()
    local many, one = {}, generate(directory .. "/one", 80000)
    for number = 1, 20 do
        many[number] = generate(("%s/many-%d"):format(directory, number), 5000, "--seed", tostring(number))
    end
    local cases = {
        { "run errors, 20 logs", { "run", "errors", table.unpack(many) } },
        { "timing, 20 logs", { "timing", table.unpack(many) } },
        { "check, 20 logs", { "check", table.unpack(many) } },
        { "run, every record, one log", { "run", "tests/bench/every_record.lua", one } },
        { "run node_times, one log", { "run", "node_times", one } },
    }
    print "\njobs: seconds by the clock with -j 1 and -j 2, and how many times as fast"
    for _, case in ipairs(cases) do
        local name, words = case[1], case[2]
        local alone = elapsed(words)
        local two = elapsed { words[1], "-j", "2", table.unpack(words, 2) }
        print(("  %-26s %9.3f %9.3f  %6.2f"):format(name, alone, two, alone / two))
    end
end

local bad = 0
local ok, problem = xpcall(function()
    for _, dimension in ipairs(dimensions) do
        if is_chosen(dimension.name) then
            bad = bad + measure_dimension(dimension)
        end
    end
    if is_chosen "jobs" then
        measure_jobs()
    end
end, debug.traceback)
shell("rm -rf " .. directory)
if not ok then
    error(problem, 0)
end
print(("\n%d rows cost more a unit than %.1f times, or could not be measured"):format(bad, MAX_RATIO))
os.exit(bad == 0 and 0 or 1)
