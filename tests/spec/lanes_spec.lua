-- Lanes of an export: each span is on the lowest one that is free when it begins.
local lanes = require "tracereel.export.lanes"
local random = require "tracereel.util.random"

local function span(start_ns, end_ns)
    return { start_ns = start_ns, end_ns = end_ns }
end

-- As the definition says it: looks at every lane, for every span.
local function lanes_by_definition(spans)
    local ends, chosen = {}, {}
    for index, one in ipairs(spans) do
        local lane = 1
        while ends[lane] and math.ult(one.start_ns, ends[lane]) do
            lane = lane + 1
        end
        chosen[index], ends[lane] = lane, one.end_ns
    end
    return chosen, #ends
end

local function lanes_given(spans)
    local given = {}
    for index, one in ipairs(spans) do
        given[index] = one.lane
    end
    return given
end

describe("lanes", function()
    it("are the lowest free ones, and free for a span that begins when theirs ends", function()
        local spans = { span(0, 10), span(2, 6), span(3, 20), span(6, 8), span(8, 30), span(10, 11) }
        assert.are.equal(3, lanes.assign(spans))
        assert.are.same({ 1, 2, 3, 2, 2, 1 }, lanes_given(spans))
        assert.are.equal(0, lanes.assign({}))
    end)

    it("follow the definition for random spans, some of them empty, some beyond 2^63 ns", function()
        for seed = 1, 200 do
            local draw = random.new(seed).draw
            local base = seed % 2 == 0 and math.maxinteger - 20 or 0
            local spans = {}
            for index = 1, draw(0, 60) do
                local start_ns = base + draw(0, 40)
                spans[index] = span(start_ns, start_ns + draw(0, 3) * draw(0, 12))
            end
            local count = lanes.assign(spans)
            local expected, expected_count = lanes_by_definition(spans)
            assert.are.same(expected, lanes_given(spans))
            assert.are.equal(expected_count, count)
        end
    end)

    it("take no more time for each span if very many overlap", function()
        local function seconds_for(count)
            local spans = {}
            for index = 1, count do
                spans[index] = span(index, count + index)
            end
            local began = os.clock()
            assert.are.equal(count, lanes.assign(spans))
            return os.clock() - began
        end
        seconds_for(2000)
        -- Ten times as many: in quadratic time a hundred times as long.
        assert.is_true(seconds_for(20000) < 40 * math.max(seconds_for(2000), 0.002))
    end)
end)
