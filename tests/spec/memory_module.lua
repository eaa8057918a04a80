-- For lua5.4 with build/failing_memory.so before it: in each piece of work with the module, allocation N fails, for
-- every STRIDE-th N until none does. Prints what is wrong, a line each, and at the end how many were tried.
--
--   LD_PRELOAD=build/failing_memory.so lua5.4 tests/spec/memory_module.lua build STRIDE
local build, stride = arg[1], math.tointeger(arg[2])
local memory = assert(package.loadlib(build .. "/failing_memory.so", "luaopen_failing_memory"))()
local reel = require "tracereel"

local log_path = "examples/killed/wal"
local times_of = { once = 1, again = 2, all = 0 }
local modes = { "once", "again", "all" }

local function open(options)
    return reel.open(log_path, options)
end

-- Each gives a text back, which is the same whenever it does not fail.
local works = {}

function works.replay()
    local counts, log = {}, open()
    log:replay({
        record = function(rec, trace)
            counts[#counts + 1] = rec:json() .. (trace and trace.status or "-")
        end,
        node_done = function(rec, trace)
            counts[#counts + 1] = ("%d %d %s"):format(rec.node_id, #trace:node(rec.node_id).attempts,
                tostring(trace.metadata_table))
        end,
        gap = function(gap)
            counts[#counts + 1] = gap.class
        end,
    })
    for _, trace in ipairs(log:traces()) do
        counts[#counts + 1] = trace:json()
    end
    return table.concat(counts, "\n"):gsub("table: 0x%x+", "table")
end

function works.pull()
    local kept, log = {}, open()
    for rec, trace in log:records() do
        kept[#kept + 1] = rec:json() .. (trace and trace.id or "-")
    end
    return table.concat(kept, "\n")
end

function works.histories()
    local seen = {}
    open():replay { record = function(rec, trace)
        seen[#seen + 1] = rec.type .. (trace and #trace.errors + #trace.suspensions or "-")
    end }
    return table.concat(seen, " ")
end

function works.timing()
    local timing = reel.timing(nil, 3)
    open():replay { timing = timing }
    return reel.json(timing:report())
end

function works.histogram()
    local histogram, other = reel.histogram(), reel.histogram()
    for value = 1, 40 do
        histogram:add(value ^ 5 // 1 | 0)
        other:add(value * 1000)
    end
    histogram:merge(other)
    return ("%d %d"):format(histogram.count, histogram:quantile(0.5))
end

function works.state()
    local log, state = open(), reel.state()
    for rec in log:records() do
        state:apply(rec)
    end
    local parts = {}
    for _, trace in ipairs(state:traces()) do
        parts[#parts + 1] = trace:json()
    end
    return table.concat(parts, "\n")
end

function works.json()
    local value = reel.json_decode('{"a":[1,2,{"b":"\\u00e4\\n"}],"c":1.5,"d":18446744073709551615,"e":{"f":[[[]]]}}')
    return reel.json(value)
end

-- A coroutine begins with a small stack, which has to grow for what is nested.
function works.stacks()
    local thread = coroutine.create(function(text)
        return reel.json(reel.json_decode(text))
    end)
    local called, text = coroutine.resume(thread, ("["):rep(30) .. '{"a":[1]}' .. ("]"):rep(30))
    return called and text or error(text, 0)
end

function works.outputs()
    local log, parts = open(), {}
    reel.arenas "examples/killed/arenas"
    log:replay {}
    for _, trace in ipairs(log:traces()) do
        for _, node in ipairs(trace.nodes) do
            parts[#parts + 1] = tostring(trace:output(node.id))
        end
    end
    return table.concat(parts, "\n")
end

function works.script()
    local script, log = reel.script "lua/tracereel/scripts/errors.lua", open()
    return reel.json { script:run(log) }
end

-- Of these each allocation fails, whatever the stride.
local is_small = { stacks = true, json = true }

-- ---- the harness ----

-- More than once: objects with finalizers go at the second time, and of what a deep call has left, a half each time.
local function collect()
    for _ = 1, 6 do
        collectgarbage()
    end
end

-- This file's own name, with a line, may be before it.
local function is_about_memory(problem)
    return tostring(problem):gsub("memory_module", ""):find("memory", 1, true) ~= nil
end

local tried_count = 0

-- One run with that allocation refused: what is wrong, how many were refused, and how many blocks it has left.
local function run_refused(work, whole, first, mode)
    collect()
    local blocks = memory.live_blocks()
    memory.begin(first, times_of[mode])
    local called, result = pcall(work)
    local _, refused = memory.finish()
    local problem
    if called and result ~= whole then
        problem = "another answer"
    elseif not called and not is_about_memory(result) then
        problem = tostring(result)
    end
    called, result = nil, nil -- luacheck: ignore
    collect()
    return problem, refused, memory.live_blocks() - blocks
end

-- What is kept for good is left by the first run alone: a leak is what every further one leaves as well.
local function left_each_time(work, whole, first, mode)
    local least = math.maxinteger
    for _ = 1, 3 do
        local _, _, left = run_refused(work, whole, first, mode)
        least = math.min(least, left)
    end
    return least
end

local function try(name, work, whole, first, mode)
    local problem, refused, left = run_refused(work, whole, first, mode)
    tried_count = tried_count + 1
    if left > 0 then
        left = left_each_time(work, whole, first, mode)
    end
    if left > 0 then
        problem = left .. " blocks are left"
    end
    if problem then
        print(("%s: allocation %d, %s: %s"):format(name, first, mode, problem))
    end
    return refused > 0
end

local names = {}
for name in pairs(works) do
    names[#names + 1] = name
end
table.sort(names)
for _, name in ipairs(names) do
    local work = works[name]
    local whole = work()
    assert(work() == whole, name)
    for _, mode in ipairs(modes) do
        local first = 1
        while try(name, work, whole, first, mode) do
            first = first + (is_small[name] and 1 or stride)
        end
    end
end
print(tried_count .. " tried")
