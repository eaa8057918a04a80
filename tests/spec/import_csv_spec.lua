-- `tracereel import --from csv`: event logs of process mining as tables.
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"

local second = 1000000000
-- 2016-02-01 00:00:00 UTC, as `date +%s` gives it.
local origin_ns = 1454284800 * second

local function lines_of(text, args)
    local directory, report = importing.log("csv", text, { args = args })
    return importing.lines(directory, origin_ns), report
end

local function line(...)
    return table.concat({ ... }, " ")
end

local function assert_lines(wanted, found)
    assert.are.equal(table.concat(wanted, "\n"), table.concat(found, "\n"))
end

describe("import csv", function()
    teardown(helper.clean)

    it("gives each activity of a real log the count, sum and mean of its rows' times", function()
        local path, runs = "tests/fixtures/foreign/consulta.csv", {}
        -- Its rows have no quotes, and all of its times are "2016-02-01 11:23:52+00:00".
        local function seconds(text)
            local year, month, day, hour, minute, sec = text:match("^(%d+)-(%d+)-(%d+) (%d+):(%d+):(%d+)%+00:00$")
            return os.time { year = year, month = month, day = day, hour = hour, min = minute, sec = sec }
        end
        for row in helper.read(path):gmatch("[^\n]+") do
            local activity, start, finish = row:match("^%d+,([^,]*),([^,]*),([^,]*),")
            if activity then
                runs[activity] = runs[activity] or {}
                table.insert(runs[activity], (seconds(finish) - seconds(start)) * second)
            end
        end
        local directory, report = importing.log("csv", nil, { inputs = { path } })
        assert.are.same({}, report.dropped)
        assert.are.same({}, report.bent)
        assert.are.equal("#24", report.traces)
        assert.are.same(importing.expected_run_times(runs), importing.run_times(directory))
    end)

    it("makes what begins while another of its name runs an instance, and what begins later an attempt", function()
        local lines = lines_of("case,activity,start,end\n" .. [[
7,bake,2016-02-01T00:00:01Z,2016-02-01T00:00:04Z
7,bake,2016-02-01T00:00:02Z,2016-02-01T00:00:03Z
7,bake,2016-02-01T00:00:04Z,2016-02-01T00:00:05Z
]])
        assert_lines({
            "1000000000 trace_start {\"id\":\"7\"}",
            "1000000000 node_start bake",
            "2000000000 node_start bake {\"instance\":\"2\"}",
            "3000000000 node_done bake {\"instance\":\"2\"}",
            "4000000000 node_done bake",
            "4000000000 node_start bake",
            "5000000000 node_done bake",
            "5000000000 trace_complete",
        }, lines)
    end)

    it("finds columns by the names that tools give them, however they are written", function()
        local wanted = { "0 node_start a {\"resource\":\"Eve\"}", "1000000000 node_done a" }
        for _, header in ipairs {
            "case:concept:name,concept:name,start_timestamp,time:timestamp,org:resource",
            "Case ID,Activity,Start Timestamp,Complete Timestamp,Resource",
            "caseid,Activity Name,StartTime,EndTime,User",
            "IDCase,TASK,startDateTime,endDateTime,performer",
            "\"case_id\",\"activity\",\"start_time\",\"end_time\",\"resource\"",
        } do
            local lines = lines_of(header .. "\n1,a,2016-02-01 00:00:00Z,2016-02-01 00:00:01Z,Eve\n")
            assert_lines(wanted, { lines[2], lines[3] })
        end
    end)

    it("takes the columns that are named, and says which there are where one is missing", function()
        local text = "x;y;from;to\n1;a;2016-02-01 00:00:00Z;2016-02-01 00:00:01Z\n"
        local lines = lines_of(text, { "case=x", "activity=y", "start=from", "end=to" })
        assert_lines({ "0 node_start a", "1000000000 node_done a" }, { lines[2], lines[3] })
        local result, directory = importing.run("csv", text, { args = { "case=x", "activity=z" } })
        assert.is_truthy(result.stderr:find("-a activity=z: no such column; there are x, y, from, to", 1, true))
        result = importing.run("csv", text, { args = { "case=x", "activity=y" } })
        assert.is_truthy(result.stderr:find(
            "no column is known to be the time; -a time=NAME says which, of x, y, from, to", 1, true))
        assert.are_not.equal(0, result.status)
        assert.are.equal("", helper.shell("ls -A " .. directory .. " 2>&1 | grep -v 'No such file'"))
    end)

    it("reads semicolons, tabs and bars, and separators, quotes and line breaks in fields with quotes", function()
        for _, separator in ipairs { ",", ";", "\t", "|" } do
            local text = 'case,activity,time,note\n1,"a, ""b""",2016-02-01 00:00:00Z,"two\nlines"\n'
            text = text:gsub(",", separator)
            local lines = lines_of(text)
            local activity = ('a, "b"'):gsub(",", separator == "\t" and "\\x09" or separator)
            assert.is_truthy(lines[2]:find("node_start", 1, true))
            assert.is_truthy(lines[2]:find('{"metadata":{"note":"two\\nlines"}}', 1, true), lines[2])
            assert.is_truthy(separator == "\t" or lines[2]:find(activity, 1, true), lines[2])
        end
        local lines = lines_of("case,activity,time\n1,a;b,2016-02-01 00:00:00Z\n", { "delimiter=," })
        assert.is_truthy(lines[2]:find("node_start a;b", 1, true))
    end)

    it("pairs a lifecycle's starts and ends in the order of their times, though the rows are in another", function()
        local lines, report = lines_of("case,activity,lifecycle:transition,timestamp,resource\n" .. [[
1,call,complete,2016-02-01 00:00:09Z,Bo
1,call,start,2016-02-01 00:00:02Z,Al
1,call,START,2016-02-01 00:00:05Z,Bo
1,call,complete,2016-02-01 00:00:06Z,Al
1,call,schedule,2016-02-01 00:00:01Z,
1,call,suspend,2016-02-01 00:00:07Z,Bo
1,call,resume,2016-02-01 00:00:08Z,Bo
1,mail,ate_abort,2016-02-01 00:00:09Z,
]])
        assert_lines({
            "2000000000 node_start call {\"scheduled_ns\":1454284801000000000,\"resource\":\"Al\"}",
            "5000000000 node_start call {\"instance\":\"2\",\"resource\":\"Bo\"}",
            "6000000000 node_done call",
            "7000000000 trace_suspended call {\"wait\":\"suspended\",\"instance\":\"2\"}",
            "8000000000 trace_resumed {\"wait\":\"suspended\",\"instance\":\"2\"}",
            "9000000000 node_done call {\"instance\":\"2\"}",
            "9000000000 node_start mail",
            "9000000000 node_error mail {\"kind\":\"ate_abort\"}",
            "9000000000 trace_complete",
        }, table.move(lines, 2, #lines, 1, {}))
        assert.are.same({}, report.bent)
    end)

    it("counts ends without a start and schedules that lead to none, and leaves a case open where a start has no end",
        function()
            local lines, report = lines_of("case,activity,transition,timestamp\n" .. [[
1,a,start,2016-02-01 00:00:01Z
1,a,complete,2016-02-01 00:00:02Z
1,a,complete,2016-02-01 00:00:03Z
1,b,complete,2016-02-01 00:00:03Z
1,c,schedule,2016-02-01 00:00:03Z
2,a,start,2016-02-01 00:00:04Z
2,b,In Progress,2016-02-01 00:00:05Z
]])
            assert.are.same({ "1 ends without a start, of activities that have starts",
                "1 schedules of activities that never start" }, importing.kinds(report.dropped))
            assert.are.same({}, report.bent)
            assert_lines({
                "4000000000 trace_start {\"id\":\"2\"}", "4000000000 node_start a",
                "5000000000 node_start b {\"metadata\":{\"lifecycle:transition\":\"In Progress\"}}",
                "5000000000 node_done b",
            }, table.move(lines, #lines - 3, #lines, 1, {}))
        end)

    it("lets an event with one time take none, or end what began with the event before", function()
        local text = "case,activity,timestamp\n1,a,2016-02-01 00:00:01Z\n1,b,2016-02-01 00:00:03Z\n"
        local function sums(args)
            local times = importing.run_times((importing.log("csv", text, { args = args })))
            return { times.a.sum, times.b.sum }
        end
        assert.are.same({ "0", "0" }, sums())
        assert.are.same({ "0", "2000000000" }, sums { "single=end" })
    end)

    it("reads times of many forms, each file's from its first", function()
        local function assert_times(args, forms)
            local directory, inputs, wanted = helper.directory(), {}, {}
            for index, form in ipairs(forms) do
                inputs[index] = helper.write(("%s/%02d.csv"):format(directory, index),
                    ("case,activity,time\n1,a%d,%s\n"):format(index, form[1]))
                wanted[index] = line(form[2], "node_done", "a" .. index)
            end
            local found = {}
            local log = importing.log("csv", nil, { inputs = inputs, args = args })
            for _, text in ipairs(importing.lines(log, origin_ns)) do
                found[#found + 1] = text:find("node_done", 1, true) and text or nil
            end
            table.sort(wanted)
            table.sort(found)
            assert_lines(wanted, found)
        end
        assert_times({ "dates=dmy" }, {
            { "2016-02-01T02:00:00.000000001+01:00", 3600000000001 }, { "2016/02/01 00:00:01.5Z", 1500000000 },
            { "2016-02-01 00:01", 60000000000 }, { "2016-02-01", 0 }, { "1454284801", 1000000000 },
            { "1454284801000", 1000000000 }, { "1454284801000001", 1000001000 }, { "1454284801.25", 1250000000 },
            { "1454284801000000001", 1000000001 }, { "01.02.2016 00:00:02", 2000000000 },
            { "01-02-2016:00.03", 180000000000 }, { "01/02/2016 1:00:00 PM", 46800000000000 },
            { "2016-02-01 00:00:01 UTC", 1000000000 },
        })
        assert_times({ "dates=mdy", "zone=+01:00" }, { { "02/01/2016 12:30 AM", -1800000000000 },
            { "2016-02-01 01:00:00", 0 } })
        local result = importing.run("csv", "case,activity,time\n1,a,01/02/2016 10:00\n")
        assert.is_truthy(result.stderr:find("input:2: 01/02/2016 10:00: the day or the month may stand first: say -a "
            .. "dates=dmy or -a dates=mdy", 1, true), result.stderr)
        result = importing.run("csv", "case,activity,time\n1,a,2016-02-01 00:00:00Z\n1,a,soon\n")
        assert.is_truthy(result.stderr:find('input:3: "soon" is not a time', 1, true), result.stderr)
    end)

    it("says that times without a zone were read as UTC, unless the zone is given", function()
        local text = "case,activity,time\n1,a,2016-02-01 00:00:00\n"
        local _, report = lines_of(text)
        assert.are.same({ "1 files whose times name no zone: they are read as UTC" }, importing.kinds(report.bent))
        _, report = lines_of(text, { "zone=+00:00" })
        assert.are.same({}, report.bent)
    end)

    it("keeps other columns, with the trace or the attempt, and counts bad rows", function()
        local lines, report = lines_of(
            ",case:concept:name,concept:name,start_timestamp,time:timestamp,case:kind,cost\n" .. [[
0,1,a,2016-02-01 00:00:00Z,2016-02-01 00:00:01Z,new,7
1,,a,2016-02-01 00:00:00Z,2016-02-01 00:00:01Z,,
2,1,,2016-02-01 00:00:00Z,2016-02-01 00:00:01Z,,
3,1,a,,,,
4,1,b,2016-02-01 00:00:03Z,2016-02-01 00:00:02Z,,
5,1
6,1,c,2016-02-01 00:00:04Z,,,
]])
        assert_lines({
            "0 trace_start {\"id\":\"1\",\"metadata\":{\"kind\":\"new\"}}",
            "0 node_start a {\"metadata\":{\"cost\":\"7\"}}", "1000000000 node_done a", "3000000000 node_start b",
            "3000000000 node_done b", "4000000000 node_start c",
        }, lines)
        assert.are.same({ "1 rows with more or fewer fields than the first", "1 rows without a time",
            "2 rows without a case or an activity" }, importing.kinds(report.dropped))
        assert.are.same({ "1 columns without a name" }, importing.kinds(report.left_out))
        assert.are.same({ "1 activities that end before they start: they take no time" }, importing.kinds(report.bent))
    end)

    it("drops times that are before 1970, in whatever form, and reads the others", function()
        for _, times in ipairs { { "2016-02-01 00:00:00Z", "1948-01-26 23:59:00Z" },
            { "01.02.2016 00:00:00Z", "26.01.1948 23:59:00Z" } } do
            local lines, report = lines_of(("case,activity,time\n1,a,%s\n1,b,%s\n"):format(times[1], times[2]))
            assert_lines({ "0 node_start a", "0 node_done a" }, { lines[2], lines[3] })
            assert.are.same({ "1 rows without a time", "1 times before 1970" }, importing.kinds(report.dropped))
        end
        local lines, report = lines_of("case,activity,start,end\n1,a,1900-01-01 00:00:00Z,2016-02-01 00:00:00Z\n")
        assert_lines({ "0 node_done a" }, { lines[#lines - 1] })
        assert.are.same({ "1 times before 1970" }, importing.kinds(report.dropped))
    end)

    it("takes a start from one file and its end from the next", function()
        local directory = helper.directory()
        local head = "case,activity,transition,timestamp\n"
        local inputs = {
            helper.write(directory .. "/1.csv", head .. "1,a,start,2016-02-01 00:00:01Z\n"),
            helper.write(directory .. "/2.csv", head .. "1,a,complete,2016-02-01 00:00:04Z\n"),
        }
        local log = importing.log("csv", nil, { inputs = inputs })
        local lines = importing.lines(log, origin_ns)
        assert_lines({ "1000000000 node_start a", "4000000000 node_done a", "4000000000 trace_complete" },
            table.move(lines, 2, #lines, 1, {}))
    end)

    it("takes no separator from within quotes, drops rows too long, and leaves pandas columns out", function()
        local lines, report = lines_of('Unnamed: 0,case,activity,start,end,enabled_time,"a;b;c;d;e;f;g;h"\n' .. [[
0,1,a,2016-02-01 00:00:02Z,2016-02-01 00:00:03Z,2016-02-01 00:00:01Z,
1,1,b,2016-02-01 00:00:04Z,2016-02-01 00:00:05Z,2016-02-01 00:00:06Z,x
2,1,c,2016-02-01 00:00:04Z,2016-02-01 00:00:05Z,,,y
]])
        assert_lines({
            "2000000000 node_start a {\"scheduled_ns\":1454284801000000000}", "3000000000 node_done a",
            "4000000000 node_start b {\"metadata\":{\"a;b;c;d;e;f;g;h\":\"x\"}}", "5000000000 node_done b",
        }, table.move(lines, 2, #lines - 1, 1, {}))
        assert.are.same({ "1 rows with more or fewer fields than the first",
            "1 times of schedule that are after the start" }, importing.kinds(report.dropped))
        assert.are.same({ "1 columns without a name" }, importing.kinds(report.left_out))
    end)

    it("gives schedules to starts in their order, and suspends one after the other of what runs", function()
        local lines = lines_of("case,activity,transition,timestamp\n" .. [[
1,a,schedule,2016-02-01 00:00:01Z
1,a,schedule,2016-02-01 00:00:02Z
1,a,start,2016-02-01 00:00:03Z
1,a,start,2016-02-01 00:00:04Z
1,a,suspend,2016-02-01 00:00:05Z
1,a,suspend,2016-02-01 00:00:06Z
1,a,resume,2016-02-01 00:00:07Z
1,a,resume,2016-02-01 00:00:08Z
]])
        assert_lines({
            "3000000000 node_start a {\"scheduled_ns\":1454284801000000000}",
            "4000000000 node_start a {\"instance\":\"2\",\"scheduled_ns\":1454284802000000000}",
            "5000000000 trace_suspended a {\"wait\":\"suspended\"}",
            "6000000000 trace_suspended a {\"wait\":\"suspended\",\"instance\":\"2\"}",
            "7000000000 trace_resumed {\"wait\":\"suspended\"}",
            "8000000000 trace_resumed {\"wait\":\"suspended\",\"instance\":\"2\"}",
        }, table.move(lines, 2, #lines, 1, {}))
    end)
end)
