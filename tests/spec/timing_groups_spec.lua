-- `timing --by`: windows of time and values of metadata. A group is what the report has of these traces alone.
local helper = require "tests.spec.helper"
local timing_groups = require "tests.spec.timing_groups"
local tracereel = require "tracereel"

local timing, report_of = timing_groups.run, timing_groups.report_of

-- What each trace_start of a log says: { id, start_ns, metadata }, in the order of the log.
local function starts_of(log)
    local starts = {}
    for line in helper.output_of("dump", "--json", "--type", "trace_start", log):gmatch("[^\n]+") do
        local rec = tracereel.json_decode(line)
        starts[#starts + 1] = { id = rec.trace_id, start_ns = rec.timestamp_ns,
            metadata = tracereel.json_decode(rec.metadata) }
    end
    return starts
end

local function ids_of(starts, is_meant)
    local ids = {}
    for _, start in ipairs(starts) do
        ids[#ids + 1] = is_meant(start) and start.id or nil
    end
    return ids
end

-- A group must be the report of its traces alone, to the last number.
local function assert_is_report(group, report)
    assert.are.same(report.traces, group.traces)
    assert.are.same(report.nodes, group.nodes)
    local runs, run_ns = 0, 0
    for _, node in ipairs(report.nodes) do
        runs, run_ns = runs + node.count, run_ns + node.run_ns
    end
    assert.are.equal(runs, group.sums.count)
    assert.are.equal(run_ns, group.sums.run_ns)
end

local function trace_count(traces)
    return traces.complete_count + traces.failed_count + traces.open_count
end

-- A log of traces, each { start_ns, makespan_ns, metadata }, that are complete; without a makespan they are open.
local function log_of(traces)
    local directory = helper.directory()
    local writer = tracereel.writer(directory)
    for number, trace in ipairs(traces) do
        local id = ("00000000-0000-0000-0000-%012x"):format(number)
        writer:append(tracereel.record.trace_start { trace_id = id, timestamp_ns = trace[1], metadata = trace[3] })
        if trace[2] then
            local end_ns = trace[1] + trace[2]
            writer:append(tracereel.record.node_done { trace_id = id, node_id = 1, timestamp_ns = end_ns })
            writer:append(tracereel.record.trace_complete { trace_id = id, timestamp_ns = end_ns })
        end
    end
    writer:close()
    return directory
end

-- Each group as "key traces", special ones with a star.
local function outline(report)
    local words = {}
    for index, group in ipairs(report.groups) do
        words[index] = ("%s%s %d"):format(group.special and "*" or "", group.key, trace_count(group.traces))
    end
    return table.concat(words, ", ")
end

local orders = helper.log("orders")
local second_ns = 1000000000

describe("timing --by", function()
    after_each(helper.clean)

    it("timing --by: a window is what --since and --until choose by the traces' starts", function()
        local window_ns = 75000000
        local report = report_of("--by", "75ms", orders)
        assert.are.equal(window_ns, report.grouping.window_ns)
        assert.is_true(#report.groups >= 4)
        for _, group in ipairs(report.groups) do
            assert.are.equal(0, group.first_ns % window_ns)
            assert_is_report(group, report_of("--since", ("%d"):format(group.first_ns), "--until",
                ("%d"):format(group.first_ns + window_ns), orders))
        end
    end)

    it("timing --by: a value's group is what --trace chooses by the ids of traces that have it", function()
        local starts = starts_of(orders)
        local report = report_of("--by", "metadata.customer", orders)
        local previous = math.huge
        for _, group in ipairs(report.groups) do
            local ids = ids_of(starts, function(start)
                return start.metadata.customer == group.key
            end)
            assert.are.equal(#ids, trace_count(group.traces))
            assert.is_true(#ids <= previous)
            previous = #ids
            if #ids > 1 then
                assert_is_report(group, report_of("--trace", table.concat(ids, ","), orders))
            end
        end
        assert.are.equal(#report.groups, report.grouping.value_count)
        assert.are.equal(0, report.grouping.left_out_count)
    end)

    it("timing --by: all groups together are the whole", function()
        local plain = report_of(orders)
        for _, arguments in ipairs { { "metadata.customer" }, { "metadata.customer", "--limit", "3" }, { "100ms" },
            { "7ms", "--limit", "5" }, { "outcome" } } do
            local report = report_of(orders, "--by", table.unpack(arguments))
            local sums = 0
            for _, group in ipairs(report.groups) do
                sums = sums + group.sums.count
            end
            for _, node in ipairs(report.nodes) do
                sums = sums - node.count
            end
            assert.are.equal(0, sums)
            report.groups, report.grouping, report.by = {}, nil, "node"
            assert.are.same(plain, report)
        end
    end)

    it("timing --by: windows are multiples of their length since 1970, and empty ones between are listed", function()
        local hour_ns = 3600 * second_ns
        local log = log_of { { 26 * hour_ns + 1, 5 }, { 26 * hour_ns + 7, 5 }, { 30 * hour_ns - 1, hour_ns },
            { 20 * hour_ns, 9 } }
        assert.are.equal("1970-01-01T20:00:00Z 1, 1970-01-01T22:00:00Z 0, 1970-01-02T00:00:00Z 0, "
            .. "1970-01-02T02:00:00Z 2, 1970-01-02T04:00:00Z 1", outline(report_of("--by", "2h", log)))
        local hours = report_of("--by", "hour", log)
        assert.are.equal(10, #hours.groups)
        assert.are.same(hours.groups, report_of("--by", "60m", log).groups)
        local shown = timing("--by", "1h", log).stdout
        assert.is_truthy(shown:find("\n1970-01-01 20:00        1        1      -      -    9 ns    9 ns    9 ns    9 ns"
            .. "\n  (5 empty windows)\n1970-01-02 02:00        2", 1, true), shown)
        assert.is_truthy(shown:find("\n1970%-01%-02 03:00 +%- +%- +%- +%- +%- +%- +%- +%-\n"
            .. "1970%-01%-02 04:00 +%-.-\n1970%-01%-02 05:00 +1"), shown)
    end)

    it("timing --by: windows reach from the first nanosecond to the last that there is", function()
        local log = log_of { { 0, -1 }, { 5, -6 }, { math.maxinteger, math.mininteger }, { -1, 0 } }
        local report = report_of("--by", "1ns", log)
        local keys, gaps = {}, {}
        for index, group in ipairs(report.groups) do
            keys[index], gaps[index] = group.key, group.gap_count or 0
        end
        assert.are.same({ "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000005Z", "2262-04-11T23:47:16.854775807Z",
            "2554-07-21T23:34:33.709551615Z" }, keys)
        assert.are.same({ 0, 4, math.maxinteger - 6, math.maxinteger }, gaps)
        assert.are.equal(-1, report.groups[1].traces.makespan.mean_ns) -- unsigned
    end)

    it("timing --by: of more windows than --limit the latest stay, and gaps say how many are not listed", function()
        local traces = {}
        for number = 1, 60 do
            -- Out of order: the latest are in the middle of the log.
            traces[number] = { (number * 37 % 61) * 10 * second_ns, 5 }
        end
        local log = log_of(traces)
        local report = report_of("--by", "10s", "--limit", "7", log)
        assert.are.equal("*earlier 53, 1970-01-01T00:09:00Z 1, 1970-01-01T00:09:10Z 1, 1970-01-01T00:09:20Z 1, "
            .. "1970-01-01T00:09:30Z 1, 1970-01-01T00:09:40Z 1, 1970-01-01T00:09:50Z 1, 1970-01-01T00:10:00Z 1",
            outline(report))
        assert_is_report(report.groups[1], report_of("--until", ("%d"):format(540 * second_ns), log))
        local sparse = report_of("--by", "1s", "--limit", "7", log)
        assert.are.equal("*earlier 53, 1970-01-01T00:09:00Z 1", outline(sparse):match("^[^,]+, [^,]+"))
        assert.is_nil(sparse.groups[2].gap_count)
        for index = 3, 8 do
            assert.are.equal(9, sparse.groups[index].gap_count)
        end
        assert.is_truthy(timing("--by", "1s", "--limit", "7", log).stdout:find("\n  (9 empty windows)\n", 1, true))
    end)

    it("timing --by: of more values than --limit those with the most traces stay, in any order of logs", function()
        local starts = starts_of(orders)
        local counts, names = {}, {}
        for _, start in ipairs(starts) do
            local name = start.metadata.customer
            names[#names + 1] = not counts[name] and name or nil
            counts[name] = (counts[name] or 0) + 1
        end
        table.sort(names, function(a, b)
            if counts[a] ~= counts[b] then
                return counts[a] > counts[b]
            end
            return a < b
        end)
        local report = report_of("--by", "metadata.customer", "--limit", "4", orders)
        local is_kept = {}
        for index = 1, 4 do
            assert.are.equal(names[index], report.groups[index].key)
            is_kept[names[index]] = true
        end
        local others = ids_of(starts, function(start)
            return not is_kept[start.metadata.customer]
        end)
        assert.are.equal("others", report.groups[5].special)
        assert.are.equal(5, #report.groups)
        assert_is_report(report.groups[5], report_of("--trace", table.concat(others, ","), orders))
        assert.are.equal(#names, report.grouping.value_count)
        assert.are.equal(#names - 4, report.grouping.left_out_count)
        local one, other = log_of { { 1, 5, '{"v":"a"}' }, { 2, 5, '{"v":"b"}' }, { 3, 5, '{"v":"b"}' } },
            log_of { { 1, 5, '{"v":"c"}' }, { 2, 5, '{"v":"a"}' }, { 3, 5, '{"v":"a"}' } }
        local both = report_of("--by", "metadata.v", "--limit", "2", one, other)
        assert.are.equal("a 3, b 2, *(others) 1", outline(both))
        assert.are.same(both.groups, report_of("--by", "metadata.v", "--limit", "2", other, one).groups)
    end)

    it("timing --by: finds nested names and names with dots, and shows what is no text as JSON", function()
        local log = log_of {
            { 1, 5, '{"a":{"b":"x"},"v":7}' }, { 2, 5, '{"a.b":"y","v":"7"}' }, { 3, 5, '{"a":{"b":null},"v":true}' },
            { 4, 5, '{"a":["b"],"v":{"k":[1.5]}}' }, { 5, 5, "no JSON" }, { 6, 5 },
            { 7, 5, '{"metadata":{"a":{"b":"x"},"v":null}}' }, { 8, 5, '{"a":{"b.c":"z"},"v":""}' },
        }
        assert.are.equal("x 2, y 1, {\"b.c\":\"z\"} 0", (outline(report_of("--by", "metadata.a.b", log))
            :gsub(", %*.*", ", {\"b.c\":\"z\"} 0")))
        assert.are.equal("x 2, y 1, *(none) 5", outline(report_of("--by", "metadata.a.b", log)))
        assert.are.equal("z 1, *(none) 7", outline(report_of("--by", "metadata.a.b.c", log)))
        assert.are.equal('7 2,  1, true 1, {"k":[1.5]} 1, *(none) 3', outline(report_of("--by", "metadata.v", log)))
        assert.are.equal("missing", report_of("--by", "metadata.v", log).groups[5].special)
        assert.is_truthy(timing("--by", "metadata.v", log).stdout:find('\n"" +1 +1 '))
    end)

    it("timing --by: says which names there are where no trace has that value", function()
        local ran = timing("--by", "metadata.custmer", "--json", orders)
        assert.are.equal(0, ran.status)
        assert.are.equal("*(none) 99", (outline(tracereel.json_decode(ran.stdout)):gsub("%d+", "99")))
        assert.are.equal("tracereel: no trace has custmer in the metadata of its trace_start; there are: customer, "
            .. "order, pipeline\n", ran.stderr:match("[^\n]*no trace[^\n]*\n"))
        assert.is_nil(timing("--by", "metadata.order", orders).stderr:find("no trace", 1, true))
    end)

    it("timing --by: traces that began before the log are a group of their own", function()
        local log = helper.log("snapshot")
        local plain = report_of("--snapshot", log)
        for _, by in ipairs { "10ms", "metadata.customer" } do
            local report = report_of("--snapshot", "--by", by, log)
            local before
            for _, group in ipairs(report.groups) do
                before = group.special == "before" and group or before
                local is_in = group.traces.from_snapshot_count + group.traces.open_count > 0
                assert.is_true(group == before or is_in or group.traces.from_snapshot_count == 0)
            end
            assert.is_truthy(before, by)
            assert.are.equal(plain.traces.from_snapshot_count, before.traces.from_snapshot_count)
        end
    end)

    it("timing --by: a child without a value has that of the trace above it that has one", function()
        local function child(parent, more)
            return ('{"parent":"00000000-0000-0000-0000-%012x","parent_node":1%s}'):format(parent, more or "")
        end
        local log = log_of { { 1, 90, '{"customer":"a"}' }, { 2, 20, child(1) }, { 3, 10, child(2) },
            { 4, 30, child(1, ',"customer":"b"') }, { 5, 40 }, { 6, 5, child(5) }, { 7, 5, child(8) },
            { 8, 5, child(7) } }
        helper.write(log .. "/tracereel.flow.lua", 'return { nodes = { [1] = {} }, origin = { rule = "jobs" } }')
        assert.are.equal("a 3, b 1, *(none) 4", outline(report_of("--by", "metadata.customer", log)))
        assert.are.equal("a 3, *(others) 1, *(none) 4", (outline(report_of("--by", "metadata.customer", "--limit", "1",
            log)):gsub("(%*%(none%) 4), (%*%(others%) 1)", "%2, %1")))
    end)

    it("timing --by: long values are cut, and stay different", function()
        local long = "x" .. ("ö"):rep(300)
        local log = log_of { { 1, 5, '{"v":"' .. long .. 'a"}' }, { 2, 5, '{"v":"' .. long .. 'b"}' },
            { 3, 5, '{"v":"' .. long .. 'b"}' }, { 4, 5, '{"v":"a customer whose name is long"}' } }
        local report = report_of("--by", "metadata.v", log)
        assert.are.equal(3, #report.groups)
        assert.are.equal("a customer whose name is long", report.groups[2].key)
        for index, expected in pairs { [1] = 2, [3] = 1 } do
            assert.are.equal(expected, trace_count(report.groups[index].traces))
            assert.are.equal("x" .. ("ö"):rep(74) .. "… (602 bytes, sha256 ",
                report.groups[index].key:match("^(.-)%x+%)$"))
        end
        local shown = timing("--by", "metadata.v", log).stdout
        for line in shown:gmatch("[^\n]+") do
            assert.is_true(utf8.len(line) <= 80, line)
        end
        assert.is_truthy(shown:find("\na customer whose name is long\n +1 +1 "), shown)
    end)

    it("timing --by: many values take no more memory than their counts and those that are shown", function()
        local traces = {}
        for number = 1, 20000 do
            traces[number] = { number, 5, ('{"v":%d}'):format(number // 2 * 2 == number and number or 1) }
        end
        local log = log_of(traces)
        local limits = os.getenv("TRACEREEL_SANITIZED") and "" or "ulimit -v 300000;"
        local ran = helper.run({ "timing", "--by", "metadata.v", "--json", "--top", "1", log }, { before = limits })
        assert.are.equal(0, ran.status, ran.stderr)
        local report = tracereel.json_decode(ran.stdout)
        assert.are.equal(101, #report.groups)
        assert.are.equal("1 10000, 10 1, 100 1, 1000 1", outline(report):match("^[^,]+, [^,]+, [^,]+, [^,]+"))
        assert.are.equal(10001, report.grouping.value_count)
        assert.are.equal(9901, trace_count(report.groups[101].traces))
    end)

    it("timing --by: a pipe, which is read once, can have as many values as --limit", function()
        local bytes = helper.read(helper.log("all-complete") .. "/wal_0000000000000000.log")
        local ran = helper.run({ "timing", "--json", "--by", "metadata.customer", "-" }, { stdin = bytes })
        assert.are.equal(0, ran.status, ran.stderr)
        local count = tracereel.json_decode(ran.stdout).grouping.value_count
        ran = helper.run({ "timing", "--by", "metadata.customer", "--limit", "2", "-" }, { stdin = bytes })
        assert.are.equal(2, ran.status)
        assert.is_truthy(ran.stderr:find(("there are %d values of metadata.customer, more than the 2"):format(count), 1,
            true), ran.stderr)
        ran = helper.run({ "timing", "--json", "--by", "10ms", "--limit", "2", "-" }, { stdin = bytes })
        assert.are.equal(3, #tracereel.json_decode(ran.stdout).groups)
    end)

    it("timing --by: CSV has a row for each node of each group, and one for a group without nodes", function()
        local log = log_of { { 1, 5 }, { 3 * second_ns, 7 } }
        local rows = {}
        for line in timing("--csv", "--by", "1s", log).stdout:gmatch("[^\n]+") do
            rows[#rows + 1] = line:match("^([^,]*,[^,]*)")
        end
        assert.are.same({ "1s,traces_complete_count", "1970-01-01T00:00:00Z,1", "1970-01-01T00:00:01Z,0",
            "1970-01-01T00:00:02Z,0", "1970-01-01T00:00:03Z,1" }, rows)
    end)

    it("timing --by: --node adds a table of its run time in each group", function()
        local shown = timing("--by", "metadata.v", "--node", "1", log_of { { 1, 5, '{"v":"a"}' },
            { 2, 7, '{"v":"b"}' }, { 3, 9, '{"v":"b"}' } }).stdout
        assert.is_truthy(shown:find("\nRun time of node 1 ~ in these groups\n"
            .. "v                    COUNT  ERRORS    MEAN     P50     P90     P99     MAX\n"
            .. "b                        2       -    8 ns    7 ns    9 ns    9 ns    9 ns\n"
            .. "a                        1       -    5 ns    5 ns    5 ns    5 ns    5 ns\n", 1, true), shown)
        assert.is_nil(timing("--by", "metadata.v", orders).stdout:find("Run time of node", 1, true))
    end)

    it("timing --by: refuses what it does not know, two at once, and a limit of nothing", function()
        for _, by in ipairs { "day", "0s", "15", "metadata.", "metadata", "resource", "" } do
            local ran = timing("--by", by, orders)
            assert.are.equal(2, ran.status, by)
            assert.is_truthy(ran.stderr:find("a window of time such as 15m, or metadata.KEY expected", 1, true))
        end
        local ran = timing("--by", "metadata.customer", "--by", "1h", orders)
        assert.are.equal(2, ran.status)
        assert.is_truthy(ran.stderr:find("--by was given twice", 1, true), ran.stderr)
        for _, arguments in ipairs { { "--limit", "3" }, { "--limit", "3", "--by", "outcome" },
            { "--limit", "0", "--by", "1h" }, { "--limit", "100001", "--by", "1h" } } do
            ran = timing(orders, table.unpack(arguments))
            assert.are.equal(2, ran.status, table.concat(arguments, " "))
            assert.is_truthy(ran.stderr:find("--limit", 1, true) or ran.stderr:find("100000", 1, true))
        end
    end)
end)
