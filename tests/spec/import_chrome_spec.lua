-- `tracereel import --from chrome`: Chrome trace events.
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"

local function lines_of(text, args)
    local directory, report = importing.log("chrome", text, { args = args })
    return importing.lines(directory), report, directory
end

local function assert_lines(wanted, found)
    assert.are.equal(table.concat(wanted, "\n"), table.concat(found, "\n"))
end

local function document(...)
    return '{"traceEvents":[' .. table.concat({ ... }, ",\n") .. "]}"
end

local function event(phase, name, ts, more)
    return ('{"ph":"%s","name":"%s","ts":%s,"pid":1,"tid":2%s}'):format(phase, name, ts, more and "," .. more or "")
end

describe("import chrome", function()
    teardown(helper.clean)

    it("makes slices runs of nodes: complete ones, nested ones and asynchronous ones", function()
        local lines, report = lines_of(document(
            '{"ph":"M","name":"process_name","pid":1,"args":{"name":"Browser"}}',
            '{"ph":"M","name":"thread_name","pid":1,"tid":2,"args":{"name":"Main"}}',
            event("X", "x", 10, '"dur":5,"cat":"c","args":{"n":1,"t":{"u":1}}'),
            event("B", "outer", 20), event("B", "inner", 21), event("E", "inner", 22), event("E", "", 23),
            event("b", "load", 30, '"cat":"net","id":"0x1"'), event("b", "load", 31, '"cat":"net","id":"0x2"'),
            event("e", "load", 33, '"cat":"net","id":"0x1"'), event("e", "load", 32, '"cat":"net","id":"0x2"'),
            event("b", "p", 34, '"id":9'), event("b", "q", 35, '"id":9'), event("e", "p", 36, '"id":9'),
            event("e", "q", 37, '"id":9'), event("S", "old", 40, '"cat":"net","id":7'), event("F",
            "old", 41, '"cat":"net","id":7')),
            { "attributes=false" })
        local main = ' {"resource":"Main"}'
        assert_lines({
            '10000 trace_start {"id":"Browser 1","name":"Browser"}',
            "10000 node_start x" .. main, "15000 node_done x", "20000 node_start outer" .. main,
            "21000 node_start inner" .. main, "22000 node_done inner", "23000 node_done outer",
            "30000 node_start load" .. main, '31000 node_start load {"instance":"2","resource":"Main"}',
            '32000 node_done load {"instance":"2"}', "33000 node_done load", "34000 node_start p" .. main,
            "35000 node_start q" .. main, "36000 node_done p", "37000 node_done q", "40000 node_start old" .. main,
            "41000 node_done old", "41000 trace_complete",
        }, lines)
        assert.are.same({}, report.dropped)
    end)

    it("has times exact to the nanosecond, also of today in microseconds, and an array that does not end", function()
        local lines = lines_of("[" .. event("X", "a", "1454284800000000.123", '"dur":0.001') .. ",\n"
            .. event("X", "b\\\"ts\\\":1.5,", "1454284800000001.5", '"dur":1454284800000.999') .. ",\n",
            { "attributes=false" })
        assert_lines({
            '1454284800000000123 trace_start {"id":"pid 1"}',
            '1454284800000000123 node_start a {"resource":"tid 2"}', "1454284800000000124 node_done a",
            '1454284800000001500 node_start b"ts":1.5, {"resource":"tid 2"}',
            '1455739084800002499 node_done b"ts":1.5,', "1455739084800002499 trace_complete",
        }, lines)
    end)

    it("takes a process, a thread, the file or an argument as the trace", function()
        local text = document(
            '{"ph":"X","name":"a","ts":1,"dur":1,"pid":1,"tid":1,"args":{"req":"r1"}}',
            '{"ph":"X","name":"b","ts":2,"dur":1,"pid":1,"tid":2,"args":{"req":"r2"}}',
            '{"ph":"X","name":"c","ts":3,"dur":1,"pid":2,"tid":1,"args":{"req":"r1"}}',
            '{"ph":"X","name":"d","ts":4,"dur":1,"pid":2,"tid":1}')
        local function nodes_of_traces(by)
            local directory, report = importing.log("chrome", text, { args = { "trace=" .. by } })
            local result, found = helper.run { "export", "--format", "jsonl", directory }, {}
            for _, trace in ipairs(helper.objects(result.stdout)) do
                local names = {}
                for index, node in ipairs(trace.nodes) do
                    names[index] = node.name
                end
                found[#found + 1] = trace.id .. ": " .. table.concat(names, " ")
            end
            table.sort(found)
            return found, report
        end
        assert.are.same({ "pid 1: a b", "pid 2: c d" }, (nodes_of_traces "pid"))
        assert.are.same({ "pid 1, tid 1: a", "pid 1, tid 2: b", "pid 2, tid 1: c d" }, (nodes_of_traces "tid"))
        assert.are.same({ "input: a b c d" }, (nodes_of_traces "all"))
        local found, report = nodes_of_traces "req"
        assert.are.same({ "r1: a c", "r2: b" }, found)
        assert.are.same({ "1 slices without the argument that names their trace" }, importing.kinds(report.dropped))
    end)

    it("keeps arguments, leaves open what has no end, and counts what it leaves out", function()
        local lines, report = lines_of(document(
            event("B", "a", 5, '"cat":"k","args":{"n":1,"list":[1]}'), event("E", "a", 6, '"args":{"late":true}'),
            event("B", "open", 7), event("C", "count", 8, '"args":{"v":1}'), event("i", "mark", 9),
            event("s", "flow", 9, '"id":1'), event("X", "no end", 9), '{"ph":"E","ts":9,"pid":1,"tid":3}',
            '{"ph":"B","name":"no time","pid":1,"tid":2}', '{"ph":"?"}', "7"))
        assert_lines({
            '5000 trace_start {"id":"pid 1"}',
            '5000 node_start a {"resource":"tid 2","metadata":{"cat":"k","late":true,"n":1}}', "6000 node_done a",
            '7000 node_start open {"resource":"tid 2"}',
        }, lines)
        assert.are.same({ "1 complete events without a duration", "1 ends without a begin", "1 events without a time",
            "1 flow events", "1 instants", "2 events of other kinds" }, importing.kinds(report.dropped))
        assert.are.same({ "1 counters" }, importing.kinds(report.left_out))
    end)

    it("moves times before zero, keeps processes of several files apart, and says what is no trace", function()
        local _, report = lines_of(document(event("X", "a", "-1.5", '"dur":1')))
        assert.are.same({ "1 files with times before zero: all of their times are moved" },
            importing.kinds(report.bent))
        local directory = helper.directory()
        local text_of_file = document(event("X", "a", 1, '"dur":1'))
        local inputs = { helper.write(directory .. "/1.json", text_of_file),
            helper.write(directory .. "/2.json", text_of_file) }
        local log = importing.log("chrome", nil, { inputs = inputs, args = { "attributes=false" } })
        local text = table.concat(importing.lines(log), "\n")
        assert.is_truthy(text:find('{"id":"pid 1"}', 1, true) and text:find('{"id":"pid 1 (2.json)"}', 1, true), text)
        local result = importing.run("chrome", '{"spans":[]}')
        assert.is_truthy(result.stderr:find("neither an array of events nor an object with traceEvents", 1, true))
        result = importing.run("chrome", '{"traceEvents":[')
        assert.is_truthy(result.stderr:find("not JSON", 1, true), result.stderr)
    end)

    it("counts events whose fields are not what they should be", function()
        local lines, report = lines_of(document('{"ph":"X","ts":1,"dur":1,"name":{},"pid":{},"tid":[],"args":3}',
            event("X", "a", 1, '"dur":-5'), event("X", "a", "9223372036854775807", '"dur":1'),
            event("X", "a", "12345678901234567890.5", '"dur":1'), event("X", "a", '"soon"', '"dur":1')))
        assert_lines({ '1000 trace_start {"id":"pid 0"}', "1000 node_start unnamed", "2000 node_done unnamed",
            "2000 trace_complete" }, lines)
        assert.are.same({ "1 complete events without a duration", "3 events without a time" },
            importing.kinds(report.dropped))
    end)

    it("reads what export --format chrome writes: every attempt, at its own time", function()
        local exported = helper.run({ "export", "--format", "chrome", helper.log "orders" }).stdout
        local attempts = helper.run({ "export", "--format", "csv", helper.log "orders" }).stdout
        local again = helper.run({ "export", "--format", "csv", (importing.log("chrome", exported)) }).stdout
        local is_there = {}
        for name, start_ns, end_ns in again:gmatch(",(node_%d+),%d+,%a+,%a+,(%d+),(%d*),") do
            is_there[name .. start_ns .. end_ns] = true
        end
        local count = 0
        for id, start_ns, end_ns in attempts:gmatch(",(%d+),,%d+,%a+,%a+,(%d+),(%d+),") do
            count = count + 1
            assert.is_true(is_there["node_" .. id .. start_ns .. end_ns])
        end
        assert.is_true(count > 400)
    end)

    it("keeps asynchronous slices of one id apart by their category, scope and process", function()
        local pids = { ',"pid":1,"id2":{"local":"7"}', ',"pid":2,"id2":{"local":"7"}' }
        for _, two in ipairs { { ',"pid":1,"id":7,"cat":"a"', ',"pid":1,"id":7,"cat":"b"' },
            { ',"pid":1,"id":7,"scope":"a"', ',"pid":1,"id":7,"scope":"b"' }, pids } do
            local function slice(phase, which, ts)
                return ('{"ph":"%s","name":"x","ts":%d,"tid":1%s}'):format(phase, ts, two[which])
            end
            local lines = lines_of(document(slice("b", 1, 10), slice("b", 2, 20), slice("e", 1, 30),
                slice("e", 2, 50)), { "attributes=false", "trace=all" })
            assert_lines({ '10000 node_start x {"resource":"tid 1"}',
                '20000 node_start x {"instance":"2","resource":"tid 1"}', "30000 node_done x",
                '50000 node_done x {"instance":"2"}' }, table.move(lines, 2, 5, 1, {}))
        end
    end)

    it("nests the slices of a thread in the order of their times, of those that begin at once the longest first",
        function()
            local lines = lines_of(document(event("E", "", 30), event("B", "inner", 20), event("B", "outer", 10),
                event("E", "", 40), event("X", "x", 50, '"dur":1'), event("X", "x", 50, '"dur":9')),
                { "attributes=false" })
            local main = ' {"resource":"tid 2"}'
            assert_lines({ "10000 node_start outer" .. main, "20000 node_start inner" .. main, "30000 node_done inner",
                "40000 node_done outer", "50000 node_start x" .. main,
                '50000 node_start x {"instance":"2","resource":"tid 2"}', '51000 node_done x {"instance":"2"}',
                "59000 node_done x" }, table.move(lines, 2, #lines - 1, 1, {}))
        end)

    it("puts what has one value of an argument into one trace, whichever file it is in", function()
        local directory, inputs = helper.directory(), {}
        for index, name in ipairs { "a", "b" } do
            inputs[index] = helper.write(("%s/%d.json"):format(directory, index),
                document(event("X", name, index, '"dur":1,"args":{"req":"r1"}')))
        end
        local log = importing.log("chrome", nil, { inputs = inputs, args = { "attributes=false", "trace=req" } })
        local text = table.concat(importing.lines(log), "\n")
        local _, count = text:gsub("trace_start", "")
        assert.are.equal(1, count, text)
    end)
end)
