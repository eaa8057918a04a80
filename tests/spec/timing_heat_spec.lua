-- The heat map of the page that `timing --by` writes, read as text. tests/browser opens it.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local timing_groups = require "tests.spec.timing_groups"
local tracereel = require "tracereel"

local second_ns, millisecond_ns = 1000000000, 1000000

-- Half of each makespan is before its node.
local function log_of(traces)
    return timing_groups.log_of(traces, 0.5)
end

local function page_of(log, ...)
    local path = helper.directory() .. "/page.html"
    local ran = helper.run { "timing", "--html", path, log, ... }
    assert.are.equal(0, ran.status, ran.stderr)
    return helper.read(path)
end

local entities = { ["&amp;"] = "&", ["&lt;"] = "<", ["&gt;"] = ">", ["&quot;"] = '"', ["&#39;"] = "'" }

local function unescaped(text)
    return (text:gsub("&#?%w+;", entities))
end

-- Of a map: its cells' tooltips, the classes of these, and what the script is told.
local function map_of(page, id)
    local figure = page:match('<figure class="heat[^"]*" id="' .. id:gsub("%-", "%%-") .. '">(.-)</figure>')
    if not figure then
        return nil
    end
    local map = { titles = {}, class_of = {}, legend = {} }
    for class, title in figure:gmatch('<rect class="([%w-]+)"[^>]*><title>(.-)</title></rect>') do
        map.titles[#map.titles + 1], map.class_of[title] = title, class
    end
    for class, words in figure:gmatch('<span class="swatch ([%w-]+)"></span>(.-)</li>') do
        map.legend[#map.legend + 1] = class .. " " .. words
    end
    local function data(name)
        return dkjson.decode(unescaped(figure:match("data%-" .. name .. '="(.-)"')))
    end
    map.columns, map.rows = data("columns"), data("rows")
    map.labels = {}
    for label in figure:match('class="heat%-labels">(.-)</div></div>'):gmatch("<div>([^<]*)") do
        map.labels[#map.labels + 1] = label
    end
    return map
end

describe("the heat map of timing --html", function()
    after_each(helper.clean)

    it("heat map: has a cell for each window and step of time in which a trace fell, with their number", function()
        local minute_ns = 60 * second_ns
        local log = log_of {
            { 0, 3 * millisecond_ns }, { 1, 4 * millisecond_ns }, { 2, 30 * millisecond_ns },
            { 20 * minute_ns, 3 * millisecond_ns }, { 22 * minute_ns },
        }
        local page = page_of(log, "--by", "10m", "--node", "1")
        local map = map_of(page, "heat-makespan")
        assert.are.same({
            "1970-01-01 00:10 to 1970-01-01 00:20: no trace started",
            "1970-01-01 00:00 to 1970-01-01 00:10, 20 ms to 50 ms: 1 trace",
            "1970-01-01 00:00 to 1970-01-01 00:10, 2 ms to 5 ms: 2 traces",
            "1970-01-01 00:20 to 1970-01-01 00:30, 2 ms to 5 ms: 1 trace",
        }, map.titles)
        assert.are.same({ "heat-1 1 trace", "heat-7 2 traces", "heat-none no trace started" }, map.legend)
        assert.are.same({ "20 ms to 50 ms", "10 ms to 20 ms", "5 ms to 10 ms", "2 ms to 5 ms" }, map.rows)
        assert.are.same({ "20 ms", "10 ms", "5 ms", "2 ms" }, map.labels)
        assert.are.equal(3, #map.columns)
        -- Node 1 ran for half of each.
        assert.are.same({
            "1970-01-01 00:10 to 1970-01-01 00:20: no trace started",
            "1970-01-01 00:00 to 1970-01-01 00:10, 10 ms to 20 ms: 1 run",
            "1970-01-01 00:00 to 1970-01-01 00:10, 2 ms to 5 ms: 1 run",
            "1970-01-01 00:00 to 1970-01-01 00:10, 1 ms to 2 ms: 1 run",
            "1970-01-01 00:20 to 1970-01-01 00:30, 1 ms to 2 ms: 1 run",
        }, map_of(page, "heat-node-1").titles)
        assert.is_nil(map_of(page_of(log, "--by", "10m"), "heat-node-1"))
        -- A step begins with its first nanosecond.
        assert.are.same({ "50 ns to 100 ns, complete: 1 trace", "100 ns to 200 ns, complete: 1 trace" },
            map_of(page_of(log_of { { 0, 99 }, { 1, 100 } }, "--by", "outcome"), "heat-makespan").titles)
        assert.is_nil(page_of(log):find('id="heat"', 1, true))
    end)

    it("heat map: counts what the traces of the log say, summed over windows that share a column", function()
        local log = helper.log("orders")
        local map = map_of(page_of(log, "--by", "1ms"), "heat-makespan")
        assert.is_true(#map.columns <= 120 and #map.columns > 60)
        local expected, found = {}, {}
        local edges_ms = { 10, 20, 50, 100, 200, 500, 1000 }
        for line in helper.output_of("traces", "--json", log):gmatch("[^\n]+") do
            local trace = tracereel.json_decode(line)
            local makespan_ms = (trace.last_ns - trace.start_ns) / millisecond_ns
            for index = #edges_ms, 1, -1 do
                if not trace.open and trace.status ~= "running" and trace.status ~= "suspended"
                    and makespan_ms >= edges_ms[index] then
                    expected[edges_ms[index]] = (expected[edges_ms[index]] or 0) + 1
                    break
                end
            end
        end
        for title, class in pairs(map.class_of) do
            local from_ms, count = title:match(", (%d+) m?s to [^:]+: ([%d]+) traces?$")
            if class ~= "heat-none" then
                from_ms = tonumber(from_ms)
                found[from_ms] = (found[from_ms] or 0) + tonumber(count)
            end
        end
        assert.are.same(expected, found)
    end)

    it("heat map: has a row for each value, escaped, and leaves out the others", function()
        local hostile = "<b>&\\u202e\\\"'" -- in JSON
        local traces = {}
        for number = 1, 9 do
            local name = number < 6 and hostile or number < 9 and "b" or "c"
            traces[number] = { number, number * millisecond_ns, ('{"v":"%s"}'):format(name) }
        end
        local page = page_of(log_of(traces), "--by", "metadata.v", "--limit", "2")
        local map = map_of(page, "heat-makespan")
        assert.are.equal(2, #map.rows)
        assert.are.equal("b", map.rows[2])
        -- As it is shown everywhere: what turns the direction of writing is an escape.
        assert.are.equal("<b>&\\u{202e}\"'", map.rows[1])
        assert.are.equal(map.rows[1], unescaped(page:match('class="heat%-labels"><div><span title="(.-)"')))
        assert.is_nil(page:find("<b>&", 1, true))
        assert.is_truthy(page:find("Not drawn: (others).", 1, true))
        assert.are.same({ "1 ms to 2 ms: 1 trace", "2 ms to 5 ms: 3 traces", "5 ms to 10 ms: 1 trace" }, {
            unescaped(map.titles[1]):gsub(", <.*: ", ": "), unescaped(map.titles[2]):gsub(", <.*: ", ": "),
            (unescaped(map.titles[3]):gsub(", <.*: ", ": ")),
        })
        assert.are.same({ "5 ms to 10 ms, b: 3 traces" }, { select(4, table.unpack(map.titles)) })
    end)

    it("heat map: is of moderate size for very many windows, and spans very different times", function()
        local traces = {}
        for number = 1, 3000 do
            traces[number] = { number * second_ns, math.tointeger(10 ^ (number % 17)) }
        end
        local log = log_of(traces)
        local page = page_of(log, "--by", "1s")
        local map = map_of(page, "heat-makespan")
        assert.are.equal(120, #map.columns)
        assert.is_true(#map.rows <= 30)
        assert.is_true(#page < 2000000, #page)
        local sum = 0
        for title in pairs(map.class_of) do
            sum = sum + tonumber(title:match(": ([%d,]+) traces?$") or 0)
        end
        assert.are.equal(3000, sum)
        assert.is_truthy(page:find("A column is 25 windows of", 1, true))
    end)
end)
