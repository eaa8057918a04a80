-- What is foreseen of killed runs is what the engine then did: every line of tests/fixtures/logs-engine/*.engine.jsonl,
-- with the arenas as they were, and with each write position set after the last output.
local flow = require "tracereel.flow"
local forecast = require "tracereel.forecast"
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local fixtures = "tests/fixtures/logs-engine/"

-- The numbers are in the comments of the YAML files.
local orders = assert(flow.check {
    nodes = {
        [0] = { name = "trigger", type = "trigger::manual" },
        [1] = { name = "validate", type = "test::work", after = { 0 } },
        [2] = { name = "fraud", type = "test::work", after = { 1 } },
        [3] = { name = "charge", type = "test::work", after = { 2, 7 } },
        [4] = { name = "approve", type = "std::wait", after = { 3 } },
        [5] = { name = "ship", type = "test::work", after = { 4 } },
        [6] = { name = "notify", type = "test::work", after = { 5 } },
        [7] = { name = "reserve", type = "test::work", after = { 1 } },
    },
})
local switch = assert(flow.check {
    nodes = {
        [0] = { name = "trigger", type = "trigger::manual" },
        [1] = { name = "validate", type = "test::work", after = { 0 } },
        [2] = { name = "route", type = "std::switch", after = { 1 } },
        [3] = { name = "charge", type = "test::work", after = { { 2, port = "true" } } },
        [4] = { name = "manual", type = "test::work", after = { { 2, port = "false" } } },
        [5] = { name = "notify", type = "test::work", after = { 3 } },
    },
})

local logs = { ["orders-killed"] = orders, ["orders-killed-late"] = orders, ["orders-killed-twice"] = orders,
    ["switch-killed"] = switch }
-- What a switch answers is not foreseen: these can come after node 2, the first two directly.
local behind_route, right_behind_route = { [3] = true, [4] = true, [5] = true }, { [3] = true, [4] = true }

local outcome_of = { recovered = "runs", awaiting = "waits", skipped = "skipped" }

local function lines_of(name)
    local lines = {}
    for line in io.lines(fixtures .. name .. ".engine.jsonl") do
        lines[#lines + 1] = tracereel.json_decode(line)
    end
    return lines
end

local function set_of(list)
    local set = {}
    for _, node in ipairs(list) do
        set[node] = true
    end
    return set
end

local function without(list, left_out)
    local kept = {}
    for _, node in ipairs(list) do
        kept[#kept + 1] = node ~= left_out and node or nil
    end
    return kept
end

-- A copy of the arenas, mended without tracereel's own code: 8 bytes at 56.
local function mended_arenas(name, traces)
    local directory = helper.directory()
    helper.shell(("cp %s%s/arenas/*.bin %s"):format(fixtures, name, directory))
    for _, trace in ipairs(traces) do
        local file = io.open(("%s/trace_%s.bin"):format(directory, trace.id), "r+b")
        local last = 128
        for _, output in pairs(trace.completed_nodes) do
            last = math.max(last, (output.offset + output.size + 7) // 8 * 8)
        end
        if file then
            file:seek("set", 56)
            file:write(("<I8"):pack(last))
            file:close()
        end
    end
    return directory
end

local function foresee(value, directory, traces)
    local foreseen = {}
    for _, trace in ipairs(traces) do
        foreseen[trace.id] = (forecast.of(trace, { flow = value, arenas = directory }))
    end
    return foreseen
end

local function assert_subset(part, whole, what)
    local is_in = set_of(whole)
    for _, node in ipairs(part) do
        assert.truthy(is_in[node], ("node %d %s, and was not foreseen"):format(node, what))
    end
end

-- Where a switch ran, what follows it is not foreseen; what was lost is lost in what hangs on it.
local function assert_behind_switch(engine, executed, lost)
    assert_subset(without(engine.runs, 2), executed, "was foreseen to run")
    local foreseen, route_lost = set_of(engine.runs), set_of(engine.without_inputs)[2] or false
    local expected_lost = set_of(without(engine.without_inputs, 2))
    for _, node in ipairs(executed) do
        assert.truthy(foreseen[node] or behind_route[node])
        expected_lost[node] = expected_lost[node] or route_lost and right_behind_route[node] or nil
    end
    assert.same(expected_lost, set_of(lost))
end

local function assert_happened(line, engine, executed, lost)
    assert.equal(outcome_of[line.outcome], engine.outcome, engine.reason)
    local has_failed = line.reason == "a node failed again"
    if has_failed then
        assert_subset(executed, engine.runs, "ran")
        assert_subset(lost, engine.without_inputs, "lost its inputs")
    elseif set_of(engine.runs)[2] and engine.waits_at == nil and engine.closes == nil then
        assert_behind_switch(engine, executed, lost)
    else
        assert.same(executed, engine.runs)
        assert.same(lost, engine.without_inputs)
    end
    if engine.closes ~= nil and not has_failed then
        assert.equal(line.open_after, not engine.closes)
    end
    if engine.waits_at then
        assert.equal(4, engine.waits_at)
        assert.is_true(line.open_after)
    end
end

for name, value in tracereel.sorted(logs) do
    describe("the forecast of " .. name, function()
        local traces = tracereel.open(fixtures .. name .. "/wal"):traces()
        local as_they_were = foresee(value, fixtures .. name .. "/arenas", traces)
        local mended = foresee(value, mended_arenas(name, traces), traces)
        local lines = lines_of(name)

        teardown(helper.clean)

        it("covers every trace that the engine found open", function()
            assert.equal(#traces, #lines)
        end)

        for _, line in ipairs(lines) do
            it("is what the engine did with trace " .. line.trace_id, function()
                assert_happened(line, as_they_were[line.trace_id], line.executed, line.without_inputs)
            end)

            it("is what the engine did after repair of the arenas with trace " .. line.trace_id, function()
                assert_happened(line, mended[line.trace_id], line.executed_with_arenas_mended,
                    line.without_inputs_with_arenas_mended)
            end)
        end

        it("is the same in the JSON of recover and traces, with a flow file in Lua or YAML", function()
            local file = helper.directory() .. "/flow.lua"
            helper.write(file, flow.text(value))
            local yaml = fixtures .. name:match("%a+") .. ".flow.yaml"
            for _, words in ipairs { { "recover", "--json", "--flow", file },
                { "traces", "--open", "--json", "--flow", file }, { "recover", "--json", "--flow", yaml } } do
                words[#words + 1] = fixtures .. name .. "/wal"
                local count = 0
                for line in helper.run(words).stdout:gmatch("[^\n]+") do
                    local object = tracereel.json_decode(line)
                    local expected = as_they_were[object.trace_id]
                    for key, item in pairs(object.engine or {}) do
                        -- The two nodes that YAML cannot distinguish have each other's names.
                        item = key == "reason" and words[#words - 1] == yaml and expected.reason or item
                        assert.same(expected[key] == nil and tracereel.null or expected[key], item, key)
                    end
                    count = count + (object.engine and 1 or 0)
                end
                assert.equal(#lines, count)
            end
        end)
    end)
end

describe("the forecast of switch-killed", function()
    it("names the routing node of each trace that the engine closed without a branch, and of no other", function()
        local traces = tracereel.open(fixtures .. "switch-killed/wal"):traces()
        local foreseen = foresee(switch, fixtures .. "switch-killed/arenas", traces)
        local has_lost = {}
        for _, trace in ipairs(traces) do
            local done = trace.completed_nodes
            has_lost[trace.id] = done[2] and not done[3] and not done[4] and { 2 } or {}
        end
        local count = 0
        for id, engine in pairs(foreseen) do
            assert.same(has_lost[id], engine.ends_without_branch)
            count = count + #engine.ends_without_branch
        end
        assert.equal(7, count)
    end)
end)

describe("the forecast of overlap", function()
    it("names the overwritten outputs of the arena", function()
        local id = "161cf2aa-9dfc-4847-8215-92f1fcf7c2cf"
        for _, trace in ipairs(tracereel.open(fixtures .. "overlap/wal"):traces()) do
            if trace.id == id then
                -- Node 3: 274 bytes at 128, over 0 at 128, 1 at 216 and 7 at 312.
                local engine = forecast.of(trace, { flow = orders, arenas = fixtures .. "overlap/arenas" })
                assert.same({ 0, 1, 7 }, engine.overwritten)
                assert.truthy(engine.reason:find("the outputs of nodes 0 (trigger), 1 (validate) and 7 (reserve) were "
                    .. "OVERWRITTEN by that of 3 (charge)", 1, true))
                return
            end
        end
        error("the trace is not there")
    end)
end)
