-- The bundled scripts on logs whose flow names the nodes: they print names, and know instances.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"

-- The seconds that each activity of a Temporal history ran: from its start to its end, by the JSON alone.
local function run_seconds(path)
    local started, seconds = {}, {}
    for _, event in ipairs(dkjson.decode(helper.read(path)).events) do
        local minute, sec = event.eventTime:match(":(%d+):([%d.]+)Z$")
        local at = tonumber(minute) * 60 + tonumber(sec)
        local attributes = event.activityTaskCompletedEventAttributes
        if event.eventType:find("ACTIVITY_TASK_STARTED", 1, true) or event.eventType == "ActivityTaskStarted" then
            started[event.activityTaskStartedEventAttributes.scheduledEventId] = at
        elseif attributes then
            seconds[#seconds + 1] = at - started[attributes.scheduledEventId]
        end
    end
    table.sort(seconds)
    return seconds
end

describe("bundled scripts", function()
    after_each(helper.clean)

    it("node_times has nodes by their names, and each instance's own time", function()
        local path = "tests/fixtures/foreign/temporal-parallel-guardrail.json"
        local seconds = run_seconds(path)
        local log = importing.log("temporal", nil, { inputs = { path } })
        local row = helper.objects(helper.output_of("run", "node_times", "--json", log))[1].result[2]
        assert.are.same({ "invoke_model_activity", "#3" }, { row[1], row[2] })
        assert.are.equal(3, #seconds)
        -- Three digits are shown, and a histogram's quantiles are exact to two.
        local middle, max = tonumber(row[3]:match("^([%d.]+) s$")), tonumber(row[6]:match("^([%d.]+) s$"))
        assert.is_true(math.abs(max - seconds[#seconds]) < 0.06, row[6])
        assert.is_true(math.abs(middle - seconds[2]) < 0.02 * seconds[2], row[3])
    end)

    it("node_times has the names of nodes after merging, too, and a number where two flows differ", function()
        local logs = {}
        for index, name in ipairs { "charge", "bill", "charge" } do
            logs[index] = importing.log(importing.importer_doing(([[
                local t = out:trace { id = "%d" }
                t:start("%s", { at = 1 })
                t:done("%s", { at = 2 })
                t:start("ship", { at = 2 })
                t:done("ship", { at = 3 })
            ]]):format(index, name, name)), "a")
        end
        local function nodes_of(...)
            local nodes = {}
            for _, row in ipairs(helper.objects(helper.output_of("run", "node_times", "--json", ...))[1].result) do
                nodes[#nodes + 1] = row[1]
            end
            return table.concat(nodes, " ")
        end
        assert.equal("node charge ship", nodes_of(logs[1]))
        assert.equal("node charge ship", nodes_of(logs[1], "-j", "2"))
        assert.equal("node charge ship", nodes_of(logs[1], logs[3]))
        assert.equal("node #0 ship", nodes_of(logs[1], logs[2]))
        assert.equal("node #0 ship", nodes_of(logs[1], logs[2], logs[3]))
    end)

    it("errors and stuck name nodes, and say numbers where there are no names", function()
        local log = importing.log(importing.importer_doing [[
            local at = 0
            for line in input:lines() do
                local t = out:trace { id = line }
                at = at + 1000000000
                t:start("charge", { at = at })
                t:error("charge", { at = at + 1, message = "no 7" })
                t:start("ship", { at = at + 2 })
            end
        ]], "a\nb")
        assert.matches("\n +2  charge  no N  ", helper.output_of("run", "errors", log))
        assert.matches(" 1.00 s  charge failed: no 7\n", helper.output_of("run", "stuck", "-a", "limit=0s", log))
        os.remove(log .. "/tracereel.flow.lua")
        assert.matches("\n +2  0     no N  ", helper.output_of("run", "errors", log))
        assert.matches(" 1.00 s  node 0 failed: no 7\n", helper.output_of("run", "stuck", "-a", "limit=0s", log))
    end)
end)
