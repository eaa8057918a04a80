-- What a flow file says of its nodes among themselves: what comes before what, which of them exclude each other, and
-- which follow each other in every trace that runs to its end. Members are counted as in the definition.
local bits = require "tracereel.flow.bits"

local Shape = {}
Shape.__index = Shape

local function new_lists(count)
    local lists = {}
    for index = 1, count do
        lists[index] = {}
    end
    return lists
end

-- Of each member: what must be over before it, directly (each once), what follows it, and the ports of each edge.
local function read_edges(definition)
    local count = #definition.members
    local preds, succs, ports = new_lists(count), new_lists(count), {}
    for _, edge in ipairs(definition.edges) do
        local key = edge.from * (count + 1) + edge.to
        if not edge.loop_back and not ports[key] then
            ports[key] = {}
            table.insert(preds[edge.to], edge.from)
            table.insert(succs[edge.from], edge.to)
        end
        if not edge.loop_back then
            ports[key][edge.port] = true
        end
    end
    return preds, succs, function(from, to)
        return ports[from * (count + 1) + to]
    end
end

-- Members in an order in which each comes after those that must be over before it.
local function topological(preds, succs)
    local waiting, order = {}, {}
    for index, before in ipairs(preds) do
        waiting[index] = #before
        if #before == 0 then
            order[#order + 1] = index
        end
    end
    local place = 1
    while order[place] do
        for _, after in ipairs(succs[order[place]]) do
            waiting[after] = waiting[after] - 1
            if waiting[after] == 0 then
                order[#order + 1] = after
            end
        end
        place = place + 1
    end
    return order
end

-- How many members come before each, over however many edges; with the order reversed: after each.
local function reach_counts(order, direct, first, last, step)
    local sets, counts = {}, {}
    local words = bits.word_count(#order + 1)
    for place = first, last, step do
        local index = order[place]
        local set = bits.empty(words)
        for _, other in ipairs(direct[index]) do
            bits.unite(set, sets[other])
            bits.add(set, other)
        end
        sets[index], counts[index] = set, bits.count(set)
    end
    return counts, sets
end

-- Members of which only one runs in a trace: those on different ports of one node, with all that comes after them.
-- A node that answers with an error can be run again, and answer otherwise.
function Shape:find_exclusive()
    self.exclusive = {}
    local words = bits.word_count(#self.preds + 1)
    for from, followers in ipairs(self.succs) do
        local by_port = {}
        for _, to in ipairs(followers) do
            local ports = self.ports_between(from, to)
            local port = next(ports)
            if #self.preds[to] == 1 and next(ports, port) == nil and port ~= "error" then
                by_port[port] = by_port[port] or bits.empty(words)
                bits.add(by_port[port], to)
                bits.unite(by_port[port], self.descendants[to])
            end
        end
        for port, branch in pairs(by_port) do
            for other, other_branch in pairs(by_port) do
                if port ~= other then
                    for _, member in ipairs(bits.numbers(branch)) do
                        self.exclusive[member] = self.exclusive[member] or bits.empty(words)
                        bits.unite(self.exclusive[member], other_branch)
                    end
                end
            end
        end
    end
end

-- Edges over which a trace that runs to its end always goes: from a node that does not choose, to one that waits for
-- nothing else.
function Shape:find_certain()
    self.certain = {}
    for from, followers in ipairs(self.succs) do
        local type_name, is_choice = self.definition.members[from].type, false
        for _, to in ipairs(followers) do
            for port in pairs(self.ports_between(from, to)) do
                is_choice = is_choice or port ~= "out"
            end
        end
        is_choice = is_choice or type_name == "std::switch" or type_name == "std::loop" or type_name == "std::wait"
        for _, to in ipairs(is_choice and {} or followers) do
            if #self.preds[to] == 1 then
                self.certain[#self.certain + 1] = { from, to }
            end
        end
    end
end

---@class tracereel.flow_shape
---@field definition tracereel.flow_definition
---@field preds integer[][] by member: what must be over before it, directly, each once
---@field succs integer[][] by member: what comes directly after it
---@field anc_count integer[] by member: how many come before it, over however many edges
---@field desc_count integer[] by member: how many come after it
---@field exclusive table<integer, integer[]> by member: set of those that never run in one trace with it
---@field certain integer[][] pairs: a complete trace with the first has the second

---@param definition tracereel.flow_definition
---@return tracereel.flow_shape
return function(definition)
    local self = setmetatable({ definition = definition }, Shape)
    self.preds, self.succs, self.ports_between = read_edges(definition)
    local order = topological(self.preds, self.succs)
    self.anc_count = reach_counts(order, self.preds, 1, #order, 1)
    self.desc_count, self.descendants = reach_counts(order, self.succs, #order, 1, -1)
    self:find_exclusive()
    self:find_certain()
    return self
end
