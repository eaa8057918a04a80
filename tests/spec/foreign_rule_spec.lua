-- A log whose traces go on by another rule than the engine's, as its flow's origin says.
local helper = require "tests.spec.helper"

local function with_rule(directory, rule)
    helper.write(directory .. "/tracereel.flow.lua", ('return { nodes = { [3] = { name = "pay" } }, origin = %s }')
        :format(rule and ("{ format = \"x\", rule = %q }"):format(rule) or "{}"))
    return directory
end

describe("a log of another rule than the engine's", function()
    local log, plan
    setup(function()
        local place = helper.directory()
        log = place .. "/log"
        assert.equal(0, helper.run({ "generate", log, "--traces", "12", "--seed", "5", "--crash-after", "100" }).status)
        plan = place .. "/plan.json"
        assert.equal(0, helper.run({ "recover", "safe_start", log, "-o", plan }).status)
    end)
    teardown(helper.clean)

    local function commands()
        return {
            recover = { "recover", log },
            apply = { "apply", plan, log, "--dry-run" },
            crashtest = { "crashtest", "safe_start", log },
        }
    end

    it("is refused by recover, apply and crashtest, which name the rule, and what serves it", function()
        with_rule(log, "temporal")
        local before = helper.shell("cat " .. log .. "/wal_*")
        for name, words in pairs(commands()) do
            local run = helper.run(words)
            assert.equal(6, run.status, name)
            assert.equal("", run.stdout)
            assert.matches('its traces go on by the rule "temporal" (origin.rule in tracereel.flow.lua), which is not '
                .. "the engine's: what `" .. name .. "` would do, nobody does", run.stderr, 1, true)
            assert.matches("`timing`, `simulate`, `flow`, `show`, `export`, `debug` and `run` serve this log",
                run.stderr, 1, true)
        end
        assert.equal(before, helper.shell("cat " .. log .. "/wal_*"))
        local other = helper.write(helper.directory() .. "/flow.lua", 'return { nodes = { [3] = { name = "pay" } } }')
        assert.equal(6, helper.run({ "recover", "--flow", other, log }).status)
    end)

    it("is served by them with --engine-rule, as one of the engine's own rule is", function()
        for name, words in pairs(commands()) do
            with_rule(log, "xerv")
            local of_engine = helper.run(words)
            with_rule(log, nil)
            local of_none = helper.run(words)
            with_rule(log, "temporal")
            words[#words + 1] = "--engine-rule"
            local forced = helper.run(words)
            assert.is_true(of_engine.status == 0 or of_engine.status == 7, name .. of_engine.stderr)
            assert.same({ of_engine.stdout, of_engine.status }, { of_none.stdout, of_none.status }, name)
            assert.same({ of_engine.stdout, of_engine.status }, { forced.stdout, forced.status }, name)
        end
    end)

    it("is served by timing, simulate, flow, show, export, debug, run, traces, dump and check", function()
        with_rule(log, "temporal")
        local scenario = helper.write(helper.directory() .. "/scenario.lua", "return { api = 1 }")
        local traces = helper.objects(helper.run({ "traces", "--json", log }).stdout)
        local open_id
        for _, object in ipairs(traces) do
            assert.is_nil(object.engine)
            open_id = object.status == "running" and object.trace_id or open_id
        end
        for _, words in ipairs {
            { "timing" }, { "flow" }, { "export", "--format", "csv" }, { "run", "stuck" }, { "traces" }, { "dump" },
            { "check" }, { "simulate", scenario, "--rank" }, { "show", open_id }, { "traces", "--open" },
        } do
            words[#words + 1] = log
            local run = helper.run(words)
            assert.equal(0, run.status, table.concat(words, " ") .. run.stderr)
        end
        local shown = helper.run({ "show", open_id, log }).stdout
        assert.matches("\n  what happens next is decided by temporal, not by the engine\n", shown, 1, true)
        assert.is_nil(shown:find("at its next start the engine", 1, true))
        assert.is_nil(helper.objects(helper.run({ "show", "--json", open_id, log }).stdout)[1].engine)
        local session = helper.run({ "debug", log }, { stdin = "goto end\ntrace " .. open_id .. "\n" }).stdout
        assert.matches("what happens next is decided by temporal", session, 1, true)
    end)
end)
