-- Whether nodes have other numbers after a restart: the engine numbers a flow's nodes anew at each start, so that one
-- number can be two nodes in one log. It shows where the order turns round, or where a node that waited now runs.
local logs = require "tracereel.cli.logs"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local restarts = require "tracereel.log.restarts"
local runs = require "tracereel.flow.runs"
local base = require "tracereel.base"
local units = require "tracereel.util.units"

local renumbering = {}

-- Two nodes side by side can seem to have an order by chance: once in two to the power of traces.
local min_traces_a_side, min_traces = 3, 10
-- The same for a node that waits: so often on the one side, so often on the other.
local min_waits, min_done = 2, 3
-- Of a longer trace only the first ones are compared, each with each.
local max_runs = 200
local max_told = 4

---@class tracereel.renumbering
---@field restart tracereel.restart
---@field order tracereel.turned_pair[]
---@field waits { node: integer, waited_before: boolean }[] nodes that waited and now run, or the other way round

---@class tracereel.turned_pair
---@field first integer this node always came before `second`, and since then always after it
---@field second integer
---@field before_count integer in so many traces
---@field since_count integer

-- What was seen between two restarts, or since the latest one that numbered anew.
local function new_period()
    return { order = {}, together = {}, waited = {}, done = {} }
end

local function increase(counts, a, b)
    counts[a] = counts[a] or {}
    counts[a][b] = (counts[a][b] or 0) + 1
end

-- In which period a time falls: 0 is before the first restart.
local function period_at(list, time_ns)
    local low, high = 0, #list
    while low < high do
        local middle = (low + high + 1) // 2
        if math.ult(time_ns, list[middle].time_ns) then
            high = middle - 1
        else
            low = middle
        end
    end
    return low
end

local function note_order(period, list)
    for index = 1, math.min(#list, max_runs) do
        for other = index + 1, math.min(#list, max_runs) do
            local a, b = list[index], list[other]
            increase(period.together, math.min(a.id, b.id), math.max(a.id, b.id))
            if runs.is_before(a, b) then
                increase(period.order, a.id, b.id)
            elseif runs.is_before(b, a) then
                increase(period.order, b.id, a.id)
            end
        end
    end
end

-- Nodes are compared with those of the same trace that first ran between the same restarts. Tainted traces say nothing.
local function note_trace(periods, list, trace)
    if trace.tainted or trace.from_snapshot then
        return
    end
    local waited, ran = {}, {}
    for _, suspension in ipairs(trace.suspensions) do
        local period = periods[period_at(list, suspension.start_ns)]
        if not waited[suspension.node_id] then
            waited[suspension.node_id] = true
            period.waited[suspension.node_id] = (period.waited[suspension.node_id] or 0) + 1
        end
    end
    for _, node in ipairs(trace.nodes) do
        -- Instances are of imported logs, whose numbers are names.
        local run = not waited[node.id] and not node.instance and runs.first(node)
        if run and run.ended_ns then
            local index = period_at(list, run.ended_ns)
            ran[index] = ran[index] or {}
            table.insert(ran[index], run)
            periods[index].done[run.id] = (periods[index].done[run.id] or 0) + 1
        end
    end
    for index, of_period in pairs(ran) do
        note_order(periods[index], of_period)
    end
end

local function count_of(counts, a, b)
    return counts[a] and counts[a][b] or 0
end

-- In how many traces `a` came before `b`, where it did in all that had both; nil where it did not.
local function always_before(period, a, b)
    local together = count_of(period.together, math.min(a, b), math.max(a, b))
    return together >= min_traces_a_side and count_of(period.order, a, b) == together and together or nil
end

local function turned_order(before, since)
    local turned = {}
    for first, followers in units.sorted(before.order) do
        for second in units.sorted(followers) do
            local before_count, since_count = always_before(before, first, second), always_before(since, second, first)
            if before_count and since_count and before_count + since_count >= min_traces then
                turned[#turned + 1] = { first = first, second = second, before_count = before_count,
                    since_count = since_count }
            end
        end
    end
    return turned
end

local function turned_waits(before, since)
    local turned = {}
    local function compare(one, other, waited_before)
        for node, count in units.sorted(one.waited) do
            if count >= min_waits and not one.done[node] and not other.waited[node]
                and (other.done[node] or 0) >= min_done then
                turned[#turned + 1] = { node = node, waited_before = waited_before }
            end
        end
    end
    compare(before, since, true)
    compare(since, before, false)
    return turned
end

local function add_counts(into, counts)
    for a, list in pairs(counts) do
        into[a] = into[a] or {}
        for b, count in pairs(list) do
            into[a][b] = (into[a][b] or 0) + count
        end
    end
end

local function add_period(into, period)
    add_counts(into.order, period.order)
    add_counts(into.together, period.together)
    for _, key in ipairs { "waited", "done" } do
        for node, count in pairs(period[key]) do
            into[key][node] = (into[key][node] or 0) + count
        end
    end
end

---Reads a log once more to find after which restarts its nodes have other numbers.
---@param path string
---@param list tracereel.restart[] from tracereel.restarts
---@param open_options? tracereel.open_options
---@return tracereel.renumbering[]
function renumbering.find(path, list, open_options)
    if #list == 0 then
        return {}
    end
    local periods = {}
    for index = 0, #list do
        periods[index] = new_period()
    end
    local function note(_, trace)
        if trace then
            note_trace(periods, list, trace)
        end
    end
    local log = base.open(path, open_options)
    log:replay { trace_complete = note, trace_failed = note }
    for _, trace in ipairs(logs.interrupted() and {} or log:traces()) do
        note(nil, trace)
    end
    local found, before = {}, periods[0]
    for index, restart in ipairs(list) do
        local order, waits = turned_order(before, periods[index]), turned_waits(before, periods[index])
        if #order + #waits > 0 then
            found[#found + 1] = { restart = restart, order = order, waits = waits }
            before = new_period()
        end
        add_period(before, periods[index])
    end
    return found
end

---The nodes that a renumbering shows by, in order.
---@param one tracereel.renumbering
---@return integer[]
function renumbering.nodes(one)
    local set = {}
    for _, pair in ipairs(one.order) do
        set[pair.first], set[pair.second] = true, true
    end
    for _, wait in ipairs(one.waits) do
        set[wait.node] = true
    end
    return units.keys(set)
end

---One sentence: which restart, where and when, which nodes.
---@param one tracereel.renumbering
---@return string
function renumbering.text(one)
    local parts = {}
    for _, pair in ipairs(one.order) do
        parts[#parts + 1] = ("node %d was over before %d began in all %d traces, and since then %d before %d in all %d")
            :format(pair.first, pair.second, pair.before_count, pair.second, pair.first, pair.since_count)
    end
    for _, wait in ipairs(one.waits) do
        parts[#parts + 1] = ("node %d %s"):format(wait.node, wait.waited_before and "waited, and since then runs"
            or "ran, and since then waits")
    end
    local more = #parts > max_told and ("; and %d more"):format(#parts - max_told) or ""
    return ("restart %d (%s) has numbered the nodes anew: %s%s. A number is two nodes there; --since-restart %d, or "
        .. "less, reads one period alone"):format(one.restart.number, restarts.place(one.restart),
        table.concat(parts, "; ", 1, math.min(#parts, max_told)), more, one.restart.number)
end

---What a command asks of a log that it has read: nothing with --since-restart, which reads one period alone, nor of a
---pipe, which has been read once and for all.
---@param path string
---@param list tracereel.restart[]|nil that were found while it was read; nil: only a part of it was
---@param parsed table the command line
---@return tracereel.renumbering[]
function renumbering.of_command(path, list, parsed)
    if list and #list == 0 or path == "-" or parsed.since_restart or logs.interrupted() then
        return {}
    end
    local open_options = options.to_open(parsed)
    if not list or parsed.measured then
        list = restarts.find(path, open_options)
    end
    return renumbering.find(path, list, open_options)
end

---Tells of it on standard error.
---@param path string
---@param list tracereel.restart[]|nil
---@param parsed table
function renumbering.say(path, list, parsed)
    for _, one in ipairs(renumbering.of_command(path, list, parsed)) do
        output.say("%s: %s", path, renumbering.text(one))
    end
end

return renumbering
