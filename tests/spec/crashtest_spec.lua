-- `tracereel crashtest`, held against crashes that are made one by one.
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local runs = require "tests.spec.crashtest_runs"

local crashtest = runs.test
local counts_by_check = runs.counts_by_check
local default_script = runs.default_script
local log_of = runs.log_of
local records_of = runs.records_of
local orders = "orders"

-- What recovery sees of a trace in a log that has these records, and a piece of one more; nil where it is not open.
local function state_after(records, trace_id, torn)
    local directory = log_of(records)
    if torn then
        local path = directory .. "/wal_0000000000000000.log"
        helper.write(path, helper.read(path) .. torn)
    end
    for _, trace in ipairs(reel.open(directory):traces()) do
        if trace.id == trace_id then
            return trace:json() .. reel.json(trace:recovery())
        end
    end
    return nil
end

describe("crashtest", function()
    after_each(helper.clean)

    it("shows the script what recovery would see after a crash at each record", function()
        local all = records_of(orders)
        for _, number in ipairs { 1, 2, 9, 100, 333, 600, 871, 1100, #all } do
            local found, _, run = crashtest(([[
local number = 0
return {
    api = 1,
    record = function() number = number + 1 end,
    recover = function(trace, default)
        if number == %d then
            trace.data.seen = trace:json() .. tracereel.json(trace:recovery())
        end
        return default
    end,
    check = function(trace) return number ~= %d or trace.data.seen end,
}
]]):format(number, number))
            local cut = table.move(all, 1, number, 1, {})
            local expected = state_after(cut, all[number].trace_id)
            assert.equal(expected and 7 or 0, run.status)
            assert.equal(expected, found[1] and found[1].first.reason)
            -- A crash inside the next record leaves the same.
            local torn = (all[number + 1] or all[1]):bytes():sub(1, number % 68 + 1)
            assert.equal(expected, state_after(cut, all[number].trace_id, torn))
        end
    end)

    it("asks the script once for each record that leaves its trace open, and counts each crash", function()
        for _, name in ipairs { orders, "done-only", "restarted", "edge" } do
            local records, open = 0, 0
            for _, trace in reel.open(helper.log(name)):records() do
                records = records + 1
                open = open + (trace and trace.open and 1 or 0)
            end
            local found, summary, run = crashtest(default_script, { log = name, arguments = { "--lost", "3" } })
            assert.are.same({}, found)
            assert.equal(0, run.status)
            assert.equal("", run.stderr)
            assert.equal(records, summary.records)
            assert.are.same({ after = records, inside = records, lost = 3 * records - 3 }, summary.crash_points)
            assert.equal(open, summary.asked)
            assert.are.same({ default = open }, summary.decisions)
        end
    end)

    it("summarises what was covered if nothing was found", function()
        local run = helper.run { "crashtest", "hold_node", "-a", "node=3", "--once", "3", helper.log(orders) }
        assert.equal(0, run.status)
        assert.matches("^2342 crash points: 1171 after a record, 1171 inside one\n", run.stdout)
        assert.matches("\n1122 decisions asked for %(default %d+, hold %d+%), in %d+ states\n", run.stdout)
        assert.matches("\n2 plans, interrupted in %d+ states on disk\n", run.stdout)
        assert.matches("no finding\n$", run.stdout)
        local empty = helper.run { "crashtest", "hold_node", "-a", "node=3", helper.log("empty") }
        assert.equal(0, empty.status)
        assert.matches("^0 crash points", empty.stdout)
    end)

    it("calls `check` with the decision and the future", function()
        local found = crashtest [[
return {
    api = 1,
    recover = function(trace, default)
        return trace.error_count > 0 and tracereel.fail("it failed once") or default
    end,
    check = function(trace, decision, future)
        if decision.kind == "fail" and future.node_done[5] then
            assert(#future.node_done[5] == 1 and future.node_done[5][1] > trace.last_ns)
            return "shipped later"
        end
    end,
}
]]
        local expected = 0
        local all = {}
        for rec, trace in reel.open(helper.log(orders)):records() do
            all[#all + 1] = { rec = rec, failed = trace and trace.open and trace.error_count > 0 }
        end
        for index, one in ipairs(all) do
            local is_shipped = false
            for later = index + 1, #all do
                local rec = all[later].rec
                is_shipped = is_shipped or rec.trace_id == one.rec.trace_id and rec.type == "node_done"
                    and rec.node_id == 5
            end
            expected = expected + (one.failed and is_shipped and 1 or 0)
        end
        assert.is_true(expected > 50)
        assert.are.same({ check = expected }, counts_by_check(found))
        assert.equal("shipped later", found[1].first.reason)
    end)

    it("counts false from `check` as a finding, true and nil as none", function()
        local _, _, run = crashtest "return { api = 1, recover = function() end, check = function() return true end }\n"
        assert.equal(0, run.status)
        local found, summary = crashtest
            "return { api = 1, recover = function() end, check = function() return false end }\n"
        assert.are.same({ check = summary.asked }, counts_by_check(found))
    end)

    it("wraps reasons at 80 columns", function()
        local script = helper.script [[
            return { api = 1, recover = function(trace)
                return tracereel.await(trace.suspended_at == 9 and 8 or 9, { skips = true })
            end }]]
        local result = helper.run { "crashtest", script, helper.log(orders) }
        assert.equal(7, result.status)
        local words = "asked again after that: await 8, skipping it (trace_suspended)"
        assert.truthy(result.stdout:gsub("%s+", " "):find(words, 1, true), result.stdout)
        for line in result.stdout:match("\n1%. (.*)"):gmatch("[^\n]+") do
            if not line:find("^   %w+ +wal_") then
                assert.truthy(#line <= 80, line)
            end
        end
    end)

    it("groups findings by node, type and decision, with the first example and the shortest history", function()
        local found = crashtest(default_script, { arguments = { "--once", "3" } })
        local seen = {}
        for _, group in ipairs(found) do
            local key = ("%s %s %s"):format(group.node, group.record_type, group.decision)
            assert.is_nil(seen[key])
            seen[key] = true
            for _, example in ipairs { group.first, group.shortest } do
                local at = reel.open(helper.log(orders), { from = {
                    sequence = tonumber(example.segment:match("%x+", 5), 16), offset = example.offset } })
                local rec = at:records()()
                assert.equal(group.record_type, rec.type)
                assert.equal(example.trace_id, rec.trace_id)
            end
            assert.is_true(group.shortest.record_count <= group.first.record_count)
        end
        assert.is_true(seen["3 node_start default (retry_nodes)"])
        assert.is_true(seen["3 node_error default (retry_nodes)"])
    end)
end)

-- Every record with the life of its trace that it is part of, and whether node 3 would run again after it.
local function with_lives(name)
    local all, life_of = {}, {}
    for rec, trace in reel.open(helper.log(name)):records() do
        local one = { rec = rec, id = rec.trace_id }
        all[#all + 1] = one
        one.is_run = rec.node_id == 3 and (rec.type == "node_start" or rec.type == "node_done"
            or rec.type == "node_error")
        if trace then
            one.life = life_of[one.id] or {}
            life_of[one.id] = trace.open and one.life or nil
            local is_begun = (" " .. table.concat(trace.started_nodes, " ") .. " "):find(" 3 ", 1, true)
            one.runs_again = trace.open and not trace.suspended_at and (is_begun or not trace.completed_nodes[3])
        end
    end
    return all
end

-- Has node 3 run in that life, when the crash comes inside the record after `last`? All up to `last` has happened, and
-- so has what the record in progress reports, unless it is a start: one that is not on disk has not been acted on.
local function has_run(all, life, last)
    for number = 1, last do
        if all[number].life == life and all[number].is_run then
            return true
        end
    end
    local torn = all[last + 1]
    return torn and torn.life == life and torn.is_run and torn.rec.type ~= "node_start"
end

-- Every crash of a log one by one: after each record and inside the next, with 0 to `lost` records missing before it.
-- Gives the states (by the number of the trace's last record that is left) in which node 3 has run and would run again.
local function crashes_that_run_twice(name, lost)
    local all, states = with_lives(name), {}
    local function crash(last, left)
        local seen = {}
        for number = left, 1, -1 do
            local one = all[number]
            if one.life and not seen[one.id] and one.runs_again and has_run(all, one.life, last) then
                states[number] = true
            end
            seen[one.id] = true
        end
    end
    for last = 0, #all do
        for missing = 0, math.min(lost, last) do
            crash(last, last - missing)
        end
    end
    local count = 0
    for _ in pairs(states) do
        count = count + 1
    end
    return count
end

describe("crashtest --once", function()
    after_each(helper.clean)

    for _, case in ipairs { { "edge", 0 }, { "edge", 4 }, { "done-only", 0 }, { "done-only", 2 } } do
        local name, lost = case[1], case[2]
        it(("finds what a simulation of every crash finds: %s, %d records lost"):format(name, lost), function()
            local found, _, run = crashtest(default_script, { log = name,
                arguments = { "--once", "3", "--lost", tostring(lost) } })
            local expected = crashes_that_run_twice(name, lost)
            assert.is_true(expected > 0)
            assert.equal(7, run.status)
            assert.are.same({ ["node 3 runs once"] = expected }, counts_by_check(found))
        end)
    end

    it("finds nothing if every trace inside the node is held", function()
        local found, _, run = crashtest("hold_node", { arguments = { "-a", "node=3", "--once", "3" } })
        assert.are.same({}, found)
        assert.equal(0, run.status)
    end)
end)
