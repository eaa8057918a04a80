-- Handlers that declare their fields, in commands that ask at every record.
local crashtest_runs = require "tests.spec.crashtest_runs"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

-- Decides by what its handlers have gathered: errors of each trace in `trace.data`, and the node that was done last.
local function script_with(handlers)
    return ([[
local last_done, seen = {}
local function note_error(trace, node)
    trace.data.errors = (trace.data.errors or 0) + 1
    trace.data.node = node
end
return { api = 1, shard = "trace",
    %s,
    recover = function(trace, default)
        if trace.data.errors then
            return tracereel.fail(("%%d errors, the last of node %%d"):format(trace.data.errors, trace.data.node))
        elseif last_done[trace.id] == 1 then
            return tracereel.hold("node 1 was the last")
        end
        return default
    end,
    check = function(trace, decision, future)
        return not (decision.kind == "hold" and future.outcome == "failed" and last_done[trace.id] ~= 1)
    end,
}
]]):format(handlers)
end

local by_record = script_with [[
    node_error = function(rec, trace) if trace then note_error(trace, rec.node_id) end end,
    node_done = function(rec, trace) if trace then last_done[trace.id] = rec.node_id end end]]

-- The one takes the handle alone, in whose place the record then is not; the other makes nothing.
local by_fields = script_with [[
    node_error = tracereel.fields("trace", "node_id", function(trace, node)
        if trace then note_error(trace, node) end
    end),
    node_done = tracereel.fields("trace.id", "node_id", function(id, node) if id then last_done[id] = node end end)]]

-- Those of one event get the same handle and the same record, whichever is made first.
local mixed = script_with [[
    node_error = tracereel.fields("trace", "node_id", function(trace, node)
        if trace then note_error(trace, node) end
        seen = trace
    end),
    record = tracereel.fields("rec", "trace", "type", function(rec, trace, type)
        assert(rec.type == type and (type ~= "node_error" or rawequal(trace, seen)))
        if type == "node_done" and trace then last_done[trace.id] = rec.node_id end
    end),
    violation = function(rec, trace, code) assert(rec.type and (trace == nil or trace.id) and code) end]]

describe("handlers of declared fields", function()
    after_each(helper.clean)

    it("crashtest: a script is asked at every record with what they gathered, as with records and traces", function()
        local expected, summary, run = crashtest_runs.test(by_record)
        assert.is_true(run.status == 0 or run.status == 1, run.stderr)
        assert.is_true(summary.decisions.fail > 0 and summary.decisions.hold > 0)
        for _, case in ipairs { { by_fields, {} }, { by_fields, { "-j", "2" } }, { mixed, {} } } do
            local found, other = crashtest_runs.test(case[1], { arguments = case[2] })
            assert.same(expected, found)
            assert.same(summary, other)
        end
    end)

    it("crashtest: an error in one names the script's line and the record", function()
        local _, _, run = crashtest_runs.test([[
return { api = 1,
    node_done = tracereel.fields("node_id", function(node)
        error("at node " .. node)
    end),
    recover = function(_, default) return default end }
]])
        assert.equal(1, run.status)
        assert.matches("script.lua:3: at node %d+ %(in node_done at wal_%x+.log offset %d+, node_done of trace ",
            run.stderr)
    end)

    it("crashtest: fields that no event has are refused before anything is read", function()
        local _, _, run = crashtest_runs.test([[
return { api = 1,
    node_done = tracereel.fields("node.duration", function() end),
    recover = function(_, default) return default end }
]])
        assert.equal(1, run.status)
        assert.matches("script.lua:2: fields: an event has no field 'node.duration'; did you mean node.duration_ns",
            run.stderr, 1, true)
    end)

    it("debug: an expression can make them, and is told of fields that no event has", function()
        local function answers(expression)
            local run = helper.run({ "debug", "--json", helper.log "orders" },
                { stdin = "next\nprint " .. expression .. "\nquit\n" })
            local lines = {}
            for line in run.stdout:gmatch("[^\n]+") do
                lines[#lines + 1] = reel.json_decode(line)
            end
            return lines[3], run
        end
        local made = answers 'tracereel.fields("node_id", "trace.status", function() end)'
        assert.same({ "a handler of 2 fields" }, made.values)
        local refused, run = answers 'tracereel.fields("nod_id", function() end)'
        assert.matches("fields: an event has no field 'nod_id'; did you mean node_id?", refused.error, 1, true)
        assert.equal(2, run.status)
    end)
end)
