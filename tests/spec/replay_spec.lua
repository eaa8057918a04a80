local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local trace_a = "aaaaaaaa-0000-4000-8000-000000000001"
local second = 1000000000

-- A log of these records, opened.
local function made_log(...)
    return reel.open(record_bytes.write_log(helper.directory(), { ... }))
end

local function at(type_name, timestamp_ns, fields)
    fields = fields or {}
    fields.type, fields.timestamp_ns, fields.trace_id = type_name, timestamp_ns, fields.trace_id or trace_a
    return fields
end

local function failure_of(log, ...)
    local called, problem = pcall(log.replay, log, ...)
    assert.is_false(called)
    return problem
end

describe("log:replay", function()
    after_each(helper.clean)

    it("calls each type's handler for exactly the records of that type, in order", function()
        local handlers, seen = {}, {}
        for _, type_name in ipairs(reel.types) do
            handlers[type_name] = function(rec)
                seen[#seen + 1] = type_name .. rec.timestamp_ns
            end
        end
        local expected = {}
        for index, record in ipairs(helper.expected("orders", "records")) do
            expected[index] = record.type .. record.timestamp_ns:sub(2)
        end
        local log = reel.open(helper.log("orders"))
        assert.are.equal(log, log:replay(handlers))
        assert.are.same(expected, seen)
    end)

    it("calls the type's own handler, then record, then violation for each violation; table after table", function()
        local calls = {}
        local function noting(name)
            return function(rec, _, code)
                calls[#calls + 1] = name .. " " .. rec.type .. (code and " " .. code or "")
            end
        end
        local log = made_log(at("trace_start", 1), at("trace_start", 2), at("loop_exit", 3, { node_id = 8 }))
        log:replay({ trace_start = noting("a"), record = noting("a.record"), violation = noting("a.violation") },
            { violation = noting("b.violation"), loop_exit = noting("b") })
        assert.are.same({
            "a trace_start", "a.record trace_start",
            "a trace_start", "a.record trace_start", "a.violation trace_start trace_restarted",
            "b.violation trace_start trace_restarted",
            "a.record loop_exit", "a.violation loop_exit exit_without_iteration",
            "b loop_exit", "b.violation loop_exit exit_without_iteration",
        }, calls)
    end)

    it("passes a handler what it takes: nothing, the record, or the record and the trace", function()
        local seen = {}
        reel.open(helper.log("edge")):replay({
            record = function(...)
                seen.all = seen.all or table.pack(...)
            end,
        }, {
            record = function()
                seen.none = (seen.none or 0) + 1
            end,
        }, {
            record = function(rec)
                seen.one = rec
            end,
            violation = function(_, _, code)
                seen.code = code
            end,
        }, {
            record = math.type, -- a C function takes whatever comes
        })
        assert.are.equal(2, seen.all.n)
        assert.are.equal("trace_start", seen.all[1].type)
        assert.are.equal(seen.all[1].trace_id, seen.all[2].id)
        assert.are.equal(#helper.expected("edge", "records"), seen.none)
        assert.are.equal("string", type(seen.one.type))
        assert.is_not_nil(reel.violations[seen.code])
    end)

    it("passes nil as the trace of an orphan and of a checkpoint", function()
        local traces = {}
        made_log(at("node_done", 1), at("trace_start", 2), at("checkpoint", 3), at("trace_complete", 4),
            at("trace_resumed", 5)):replay {
            record = function(rec, trace)
                traces[#traces + 1] = rec.type .. " " .. (trace and trace.status or "nil")
            end,
        }
        assert.are.same({ "node_done nil", "trace_start running", "checkpoint nil", "trace_complete complete",
            "trace_resumed nil" }, traces)
    end)

    it("can be repeated, with the same result", function()
        local log = reel.open(helper.log("orders"))
        local counts = {}
        for pass = 1, 3 do
            counts[pass] = 0
            log:replay { node_done = function() counts[pass] = counts[pass] + 1 end }
        end
        assert.are.equal(counts[1], counts[2])
        assert.are.equal(counts[1], counts[3])
        assert.is_true(counts[1] > 100)
    end)

    it("can be nested: a handler may replay and pull the same log", function()
        local log = reel.open(helper.log("edge"))
        local outer, inner = 0, 0
        log:replay {
            record = function()
                outer = outer + 1
                log:replay { record = function() inner = inner + 1 end }
                for _ in log:records() do
                    inner = inner + 1
                end
            end,
        }
        local records = #helper.expected("edge", "records")
        assert.are.equal(records, outer)
        assert.are.equal(2 * records * records, inner)
    end)

    it("calls the gap handler where the gaps are", function()
        local seen = {}
        made_log(at("trace_start", 1), ("\255"):rep(20), at("trace_complete", 2)):replay {
            record = function(rec)
                seen[#seen + 1] = rec.type
            end,
            gap = function(gap, more)
                assert.is_nil(more)
                seen[#seen + 1] = gap.class .. " " .. gap.offset .. " " .. gap.length
                assert.is_true(gap.damage)
            end,
        }
        assert.are.same({ "trace_start", "corrupt 69 20", "trace_complete" }, seen)
    end)

    it("names a wrong key or handler before it reads anything", function()
        local log = reel.open(helper.log("edge"))
        assert.truthy(tostring(failure_of(log, { node_ended = print })):find("'node_ended'", 1, true))
        assert.truthy(tostring(failure_of(log, { [1] = print })):find("'1'", 1, true))
        assert.truthy(tostring(failure_of(log, { node_done = "no" })):find("node_done", 1, true))
        assert.truthy(tostring(failure_of(log, { tick = print })):find("every", 1, true))
        local unclear = tostring(failure_of(log, { tick = print, every = "soon" }))
        assert.truthy(unclear:find('every = "soon": "soon" is', 1, true))
        assert.truthy(tostring(failure_of(log, { tick = print, every = 0 })):find("every", 1, true))
        assert.is_false(pcall(log.replay, log))
        assert.is_false(pcall(log.replay, log, {}, 3))
        assert.are.equal(0, log:stats().records)
        log:replay { api = 1, summary = "a script", args = {}, start = print, finish = print, merge = print }
    end)
end)

describe("a filter", function()
    after_each(helper.clean)

    local function counted(filter)
        local counts = { all = 0 }
        filter.record = function(rec)
            counts.all = counts.all + 1
            counts[rec.type] = (counts[rec.type] or 0) + 1
        end
        local log = reel.open(helper.log("orders"))
        log:replay(filter)
        filter.record = nil
        local pulled = 0
        for _ in log:records(filter) do
            pulled = pulled + 1
        end
        assert.are.equal(counts.all, pulled)
        return counts
    end

    local function expected_count(accepts)
        local count = 0
        for _, record in ipairs(helper.expected("orders", "records")) do
            count = count + (accepts(record) and 1 or 0)
        end
        return count
    end

    local function names_node(record)
        return record_bytes.meanings[record.type].node
    end

    it("keeps the given types, nodes, traces and times", function()
        local first = helper.expected("orders", "records")[1]
        local since = helper.expected("orders", "records")[300].timestamp_ns:sub(2)
        local until_time = helper.expected("orders", "records")[600].timestamp_ns:sub(2)
        assert.are.equal(expected_count(function(r) return r.type == "node_done" end),
            counted { types = "node_done" }.all)
        assert.are.equal(expected_count(function(r) return r.type:find("^loop") end),
            counted { types = { "loop_iteration", "loop_exit" } }.all)
        assert.are.equal(expected_count(function(r) return r.node_id == "#3" or not names_node(r) end),
            counted { nodes = 3 }.all)
        assert.are.equal(expected_count(function(r) return r.trace_id == first.trace_id end),
            counted { traces = { first.trace_id } }.all)
        assert.are.equal(expected_count(function(r)
            return r.timestamp_ns:sub(2) >= since and r.timestamp_ns:sub(2) < until_time
        end), counted { since_ns = math.tointeger(since), until_ns = math.tointeger(until_time) }.all)
        assert.are.equal(expected_count(function(r)
            return r.type == "node_done" and (r.node_id == "#3" or r.node_id == "#5")
        end), counted { types = { "node_done" }, nodes = { 3, 5 } }.all)
    end)

    it("hides records, but not their effect on traces", function()
        local filtered = reel.open(helper.log("orders"))
        filtered:replay { types = "checkpoint", record = function() end }
        local states = {}
        for index, trace in ipairs(filtered:traces()) do
            states[index] = trace.id
        end
        for index, state in ipairs(helper.expected("orders", "states")) do
            assert.are.equal(state.trace_id, states[index])
        end
    end)

    it("applies to its own handler table only", function()
        local counts = { 0, 0, 0 }
        local function counting(index, filter)
            filter.record = function() counts[index] = counts[index] + 1 end
            return filter
        end
        reel.open(helper.log("orders")):replay(counting(1, { types = "node_done" }), counting(2, {}),
            counting(3, { types = "node_error" }))
        assert.are.same({
            expected_count(function(r) return r.type == "node_done" end),
            #helper.expected("orders", "records"),
            expected_count(function(r) return r.type == "node_error" end),
        }, counts)
    end)

    it("with a mistake is refused", function()
        local log = reel.open(helper.log("orders"))
        for _, case in ipairs { { "types", "node_ended", "node_ended" }, { "nodes", -1, "nodes" },
            { "traces", 7, "traces" }, { "since_ns", "now", "since_ns" }, { "until_ns", 0, "until_ns" } } do
            local filter = { [case[1]] = case[2] }
            assert.truthy(tostring(failure_of(log, filter)):find(case[3], 1, true))
            assert.is_false(pcall(log.records, log, filter))
        end
        assert.truthy(tostring(failure_of(log, { types = {} })):find("empty", 1, true))
        assert.is_false(pcall(log.records, log, { type = "node_done" }))
    end)
end)

describe("a tick", function()
    after_each(helper.clean)

    local function ticks_of(every, ...)
        local events = {}
        made_log(...):replay {
            every = every,
            tick = function(now_ns, more)
                assert.is_nil(more)
                events[#events + 1] = now_ns
            end,
            record = function(rec)
                events[#events + 1] = rec.type
            end,
        }
        return events
    end

    it("is called at whole multiples of log time, before the record that reaches it", function()
        assert.are.same({ "trace_start", 2 * second, "node_start", 3 * second, 4 * second, "node_done", "checkpoint" },
            ticks_of("1s", at("trace_start", second + 1), at("node_start", 2 * second), at("node_done", 4 * second + 5),
                at("checkpoint", 4 * second + 6)))
        assert.are.same({ 10, "trace_start", 15, "node_start" },
            ticks_of(5, at("trace_start", 10), at("node_start", 15)))
    end)

    it("never runs backwards", function()
        assert.are.same({ "trace_start", 10, "node_start", "node_done", 20, "checkpoint" },
            ticks_of(10, at("trace_start", 1), at("node_start", 12), at("node_done", 3), at("checkpoint", 20)))
    end)

    it("is called only once for a leap of more than a million intervals", function()
        local far = 3000000 * second
        assert.are.same({ "trace_start", far, "node_start", far + second, "node_done" }, ticks_of("1s",
            at("trace_start", 1), at("node_start", far + 5), at("node_done", far + second)))
    end)

    it("stops where 64 bits end", function()
        -- The second multiple of 2^63 - 5 is 2^64 - 10; the third would not fit.
        assert.are.same({ "trace_start", math.maxinteger - 4, -10, "node_start", "node_done" },
            ticks_of(math.maxinteger - 4, at("trace_start", 1), at("node_start", -1), at("node_done", -1)))
    end)
end)

describe("an error in a handler", function()
    after_each(helper.clean)

    it("becomes a failure with the script's line, the record's place and its trace, and a traceback", function()
        local function thrower(rec)
            error("bad " .. rec.type)
        end
        local problem = failure_of(reel.open(helper.log("orders")), { node_error = thrower })
        local first
        for rec in reel.open(helper.log("orders")):records { types = "node_error" } do
            first = first or rec
        end
        assert.are.equal("script", problem.kind)
        for _, part in ipairs { "replay_spec.lua:", "bad node_error", first.segment, "offset " .. first.offset,
            first.trace_id } do
            assert.truthy(problem.message:find(part, 1, true), problem.message .. " lacks " .. part)
        end
        assert.are.equal(problem.message, tostring(problem))
        assert.truthy(problem.traceback:find("thrower", 1, true) or problem.traceback:find("replay_spec", 1, true))
        assert.are.equal("string", type(getmetatable(problem)))
    end)

    it("names its place for gaps and ticks, too, and may be any value", function()
        local log = made_log(at("trace_start", 1), ("\255"):rep(20), at("trace_complete", 2))
        assert.truthy(failure_of(log, { gap = function() error("no") end }).message:find("offset 69, a gap", 1, true))
        local ticking = { every = 1, tick = function() error("no") end }
        assert.truthy(failure_of(log, ticking).message:find("in tick", 1, true))
        local shown = setmetatable({}, { __tostring = function() return "shown as this" end })
        assert.truthy(failure_of(log, { record = function() error(shown) end }).message:find("shown as this", 1, true))
        assert.truthy(failure_of(log, { record = function() error() end }).message:find("nil", 1, true))
        assert.truthy(failure_of(log, { record = function() error {} end }).message
            :find("^%(the error is a table value%) %(in record at "))
        local nested = failure_of(log, { record = function() reel.open("/nowhere/at/all") end })
        assert.are.equal("not_a_log", nested.kind) -- as in start and finish: what is not there is no mistake in a text
        assert.truthy(nested.message:find("/nowhere/at/all", 1, true))
    end)

    it("leaves the log usable, however often it happens", function()
        local log = reel.open(helper.log("edge"))
        local kept
        for _ = 1, 300 do
            failure_of(log, { record = function(_, trace) kept = trace or kept error("again") end })
        end
        assert.is_true(kept.open)
        assert.are.equal("running", kept.status)
        local count = 0
        log:replay { record = function() count = count + 1 end }
        assert.are.equal(#helper.expected("edge", "records"), count)
    end)

    it("by endless recursion is survived", function()
        local function deeper(rec)
            return 1 + deeper(rec)
        end
        local problem = failure_of(reel.open(helper.log("edge")), { record = deeper })
        assert.truthy(problem.message:find("stack overflow", 1, true))
    end)

    it("that yields across the replay is an error, not a crash", function()
        local log = reel.open(helper.log("edge"))
        local thread = coroutine.create(function()
            log:replay { record = function() coroutine.yield() end }
        end)
        local resumed, problem = coroutine.resume(thread)
        assert.is_false(resumed)
        assert.truthy(tostring(problem):find("yield", 1, true))
    end)
end)
