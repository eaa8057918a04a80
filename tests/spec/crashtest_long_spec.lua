-- `tracereel crashtest` of a trace that is too long for each of its states to be tried.
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local runs = require "tests.spec.crashtest_runs"

local crashtest = runs.test
local counts_by_check = runs.counts_by_check
local default_script = runs.default_script
local log_of = runs.log_of

-- A trace that is too long for all of its states to be tried: one node runs again and again for a thousand records,
-- which is the same few states; then `count` nodes run one after the other, so that every state differs.
local function long_log(count)
    local all, now_ns = {}, 1
    local function add(kind, fields)
        now_ns = now_ns + 1
        fields.trace_id, fields.timestamp_ns = "00000000-0000-4000-8000-000000000001", now_ns
        all[#all + 1] = reel.record[kind](fields)
    end
    add("trace_start", { metadata = "{}" })
    while #all < 999 do
        add("node_start", { node_id = 3 })
        add("node_done", { node_id = 3 })
    end
    add("trace_resumed", {})
    for node = 1, count do
        add("node_start", { node_id = 100 + node })
        add("node_done", { node_id = 100 + node })
    end
    return log_of(all)
end

-- How many of the numbers from 1 to `count` are powers of two.
local function powers_to(count)
    local found = 0
    while 1 << found <= count do
        found = found + 1
    end
    return found
end

describe("crashtest of a long trace", function()
    after_each(helper.clean)

    it("tries the states at the 1st, 2nd, 4th, 8th ... and counts the rest as untried", function()
        for _, count in ipairs { 20, 150, 1300 } do
            local found, summary = crashtest(default_script, { path = long_log(count) })
            assert.are.same({}, found)
            -- The trace's start; node 3 runs, is done, runs again; then node_start and node_done at their steps.
            local tried = 4 + 2 * powers_to(count)
            assert.are.same({ 4 + 2 * count, tried, 4 + 2 * count - tried },
                { summary.distinct_decisions, summary.converged, summary.untried.long_traces })
            assert.are.same({ default = summary.asked }, summary.decisions)
            assert.equal(1000 + 2 * count, summary.asked)
        end
    end)

    it("says in the text what is untried", function()
        local run = helper.run { "crashtest", helper.script(default_script), long_log(20) }
        assert.equal(0, run.status)
        assert.matches("\n30 combinations untried: in traces of more than 1000 records only a few are tried\n",
            run.stdout)
        assert.matches("\nno finding %(30 combinations untried%)\n$", run.stdout)
        run = helper.run { "crashtest", helper.script(default_script), long_log(0) }
        assert.not_matches("untried", run.stdout)
    end)

    it("judges each record if nothing has to be tried for that", function()
        -- Only between its start and its end has node 110 run and would run again.
        local found, summary = crashtest(default_script, { path = long_log(40), arguments = { "--once", "110" } })
        assert.is_true(summary.untried.long_traces > 0)
        assert.are.same({ ["node 110 runs once"] = 1 }, counts_by_check(found))
        assert.equal(1019, found[1].shortest.record_count)
        -- A decision that has to be worked out is found wrong at the steps, and counted there.
        found, summary = crashtest([[
return {
    api = 1,
    recover = function(trace, default)
        return trace.record_count > 1000 and tracereel.restart() or default
    end,
}
]], { path = long_log(40) })
        assert.are.same({ ["done is not run again"] = 2 * powers_to(40) }, counts_by_check(found))
        assert.equal(80, summary.decisions.restart)
    end)
end)
