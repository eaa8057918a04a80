-- Closes the traces that began longer ago than an age, as of the end of the log or of a given time.
local age_ns, now_ns, takes_suspended, log_of_run

return {
    api = 1,
    shard = "trace",
    summary = "recover: give up on traces older than an age",
    args = {
        age = { type = "duration", default = "24h", help = "how old is too old, from the trace's start" },
        now_ns = { type = "integer", min = 0, help = "the time, in ns since 1970; the end of the log otherwise" },
        suspended = { type = "boolean", default = false, help = "also those that wait for somebody" },
    },

    start = function(args, log)
        age_ns, now_ns, takes_suspended, log_of_run = args.age, args.now_ns, args.suspended, log
    end,

    recover = function(trace, default)
        -- Of a trace from a snapshot nobody knows when it began.
        if trace.from_snapshot and trace.start_ns == 0 or trace.suspended_at and not takes_suspended then
            return default
        end
        local now = now_ns or log_of_run:stats().now_ns
        local old_ns = math.ult(trace.start_ns, now) and now - trace.start_ns or 0
        if math.ult(old_ns, age_ns) or old_ns == age_ns then
            return default
        end
        return tracereel.fail(("began at %s, longer ago than %s"):format(tracereel.time(trace.start_ns),
            tracereel.duration(age_ns)))
    end,
}
