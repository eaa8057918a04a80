-- What an exploration found, as text and as JSON.
local bars = require "tracereel.render.bars"
local faults = require "tracereel.simulation.faults"
local node_names = require "tracereel.log.node_names"
local format = require "tracereel.simulation.format"
local output = require "tracereel.cli.output"
local record_types = require "tracereel.log.record_types"
local render_table = require "tracereel.render.table"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"

local exploration_report = {}

local bar_columns = 6

local node_of = record_types.node_of

-- nil where nothing was tried.
local function share_of(point)
    return point.tried > 0 and point.failing / point.tried or nil
end

local function percent(share)
    return share and ("%.0f %%"):format(share * 100) or ""
end

local function record_words(record)
    local node = node_of(record)
    return record.type .. (node and " of " .. node_names.node(node) or "")
end

-- The record at which the share of failing futures rises most over that of the last one before it at which a fault was
-- tried, or over 0 where there is none; nil where it never rises. Where it falls, the danger is over.
local function largest_jump(points)
    local largest, from = nil, 0.0
    for _, point in ipairs(points) do
        local to = share_of(point)
        if to and to - from > (largest and largest.to - largest.from or 0) then
            largest = { record = point.record, from = from, to = to, point = point }
        end
        from = to or from
    end
    return largest
end

-- ---- text ----

-- Which kinds of fault make futures of the record fail.
local function failing_kinds(point, kinds)
    local names = {}
    for _, kind in ipairs(kinds) do
        local counted = point.kinds[kind]
        if counted and counted.failing > 0 then
            names[#names + 1] = kind
        end
    end
    return #names == #faults.kinds and "all" or table.concat(names, " ")
end

local function write_curve(result)
    local rows, points = {}, result.search.points
    for index, point in ipairs(points) do
        rows[index] = {
            point.record, tracereel.duration(point.time_ns - points[1].time_ns), point.type,
            node_of(point) and node_names.cell(node_of(point)),
            point.tried > 0 and ("%d/%d"):format(point.failing, point.tried) or "", percent(share_of(point)),
            bars.bar(share_of(point) or 0, bar_columns), failing_kinds(point, result.kinds),
            n = 8,
        }
    end
    output.write(render_table(rows, { "#", "TIME", "TYPE", "NODE", "FAILING", "SHARE", "", "BY" }))
end

local function fault_lines(found)
    local lines = {}
    for index, fault in ipairs(found.faults) do
        lines[index] = ("  record %d, %s: %s"):format(fault.record, record_words(fault), faults.describe(fault))
    end
    return lines
end

-- One sentence for each number of faults that was looked at.
local function search_words(search, budget)
    local words = {}
    for _, level in ipairs(search.levels) do
        local count = text.count(level.faults, "fault")
        if level.tried == level.possible then
            words[#words + 1] = level.possible == 1 and ("the one future with %s was tried"):format(count)
                or ("all %d futures with %s were tried"):format(level.possible, count)
        elseif search.ended_by == "budget" then
            words[#words + 1] = ("budget of %s spent: %d of the %d futures with %s were tried"):format(
                text.count(budget, "future"),
                level.tried, level.possible, count)
        else
            words[#words + 1] = ("the first of the futures with %s that fails is number %d of %d"):format(count,
                level.tried, level.possible)
        end
    end
    if search.ended_by == "space" and #search.levels < search.max_faults then
        words[#words + 1] = ("no further fault makes a difference that was not seen")
    end
    return words
end

local function write_found(result)
    local search, found = result.search, result.search.found
    if not found then
        output.line("")
        format.write(search.ended_by == "budget" and "no failing future was found, but not all were tried"
            or ("no set of up to %s makes the goal fail"):format(text.count(search.max_faults, "fault")))
        return
    end
    output.line("")
    format.write(("smallest set that fails: %s%s"):format(text.count(#found.faults, "fault"),
        #result.seeds > 1 and (", with seed %d"):format(found.seed) or ""))
    for _, line in ipairs(fault_lines(found)) do
        output.line(line)
    end
    format.write(result.fails_in_whole_log and "in the whole log, beside all other traces, it fails, too"
        or "in the whole log, beside all other traces, it does NOT fail: they change what happens")
end

local function write_beginning(result)
    local trace = result.trace
    output.line("trace " .. trace.id)
    output.line(result.is_named and "  the one that was asked for"
        or ("  the longest whose goal holds: %s"):format(text.count(trace.records, "record")))
    local left_out = #result.seeds - #result.holding_seeds
    format.write(left_out == 0 and "  its goal holds without faults"
        or ("  without faults its goal holds with %d of %d seeds, which are explored"):format(#result.holding_seeds,
            #result.seeds))
    local words = {}
    for _, kind in ipairs(result.kinds) do
        local time = ({ delay = result.delay, crash = result.crash })[kind]
        words[#words + 1] = kind .. (time and " of " .. time or "")
    end
    format.write("  faults: " .. table.concat(words, ", "))
    if result.has_shared_limits then
        format.write("  alone: the scenario's limits and pools hold across traces, and the others are not there")
    end
    output.line("")
end

local function write_nothing(result)
    if result.trace then
        output.line("trace " .. result.trace.id)
        output.line("  its goal does not hold without a fault: there is nothing to explore")
    else
        format.write(("the goal holds for none of the %s: there is nothing to explore"):format(
            text.count(result.candidates, "trace with the most records", "traces with the most records")))
    end
end

local function write_text(result)
    local search = result.search
    if not search then
        write_nothing(result)
        return
    end
    write_beginning(result)
    write_curve(result)
    local jump = largest_jump(search.points)
    if jump then
        output.line("")
        format.write(("largest jump: from %s to %s at record %d, %s"):format(percent(jump.from), percent(jump.to),
            jump.record, record_words(jump.point)))
    end
    write_found(result)
    for _, words in ipairs(search_words(search, result.budget)) do
        format.write(words)
    end
    if result.saved then
        output.line("")
        output.line("saved: " .. result.saved.scenario)
        output.line("its log: " .. result.saved.log)
    end
end

-- ---- JSON ----

local function or_null(value)
    return value == nil and tracereel.null or value
end

local function json_records(points)
    local records = {}
    for index, point in ipairs(points) do
        local kinds = {}
        for kind, counted in pairs(point.kinds) do
            kinds[kind] = { futures = counted.tried, failing = counted.failing }
        end
        records[index] = {
            record = point.record, time_ns = point.time_ns, type = point.type, node_id = or_null(node_of(point)),
            futures = point.tried, failing = point.failing, share = or_null(share_of(point)), kinds = kinds,
        }
    end
    return records
end

local function json_fault_set(found)
    local list = {}
    for index, fault in ipairs(found.faults) do
        list[index] = {
            record = fault.record, type = fault.type, node_id = or_null(node_of(fault)), kind = fault.kind,
            time_ns = or_null(fault.ns), error = or_null(fault.error),
        }
    end
    return { seed = found.seed, faults = list }
end

local function json_object(result)
    local search = result.search
    local trace = result.trace
    local object = {
        trace_id = or_null(trace and trace.id), trace_number = or_null(trace and trace.number),
        goal_holds = search ~= nil, seeds = result.holding_seeds, budget = result.budget,
    }
    if search then
        local jump, levels = largest_jump(search.points), {}
        for index, level in ipairs(search.levels) do
            levels[index] = { faults = level.faults, possible = level.possible, tried = level.tried,
                failing = level.failing }
        end
        object.records = json_records(search.points)
        object.jump = jump and { record = jump.record, from = jump.from, to = jump.to } or tracereel.null
        object.levels, object.futures, object.ended_by = levels, search.tried, search.ended_by
        object.fault_set = search.found and json_fault_set(search.found) or tracereel.null
        object.fails_in_whole_log = or_null(result.fails_in_whole_log)
        object.saved = or_null(result.saved)
    end
    return object
end

---@param result table of exploration.run
---@param is_json boolean
function exploration_report.write(result, is_json)
    if is_json then
        output.line(tracereel.json(json_object(result)))
    else
        write_text(result)
    end
end

return exploration_report
