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

describe("the traces that arrive in a simulation", function()
    after_each(helper.clean)

    it("are those of the population in its order, at the recorded moments, under ids of their own", function()
        local numbers, moments, ids = simulate(log_of(5), { population = { 4, 2, 4, 4, 1 } })
        assert.same({ 4, 2, 4, 4, 1 }, numbers)
        assert.same({ 1, 4, 9, 16, 25 }, moments)
        assert.equal(5, different(ids))
    end)

    it("are drawn from the population after its last, and only from it", function()
        local numbers, moments = simulate(log_of(5), { population = { 4, 2 }, traces = 200 })
        assert.same({ 4, 2 }, { numbers[1], numbers[2] })
        assert.same({ 1, 4, 9, 16, 25 }, table.move(moments, 1, 5, 1, {}))
        local count_of = { [2] = 0, [4] = 0 }
        for _, number in ipairs(numbers) do
            count_of[number] = count_of[number] + 1
        end
        assert.equal(200, count_of[2] + count_of[4])
        assert.is_true(count_of[2] > 70 and count_of[4] > 70) -- of 200 fair draws: within 4 standard deviations
        for index = 6, 200 do -- later intervals are drawn from the recorded ones
            local interval = moments[index] - moments[index - 1]
            assert.is_true(({ [3] = true, [5] = true, [7] = true, [9] = true })[interval], interval)
        end
    end)

    it("can come at the moments of the later traces of the log alone", function()
        local numbers, moments = simulate(log_of(6), { population = { 1, 2 }, draws_all = true, first_moment = 4 })
        assert.same({ 16, 25, 36 }, moments)
        for _, number in ipairs(numbers) do
            assert.is_true(number == 1 or number == 2)
        end
    end)

    it("are all drawn where the scenario says so", function()
        local numbers, moments = simulate(log_of(40), { draws_all = true })
        assert.equal(40, #numbers)
        assert.equal(1600, moments[40])
        -- 40 draws from 40 hit 25.5 different ones on average, with a standard deviation of 2.0.
        assert.is_true(different(numbers) >= 18 and different(numbers) <= 33, different(numbers))
    end)

    it("are as many blocks of traces that follow each other as a resample needs, the first after the last", function()
        local numbers = simulate(log_of(40), { resample_block = 10, seed = 3 })
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

    it("are drawn from the resample where more arrive than it holds", function()
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
        for _, scenario in ipairs { { draws_all = true, traces = 100 }, { resample_block = 1, traces = 100 } } do
            local numbers, moments = simulate(log, scenario)
            assert.equal(100, #numbers)
            assert.same({ 1, 4, 16, 25 }, table.move(moments, 1, 4, 1, {}))
            for _, number in ipairs(numbers) do
                assert.not_equal(3, number)
            end
        end
        assert.is_false((pcall(simulate, log, { population = { 3 } })))
    end)

    it("cannot be traces that the log does not have", function()
        local log = log_of(3)
        for _, wrong in ipairs { { population = { 4 } }, { population = { 0 } }, { population = {} },
            { first_moment = 4 } } do
            assert.is_false((pcall(simulate, log, wrong)))
        end
    end)
end)
