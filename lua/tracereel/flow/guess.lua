-- Guesses the order of a pipeline's nodes from its traces: who had always ended when whom was ready, without the steps
-- that follow from others. A person corrects it: a log shows what happened, not what must be so.
local dependence = require "tracereel.flow.dependence"
local failure = require "tracereel.util.failure"
local readiness = require "tracereel.flow.readiness"
local reduction = require "tracereel.flow.reduction"
local runs = require "tracereel.flow.runs"
local units = require "tracereel.util.units"

local guess = {}

-- Every two nodes of a trace are compared: half a million pairs.
local max_nodes = 1000

-- The first traces with as many runs in all show what made the nodes ready; all traces show what contradicts.
local max_kept_runs = 100000

-- Where nodes waited for places, what is less sure than this is left out. If the log says when they were ready, nothing
-- speaks for it but that it never happened otherwise, and in such a log many things never do. If it does not, it is
-- what a place explains.
local min_confidence_told, min_confidence_worked_out = 0.1, 0.02

local function default_confidence(waited_for)
    if not waited_for then
        return 0
    end
    return waited_for.is_told and min_confidence_told or min_confidence_worked_out
end

local Guess = {}
Guess.__index = Guess

---A guess that has seen nothing: add(trace) for each trace, then flow().
---@param types? table<integer, string> by node: what it is one of, where that is known
function guess.new(types)
    return setmetatable({
        types = types or {},
        traces_with = {}, -- by node: how many traces it was seen in
        together = {}, -- by node, by node: in how many traces both were
        before = {}, -- by node, by node: in how many of these the first had ended when the second began
        loops = {}, -- nodes that iterate
        kept = {}, -- the first traces: their runs
        kept_runs = 0,
    }, Guess)
end

local function increase(counts, key)
    counts[key] = (counts[key] or 0) + 1
end

local function increase_pair(counts, a, b)
    local of_a = counts[a]
    if not of_a then
        of_a = {}
        counts[a] = of_a
    end
    of_a[b] = (of_a[b] or 0) + 1
end

-- A time that compares as a signed number.
local function signed(time_ns)
    return time_ns and time_ns ~ math.mininteger
end

-- A node that was ready at the time 0, when its trace began, seems to have no such time: 0 says that there is none.
local function complete_ready(ran, start_ns)
    local is_told = false
    for _, run in ipairs(ran) do
        is_told = is_told or run.ready_ns ~= nil
    end
    for _, run in ipairs(is_told and start_ns == 0 and ran or {}) do
        run.ready_ns = run.ready_ns or 0
    end
end

-- Keeps what a trace says of its nodes' times; one in which a node has not ended says too little.
function Guess:keep(ran, start_ns)
    complete_ready(ran, start_ns)
    if self.kept_runs + #ran > max_kept_runs then
        return
    end
    local trace = { run_of = {}, begin_ns = math.maxinteger }
    for place, run in ipairs(ran) do
        if not run.began_ns or not run.ended_ns then
            return
        end
        local known = { id = run.id, place = place, began_ns = signed(run.began_ns), ended_ns = signed(run.ended_ns),
            ready_ns = signed(run.ready_ns), is_estimated = run.is_estimated, is_joined = run.of_instance ~= nil }
        trace[place] = known
        trace.begin_ns = math.min(trace.begin_ns, known.ready_ns or known.began_ns)
    end
    self.kept[#self.kept + 1] = trace
    self.kept_runs = self.kept_runs + #ran
end

function Guess:count_order(ran)
    for index, a in ipairs(ran) do
        increase(self.traces_with, a.id)
        for other = index + 1, #ran do
            local b = ran[other]
            increase_pair(self.together, a.id, b.id)
            increase_pair(self.together, b.id, a.id)
            local a_first, b_first = runs.is_before(a, b), runs.is_before(b, a)
            -- Both: two ends at the same time. The order in the log decides.
            if a_first then
                increase_pair(self.before, a.id, b.id)
            elseif b_first then
                increase_pair(self.before, b.id, a.id)
            end
        end
    end
end

---Notes the order of a trace's nodes. Tainted traces, and those whose beginning is not known, say nothing.
---@param trace tracereel.trace
function Guess:add(trace)
    if self.too_many or trace.tainted or trace.from_snapshot then
        return
    end
    local ran, place_of = {}, {}
    for _, node in ipairs(trace.nodes) do
        if node.loop_iterations > 0 then
            self.loops[node.id] = true
        end
        local run, place = runs.first(node), place_of[node.id]
        if run and (place or node.instance) then
            place = place or #ran + 1
            ran[place], place_of[node.id] = runs.join(ran[place], run, node.instance or ""), place
        elseif run then
            ran[#ran + 1], place_of[node.id] = run, #ran + 1
        end
    end
    if #ran > max_nodes then
        self.too_many = #ran
        return
    end
    self:count_order(ran)
    self:keep(ran, trace.start_ns)
end

function Guess:precedes(a, b)
    local together = (self.together[a] or {})[b]
    return together ~= nil and (self.before[a] or {})[b] == together
end

-- The nodes in order, and by the place of each in that list those places whose nodes always came before it.
function Guess:always_before(ids)
    local before = {}
    for place, id in ipairs(ids) do
        local list = {}
        for other, other_id in ipairs(ids) do
            if other ~= place and self:precedes(other_id, id) then
                list[#list + 1] = other
            end
        end
        before[place] = list
    end
    return before
end

-- What speaks for each edge, by place. Returns the places that nodes waited for, too.
function Guess:evidence(ids)
    local place_of, before = {}, self:always_before(ids)
    for place, id in ipairs(ids) do
        place_of[id] = place
    end
    for _, trace in ipairs(self.kept) do
        for _, run in ipairs(trace) do
            run.node = place_of[run.id]
            trace.run_of[run.node] = run
        end
    end
    local function before_of(node)
        return before[node]
    end
    local waited_for = readiness.find(self.kept, #ids, before_of)
    local still_before, edges = dependence.find(self.kept, #ids, before_of, {
        is_worked_out = waited_for ~= nil and not waited_for.is_told,
        together = function(a, b)
            return self.together[ids[a]][ids[b]]
        end,
        type_of = function(node)
            return self.types[ids[node]]
        end,
    })
    return still_before, edges, waited_for
end

-- Nodes of different branches, never seen together, can seem to wait for each other in a circle: the link that closes
-- it goes.
local function without_cycles(after, nodes)
    local state = {}
    local function visit(id)
        state[id] = "open"
        local kept = {}
        for _, before in ipairs(after[id]) do
            if state[before] ~= "open" then
                kept[#kept + 1] = before
                if not state[before] then
                    visit(before)
                end
            end
        end
        after[id] = kept
        state[id] = "done"
    end
    for _, id in ipairs(nodes) do
        if not state[id] then
            visit(id)
        end
    end
end

-- The edges between nodes, from those between places.
local function edges_of(ids, after, evidence)
    local list = {}
    for node, id in ipairs(ids) do
        for _, other in ipairs(after[node]) do
            local edge = evidence[node][other]
            list[#list + 1] = { from = ids[other], to = id, kind = edge.kind, traces = edge.traces, of = edge.of,
                confidence = edge.confidence }
        end
    end
    return list
end

---@class tracereel.flow_certainty
---@field edges { from: integer, to: integer, kind: string, traces: integer, of: integer, confidence: number }[]
---@field waited_for tracereel.flow_places|nil the places that nodes waited for
---@field min_confidence number what is less sure was left out
---@field left_out integer how many edges were left out

---The guess. Raises where a trace had too many nodes.
---@param name string of the pipeline
---@param min_confidence? number leaves out what is less sure than this
---@return tracereel.flow|nil nil where no node was seen
---@return table<integer, string>|nil comments by node id: a remark for a person
---@return tracereel.flow_certainty|nil
function Guess:flow(name, min_confidence)
    if self.too_many then
        failure.raise("refused", "%d nodes in one trace: the order of more than %d is not guessed", self.too_many,
            max_nodes)
    end
    local ids, comments, most = units.keys(self.traces_with), {}, 0
    if #ids == 0 then
        return nil
    end
    local before, evidence, waited_for = self:evidence(ids)
    min_confidence = min_confidence or default_confidence(waited_for)
    local places, traces_with = {}, {}
    for place, id in ipairs(ids) do
        places[place], traces_with[place] = place, self.traces_with[id]
        most = math.max(most, traces_with[place])
    end
    local after, left_out = reduction.of(before, evidence, min_confidence, function(a, b)
        return (self.together[ids[a]] or {})[ids[b]] or 0
    end, traces_with)
    without_cycles(after, places)
    local guessed = {}
    for place, id in ipairs(ids) do
        local list = {}
        for index, other in ipairs(after[place]) do
            list[index] = ids[other]
        end
        guessed[id] = { name = ("node_%d"):format(id), after = list }
        local seen = self.traces_with[id]
        comments[id] = ("in %d of %d traces"):format(seen, most) .. (self.loops[id] and ", iterates" or "")
    end
    return { name = name, nodes = guessed }, comments, { edges = edges_of(ids, after, evidence),
        waited_for = waited_for, min_confidence = min_confidence, left_out = left_out }
end

return guess
