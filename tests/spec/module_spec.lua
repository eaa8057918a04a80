local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local function problem_of(callee, ...)
    local called, problem = pcall(callee, ...)
    assert.is_false(called)
    return tostring(problem)
end

local function set_of(list)
    local set = {}
    for _, name in ipairs(list) do
        set[name] = true
    end
    return set
end

describe("the module", function()
    it("lists the types, gap classes and violations of the annotations and the logs", function()
        assert.are.same(record_bytes.names, reel.types)
        assert.are.same({ torn_tail = false, zero_tail = false, torn_write = false, corrupt = true,
            missing_segment = true }, reel.gap_classes)
        for code, meaning in pairs(reel.violations) do
            assert.truthy(code:match("^[a-z_]+$") and #meaning > 20)
        end
        assert.truthy(reel.version:match("^%d+%.%d+%.%d+$"))
    end)

    it("gives each record type's number and meaningful fields as the format defines them", function()
        local expected = {}
        for name, means in pairs(record_bytes.meanings) do
            expected[name] = { number = record_bytes.types[name], trace = means.trace or false,
                node = means.node or false, output = means.output or false, iteration = means.iteration or false,
                message = means.message or false, metadata = means.metadata or false }
        end
        assert.are.same(expected, core.record_types)
    end)

    it("knows the keys of a script besides handlers", function()
        local handler_keys, script_keys = set_of(core.handler_keys), set_of(core.script_keys)
        for _, name in ipairs { "api", "summary", "args", "start", "finish", "merge", "recover", "check" } do
            assert.is_nil(handler_keys[name], name)
            assert.is_true(script_keys[name], name)
        end
        for name in pairs(handler_keys) do
            assert.is_true(script_keys[name], name)
        end
    end)

    it("prints integers as unsigned", function()
        assert.are.equal("18446744073709551615", reel.unsigned(-1))
        assert.are.equal("9223372036854775808", reel.unsigned(math.mininteger))
        assert.are.equal("0", reel.unsigned(0))
        assert.is_false(pcall(reel.unsigned, "x"))
        assert.is_false(pcall(reel.unsigned, 1.5))
    end)

    it("has a null that is equal only to itself", function()
        assert.are.equal("null", tostring(reel.null))
        local problem = problem_of(function() reel.null.x = 1 end)
        assert.truthy(problem:find(": tracereel.null cannot be changed: 'x'", 1, true))
        assert.are.equal(reel.null, reel.json_decode("null"))
        assert.are.equal(reel.null, reel.json_decode('{"a":null}').a)
    end)
end)

describe("a message about an unexpected value", function()
    -- An address would be another one in each run.
    it("shows the value as source text, or names its type", function()
        local rec = reel.record.trace_start { trace_id = ("0"):rep(32) }
        for shown, value in pairs {
            ['"no"'] = "no", ["1.5"] = 1.5, ["nan"] = 0 / 0, ["true"] = true, ["a table"] = {}, ["a function"] = print,
            ['"' .. ("x"):rep(60) .. '"...'] = ("x"):rep(61), ['"a.b.c"'] = "a\0b\27c", ["a tracereel.rec"] = rec,
        } do
            local problem = problem_of(reel.record.node_start, { trace_id = ("0"):rep(32), node_id = value })
            assert.matches("node_id must be an integer, is " .. shown:gsub("%p", "%%%0") .. "$", problem)
        end
    end)
end)

describe("reel.json_decode", function()
    it("raises at the caller's line for an argument that is no text", function()
        assert.matches("module_spec.lua:%d+: json_decode: a string expected, got nil$", problem_of(function()
            local value = reel.json_decode(nil)
            return value
        end))
    end)

    it("names the byte at which a text is no JSON", function()
        for text, problem in pairs {
            [""] = "offset 0: expected a value, but the JSON ends early",
            ["[1,]"] = "offset 3: expected a value, found ']'",
            ["{\"a\":1} x"] = "offset 8: unexpected bytes follow the JSON value",
            ["{a:1}"] = "offset 1: expected a member's name, found 'a'",
            ["[01]"] = "offset 2: expected a comma or the end of the array, found '1'",
            ["\"\\q\""] = "offset 1: a text holds an escape that JSON does not know",
            ["// a comment\n1"] = "offset 0: expected a value, found '/'",
            [("["):rep(1001) .. ("]"):rep(1001)] = "offset 1000: nested too deeply: more than 1000 levels",
            [("["):rep(1e6)] = "offset 1000: nested too deeply: more than 1000 levels",
        } do
            local value, found = reel.json_decode(text)
            assert.is_nil(value)
            assert.are.equal(problem, found)
        end
    end)

    it("reads a thousand levels, names with escapes, and the last of two members of one name", function()
        local value = reel.json_decode(("["):rep(1000) .. ("]"):rep(1000))
        local levels = 0
        while value do
            value, levels = value[1], levels + 1
        end
        assert.are.equal(1000, levels)
        assert.are.same({ ["\u{1F600}\"\0"] = 2 },
            reel.json_decode('{"\\ud83d\\ude00\\"\\u0000":1,"\u{1F600}\\"\\u0000":2}'))
        assert.are.equal("\u{FFFD}x", reel.json_decode('"\\ud800x"'))
    end)

    it("agrees with another JSON reader on the program's reports", function()
        local dkjson = require "dkjson"
        local count = 0
        for _, command in ipairs { "timing", "dump", "check", "traces" } do
            local text = helper.run({ command, "--json", helper.log("edge"), helper.log("orders") }).stdout
            for line in text:gmatch("[^\n]+") do
                -- Not where an integer is above 2^63-1, which the other one reads as a float.
                if not line:find(("%d"):rep(20)) and not line:find("%f[%d]9" .. ("%d"):rep(18)) then
                    assert.are.same(dkjson.decode(line, 1, reel.null), reel.json_decode(line))
                    count = count + 1
                end
            end
        end
        assert.is_true(count > 100, count)
    end)
end)

describe("reel.json", function()
    it("writes values as JSON with sorted keys", function()
        for value, text in pairs {
            ["a\"\\\n\0é"] = '"a\\"\\\\\\n\\u0000é"', ["\xff"] = '"\u{FFFD}"', [1] = "1", [0.5] = "0.5",
            [true] = "true", [math.mininteger] = "-9223372036854775808", [math.maxinteger] = "9223372036854775807",
            [reel.null] = "null", [{ 1, { 2, {} } }] = "[1,[2,[]]]",
            [{ b = 1, a = { x = false }, ["c d"] = "" }] = '{"a":{"x":false},"b":1,"c d":""}',
            [{ [10] = 1, [9] = 2, [-1] = 3 }] = '{"-1":3,"9":2,"10":1}',
        } do
            assert.are.equal(text, reel.json(value))
        end
        assert.are.equal("null", reel.json(nil))
        assert.are.equal("null", reel.json(1 / 0))
        assert.are.equal("20.0", reel.json(20.0))
    end)

    it("writes records and traces in their own JSON form", function()
        local rec, trace = reel.open(helper.log("orders")):records()()
        assert.are.equal("[" .. rec:json() .. "," .. trace:json() .. "]", reel.json { rec, trace })
    end)

    it("writes an empty table that is marked as an object as {}", function()
        local trace = reel.open(helper.log("all-complete")):records { types = "trace_start" }
        local _, started = trace()
        assert.are.equal("{}", reel.json(started.completed_nodes))
        assert.are.equal("{}", reel.json(setmetatable({}, { __jsontype = "object" })))
    end)

    it("writes numbers that are read back to the last bit", function()
        local value = { n = { math.maxinteger, math.mininteger, 0.1, 1e300, 5e-324 }, s = { "\u{1F600}", "\1" } }
        assert.are.same(value, reel.json_decode(reel.json(value)))
    end)

    it("raises on values without a JSON form, and can be used again", function()
        local cycle = {}
        cycle[1] = cycle
        assert.truthy(problem_of(reel.json, cycle):find("contain itself", 1, true))
        assert.truthy(problem_of(reel.json, { 1, ["1"] = 2 }):find('both 1 and "1"', 1, true))
        assert.truthy(problem_of(reel.json, { a = print }):find("function", 1, true))
        assert.truthy(problem_of(reel.json, { [true] = 1 }):find("boolean", 1, true))
        assert.truthy(problem_of(reel.json, { [1.5] = 1 }):find("number", 1, true))
        assert.truthy(problem_of(reel.json, reel.histogram()):find("histogram", 1, true))
        assert.is_false(pcall(reel.json))
        assert.are.equal("[1]", reel.json { 1 })
    end)

    it("writes deep tables and long texts", function()
        local deep = {}
        for _ = 1, 100 do
            deep = { deep }
        end
        assert.are.equal(("["):rep(101) .. ("]"):rep(101), reel.json(deep))
        assert.are.equal(3000002, #reel.json(("x"):rep(3000000)))
        assert.are.equal("1", reel.json(1))
    end)
end)

describe("the module's functions that take paths", function()
    after_each(helper.clean)

    it("refuse zero bytes, at which the system would cut the path", function()
        local log = helper.log("orders")
        local new = helper.directory() .. "/new"
        for name, path in pairs { open = log, writer = new, arenas = log, script = "examples/waiting.lua" } do
            for _, wrong in ipairs { path .. "\0x", false, 7, {}, reel.histogram() } do
                local message = problem_of(reel[name], wrong)
                assert.is_truthy(message:find("a path", 1, true) or message:find("string expected", 1, true), message)
                assert.is_nil(message:find("lua/tracereel/", 1, true), message)
            end
        end
        assert.are.equal("", helper.shell("ls " .. new .. " 2>/dev/null || true"))
    end)

    it("describe what they got instead of a log, a trace or a table", function()
        local one = reel.script("examples/waiting.lua")
        assert.are.equal("run: a tracereel.log expected, got 7", problem_of(one.run, one, 7))
        assert.are.equal("run: a tracereel.log expected, got nil", problem_of(one.run))
        assert.are.equal("run: filter: a table expected, got 7",
            problem_of(one.run, one, reel.open(helper.log("orders")), 7))
        assert.are.equal("recover: a tracereel.trace expected, got nil", problem_of(one.recover, one))
        assert.are.equal("script: arguments: a table expected, got 7",
            problem_of(reel.script, "examples/waiting.lua", 7))
    end)
end)

describe("the core module", function()
    it("is closed cleanly with all its objects in use", function()
        local program = [[local reel = require "tracereel"
            local log = reel.open("%s")
            for _, trace in ipairs(log:traces()) do kept = { trace, trace.nodes, log } end
            pull = log:records()
            pull()
            histogram = reel.histogram()
            print "done"]]
        local text, status = helper.shell("lua5.4 -e " .. helper.quote(program:format(helper.log("orders"))) .. " 2>&1")
        assert.are.equal("done\n", text)
        assert.are.equal(0, status)
    end)
end)
