-- Histograms and timings as plain tables, which one process hands to another.
local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local flow = { name = "orders", nodes = { [0] = { name = "begin" }, [1] = { after = { 0 } }, [2] = { after = { 1 } },
    [7] = { after = { 1 } }, [3] = { after = { 2, 7 }, name = "charge" } } }

local function timing_of(path, order, worst_count)
    local timing = tracereel.timing(order, worst_count)
    local log = tracereel.open(path)
    log:replay { timing = timing }
    for _, trace in ipairs(log:traces()) do
        timing:add(trace)
    end
    return timing
end

local logs = { "orders", "edge", "snapshot", "restarted", "done-only", "empty", "bit-flip-payload", "all-complete" }

local function histogram_of(...)
    local histogram = tracereel.histogram()
    for _, value in ipairs { ... } do
        histogram:add(value)
    end
    return histogram
end

-- What a histogram tells a script.
local function seen(histogram)
    local said = { histogram.count, histogram.min, histogram.max, histogram.sum, histogram.memory_bytes }
    for lower, upper, count in histogram:buckets() do
        table.move({ lower, upper, count }, 1, 3, #said + 1, said)
    end
    return said
end

-- Every table of fields, in the order of their names, with a name, is given to `visit`.
local function each_field(fields, visit)
    for key, value in tracereel.sorted(fields) do
        visit(fields, key)
        if type(value) == "table" then
            each_field(value, visit)
        end
    end
end

-- Puts other values where each field is. What is taken must be what was given, and nothing else; returns how often each
-- was so.
local function disturbed(fields, restore, dump, every)
    local number, taken, refused = 0, 0, 0
    each_field(fields, function(within, key)
        number = number + 1
        local value = within[key]
        for _, other in ipairs(number % every ~= 0 and {} or { 0, 1, 77, -1, 2 ^ 53, "x", {}, true, { 1 }, false }) do
            if other == false then
                within[key] = nil
            else
                within[key] = other
            end
            local is_taken, restored = pcall(restore, fields)
            if is_taken then
                assert.are.same(fields, dump(restored))
                taken = taken + 1
            else
                assert.are.equal("string", type(restored), tostring(restored))
                refused = refused + 1
            end
        end
        within[key] = value
    end)
    return taken, refused
end

describe("a histogram's fields", function()
    it("give the same histogram back, whatever its values", function()
        local many = tracereel.histogram()
        for power = 0, 63 do
            many:add((1 << power) - 1, power + 1)
            many:add(1 << power)
        end
        for _, histogram in ipairs { histogram_of(), histogram_of(0), histogram_of(5, 5, 5), histogram_of(1000, 1001),
            histogram_of(-1, -1), many } do
            local restored = core.histogram_from(core.histogram_fields(histogram))
            assert.are.same(seen(histogram), seen(restored))
            assert.are.same(seen(histogram_of(3, 900):merge(histogram)), seen(histogram_of(3, 900):merge(restored)))
        end
    end)

    it("keep counts that have saturated", function()
        local full = tracereel.histogram()
        full:add(7, math.maxinteger)
        full:merge(full):merge(full)
        full:add(1 << 40)
        assert.are.same(seen(full), seen(core.histogram_from(core.histogram_fields(full))))
    end)

    it("are refused where no values have them", function()
        local good = core.histogram_fields(histogram_of(3, 500, 501, 70000))
        local function refuses(name, value)
            local changed = {}
            for key, member in pairs(good) do
                changed[key] = member
            end
            changed[name] = value
            assert.has_error(function()
                core.histogram_from(changed)
            end)
        end
        core.histogram_from(good)
        refuses("min", 4)
        refuses("max", 3)
        refuses("sum_low", 3 + 500 + 500) -- less than the least values of the buckets
        refuses("sum_low", 80000)
        refuses("sum_high", 1)
        refuses("count", 4)
        refuses("buckets", { 3, 1 })
        local buckets = good.buckets
        refuses("buckets", { buckets[3], buckets[4], buckets[1], buckets[2], buckets[5], buckets[6] })
        refuses("buckets", { buckets[1], 0, buckets[3], buckets[4], buckets[5], buckets[6] })
        refuses("buckets", { buckets[1], buckets[2], buckets[3], buckets[4], 59 * 64, 1 })
        refuses("buckets", { buckets[1], buckets[2], buckets[3], buckets[4], buckets[5] })
        assert.has_error(function()
            core.histogram_from { min = 1 }
        end)
    end)

    it("that are disturbed are refused, or taken as they are", function()
        local taken, refused = disturbed(core.histogram_fields(histogram_of(3, 500, 501, 70000, 70001)),
            core.histogram_from, core.histogram_fields, 1)
        assert.is_true(taken > 0 and refused > taken)
    end)
end)

describe("a timing's fields", function()
    after_each(helper.clean)

    it("give the same report, and the same fields again", function()
        for _, name in ipairs(logs) do
            for _, order in ipairs { false, flow } do
                local timing = timing_of(helper.log(name), order or nil, 3)
                local fields = core.timing_fields(timing)
                local restored = core.timing_from(fields)
                assert.are.equal(tracereel.json(timing:report()), tracereel.json(restored:report()), name)
                assert.are.same(fields, core.timing_fields(restored))
            end
        end
    end)

    it("merge as the timing that they are of, and count further traces by its flow", function()
        local whole, restored = tracereel.timing(flow, 4), tracereel.timing(flow, 4)
        for _, name in ipairs(logs) do
            local timing = timing_of(helper.log(name), flow, 4)
            restored = core.timing_from(core.timing_fields(restored))
            restored:merge(core.timing_from(core.timing_fields(timing)))
            whole:merge(timing)
        end
        assert.are.equal(tracereel.json(whole:report()), tracereel.json(restored:report()))
        local further = core.timing_from(core.timing_fields(tracereel.timing(flow, 4)))
        tracereel.open(helper.log("orders")):replay { timing = further }
        local plain = tracereel.timing(flow, 4)
        tracereel.open(helper.log("orders")):replay { timing = plain }
        assert.are.equal(tracereel.json(plain:report()), tracereel.json(further:report()))
        assert.has_error(function()
            further:merge(core.timing_from(core.timing_fields(tracereel.timing(nil, 4))))
        end)
    end)

    it("keep every count and sum that a node has, whatever it is named", function()
        local fields = core.timing_fields(timing_of(helper.log("orders"), flow, 2))
        local node, number = fields.nodes[2], 1000
        for name, value in tracereel.sorted(node) do
            if math.type(value) == "integer" and name ~= "node_id" then
                number = number + 1
                node[name] = number
            end
        end
        assert.is_true(number > 1005)
        local restored = core.timing_from(fields)
        assert.are.same(fields, core.timing_fields(restored))
        assert.are.equal(node.run_ns, restored:report().nodes[2].run_ns)
    end)

    it("that are disturbed are refused, or taken as they are", function()
        for _, name in ipairs { "orders", "restarted" } do
            local fields = core.timing_fields(timing_of(helper.log(name), flow, 2))
            local taken, refused = disturbed(fields, core.timing_from, core.timing_fields, 13)
            assert.is_true(taken > 0 and refused > taken, name)
        end
    end)

    it("are refused where no timing has them", function()
        local function refuses(change)
            local fields = core.timing_fields(timing_of(helper.log("orders"), flow, 3))
            change(fields)
            assert.has_error(function()
                core.timing_from(fields)
            end)
        end
        refuses(function(fields)
            fields.nodes[1], fields.nodes[2] = fields.nodes[2], fields.nodes[1]
        end)
        refuses(function(fields)
            fields.worst[1], fields.worst[2] = fields.worst[2], fields.worst[1]
        end)
        refuses(function(fields)
            fields.worst[4] = fields.worst[3]
        end)
        refuses(function(fields)
            fields.worst_limit = 2
        end)
        refuses(function(fields)
            fields.worst[1].path_gap_ns = math.maxinteger
        end)
        refuses(function(fields)
            fields.worst[1].spans[7] = 9 -- an outcome
        end)
        refuses(function(fields)
            fields.traces.width_shift = 64
        end)
        refuses(function(fields)
            fields.traces.in_flight = { 0, 0, 1, 0 }
        end)
        refuses(function(fields)
            fields.nodes[1].worst_trace_id = "short"
        end)
        refuses(function(fields)
            fields.unknown = 1
        end)
        refuses(function(fields)
            fields.flow.text = nil
        end)
    end)
end)
