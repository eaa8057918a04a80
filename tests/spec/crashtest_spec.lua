-- `tracereel crashtest`, held against crashes that are made one by one.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local orders = "orders"

-- Runs a script (its text, or the name of a bundled one) with --json. Gives the violations, the summary, and the run.
local function crashtest(script, options)
    options = options or {}
    local path = script:find("\n") and helper.script(script) or script
    local words = { "crashtest", "--json", path, options.path or helper.log(options.log or orders) }
    table.move(options.arguments or {}, 1, #(options.arguments or {}), #words + 1, words)
    local run = helper.run(words)
    local found, summary = {}, nil
    for line in run.stdout:gmatch("[^\n]+") do
        local object = reel.json_decode(line)
        found[#found + 1] = object.violation
        summary = object.summary or summary
    end
    return found, summary, run
end

local function counts_by_check(found)
    local counts = {}
    for _, group in ipairs(found) do
        counts[group.check] = (counts[group.check] or 0) + group.count
    end
    return counts
end

-- A log of one segment that has these records.
local function log_of(records)
    local parts = {}
    for index, rec in ipairs(records) do
        parts[index] = rec:bytes()
    end
    local directory = helper.directory()
    helper.write(directory .. "/wal_0000000000000000.log", table.concat(parts))
    return directory
end

local function records_of(name)
    local list = {}
    for rec in reel.open(helper.log(name)):records() do
        list[#list + 1] = rec
    end
    return list
end

local default_script = [[
return { api = 1, recover = function(_, default) return default end }
]]

describe("crashtest", function()
    after_each(helper.clean)

    it("shows the script, behind each record, what recovery would see after a crash there", function()
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
            local cut = reel.open(log_of(table.move(all, 1, number, 1, {})))
            local expected
            for _, trace in ipairs(cut:traces()) do
                if trace.id == all[number].trace_id then
                    expected = trace:json() .. reel.json(trace:recovery())
                end
            end
            assert.equal(expected and 7 or 0, run.status)
            assert.equal(expected, found[1] and found[1].first.reason)
        end
    end)

    it("asks once for each record that leaves its trace open, and counts each crash", function()
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

    it("says what was covered when nothing was found", function()
        local run = helper.run { "crashtest", "hold_node", "-a", "node=3", "--once", "3", helper.log(orders) }
        assert.equal(0, run.status)
        assert.matches("^2342 crash points: 1171 behind a record, 1171 inside one\n", run.stdout)
        assert.matches("\n1122 decisions asked for %(default %d+, hold %d+%), in %d+ states\n", run.stdout)
        assert.matches("\n2 plans, interrupted in %d+ states on disk\n", run.stdout)
        assert.matches("no violation\n$", run.stdout)
        local empty = helper.run { "crashtest", "hold_node", "-a", "node=3", helper.log("empty") }
        assert.equal(0, empty.status)
        assert.matches("^0 crash points", empty.stdout)
    end)

    it("calls the check with the decision and what really happened", function()
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

    it("takes false from a check for a violation, true and nothing for none", function()
        local _, _, run = crashtest "return { api = 1, recover = function() end, check = function() return true end }\n"
        assert.equal(0, run.status)
        local found, summary = crashtest
            "return { api = 1, recover = function() end, check = function() return false end }\n"
        assert.are.same({ check = summary.asked }, counts_by_check(found))
    end)

    it("groups violations by node, type and decision, with the first example and the shortest history", function()
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

-- Every record with the life of its trace that it is part of, and whether node 3 would run again behind it.
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

-- Has node 3 run in that life, when the crash comes inside the record behind `last`? All up to `last` has happened, and
-- so has what was being written, if it tells of what is over: a start that is not on disk has not been acted on.
local function has_run(all, life, last)
    for number = 1, last do
        if all[number].life == life and all[number].is_run then
            return true
        end
    end
    local torn = all[last + 1]
    return torn and torn.life == life and torn.is_run and torn.rec.type ~= "node_start"
end

-- Every crash of a log one by one: behind each record and inside the next, with 0 to `lost` records missing before it.
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
        it(("finds what making every crash finds: %s, %d records lost"):format(name, lost), function()
            local found, _, run = crashtest(default_script, { log = name,
                arguments = { "--once", "3", "--lost", tostring(lost) } })
            local expected = crashes_that_run_twice(name, lost)
            assert.is_true(expected > 0)
            assert.equal(7, run.status)
            assert.are.same({ ["node 3 runs once"] = expected }, counts_by_check(found))
        end)
    end

    it("is content where whoever was inside the node is held", function()
        local found, _, run = crashtest("hold_node", { arguments = { "-a", "node=3", "--once", "3" } })
        assert.are.same({}, found)
        assert.equal(0, run.status)
    end)
end)

describe("the checks that crashtest brings along", function()
    after_each(helper.clean)

    it("find nodes that were done and would run again", function()
        local script = [[
return {
    api = 1,
    recover = function(trace, default)
        return trace.completed_nodes[2] and not trace.suspended_at and default:rerun{ 2 } or default
    end,
}
]]
        local expected = 0
        for _, trace in reel.open(helper.log(orders)):records() do
            if trace and trace.open and trace.completed_nodes[2] and not trace.suspended_at then
                expected = expected + 1
            end
        end
        local found, _, run = crashtest(script)
        assert.equal(7, run.status)
        assert.equal(expected, counts_by_check(found)["done is not run again"])
        assert.matches("node 2$", found[1].first.reason)
        assert.equal(0, select(3, crashtest(script, { arguments = { "--allow-rerun" } })).status)
    end)

    it("find decisions that no records lead to", function()
        local found, _, run = crashtest [[
return {
    api = 1,
    recover = function(trace, default)
        return trace.last_completed_node == 2 and tracereel.resume_from(99) or default
    end,
}
]]
        assert.equal(7, run.status)
        assert.is_true(counts_by_check(found)["plan compiles"] > 0)
        assert.matches("node 99 is not done", found[1].first.reason)
    end)

    it("find scripts that never settle", function()
        local found, _, run = crashtest [[
return {
    api = 1,
    recover = function(trace)
        return trace.suspended_at and tracereel.retry{ 77 } or tracereel.await(5)
    end,
}
]]
        assert.equal(7, run.status)
        assert.is_true(counts_by_check(found)["every decision settles"] > 0)
        assert.matches("the script does not settle", found[1].first.reason)
    end)

    it("find a recovery that ends elsewhere after it was interrupted", function()
        local all = records_of(orders)
        local path = log_of(table.move(all, 1, 200, 1, {}))
        local found, summary, run = crashtest([[
local segments
return {
    api = 1,
    start = function(_, log) segments = #log.segments end,
    recover = function(_, default)
        return segments == 1 and tracereel.hold("one segment") or tracereel.fail("two segments")
    end,
}
]], { path = path })
        assert.equal(7, run.status)
        local name = "interrupted recovery leads to the same end"
        assert.is_true(counts_by_check(found)[name] > 0)
        for _, group in ipairs(found) do
            if group.check == name then
                assert.matches("^apply: ", group.first.reason)
            end
        end
        assert.is_true(summary.disk_states > 20)
    end)

    it("say which decisions they could not try alone", function()
        local _, summary = crashtest [[
local traces = 0
return {
    api = 1,
    trace_start = function() traces = traces + 1 end,
    recover = function(_, default)
        return traces > 1 and tracereel.fail("a second trace has begun") or default
    end,
}
]]
        assert.is_true(summary.untried.other_traces > 0)
        local _, damaged = crashtest(default_script, { log = "lost-page" })
        assert.is_true(damaged.untried.tainted > 0)
    end)

    it("hold tainted traces, as recovery does", function()
        local function kinds(look)
            local _, summary = crashtest(([[
return {
    api = 1,
    recover = function(trace)
        local _ = %s
        return tracereel.fail("all of them")
    end,
}
]]):format(look), { log = "lost-page", arguments = { "--allow-rerun" } })
            return summary.decisions
        end
        local tainted = 0
        for _, trace in reel.open(helper.log("lost-page")):records() do
            tainted = tainted + (trace and trace.open and trace.tainted and 1 or 0)
        end
        assert.is_true(tainted > 0)
        assert.equal(tainted, kinds("trace.id").hold)
        assert.is_nil(kinds("trace.tainted").hold)
    end)
end)

describe("crashtest --save", function()
    after_each(helper.clean)

    it("writes a small log and a spec that fails, until the script is mended", function()
        local directory = helper.directory() .. "/saved"
        local script = helper.script(default_script)
        local first = helper.run { "crashtest", script, helper.log(orders), "--once", "3", "--save", directory }
        assert.equal(7, first.status)
        local groups = select(2, first.stdout:gsub("\n   shortest", ""))
        assert.matches(("saved %d of %d violations"):format(groups, groups), first.stderr)
        for number = 1, groups do
            local records = reel.open(("%s/violation-%d"):format(directory, number)):replay({}):stats().records
            assert.is_true(records > 5 and records < 30)
        end
        local busted = "TRACEREEL=" .. helper.quote(helper.program) .. " busted --lua=lua5.4 -o TAP "
            .. helper.quote(directory .. "/crashtest_spec.lua")
        local text, status = helper.shell(busted)
        assert.is_true(status > 0)
        assert.equal(groups, select(2, text:gsub("not ok ", "")))
        assert.matches("node 3 has run, and would run again", text)
        helper.write(script, [[
return {
    api = 1,
    recover = function(trace, default)
        return trace:node(3) and not trace.suspended_at and tracereel.hold("look first") or default
    end,
}
]])
        text, status = helper.shell(busted)
        assert.equal(0, status)
        assert.is_nil(text:find("not ok", 1, true))
    end)

    it("saves more of the log where the trace's own records do not show the violation", function()
        local directory = helper.directory() .. "/saved"
        local found = crashtest([[
local traces = 0
return {
    api = 1,
    trace_start = function() traces = traces + 1 end,
    recover = function(_, default) return default end,
    check = function() return traces < 3 or "the third has begun" end,
}
]], { arguments = { "--save", directory } })
        assert.is_true(#found > 0)
        local saved = reel.open(directory .. "/" .. found[1].saved):replay {}
        local starts = 0
        for _ in saved:records { types = "trace_start" } do
            starts = starts + 1
        end
        assert.is_true(starts >= 3)
    end)

    it("writes nothing where nothing was found, and nothing over what is there", function()
        local directory = helper.directory()
        local run = select(3, crashtest(default_script, { arguments = { "--save", directory .. "/none" } }))
        assert.equal(0, run.status)
        assert.equal("", helper.shell("ls " .. directory))
        run = select(3, crashtest(default_script, { arguments = { "--once", "3", "--save", directory } }))
        assert.equal(2, run.status)
        assert.matches("%-%-save: cannot make the directory", run.stderr)
    end)
end)

describe("crashtest, when something is wrong,", function()
    after_each(helper.clean)

    local first = "wal_0000000000000000%.log offset 0, trace_start of trace %x+%-"

    for what, case in pairs {
        ["an error in recover"] = { "recover = function() error('boom') end", "boom %(in recover behind " .. first },
        ["an error in check"] = { "recover = function() end, check = function(t) return t.nope end",
            "no field 'nope'.*%(in check behind " .. first },
        ["no decision"] = { "recover = function() return 'fail' end", "a decision expected.*got fail %(in recover" },
        ["no verdict"] = { "recover = function() end, check = function() return 3 end",
            "check: true, nil, false, or a text .* expected, got a number %(in check" },
        ["an error in a handler"] = { "recover = function() end, record = function() error('boom') end",
            "boom %(in record at " .. first },
    } do
        it("ends with 1 and says where: " .. what, function()
            local _, _, run = crashtest("return { api = 1, " .. case[1] .. " }\n")
            assert.equal(1, run.status)
            assert.equal("", run.stdout)
            assert.matches(case[2], run.stderr)
            assert.is_nil(run.stderr:find("crashtest.lua", 1, true))
        end)
    end

    it("stops a script at its limits", function()
        local _, _, run = crashtest("return { api = 1, recover = function() while true do end end }\n",
            { arguments = { "--max-time", "0.2s" } })
        assert.equal(5, run.status)
    end)

    it("says what is wrong with the command line", function()
        for message, words in pairs {
            ["has no `recover"] = { "errors", helper.log(orders) },
            ["is no script"] = { "no_such_script", helper.log(orders) },
            ["cannot read the script"] = { "/nonexistent.lua", helper.log(orders) },
            ["a log is read more than once"] = { "hold_node", "-" },
            ["not a node number"] = { "hold_node", helper.log(orders), "--once", "x" },
            ["not a number of records"] = { "hold_node", helper.log(orders), "--lost", "-1" },
            ["no script declares it"] = { "give_up_errors", helper.log(orders), "--arg", "nope=1" },
        } do
            table.insert(words, 1, "crashtest")
            local run = helper.run(words)
            assert.equal(2, run.status)
            assert.is_truthy(run.stderr:find(message, 1, true), run.stderr)
        end
        assert.equal(4, helper.run({ "crashtest", "give_up_errors", "/nonexistent" }).status)
    end)

    it("tests a damaged log, and says so", function()
        local run = helper.run { "crashtest", "give_up_errors", helper.log("lost-page") }
        assert.equal(3, run.status)
        assert.matches("is damaged", run.stderr)
    end)

    it("leaves the log as it was", function()
        local path = log_of(records_of("edge"))
        local before = helper.shell("ls -lA --time-style=full-iso " .. path .. "; cat " .. path .. "/* | md5sum")
        helper.run { "crashtest", "give_up_errors", path, "--once", "3" }
        assert.equal(before, helper.shell("ls -lA --time-style=full-iso " .. path .. "; cat " .. path
            .. "/* | md5sum"))
    end)
end)

-- The examples with a story: what stands beside them is what they give.
describe("the recovery examples", function()
    local log = "examples/logs/orders"

    after_each(helper.clean)

    for name, options in pairs {
        recover_charge_once = { "--once", "3" },
        recover_dead_orders = {},
        recover_approvals = { "--lost", "10" },
    } do
        it("give the output that lies beside them, and pass their crash test: " .. name, function()
            local script = ("examples/%s.lua"):format(name)
            local decided = helper.run { "recover", script, log }
            local words = { "crashtest", table.unpack(options) }
            table.move({ script, log }, 1, 2, #words + 1, words)
            local tested = helper.run(words)
            assert.equal(0, decided.status)
            assert.equal(0, tested.status)
            assert.equal(helper.read(("examples/%s.txt"):format(name)),
                ("$ tracereel recover %s %s\n%s\n$ tracereel %s\n%s"):format(script, log, decided.stdout,
                    table.concat(words, " "), tested.stdout))
        end)
    end

    it("show how the first version of a script was found out", function()
        local found, _, run = crashtest("examples/recover_dead_orders.lua", { path = log,
            arguments = { "--arg", "dead=payment" } })
        assert.equal(7, run.status)
        assert.equal("given up, although it was completed later", found[1].first.reason)
    end)

    it("keep what they promise, and fail without it", function()
        local script = helper.read("examples/recover_charge_once.lua")
        local without = script:gsub("return tracereel.hold%b()", "return default")
        assert.are_not.equal(script, without)
        local found = crashtest(without, { path = log })
        assert.equal("it was paid, and would be charged again", found[1].first.reason)
    end)
end)
