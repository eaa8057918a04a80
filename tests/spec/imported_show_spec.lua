-- What `show` and `debug` say of imported logs: a lane for each instance of a node and for each wait of its own.
local helper = require "tests.spec.helper"
local imported_log = require "tests.spec.imported_log"
local record_bytes = require "tests.spec.record_bytes"

local at = imported_log.at

local begin_ns = 1764000000000000000

local function show(records)
    for _, record in ipairs(records) do
        record.timestamp_ns = begin_ns + record.timestamp_ns
    end
    local ran = helper.run { "show", imported_log.id, record_bytes.write_log(helper.directory(), records) }
    assert.are.equal("", ran.stderr)
    assert.are.equal(0, ran.status)
    return ran.stdout
end

local function of(instance, more)
    return ('{"instance":"%s"%s}'):format(instance, more or "")
end

describe("show of an imported log", function()
    after_each(helper.clean)

    it("draws each instance of a node and each wait in a lane of its own", function()
        local page = show {
            at("trace_start", 0), at("node_start", 1, 4, of "a"),
            at("node_start", 2, 4, of("b", ',"resource":"host 7"')),
            at("trace_suspended", 3, 5, '{"wait":"timer"}'), at("trace_suspended", 4, 6, '{"wait":"signal"}'),
            at("node_done", 9, 4, of "a"), at("node_error", 10, 4, of("b", ',"kind":"timed_out"'),
                { error_message = "too slow" }), at("node_start", 11, 4, of("b", ',"attempt":4')),
            at("node_done", 13, 4, of "b"), at("trace_resumed", 20, 5, '{"wait":"timer"}'),
            at("trace_resumed", 30, 6, '{"wait":"signal"}'), at("node_done", 31, 6),
            at("trace_complete", 40, nil, '{"outcome":"continued"}'),
        }
        local lines = {}
        for line in page:match("TOOK\n(.*)$"):gmatch("[^\n]+") do
            lines[#lines + 1] = line:gsub("^0%.0000000", ""):gsub("%s+$", "")
        end
        assert.are.same({
            "00             ● trace starts",
            "01             ┌ node 4 [a]",
            "02             │ ┌ node 4 [b], on host 7",
            "03             │ │ ┌ node 5 waits: timer",
            "04             │ │ ┊ ┌ node 6 waits: signal",
            "09       8 ns  └ │ ┊ ┊ node 4 [a] done",
            "10       8 ns    ✗ ┊ ┊ node 4 [b] FAILED (timed_out): too slow",
            "11             ┌   ┊ ┊ node 4 [b], attempt 4 (here 2)",
            "13       2 ns  └   ┊ ┊ node 4 [b] done",
            "20      17 ns      └ ┊ node 5 resumed, which ends it",
            "30      26 ns        ├ node 6 resumed",
            "31       1 ns        └ node 6 done",
            "40      40 ns  ● trace complete, continued in another trace",
        }, lines)
        assert.is_truthy(page:find("status    continued\n", 1, true))
    end)

    it("says which instances and waits are unfinished", function()
        local page = show { at("trace_start", 0), at("node_start", 1, 4, of "a"), at("node_start", 2, 4, of "b"),
            at("trace_suspended", 3, 5, '{"wait":"timer","instance":"c"}'), at("node_done", 9, 4, of "a") }
        assert.is_truthy(page:find("\n  node 4 [b]: running for 7 ns, attempt 1\n", 1, true), page)
        assert.is_nil(page:find("\n  node 4 [a]: ", 1, true))
        assert.is_truthy(page:find("\n  node 5 [c]: waits for 6 ns, since 2025-11-24T16:00:00.000000003Z; timer\n", 1,
            true), page)
    end)

    it("names the waits of an open trace in the list of traces", function()
        local ran = helper.run { "traces", record_bytes.write_log(helper.directory(), { at("trace_start", 0),
            at("node_start", 1, 4), at("trace_suspended", 3, 5, '{"wait":"timer","instance":"c"}'),
            at("trace_suspended", 4, 6, '{"wait":"signal"}') }) }
        assert.is_truthy(ran.stdout:find("waits at 5 [c], 6", 1, true), ran.stdout)
        assert.is_truthy(ran.stdout:find("running", 1, true))
    end)
end)
