-- `tracereel export --format folded`: read back by a reader that knows only the format, and compared with what the
-- records say.
local expected = require "tests.spec.export_expected"
local helper = require "tests.spec.helper"
local readers = require "tests.spec.export_readers"

-- Those with expected records.
local logs = { "orders", "done-only", "restarted", "all-complete", "edge" }

-- The output for a sample log that is not damaged.
local function folded(name)
    local result = helper.run { "export", "--format", "folded", helper.log(name) }
    assert.are.equal("", result.stderr)
    assert.are.equal(0, result.status)
    return result.stdout
end

describe("export --format folded", function()
    it("adds up to the run and waiting times of all attempts, node by node", function()
        for _, name in ipairs(logs) do
            local wanted, found = {}, {}
            local function add(totals, node, outcome, ns)
                local key = node .. " " .. outcome
                totals[key] = (totals[key] or 0) + ns
            end
            for _, attempt in ipairs(expected.all(name, "attempts")) do
                if attempt.end_ns then
                    add(wanted, "node_" .. attempt.node_id,
                        attempt.outcome .. (attempt.estimated and "[estimated]" or ""), attempt.run_ns)
                end
            end
            for _, trace in ipairs(expected.traces(name)) do
                for _, suspension in ipairs(trace.suspensions) do
                    if suspension.end_ns and not suspension.is_abandoned then
                        add(wanted, "node_" .. suspension.node_id, "suspended",
                            suspension.end_ns - suspension.start_ns)
                    end
                end
            end
            for _, stack in ipairs(readers.folded(folded(name))) do
                assert.are.equal(3, #stack.frames)
                add(found, stack.frames[2], stack.frames[3], stack.count)
            end
            assert.are.same(wanted, found)
        end
    end)
end)
