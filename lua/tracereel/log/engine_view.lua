-- What the engine knows of a log: it reads plain segments only, all of them, from the first byte. A trace that begins
-- in an archived segment, or in one that is gone, does not exist for it: it is never recovered, and nothing is planned
-- for it.
local files = require "tracereel.util.files"
local base = require "tracereel.base"
local tables = require "tracereel.util.tables"
local node_names = require "tracereel.log.node_names"

local engine_view = {}

---The log as the engine reads it, not read yet. A single segment is taken as it is, plain or not.
---@param path string
---@return tracereel.log
function engine_view.open(path)
    return base.open(path, { compressed = false })
end

local function is_directory(log)
    return log.path ~= "-" and files.is_directory(log.path)
end

local begins_elsewhere = "it begins in %s, which the engine does not read"
local closed_elsewhere = "in the whole log it is closed: the engine does not read the segment that says so"

local function has_compressed(log)
    for _, segment in ipairs(log.segments) do
        if segment.compressed then
            return true
        end
    end
    return false
end

---The archived segments between two that the engine reads, where the log was opened as the engine reads it: what they
---hold is missing to it.
---@param log tracereel.log
---@return string[] names
function engine_view.hidden_between(log)
    local first, last = log.segments[1], log.segments[#log.segments]
    local names, is_read = {}, {}
    for _, segment in ipairs(log.segments) do
        is_read[segment.name] = true
    end
    for _, segment in ipairs(first and is_directory(log) and base.open(log.path).segments or {}) do
        local is_between = math.ult(first.sequence, segment.sequence) and math.ult(segment.sequence, last.sequence)
        if segment.compressed and is_between and not is_read[segment.name] then
            names[#names + 1] = segment.name
        end
    end
    return names
end

-- Reads a log to its end: the segment in which each trace began that is open then, and how many records each id has
-- that no trace was open for. An id that is closed later is none of these.
local function read_beginnings(log)
    local begins, orphans = {}, {}
    local function closed(rec)
        begins[rec.trace_id], orphans[rec.trace_id] = nil, nil
    end
    log:replay {
        trace_start = function(rec)
            begins[rec.trace_id] = rec.segment
        end,
        trace_complete = closed,
        trace_failed = closed,
        violation = function(rec, _, code)
            if code == "trace_not_open" and rec.type ~= "trace_complete" and rec.type ~= "trace_failed" then
                orphans[rec.trace_id] = (orphans[rec.trace_id] or 0) + 1
            end
        end,
    }
    return begins, orphans
end

-- Takes out the ids that began in this log after all: their records came after the trace was closed.
local function drop_those_that_began(orphans, log)
    if next(orphans) then
        log:replay {
            trace_start = function(rec)
                orphans[rec.trace_id] = nil
            end,
        }
    end
end

local function reason_of_orphans(log)
    local statistics, first = log:stats(), log.segments[1]
    if first and first.sequence ~= 0 or statistics.gaps.missing_segment > 0 then
        return "its beginning is in a segment that is gone"
    elseif statistics.damaged then
        return "its beginning is lost where the log is damaged"
    end
    return "its beginning is not in the log"
end

local function node_list(nodes)
    table.sort(nodes)
    return (#nodes == 1 and not node_names.name(nodes[1]) and "node " or #nodes > 1 and "nodes " or "")
        .. node_names.list(nodes)
end

local function same_output(one, other)
    return other and one.offset == other.offset and one.size == other.size and one.schema_hash == other.schema_hash
end

local function not_completed_in(one, other)
    local nodes = {}
    for node, done in pairs(one.completed_nodes) do
        if not same_output(done, other.completed_nodes[node]) then
            nodes[#nodes + 1] = node
        end
    end
    return #nodes > 0 and node_list(nodes) or nil
end

-- Where the engine's state of a trace is not that of the whole log: one sentence, or nil.
local function difference(known, whole)
    local missed = not_completed_in(whole, known)
    if missed then
        return ("for the engine %s not done as the whole log has it"):format(
            missed .. (missed:find("^nodes") and " are" or " is"))
    elseif not_completed_in(known, whole) then
        return "for the engine nodes are done that the whole log has otherwise"
    elseif known.suspended_at ~= whole.suspended_at or known.suspension_metadata ~= whole.suspension_metadata then
        return "for the engine its suspension is another"
    elseif table.concat(known.started_nodes, ",") ~= table.concat(whole.started_nodes, ",") then
        return "for the engine other nodes are running"
    elseif known.last_completed_node ~= whole.last_completed_node then
        return "for the engine another node was the last that was done"
    end
end

local function add_of_whole_log(found, known, whole, begins)
    local in_whole = whole:traces()
    for _, trace in ipairs(in_whole) do
        if not known[trace.id] then
            found.unknown[#found.unknown + 1] = { trace_id = trace.id, trace = trace,
                because = begins_elsewhere:format(begins[trace.id]) }
        else
            found.otherwise[trace.id] = difference(known[trace.id], trace)
        end
    end
    local is_open = tables.by_id(in_whole)
    for id in pairs(known) do
        if not is_open[id] then
            found.otherwise[id] = closed_elsewhere
        end
    end
end

local function add_orphans(found, orphans, reason)
    for id, count in base.sorted(orphans) do
        found.unknown[#found.unknown + 1] = { trace_id = id, records = count, because = reason }
    end
end

---@class tracereel.unknown_trace
---@field trace_id string
---@field trace tracereel.trace|nil as the whole log has it; nil where its beginning is nowhere
---@field records integer|nil of a trace whose beginning is nowhere: how many there are
---@field because string

---What the engine does not know of the log, or knows otherwise than the whole log has it. The log is read again only
---where it has archived segments, or records of traces that are not open.
---@param log tracereel.log as engine_view.open gives it, read to its end
---@param mode? string as it was opened with
---@return { unknown: tracereel.unknown_trace[], otherwise: table<string, string> } unknown in order of ids; otherwise:
--- by the trace's id, a sentence
function engine_view.compare(log, mode)
    local found = { unknown = {}, otherwise = {} }
    local whole = is_directory(log) and base.open(log.path, { mode = mode })
    local is_other = whole and has_compressed(whole)
    if not whole or not is_other and not log:stats().violations.trace_not_open then
        return found
    end
    local begins, orphans = read_beginnings(whole)
    if is_other then
        add_of_whole_log(found, tables.by_id(log:traces()), whole, begins)
    end
    local reason = reason_of_orphans(whole)
    drop_those_that_began(orphans, whole)
    add_orphans(found, orphans, reason)
    table.sort(found.unknown, function(a, b)
        return a.trace_id < b.trace_id
    end)
    return found
end

local function beginning_in(records)
    for index = #records, 1, -1 do
        if records[index].type == "trace_start" then
            return records[index].segment
        end
    end
end

---The open traces of the engine by id, where it does not read all of the log; nil where it knows what the log has.
---@param log tracereel.log the whole log
---@return table<string, tracereel.trace>|nil
function engine_view.open_traces(log)
    if not is_directory(log) or not has_compressed(log) then
        return nil
    end
    local as_engine = engine_view.open(log.path)
    as_engine:replay {}
    return tables.by_id(as_engine:traces())
end

---Does the engine know one trace as the whole log has it?
---@param log tracereel.log the whole log, read to its end
---@param id string
---@param trace tracereel.trace|nil nil where the log has only records of it
---@param records tracereel.rec[] all of it
---@return boolean is_known
---@return string|nil because where it is not known, or known otherwise
---@return tracereel.trace|nil known the trace as the engine has it open, where that is another than `trace`
function engine_view.compare_one(log, id, trace, records)
    if not is_directory(log) then
        return true
    elseif not trace then
        return false, reason_of_orphans(log)
    end
    local open_traces = engine_view.open_traces(log)
    if not open_traces then
        return true
    end
    local known = open_traces[id]
    if known and trace.open then
        return true, difference(known, trace), known
    elseif known then
        return true, closed_elsewhere, known
    elseif trace.open then
        return false, begins_elsewhere:format(beginning_in(records))
    end
    return true
end

return engine_view
