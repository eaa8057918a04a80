-- What a scenario may say of its pools.
local calendar = require "tracereel.simulation.calendar"
local checks = require "tracereel.simulation.checks"
local helper = require "tests.spec.helper"
local simulation = require "tracereel.simulation"
local simulation_logs = require "tests.spec.simulation_logs"

local function recording()
    return simulation.record(simulation_logs.write {
        { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_done", 10, 1 }, { "node_start", 10, 2 },
        { "node_done", 20, 2 }, { "trace_complete", 20 },
    })
end

describe("a scenario's pools", function()
    after_each(helper.clean)

    it("are refused with words that say what to write", function()
        local log = recording()
        for pools, expected in pairs {
            ["a = { nodes = {9}, capacity = 1 }"] = "pools%[\"a\"%]%.nodes: the log has no node 9",
            ["a = { nodes = {1}, capacity = 0 }"] = "pools%[\"a\"%]%.capacity: 0 places.* at least 1 expected",
            ["a = { nodes = {1} }"] = "to be said: capacity = 4",
            ["a = { nodes = {1}, capacity = 1.5 }"] = "whole number from 1",
            ["a = { nodes = {}, capacity = 1 }"] = "no node needs this pool: name some",
            ["a = { nodes = 'all', capacity = 1 }"] = "or \"others\", got \"all\"",
            ["a = { nodes = {1}, capacity = 1 }, b = { nodes = {2, 1}, capacity = 1 }"] =
                "pools%[\"b\"%]%.nodes: node 1 is in pools%[\"a\"%] already",
            ["a = { nodes = {1, 1}, capacity = 1 }"] = "node 1 is in pools%[\"a\"%] already",
            ["a = { capacity = 1 }, b = { nodes = 'others', capacity = 1 }"] =
                "pools%[\"b\"%]%.nodes: the other nodes are those of pools%[\"a\"%] already",
            ["a = { capacity = 1, calendar = '' }"] = "never open, and its nodes would wait for ever; write when",
            ["a = { capacity = 1, calendar = 'Mon 09:00-09:00' }"] = "\"09:00%-09:00\" is never open: .*00:00%-24:00",
            ["a = { capacity = 1, calendar = 'Mon 09:00-25:00' }"] = "\"09:00%-25:00\" are no hours like 09:00%-17:00",
            ["a = { capacity = 1, calendar = 'Mon 24:00-25:00' }"] = "are no hours",
            ["a = { capacity = 1, calendar = 'Foo 09:00-17:00' }"] = "\"Foo\" is no day: Mon, Tue",
            ["a = { capacity = 1, calendar = 'Mon' }"] = "\"Mon\" has no hours: Mon 09:00%-17:00",
            ["a = { capacity = 1, calendar = 'Mon 09:00-17:00 +25:00' }"] = "\"%+25:00\" is no zone like %+01:00",
            ["a = { capacity = 1, calendar = 8 }"] = "calendar: working hours like \"Mon%-Fri 09:00%-17:00 %+01:00\"",
            ["a = { capacity = 1, order = 'random' }"] = "order: \"fifo\", \"lifo\" or \"priority\" expected",
            ["a = { capacity = 1, order = 'priority' }"] = "priority = \"metadata%.KEY\"",
            ["a = { capacity = 1, order = 'fifo', priority = 'metadata.x' }"] = "belong together",
            ["a = { capacity = 1, priority = 'x' }"] = "\"metadata%.x\", or function",
            ["a = { capacity = { x = 1, default = 2 } }"] = "needs `by`",
            ["a = { by = 'role', capacity = { x = 1 } }"] = "default = 1",
            ["a = { by = 'role', capacity = { x = 0, default = 2 } }"] = "capacity%[\"x\"%]: 0 places",
            ["a = { capacity = 1, recorded = 0 }"] = "recorded: a whole number from 1",
            ["a = { capacity = 1, holds = 1 }"] = "holds: true",
            ["a = { capacity = 1, size = 1 }"] = "unknown key \"size\"; known are by, calendar, capacity",
            ["{ capacity = 1 }"] = "a pool has a name",
        } do
            local value = assert(load(("return { pools = { %s } }"):format(pools)))()
            local compiled, problem = checks.check(value, log)
            assert.is_nil(compiled, pools)
            assert.matches(expected, problem, pools)
        end
    end)
end)

describe("a calendar", function()
    local hour_ns <const> = 3600 * 1000000000

    local function windows(text)
        local hours = {}
        for index, window in ipairs(assert(calendar.parse(text)).windows) do
            hours[index] = ("%g-%g"):format(window.from_ns / hour_ns, window.until_ns / hour_ns)
        end
        return table.concat(hours, " ")
    end

    it("is the open windows of a week from Monday on, merged, over midnight and over the week's end", function()
        assert.equal("9-17 33-41 57-65 81-89 105-113", windows "Mon-Fri 09:00-17:00 +01:00")
        assert.equal("9-12 13-17.5 130-134", windows "Mon 09:00-12:00, 13:00-17:30; Sat 10:00-14:00")
        assert.equal("0-6 46-54 166-168", windows "Tue, Sun 22:00-06:00")
        assert.equal("8-9 104-105 128-129 152-153", windows "Fri-Mon 08:00-09:00")
        assert.equal("0-168", windows "00:00-24:00")
        assert.equal("1-5", windows "mon 1:00-4:00, 02:00-05:00")
    end)

    it("has a fixed distance from UTC, none where it names no zone", function()
        local function offset_hours(text)
            return calendar.parse(text).offset_ns / hour_ns
        end
        assert.equal(0, offset_hours "Mon 09:00-17:00")
        assert.equal(0, offset_hours "Mon 09:00-17:00 Z")
        assert.equal(5.5, offset_hours "Mon 09:00-17:00 +05:30")
        assert.equal(-3, offset_hours "Mon 09:00-17:00 -03:00")
    end)
end)
