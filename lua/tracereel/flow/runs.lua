-- When the nodes of a trace ran: what is known of their order.
local runs = {}

---@class tracereel.node_run
---@field id integer
---@field began_ns integer|nil
---@field ended_ns integer|nil
---@field ready_ns integer|nil where the source says it
---@field is_estimated boolean|nil its start is its end
---@field of_instance table<string, tracereel.node_run>|nil of a node that runs in parallel with itself

---When a node began and ended in its trace: by its first attempt, because later ones can be those of a loop. An
---estimated start says nothing about the order, so that the end has to do. nil where it has not run.
---@param node tracereel.node
---@return tracereel.node_run|nil
function runs.first(node)
    local first = node.attempts[1]
    if not first then
        return nil
    end
    return { id = node.id, began_ns = first.estimated and first.end_ns or first.start_ns, ended_ns = first.end_ns,
        ready_ns = not first.estimated and first.scheduled_ns or nil, is_estimated = first.estimated }
end

-- The larger or smaller of two times; unknown where one is.
local function farther(a, b, is_farther)
    return a and b and (is_farther(a, b) and a or b) or nil
end

local function later(a, b)
    return math.ult(b, a)
end

---Adds the run of one of a node's parallel instances to what is known of the node in its trace: it began with the first
---of them, and ended with the last.
---@param whole tracereel.node_run|nil
---@param run tracereel.node_run
---@param instance string
---@return tracereel.node_run whole
function runs.join(whole, run, instance)
    if not whole then
        return { id = run.id, began_ns = run.began_ns, ended_ns = run.ended_ns, of_instance = { [instance] = run } }
    end
    local of_instance = whole.of_instance or { [""] = whole } -- it was the node itself
    of_instance[instance] = run
    return {
        id = run.id,
        began_ns = farther(whole.began_ns, run.began_ns, math.ult),
        ended_ns = farther(whole.ended_ns, run.ended_ns, later),
        of_instance = of_instance,
    }
end

---Had `a` ended when `b` began? Where both ran in instances of the same name, each waits for its own.
---@param a tracereel.node_run
---@param b tracereel.node_run
---@return boolean
function runs.is_before(a, b)
    local has_common = false
    for instance, of_a in pairs(a.of_instance and b.of_instance and a.of_instance or {}) do
        local of_b = b.of_instance[instance]
        has_common = has_common or of_b ~= nil
        if of_b and not runs.is_before(of_a, of_b) then
            return false
        end
    end
    if has_common then
        return true
    end
    return a.ended_ns ~= nil and b.began_ns ~= nil and not math.ult(b.began_ns, a.ended_ns)
end

return runs
