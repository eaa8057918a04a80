-- `tracereel import --from otlp`: spans as OTLP/JSON and as Jaeger has them.
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"

-- 2016-02-01 00:00:00 UTC.
local origin_ns = 1454284800000000000
local trace_id = "0102030405060708090a0b0c0d0e0f10"
local uuid = "01020304-0506-0708-090a-0b0c0d0e0f10"

local function at(ns)
    return ("%d"):format(origin_ns + ns)
end

-- A span of OTLP/JSON; `more` is JSON for further members.
local function span(name, id, parent, start_ns, end_ns, more)
    return ('{"traceId":"%s","spanId":"%s","parentSpanId":"%s","name":"%s","startTimeUnixNano":"%s",'
        .. '"endTimeUnixNano":"%s"%s}'):format(trace_id, id, parent, name, at(start_ns), at(end_ns), more or "")
end

local function request(...)
    return '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},'
        .. '"scopeSpans":[{"spans":[' .. table.concat({ ... }, ",") .. "]}]}]}\n"
end

local function lines_of(text, args)
    local directory, report = importing.log("otlp", text, { args = args })
    return importing.lines(directory, origin_ns), report, directory
end

local function assert_lines(wanted, found)
    assert.are.equal(table.concat(wanted, "\n"), table.concat(found, "\n"))
end

local root = span("checkout", "00000000000000a1", "", 0, 100,
    ',"attributes":[{"key":"n","value":{"intValue":"9007199254740993"}},{"key":"ok","value":{"boolValue":true}}]')

describe("import otlp", function()
    teardown(helper.clean)

    it("makes the root span the trace, and each other one a run of the node of its name", function()
        local lines, report, directory = lines_of(request(
            span("pay", "00000000000000a3", "00000000000000a2", 20, 60,
                ',"attributes":[{"key":"d","value":{"doubleValue":0.5}},{"key":"l","value":{"arrayValue":{"values":['
                .. '{"intValue":"1"}]}}}]'),
            span("order", "00000000000000a2", "00000000000000a1", 10, 90), root))
        assert_lines({
            '0 trace_start {"name":"checkout","metadata":{"n":9007199254740993,"ok":true,"service.name":"shop"}}',
            '10 node_start order {"resource":"shop"}',
            '20 node_start pay {"resource":"shop","metadata":{"d":0.5,"l":"[{\\"intValue\\":\\"1\\"}]"}}',
            "60 node_done pay", "90 node_done order", "100 trace_complete",
        }, lines)
        assert.are.same({}, report.bent)
        local shown = helper.run { "traces", "--json", directory }
        assert.is_truthy(shown.stdout:find(uuid, 1, true))
    end)

    it("joins a trace from several lines and files, whichever has the root", function()
        local directory = helper.directory()
        local inputs = {
            helper.write(directory .. "/1.jsonl", request(span("a", "00000000000000a2", "00000000000000a1", 10, 20))
                .. request(span("b", "00000000000000a3", "00000000000000a1", 30, 40))),
            helper.write(directory .. "/2.jsonl", request(root)),
        }
        local log, report = importing.log("otlp", nil, { inputs = inputs, args = { "attributes=false" } })
        assert_lines({ '0 trace_start {"name":"checkout","metadata":{"service.name":"shop"}}',
            '10 node_start a {"resource":"shop"}', "20 node_done a", '30 node_start b {"resource":"shop"}',
            "40 node_done b", "100 trace_complete" }, importing.lines(log, origin_ns))
        assert.are.same({}, report.bent)
    end)

    it("has errors with the text of their exception or status, and a trace that failed", function()
        local exception = ',"status":{"code":%s},"events":[{"timeUnixNano":"' .. at(15) .. '","name":"exception",'
            .. '"attributes":[{"key":"exception.message","value":{"stringValue":"%s"}}]}]'
        local lines = lines_of(request(
            span("a", "00000000000000a2", "00000000000000a1", 10, 20, exception:format("2", "no money")),
            span("b", "00000000000000a3", "00000000000000a1", 30, 40,
                ',"status":{"code":"STATUS_CODE_ERROR","message":"busy"}'),
            span("r", "00000000000000a1", "", 0, 50, exception:format('"STATUS_CODE_ERROR"', "lost"))))
        assert_lines({
            '10 node_start a {"resource":"shop"}', '20 node_error a no money {"kind":"error"}',
            '30 node_start b {"resource":"shop"}', '40 node_error b busy {"kind":"error"}', "50 trace_failed lost",
        }, table.move(lines, 2, #lines, 1, {}))
    end)

    it("makes spans of one name that overlap instances, and others attempts, in whatever order they come", function()
        local lines = lines_of(request(root,
            span("q", "00000000000000a2", "00000000000000a1", 10, 30),
            span("q", "00000000000000a3", "00000000000000a1", 20, 40),
            span("q", "00000000000000a4", "00000000000000a1", 50, 60),
            span("q", "00000000000000a5", "00000000000000a2", 1, 9)), { "attributes=false" })
        assert_lines({
            '1 node_start q {"resource":"shop"}', "9 node_done q", '10 node_start q {"resource":"shop"}',
            '20 node_start q {"instance":"2","resource":"shop"}', "30 node_done q", '40 node_done q {"instance":"2"}',
            '50 node_start q {"resource":"shop"}', "60 node_done q",
        }, table.move(lines, 2, #lines - 1, 1, {}))
    end)

    it("reads the older names of OTLP, ids in base64, times as numbers, and one document over many lines", function()
        local text = [[{
 "resourceSpans": [ { "instrumentationLibrarySpans": [ { "spans": [
   { "traceId": "AQIDBAUGBwgJCgsMDQ4PEA==", "spanId": "AAAAAAAAAKE=", "name": "r",
     "startTimeUnixNano": 1454284800000000001, "endTimeUnixNano": 1454284800000000009 },
   { "traceId": "AQIDBAUGBwgJCgsMDQ4PEA==", "spanId": "AAAAAAAAAKI=", "parentSpanId": "AAAAAAAAAKE=", "name": "a",
     "startTimeUnixNano": 1454284800000000003, "endTimeUnixNano": 1454284800000000004, "events": [ { "name": "e" } ],
     "links": [ { "traceId": "AQIDBAUGBwgJCgsMDQ4PEA==" } ] } ] } ] } ] }]]
        local lines, report, directory = lines_of(text)
        assert_lines({ '1 trace_start {"name":"r"}', "3 node_start a", "4 node_done a", "9 trace_complete" }, lines)
        assert.are.same({ "1 events of spans other than exceptions", "1 links to other spans" },
            importing.kinds(report.dropped))
        assert.is_truthy(helper.run({ "traces", "--json", directory }).stdout:find(uuid, 1, true))
    end)

    it("reads Jaeger's JSON, with microseconds, processes, tags and references", function()
        local lines, report = lines_of([[{"data":[{"traceID":"abc","spans":[
{"traceID":"abc","spanID":"1","operationName":"GET /","references":[],"startTime":1454284800000000,"duration":50,
 "processID":"p1","tags":[{"key":"http.status_code","type":"int64","value":200}]},
{"traceID":"abc","spanID":"2","operationName":"sql","references":[{"refType":"CHILD_OF","traceID":"abc","spanID":"1"}],
 "startTime":1454284800000010,"duration":5,"processID":"p2","tags":[{"key":"error","type":"bool","value":true}],
 "logs":[{"timestamp":1454284800000012,"fields":[{"key":"event","type":"string","value":"error"},
 {"key":"message","type":"string","value":"deadlock"}]}]},
{"traceID":"abc","spanID":"3","operationName":"mail","references":[
 {"refType":"FOLLOWS_FROM","traceID":"abc","spanID":"2"}],"startTime":1454284800000020,"duration":0,"processID":"p2"}],
"processes":{"p1":{"serviceName":"web"},"p2":{"serviceName":"db"}}}]}]])
        assert_lines({
            '0 trace_start {"id":"abc","name":"GET /","metadata":{"http.status_code":200,"service.name":"web"}}',
            '10000 node_start sql {"resource":"db","metadata":{"error":true}}',
            '15000 node_error sql deadlock {"kind":"error"}', '20000 node_start mail {"resource":"db"}',
            "20000 node_done mail", "50000 trace_complete",
        }, lines)
        assert.are.same({}, report.dropped)
    end)

    it("says where a root is missing, and leaves a span open that has no end", function()
        local lines, report = lines_of(request(span("a", "00000000000000a2", "00000000000000a1", 10, 20),
            '{"traceId":"' .. trace_id .. '","spanId":"00000000000000a3","parentSpanId":"00000000000000a1","name":"b",'
            .. '"startTimeUnixNano":"' .. at(30) .. '"}', '{"traceId":"","name":"c"}'))
        assert_lines({ "10 trace_start", '10 node_start a {"resource":"shop"}', "20 node_done a",
            '30 node_start b {"resource":"shop"}', "30 trace_complete" }, lines)
        assert.are.same({ "1 traces without a root span: they end with their last span" },
            importing.kinds(report.bent))
        assert.are.same({ "1 spans without a trace or a start" }, importing.kinds(report.dropped))
    end)

    it("counts what is no object where one should be, and times that are none", function()
        local _, report = lines_of('{"resourceSpans":[1,{"scopeSpans":3},{"scopeSpans":'
            .. '[3,{"spans":7},{"spans":[7,{}]}]}]}\n'
            .. '{"traceID":"a","spans":[3],"processes":4}\n' .. request('{"traceId":"' .. trace_id
            .. '","startTimeUnixNano":"99999999999999999999","name":{},"status":3,"events":[4],'
            .. '"attributes":[{"key":5}]}'))
        assert.are.same({ "2 spans without a trace or a start",
            "6 what is not an object where a span or a list of spans should be" }, importing.kinds(report.dropped))
    end)

    it("takes no time of Jaeger's that is before 1970 or that nanoseconds have no room for", function()
        local function jaeger(id, start, duration)
            return ('{"traceID":"a","spanID":"%s","operationName":"n%s","startTime":%s,"duration":%s,"references":'
                .. '[{"refType":"CHILD_OF","traceID":"a","spanID":"0"}]}'):format(id, id, start, duration)
        end
        local directory, report = importing.log("otlp", '{"data":[{"traceID":"a","processes":{},"spans":['
            .. table.concat({ jaeger(1, -5, 1), jaeger(2, 9223372036854775, 1), jaeger(3, 1700000000000000, -5),
                jaeger(4, 1700000000000000, -9223372036854775), jaeger(5, 5, -9) }, ",") .. "]}]}")
        assert.same({ "2 spans without a trace or a start" }, importing.kinds(report.dropped))
        assert.same({ "n3 node_start", "n3 node_done", "n4 node_start", "n5 node_start", "n5 node_done" },
            (function()
                local steps = {}
                for rec in require("tracereel").open(directory):records { types = { "node_start", "node_done" } } do
                    steps[#steps + 1] = rec.node_name .. " " .. rec.type
                end
                table.sort(steps, function(a, b)
                    return a:sub(1, 2) < b:sub(1, 2) or a:sub(1, 2) == b:sub(1, 2) and a > b
                end)
                return steps
            end)())
    end)

    it("names the place of what is no JSON, and says what is neither OTLP nor Jaeger", function()
        local result = importing.run("otlp", request(root) .. '{"resourceSpans":[')
        assert.is_truthy(result.stderr:find("input:2: not JSON", 1, true), result.stderr)
        result = importing.run("otlp", '{"spans":3}')
        assert.is_truthy(result.stderr:find("no spans: neither resourceSpans (OTLP) nor spans with a traceID (Jaeger)",
            1, true), result.stderr)
    end)

    it("takes the first span without a parent as the trace, and others as runs of nodes", function()
        local lines = lines_of(request(span("first", "00000000000000a1", "", 0, 100),
            span("second", "00000000000000a2", "", 10, 20)), { "attributes=false" })
        assert_lines({ '0 trace_start {"name":"first","metadata":{"service.name":"shop"}}',
            '10 node_start second {"resource":"shop"}', "20 node_done second", "100 trace_complete" }, lines)
    end)
end)
