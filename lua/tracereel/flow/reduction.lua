-- The fewest edges that say an order: without those that follow from others. Edges for which the log speaks by itself
-- stay, whether they follow or not.
local bits = require "tracereel.flow.bits"

local reduction = {}

-- The nodes with few before them first: where an order has no circle, each comes after all that are before it.
local function in_order(before)
    local order = {}
    for node = 1, #before do
        order[node] = node
    end
    table.sort(order, function(a, b)
        if #before[a] ~= #before[b] then
            return #before[a] < #before[b]
        end
        return a < b
    end)
    return order
end

-- Adds the node that an edge comes from and what is before it. A node after an optional one waits for what is before
-- that, too, wherever the optional one did not run: what was there more often than it does not follow.
local function add_ancestors(ancestors, node, other, known, together)
    bits.add(ancestors, other)
    local earlier, often = known.ancestors[other], together(other, node)
    if not earlier then
        return
    elseif often == known.traces_with[node] then
        return bits.unite(ancestors, earlier)
    end
    for _, one in ipairs(bits.numbers(earlier)) do
        if together(one, node) <= often then
            bits.add(ancestors, one)
        end
    end
end

---@param before integer[][] by node: those that nothing contradicts
---@param evidence table<integer, table<integer, tracereel.flow_evidence_of_edge>> by node, by the one before
---@param min_confidence number what is less sure is left out
---@param together fun(a: integer, b: integer): integer in how many traces both were
---@param traces_with integer[] by node: in how many traces it was
---@return integer[][] after by node: those that an edge comes from
---@return integer left_out how many were not sure enough, and follow from nothing else
function reduction.of(before, evidence, min_confidence, together, traces_with)
    local order, after, left_out = in_order(before), {}, 0
    local words, known = bits.word_count(#before + 1), { ancestors = {}, traces_with = traces_with }
    for _, node in ipairs(order) do
        local ancestors, list, weaker, unsure = bits.empty(words), {}, {}, {}
        for _, other in ipairs(before[node]) do
            local edge = evidence[node][other]
            local target = edge.confidence < min_confidence and unsure or edge.kind == "released" and list or weaker
            target[#target + 1] = other
        end
        for _, other in ipairs(list) do
            add_ancestors(ancestors, node, other, known, together)
        end
        -- The latest first: what is before it follows.
        table.sort(weaker, function(a, b)
            if #before[a] ~= #before[b] then
                return #before[a] > #before[b]
            end
            return a < b
        end)
        for _, other in ipairs(weaker) do
            if not bits.has(ancestors, other) then
                list[#list + 1] = other
                add_ancestors(ancestors, node, other, known, together)
            end
        end
        for _, other in ipairs(unsure) do
            left_out = left_out + (bits.has(ancestors, other) and 0 or 1)
        end
        table.sort(list)
        after[node], known.ancestors[node] = list, ancestors
    end
    return after, left_out
end

return reduction
