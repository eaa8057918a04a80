-- `tracereel import --from xes`: event logs in XES (IEEE 1849).
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"
local read_xes = require "tests.spec.xes_reader"

local second = 1000000000
-- 2016-02-01 00:00:00 UTC, as `date +%s` gives it.
local origin_ns = 1454284800 * second

local function assert_lines(wanted, found)
    assert.are.equal(table.concat(wanted, "\n"), table.concat(found, "\n"))
end

-- An event of the second `at`, with other attributes as they are.
local function event(activity, transition, at, more)
    return ('<event><string key="concept:name" value="%s"/><string key="lifecycle:transition" value="%s"/>'
        .. '<date key="time:timestamp" value="2016-02-01T01:00:%02d.000+01:00"/>%s</event>'):format(activity,
        transition, at, more or "")
end

local function log_of(...)
    return '<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0" xes.features="" '
        .. 'xmlns="http://www.xes-standard.org/">\n' .. table.concat({ ... }, "\n") .. "\n</log>\n"
end

local function trace_of(name, ...)
    return ('<trace><string key="concept:name" value="%s"/>%s</trace>'):format(name, table.concat { ... })
end

local function lines_of(...)
    local directory, report = importing.log("xes", log_of(...))
    return importing.lines(directory, origin_ns), report
end

describe("import xes", function()
    teardown(helper.clean)

    it("gives each activity of a real log the count, sum and mean of its starts paired with its ends", function()
        local path, runs = "tests/fixtures/foreign/bpic12.xes", {}
        local text = helper.read(path):gsub("<log>", '<log xes.version="1.0" xes.features="">')
        for _, trace in ipairs(read_xes(text)) do
            local open = {}
            for _, one in ipairs(trace.events) do
                local values = one.values
                local name, at = values["concept:name"], values["time:timestamp"]
                open[name], runs[name] = open[name] or {}, runs[name] or {}
                if values["lifecycle:transition"] == "START" then
                    table.insert(open[name], at)
                elseif values["lifecycle:transition"] == "COMPLETE" and open[name][1] then
                    table.insert(runs[name], at - table.remove(open[name], 1))
                end
            end
        end
        local directory, report = importing.log("xes", nil, { inputs = { path } })
        assert.are.same(importing.expected_run_times(runs), importing.run_times(directory))
        assert.are.same({ "1 ends without a start, of activities that have starts" }, importing.kinds(report.dropped))
        assert.are.same({}, report.bent)
    end)

    it("keeps the schedule, the resource and instances, and attributes with their types, nested ones by their path",
        function()
            local lines, report = lines_of('<extension name="Time" prefix="time" uri="x"/><global scope="event">'
                .. '<string key="concept:name" value="UNKNOWN"/></global><classifier name="a" keys="concept:name"/>'
                .. '<string key="concept:name" value="the log"/>',
                trace_of("7", '<int key="amount" value="5"><string key="currency" value="EUR"/></int>',
                    event("a", "schedule", 1), event("a", "start", 2, '<string key="org:resource" value="Eve"/>'
                        .. '<string key="concept:instance" value="x"/><boolean key="late" value="true"/>'
                        .. '<float key="cost" value="1.5"/><list key="l"><values><int key="i" value="1"/>'
                        .. '<int key="i" value="2"/></values></list>'),
                    event("a", "assign", 2, '<string key="org:resource" value="Bo"/>'),
                    event("a", "start", 3), event("a", "complete", 4), event("a", "complete", 5,
                        '<string key="concept:instance" value="x"/>')))
            assert_lines({
                '2000000000 trace_start {"id":"7","metadata":{"amount":5,"amount/currency":"EUR"}}',
                '2000000000 node_start a {"instance":"x","resource":"Eve","metadata":{"cost":1.5,"l/i":1,"l/i 2":2,'
                    .. '"late":true}}',
                '3000000000 node_start a {"scheduled_ns":1454284801000000000,"resource":"Bo"}',
                "4000000000 node_done a",
                '5000000000 node_done a {"instance":"x"}',
                "5000000000 trace_complete",
            }, lines)
            assert.are.same({}, report.dropped)
        end)

    it("knows what ends an activity otherwise, and closes the case with pi_abort", function()
        local lines = lines_of(trace_of("1", event("a", "start", 1), event("a", "ate_abort", 2),
            event("b", "autoskip", 3), event("c", "withdraw", 4), event("d", "start", 5), event("d", "suspend", 6),
            event("d", "resume", 7), event("d", "pi_abort", 8)))
        assert_lines({
            "1000000000 node_start a",
            '2000000000 node_error a {"kind":"ate_abort"}',
            '3000000000 node_start b {"metadata":{"lifecycle:transition":"autoskip"}}',
            "3000000000 node_done b",
            "4000000000 node_start c",
            '4000000000 node_error c {"kind":"withdraw"}',
            "5000000000 node_start d",
            '6000000000 trace_suspended d {"wait":"suspended"}',
            '7000000000 trace_resumed {"wait":"suspended"}',
            '8000000000 node_error d {"kind":"pi_abort"}',
            '8000000000 trace_failed {"outcome":"cancelled"}',
        }, table.move(lines, 2, #lines, 1, {}))
    end)

    it("reads an event with start_timestamp as an activity, and takes the attributes that are named", function()
        local text = log_of('<trace><string key="k" value="c"/>' .. event("x", "complete", 9,
            '<date key="start_timestamp" value="2016-02-01T00:00:04Z"/><string key="A" value="act"/>') .. "</trace>")
        local directory = importing.log("xes", text, { args = { "case=k", "activity=A" } })
        assert_lines({
            '4000000000 trace_start {"id":"c"}',
            '4000000000 node_start act {"metadata":{"concept:name":"x"}}',
            "9000000000 node_done act", "9000000000 trace_complete",
        }, importing.lines(directory, origin_ns))
    end)

    it("makes traces of one name traces of their own, and counts events without a name or a time", function()
        local lines, report = lines_of(trace_of("1", event("a", "complete", 1)),
            trace_of("1", event("a", "complete", 2)), "<trace>" .. event("a", "complete", 3)
                .. '<event/><event><string key="concept:name" value="a"/></event></trace>')
        local ids = {}
        for _, text in ipairs(lines) do
            ids[#ids + 1] = text:match('trace_start {"id":"(.-)"}')
        end
        assert.are.same({ "1", "1 (2)", "input 3" }, ids)
        assert.are.same({ "1 events without a name", "1 events without a time" }, importing.kinds(report.dropped))
        assert.are.same({ "1 traces with the name of another: their ids have a number" }, importing.kinds(report.bent))
    end)

    it("drops events that are before 1970, and reads the others", function()
        local lines, report = lines_of('<trace><event><string key="concept:name" value="a"/>'
            .. '<date key="time:timestamp" value="1948-01-26T23:59:00.000+01:00"/></event>'
            .. event("b", "complete", 1) .. "</trace>")
        assert.matches("node_start b", table.concat(lines, "\n"), 1, true)
        assert.is_nil(table.concat(lines, "\n"):find("node_start a", 1, true))
        assert.are.same({ "1 times before 1970" }, importing.kinds(report.dropped))
    end)

    it("names the line of XML that is broken, and expands no entities", function()
        local result = importing.run("xes", "<log>\n<trace>\n<event></trace></log>")
        assert.are_not.equal(0, result.status)
        assert.is_truthy(result.stderr:find("input:3: not XML: mismatched tag", 1, true), result.stderr)
        result = importing.run("xes", '<!DOCTYPE log [<!ENTITY a "xxxx">]>\n<log><trace>&a;</trace></log>')
        assert.are_not.equal(0, result.status)
        assert.is_truthy(result.stderr:find("entit", 1, true), result.stderr)
    end)

    it("pairs events in the order of their times, counts those outside of traces, and calls the flow as the file",
        function()
            local directory, report = importing.log("xes", log_of(event("a", "start", 9),
                trace_of("1", event("a", "complete", 5), event("a", "start", 2))), { name = "orders.xes" })
            assert_lines({ '2000000000 trace_start {"id":"1"}', "2000000000 node_start a", "5000000000 node_done a",
                "5000000000 trace_complete" }, importing.lines(directory, origin_ns))
            assert.are.same({ "1 events outside of traces" }, importing.kinds(report.dropped))
            assert.are.equal("orders", dofile(directory .. "/tracereel.flow.lua").name)
        end)

    it("is known by its beginning, with the name of the format in it or not", function()
        for _, head in ipairs { "<log>", '<log xmlns="http://www.xes-standard.org/">' } do
            local directory = helper.directory()
            local file = helper.write(directory .. "/input",
                head .. trace_of("1", event("a", "complete", 5)) .. "</log>")
            local result = helper.run { "import", file, "-o", directory .. "/log", "--json" }
            assert.are.equal(0, result.status, result.stderr)
            assert.are.equal("xes", helper.objects(result.stdout)[1].format)
        end
    end)
end)
