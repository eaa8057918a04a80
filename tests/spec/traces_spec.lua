local helper = require "tests.spec.helper"

local function traces(...)
    return helper.run { "traces", ... }
end

local function only_keys_of(object, pattern)
    local kept = {}
    for key in pairs(pattern) do
        kept[key] = object[key]
    end
    return kept
end

describe("tracereel traces", function()
    for _, name in ipairs(helper.log_names()) do
        it("--open --json has the expected state of every open trace of " .. name, function()
            local expected = helper.expected(name, "states") or {}
            local objects = helper.objects(traces("--open", "--json", helper.log(name)).stdout)
            for index, state in ipairs(expected) do
                objects[index] = only_keys_of(objects[index] or {}, state)
            end
            assert.are.same(expected, objects)
        end)
    end

    it("lists closed traces in the order in which they closed, then the open ones by id", function()
        local expected, open = {}, {}
        for _, record in ipairs(helper.expected("orders", "records")) do
            if record.type == "trace_complete" or record.type == "trace_failed" then
                expected[#expected + 1] = record.trace_id
            end
        end
        for _, state in ipairs(helper.expected("orders", "states")) do
            open[#open + 1] = state.trace_id
        end
        table.move(open, 1, #open, #expected + 1, expected)
        local listed = {}
        for _, object in ipairs(helper.objects(traces("--json", helper.log("orders")).stdout)) do
            listed[#listed + 1] = object.trace_id
        end
        assert.are.same(expected, listed)
    end)

    it("shows where each trace stands", function()
        local text = traces(helper.log("orders")).stdout
        assert.truthy(text:find("6b7452b3  failed [^\n]* E201: node_3"))
        assert.truthy(text:find("\n9fb1e7f9  running [^\n]* in 3 %(2 times%)\n"))
        assert.truthy(text:find("\n085aed24  suspended [^\n]* at 4 for 437 ms\n"))
        assert.truthy(text:find("\ne9993d64  running [^\n]* after 3\n"))
        assert.truthy(text:find("\n5 running, 7 suspended, 45 complete, 3 failed\n"))
        for line in text:gmatch("[^\n]+") do
            assert.is_true(utf8.len(line) <= 80, line)
        end
    end)

    it("--status keeps only those traces", function()
        for _, object in ipairs(helper.objects(traces("--json", "--status", "failed", helper.log("orders")).stdout)) do
            assert.are.equal("failed", object.status)
        end
        local suspended = helper.objects(traces("--json", "--status", "suspended", helper.log("orders")).stdout)
        local expected = 0
        for _, state in ipairs(helper.expected("orders", "states")) do
            expected = expected + (state.recovery.action == "await_resume" and 1 or 0)
        end
        assert.are.equal(expected, #suspended)
    end)

    it("marks traces that were open across damage", function()
        local tainted = 0
        for _, object in ipairs(helper.objects(traces("--open", "--json", helper.log("bit-flip-payload")).stdout)) do
            tainted = tainted + (object.tainted and 1 or 0)
        end
        assert.is_true(tainted > 0)
        assert.truthy(traces(helper.log("bit-flip-payload")).stdout:find("TAINTED", 1, true))
        assert.is_nil(traces(helper.log("orders")).stdout:find("TAINTED", 1, true))
    end)

    it("starts from a snapshot, or reads all there is", function()
        local with = helper.objects(traces("--open", "--json", helper.log("snapshot")).stdout)
        local without = helper.objects(traces("--open", "--json", "--no-snapshot", helper.log("snapshot")).stdout)
        assert.are.equal(#helper.expected("snapshot", "states"), #with)
        assert.is_true(#without < #with)
    end)
end)
