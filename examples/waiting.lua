-- Which traces have waited for a person longer than a limit, for which hook, and what happens when the time is up.
local limit_ns

return {
    api = 1,
    shard = "trace",
    associative = true,
    merge = tracereel.merge.list,
    summary = "suspended traces that have waited longer than a limit",
    args = { limit = { type = "duration", default = "250ms", help = "how long is too long, in the log's time" } },
    start = function(args)
        limit_ns = args.limit
    end,
    finish = function(log)
        local now_ns = log:stats().now_ns
        local waits = {}
        for _, trace in ipairs(log:traces()) do
            local suspension = trace.suspension
            if suspension and now_ns - suspension.since_ns > limit_ns then
                local hook = suspension.decoded or {}
                local timeout = math.type(hook.timeout_secs) and ("%s after %d s"):format(hook.timeout_action,
                    hook.timeout_secs) or "waits for ever"
                waits[#waits + 1] = { trace.id, suspension.node_id, now_ns - suspension.since_ns, hook.hook_id or "?",
                    timeout }
            end
        end
        return waits
    end,
    show = function(waits)
        table.sort(waits, function(a, b)
            return a[1] < b[1]
        end)
        local rows = { { "trace", "node", "waits", "hook", "then" } }
        for _, wait in ipairs(waits) do
            rows[#rows + 1] = { wait[1]:sub(1, 8), wait[2], tracereel.duration(wait[3]), wait[4], wait[5] }
        end
        return rows
    end,
}
