-- Why a trace stands where it stands, and why the engine does what it does: one sentence for a plan.
local tracereel = require "tracereel"

local words = {}

local function list(nodes)
    local texts = {}
    for index, node in ipairs(nodes) do
        texts[index] = ("%d"):format(node)
    end
    return (#nodes == 1 and "node " or "nodes ") .. table.concat(texts, ", ")
end

local engine_reasons = {
    await_resume = function(rule, trace)
        local suspension = trace.suspension
        local since = suspension and suspension.since_ns ~= 0 and " since " .. tracereel.time(suspension.since_ns) or ""
        return ("the engine waits: suspended at node %d%s"):format(rule.node, since)
    end,
    retry_nodes = function(rule)
        return ("the engine runs them again: %s started and not done"):format(list(rule.nodes))
    end,
    resume_from = function(rule, trace)
        if trace.last_completed_node == nil then
            return "the engine begins at node 0: no node is done"
        end
        return ("the engine goes on behind node %d: it was the last that was done"):format(rule.node)
    end,
}

---@param trace tracereel.trace
---@param chosen tracereel.decision
---@return string
function words.reason(trace, chosen)
    if chosen.kind == "default" then
        local rule = trace:recovery()
        return engine_reasons[rule.action](rule, trace)
    end
    return "the script decided so"
end

return words
