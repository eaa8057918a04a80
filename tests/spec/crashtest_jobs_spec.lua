-- `tracereel crashtest -j N`: what several processes write is what one writes.
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local runs = require "tests.spec.crashtest_runs"

-- Decisions and verdicts of every kind, by what differs from trace to trace and from record to record.
local by_times = [[
return {
    api = 1,
    shard = "trace",
    recover = function(trace, default)
        local chosen = trace.last_ns // 1000 % 6
        if chosen == 1 then
            return tracereel.hold("of " .. trace.id)
        elseif chosen == 2 then
            return tracereel.fail("at " .. trace.last_ns)
        elseif chosen == 3 then
            return tracereel.restart()
        elseif chosen == 4 and trace.last_completed_node then
            return default:rerun { trace.last_completed_node }
        end
        return default
    end,
    check = function(trace, decision, future)
        if decision.kind == "fail" and future.outcome == "complete" then
            return "given up: " .. trace.id .. ", with " .. future.record_count .. " to come"
        end
        return decision.kind ~= "hold" or #future.unseen == 0
    end,
}
]]

local function run_with(jobs, script, log, words)
    local arguments = { "crashtest", script, log, "-j", ("%d"):format(jobs) }
    table.move(words or {}, 1, #(words or {}), #arguments + 1, arguments)
    return helper.run(arguments)
end

-- The same on standard output, and the same status, as with one process. Gives the run with several.
local function assert_same(script, log, words, jobs)
    local one, several = run_with(1, script, log, words), run_with(jobs or 3, script, log, words)
    assert.are.equal(one.stdout, several.stdout)
    assert.are.equal(one.status, several.status)
    return several, one
end

-- Traces one after the other; each is { kind, fields } for each of its records.
local function log_of_traces(traces)
    local all, now_ns = {}, 0
    for number, records in ipairs(traces) do
        for _, one in ipairs(records) do
            now_ns = now_ns + 1000
            local fields = { trace_id = ("%08x-0000-4000-8000-000000000001"):format(number), timestamp_ns = now_ns }
            for key, value in pairs(one[2] or {}) do
                fields[key] = value
            end
            all[#all + 1] = reel.record[one[1]](fields)
        end
    end
    return runs.log_of(all)
end

describe("crashtest -j", function()
    after_each(helper.clean)

    it("writes what one process writes, of whole and of damaged logs, with findings of every kind", function()
        local script = helper.script(by_times)
        for name, words in pairs { ["garbage-middle"] = { "--json", "--once", "3" }, snapshot = { "--allow-rerun" } } do
            local several, one = assert_same(script, helper.log(name), words)
            assert.are.equal(one.stderr, several.stderr)
        end
        local found = runs.test(by_times, { log = "garbage-middle", arguments = { "-j", "3", "--once", "3" } })
        local counts = runs.counts_by_check(found)
        assert.is_true(counts.check > 0 and counts["node 3 runs once"] > 0 and counts["done is not run again"] > 0)
    end)

    it("is the same for bundled and example scripts, which say shard = \"trace\"", function()
        for script, words in pairs { give_up_errors = {}, ["examples/recover_charge_once.lua"] = { "--once", "3" },
            ["examples/recover_dead_orders.lua"] = { "--json" } } do
            local several, one = assert_same(script, helper.log("orders"), words, 2)
            assert.are.equal(one.stderr, several.stderr)
        end
    end)

    it("asks in one process where the script does not say that it can be shared out, and says so", function()
        local script = helper.script [[
local count = 0
return {
    api = 1,
    recover = function(_, default)
        count = count + 1
        return count % 5 == 0 and tracereel.hold("each fifth question of all") or default
    end,
}
]]
        local several = assert_same(script, helper.log("orders"), { "--json" })
        assert.matches('-j: script does not say shard = "trace": it is asked by one process', several.stderr, 1, true)
    end)

    it("asks in one process after all where shards find different things of the same state and decision", function()
        -- States that differ in a number of the waiting's text alone are one; what becomes of these is not the same.
        -- One process looks at those whose record is the first from a power of two on.
        local traces, is_looked_at = {}, { [2] = true, [4] = true, [8] = true }
        for number = 1, 12 do
            local seconds = is_looked_at[number] and 3600 or 60
            traces[number] = { { "trace_start", { metadata = "{}" } }, { "trace_suspended", { node_id = 4,
                metadata = ('{"hook_id":"h","timeout_secs":%d}'):format(seconds) } } }
        end
        local script = helper.script [[
return {
    api = 1,
    shard = "trace",
    recover = function(trace, default)
        return trace.suspended_at and tracereel.await(trace.suspended_at, { timeout_secs = 60 }) or default
    end,
}
]]
        assert_same(script, log_of_traces(traces), { "--json" })
    end)

    it("asks in one process after all where what one long trace leaves untried was met in another trace", function()
        local traces = {}
        for number = 1, 4 do
            local records = { { "trace_start", { metadata = "{}" } } }
            while #records < 1000 do
                records[#records + 1] = { "node_done", { node_id = 3 } }
            end
            for node = 1, 30 * number do
                records[#records + 1] = { "node_done", { node_id = 100 + node } }
            end
            traces[number] = records
        end
        local script = helper.script [[
return { api = 1, shard = "trace", recover = function(_, default) return default end }
]]
        local several = assert_same(script, log_of_traces(traces), { "--json" })
        local untried = several.stdout:match('"long_traces":(%d+)')
        assert.is_true(tonumber(untried) > 10)
    end)

    it("ends with the error that comes first in the log, whichever process meets it", function()
        local script = helper.script [[
return {
    api = 1,
    shard = "trace",
    recover = function(trace, default)
        return trace.record_count > 6 and error("seven records of " .. trace.id) or default
    end,
}
]]
        for jobs = 2, 3 do
            local several, one = assert_same(script, helper.log("orders"), {}, jobs)
            assert.are.equal(1, several.status)
            assert.are.equal(one.stderr, several.stderr)
        end
    end)

    it("saves what one process saves", function()
        local saved = {}
        for jobs = 1, 2 do
            local directory = helper.directory() .. "/found"
            local run = run_with(jobs, "examples/recover_charge_once.lua", helper.log("orders"), { "--once", "2",
                "--save", directory })
            saved[jobs] = run.stdout .. helper.shell("cd " .. directory .. " && cat finding-*/*")
        end
        assert.are.equal(saved[1], saved[2])
        assert.is_true(#saved[1] > 500)
    end)

    it("is refused with --lost, which goes by the records of all traces", function()
        local run = run_with(2, "give_up_errors", helper.log("orders"), { "--lost", "3" })
        assert.are.equal(2, run.status)
        assert.matches("-j shares out traces, and --lost counts the records of all", run.stderr, 1, true)
    end)
end)
