-- The checks of `tracereel crashtest`, what it saves, what it says when something is wrong, and the examples.
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local runs = require "tests.spec.crashtest_runs"

local crashtest = runs.test
local counts_by_check = runs.counts_by_check
local default_script = runs.default_script
local log_of = runs.log_of
local records_of = runs.records_of
local orders = "orders"

describe("the built-in checks of crashtest", function()
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

    it("find decisions that no records can produce", function()
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

    it("find scripts that never converge", function()
        local found, _, run = crashtest [[
return {
    api = 1,
    recover = function(trace)
        return trace.suspended_at and tracereel.retry{ 77 } or tracereel.await(5, { skips = true })
    end,
}
]]
        assert.equal(7, run.status)
        assert.is_true(counts_by_check(found)["every decision converges"] > 0)
        assert.matches("the script does not converge", found[1].first.reason)
    end)

    it("find a recovery that ends in another state after an interruption", function()
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

    it("test decisions that depend on other traces with all records that the log had by then", function()
        local script = [[
local traces = 0
return {
    api = 1,
    trace_start = function() traces = traces + 1 end,
    recover = function(trace, default)
        return traces > 1 and %s or default
    end,
}
]]
        local found, summary = crashtest(script:format('tracereel.fail("a second trace has begun")'))
        assert.are.same({}, found)
        assert.equal(summary.distinct_decisions, summary.converged)
        assert.equal(0, summary.untried.other_traces)
        found = crashtest(script:format("(trace.suspended_at and tracereel.retry{ 77 } "
            .. "or tracereel.await(5, { skips = true }))"))
        assert.is_true(counts_by_check(found)["every decision converges"] > 0)
    end)

    it("list the decisions that they could not test", function()
        local _, summary = crashtest [[
local segments
return {
    api = 1,
    start = function(_, log) segments = #log.segments end,
    recover = function(_, default)
        return segments > 1 and tracereel.fail("many segments") or default
    end,
}
]]
        assert.equal(summary.distinct_decisions, summary.untried.other_traces)
        assert.equal(0, summary.converged)
        local _, damaged = crashtest(default_script, { log = "lost-page" })
        assert.is_true(damaged.untried.tainted > 0)
    end)

    it("treat tainted traces as held, as recovery does", function()
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

    it("writes a small log and a spec that fails until the script is corrected", function()
        local directory = helper.directory() .. "/saved"
        local script = helper.script(default_script)
        local first = helper.run { "crashtest", script, helper.log(orders), "--once", "3", "--save", directory }
        assert.equal(7, first.status)
        local groups = select(2, first.stdout:gsub("\n   shortest", ""))
        assert.matches(("saved %d of %d findings"):format(groups, groups), first.stderr)
        for number = 1, groups do
            local records = reel.open(("%s/finding-%d"):format(directory, number)):replay({}):stats().records
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

    it("saves more of the log if the trace's own records do not show the finding", function()
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

    it("writes nothing without a finding, and overwrites nothing", function()
        local directory = helper.directory()
        local run = select(3, crashtest(default_script, { arguments = { "--save", directory .. "/none" } }))
        assert.equal(0, run.status)
        assert.equal("", helper.shell("ls " .. directory))
        run = select(3, crashtest(default_script, { arguments = { "--once", "3", "--save", directory } }))
        assert.equal(2, run.status)
        assert.matches("%-%-save: cannot make the directory", run.stderr)
    end)
end)

describe("crashtest with wrong input", function()
    after_each(helper.clean)

    local first = "wal_0000000000000000%.log offset 0, trace_start of trace %x+%-"

    for what, case in pairs {
        ["an error in recover"] = { "recover = function() error('boom') end", "boom %(in recover after " .. first },
        ["an error in check"] = { "recover = function() end, check = function(t) return t.nope end",
            "no field 'nope'.*%(in check after " .. first },
        ["no decision"] = { "recover = function() return 'fail' end", "a decision expected.*got fail %(in recover" },
        ["no verdict"] = { "recover = function() end, check = function() return 3 end",
            "check: true, nil, false, or a text .* expected, got a number %(in check" },
        ["an error in a handler"] = { "recover = function() end, record = function() error('boom') end",
            "boom %(in record at " .. first },
    } do
        it("ends with 1 and names the place: " .. what, function()
            local _, _, run = crashtest("return { api = 1, " .. case[1] .. " }\n")
            assert.equal(1, run.status)
            assert.equal("", run.stdout)
            assert.matches(case[2], run.stderr)
            assert.is_nil(run.stderr:find("tracereel/crashtest", 1, true))
        end)
    end

    it("shows the script's own part of the traceback", function()
        local _, _, run = crashtest("local function deep()\n error('boom')\nend\n"
            .. "return { api = 1, recover = function()\n deep()\nend }\n")
        local traceback = run.stderr:match("stack traceback:\n(.*)$") or ""
        assert.matches("%.lua:2: in upvalue 'deep'", traceback)
        assert.matches("%.lua:5: in", traceback)
        assert.is_nil(traceback:find("tracereel/crashtest", 1, true))
    end)

    it("stops a script at its limits", function()
        local _, _, run = crashtest("return { api = 1, recover = function() while true do end end }\n",
            { arguments = { "--max-time", "0.2s" } })
        assert.equal(5, run.status)
    end)

    it("leaves no small logs, even if a limit stops it while it tries them", function()
        local script = [[
local segments
return {
    api = 1,
    start = function(_, log) segments = #log.segments end,
    recover = function(_, default)
        while segments == 1 do end
        return default
    end,
}
]]
        local directory = helper.directory()
        local run = helper.run({ "crashtest", helper.script(script), helper.log(orders), "--max-time", "0.5s" },
            { env = { TMPDIR = directory } })
        assert.equal(5, run.status)
        assert.equal("", helper.shell("ls " .. directory))
        run = helper.run({ "crashtest", "give_up_errors", helper.log(orders) }, { env = { TMPDIR = directory } })
        assert.equal(0, run.status)
        assert.equal("", helper.shell("ls " .. directory))
        run = helper.run({ "crashtest", "give_up_errors", helper.log(orders) }, { env = { TMPDIR = "/nonexistent" } })
        assert.equal(4, run.status)
        assert.matches("^tracereel: /nonexistent: cannot make a temporary file there %(TMPDIR says where%)", run.stderr)
        run = helper.run({ "crashtest", "give_up_errors", helper.log(orders) }, { before = "ulimit -f 8;" })
        assert.equal(4, run.status)
        assert.matches("cannot make a temporary file 262144 bytes long (TMPDIR says where): File too large", run.stderr,
            1, true)
    end)

    it("names what is wrong with the command line", function()
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

    it("also tests a damaged log, and says so", function()
        local run = helper.run { "crashtest", "give_up_errors", helper.log("lost-page") }
        assert.equal(3, run.status)
        assert.matches("is damaged", run.stderr)
    end)

    it("does not change the log", function()
        local path = log_of(records_of("edge"))
        local before = helper.shell("ls -lA --time-style=full-iso " .. path .. "; cat " .. path .. "/* | md5sum")
        helper.run { "crashtest", "give_up_errors", path, "--once", "3" }
        assert.equal(before, helper.shell("ls -lA --time-style=full-iso " .. path .. "; cat " .. path
            .. "/* | md5sum"))
    end)
end)

-- The examples with a story: they print what their comments say.
describe("the recovery examples", function()
    local log = "examples/logs/orders"

    after_each(helper.clean)

    for name, options in pairs {
        recover_charge_once = { "--once", "3" },
        recover_dead_orders = {},
        recover_approvals = { "--lost", "10" },
        recover_start_over = { "--allow-rerun" },
    } do
        it("give the output saved with them, and pass their crash test: " .. name, function()
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

    it("show what crashtest finds in the first version of a script", function()
        local found, _, run = crashtest("examples/recover_dead_orders.lua", { path = log,
            arguments = { "--arg", "dead=payment" } })
        assert.equal(7, run.status)
        assert.equal("given up, although it was completed later", found[1].first.reason)
    end)

    it("keep their promises, and fail their crash test without the code that keeps them", function()
        local script = helper.read("examples/recover_charge_once.lua")
        local without = script:gsub("return tracereel.hold%b()", "return default")
        assert.are_not.equal(script, without)
        local found = crashtest(without, { path = log })
        assert.equal("it was paid, and would be charged again", found[1].first.reason)
    end)
end)
