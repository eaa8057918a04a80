-- Which faults make a trace miss its goal: `tracereel simulate --explore`.
local exit_codes = require "tracereel.cli.exit_codes"
local exploration_picture = require "tracereel.simulation.exploration_picture"
local exploration_report = require "tracereel.simulation.exploration_report"
local failure = require "tracereel.util.failure"
local fault_sets = require "tracereel.simulation.fault_sets"
local futures = require "tracereel.simulation.futures"
local options = require "tracereel.cli.options"
local progress = require "tracereel.cli.progress"
local saved_faults = require "tracereel.simulation.saved_faults"
local output_file = require "tracereel.cli.output_file"
local units = require "tracereel.util.units"

local exploration = {}

local crash_time = "10s"

-- So many of the longest traces are tried out where none is named.
local max_candidates = 1000

-- ---- which trace ----

local function describe(recording, index, number)
    local id, records, start_ns = recording:trace_at(index)
    return { index = index, number = number, id = id, records = records, start_ns = start_ns }
end

-- Calls visit(index, number, id, records) for each trace that arrives.
local function each_trace(recording, most, visit)
    local number = 0
    for index = 1, recording:stats().traces do
        local id, records, _, is_left_out = recording:trace_at(index)
        number = number + (is_left_out and 0 or 1)
        if most and number > most then
            return
        elseif not is_left_out then
            visit(index, number, id, records)
        end
    end
end

local function named_trace(recording, most, prefix)
    options.check_trace_word(prefix)
    local is_meant, found = options.id_test({ prefix }), {}
    each_trace(recording, most, function(index, number, id)
        if is_meant(id) then
            found[#found + 1] = describe(recording, index, number)
        end
    end)
    if #found > 1 then
        failure.raise("usage", '"%s" is the beginning of %d traces, %s and %s among them; give more of the id', prefix,
            #found, found[1].id, found[2].id)
    end
    return found[1] or failure.raise("usage",
        "no trace is simulated %s; `tracereel traces` lists those of the log", options.trace_words(prefix))
end

-- The traces with the most records, the longest first.
local function find_candidates(recording, most)
    local found, least = {}, 0
    local function comes_before(a, b)
        if a.records ~= b.records then
            return a.records > b.records
        end
        return a.index < b.index
    end
    local function cut()
        table.sort(found, comes_before)
        for place = #found, max_candidates + 1, -1 do
            found[place] = nil
        end
        least = #found == max_candidates and found[#found].records or 0
    end
    each_trace(recording, most, function(index, number, _, records)
        if records > least then
            found[#found + 1] = { index = index, number = number, records = records }
        end
        if #found == max_candidates * 4 then
            cut()
        end
    end)
    cut()
    return found
end

-- The futures without a fault in which the goal holds, by seed, and these seeds.
local function without_faults(maker, trace, seeds)
    local of_seed, holding = {}, {}
    for _, seed in ipairs(seeds) do
        local future = maker:run(trace, {}, seed)
        if future.holds then
            of_seed[seed] = future
            holding[#holding + 1] = seed
        end
    end
    return of_seed, holding
end

-- What is explored: the trace, why it, and its futures without a fault.
local function find_start(maker, recording, parsed, seeds)
    local most = maker.compiled.traces
    if parsed.trace then
        local trace = named_trace(recording, most, parsed.trace)
        local of_seed, holding = without_faults(maker, trace, seeds)
        return { trace = trace, is_named = true, futures = of_seed, seeds = holding }
    end
    local candidates = find_candidates(recording, most)
    for _, candidate in ipairs(candidates) do
        local trace = describe(recording, candidate.index, candidate.number)
        local of_seed, holding = without_faults(maker, trace, seeds)
        if #holding > 0 then
            return { trace = trace, is_named = false, futures = of_seed, seeds = holding }
        end
    end
    return { candidates = #candidates, futures = {}, seeds = {} }
end

-- ---- the search ----

local function fault_maker(maker, trace, delay)
    local ns = { delay = units.parse_duration(delay), crash = units.parse_duration(crash_time) }
    local words = { delay = delay, crash = crash_time }
    return function(kind, number, record)
        return {
            number = trace.number, record = number, kind = kind, ns = ns[kind], words = words[kind],
            error = kind == "error" and maker:error_message(record.node_id) or nil,
            type = record.type, node_id = record.node_id,
        }
    end
end

local function seeds_of(parsed, scenario)
    local seeds = {}
    for run = 1, parsed.runs do
        seeds[run] = (parsed.seed or scenario.seed) + run - 1
    end
    return seeds
end

local function check(scenario)
    if type(scenario.value.goal) ~= "function" then
        failure.raise("usage", "scenario %s: --explore judges by `goal = function(trace) ... end`, which it does not "
            .. "have", scenario.path)
    end
    for _, key in ipairs { "crash", "damage" } do
        if scenario.value[key] then
            failure.raise("usage", "scenario %s: with `%s` the log is not whole, and no goal can be judged: leave it "
                .. "out for --explore", scenario.path, key)
        end
    end
end

local function search(maker, start, parsed)
    local tried = 0
    local found = fault_sets.search {
        seeds = start.seeds,
        futures = start.futures,
        run = function(faults, seed)
            progress.show("exploring: %d futures of %d at most, faults in each: %d", tried, parsed.budget, #faults)
            tried = tried + 1
            return maker:run(start.trace, faults, seed)
        end,
        fault = fault_maker(maker, start.trace, parsed.delay),
        kinds = parsed.faults,
        budget = parsed.budget,
        max_faults = parsed.max_faults,
    }
    progress.clear()
    return found
end

-- The faults as a scenario, and what it makes of the log.
local function save(parsed, scenario, recording, result)
    local found, place = result.search.found, parsed.workplace
    saved_faults.write(place:entry("scenario.lua"), scenario, found, result.trace.id)
    scenario:run(recording, place:entry("log"), found.seed, found.faults)
    place:finish()
    result.saved = { scenario = place:final("scenario.lua"), log = place:final("log") }
end

---@param parsed table the command's options
---@param scenario table of simulation.load, checked
---@param recording userdata of simulation.record
---@return integer exit code
function exploration.run(parsed, scenario, recording)
    check(scenario)
    if parsed.output then
        saved_faults.check(parsed.output)
    end
    local maker = futures.new(scenario, recording)
    local seeds = seeds_of(parsed, scenario)
    local start = find_start(maker, recording, parsed, seeds)
    local limits = maker.compiled.limits or {}
    local result = {
        trace = start.trace, is_named = start.is_named, candidates = start.candidates, seeds = seeds,
        holding_seeds = start.seeds, kinds = parsed.faults,
        delay = parsed.delay, crash = crash_time, budget = parsed.budget,
        has_shared_limits = limits.nodes ~= nil or limits.traces ~= nil or #(maker.compiled.pools or {}) > 0,
    }
    if #start.seeds > 0 then
        result.search = search(maker, start, parsed)
        local found = result.search.found
        if found then
            result.fails_in_whole_log = not maker:run(start.trace, found.faults, found.seed, true).holds
        end
        if found and parsed.output then
            save(parsed, scenario, recording, result)
        end
        if parsed.svg then
            output_file.replace(parsed.svg, exploration_picture.svg(result))
        end
    end
    exploration_report.write(result, parsed.json)
    local holds = result.search and not result.search.found
    return holds and exit_codes.ok or exit_codes.check_failed
end

return exploration
