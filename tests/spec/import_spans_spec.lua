-- `out:spans`: spans that are taken as they stand, beside those that an importer gets.
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"

local origin_ns = 1454284800000000000
local first, second = "0102030405060708090a0b0c0d0e0f10", "f0000000000000000000000000000002"

local function at(ns)
    return ("%d"):format(origin_ns + ns)
end

-- A span of OTLP/JSON; `more` is JSON for further members.
local function span(trace_id, name, parent, start_ns, end_ns, more)
    return ('{"traceId":"%s","spanId":"00000000000000a1","parentSpanId":"%s","name":"%s","startTimeUnixNano":"%s",'
        .. '"endTimeUnixNano":"%s"%s}'):format(trace_id, parent, name, at(start_ns), at(end_ns), more or "")
end

-- A document on a line. `scope` is the name of the scope, which nothing reads.
local function document(scope, ...)
    return ('{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},'
        .. '{"key":"argv","value":{"arrayValue":{"values":[{"intValue":"1"}]}}}]},"scopeSpans":[{"scope":{"name":"%s"},'
        .. '"spans":[%s]}]}]}\n'):format(scope, table.concat({ ... }, ","))
end

local function attribute(key, value)
    return ('{"key":"%s","value":{%s}}'):format(key, value)
end

-- An importer that counts what it gets, and writes nothing itself.
local counting = importing.importer_doing [[
    local spans = out:spans { resource = "service.name", write = function() end }
    for value, service in spans:others(input:json_documents()) do
        out:dropped(service == nil and "documents" or "spans of " .. tostring(service), input:where())
    end
    for id, place in spans:rootless() do
        out:bent("rootless " .. id, place)
    end
]]

local function counted(text)
    local directory, report = importing.log(counting, text)
    return importing.kinds(report.dropped), importing.lines(directory, origin_ns), report
end

describe("import: out:spans", function()
    teardown(helper.clean)

    it("takes plain spans: the root is the trace, the others run, also those that came before it", function()
        local others, lines = counted(document("s",
            span(first, "pay", "00000000000000a1", 20, 60, ',"attributes":[' .. table.concat({
                attribute("z", '"stringValue":"a\\"\\ud83d\\ude00"'), attribute("i", '"intValue":"-7"'),
                attribute("d", '"doubleValue":0.5'), attribute("b", '"boolValue":false'),
                attribute("j", '"intValue":9223372036854775807') }, ",") .. "]"),
            span(first, "pay", "00000000000000a1", 30, 40, ',"status":{"code":2,"message":"no money"}'))
            .. document("s", span(first, "checkout", "0000000000000000", 0, 100, ',"status":{"code":1,"message":"x"}'),
                span(first, "mail", "00000000000000a1", 70, 80, ',"status":{"code":"STATUS_CODE_ERROR"},"events":[]')))
        assert.same({}, others)
        assert.same({
            '0 trace_start {"name":"checkout","metadata":{"service.name":"shop"}}',
            '20 node_start pay {"resource":"shop","metadata":{"b":false,"d":0.5,"i":-7,"j":9223372036854775807,'
                .. '"z":"a\\"\u{1F600}"}}',
            '30 node_start pay {"instance":"2","resource":"shop"}',
            '40 node_error pay no money {"instance":"2","kind":"error"}', "60 node_done pay",
            '70 node_start mail {"resource":"shop"}', '80 node_error mail {"kind":"error"}', "100 trace_complete",
        }, lines)
    end)

    it("gives back spans that are not plain, and documents of another form", function()
        local odd = {
            span("abc", "n", "", 0, 1), span(("0"):rep(32), "n", "", 0, 1), span(first, "", "", 0, 1),
            span(first, "a\\u0001", "", 0, 1), span(first, "n", "", 2, 1), span(first, "n\xff", "", 0, 1),
            span(first, "n", "", 0, 1, ',"events":[{}]'), span(first, "n", "", 0, 1, ',"links":[{}]'),
            span(first, "n", "", 0, 1, ',"name":"m"'), span(first, "n", "", 0, 1, ',"status":null'),
            span(first, "n", "", 0, 1, ',"n\\u0061me":"m"'),
            span(first, "n", "", 0, 1, ',"attributes":[' .. attribute("k", '"arrayValue":{}') .. "]"),
            span(first, "n", "", 0, 1, ',"attributes":[' .. attribute("k", '"intValue":"1.5"') .. "]"),
            span(first, "n", "", 0, 1, ',"attributes":[' .. attribute("k", '"intValue":"1","boolValue":true') .. "]"),
            span(first, "n", "", 0, 1, ',"attributes":[' .. attribute("k", '"intValue":"1"') .. ","
                .. attribute("\\u006b", '"intValue":"1"') .. "]"),
            span(first, "n", "", 0, 1, ',"attributes":[' .. attribute("service.name", '"stringValue":"x"') .. "]"),
        }
        local documents = {
            '{"resourceSpans":5}\n', '{"resourceSpans":[5]}\n', '{"resourceSpans":[{"scopeSpans":[{"spans":[5]}]}]}\n',
            '{"resourceSpans":[],"resourceSpans":[]}\n', '{"resourceSpans":[],"batches":[]}\n', "[]\n", "{}\n",
            '{"resourceSpans":[{"scopeSpans":[],"resource":{}}]}\n', '{"resourceSpans":[{"resource":null}]}\n',
            '{"resource\\u0053pans":[]}\n',
        }
        assert.same({ ("%d documents"):format(#documents), ("%d spans of shop"):format(#odd) },
            (counted(document("s", span(second, "r", "", 0, 1), table.unpack(odd)) .. table.concat(documents))))
    end)

    it("makes the same log of spans whether it takes them or an importer reads them", function()
        local spans = {}
        for number = 0, 59 do
            local trace_id = ("%032x"):format(number % 7 + 1)
            local parent = number % 9 == 8 and "" or "00000000000000a1"
            local values = {
                '"stringValue":"q\\"\\u00e9"', '"intValue":"12"', '"doubleValue":1e300', '"boolValue":true',
                '"arrayValue":{"values":[{"intValue":"1"}]}', '"doubleValue":3', '"stringValue":"\xff"' }
            local more = (',"attributes":[%s,%s]'):format(attribute("k" .. number % 3, values[number % 7 + 1]),
                attribute("a", values[number % 6 + 1]))
            more = more .. (number % 4 == 0 and ',"status":{"code":2,"message":"m"}' or "")
                .. (number % 11 == 0 and ',"events":[{"name":"e"},{"name":"exception"}]' or "")
            spans[#spans + 1] = span(trace_id, ("n%d"):format(number % 5), parent,
                number * 5 % 40, number * 5 % 40 + (number % 13 == 0 and -1 or number % 17), more)
        end
        local function import(mark)
            local texts = {}
            for index = 1, #spans, 6 do
                texts[#texts + 1] = document(mark, table.unpack(spans, index, index + 5))
            end
            local directory, report = importing.log("otlp", table.concat(texts))
            for _, one in ipairs(table.move(report.bent, 1, #report.bent, #report.dropped + 1, report.dropped)) do
                one.example = one.example and one.example:match("[^/]*$")
            end
            return importing.lines(directory, origin_ns), report.dropped
        end
        local taken = { import "s" }
        assert.same({ import "tracereel.span" }, taken) -- what has that word is read by the importer
        assert.truthy(#taken[1] > 100 and #taken[2] > 3)
    end)

    it("writes what an importer has waiting in the order in which the spans came", function()
        local text = document("s", span(first, "a", "00000000000000a1", 1, 2),
            span(first, "b", "00000000000000a1", 1, 2, ',"events":[{}]'),
            span(first, "c", "00000000000000a1", 1, 2), span(first, "r", "", 0, 9),
            span(second, "d", "00000000000000a1", 3, 4, ',"links":[{}]'))
        local directory, report = importing.log(importing.importer_doing [[
            local spans
            local function add(raw)
                out:trace { id = raw.traceId }:attempt(raw.name, { at = input.time(raw.startTimeUnixNano, "ns"),
                    duration = 1 })
            end
            spans = out:spans { write = add }
            for raw in spans:others(input:json_lines()) do
                spans:wait(raw.traceId, raw)
            end
            for id, place in spans:rootless() do
                out:bent(id, place)
                out:trace { id = id }
                spans:begin(id)
            end
        ]], text)
        local nodes = {}
        for index, node in ipairs(dofile(directory .. "/tracereel.flow.lua").nodes) do
            nodes[index] = node.name
        end
        nodes[0] = dofile(directory .. "/tracereel.flow.lua").nodes[0].name
        assert.same({ [0] = "a", "b", "c", "d" }, nodes)
        assert.same({ "1 " .. second }, importing.kinds(report.bent))
        assert.truthy(report.bent[1].example:find("input:1$"))
    end)

    it("names the place of broken JSON as it is, whatever spans stand before it", function()
        for broken, message in pairs {
            ['{"resourceSpans":[{"x":"\\q"}]}'] = "input:2: not JSON: offset 24: a text holds an escape "
                .. "that JSON does not know",
            [document("s", span(first, "r", "", 0, 9)):sub(1, -5)] = "the JSON ends early",
            [("["):rep(2000)] = "input:2: not JSON: offset 1000: nested too deeply: more than 1000 levels",
        } do
            local result, directory = importing.run("otlp", document("s", span(first, "r", "", 0, 9)) .. broken)
            assert.equal(4, result.status)
            assert.truthy(result.stderr:find(message, 1, true), result.stderr)
            assert.falsy(io.open(directory))
        end
    end)

    it("refuses options that are none, other rows, and an input that is read on in between", function()
        local text = document("s", span(first, "n", "", 2, 1), span(first, "n", "", 2, 1)) .. "{}\n"
        for body, message in pairs {
            ["out:spans()"] = "spans: a table expected",
            ["out:spans { write = 1 }"] = "spans: write: a function(span) expected, got 1",
            ["out:spans { writes = print }"] = "spans: unknown key writes",
            ["out:spans { write = print }:others(input:lines())"] = "the documents of input:json_documents() expected",
            ["out:spans { write = print }:begin('x')"] = "begin: there is no trace \"x\"; make it with out:trace",
            ["local s = out:spans { write = print } out:trace { id = 'x', at = 1 } s:begin('x') s:wait('x', 1)"] =
                "wait: the root of trace x is there",
            ["for _ in out:spans { write = print }:others(input:json_lines()) do input:lines()() end"] =
                "spans: the input was read on while the spans of a document were",
        } do
            local result = importing.run(importing.importer_doing(body), text)
            assert.equal(1, result.status, body .. result.stderr)
            assert.truthy(result.stderr:find(message, 1, true), result.stderr)
        end
    end)
end)
