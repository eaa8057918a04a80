-- Which resumes in a trace's timeline end the node that waited, and how long the waits lasted that are nodes' own.
local imported_fields = require "tracereel.log.imported_fields"
local record_types = require "tracereel.log.record_types"

local ends_of_waits = {}

-- The node of a record, or the instance of it that the record is of.
local function place_of(event)
    return imported_fields.node_key(event.rec.node_id, event.imported.instance)
end

local is_end = { node_start = true, node_done = true, node_error = true }
local waits = { trace_suspended = true, trace_resumed = true }

local OwnWaits = {}
OwnWaits.__index = OwnWaits

-- Waits that are nodes' own: how long each lasted, and which resumes end their nodes.
local function new_own_waits()
    return setmetatable({ begun = {}, resumed = {} }, OwnWaits)
end

function OwnWaits:note(event)
    local place = place_of(event)
    if event.rec.type == "trace_suspended" then
        self.begun[place], self.resumed[place] = event, nil
    elseif self.begun[place] then
        event.took_ns = event.rec.timestamp_ns - self.begun[place].rec.timestamp_ns
        event.ends_wait = true
        self.begun[place], self.resumed[place] = nil, event
    end
end

-- The node's own end comes after the resume: it is what ends the node.
function OwnWaits:stop(event, type)
    local place = place_of(event)
    if type ~= "node_start" and self.resumed[place] then
        self.resumed[place].ends_wait = nil
    end
    self.begun[place], self.resumed[place] = nil, nil
end

-- XERV's suspensions. The engine writes no node_done for a node that waited: it is over with the resume where its trace
-- goes on, unless the node's own end comes before it starts or waits again.
local steps = {}

function steps.trace_suspended(known, event)
    known.suspended_node, known.open_waits[event.rec.node_id] = event.rec.node_id, nil
end

function steps.trace_resumed(known, event)
    if known.suspended_node then
        event.ends_wait, known.open_waits[known.suspended_node] = true, event
    end
    known.suspended_node = nil
end

function steps.node_done(known, event)
    local resume = known.open_waits[event.rec.node_id]
    if resume and not event.imported.instance then
        resume.ends_wait = nil
    end
end
steps.node_error = steps.node_done

function steps.node_start(known, event)
    known.open_waits[event.rec.node_id] = nil
end

function steps.trace_start(known)
    known.open_waits, known.suspended_node = {}, nil
end

---Marks the events of those resumes with `ends_wait`.
---@param events table[] of one trace, in order; those of records with their fields of an import as `imported`
function ends_of_waits.mark(events)
    local known, own_waits, last = { open_waits = {} }, new_own_waits(), nil
    for _, event in ipairs(events) do
        local rec = event.rec
        local type = rec and not rec.by_tracereel and rec.type
        last = rec and record_types.has_trace(rec) and event or last
        if type and event.imported.wait and waits[type] then
            own_waits:note(event)
        elseif type and steps[type] then
            if is_end[type] then
                own_waits:stop(event, type)
            end
            steps[type](known, event)
        end
    end
    if last and not last.imported.wait then
        last.ends_wait = nil -- nothing has followed yet
    end
end

return ends_of_waits
