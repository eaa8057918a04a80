local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local function no_question()
    error "a question"
end

-- Trace N arrives at N * N seconds, and its node 1 runs N milliseconds: its length says which one it is.
local function log_of(count)
    local records = {}
    for trace = 1, count do
        local at = trace * trace * 1000
        for _, record in ipairs {
            { "trace_start", at, 0, trace }, { "node_start", at, 1, trace }, { "node_done", at + trace, 1, trace },
            { "trace_complete", at + trace, 0, trace },
        } do
            records[#records + 1] = record
        end
    end
    return simulation_logs.write(records)
end

-- Of each trace of the simulated log, in the order of arrival: its number in the recorded one, its arrival in seconds,
-- its id.
local function simulate(log, scenario)
    local recording = core.recording(log)
    local directory = helper.directory() .. "/simulated"
    scenario.nodes = {}
    recording:simulate(scenario, directory, no_question)
    local numbers, moments, ids, started = {}, {}, {}, {}
    for rec in reel.open(directory):records() do
        if rec.type == "trace_start" then
            ids[#ids + 1] = rec.trace_id
            started[rec.trace_id] = rec.timestamp_ns
            moments[#moments + 1] = (rec.timestamp_ns - simulation_logs.start_ns) // 1000000000
        elseif rec.type == "trace_complete" then
            numbers[#numbers + 1] = (rec.timestamp_ns - started[rec.trace_id]) // simulation_logs.millisecond
        end
    end
    return numbers, moments, ids
end

local function different(list)
    local seen, count = {}, 0
    for _, item in ipairs(list) do
        count = count + (seen[item] and 0 or 1)
        seen[item] = true
    end
    return count
end

describe("the traces that arrive in a simulation of a resample", function()
    after_each(helper.clean)

    it("are blocks of traces that follow each other, the first after the last, at the recorded moments", function()
        local numbers, moments, ids = simulate(log_of(40), { resample_block = 10, seed = 3 })
        assert.equal(1600, moments[40])
        assert.same({ 1, 4, 9, 16, 25 }, table.move(moments, 1, 5, 1, {}))
        assert.equal(40, different(ids))
        assert.equal(40, #numbers)
        for place, number in ipairs(numbers) do
            if place % 10 ~= 1 then
                assert.equal(numbers[place - 1] % 40 + 1, number)
            end
        end
        assert.is_true(different { numbers[1], numbers[11], numbers[21], numbers[31] } > 1)
        assert.not_same(numbers, (simulate(log_of(40), { resample_block = 10, seed = 4 })))
        assert.same(numbers, (simulate(log_of(40), { resample_block = 10, seed = 3 })))
    end)

    it("are drawn from it where more arrive than it holds", function()
        local numbers = simulate(log_of(40), { resample_block = 1, seed = 5, traces = 1000 })
        local first = table.move(numbers, 1, 40, 1, {})
        assert.equal(different(first), different(numbers)) -- 960 draws from 40 places miss none but by 40 * e^-24
    end)

    it("are never those that are left out because the log is damaged while they are open", function()
        local log = log_of(5)
        local path = log .. "/" .. reel.open(log).segments[1].name
        local bytes = helper.read(path)
        local place = #bytes // 20 * 9 + #bytes // 40 -- in the second record of the third trace: all are as long
        helper.write(path, bytes:sub(1, place - 1) .. string.char(bytes:byte(place) ~ 255) .. bytes:sub(place + 1))
        assert.equal(1, core.recording(log):stats().tainted_traces)
        for _, block in ipairs { 1, 2 } do
            local numbers, moments = simulate(log, { resample_block = block, traces = 100 })
            assert.equal(100, #numbers)
            assert.same({ 1, 4, 16, 25 }, table.move(moments, 1, 4, 1, {}))
            for _, number in ipairs(numbers) do
                assert.not_equal(3, number)
            end
        end
    end)
end)
