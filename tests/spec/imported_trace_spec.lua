-- What an imported log says in the metadata of XERV's records, as a trace handle shows it.
local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local id = "aaaaaaaa-0000-4000-8000-000000000001"
local parent = "bbbbbbbb-0000-4000-8000-00000000000b"

local function at(type_name, timestamp_ns, fields)
    fields = fields or {}
    fields.type, fields.timestamp_ns, fields.trace_id = type_name, timestamp_ns, fields.trace_id or id
    return fields
end

-- The handle of the one trace that these records make, as it is after the last of them.
local function trace_of(...)
    local handle
    reel.open(record_bytes.write_log(helper.directory(), { ... })):replay {
        record = function(_, trace)
            handle = trace or handle
        end,
    }
    return handle
end

describe("an imported trace", function()
    after_each(helper.clean)

    it("has the name, the id's text and the parent that its trace_start gives", function()
        local trace = trace_of(at("trace_start", 10, {
            metadata = ([[{"id":"order \u0041","name":"nightly","parent":"%s","parent_node":7,"parent_instance":"3",]]
                .. [["metadata":{"name":"mine"}}]]):format(parent:upper()),
        }))
        assert.are.same({ "order A", "nightly", parent, 7, "3" },
            { trace.text_id, trace.name, trace.parent, trace.parent_node, trace.parent_instance })
    end)

    it("has none of these where the metadata lacks them, is none, or has them as another kind of value", function()
        for _, metadata in ipairs {
            false, "{}", "name", "[1]", '{"id":1,"name":{},"parent":"no id","parent_node":"4","parent_instance":2}',
            '{"parent":17,"parent_node":-1}', '{"parent_node":4294967296}', '{"parent_node":1.5}',
        } do
            local trace = trace_of(at("trace_start", 10, { metadata = metadata or nil }))
            assert.are.same({}, { trace.text_id, trace.name, trace.parent, trace.parent_node, trace.parent_instance })
        end
    end)

    it("has the outcome that its closing record names, if that goes with the record's type", function()
        local function outcome(type_name, metadata)
            return trace_of(at("trace_start", 10), at(type_name, 20, { metadata = metadata })).outcome
        end
        assert.are.equal("complete", outcome("trace_complete"))
        assert.are.equal("continued", outcome("trace_complete", '{"outcome":"continued"}'))
        assert.are.equal("complete", outcome("trace_complete", '{"outcome":"cancelled"}'))
        assert.are.equal("complete", outcome("trace_complete", '{"metadata":{"outcome":"continued"}}'))
        assert.are.equal("complete", outcome("trace_complete", '{"outcome":"continued"'))
        assert.are.equal("failed", outcome("trace_failed"))
        for _, name in ipairs { "cancelled", "timed_out", "terminated" } do
            assert.are.equal(name, outcome("trace_failed", ('{"outcome":"%s"}'):format(name)))
        end
        assert.are.equal("timed_out", outcome("trace_failed", [[{"outcome":"timed\u005fout"}]]))
        assert.are.equal("failed", outcome("trace_failed", '{"outcome":"continued"}'))
        assert.are.equal("failed", outcome("trace_failed", '{"outcome":["cancelled"]}'))
    end)

    it("has no outcome while it is open, and its status is XERV's", function()
        assert.is_nil(trace_of(at("trace_start", 10)).outcome)
        assert.are.equal("failed", trace_of(at("trace_start", 10),
            at("trace_failed", 20, { metadata = '{"outcome":"cancelled"}' })).status)
    end)
end)
