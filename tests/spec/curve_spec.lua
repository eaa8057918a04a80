-- Curves as SVG files: places and texts, for eyes and for screen readers.
local curve = require "tracereel.render.curve"
local helper = require "tests.spec.helper"

local ms = 1000000

local function points(values)
    local list = {}
    for index, value in ipairs(values) do
        list[index] = { x = value[1], y = value[2], low = value[3], high = value[4] }
    end
    return list
end

local function document(overrides)
    local made = {
        title = "A <title>",
        x_label = "node.3.time", y_label = "makespan", y_kind = "duration",
        series = { { name = "p50", points = points { { 0.5, 50 * ms }, { 1, 100 * ms }, { 2, 200 * ms } } } },
    }
    for name, value in pairs(overrides or {}) do
        made[name] = value
    end
    return curve.document(made)
end

-- The points of a picture, in pixels of the plot: { left, top }.
local function marks(picture)
    local found = {}
    for left, top in picture:gmatch('transform="translate%(([%d.]+) ([%d.]+)%)"><title>') do
        found[#found + 1] = { tonumber(left), tonumber(top) }
    end
    return found
end

local function labels(picture)
    local found = {}
    for label in picture:gmatch('<text class="tick"[^>]*>([^<]*)</text>') do
        found[#found + 1] = label
    end
    return found
end

describe("a curve", function()
    after_each(helper.clean)

    it("places every point by its values, on axes that begin at 0 and at the first value", function()
        local found = marks(document())
        assert.equal(3, #found)
        -- x is linear: 0.5 to 1 is a third of 0.5 to 2.
        assert.is_true(math.abs((found[2][1] - found[1][1]) * 3 - (found[3][1] - found[1][1])) < 0.05)
        -- y is 280 pixels high and ends at 200 ms.
        assert.same({ 210, 140, 0 }, { found[1][2], found[2][2], found[3][2] })
    end)

    it("is labelled with units: horizontally at the given values, vertically at round ones", function()
        local found = table.concat(labels(document()), " ")
        assert.equal("0 50 ms 100 ms 150 ms 200 ms 0.5 1 2", found)
        local names = document { x_kind = "name",
            series = { { name = "p50", points = points { { "recorded", 1 * ms }, { "120ms", 2 * ms } } } } }
        assert.matches("recorded 120ms$", table.concat(labels(names), " "))
        local shares = document { y_kind = "share",
            series = { { name = "futures", points = points { { 1, 0.2 }, { 2, 0.6 } } } } }
        assert.matches("^0 %% 10 %% 20 %% 30 %%", table.concat(labels(shares), " "))
    end)

    it("has logarithmic axes for a wide range of values, and says so", function()
        local picture = document { series = { { name = "p99",
            points = points { { 1, 1 * ms }, { 10, 100 * ms }, { 100, 10000 * ms } } } } }
        assert.matches("node%.3%.time %(logarithmic%)", picture)
        assert.matches("makespan %(logarithmic%)", picture)
        local found = marks(picture)
        assert.is_true(math.abs(found[3][1] - found[2][1] - (found[2][1] - found[1][1])) < 0.05)
        assert.is_true(math.abs(found[3][2] - found[2][2] - (found[2][2] - found[1][2])) < 0.05)
    end)

    it("draws an interval from its low to its high end, and nothing if there is none", function()
        local picture = document { series = { { name = "p50",
            points = points { { 1, 100 * ms, 50 * ms, 150 * ms }, { 2, 200 * ms, 200 * ms, 200 * ms } } } } }
        local count, drawn = 0, nil
        for path in picture:gmatch('<path class="interval s1" d="([^"]*)"') do
            count, drawn = count + 1, path
        end
        assert.equal(1, count)
        assert.matches("^M[%d.]+,70%.00 .* V210%.00 ", drawn) -- 150 ms and 50 ms of 200 on 280 pixels
    end)

    it("describes its content in words, and escapes text from outside", function()
        local picture = document()
        assert.matches('role="img"', picture)
        assert.matches('<title id="title">A &lt;title&gt;</title>', picture)
        assert.matches("makespan over node%.3%.time%. p50: from 50 ms at 0%.5 to 200 ms at 2%.", picture)
        assert.matches("<title>p50: 100 ms at 1</title>", picture)
    end)

    it("is XML for light and dark backgrounds that loads nothing", function()
        local file = helper.write(helper.directory() .. "/curve.svg", document())
        local parse = "python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "
        assert.equal("", (helper.shell(parse .. file .. " 2>&1")))
        assert.matches("prefers%-color%-scheme: dark", document())
        assert.is_nil(document():gsub("http://www%.w3%.org/2000/svg", ""):find("https?:"))
    end)

    it("with very many points is a line without dots, and without points still a picture", function()
        local many = {}
        for index = 1, 1000 do
            many[index] = { index, index }
        end
        local picture = document { y_kind = "number", series = { { name = "p50", points = points(many) } } }
        assert.equal(0, #marks(picture))
        assert.is_true(#labels(picture) < 30)
        assert.matches("^<svg", document { series = { { name = "p50", points = {} } } })
    end)
end)
