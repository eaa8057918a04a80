local helper = require "tests.spec.helper"
local observation = require "tracereel.backtest.observation"
local queue_logs = require "tests.spec.queue_logs"
local survival = require "tracereel.backtest.survival"

-- The share of traces that last longer than that, by Kaplan and Meier: the product, over all times up to it at which
-- one ended, of the share of those still there that did not end. `ends`: which kind of end counts.
local function share_above(durations, are_closed, ends, time, has_time)
    local product, seen = 1.0, {}
    for _, at in ipairs(durations) do
        if not seen[at] and (at < time or has_time and at == time) then
            seen[at] = true
            local at_risk, ended = 0, 0
            for index, duration in ipairs(durations) do
                -- Where a trace closed and another was cut off at the same time, the closed one is gone first.
                local is_there = duration > at or duration == at and (ends or not are_closed[index])
                at_risk = at_risk + (is_there and 1 or 0)
                ended = ended + (duration == at and are_closed[index] == ends and 1 or 0)
            end
            product = product * (at_risk > 0 and 1 - ended / at_risk or 1)
        end
    end
    return product
end

local function sample(seed, count, closed_share, distinct)
    local random = queue_logs.random(seed)
    local durations, are_closed = {}, {}
    for index = 1, count do
        durations[index] = math.floor(random() * distinct)
        are_closed[index] = random() < closed_share
    end
    return durations, are_closed
end

describe("weights of traces that were open at a cut", function()
    it("are those of Kaplan and Meier's estimate, and the inverse of the probability of not being cut off", function()
        for seed = 1, 20 do
            local durations, are_closed = sample(seed, 40, 0.3 + seed / 40, seed % 2 == 0 and 12 or 1e6)
            local weights = survival.new(durations, are_closed):weights()
            for index, duration in ipairs(durations) do
                local above = share_above(durations, are_closed, true, duration, true)
                local up_to, same = 0.0, 0
                for other, weight in ipairs(weights) do
                    up_to = up_to + (are_closed[other] and durations[other] <= duration and weight or 0)
                    same = same + (are_closed[other] and durations[other] == duration and 1 or 0)
                end
                assert.near(1 - above, up_to, 1e-9)
                if are_closed[index] then
                    local not_cut = share_above(durations, are_closed, false, duration, false)
                    assert.near(1 / (#durations * not_cut), weights[index], 1e-9)
                end
            end
        end
    end)

    it("add up to 1, and what outlasted every closed trace keeps the rest in equal parts", function()
        local found = survival.new({ 1, 2, 3, 4, 9, 8, 2 }, { true, true, false, true, false, false, false })
        -- 7 at risk: 1/7; 6: 1/7; then of 4 (after two were cut off at 2 and 3): 3 at risk of 5/7.
        assert.same({ "0.142857", "0.142857", "0.000000", "0.238095", "0.238095", "0.238095", "0.000000" },
            (function(weights)
                for index, weight in ipairs(weights) do
                    weights[index] = ("%.6f"):format(weight)
                end
                return weights
            end)(found:weights()))
        assert.near(10 / 21, found.open_weight, 1e-12)
        assert.equal(2, found.open_count)
    end)

    it("count a trace as often as a sample has it", function()
        local durations, are_closed = { 5, 1, 3, 3 }, { true, true, false, true }
        local twice = survival.new({ 5, 1, 1, 3, 3 }, { true, true, true, true, true })
        local counted = survival.new(durations, { true, true, true, true }, { 1, 2, 1, 1 })
        assert.near(twice:weights()[1], counted:weights()[1], 1e-12)
        assert.near(2 * twice:weights()[2], counted:weights()[2], 1e-12)
        assert.equal(0.0, survival.new(durations, are_closed, { 1, 0, 2, 1 }):weights()[2])
    end)

    it("are how often a trace is drawn, alone and with others; of those that lasted longer, by theirs", function()
        local found = survival.new({ 10, 20, 30, 40 }, { true, false, true, true })
        local weights, counts, longer = found:weights(), { 0, 0, 0, 0 }, { 0, 0, 0, 0 }
        for step = 0, 9999 do
            local drawn, later = found:draw(step / 10000), found:draw_longer(20, step / 10000)
            counts[drawn], longer[later] = counts[drawn] + 1, longer[later] + 1
        end
        for index, weight in ipairs(weights) do
            assert.near(weight, counts[index] / 10000, 1e-3)
        end
        assert.same({ 0, 0, 5000, 5000 }, longer)
        for count = 1, 41, 8 do
            local often, random = { 0, 0, 0, 0 }, queue_logs.random(count)
            for _, index in ipairs(found:spread(count, function(limit)
                return limit and math.floor(random() * limit) + 1 or random()
            end)) do
                often[index] = often[index] + 1
            end
            for index, weight in ipairs(weights) do
                assert.True(math.abs(often[index] - weight * count) < 1)
            end
        end
        assert.Nil(found:draw_longer(40, 0.5))
        assert.equal(4, found:draw_longer(39, 0.999))
    end)
end)

-- Makespans in ms, of traces that do not wait.
local function timing_of(makespans)
    local spans = {}
    for index, makespan in ipairs(makespans) do
        local arrival = index * 10
        spans[index] = { arrival = arrival, start = arrival, stop = arrival + makespan }
    end
    return observation.timing(queue_logs.write(spans), {}, nil):report().traces.makespan
end

describe("the distance of two distributions", function()
    after_each(helper.clean)

    it("is the largest difference of the shares up to a value, over all values", function()
        local random = queue_logs.random(5)
        local function drawn(count, from)
            local values = {}
            for index = 1, count do
                values[index] = 100 * 1.05 ^ math.floor(from + random() * 30) -- apart by more than a bucket is wide
            end
            return values
        end
        local function share_up_to(values, limit)
            local count = 0
            for _, value in ipairs(values) do
                count = count + (value <= limit and 1 or 0)
            end
            return count / #values
        end
        for shift = 0, 12, 4 do
            local a, b, largest = drawn(37, 0), drawn(53, shift), 0.0
            for _, values in ipairs { a, b } do
                for _, value in ipairs(values) do
                    largest = math.max(largest, math.abs(share_up_to(a, value) - share_up_to(b, value)))
                end
            end
            assert.near(largest, observation.distance(timing_of(a), timing_of(b)), 1e-12)
        end
    end)
end)
