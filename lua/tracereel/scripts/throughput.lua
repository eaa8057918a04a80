-- What the engine was doing, second by second of the log's time.
--
-- It has no `merge`: seconds in which nothing happened have no row, so that of two logs nobody knows how many traces
-- were in flight in the seconds of the other one; and its `tick` goes with the records of all traces, so that it has no
-- shards.
local rows = { { "time", "in flight", "started", "done", "failed" } }
local in_flight, started, done, failed = 0, 0, 0, 0
local older = 0 -- traces that were open in a snapshot when the log began: in flight from the first row on

-- Each trace is counted once, when it begins or when it is first met.
local function meet(trace)
    local is_new = not trace.data.is_met
    trace.data.is_met = true
    return is_new
end

local function close(trace)
    if trace then
        in_flight = in_flight - 1
        older = older + (meet(trace) and 1 or 0)
    end
end

return {
    api = 1,
    summary = "traces in flight, started, done and failed in each second of the log",
    every = "1s",

    trace_start = function(_, trace)
        started = started + 1
        if not meet(trace) then
            return
        elseif trace.restart_count > 0 then
            older = older + 1
        else
            in_flight = in_flight + 1
        end
    end,

    trace_complete = function(_, trace)
        done = done + 1
        close(trace)
    end,

    trace_failed = function(_, trace)
        failed = failed + 1
        close(trace)
    end,

    tick = function(now_ns)
        if started + done + failed > 0 then
            rows[#rows + 1] = { tracereel.time(now_ns), in_flight, started, done, failed }
            started, done, failed = 0, 0, 0
        end
    end,

    finish = function(log)
        for _, trace in ipairs(log:traces()) do
            older = older + (meet(trace) and 1 or 0)
        end
        rows[#rows + 1] = { tracereel.time(log:stats().now_ns), in_flight, started, done, failed }
        for index = 2, #rows do
            rows[index][2] = rows[index][2] + older
        end
        return rows
    end,
}
