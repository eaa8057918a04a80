-- Money is taken once.
--
-- The shop's engine went down in the middle of a sale. At the next start it did what it always does: it ran again what
-- had been started and was not done, and that was "charge" (node 3). For some of those orders the payment provider had
-- taken the money already; only its answer was lost. Twenty customers paid twice.
--
-- So whoever was inside of "charge" is held: a person looks at the provider's books first. After that,
-- `tracereel recover` with a script that says `default:skip(3)` or `tracereel.retry{ 3 }` goes on.
--
-- It sees who was inside by node_start records, which the engine in production does not write. On such a log
-- `tracereel crashtest --once 3` shows what gets past it.
local charge = 3

local function contains(list, item)
    for _, one in ipairs(list) do
        if one == item then
            return true
        end
    end
    return false
end

return {
    api = 1,
    shard = "trace",
    summary = "recover: hold orders that were inside of \"charge\"",

    recover = function(trace, default)
        if not trace.suspended_at and contains(trace.started_nodes, charge) then
            return tracereel.hold("was it paid? look at the payment provider first")
        end
        return default
    end,

    -- The crash may have come when the charge was done, and only its record had not been written to its end. So an
    -- order whose charge may be over, and that did not wait for anybody, must not go on by itself.
    check = function(trace, decision, future)
        if decision.kind ~= "default" or trace.suspended_at or trace.completed_nodes[charge] then
            return true
        end
        for _, unseen in ipairs(future.unseen) do
            if unseen.type == "node_done" and unseen.node_id == charge then
                return "it was paid, and would be charged again"
            end
        end
    end,
}
