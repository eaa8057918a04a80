-- Which traces have waited for a person longer than a limit, for which hook, and what happens when the time is up.
local limit_ns

return {
    api = 1,
    summary = "suspended traces that have waited longer than a limit",
    args = { limit = { type = "duration", default = "250ms", help = "how long is too long, in the log's time" } },
    start = function(args)
        limit_ns = args.limit
    end,
    finish = function(log)
        local now_ns = log:stats().now_ns
        local rows = { { "trace", "node", "waits", "hook", "then" } }
        for _, trace in ipairs(log:traces()) do
            local suspension = trace.suspension
            if suspension and now_ns - suspension.since_ns > limit_ns then
                local hook = suspension.decoded or {}
                local timeout = math.type(hook.timeout_secs) and ("%s after %d s"):format(hook.timeout_action,
                    hook.timeout_secs) or "waits for ever"
                rows[#rows + 1] = { trace.id:sub(1, 8), suspension.node_id,
                    tracereel.duration(now_ns - suspension.since_ns), hook.hook_id or "?", timeout }
            end
        end
        return rows
    end,
}
