-- Logs of traces of one node that needs one of a few places, scheduled first come, first served by a list of the times
-- at which places are free: nothing of what is tested has a part in it.
local simulation_logs = require "tests.spec.simulation_logs"

local queue_logs = {}

-- Numbers from 0 to below 1, the same everywhere (Lehmer's generator).
function queue_logs.random(seed)
    local state = seed
    return function()
        state = state * 48271 % 2147483647
        return state / 2147483647
    end
end

---Times in ms of arrivals: exponential intervals, each half of the time with a rate of its own.
---@param rates number[] traces a second
---@param half_ms number
function queue_logs.arrivals(random, rates, half_ms)
    local times = {}
    for part, rate in ipairs(rates) do
        local now = (part - 1) * half_ms - math.log(1 - random()) * 1000 / rate
        while now < part * half_ms do
            times[#times + 1] = now
            now = now - math.log(1 - random()) * 1000 / rate
        end
    end
    return times
end

---When each trace starts and ends, in ms.
---@param arrivals number[] ascending
---@param services number[]
---@param places integer
function queue_logs.schedule(arrivals, services, places)
    local free, spans = {}, {}
    for place = 1, places do
        free[place] = 0
    end
    for index, arrival in ipairs(arrivals) do
        local first = 1
        for place = 2, places do
            first = free[place] < free[first] and place or first
        end
        local start = math.max(arrival, free[first])
        free[first] = start + services[index]
        spans[index] = { arrival = arrival, start = start, stop = free[first] }
    end
    return spans
end

---Writes a log of such spans, and answers with its directory. `fails(index)`: whether the node fails, and its trace.
function queue_logs.write(spans, fails)
    local records = {}
    for index, span in ipairs(spans) do
        local has_failed = fails and fails(index)
        for place, record in ipairs {
            { "trace_start", span.arrival, 0 }, { "node_start", span.start, 1 },
            { has_failed and "node_error" or "node_done", span.stop, 1 },
            { has_failed and "trace_failed" or "trace_complete", span.stop, 0 },
        } do
            -- Whole microseconds, so that what is written is what is expected.
            record[2], record[4], record.place = math.floor(record[2] * 1000 + 0.5) / 1000, index, place
            record.fields = has_failed and place > 2 and { error_message = "failed" } or nil
            records[#records + 1] = record
        end
    end
    table.sort(records, function(a, b)
        if a[2] ~= b[2] then
            return a[2] < b[2]
        end
        return a[4] < b[4] or a[4] == b[4] and a.place < b.place
    end)
    return simulation_logs.write(records)
end

return queue_logs
