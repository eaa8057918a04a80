-- What a log says of its node numbers, so that names can be found for them: which others were always over when one
-- began, which waited for a person, which never ran in one trace. The order of the records counts, not their times.
local bits = require "tracereel.flow.bits"
local restarts = require "tracereel.log.restarts"

local evidence = {}

-- Where a trace is held so that approving it marks nothing that matters: a node that no flow has.
local held_node = 0xFFFFFFFF

---@class tracereel.flow_evidence
---@field count integer of the numbers that there can be: 0 to count - 1
---@field seen integer[] set of those that began, or waited
---@field first table<integer, tracereel.flow_place> by number: where it was first seen
---@field before table<integer, integer[]> by number: set of those that were over each time before it began
---@field narrowed table<integer, tracereel.flow_place> by number: the latest record that made `before` smaller
---@field done table<integer, tracereel.flow_place> by number: a node_done of it
---@field suspended table<integer, tracereel.flow_place> by number: where the engine suspended a trace at it
---@field looped table<integer, tracereel.flow_place> by number: where it iterated
---@field beside table<integer, integer[]> by number: set of those that began before it in a trace
---@field always_with table<integer, integer[]> by number: set of those that every complete trace with it has
---@field restart_count integer how often the engine was started again, as far as the logs show
---@field stranger tracereel.flow_place|nil a record of a number that there cannot be

---@class tracereel.flow_place
---@field node integer
---@field segment string
---@field offset integer
---@field trace_id string

local Gatherer = {}
Gatherer.__index = Gatherer

---Collects from one log after another.
---@param count integer how many nodes there are
function evidence.gatherer(count)
    return setmetatable({
        count = count, words = bits.word_count(count), all = bits.below(count), traces = {},
        evidence = {
            count = count, seen = bits.empty(bits.word_count(count)), first = {}, before = {}, narrowed = {}, done = {},
            suspended = {}, looped = {}, beside = {}, always_with = {}, restart_count = 0,
        },
    }, Gatherer)
end

local function place_of(rec)
    return { node = rec.node_id, segment = rec.segment, offset = rec.offset, trace_id = rec.trace_id }
end

-- What is known of the record's trace; nil where its beginning is not, or where nothing follows from the record.
function Gatherer:state_of(rec, trace)
    local state = trace and self.traces[trace]
    if not state then
        return nil
    elseif trace.tainted then
        self.traces[trace] = nil
        return nil
    elseif rec.by_tracereel then
        state.is_plain = false
        return nil
    end
    return state
end

-- Is it a number that a node can have? The first one that is not is kept: it shows that the file is another's.
function Gatherer:is_known(rec)
    if rec.node_id < self.count then
        return true
    elseif rec.node_id ~= held_node then
        self.evidence.stranger = self.evidence.stranger or place_of(rec)
    end
    return false
end

function Gatherer:begin(state, rec)
    local so_far, number = self.evidence, rec.node_id
    if not bits.has(so_far.seen, number) then
        bits.add(so_far.seen, number)
        so_far.first[number] = place_of(rec)
        so_far.before[number] = bits.copy(self.all)
        so_far.beside[number] = bits.empty(self.words)
    end
    if bits.has(state.began, number) then
        return -- a later attempt, or the end of one
    end
    if bits.intersect(so_far.before[number], state.over) then
        so_far.narrowed[number] = place_of(rec)
    end
    bits.unite(so_far.beside[number], state.began)
    bits.add(state.began, number)
end

function Gatherer:close(rec, trace)
    local state = self:state_of(rec, trace)
    self.traces[trace or false] = nil
    if not state or not state.is_plain or rec.type ~= "trace_complete" then
        return
    end
    for _, number in ipairs(bits.numbers(state.began)) do
        local with = self.evidence.always_with[number]
        if with then
            bits.intersect(with, state.began)
        else
            self.evidence.always_with[number] = bits.copy(state.began)
        end
    end
end

function Gatherer:handlers()
    local so_far = self.evidence
    local function on_node(and_then)
        return function(rec, trace)
            local state = self:state_of(rec, trace)
            if state and self:is_known(rec) then
                self:begin(state, rec)
                and_then(state, rec.node_id, rec)
            end
        end
    end
    local function close(rec, trace)
        self:close(rec, trace)
    end
    local loop = on_node(function(state, number, rec)
        state.is_plain = false
        so_far.looped[number] = so_far.looped[number] or place_of(rec)
    end)
    return {
        trace_start = function(_, trace)
            if trace then
                self.traces[trace] = { began = bits.empty(self.words), over = bits.empty(self.words), is_plain = true }
            end
        end,
        node_start = on_node(function() end),
        node_done = on_node(function(state, number, rec)
            bits.add(state.over, number)
            so_far.done[number] = so_far.done[number] or place_of(rec)
        end),
        node_error = on_node(function(state)
            state.is_plain = false
        end),
        trace_suspended = function(rec, trace)
            local known = trace and self.traces[trace]
            local state = self:state_of(rec, trace)
            if state and self:is_known(rec) then
                self:begin(state, rec)
                so_far.suspended[rec.node_id] = so_far.suspended[rec.node_id] or place_of(rec)
            end
            if known then
                known.waits_at = rec.node_id < self.count and rec.node_id or nil
            end
        end,
        -- Whoever approves marks the node as done, also where a plan has suspended the trace.
        trace_resumed = function(_, trace)
            local state = trace and self.traces[trace]
            if state and state.waits_at then
                bits.add(state.over, state.waits_at)
                state.waits_at = nil
            end
        end,
        loop_iteration = loop,
        loop_exit = loop,
        trace_complete = close,
        trace_failed = close,
    }
end

---@param log tracereel.log
---@param handlers? tracereel.handlers to be called beside
function Gatherer:read(log, handlers)
    self.traces = {}
    local finder = restarts.finder()
    log:replay(self:handlers(), finder:handlers(log), handlers or {})
    self.evidence.restart_count = self.evidence.restart_count + #finder.list
    self.traces = {}
end

return evidence
