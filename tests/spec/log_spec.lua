local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local trace_a = "aaaaaaaa-0000-4000-8000-000000000001"
local trace_b = "bbbbbbbb-0000-4000-8000-000000000002"

local function failure_of(callee, ...)
    local called, problem = pcall(callee, ...)
    assert.is_false(called)
    return problem
end

local function count(log, filter)
    local number = 0
    for _ in log:records(filter) do
        number = number + 1
    end
    return number
end

local function read_through(log)
    return log:replay {}
end

describe("reel.open", function()
    after_each(helper.clean)

    it("names the path if there is no log", function()
        local problem = failure_of(reel.open, "/nowhere/at/all")
        assert.truthy(tostring(problem):find("/nowhere/at/all", 1, true))
        assert.are.equal(problem.message, tostring(problem))
        assert.are.equal("not_a_log", failure_of(reel.open, helper.directory()).kind)
    end)

    it("refuses unknown and wrong options", function()
        local path = helper.log("orders")
        assert.truthy(failure_of(reel.open, path, { modus = "strict" }):find("'modus'", 1, true))
        assert.truthy(failure_of(reel.open, path, { mode = "lenient" }):find("lenient", 1, true))
        assert.truthy(failure_of(reel.open, path, { from = 3 }):find("from", 1, true))
        assert.truthy(failure_of(reel.open, path, { from = { sequence = 1 } }):find("from.offset", 1, true))
    end)

    it("gives a log its path and its segments", function()
        local log = reel.open(helper.log("archived"))
        assert.are.equal(helper.log("archived"), log.path)
        assert.are.same({
            { name = "wal_0000000000000000.log.gz", sequence = 0, compressed = true },
            { name = "wal_0000000000000001.log.gz", sequence = 1, compressed = true },
            { name = "wal_0000000000000002.log", sequence = 2, compressed = false },
        }, log.segments)
        assert.is_false(pcall(function() return log.segment end))
        assert.is_false(pcall(function() log.path = "other" end))
    end)

    it("reads a single segment, plain or compressed", function()
        local all = #helper.expected("orders", "records")
        local parts = 0
        for _, segment in ipairs(reel.open(helper.log("archived")).segments) do
            parts = parts + count(reel.open(helper.log("archived") .. "/" .. segment.name))
        end
        assert.are.equal(all, parts)
    end)

    it("reads standard input once", function()
        local program = [[local log = require("tracereel").open("-")
            log:stats() local n = 0 log:replay{ record = function() n = n + 1 end } print(n, #log:traces())
            local _, problem = pcall(log.records, log) print(problem.kind, problem)]]
        local segment = helper.log("edge") .. "/wal_0000000000000000.log"
        local text = helper.shell(("cat %s | lua5.4 -e %s 2>&1"):format(segment, helper.quote(program)))
        assert.truthy(text:find(("%d\t%d\nio\t"):format(#helper.expected("edge", "records"),
            #helper.expected("edge", "states")), 1, true), text)
        assert.truthy(text:find("only once", 1, true))
    end)

    it("starts from a position that another reading gave", function()
        local seen, rest = {}, {}
        local log = reel.open(helper.log("orders"))
        local position
        for rec in log:records() do
            seen[#seen + 1] = rec:bytes()
            if #seen == 500 then
                position = log:position()
            end
        end
        for rec in reel.open(helper.log("orders"), { from = position }):records() do
            rest[#rest + 1] = rec:bytes()
        end
        assert.are.same(table.move(seen, 501, #seen, 1, {}), rest)
    end)

    it("starts in a single segment at the positions of its records", function()
        local segment = helper.log("orders") .. "/wal_0000000000000001.log"
        local failure = failure_of(reel.open, segment, { from = { sequence = 2, offset = 0 } }).message
        assert.truthy(failure:find("asked to start in segment 2, which is not there", 1, true), failure)
        local function first_offset(path)
            return (reel.open(path, { from = { sequence = 1, offset = 3088 } }):records()().offset)
        end
        assert.are.equal(3088, first_offset(segment))
        -- A name without a number: it can be any segment's copy.
        local copy = helper.write(helper.directory() .. "/copy.bin", helper.read(segment))
        assert.are.equal(3088, first_offset(copy))
        local empty = helper.write(helper.directory() .. "/wal_0000000000000007.log", "")
        local log = reel.open(empty)
        assert.is_nil(log:records()())
        assert.is_nil(reel.open(empty, { from = log:position() }):records()())
        assert.are.equal(7, log:position().sequence)
    end)

    it("reads from the first segment, and starts from a snapshot when asked to", function()
        local stats = read_through(reel.open(helper.log("snapshot"), { snapshot = true })):stats()
        assert.is_not_nil(stats.snapshot_sequence)
        assert.is_not_nil(stats.snapshot_offset)
        for _, options in ipairs { {}, { snapshot = false } } do
            local log = reel.open(helper.log("snapshot"), options)
            local first = log:records()()
            assert.are.equal("1:0", ("%d:%d"):format(first.sequence, first.offset))
            local without = read_through(reel.open(helper.log("snapshot"), options)):stats()
            assert.is_nil(without.snapshot_sequence)
            assert.is_true(without.records > stats.records)
        end
    end)

    it("leaves compressed segments out when asked to, as the engine does", function()
        local plain = reel.open(helper.log("archived"), { compressed = false })
        assert.are.same({ { name = "wal_0000000000000002.log", sequence = 2, compressed = false } }, plain.segments)
        assert.are.equal(count(reel.open(helper.log("archived") .. "/wal_0000000000000002.log")), count(plain))
        local only_archives = helper.directory()
        helper.shell(("cp %s/*.gz %s"):format(helper.log("archived"), only_archives))
        local nothing = reel.open(only_archives, { compressed = false })
        assert.are.same({}, nothing.segments)
        assert.are.equal(0, count(nothing))
        assert.are.same({}, reel.open(only_archives, { compressed = false }):traces())
    end)

    it("lets dropped logs be collected, so that any number can be opened", function()
        local limit = "ulimit -n 64; "
        local program = ([[local reel = require "tracereel"
            for _ = 1, 500 do for _ in reel.open(%q):records() do break end end print "done"]]):format(
            helper.log("orders"))
        assert.are.equal("done\n", helper.shell(limit .. "lua5.4 -e " .. helper.quote(program) .. " 2>&1"))
    end)
end)

describe("the mode of a log:", function()
    it("strict raises at damage, prefix ends there, salvage reads on after it", function()
        local path = helper.log("bit-flip-payload")
        local damage = helper.expected("bit-flip-payload", "damage")[1]
        local problem = failure_of(read_through, reel.open(path, { mode = "strict" }))
        assert.are.equal("damaged", problem.kind)
        assert.truthy(problem.message:find(damage.segment, 1, true))
        local prefix = read_through(reel.open(path, { mode = "prefix" })):stats()
        local salvage = read_through(reel.open(path)):stats()
        assert.is_true(prefix.damaged and salvage.damaged)
        assert.is_true(prefix.records < salvage.records)
        local pulled = reel.open(path, { mode = "strict" }):records()
        local last_problem
        repeat
            local called, rec = pcall(pulled)
            last_problem = not called and rec
        until not called or not rec
        assert.are.equal("damaged", last_problem.kind)
    end)
end)

describe("log:traces", function()
    for _, name in ipairs(helper.log_names()) do
        it("gives the expected open traces of " .. name, function()
            local states = {}
            for index, trace in ipairs(reel.open(helper.log(name), { snapshot = true }):traces()) do
                local state = helper.objects(trace:json())[1]
                for key in pairs(state) do
                    local wanted = (helper.expected(name, "states") or {})[index]
                    state[key] = wanted and wanted[key] and state[key] or nil
                end
                states[index] = state
            end
            assert.are.same(helper.expected(name, "states") or {}, states)
        end)
    end

    it("shows the engine's view as fields, too", function()
        local expected = helper.expected("orders", "states")
        for index, trace in ipairs(reel.open(helper.log("orders")):traces()) do
            local state = expected[index]
            local function number(value)
                return value and "#" .. value or "#null"
            end
            assert.are.equal(state.trace_id, trace.id)
            assert.are.equal(state.last_completed_node, number(trace.last_completed_node))
            assert.are.equal(state.suspended_at, number(trace.suspended_at))
            assert.are.equal(state.suspension_metadata, trace.suspension_metadata or "#null")
            local started = {}
            for position, node in ipairs(trace.started_nodes) do
                started[position] = number(node)
            end
            assert.are.same(state.started_nodes, started)
            local completed = {}
            for node, output in pairs(trace.completed_nodes) do
                completed[tostring(node)] = { offset = number(output.offset), size = number(output.size),
                    schema_hash = "#" .. reel.unsigned(output.schema_hash) }
            end
            assert.are.same(state.completed_nodes, completed)
            assert.are.equal(state.recovery.action, trace:recovery().action)
            assert.are.equal(state.recovery.node, trace:recovery().node and number(trace:recovery().node))
        end
    end)

    it("gives handles that stay readable after the log is gone, and across other readings", function()
        local ids, handles = {}
        do
            local log = reel.open(helper.log("orders"))
            handles = log:traces()
            log:replay {}
            for _ = 1, 3 do
                count(log)
            end
        end
        collectgarbage()
        collectgarbage()
        for index, trace in ipairs(handles) do
            ids[index] = trace.id
            assert.is_true(trace.open)
            assert.are.equal("#" .. trace.record_count, helper.objects(trace:json())[1].record_count)
            assert.is_true(#trace.nodes > 0)
        end
        assert.are.equal(#helper.expected("orders", "states"), #ids)
    end)

    it("gives the same handle again within a reading, and another in the next", function()
        local log = reel.open(helper.log("orders"))
        local first = log:traces()[1]
        assert.are.equal(first, log:traces()[1])
        log:replay {}
        assert.are_not.equal(first, log:traces()[1])
        assert.are.equal(first.id, log:traces()[1].id)
    end)

    it("gives a handler the traces that are open so far", function()
        local log = reel.open(helper.log("orders"))
        local open, seen = {}, 0
        log:replay {
            trace_start = function(rec)
                open[rec.trace_id] = true
            end,
            record = function(rec)
                if rec.type == "trace_complete" or rec.type == "trace_failed" then
                    open[rec.trace_id] = nil
                end
                if rec.type == "node_error" then
                    local ids = {}
                    for _, trace in ipairs(log:traces()) do
                        ids[trace.id] = true
                    end
                    assert.are.same(open, ids)
                    seen = seen + 1
                end
            end,
        }
        assert.is_true(seen > 10)
    end)

    it("completes a reading that a loop left early, and makes that loop raise instead of ending silently", function()
        local log = reel.open(helper.log("orders"))
        local pull = log:records()
        pull()
        assert.are.equal(#helper.expected("orders", "states"), #log:traces())
        assert.truthy(failure_of(pull):find("log:traces()", 1, true))
    end)
end)

describe("log:gaps", function()
    for _, name in ipairs(helper.log_names()) do
        it("lists the expected damage of " .. name, function()
            local listed, told = {}, {}
            local log = reel.open(helper.log(name))
            log:replay { gap = function(gap) told[#told + 1] = gap end }
            for index, gap in ipairs(log:gaps()) do
                local has_bytes = gap.class ~= "missing_segment"
                listed[index] = { class = gap.class, segment = gap.segment,
                    length = has_bytes and "#" .. gap.length or nil, offset = has_bytes and "#" .. gap.offset or nil }
                assert.are.equal(reel.gap_classes[gap.class], gap.damage)
                assert.are.equal(tonumber(gap.segment:match("_(%x+)"), 16), gap.sequence)
                assert.is_true(#gap.detail > 0)
            end
            assert.are.same(helper.expected(name, "damage") or {}, listed)
            assert.are.same(log:gaps(), told)
        end)
    end
end)

describe("log:stats", function()
    after_each(helper.clean)

    it("counts only what was read", function()
        local log = reel.open(helper.log("orders"))
        assert.are.equal(0, log:stats().records)
        read_through(log)
        local bytes, now_ns = 0, 0
        for rec in log:records() do
            bytes = bytes + #rec
            now_ns = math.max(now_ns, rec.timestamp_ns)
        end
        local stats = log:stats()
        assert.are.equal(#helper.expected("orders", "records"), stats.records)
        assert.are.equal(bytes, stats.record_bytes)
        assert.are.equal(now_ns, stats.now_ns)
        assert.are.equal(#helper.expected("orders", "states"), stats.open_traces)
        assert.are.equal(0, stats.gap_bytes)
        assert.is_false(stats.damaged)
        for class in pairs(reel.gap_classes) do
            assert.are.equal(0, stats.gaps[class])
        end
    end)

    it("counts gaps of every class, and violations by code", function()
        local directory = record_bytes.write_log(helper.directory(), {
            { type = "trace_start", trace_id = trace_a, timestamp_ns = 1 },
            { type = "trace_start", trace_id = trace_a, timestamp_ns = 2 },
            { type = "node_done", trace_id = trace_b, timestamp_ns = 3 },
            { type = "node_done", trace_id = trace_b, timestamp_ns = 4 },
            ("\255"):rep(100),
            { type = "trace_complete", trace_id = trace_a, timestamp_ns = 5 },
        })
        local stats = read_through(reel.open(directory)):stats()
        assert.are.same({ trace_restarted = 1, trace_not_open = 2 }, stats.violations)
        assert.are.equal(1, stats.gaps.corrupt)
        assert.are.equal(100, stats.gap_bytes)
        assert.is_true(stats.damaged)
    end)
end)

describe("a log with very many gaps", function()
    after_each(helper.clean)

    it("counts them all, passes all to handlers, and keeps the first 10000", function()
        local record = record_bytes.encode { type = "checkpoint", trace_id = trace_a }
        local parts = {}
        for index = 1, 10500 do
            parts[index] = ("\255"):rep(12) .. record
        end
        local log = reel.open(record_bytes.write_log(helper.directory(), parts))
        local told = 0
        log:replay { gap = function() told = told + 1 end }
        assert.are.equal(10500, told)
        assert.are.equal(10500, log:stats().gaps.corrupt)
        assert.are.equal(10000, #log:gaps())
    end)
end)
