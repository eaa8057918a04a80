-- The dead do not come back, and the living are not buried.
--
-- When a node fails for good, the engine drops the order in memory without a word in the log. At every start it finds
-- the order again, and runs it again: declined cards were asked every morning for a month, until the bank called.
--
-- The first version of this script gave up on every order whose last event was an error. `tracereel crashtest` showed
-- what that would have done: orders whose payment gateway had only timed out were given up, although the retry loop got
-- them through a moment later (try it: --arg dead=payment). So only errors that no retry mends count.
local dead_texts

local last_type = {}

local function is_dead(message)
    for text in dead_texts:gmatch("[^,]+") do
        if message:find(text, 1, true) then
            return true
        end
    end
    return false
end

return {
    api = 1,
    shard = "trace",
    summary = "recover: close orders that failed for good",
    args = { dead = { type = "string", default = "card declined,no carrier", help = "what an error says that no retry "
        .. "mends; texts with commas between them" } },

    start = function(args)
        dead_texts = args.dead
    end,

    record = function(rec, trace)
        if trace then
            last_type[rec.trace_id] = trace.open and rec.type or nil
        end
    end,

    recover = function(trace, default)
        local last = trace.errors[#trace.errors]
        if last and last_type[trace.id] == "node_error" and is_dead(last.message) then
            return tracereel.fail(last.message)
        end
        return default
    end,

    -- What really happened is the judge: no order that was completed later may be given up.
    check = function(_, decision, future)
        if decision.kind == "fail" and future.outcome == "complete" then
            return "given up, although it was completed later"
        end
    end,
}
