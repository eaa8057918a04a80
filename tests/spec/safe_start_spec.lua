-- The bundled safe_start: after it, and apply --repair, the engine's next start loses nothing. What the engine did
-- without it is in the logs of killed runs.
local helper = require "tests.spec.helper"

local fixtures = "tests/fixtures/logs-engine/"

local flows = {
    orders = [[return { nodes = {
        [0] = { type = "trigger::manual" }, { after = { 0 } }, { after = { 1 } }, { after = { 2, 7 } },
        { after = { 3 }, type = "std::wait" }, { after = { 4 } }, { after = { 5 } }, { after = { 1 } } } }]],
    switch = [[return { nodes = {
        [0] = { type = "trigger::manual" }, { after = { 0 } }, { after = { 1 }, type = "std::switch" },
        { after = { { 2, port = "true" } } }, { after = { { 2, port = "false" } } }, { after = { 3 } } } }]],
}

-- A copy of a killed run: its log, its arenas, its flow, and where a plan goes.
local function killed(name)
    local directory = helper.directory()
    helper.shell(("cp -r %s%s/. %s; chmod -R u+w %s"):format(fixtures, name, directory, directory))
    return {
        name = name, directory = directory, log = directory .. "/wal", plan = directory .. "/plan.json",
        flow = helper.write(directory .. "/flow.lua", flows[name:match("^%a+")] or flows.orders),
    }
end

local function recover(run, ...)
    return helper.run { "recover", "safe_start", run.log, "--flow", run.flow, ... }
end

local function by_id(result)
    local found, summary = {}, nil
    for _, object in ipairs(helper.objects(result.stdout)) do
        if object.trace_id then
            found[object.trace_id] = object
        else
            summary = object.summary or summary
        end
    end
    return found, summary
end

local function decisions(run, ...)
    local result = recover(run, "--json", ...)
    assert.equal(0, result.status, result.stderr)
    return by_id(result)
end

local function forecasts(run)
    return by_id(helper.run { "recover", run.log, "--flow", run.flow, "--json" })
end

local function what_the_engine_did(name)
    local did = {}
    for _, object in ipairs(helper.objects(helper.read(fixtures .. name .. ".engine.jsonl"))) do
        did[object.trace_id] = object
    end
    return did
end

local function count(objects, accepts)
    local number = 0
    for _, object in pairs(objects) do
        number = number + (accepts(object) and 1 or 0)
    end
    return number
end

local function is_failed(object)
    return object.decision.kind == "fail"
end

local function is_rerun(object)
    return object.decision.forgotten ~= nil
end

local function is_held(object)
    return object.decision.kind == "hold"
end

describe("safe_start", function()
    after_each(helper.clean)

    for _, name in ipairs { "orders-killed", "orders-killed-late", "orders-killed-twice" } do
        it("closes as failed exactly the traces that the engine skipped for ever: " .. name, function()
            local run = killed(name)
            local found, did = decisions(run), what_the_engine_did(name)
            for id, object in pairs(found) do
                assert.equal(did[id].outcome == "skipped", is_failed(object), id)
            end
        end)

        it("leaves every trace waiting that waits for a person: " .. name, function()
            local run = killed(name)
            local found, did = decisions(run), what_the_engine_did(name)
            for id, object in pairs(found) do
                if did[id].outcome == "awaiting" then
                    assert.equal("default", object.decision.kind, id)
                    assert.same({}, object.records)
                end
            end
        end)

        it("with --apply leaves no trace that would run without its inputs or be skipped: " .. name,
            function()
                local run = killed(name)
                assert.is_true(count(what_the_engine_did(name), function(object)
                    return #object.without_inputs > 0
                end) > 0)
                local result = recover(run, "-o", run.plan, "--apply")
                assert.equal(0, result.status, result.stderr)
                for id, object in pairs(forecasts(run)) do
                    assert.same({}, object.engine.without_inputs, id)
                    assert.not_equal("skipped", object.engine.outcome, id)
                end
            end)
    end

    it("runs routing nodes again if the engine would not run their branches", function()
        local run = killed "switch-killed"
        local did = what_the_engine_did "switch-killed"
        local lost = count(did, function(object)
            return #object.executed == 0
        end)
        local found = decisions(run)
        local reruns = 0
        for id, object in pairs(found) do
            if is_rerun(object) then
                reruns = reruns + 1
                assert.same({ "#2" }, object.decision.forgotten)
                assert.same({}, did[id].executed)
            end
        end
        -- One of those that ran nothing had come to its end.
        assert.equal(lost - 1, reruns)
        assert.equal(0, recover(run, "-o", run.plan, "--apply").status)
        for id, object in pairs(forecasts(run)) do
            assert.same({}, object.engine.ends_without_branch, id)
        end
    end)

    it("without a flow closes traces without an arena, and runs nothing again", function()
        local run = killed "switch-killed"
        local found = by_id(helper.run { "recover", "safe_start", run.log, "--json" })
        assert.equal(0, count(found, is_rerun))
        helper.shell(("rm %s/arenas/trace_2*"):format(helper.quote(run.directory)))
        found = by_id(helper.run { "recover", "safe_start", run.log, "--json" })
        assert.equal(2, count(found, is_failed))
    end)

    it("closes nothing if the directory of arenas is unknown", function()
        local run = killed "orders-killed-late"
        helper.shell(("mv %s/arenas %s"):format(helper.quote(run.directory), helper.quote(helper.directory())))
        local found, summary = decisions(run)
        assert.equal(0, count(found, is_failed))
        assert.equal("#0", summary.changed)
    end)

    it("closes nothing if the directory of arenas is empty, unless empty=true is given",
        function()
            local run = killed "orders-killed-late"
            helper.shell(("rm %s/arenas/*"):format(helper.quote(run.directory)))
            local found = decisions(run)
            assert.equal(0, count(found, is_failed))
            assert.equal(18, count(found, function(object)
                return object.reason:find("is it the right one?", 1, true) ~= nil
            end))
            assert.equal(13, count(decisions(run, "--arg", "empty=true"), is_failed))
        end)

    it("says that lost branches are unknown without a flow", function()
        local run = killed "switch-killed"
        local found = by_id(helper.run { "recover", "safe_start", run.log, "--json" })
        assert.equal(14, count(found, function(object)
            return object.reason:find("whether it loses a branch is not known without --flow", 1, true) ~= nil
        end))
    end)

    it("shows what the engine would do next to each decision that differs", function()
        local run = killed "switch-killed"
        local shown = recover(run).stdout
        local _, reruns = shown:gsub("default; rerun 2", "")
        local _, labels = shown:gsub("\n    by itself: is closed as complete", "")
        assert.equal(7, reruns)
        assert.equal(7, labels)
    end)

    it("holds traces that would run on an overwritten output", function()
        local run = killed "orders-killed"
        -- The output of validate is where the trigger's is, and another one.
        local lost, kept = {}, {}
        local reel = require "tracereel"
        local log = reel.open(run.log)
        log:replay {}
        for _, trace in ipairs(log:traces()) do
            local done = trace.completed_nodes
            if not trace.suspended_at and done[1] and not done[2] and not done[7] then
                lost[#lost + 1] = reel.record.node_done { trace_id = trace.id, node_id = 1,
                    output_offset = done[0].offset, output_size = done[0].size + 8, schema_hash = 7,
                    timestamp_ns = log:stats().now_ns }
            elseif not trace.suspended_at then
                kept[trace.id] = true
            end
        end
        assert.is_true(#lost > 0)
        local bytes = {}
        for index, rec in ipairs(lost) do
            bytes[index] = rec:bytes()
        end
        helper.write(run.log .. "/wal_0000000000000001.log", table.concat(bytes))
        local found = decisions(run)
        for _, rec in ipairs(lost) do
            assert.equal("hold", found[rec.trace_id].decision.kind)
            assert.truthy(found[rec.trace_id].reason:find("node 0 put out was written over", 1, true))
        end
        for id in pairs(kept) do
            assert.not_equal("hold", found[id].decision.kind)
        end
        assert.equal(0, count(decisions(run, "--arg", "lost=false"), is_held))
    end)

    it("holds traces that would run without inputs that cannot be restored", function()
        local run = killed "orders-killed"
        local did = what_the_engine_did "orders-killed"
        local id
        for one, object in pairs(did) do
            if #object.without_inputs > 0 and (not id or one < id) then
                id = one
            end
        end
        -- The file ends before the output that the log names.
        helper.shell(("truncate -s 140 %s/arenas/trace_%s.bin"):format(helper.quote(run.directory), id))
        local found = decisions(run)
        assert.equal("hold", found[id].decision.kind)
        assert.equal(1, count(found, is_held))
    end)

    it("holds tainted traces, and leaves them to the engine with tainted=false", function()
        local run = killed "orders-killed"
        local path = run.log .. "/wal_0000000000000000.log"
        local bytes = helper.read(path)
        -- In the middle of the records' payloads: a bit of a timestamp.
        helper.write(path, bytes:sub(1, 30 + 69 * 20) .. "\255" .. bytes:sub(32 + 69 * 20))
        local held, _ = by_id(recover(run, "--json"))
        assert.is_true(count(held, is_held) > 0)
        assert.equal(0, count(by_id(recover(run, "--json", "--arg", "tainted=false")), is_held))
    end)

    for name, case in pairs {
        dead = { run = "orders-killed-late", is_changed = is_failed },
        branches = { run = "switch-killed", is_changed = is_rerun },
    } do
        it(("omits one of its measures: --arg %s=false"):format(name), function()
            local run = killed(case.run)
            assert.is_true(count(decisions(run), case.is_changed) > 0)
            local found, summary = decisions(run, "--arg", name .. "=false")
            assert.equal(0, count(found, case.is_changed))
            assert.equal("#0", summary.changed)
        end)
    end

    it("gives a reason for each trace that says what would happen", function()
        local run = killed "orders-killed-late"
        for id, object in pairs(decisions(run)) do
            local reason = object.reason
            assert.truthy(reason:find("runs ") or reason:find("^waits ") or reason:find("ASKS AGAIN")
                or reason:find("no arena"), id .. ": " .. reason)
        end
    end)

    it("with arenas=false judges by the uncorrected arenas", function()
        local run = killed "orders-killed"
        local did = what_the_engine_did "orders-killed"
        local found = decisions(run, "--arg", "arenas=false")
        for id, object in pairs(found) do
            assert.equal(#did[id].without_inputs > 0, is_held(object), id)
        end
    end)

    it("passes its crashtest on every killed run", function()
        for _, name in ipairs { "orders-killed", "orders-killed-late", "switch-killed" } do
            local run = killed(name)
            local result = helper.run { "crashtest", "safe_start", run.log, "--flow", run.flow }
            assert.equal(0, result.status, result.stdout .. result.stderr)
        end
    end)
end)

describe("recover --apply", function()
    after_each(helper.clean)

    it("does in one command what recover and apply --repair do, and undo can revert it", function()
        local run = killed "orders-killed-late"
        local before = forecasts(run)
        assert.equal(0, recover(run, "-o", run.plan, "--apply", "--operator", "Ada").status)
        assert.truthy(helper.read(run.log .. "/tracereel.journal"):find('"operator":"Ada"', 1, true))
        local after = forecasts(run)
        local closed = 0
        for id in pairs(before) do
            closed = closed + (after[id] and 0 or 1)
        end
        assert.equal(2, closed)
        assert.equal(0, helper.run({ "undo", run.plan, run.log }).status)
        local again = forecasts(run)
        for id in pairs(before) do
            assert.is_table(again[id], id)
        end
    end)

    it("names, even without a flow, the arenas that apply --repair corrects", function()
        local run = killed "orders-killed"
        local found = by_id(helper.run { "recover", "safe_start", run.log, "--json" })
        local words = "apply --repair mends its arena, so that no input is lost; "
        local stale = {}
        for id in helper.run({ "repair", run.log, "--arenas" }).stdout:gmatch("would set trace_([%x-]+)%.bin") do
            stale[id] = true
        end
        assert.equal(11, count(stale, function()
            return true
        end))
        for id, object in pairs(found) do
            assert.equal(stale[id] == true, object.reason:sub(1, #words) == words, object.reason)
        end
    end)

    it("reports an arena without a header as too short, not as missing", function()
        local run = killed "orders-killed"
        local id = "1e49494f-595a-4837-989c-ce7604ebb91b"
        helper.write(("%s/arenas/trace_%s.bin"):format(run.directory, id), "")
        local object = decisions(run)[id]
        assert.equal("fail", object.decision.kind)
        assert.equal("its arena is shorter than an arena's header: the engine panics on it", object.reason)
    end)

    it("continues with the plan that an interrupted command has left", function()
        local run = killed "orders-killed-late"
        assert.equal(0, recover(run, "-o", run.plan).status)
        local result = recover(run, "-o", run.plan, "--apply")
        assert.equal(0, result.status, result.stderr)
        assert.truthy(result.stdout:find("wrote wal_", 1, true))
    end)

    it("does not overwrite another plan, and says how to continue with it", function()
        local run = killed "orders-killed-late"
        helper.write(run.plan, "{}\n")
        local result = recover(run, "-o", run.plan, "--apply")
        assert.equal(4, result.status)
        assert.truthy(result.stderr:find("exists already, and is another plan", 1, true))
        assert.equal("{}\n", helper.read(run.plan))
        assert.equal("wal_0000000000000000.log\n", helper.shell("ls " .. helper.quote(run.log)))
    end)

    it("requires -o, excludes --dry-run, and is required for --operator", function()
        local run = killed "orders-killed-late"
        for _, arguments in ipairs { { "--apply" }, { "--apply", "-o", run.plan, "--dry-run" },
            { "--operator", "Ada" } } do
            local result = recover(run, table.unpack(arguments))
            assert.equal(2, result.status)
            assert.equal("", result.stdout)
        end
    end)
end)
