local helper = require "tests.spec.helper"
local random_log = require "tests.spec.random_log"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local engine_logs = "tests/fixtures/logs-engine/"

-- What a reading shows: each event with all that can be seen in its handler, and what is there at the end.
local function reading_of(path, options, shard)
    options.shard = shard
    local log = reel.open(path, options)
    local events, gaps = {}, {}
    log:replay {
        record = function(rec, trace)
            events[#events + 1] = {
                place = { rec.sequence, rec.offset }, json = rec:json(), suspect = rec.suspect, trace_id = rec.trace_id,
                now_ns = log:stats().now_ns, trace = trace and trace:json(), tainted = trace and trace.tainted,
            }
        end,
        violation = function(_, _, code)
            table.insert(events[#events], code)
        end,
        gap = function(gap)
            gaps[#gaps + 1] = gap
        end,
    }
    local stats, open = log:stats(), {}
    for index, trace in ipairs(log:traces()) do
        open[index] = { id = trace.id, json = trace:json() }
    end
    return { events = events, gaps = gaps, stats = stats, open = open }
end

local function sort_events(events)
    table.sort(events, function(a, b)
        return a.place[1] < b.place[1] or a.place[1] == b.place[1] and a.place[2] < b.place[2]
    end)
end

local function is_ordered(events)
    for index = 2, #events do
        local a, b = events[index - 1].place, events[index].place
        if a[1] > b[1] or a[1] == b[1] and a[2] >= b[2] then
            return false
        end
    end
    return true
end

-- The parts that only a shard knows, added up.
local function add_stats(into, stats)
    into.open_traces = into.open_traces + stats.open_traces
    for code, count in pairs(stats.violations) do
        into.violations[code] = (into.violations[code] or 0) + count
    end
end

-- Reads a log whole and in shards. Returns how many shards had events.
local function check_shards(path, count, options)
    local whole = reading_of(path, options)
    local joined = { events = {}, open = {}, stats = { open_traces = 0, violations = {} } }
    local shard_of, busy_count = {}, 0
    for index = 0, count - 1 do
        local one = reading_of(path, options, { index = index, count = count })
        assert.is_true(is_ordered(one.events))
        assert.are.same(whole.gaps, one.gaps)
        busy_count = busy_count + (#one.events > 0 and 1 or 0)
        for _, event in ipairs(one.events) do
            assert.are.equal(index, shard_of[event.trace_id] or index, "one trace in two shards")
            shard_of[event.trace_id] = index
            table.insert(joined.events, event)
        end
        table.move(one.open, 1, #one.open, #joined.open + 1, joined.open)
        add_stats(joined.stats, one.stats)
        one.stats.open_traces, one.stats.violations = whole.stats.open_traces, whole.stats.violations
        assert.are.same(whole.stats, one.stats)
    end
    sort_events(joined.events)
    table.sort(joined.open, function(a, b)
        return a.id < b.id
    end)
    assert.are.same(whole.events, joined.events)
    assert.are.same(whole.open, joined.open)
    assert.are.same({ whole.stats.open_traces, whole.stats.violations },
        { joined.stats.open_traces, joined.stats.violations })
    return busy_count
end

describe("the shards of a log", function()
    after_each(helper.clean)

    it("together they show what the whole log does, of every sample log, damaged ones and snapshots", function()
        local most_busy = 0
        for _, name in ipairs(helper.log_names()) do
            most_busy = math.max(most_busy, check_shards(helper.log(name), 3, {}))
        end
        check_shards(helper.log("snapshot"), 7, { snapshot = true })
        check_shards(helper.log("garbage-middle"), 16, { mode = "prefix" })
        check_shards(engine_logs .. "orders-killed-twice/wal", 2, {})
        assert.are.equal(3, most_busy)
    end)

    it("together they show what the whole log does, of random logs", function()
        local busy = 0
        for seed = 1, 20 do
            busy = busy + check_shards(random_log.write(seed), 2 + seed % 4, {})
        end
        assert.is_true(busy > 40)
    end)

    it("records, traces, history and pick are of the shard, and so is a log that is read again", function()
        local options = { shard = { index = 1, count = 2 } }
        local log, count, ids = reel.open(helper.log("orders"), options), 0, {}
        assert.are.same(options.shard, log.shard)
        for rec in log:records() do
            count = count + 1
            ids[rec.trace_id] = true
        end
        for _, trace in ipairs(log:traces()) do
            assert.is_true(ids[trace.id])
        end
        local again = 0
        log:replay { record = function(rec)
            again = again + 1
            assert.is_true(ids[rec.trace_id])
        end }
        assert.are.equal(count, again)
        assert.is_true(count > 0 and count < log:stats().records)
        assert.are.equal(count, #log:history())
        assert.is_true(ids[log:pick({ 5 })[1].trace_id])
        assert.is_nil(reel.open(helper.log("orders")).shard)
    end)

    it("open refuses one that does not exist", function()
        local function problem(shard)
            return select(2, pcall(reel.open, helper.log("orders"), { shard = shard }))
        end
        assert.has.match("shard must be a table with index and count, is 3", problem(3))
        assert.has.match("shard.index", problem { count = 2 })
        assert.has.match("from 0 to the count less 1, of at most 65536, is 2 of 2", problem { index = 2, count = 2 })
        assert.has.match("is 0 of 0", problem { index = 0, count = 0 })
        assert.has.match("is 0 of 65537", problem { index = 0, count = 65537 })
    end)
end)

-- What a timing of a log's closed and open traces, without what plans wrote, says: as `timing` gathers it.
local function add_timing(timing, path, shard)
    local log = reel.open(path, { measured = true, shard = shard })
    log:replay { timing = timing }
    for _, trace in ipairs(log:traces()) do
        timing:add(trace)
    end
    return timing, log:stats()
end

describe("timing of shards", function()
    after_each(helper.clean)

    it("merges to the timing of the whole, and their earliest and latest times are the whole's", function()
        local paths = { helper.log("orders"), helper.log("lost-page"), helper.log("restarted"),
            engine_logs .. "orders-killed-twice/wal", random_log.write(7), random_log.write(8) }
        for _, path in ipairs(paths) do
            local whole, whole_stats = add_timing(reel.timing(), path)
            local first_ns, now_ns = math.maxinteger, 0
            local merged = reel.timing()
            for index = 0, 2 do
                local one, stats = add_timing(reel.timing(), path, { index = index, count = 3 })
                merged:merge(one)
                assert.are.equal(whole_stats.records, stats.records)
                first_ns = stats.now_ns > 0 and math.min(first_ns, stats.first_ns) or first_ns
                now_ns = math.max(now_ns, stats.now_ns)
            end
            assert.are.equal(reel.json(whole:report()), reel.json(merged:report()))
            assert.are.same({ whole_stats.first_ns, whole_stats.now_ns }, { first_ns, now_ns })
        end
    end)

    -- 60 traces, with five values in their metadata.
    local function log_of_values()
        local records = {}
        for n = 1, 60 do
            local id = ("%08x-0000-4000-8000-000000000000"):format(n)
            records[#records + 1] = { type = "trace_start", trace_id = id, timestamp_ns = n * 1000,
                metadata = ('{"v":%d}'):format(n % 5) }
            records[#records + 1] = { type = "trace_complete", trace_id = id, timestamp_ns = n * 1000 + 500 }
        end
        return record_bytes.write_log(helper.directory(), records)
    end

    it("is what timing --shard prints: counts add up, also of groups that two readings find", function()
        local path, sum = log_of_values(), 0
        for index = 0, 2 do
            local text = helper.output_of("timing", path, "--json", "--by", "metadata.v", "--limit", "2", "--shard",
                index .. "/3")
            local report, in_groups = reel.json_decode(text), 0
            assert.are.equal(3, #report.groups) -- two values, and the others
            for _, group in ipairs(report.groups) do
                in_groups = in_groups + group.traces.complete_count
            end
            assert.are.equal(report.traces.complete_count, in_groups)
            assert.are.equal(120, report.log.records)
            sum = sum + in_groups
        end
        assert.are.equal(60, sum)
    end)

    it("says that a restart has numbered the nodes anew in the first shard alone", function()
        local log = helper.directory()
        local records, now_ns = {}, 0
        local function add(type_name, n, node)
            now_ns = now_ns + 1000
            records[#records + 1] = { type = type_name, trace_id = ("%08x-0000-4000-8000-000000000000"):format(n),
                timestamp_ns = now_ns, node_id = node }
        end
        for n = 1, 20 do
            add("trace_start", n)
            if n == 11 then
                add("trace_resumed", n, 0)
            end
            for _, node in ipairs(n < 11 and { 1, 2 } or { 2, 1 }) do
                add("node_start", n, node)
                add("node_done", n, node)
            end
            add("trace_complete", n)
        end
        record_bytes.write_log(log, records)
        local told = helper.run({ "timing", log }).stderr
        assert.has.match("restart 1 .* has numbered the nodes anew", told)
        assert.are.equal(told, helper.run({ "timing", log, "--shard", "0/2" }).stderr)
        assert.are.equal("", helper.run({ "timing", log, "--shard", "1/2" }).stderr)
    end)

    it("is refused with a baseline", function()
        local result = helper.run { "timing", helper.log("orders"), "--shard", "0/2", "--baseline", helper.log("edge") }
        assert.are.equal(2, result.status)
        assert.has.match("it excludes %-%-baseline", result.stderr)
    end)
end)
