local reel = require "tracereel"

-- Values of very different sizes, the same on every run.
local function some_values(count)
    local values, state = {}, 88172645463325252
    for index = 1, count do
        state = state ~ state << 13
        state = state ~ state >> 7
        state = state ~ state << 17
        values[index] = (state >> 1) >> (state % 60)
    end
    return values
end

local function histogram_of(values, first, last)
    local histogram = reel.histogram()
    for index = first or 1, last or #values do
        histogram:add(values[index])
    end
    return histogram
end

local function buckets_of(histogram)
    local buckets = {}
    for lower, upper, count in histogram:buckets() do
        buckets[#buckets + 1] = { lower, upper, count }
    end
    return buckets
end

describe("a histogram", function()
    it("is all zeros while it is empty", function()
        local empty = reel.histogram()
        assert.are.same({ 0, 0, 0, 0, 0 }, { empty.count, empty.min, empty.max, empty.sum, empty.mean })
        assert.are.equal(0, empty:quantile(0.5))
        assert.are.same({}, buckets_of(empty))
    end)

    it("gives every quantile within its relative error, and count, minimum and maximum exactly", function()
        local values = some_values(5000)
        local histogram = histogram_of(values)
        table.sort(values)
        assert.are.equal(#values, histogram.count)
        assert.are.equal(values[1], histogram.min)
        assert.are.equal(values[#values], histogram.max)
        assert.is_true(histogram.relative_error <= 0.01)
        for percent = 0, 100 do
            local exact = values[math.max(1, math.ceil(percent * #values / 100))]
            local given = histogram:quantile(percent / 100)
            assert.are.equal("integer", math.type(given))
            assert.is_true(math.abs(given - exact) <= exact * histogram.relative_error,
                ("%d %%: %d for %d"):format(percent, given, exact))
        end
        local sum = 0.0
        for _, value in ipairs(values) do
            sum = sum + value
        end
        assert.is_true(math.abs(histogram.sum - sum) <= sum * 1e-12)
        assert.is_true(math.abs(histogram.mean - sum / #values) <= sum / #values * 1e-12)
        assert.is_true(histogram.memory_bytes > 0 and histogram.memory_bytes < 64 * 1024)
    end)

    it("gives the same when merged in any order", function()
        local values = some_values(900)
        local whole = histogram_of(values)
        local function part(third)
            return histogram_of(values, third * 300 + 1, third * 300 + 300)
        end
        local forward = part(0):merge(part(1)):merge(part(2))
        local backward = part(2):merge(part(1):merge(part(0)))
        assert.are.same(buckets_of(whole), buckets_of(forward))
        assert.are.same(buckets_of(whole), buckets_of(backward))
        assert.are.same({ whole.min, whole.max, whole.sum }, { backward.min, backward.max, backward.sum })
    end)

    it("has ordered buckets that hold every value", function()
        local values = some_values(500)
        local total, last_upper = 0, -1
        for lower, upper, count in histogram_of(values):buckets() do
            assert.is_true(last_upper < lower and lower <= upper and count > 0)
            last_upper = upper
            for _, value in ipairs(values) do
                count = count - ((lower <= value and value <= upper) and 1 or 0)
            end
            assert.are.equal(0, count)
            total = total + 1
        end
        assert.is_true(total > 100)
    end)

    it("counts a value many times, and reads values as unsigned", function()
        local histogram = reel.histogram()
        histogram:add(7, 1000)
        histogram:add(-1)
        histogram:add(3, 0)
        assert.are.equal(1001, histogram.count)
        assert.are.equal(7, histogram:quantile(0.999))
        assert.are.equal(-1, histogram.max)
        assert.are.equal(7, histogram.min)
    end)

    it("refuses wrong numbers, quantiles, histograms and fields", function()
        local histogram = reel.histogram()
        for _, wrong in ipairs { { "add", 1.5 }, { "add", 1, -1 }, { "add" }, { "quantile", 1.1 }, { "quantile", -0.1 },
            { "quantile", 0 / 0 }, { "merge", {} }, { "merge" } } do
            assert.is_false(pcall(histogram[wrong[1]], histogram, table.unpack(wrong, 2)), wrong[1])
        end
        assert.are.equal(0, histogram.count)
        local _, problem = pcall(function() return histogram.p99 end)
        assert.truthy(problem:find("'p99'", 1, true) and problem:find("quantile", 1, true))
        assert.truthy(tostring(histogram):find("histogram of 0 values", 1, true))
    end)
end)
