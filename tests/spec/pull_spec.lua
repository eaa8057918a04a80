local helper = require "tests.spec.helper"
local reel = require "tracereel"

describe("log:records", function()
    it("gives the same records and traces as a replay", function()
        local replayed, pulled = {}, {}
        local log = reel.open(helper.log("orders"))
        local function note(list, rec, trace)
            list[#list + 1] = rec:bytes() .. rec.offset .. (trace and trace.id .. trace.record_count or "")
        end
        log:replay { record = function(rec, trace) note(replayed, rec, trace) end }
        for rec, trace in log:records() do
            note(pulled, rec, trace)
        end
        assert.are.same(replayed, pulled)
    end)

    it("can be left early, abandoned, and called again after the end", function()
        local log = reel.open(helper.log("orders"))
        local _, kept = log:records { types = "node_done" }()
        collectgarbage()
        collectgarbage()
        assert.is_true(kept.open)
        assert.are.equal(1, #kept.nodes)
        local pull = log:records { types = "trace_failed" }
        while pull() do
            assert.is_true(true)
        end
        assert.is_nil(pull())
        assert.is_nil(pull())
    end)

    it("can be used by several loops at once", function()
        local log = reel.open(helper.log("edge"))
        local first, other = log:records(), log:records()
        local count = 0
        repeat
            local a, b = first(), other()
            assert.is_true(a == b)
            count = count + (a and 1 or 0)
        until not a
        assert.are.equal(#helper.expected("edge", "records"), count)
    end)

    it("raises an error of the script for too many open iterators, whichever resource ran out", function()
        for _, max_files in ipairs { 200, 4096 } do
            local result = helper.run_script([[
                return { api = 1, finish = function(log)
                    local held = {}
                    for i = 1, 1500 do
                        held[i] = log:records()
                        held[i]()
                    end
                end }]], { before = ("ulimit -n %d;"):format(max_files) })
            assert.are.equal(1, result.status, result.stderr)
            assert.truthy(result.stderr:find(":[45]: .*; %d+ iterators of log:records%(%) have not come to their end"),
                result.stderr)
        end
    end)

    it("can be called any number of times if iterators are dropped", function()
        local result = helper.run_script([[
            return { api = 1, finish = function(log)
                for _ = 1, 1500 do
                    log:records()()
                end
                return "done"
            end }]], { before = "ulimit -n 200;" })
        assert.are.equal("done", result.stdout:match("%w+"), result.stderr)
    end)

    it("can be called from a coroutine", function()
        local log = reel.open(helper.log("edge"))
        local count = 0
        for _ in coroutine.wrap(function()
            for rec in log:records() do
                coroutine.yield(rec)
            end
        end) do
            count = count + 1
        end
        assert.are.equal(#helper.expected("edge", "records"), count)
    end)
end)

