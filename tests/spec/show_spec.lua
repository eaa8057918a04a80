local helper = require "tests.spec.helper"
local small_log = require "tests.spec.small_log"

local function show(...)
    return helper.run { "show", ... }
end

local retried = "068c8572-2625-43e3-9f65-6aef96a530e4"
local suspended = "085aed24-6ec3-4491-ad2e-44cf42895778"

-- The lines of a text, in order, found in another one after another.
local function assert_in_order(text, lines)
    local position = 1
    for _, line in ipairs(lines) do
        local _, last = text:find(line, position, true)
        assert(last, ("%q is not in its place in:\n%s"):format(line, text))
        position = last + 1
    end
end

describe("tracereel show", function()
    after_each(helper.clean)

    it("draws parallel nodes side by side, and loops around what they repeat", function()
        assert_in_order(show(retried, helper.log("orders")).stdout, {
            "trace " .. retried,
            "status    complete",
            "started   2025-11-24T16:00:00.021",
            "took      301 ms",
            "● trace starts",
            "┌ node 7\n",
            "│ ┌ node 2\n",
            "└ │ node 7 done",
            "└ node 2 done",
            "┌ loop 8, iteration 0\n",
            "│ ┌ node 3\n",
            "│ ✗ node 3 FAILED: payment gateway timeout (attempt 1)\n",
            "├ loop 8, iteration 1\n",
            "│ ┌ node 3, attempt 2\n",
            "│ ✗ node 3 FAILED: payment gateway timeout (attempt 2)\n",
            "│ └ node 3 done",
            "└ loop 8 ends, iteration 3\n",
            "● trace complete\n",
        })
    end)

    it("gives each event's time since the start, and the duration of what it ends", function()
        local text = show(retried, helper.log("orders")).stdout
        -- node 7: from 0.411799 ms to 6.292671 ms.
        assert.truthy(text:find("0.006292    5.88 ms  └ │ node 7 done", 1, true))
        -- loop 8: from 16.787075 ms to 297.035368 ms.
        assert.truthy(text:find("0.297035     280 ms  └ loop 8 ends", 1, true))
        assert.truthy(text:find("0.301260     301 ms  ● trace complete", 1, true))
    end)

    it("says what a suspension waits for, and how long it has lasted", function()
        local text = show("469705ad", helper.log("restarted")).stdout
        assert_in_order(text, { "node 4 suspended: waits for order-approval-88595, 1h00m", "at most, then",
            "39.2 s  ├ node 4 resumed" })
    end)

    it("ends with unfinished nodes and what the engine would do", function()
        local text = show(suspended, helper.log("orders")).stdout
        assert_in_order(text, { "status    suspended, open at the end of the log",
            "┊ node 4 unfinished, still suspended",
            "unfinished at the end of the log", "node 4: suspended for", "order-approval-65334",
            "at its next start the engine\n  waits at node 4 since", "no timeout (await_resume 4)" })
        text = show("9fb1e7f9", helper.log("orders")).stdout
        assert_in_order(text, { "at its next start the engine\n  runs node 3 again, from", "(retry_nodes 3, 3)" })
        text = show("e9993d64", helper.log("orders")).stdout
        assert_in_order(text, { "at its next start the engine\n  runs what comes after nodes 0, 1, 2, 3 and 7 "
            .. "(resume_from" })
    end)

    it("marks estimated durations where no node_start was written", function()
        local text = show("661725a3", helper.log("done-only")).stdout
        assert_in_order(text, { "~", "• node 7 done", "~ estimated: no node_start was written" })
    end)

    it("stays within 80 columns and shows every error whole", function()
        for _, name in ipairs { "orders", "restarted", "done-only" } do
            for _, record in ipairs(helper.expected(name, "records")) do
                if record.type == "node_error" then
                    for line in show(record.trace_id, helper.log(name)).stdout:gmatch("[^\n]+") do
                        assert.is_true(utf8.len(line) <= 80, line)
                    end
                    break
                end
            end
        end
    end)

    it("lists violations with their meanings and places", function()
        local text = show("00112233", helper.log("edge")).stdout
        assert_in_order(text, { "violations", "trace_restarted: ", "at 0:" })
        assert_in_order(text, { "iteration_skipped: the iteration number is neither", "\n    ", "at 0:" })
        for line in text:gmatch("[^\n]+") do
            assert.is_true(utf8.len(line) <= 80, line)
        end
        assert.is_nil(text:find("[%z\1-\9\11-\31\127]"))
    end)

    it("marks damage while the trace was open", function()
        local object = helper.objects(helper.run({ "traces", "--json", helper.log("bit-flip-payload") }).stdout)
        local tainted
        for _, trace in ipairs(object) do
            tainted = tainted or trace.tainted and trace.trace_id
        end
        local result = show(tainted, helper.log("bit-flip-payload"))
        assert.are.equal(3, result.status)
        assert_in_order(result.stdout, { "TAINTED", "unreadable here: corrupt, 69 bytes at" })
    end)

    it("shows a trace that only the snapshot knows", function()
        local text = show("0633f6b4", "--snapshot", helper.log("snapshot")).stdout
        assert_in_order(text, { "started   before the snapshot that reading began from\n", "records   0, 0 errors",
            "node 3: running", "runs node 3 again, from the beginning of the node (retry_nodes 3, 3)" })
    end)

    it("marks where a trace starts again, and names the hook of a suspension without a timeout", function()
        local text = show(small_log.id(1), small_log.write {
            { "trace_start", 0, 1 }, { "node_done", 10, 1, { node_id = 1 } }, { "trace_start", 20, 1 },
            { "trace_suspended", 30, 1, { node_id = 4, metadata = '{"hook_id":"h","timeout_secs":null}' } },
        }).stdout
        assert_in_order(text, { "● trace starts\n", "● trace started again (restart 1)", "waits for h, no timeout\n" })
    end)

    it("marks damage between its records, but not what a crash leaves", function()
        local function log_with(bytes_between)
            local directory = helper.directory()
            local first = small_log.write { { "trace_start", 0, 1 }, { "node_done", 10, 1, { node_id = 1 } } }
            local second = small_log.write { { "node_done", 20, 1, { node_id = 2 } } }
            local name = "/wal_0000000000000000.log"
            helper.write(directory .. name, helper.read(first .. name) .. bytes_between(helper.read(first .. name))
                .. helper.read(second .. name))
            return directory
        end
        local torn = show(small_log.id(1), log_with(function(bytes)
            return bytes:sub(1, 40)
        end))
        assert.are.equal(0, torn.status)
        assert.is_nil(torn.stdout:find("unreadable here", 1, true))
        local corrupt = show(small_log.id(1), log_with(function()
            return ("x"):rep(40)
        end))
        assert.are.equal(3, corrupt.status)
        assert.truthy(corrupt.stdout:find("unreadable here: corrupt, 40 bytes", 1, true))
    end)

    it("lists at most 20 candidates", function()
        local steps = {}
        for n = 1, 25 do
            steps[n] = { "trace_start", n, n }
        end
        local result = show("00000000", small_log.write(steps))
        assert.are.equal(2, result.status)
        assert.truthy(result.stderr:find(small_log.id(20), 1, true))
        assert.is_nil(result.stderr:find(small_log.id(21), 1, true))
        assert.truthy(result.stderr:find("\n  ...\n", 1, true), result.stderr)
    end)

    it("--ascii draws with ASCII characters only", function()
        assert.is_nil(show("--ascii", "e9993d64", helper.log("orders")).stdout:gsub("[^\n]*metadata[^\n]*\n", "")
            :find("[\x80-\xFF]"))
    end)

    it("--json prints exactly the trace and its records", function()
        local expected = {}
        for _, record in ipairs(helper.expected("orders", "records")) do
            if record.trace_id == retried then
                expected[#expected + 1] = record
            end
        end
        local object = helper.objects(show("--json", retried, helper.log("orders")).stdout)[1]
        assert.are.same(expected, object.records)
        assert.are.equal(retried, object.trace.trace_id)
        assert.are.equal("complete", object.trace.status)
    end)

    it("reads a pipe in one pass", function()
        local segment = helper.log("orders/wal_0000000000000000.log")
        local from_pipe = helper.run({ "show", "068c8572", "-" }, { stdin = helper.read(segment) })
        assert.are.equal(show("068c8572", segment).stdout, from_pipe.stdout)
    end)

    it("lists the candidates for an ambiguous beginning of an id", function()
        local result = show("06", helper.log("orders"))
        assert.are.equal(2, result.status)
        assert.are.equal("", result.stdout)
        assert.truthy(result.stderr:find(retried, 1, true))
        assert.truthy(result.stderr:find("069c3653-bb1c-452a-9a32-5636524207c0", 1, true))
    end)

    it("reports an unknown trace and a malformed id", function()
        local result = show("12345678", helper.log("orders"))
        assert.are.equal(2, result.status)
        assert.truthy(result.stderr:find('no trace whose id begins with "12345678"', 1, true))
        result = show("zebra", helper.log("orders"))
        assert.are.equal(2, result.status)
        assert.truthy(result.stderr:find('"zebra" is neither a trace id', 1, true))
    end)

    it("shows records of a trace whose beginning is not in the log", function()
        local result = show("00000000-0000-0000-0000-000000000063", helper.log("edge"))
        assert.are.equal(0, result.status)
        assert.truthy(result.stdout:find("unknown: the log has records of it", 1, true))
        assert.truthy(result.stdout:find("node 1 done (the trace was not open)", 1, true))
    end)
end)
