-- When the nodes of a trace ran: what is known of their order.
local runs = {}

---@class tracereel.node_run
---@field id integer
---@field began_ns integer|nil
---@field ended_ns integer|nil

---When a node began and ended in its trace: by its first attempt, because later ones can be those of a loop. An
---estimated start says nothing about the order, so that the end has to do. nil where it has not run.
---@param node tracereel.node
---@return tracereel.node_run|nil
function runs.first(node)
    local first = node.attempts[1]
    if not first then
        return nil
    end
    return { id = node.id, began_ns = first.estimated and first.end_ns or first.start_ns, ended_ns = first.end_ns }
end

---Had `a` ended when `b` began?
---@param a tracereel.node_run
---@param b tracereel.node_run
---@return boolean
function runs.is_before(a, b)
    return a.ended_ns ~= nil and b.began_ns ~= nil and not math.ult(b.began_ns, a.ended_ns)
end

return runs
