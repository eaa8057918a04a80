-- `tracereel import`: rows that are attempts (out:attempts), attempts at one time (parallel), and how traces end where
-- nothing closes them (outcome).
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"

local importer = importing.importer_doing

-- The records that the rows make, and the rows that are given back.
local function taken(columns, text, body)
    local own = importer(([[
        for row in out:attempts(input:csv(), %s) do
            %s out:dropped(row.step .. " of " .. row.run, input:where())
        end]]):format(columns, body or ""))
    local log, report = importing.log(own, text)
    return importing.lines(log), importing.kinds(report.dropped), report
end

local all = [[{ trace = "run", node = "step", start = { "begin", "s" }, ["end"] = { "finish", "s" } }]]

describe("import: rows that are attempts", function()
    after_each(helper.clean)

    it("become the same log as by calls for each row", function()
        local rows = { "run,step,begin,finish,who,shard,ready,customer,note,problem" }
        for row = 0, 299 do
            local at = row * 7 % 100
            rows[#rows + 1] = ("run %d,step%d,%d.5,%d.75,%s,%s,%d,%s,%s,%s"):format(row % 7, row % 3, at,
                at + row % 20, row % 4 == 0 and "" or "w" .. row % 5, row % 6 == 0 and "x" or "", at,
                row % 2 == 0 and "é \"\"q" or "", row % 5 == 0 and "kept" or "",
                row % 11 == 0 and "no, it failed" or "")
        end
        local text = table.concat(rows, "\n"):gsub("([^,\n]*\"\"[^,\n]*)", '"%1"'):gsub("no, it failed",
            '"no, it failed"')
        local by_rows = importing.log(importer [[
            for row in out:attempts(input:csv(), { trace = "run", node = "step", start = { "begin", "s" },
                ["end"] = { "finish", "s" }, resource = "who", instance = "shard", scheduled = { "ready", "s" },
                error = "problem", metadata = { about = "note", by = "who" },
                trace_metadata = { customer = "customer" }, parallel = true, outcome = "cancelled" }) do
                error(row.run)
            end]], text)
        local by_calls = importing.log(importer [[
            local function some(value) return value ~= "" and value or nil end
            for row in input:csv() do
                local t = out:trace { id = row.run, metadata = { customer = some(row.customer) },
                    outcome = "cancelled" }
                local at = input.time(row.begin, "s")
                t:attempt(row.step, { at = at, duration = input.time(row.finish, "s") - at, resource = some(row.who),
                    instance = some(row.shard), scheduled = input.time(row.ready, "s"), error = some(row.problem),
                    metadata = { about = some(row.note), by = some(row.who) }, parallel = true })
            end]], text)
        assert.equal(607 + 7, #importing.lines(by_rows))
        assert.equal(helper.shell("cat " .. by_calls .. "/*.log"), helper.shell("cat " .. by_rows .. "/*.log"))
    end)

    it("are given back where they are none as they stand, and go on after these", function()
        local lines, dropped = taken(all, table.concat({
            "run,step,begin,finish", "a,x,1,2", ",no run,1,2", "a,,1,2", "a,no end,1,", "a,no start,,2", "a,back,2,1",
            "a,no time,1,soon", "a,not UTF-8 \xff,1,2", "a,\1,1,2", "a,y,3,4",
        }, "\n") .. "\n")
        assert.same({ "1000000000 trace_start {\"id\":\"a\"}", "1000000000 node_start x", "2000000000 node_done x",
            "3000000000 node_start y", "4000000000 node_done y" }, lines)
        assert.same({ "1   of a", "1  of a", "1 back of a", "1 no end of a", "1 no run of ", "1 no start of a",
            "1 no time of a", "1 not UTF-8 \u{FFFD} of a" }, dropped)
    end)

    it("are of a trace and a node that calls have made, and of which calls may say more", function()
        local lines = taken(all, "run,step,begin,finish\na,x,1,2\na,x,5,\na,x,7,8\n", [[
            local t = out:trace { id = row.run }
            t:start(row.step, { at = input.time(row.begin, "s") })
            t:error(row.step, { at = input.time("6", "s"), message = "gone" })]])
        assert.same({ "1000000000 trace_start {\"id\":\"a\"}", "1000000000 node_start x", "2000000000 node_done x",
            "5000000000 node_start x", "6000000000 node_error x gone", "7000000000 node_start x",
            "8000000000 node_done x" }, lines)
    end)

    it("are read by the numbers of columns where they have no names", function()
        local log = importing.log(importer [[
            local rows = input:csv { header = false, delimiter = ";" }
            for row in out:attempts(rows, { trace = 2, node = 1, start = { 3, "+01:00" },
                ["end"] = { 4, "+01:00" } }) do
                out:dropped(#row .. " fields", input:where())
            end]], "x;a;2025-01-01 01:00:00;2025-01-01 01:00:01\nx;a\n")
        assert.same({ "0 trace_start {\"id\":\"a\"}", "0 node_start x", "1000000000 node_done x" },
            importing.lines(log, 1735689600000000000))
    end)

    it("are given back where they have no column of a number that was asked for", function()
        local _, report = importing.log(importer [[
            for row in out:attempts(input:csv { header = false }, { trace = 1, node = 2, start = { 3, "s" },
                ["end"] = { 4, "s" }, metadata = { far = 60000 } }) do
                out:dropped(#row .. " fields", input:where())
            end]], "a,x,1,2\na,x,2,3\n")
        assert.same({ "2 4 fields" }, importing.kinds(report.dropped))
    end)

    it("end the import where a column, its times or its key are none", function()
        for columns, message in pairs {
            ['{ trace = "run", node = "step", start = "begin" }'] = "attempts: end: its column is missing",
            ['{ trace = "ran" }'] = "attempts: trace: there is no column ran; there are begin, finish, run, step",
            ['{ trace = 1 }'] = "attempts: trace: the name of a column expected, got 1",
            ['{ case = "run" }'] = "attempts: unknown key case; known are end, error, instance, metadata, node, "
                .. "outcome, parallel, resource, scheduled, start, trace, trace_metadata",
            [all:gsub('"s"', '"h"', 1)] = "attempts: start: a unit (s, ms, us, ns) or a zone (Z, +01:00) expected, "
                .. 'got "h"',
            [all:gsub(" }$", ', outcome = "over" }')] = 'attempts: unknown outcome "over"; known are cancelled, ',
            [all:gsub(" }$", ", parallel = 1 }")] = "attempts: parallel: true or false expected, got 1",
            [all:gsub(" }$", ', metadata = "run" }')] = "attempts: metadata: { NAME = COLUMN } expected, got",
        } do
            local result = importing.run(importer(("for _ in out:attempts(input:csv(), %s) do end"):format(columns)),
                "run,step,begin,finish\na,x,1,2\n")
            assert.equal(1, result.status, columns)
            assert.truthy(result.stderr:gsub("%s+", " "):find("own.lua:1: " .. message, 1, true), result.stderr)
        end
        local result = importing.run(importer "out:attempts(input:lines(), {})", "")
        assert.truthy(result.stderr:find("attempts: the rows of input:csv() expected", 1, true), result.stderr)
    end)
end)

describe("import: attempts at one time", function()
    after_each(helper.clean)

    it("are instances of their node where they are parallel, each in the first lane that is free", function()
        local log = importing.log(importer [[
            local t = out:trace { id = "a" }
            local function attempt(from, to, instance)
                t:attempt("x", { at = from, duration = to - from, instance = instance, parallel = true })
            end
            attempt(10, 20) attempt(12, 14) attempt(13, 30) attempt(15, 16) attempt(20, 21) attempt(5, 10)
            attempt(11, 12, "b") attempt(11, 13, "b")
            t:start("x", { at = 15, parallel = true })
        ]], "")
        local starts = {}
        for _, line in ipairs(importing.lines(log)) do
            local at, instance = line:match("^(%d+) node_start x ?(.*)$")
            starts[#starts + 1] = at and ("%s %s"):format(at, instance:match('"instance":"(.*)"') or "-")
        end
        assert.same({ "5 -", "10 -", "11 b", "11 b 2", "12 2", "13 3", "15 2", "15 4", "20 -" }, starts)
    end)
end)

describe("import: a trace that nothing closes", function()
    after_each(helper.clean)

    it("ends as its outcome says, with its last event, unless more has begun in it than ended", function()
        local log = importing.log(importer [[
            local function trace(id, outcome)
                local t = out:trace { id = id, outcome = outcome }
                t:attempt("x", { at = 10, duration = 10 })
                return t
            end
            trace("done", "complete")
            trace("gone", "timed_out")
            trace("other")
            trace("open", "complete"):start("y", { at = 15 })
            local late = trace("late", "complete")
            late:done("y", { at = 30 })
            late:start("y", { at = 25 })
            trace("closed", "complete"):close("failed", { at = 40, error = "no" })
        ]], "")
        local ends, ids = {}, {}
        for rec in require "tracereel".open(log):records() do
            if rec.type == "trace_start" then
                ids[rec.trace_id] = rec.metadata:match('"id":"(%a+)"')
            elseif rec.type:find("^trace_") then
                ends[ids[rec.trace_id]] = ("%d %s %s%s"):format(rec.timestamp_ns, rec.type, rec.error_message or "",
                    rec.metadata or "")
            end
        end
        assert.same({ done = "20 trace_complete ", gone = '20 trace_failed {"outcome":"timed_out"}',
            late = "30 trace_complete ", closed = "40 trace_failed no" }, ends)
    end)
end)
