-- Every kind of decision, and every handler, for changes to begin from.
local count = 0

return {
    api = 1,
    summary = "every kind of decision",
    args = { node = { type = "integer", default = 3 }, age = { type = "duration", default = "1h" } },
    every = "100ms",
    start = function(_, log)
        count = #log.segments
    end,
    tick = function(now_ns)
        count = count + now_ns % 3
    end,
    record = function(rec, trace)
        count = count + #rec + (trace and trace.record_count or 0)
    end,
    gap = function(gap)
        count = count + gap.length
    end,
    violation = function(_, _, code)
        count = count + #code
    end,
    recover = function(trace, default)
        count = count + 1
        local node = trace.last_completed_node or 0
        local choices = {
            function() return nil end,
            function() return default:because("as it is") end,
            function() return tracereel.fail("made to fail") end,
            function() return tracereel.complete() end,
            function() return tracereel.hold("a person must look") end,
            function() return tracereel.retry({ node, node + 1 }) end,
            function() return tracereel.resume_from(node):rerun({ node }) end,
            function() return tracereel.restart():because("afresh") end,
            function() return tracereel.await(node + 1, { hook_id = "h", timeout_secs = 60 }) end,
            function() return default:skip(node + 1, { offset = 128, size = 4 }) end,
            function() return tracereel.release() end,
        }
        return choices[#trace.id:gsub("%D", "") % #choices + 1]()
    end,
    check = function(_, decision, future)
        return decision.kind ~= "fail" or future.outcome ~= "complete" or "it would have completed"
    end,
    finish = function(log)
        return { count = count, stats = log:stats() }
    end,
    merge = function(a)
        return a
    end,
}
