-- The order in which the nodes of a trace were done, as far as the trace knows.
local completion = {}

-- When a node was last done; 0 where that is not known (it came from a snapshot).
local function done_ns(node)
    local attempts = node.attempts
    for index = #attempts, 1, -1 do
        if attempts[index].outcome == "done" then
            return attempts[index].end_ns
        end
    end
    return 0
end

---Completed nodes, oldest first; the engine's last one is the last.
---@param trace tracereel.trace
---@return integer[]
function completion.order(trace)
    local order, time_of, rank_of = {}, {}, {}
    for index, node in ipairs(trace.nodes) do
        if node.completed then
            order[#order + 1] = node.id
            time_of[node.id], rank_of[node.id] = done_ns(node), index
        end
    end
    local last = trace.last_completed_node
    table.sort(order, function(a, b)
        if a == last or b == last then
            return b == last and a ~= last
        elseif time_of[a] ~= time_of[b] then
            return math.ult(time_of[a], time_of[b])
        end
        return rank_of[a] < rank_of[b]
    end)
    return order
end

return completion
