-- Closes the traces that ended in an error. The engine drops such a trace in memory without a word in the log, so that
-- it looks unfinished, and is run again at every start.
local nodes

local last_type = {}

return {
    api = 1,
    shard = "trace",
    summary = "recover: give up on traces whose last event is an error",
    args = { node = { type = "integer", min = 0, help = "only where that node failed" } },

    start = function(args)
        nodes = args.node
        last_type = {}
    end,

    record = function(rec, trace)
        if trace then
            last_type[rec.trace_id] = trace.open and rec.type or nil
        end
    end,

    recover = function(trace, default)
        if last_type[trace.id] ~= "node_error" then
            return default
        end
        local last = trace.errors[#trace.errors]
        if nodes and last.node_id ~= nodes then
            return default
        end
        return tracereel.fail(("node %d failed: %s"):format(last.node_id, last.message))
    end,
}
