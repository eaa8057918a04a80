-- `tracereel import`: attempts of which only the length is known, and times as importers give them.
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"

local importer = importing.importer_doing

describe("import: an attempt without a time", function()
    after_each(helper.clean)

    it("starts when all that it comes after have ended, or else when its trace begins", function()
        local log = importing.log(importer [[
            local t = out:trace { id = "a", at = 100 }
            t:attempt("x", { duration = 50 })
            t:attempt("y", { duration = 30, after = { "x" } })
            t:attempt("z", { duration = 5, after = { "never", "y", "x" }, error = "no" })
            t:attempt("w", { duration = 7, after = { "x" }, kind = "late" })
            t:attempt("v", { duration = 1, after = { "never" } })
        ]], "a")
        local times = {}
        for _, line in ipairs(importing.lines(log)) do
            times[#times + 1] = line:match("^%d+ node_%a+ %a")
        end
        table.sort(times)
        assert.same({ "100 node_start v", "100 node_start x", "101 node_done v", "150 node_done x", "150 node_start w",
            "150 node_start y", "157 node_error w", "180 node_done y", "180 node_start z", "185 node_error z" }, times)
    end)

    it("ends the import where nothing says when it started, or how long it took", function()
        for call, message in pairs {
            ["{ duration = 1 }"] = "own.lua:1: attempt: `at` is missing, nothing that it comes after has ended in "
                .. "this trace, and the trace has no `at` of its own",
            ["{ at = 1 }"] = "own.lua:1: attempt: `duration`, in nanoseconds, is missing",
            ["{ at = 9223372036854775807, duration = 1 }"] = "own.lua:1: attempt: it ends after the year 2262",
        } do
            local result = importing.run(importer(("out:trace { id = 'a' }:attempt('x', %s)"):format(call)), "a")
            assert.equal(1, result.status, result.stderr)
            assert.truthy(result.stderr:find(message, 1, true), result.stderr)
        end
    end)
end)

describe("import: input.time", function()
    after_each(helper.clean)

    it("reads whole numbers and fractions in their unit", function()
        local log = importing.log(importer [[
            local t = out:trace { id = "a", at = input.time(1, "us") }
            t:start("x", { at = input.time(2, "ms") })
            t:done("x", { at = input.time(1.5, "s") })
            t:close("complete", { at = input.time("2000000001", "ns") })
        ]], "a")
        local times = {}
        for index, line in ipairs(importing.lines(log)) do
            times[index] = line:match("^%d+ %a+_%a+")
        end
        assert.same({ "1000 trace_start", "2000000 node_start", "1500000000 node_done", "2000000001 trace_complete" },
            times)
    end)

    it("ends the import where it is given no time, or a unit that there is not", function()
        for call, expected in pairs {
            ["input.time(true, 's')"] = { 4, "true is not a time" },
            ["input.time(-1, 's')"] = { 4, "-1 is " },
            ["input.time('1', 'fortnights')"] = { 1, "time: a unit (s, ms, us, ns) or a zone (Z, +01:00) expected, got "
                .. '"fortnights"' },
        } do
            local result = importing.run(importer(call), "a")
            assert.equal(expected[1], result.status, result.stderr)
            assert.truthy(result.stderr:find(expected[2], 1, true), result.stderr)
        end
    end)
end)
