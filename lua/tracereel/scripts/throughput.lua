-- What the engine was doing, second by second of the log's time.
local rows = { { "time", "in flight", "started", "done", "failed" } }
local in_flight, started, done, failed = 0, 0, 0, 0

return {
    api = 1,
    summary = "traces in flight, started, done and failed in each second of the log",
    every = "1s",

    trace_start = function(_, trace)
        started = started + 1
        in_flight = in_flight + (trace.restart_count > 0 and 0 or 1)
    end,

    trace_complete = function(_, trace)
        done = done + 1
        in_flight = in_flight - (trace and 1 or 0)
    end,

    trace_failed = function(_, trace)
        failed = failed + 1
        in_flight = in_flight - (trace and 1 or 0)
    end,

    tick = function(now_ns)
        if started + done + failed > 0 then
            rows[#rows + 1] = { tracereel.time(now_ns), in_flight, started, done, failed }
            started, done, failed = 0, 0, 0
        end
    end,

    finish = function(log)
        rows[#rows + 1] = { tracereel.time(log:stats().now_ns), in_flight, started, done, failed }
        return rows
    end,
}
