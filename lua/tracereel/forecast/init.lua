-- What the engine will do with an open trace at its next start: what its executor really does, where that differs from
-- the rule that it publishes. docs/recovery.md says what each outcome means for a person.
--
-- Assumed: nothing fails, and nodes that run at the same time run in step. Not foreseen: what a routing node chooses.
local tables = require "tracereel.util.tables"
local arenas = require "tracereel.log.arenas"
local completion = require "tracereel.log.completion"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local flow = require "tracereel.flow"
local forecast_classes = require "tracereel.forecast.classes"
local forecast_labels = require "tracereel.forecast.labels"
local held = require "tracereel.log.held"
local next_run = require "tracereel.forecast.next_run"
local base = require "tracereel.base"
local units = require "tracereel.util.units"

local forecast = {}

-- What counts as done when the engine goes on: at a start without the nodes that it runs again; after an approval with
-- the one at which the trace waited.
local function done_nodes(trace)
    local done = {}
    for node, output in pairs(trace.completed_nodes) do
        done[node] = output
    end
    if trace.suspended_at then
        done[trace.suspended_at] = done[trace.suspended_at] or { offset = 0, size = 0, schema_hash = 0 }
        return done
    end
    for _, node in ipairs(trace.started_nodes) do
        done[node] = nil
    end
    return done
end

-- How many suspensions are over because of an answer: not the one that lasts, nor those that it took the place of. What
-- a plan wrote is none of them; but one that it released is over.
local function last_answered(trace, suspensions)
    local last = #suspensions
    if trace.suspended_at and last > 0 and not suspensions[last].end_ns then
        while last > 1 and suspensions[last - 1].end_ns == suspensions[last].start_ns do
            last = last - 1
        end
        last = last - 1
    end
    return last
end

-- Nodes that a person has answered and that are not done: the log has no record for an answer, so they ask again.
local function answered_nodes(trace, done)
    local answered, suspensions = {}, trace.suspensions
    for index = 1, last_answered(trace, suspensions) do
        local node = suspensions[index].node_id
        if node ~= held.node and not done[node] and not suspensions[index].earlier_life then
            answered[node] = true
        end
    end
    return answered
end

-- Nodes whose output the engine refuses to read. One at offset 0 is its null: nothing was put out, nothing is read.
local function unreadable_outputs(done, is_readable)
    local found = {}
    for node, output in units.sorted(done) do
        if output.offset ~= 0 and not is_readable(output) then
            found[#found + 1] = node
        end
    end
    return found
end

local function is_never_readable()
    return false
end

-- Sets the write position of a header in memory as `repair --arenas` would; leaves it where that would refuse.
local function mend(header, trace)
    local outputs = trace.completed_nodes
    local finish = arenas.finish_of_outputs(outputs)
    local mended = math.ult(header.write_position_bytes, finish) and arenas.position_after(header, finish)
    if mended and #arenas.overlaps(outputs, completion.order(trace)) == 0 then
        header.write_position_bytes = mended
    end
end

-- A directory without a single arena may be the wrong one, or not mounted: looked at once for each, up to its first
-- arena. One that may not be listed may have some.
local has_any = {}

local function is_empty(directory)
    if has_any[directory] == nil then
        has_any[directory] = files.has_entry(directory, "trace_", ".bin") ~= false
    end
    return not has_any[directory]
end

-- What is known of the trace's arena; nothing where no directory is known, or the file may not be read.
local function look_at_arena(situation, options)
    situation.arena = "unknown"
    local directory = options.arenas
    if not directory then
        return
    end
    local header, problem, kind, cause = arenas.header(directory, situation.trace.id)
    if cause == "medium" then
        if options.decides then
            failure.raise("io", "%s", problem)
        end
        cause = nil
    end
    situation.arena = header and "found" or cause or kind == "absent" and is_empty(directory) and "empty" or kind
    if header then
        if options.mended then
            mend(header, situation.trace)
        end
        situation.header = header
        situation.after = unreadable_outputs(situation.done, function(output)
            return arenas.is_within(header, output)
        end)
        -- The engine opens it, and can then write no output.
        situation.is_full = math.ult(header.file_bytes, header.write_position_bytes)
    elseif kind == "unreadable" then
        situation.unreadable = problem
    elseif cause == "foreign" then
        -- The engine does not compare ids, and reads what is there.
        situation.foreign, situation.after = problem, unreadable_outputs(situation.done, is_never_readable)
    else
        situation.refused, situation.is_absent, situation.is_short = problem, kind == "absent", cause == "short"
    end
end

local function look_at_overlaps(situation)
    local order = {}
    for _, node in ipairs(completion.order(situation.trace)) do
        if situation.done[node] then
            order[#order + 1] = node
        end
    end
    situation.overlaps = #order > 1 and arenas.overlaps(situation.done, order) or {}
    local set = {}
    for _, one in ipairs(situation.overlaps) do
        set[one.node] = true
    end
    situation.overwritten = units.keys(set)
end

-- By node that runs: which of these outputs it would read.
local function readers(situation, graph, outputs)
    local is_meant, found = tables.set(outputs), {}
    if #outputs == 0 then
        return found
    end
    for node in pairs(situation.run.runs) do
        for _, before in ipairs(next_run.old_inputs(graph, node, situation.done)) do
            if is_meant[before] then
                found[node] = found[node] or {}
                table.insert(found[node], before)
            end
        end
    end
    return found
end

-- What runs, waits and is lost when the engine goes on (where the trace waits: after its approval).
local function look_ahead(situation, value)
    local graph = next_run.graph(value)
    local run = next_run.of(graph, situation.done, function(node)
        return flow.waits(value, node) or value.nodes[node].type == nil and situation.answered[node] == true
    end)
    situation.flow, situation.run, situation.knows_ports = value, run, graph.knows_ports == true
    local done = situation.done
    situation.without_branch, situation.lost_nodes, situation.branch_targets = next_run.lost_branches(graph, done,
        function(node)
            return done[node] ~= nil or run.runs[node] == true
        end)
    -- An output after the position stays lost for later nodes: until the position has come that far it is refused, and
    -- then it has been written over.
    situation.lost_inputs = situation.after and readers(situation, graph, situation.after)
    situation.spoiled_inputs = readers(situation, graph, situation.overwritten)
    situation.strange_nodes = {}
    for node in units.sorted(situation.trace.completed_nodes) do
        if not value.nodes[node] then
            table.insert(situation.strange_nodes, node)
        end
    end
end

local function gather(trace, options)
    local situation = { trace = trace, done = done_nodes(trace), rule = trace:recovery() }
    situation.answered = answered_nodes(trace, situation.done)
    situation.held = trace.held or trace.suspended_at == held.node and "no reason is given" or nil
    look_at_arena(situation, options)
    look_at_overlaps(situation)
    if options.flow then
        look_ahead(situation, options.flow)
    end
    situation.outcome = trace.suspended_at and "waits" or situation.refused and "skipped" or "runs"
    return situation
end

-- Does a trace that runs end as complete? nil where that is not known.
local function closes(situation)
    local run = situation.run
    if #run.waits_at > 0 then
        return false
    elseif not situation.knows_ports or #run.routing > 0 or situation.is_full and #run.waves > 0 then
        return nil
    end
    return true
end

local engine_of = {
    waits = function(situation)
        return {
            runs = {},
            waits_at = situation.trace.suspended_at,
            asks_again = false,
            without_inputs = {},
            ends_without_branch = situation.knows_ports and situation.without_branch or nil,
            closes = false,
        }
    end,
    skipped = function()
        return { runs = {}, asks_again = false, without_inputs = {}, ends_without_branch = {}, closes = false }
    end,
    runs = function(situation)
        if not situation.run then
            return { waits_at = next(situation.answered) and units.keys(situation.answered)[1],
                asks_again = next(situation.answered) ~= nil }
        end
        local asks_again = false
        for _, node in ipairs(situation.run.waits_at) do
            asks_again = asks_again or situation.answered[node] == true
        end
        return {
            runs = units.keys(situation.run.runs),
            waits_at = situation.run.waits_at[1],
            asks_again = asks_again,
            without_inputs = situation.lost_inputs and units.keys(situation.lost_inputs),
            ends_without_branch = situation.knows_ports and situation.without_branch or nil,
            closes = closes(situation),
        }
    end,
}

---What the engine will do with an open trace at its next start.
---@param trace tracereel.trace
---@param options? { flow: tracereel.flow|nil, arenas: string|nil, mended: boolean|nil, decides: boolean|nil } a checked
--- flow; the directory of the arenas, nil where it is not known; as if `repair --arenas` had been done; something is
--- decided by it, so that an arena which the medium cannot give is raised; those of forecast.use where none are given
---@return tracereel.engine engine
---@return table outlook class (a key of forecast_classes.all), short (for a list; nil where there is nothing to
--- say), is_grave (something is lost, or a person is asked twice)
function forecast.of(trace, options)
    local situation = gather(trace, options or forecast.options)
    local engine = engine_of[situation.outcome](situation)
    engine.outcome, engine.overwritten, engine.arena = situation.outcome, situation.overwritten, situation.arena
    situation.engine = engine
    engine.reason = forecast_labels.reason(situation)
    local class = forecast_classes.of(situation)
    return engine, { class = class.key, short = forecast_classes.short(situation), is_grave = class.is_grave == true }
end

-- What is known besides the log, for all that ask without saying so: a command's --flow and --arenas.
forecast.options = {}

---The rule of the log that is looked at, where it is not the engine's: nothing is foreseen of it then. Otherwise nil.
---@return string|nil
function forecast.foreign_rule()
    return forecast.options.foreign_rule
end

---@param options { flow: tracereel.flow|nil, arenas: string|nil, decides: boolean|nil, foreign_rule: string|nil }
function forecast.use(options)
    forecast.options, has_any = options, {}
end

local keys = { "outcome", "runs", "waits_at", "asks_again", "without_inputs", "overwritten", "ends_without_branch",
    "closes", "reason" }

-- What is not known is null.
local function object_of(engine)
    local object = {}
    for _, key in ipairs(keys) do
        local value = engine[key]
        object[key] = value == nil and base.null or value
    end
    return object
end

---A JSON object's text with the forecast in it, under "engine".
---@param text string of an object that is not empty
---@param engine tracereel.engine|nil nil: a trace that is closed, whose text stays as it is
function forecast.joined(text, engine)
    return engine and ('%s,"engine":%s}'):format(text:sub(1, -2), base.json(object_of(engine))) or text
end

return forecast
