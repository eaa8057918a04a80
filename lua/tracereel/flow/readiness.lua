-- When the nodes of a trace could have begun: what a node waited for a place is no sign of what it comes after. The log
-- says when each was ready, or it is worked out from what the node could have waited for besides.
local places = require "tracereel.flow.places"

local readiness = {}

-- Of a log that says when each node was ready: where all of them together waited for less than this share of the time
-- that they ran, it was the way to the worker and no queue.
local min_waited_share = 0.05

-- Of a log that does not say it: the queue was the same in all traces. A larger spread explains more, often wrongly.
local max_spread = 1e-9

-- Which of the trace's runs each was in the order of their starts, and how many had begun by its end. Of two that began
-- at one time the first in the log is first.
local function note_ranks(runs)
    local started, ended = table.move(runs, 1, #runs, 1, {}), table.move(runs, 1, #runs, 1, {})
    table.sort(started, function(a, b)
        if a.began_ns ~= b.began_ns then
            return a.began_ns < b.began_ns
        end
        return a.place < b.place
    end)
    table.sort(ended, function(a, b)
        return a.ended_ns < b.ended_ns
    end)
    for rank, run in ipairs(started) do
        run.rank_of_start = rank
    end
    local rank = 0
    for _, run in ipairs(ended) do
        while started[rank + 1] and started[rank + 1].began_ns <= run.ended_ns do
            rank = rank + 1
        end
        run.rank_of_end = rank
    end
end

-- Sums of how many others began between what made the node ready and its start. Where the first ready is the first that
-- runs, that is the queue which it found, and that changes little from trace to trace.
local function add_queue(sums, length)
    sums.count, sums.sum, sums.squares = sums.count + 1, sums.sum + length, sums.squares + length * length
end

local function new_sums()
    return { count = 0, sum = 0, squares = 0 }
end

local function spread(sums)
    return sums.squares / sums.count - (sums.sum / sums.count) ^ 2
end

-- What could have made the node ready in each of its traces, no place being free from its end on until the node began:
-- the one after which the queue was most alike; false for the trace's beginning, nil where nothing fits all traces.
local function best_explanation(node, traces, before, idle)
    local sums, beginning, count = {}, new_sums(), 0
    for _, trace in ipairs(traces) do
        local run = trace.run_of[node]
        if run then
            count = count + 1
            for _, other in ipairs(before) do
                local cause = trace.run_of[other]
                if cause and cause.ended_ns >= idle[run] then
                    sums[other] = sums[other] or new_sums()
                    add_queue(sums[other], run.rank_of_start - cause.rank_of_end)
                end
            end
            if trace.begin_ns >= idle[run] then
                add_queue(beginning, run.rank_of_start)
            end
        end
    end
    local best, least = nil, max_spread
    if beginning.count == count and spread(beginning) < least then
        best, least = false, spread(beginning)
    end
    for _, other in ipairs(before) do
        if sums[other] and sums[other].count == count and spread(sums[other]) < least then
            best, least = other, spread(sums[other])
        end
    end
    return best
end

-- Sets ready_ns of the runs by what explains their starts. What is left without one began when it did, and what ended
-- last before may only have given it its place.
local function estimate(traces, node_count, before_of, idle)
    for _, trace in ipairs(traces) do
        note_ranks(trace)
    end
    for node = 1, node_count do
        local best = best_explanation(node, traces, before_of(node), idle)
        for _, trace in ipairs(traces) do
            local run = trace.run_of[node]
            if run and best ~= nil then
                run.ready_ns = best and trace.run_of[best].ended_ns or trace.begin_ns
            elseif run then
                run.is_unclear = idle[run] < run.began_ns
            end
        end
    end
end

---Sets `ready_ns` of each run, where it is not known.
---@param traces table[][] by trace: its runs in the order of their first records, each with began_ns, ended_ns, and
---ready_ns where the log says it; run_of has them by node, begin_ns is when the trace's first node was ready
---@param node_count integer
---@param before_of fun(node: integer): integer[] those that had always ended when it began
---@return tracereel.flow_places|nil the places that nodes waited for; nil where nobody waited
function readiness.find(traces, node_count, before_of)
    local known, waited_ns, ran_ns = 0, 0, 0
    for _, runs in ipairs(traces) do
        for _, run in ipairs(runs) do
            known = known + (run.ready_ns and 1 or 0)
            waited_ns = waited_ns + (run.ready_ns and run.began_ns - run.ready_ns or 0)
            ran_ns = ran_ns + run.ended_ns - run.began_ns
        end
    end
    local found = places.find(traces)
    if known == 0 and found then
        estimate(traces, node_count, before_of, found.idle)
    elseif known > 0 then
        found = waited_ns >= min_waited_share * ran_ns and waited_ns > 0 and (found or {}) or nil
    end
    if found then
        found.is_told = known > 0
    end
    for _, runs in ipairs(traces) do
        for _, run in ipairs(runs) do
            run.ready_ns = run.ready_ns or run.began_ns
        end
    end
    return found
end

return readiness
