local helper = require "tests.spec.helper"
local queue_logs = require "tests.spec.queue_logs"

-- Traces that take 10 ms, and every fourth one 1 s; in the second half every other one.
local function two_valued_log()
    local spans = {}
    for index = 1, 200 do
        local arrival = index * 20
        local is_slow = index % (index <= 100 and 4 or 2) == 0
        spans[index] = { arrival = arrival, start = arrival, stop = arrival + (is_slow and 1000 or 10) }
    end
    return queue_logs.write(spans)
end

local function page_of(log, ...)
    local path = helper.directory() .. "/page.html"
    local result = helper.run { "backtest", log, "--html", path, ... }
    assert.equal(0, result.status, result.stderr)
    return helper.read(path), result
end

-- The points of a curve of the first chart, from left to right, shares of the plane.
local function points_of(page, class)
    local chart = page:match("<figure.-</figure>")
    local points = {}
    for x, y in chart:match('<path class="' .. class .. '" d="([^"]+)"'):gmatch("([%d.]+),([%d.]+)") do
        points[#points + 1] = { tonumber(x) / 1000, 1 - tonumber(y) / 1000 }
    end
    return points
end

describe("the page of a backtest", function()
    after_each(helper.clean)

    it("lays the curves on each other: the share of values up to each time, of what came and of the past", function()
        local page = page_of(two_valued_log())
        for class, share in pairs { real = 0.5, naive = 0.75 } do
            local points = points_of(page, class)
            local last
            local levels = {}
            for _, point in ipairs(points) do
                assert.True(not last or point[1] >= last[1] and point[2] >= last[2])
                last = point
                levels[("%.2f"):format(point[2])] = true
            end
            assert.same({ 1, 1 }, last)
            assert.True(levels[("%.2f"):format(share)] or class == "naive", class)
            assert.True(levels["0.00"] and levels["1.00"])
        end
        -- 10 ms and 1 s are at the same places in all curves.
        assert.near(points_of(page, "real")[1][1], points_of(page, "naive")[1][1], 1e-9)
        assert.near(points_of(page, "real")[1][1], points_of(page, "predicted")[1][1], 1e-9)
    end)

    it("needs nothing else, runs nothing but its own scripts, and is the same for the same log", function()
        local log = two_valued_log()
        local page, result = page_of(log)
        assert.equal(page, (page_of(log)))
        assert.truthy(page:find("default-src &#39;none&#39;; style-src &#39;sha256-", 1, true))
        assert.truthy(page:find("script-src &#39;sha256-", 1, true))
        assert.equal(1, select(2, page:gsub("<script", "")))
        assert.Nil(page:gsub('"http://www.w3.org/2000/svg"', ""):find("https?://%a"))
        local summary = result.stdout:match("\n\n([^\n]+\n?[^\n]*)\n$"):gsub("%s+", " ")
        assert.truthy(page:find(summary, 1, true))
    end)

    it("writes names of nodes as text, whatever they are", function()
        local log = two_valued_log()
        helper.write(log .. "/tracereel.flow.lua",
            [[return { nodes = { [1] = { name = "<script>alert(1)</script>&\"'" } } }]])
        local page = page_of(log)
        assert.equal(1, select(2, page:gsub("<script", "")))
        assert.truthy(page:find("&lt;script&gt;alert(1)", 1, true))
    end)

    it("has the makespan of each fold", function()
        local page = page_of(two_valued_log(), "--folds", "2")
        assert.truthy(page:find("<b>fold 1: makespan</b>", 1, true))
        assert.truthy(page:find("<b>fold 2: makespan</b>", 1, true))
    end)
end)
