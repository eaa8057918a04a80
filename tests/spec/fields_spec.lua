local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

-- The fields that an object says it has, less its methods.
local function fields_of(object, methods)
    local is_method = {}
    for _, name in ipairs(methods) do
        is_method[name] = true
    end
    local _, problem = pcall(function() return object.no_such_field end)
    local names = {}
    for name in problem:match("it has (.*)$"):gmatch("[%w_]+") do
        names[#names + 1] = not is_method[name] and name or nil
    end
    return names
end

describe("fields of an event", function()
    it("what can be named of an event is each field of a record, of a trace and of a node, and these "
        .. "themselves", function()
        local rec, trace
        for one, its_trace in tracereel.open(helper.log("orders")):records { types = "node_done" } do
            rec, trace = one, its_trace
        end
        local expected = { "rec", "trace", "node", "code" }
        for _, name in ipairs(fields_of(rec, { "bytes", "json", "copy", "with_metadata" })) do
            expected[#expected + 1] = name
        end
        for _, name in ipairs(fields_of(trace, { "node", "json", "recovery", "output" })) do
            expected[#expected + 1] = "trace." .. name
        end
        for _, name in ipairs(fields_of(trace:node(rec.node_id), {})) do
            expected[#expected + 1] = "node." .. name
        end
        local names = core.event_field_names()
        table.sort(expected)
        table.sort(names)
        assert.same(expected, names)
        assert.is_true(#names > 60)
    end)
end)
