-- What happens after a record, held against the list of all records.
local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local function problem_of(callee, ...)
    local called, problem = pcall(callee, ...)
    assert.is_false(called)
    return tostring(problem)
end

-- Every record, with the trace's state after it as the state machine has it, and the life of its trace.
local function read_all(path)
    local all, life_of = {}, {}
    for rec, trace in reel.open(path):records() do
        local one = { type = rec.type, node_id = rec.node_id, timestamp_ns = rec.timestamp_ns }
        all[#all + 1] = one
        if trace then
            one.life = life_of[rec.trace_id] or {}
            life_of[rec.trace_id] = trace.open and one.life or nil
            one.life[#one.life + 1] = #all
            one.life.outcome = trace.open and "open" or trace.status
            one.is_open = trace.open
        end
    end
    return all
end

local function times_after(all, number, kind, node)
    local times
    for _, later in ipairs(all[number].life or {}) do
        local rec = all[later]
        if later > number and rec.type == kind and (not node or rec.node_id == node) then
            times = times or {}
            times[#times + 1] = rec.timestamp_ns
        end
    end
    return times
end

describe("a future", function()
    after_each(helper.clean)

    for _, name in ipairs { "orders", "done-only", "edge", "restarted", "lost-page", "snapshot" } do
        it("says what the later records of a trace say: " .. name, function()
            local path = helper.log(name)
            local all, history = read_all(path), reel.open(path):history()
            assert.equal(#all, #history)
            for number, one in ipairs(all) do
                local future = history:future(number)
                assert.equal(one.life and one.life.outcome or "open", future.outcome)
                for kind, means in pairs(record_bytes.meanings) do
                    if means.trace and not means.node then
                        assert.are.same(times_after(all, number, kind), future[kind])
                    end
                    for _, node in ipairs(means.node and { 0, 3, 4, 8, 4000000000 } or {}) do
                        assert.are.same(times_after(all, number, kind, node), future[kind][node])
                    end
                end
                local later = 0
                for _, other in ipairs(one.life or {}) do
                    later = later + (other > number and 1 or 0)
                end
                assert.equal(later, future.record_count)
                assert.equal(later, #future:records())
            end
        end)
    end

    it("ends with its trace", function()
        local path = helper.log("all-complete")
        local all, history = read_all(path), reel.open(path):history()
        for number, one in ipairs(all) do
            local life = one.life
            assert.equal(all[life[#life]].timestamp_ns, history:future(number).end_ns)
        end
        local open = reel.open(helper.log("orders"))
        local last = open:history()
        assert.is_nil(last:future(#last).end_ns)
    end)

    it("says what really happened, though recovery cannot see it", function()
        local path = helper.log("orders")
        local all = read_all(path)
        for _, lost in ipairs { 0, 3 } do
            local history = reel.open(path):history(lost)
            for number, one in ipairs(all) do
                local expected, first = {}, nil
                for _, later in ipairs(one.life or {}) do
                    first = first or later > number and later
                    local announces = all[later].type:find("start") or all[later].type == "loop_iteration"
                    if later > number and (later - first < lost or later - first == lost and not announces) then
                        expected[#expected + 1] = { type = all[later].type, node_id = all[later].node_id,
                            timestamp_ns = all[later].timestamp_ns }
                    end
                end
                assert.are.same(expected, history:future(number).unseen)
            end
        end
    end)

    it("stays readable after its log and its history are gone", function()
        local future = reel.open(helper.log("orders")):history():future(1)
        local times = future.node_done
        local before = times[0]
        collectgarbage()
        collectgarbage()
        assert.are.same(before, times[0])
        assert.equal("complete", future.outcome)
    end)

    it("lists its fields when asked for an unknown one, and cannot be changed", function()
        local history = reel.open(helper.log("orders")):history()
        local future = history:future(1)
        assert.matches("a future has no field 'done'; it has end_ns, loop_exit", problem_of(function()
            return future.done
        end))
        assert.matches("read%-only", problem_of(function()
            future.outcome = "complete"
        end))
        assert.matches("node_id", problem_of(function()
            return future.node_done.three
        end))
        assert.matches("number of a record", problem_of(history.future, history, #history + 1))
        assert.matches("number of a record", problem_of(history.future, history, 0))
    end)
end)

describe("log:pick", function()
    after_each(helper.clean)

    it("gives the records with the given numbers", function()
        local path = helper.log("orders")
        local expected, numbers = {}, {}
        local number = 0
        for rec in reel.open(path):records() do
            number = number + 1
            if number % 97 == 1 then
                expected[#expected + 1], numbers[#numbers + 1] = rec, number
            end
        end
        local picked = reel.open(path):pick(numbers)
        assert.equal(13, #picked)
        for index, rec in ipairs(expected) do
            assert.is_true(rec == picked[index])
            assert.equal(rec.segment, picked[index].segment)
            assert.equal(rec.offset, picked[index].offset)
        end
    end)

    it("requires ascending numbers, and ignores those after the last record", function()
        local log = reel.open(helper.log("orders"))
        assert.are.same({}, log:pick {})
        assert.equal(1, #log:pick { 1, 1000000 })
        assert.matches("each larger than the one before", problem_of(log.pick, log, { 2, 2 }))
        assert.matches("each larger than the one before", problem_of(log.pick, log, { 0 }))
    end)
end)
