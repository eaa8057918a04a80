-- Guesses the order of a pipeline's nodes from its traces: who has always ended before whom began, without the steps
-- that follow from others. A person corrects it: a log shows what happened, not what must be so.
local failure = require "tracereel.util.failure"
local runs = require "tracereel.flow.runs"
local units = require "tracereel.util.units"

local guess = {}

-- Every two nodes of a trace are compared: half a million pairs.
local max_nodes = 1000

local Guess = {}
Guess.__index = Guess

---A guess that has seen nothing: add(trace) for each trace, then flow().
function guess.new()
    return setmetatable({
        traces_with = {}, -- by node: how many traces it was seen in
        together = {}, -- by node, by node: in how many traces both were
        before = {}, -- by node, by node: in how many of these the first had ended when the second began
        loops = {}, -- nodes that iterate
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

function Guess:precedes(a, b)
    local together = (self.together[a] or {})[b]
    return together ~= nil and (self.before[a] or {})[b] == together
end

-- Returns true if one of `all` is between the candidate, at `index` of it, and `id`. Most often it is the next one.
function Guess:is_implied(candidate, id, all, index)
    for step = 1, #all - 1 do
        local between = all[(index + step - 1) % #all + 1]
        if self:precedes(candidate, between) and self.together[between][id] >= self.together[candidate][id] then
            return true
        end
    end
    return false
end

-- Nodes that always come before `id`, without those that come before another of them that is there as often: a node
-- after an optional one waits for what is before that, too, wherever the optional one did not run.
function Guess:direct_predecessors(id)
    local all = {}
    for other in units.sorted(self.together[id] or {}) do
        if self:precedes(other, id) then
            all[#all + 1] = other
        end
    end
    local direct = {}
    for index, candidate in ipairs(all) do
        if not self:is_implied(candidate, id, all, index) then
            direct[#direct + 1] = candidate
        end
    end
    return direct
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

---The guess, and a remark for each node that a person should look at. Raises where a trace had too many nodes.
---@param name string of the pipeline
---@return tracereel.flow|nil nil where no node was seen
---@return table<integer, string> comments by node id
function Guess:flow(name)
    if self.too_many then
        failure.raise("refused", "%d nodes in one trace: the order of more than %d is not guessed", self.too_many,
            max_nodes)
    end
    local nodes, after, comments = units.keys(self.traces_with), {}, {}
    if #nodes == 0 then
        return nil, comments
    end
    local most = 0
    for _, id in ipairs(nodes) do
        after[id] = self:direct_predecessors(id)
        most = math.max(most, self.traces_with[id])
    end
    without_cycles(after, nodes)
    local guessed = {}
    for _, id in ipairs(nodes) do
        guessed[id] = { name = ("node_%d"):format(id), after = after[id] }
        local seen = self.traces_with[id]
        comments[id] = ("in %d of %d traces"):format(seen, most) .. (self.loops[id] and ", iterates" or "")
    end
    return { name = name, nodes = guessed }, comments
end

return guess
