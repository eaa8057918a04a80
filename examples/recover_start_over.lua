-- Start over, but not for ever.
--
-- An order whose node has failed for good can begin afresh: the gateway was down, and is back. But an order that was
-- started over twice and failed each time has another problem, and a third time would only charge a third card. What
-- earlier plans restarted counts: `restart_count` and `history_errors` go on over every trace_start, while
-- `failed_nodes` is of the order's present life.
local starts

local function reasons(trace)
    local words = {}
    for _, problem in ipairs(trace.history_errors) do
        words[#words + 1] = ("life %d: %s"):format(problem.life, problem.message)
    end
    return table.concat(words, "; ")
end

return {
    api = 1,
    shard = "trace",
    summary = "recover: start orders over in which a node failed, at most so many times",
    args = { starts = { type = "integer", default = 2, min = 0, help = "how often an order is started over" } },

    start = function(args)
        starts = args.starts
    end,

    recover = function(trace, default)
        if #trace.failed_nodes == 0 then
            return default
        elseif trace.restart_count < starts then
            return tracereel.restart()
        end
        return tracereel.fail(("started over %d times; %s"):format(trace.restart_count, reasons(trace)))
    end,
}
