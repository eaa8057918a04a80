-- What a reading takes grows with the log, and not with its square. No time is measured: with the collector stopped
-- (opening a log makes it go a step all the same), the most that is ever in use is nearly all that was taken.
local helper = require "tests.spec.helper"
local shapes = require "tests.bench.growth.shapes"

local shape_of = {}
for _, shape in ipairs(shapes.list) do
    shape_of[shape.name] = shape
end

-- KiB that a Lua program takes that is given a log of the shape, so many times the size of its first.
local function taken_kib(shape, count, program)
    local log = helper.directory() .. "/log"
    shape_of[shape].write(log, count)
    local text, status = helper.shell(("LOG=%s lua5.4 -e %s 2>&1 >/dev/null"):format(helper.quote(log), helper.quote([[
        local log = os.getenv "LOG"
        local peak = 0
        collectgarbage("stop")
        debug.sethook(function() peak = math.max(peak, collectgarbage("count")) end, "", 100)
        ]] .. program .. [[
        io.stderr:write(peak)]])))
    assert(status == 0 and tonumber(text), text)
    return tonumber(text)
end

-- How many times as much the step from 400 to 800 takes as that from 200 to 400. Linear: 2; a square: 4.
local function growth(shape, program)
    local small, middle, large = taken_kib(shape, 200, program), taken_kib(shape, 400, program),
        taken_kib(shape, 800, program)
    return (large - middle) / (middle - small)
end

describe("growth:", function()
    teardown(helper.clean)

    it("the restarts of a log are found in linear time if a trace is resumed often", function()
        assert.is_true(growth("suspensions", [[
            require "tracereel"
            require("tracereel.log.restarts").find(log)
        ]]) < 3)
    end)

    for _, shape in ipairs { "suspensions", "attempts", "nodes", "restarts", "loops" } do
        it("show: what a trace with many " .. shape .. " takes is linear", function()
            assert.is_true(growth(shape, [[
                require("tracereel.commands.show").run {
                    trace = "00000000-0000-4000-8000-000000000001", logs = { log }, json = true }
            ]]) < 3)
        end)
    end
end)
