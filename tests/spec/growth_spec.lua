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

-- How many times as much the step from 800 to 1600 takes as that from 400 to 800. Linear: 2; a square: 4.
local function growth(shape, program)
    local small, middle, large = taken_kib(shape, 400, program), taken_kib(shape, 800, program),
        taken_kib(shape, 1600, program)
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

    -- A row with all that is in it takes some 4 KiB.
    for _, form in ipairs { "", "csv = true", "json = true", "html = os.getenv('LOG') .. '.html'" } do
        it("timing: few rows are there at once of a trace with many nodes: " .. form, function()
            local log = helper.directory() .. "/log"
            shape_of.nodes.write(log, 2000)
            local text, status = helper.shell(("LOG=%s lua5.4 -e %s 2>&1 >/dev/null"):format(helper.quote(log),
                helper.quote(([[
                local core = require "tracereel.core"
                local timing_node, there = core.timing_node, setmetatable({}, { __mode = "k" })
                local made, max_there = 0, 0
                core.timing_node = function(...)
                    local row = timing_node(...)
                    there[row] = true
                    made = made + 1
                    if made %% 250 == 0 then
                        collectgarbage()
                        local count = 0
                        for _ in pairs(there) do
                            count = count + 1
                        end
                        max_there = math.max(max_there, count)
                    end
                    return row
                end
                require("tracereel.commands.timing").run { logs = { os.getenv "LOG" }, by = "node", sort = "total",
                    fail_on = {}, node = {}, trace = {}, jobs = 1, %s }
                io.stderr:write(made, " ", max_there)]]):format(form))))
            local made, max_there = text:match("^(%d+) (%d+)$")
            assert.equal(0, status, text)
            -- Each of 2001 nodes is asked for its key and shown in each section; beside the page there is a text.
            assert.is_true(tonumber(made) >= 2 * 2001 and tonumber(made) <= 12 * 2001, text)
            assert.is_true(tonumber(max_there) < 100, text)
        end)
    end

    for _, shape in ipairs { "suspensions", "attempts", "nodes", "restarts", "loops" } do
        it("show: what a trace with many " .. shape .. " takes is linear", function()
            assert.is_true(growth(shape, [[
                require("tracereel.commands.show").run {
                    trace = "00000000-0000-4000-8000-000000000001", logs = { log }, json = true }
            ]]) < 3)
        end)
    end

    -- Instructions of Lua's machine, in thousands: what is looked for in vain takes no memory.
    it("show: the lanes of nodes that run at once are found in linear time", function()
        local function instructions(count)
            local log = helper.directory() .. "/log"
            shape_of.running.write(log, count)
            local text, status = helper.shell(("LOG=%s lua5.4 -e %s 2>&1 >/dev/null"):format(helper.quote(log),
                helper.quote([[
                local count = 0
                debug.sethook(function() count = count + 1 end, "", 1000)
                require("tracereel.commands.show").run {
                    trace = "00000000-0000-4000-8000-000000000001", logs = { os.getenv "LOG" } }
                io.stderr:write(count)]])))
            assert(status == 0 and tonumber(text), text)
            return tonumber(text)
        end
        local small, middle, large = instructions(1000), instructions(2000), instructions(4000)
        assert.is_true((large - middle) / (middle - small) < 3, ("%d, %d, %d"):format(small, middle, large))
    end)
end)
