-- The order that `flow` guesses from imported logs, whose nodes can run in parallel with themselves.
local flow = require "tracereel.flow.guess"
local helper = require "tests.spec.helper"
local imported_log = require "tests.spec.imported_log"
local record_bytes = require "tests.spec.record_bytes"
local tracereel = require "tracereel"

local at = imported_log.at

-- What comes before each node, by the runs { node, instance or nil, start, end } of one trace.
local function after_of(runs)
    local records = { at("trace_start", 0) }
    for _, run in ipairs(runs) do
        local metadata = run[2] and ('{"instance":"%s"}'):format(run[2])
        records[#records + 1] = at("node_start", run[3], run[1], metadata)
        records[#records + 1] = at("node_done", run[4], run[1], metadata)
    end
    table.sort(records, function(a, b)
        return a.timestamp_ns < b.timestamp_ns
    end)
    local guess = flow.new()
    for _, trace in ipairs(tracereel.open(record_bytes.write_log(helper.directory(), records)):replay {}:traces()) do
        guess:add(trace)
    end
    local after = {}
    for id, node in pairs(guess:flow().nodes) do
        after[id] = table.concat(node.after, " ")
    end
    return after
end

describe("the order guessed from an imported log", function()
    after_each(helper.clean)

    it("compares instances of the same name, where they go through several nodes one by one", function()
        assert.are.same({ [1] = "", [2] = "1", [3] = "2", [4] = "3" }, after_of { { 1, nil, 1, 5 },
            { 2, "a", 6, 10 }, { 2, "b", 7, 30 }, { 3, "a", 11, 15 }, { 3, "b", 31, 40 }, { 4, nil, 41, 45 } })
    end)

    it("does not take a node for earlier that one instance of the next did not wait for", function()
        assert.are.same({ [2] = "", [3] = "" }, after_of { { 2, "a", 6, 10 }, { 2, "b", 7, 30 }, { 3, "a", 11, 15 },
            { 3, "b", 29, 40 } })
    end)

    it("compares all with all where the instances have other names", function()
        assert.are.same({ [2] = "", [3] = "2", [4] = "" }, after_of { { 2, "a", 6, 10 }, { 2, "b", 7, 30 },
            { 3, "x", 32, 35 }, { 3, "y", 33, 40 }, { 4, "z", 20, 50 } })
    end)
end)
