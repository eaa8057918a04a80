-- Holds the traces that were inside a node, for a person to look at: where running it a second time costs money.
local wanted

local function was_inside(trace)
    for _, node in ipairs(trace.started_nodes) do
        if node == wanted then
            return true
        end
    end
    return false
end

return {
    api = 1,
    shard = "trace",
    summary = "recover: hold traces that were inside a given node, for a person",
    args = { node = { type = "integer", min = 0, required = true, help = "the node that must not run again unseen" } },

    start = function(args)
        wanted = args.node
    end,

    recover = function(trace, default)
        if not trace.suspended_at and was_inside(trace) then
            return tracereel.hold(("it was inside node %d when the engine stopped"):format(wanted))
        end
        return default
    end,
}
