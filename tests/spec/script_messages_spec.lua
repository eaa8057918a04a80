-- What a script's author reads where it goes wrong: the script's line, and what to write instead.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

-- What is said of a call in line 2 of a script, in a handler that has rec, trace, log and default.
local function told(call)
    local ran = helper.run_script("local log return { api = 1, start = function(_, l) log = l end,"
        .. " node_done = function(rec, trace) local default = tracereel.restart()\nreturn " .. call .. "\nend,"
        .. " finish = function() return log end }")
    return ran.stderr:match("^tracereel: (.-) %(in node_done at ") or ran.stderr, ran.stderr:match("[^\n]*")
end

describe("a wrong call is reported with the script's line, even in a tail call:", function()
    after_each(helper.clean)

    for call, message in pairs {
        ["tracereel.retry(3)"] = "retry: a list of nodes expected, such as { 3, 5 }, got 3",
        ["tracereel.hold()"] = "hold: a reason expected, for whoever reads the log later, got nil",
        ["tracereel.fail('')"] = 'fail: a reason expected, for whoever reads the log later, got ""',
        ["tracereel.resume_from('x')"] = 'resume_from: a node\'s number expected, got "x"',
        ["tracereel.await(1, 2)"] = "await: a table of options expected, got 2",
        ["default:skip('x')"] = 'skip: a node\'s number expected, got "x"',
        ["default:rerun(1)"] = "rerun: a list of nodes expected, such as { 3, 5 }, got 1",
        ["default:because()"] = "because: a reason expected, for whoever reads the log later, got nil",
        ["tracereel.duration('x')"] = 'duration: nanoseconds must be a whole number, got "x"',
        ["tracereel.time({})"] = "time: nanoseconds must be a whole number, got a table",
        ["tracereel.parse_duration(3)"] = "parse_duration: a text expected, got a number",
        ["tracereel.sorted(3)"] = "sorted: a table expected, got 3",
        ["tracereel.json_decode(3)"] = "json_decode: a string expected, got 3",
        ["tracereel.timing(nil, 7.5)"] =
            "timing: how many of the longest traces are kept, from 0 to 1000, expected, got 7.5",
        ["setmetatable(1, {})"] = "bad argument #1 to 'setmetatable' (table expected, got number)",
        ["setmetatable(setmetatable({}, { __metatable = 1 }), {})"] = "cannot change a protected metatable",
        ["math.random('x')"] = "random: whole numbers expected",
        ["load('return 1', {})"] = "load: the chunk's name must be a string",
        ["load(5)"] = "load: a string or a function expected",
        ["setmetatable({}, { __gc = 1 })"] = "setmetatable: __gc is not available to scripts (run with --unsafe)",
        ["tracereel.record.node_done {}"] = "node_done needs a trace_id",
        ["('%d'):format('x')"] = "bad argument #2 to 'string.format' (number expected, got string)",
        ["trace.node(3)"] = "node is called with a colon, trace:node(...): a trace expected in front, got 3",
        ["trace.json()"] = "json is called with a colon, trace:json(...): a trace expected in front, got nothing",
        ["rec.copy {}"] = "copy is called with a colon, rec:copy(...): a rec expected in front, got a table",
        ["log.stats()"] = "stats is called with a colon, log:stats(...): a log expected in front, got nothing",
        ["tracereel.histogram().add(4)"] =
            "add is called with a colon, histogram:add(...): a histogram expected in front, "
            .. "got 4",
        ["tracereel.state().apply(rec)"] = "apply is called with a colon, state:apply(...): a state expected in front, "
            .. "got a tracereel.rec",
        ["default.skip(3)"] = "skip is called with a colon, default:skip(...): a decision expected in front, got 3",
        ["rec.type.name"] = "a text has no field 'name'; metadata is JSON text: its values are in "
            .. "trace.metadata_table, or tracereel.json_decode(text)",
        ["rec.type[1]"] = "a text has no element 1; text:sub(1, 1) gives a byte of it",
        ["('').dump(print)"] = "a text has no field 'dump'; metadata is JSON text: its values are in "
            .. "trace.metadata_table, or tracereel.json_decode(text)",
        ["tracereel.open('x')"] =
            "tracereel.open is not available to scripts, which reach no files (run with --unsafe)",
        ["io.open('x')"] = "attempt to index a nil value (global 'io')",
    } do
        it(call, function()
            local said = told(call)
            assert.are.equal(message, (said:gsub("^[^:]*script%.lua:2: ", "")))
            assert.truthy(said:find("script.lua:2: ", 1, true), said)
        end)
    end

    it("a use of the file library names --unsafe", function()
        for _, call in ipairs { "io.open('x')", "os.time()", "debug.traceback()", "package.path:len()", "dofile('x')",
            "loadfile('x')", "require('dkjson')" } do
            local _, line = told(call)
            assert.truthy(line:find("--unsafe", 1, true), line)
        end
        for _, call in ipairs { "nothing.open('x')", "iox.open('x')" } do
            local _, line = told(call)
            assert.is_nil(line:find("--unsafe", 1, true), line)
        end
    end)
end)

describe("json_decode", function()
    it("reads integers of 64 bits bit by bit, and larger numbers as floats", function()
        for text, value in pairs {
            ["18446744073709551615"] = -1,
            ["9223372036854775808"] = math.mininteger,
            ["9223372036854775807"] = math.maxinteger,
            ["-9223372036854775808"] = math.mininteger,
            ["18446744073709551616"] = 0x1p64,
            ["-9223372036854775809"] = -0x1p63,
            ["9223372036854775808.0"] = 0x1p63,
            ["9223372036854775808e0"] = 0x1p63,
            ["0"] = 0,
        } do
            local decoded = reel.json_decode(text)
            assert.are.equal(value, decoded, text)
            assert.are.equal(math.type(value), math.type(decoded), text)
            local inside = reel.json_decode('{"a \\" 18446744073709551615":[' .. text .. ',"18446744073709551615\\\\",'
                .. text .. "]}")
            assert.are.same({ ['a " 18446744073709551615'] = { value, "18446744073709551615\\", value } }, inside)
        end
    end)

    it("of a record's JSON gives fields that make the same record", function()
        local count = 0
        for _, name in ipairs(helper.log_names()) do
            for rec in reel.open(helper.log(name)):records() do
                local decoded = reel.json_decode(rec:json())
                local made = reel.record[decoded.type](decoded)
                local is_text = utf8.len(rec.metadata or "") and utf8.len(rec.error_message or "")
                if is_text then -- JSON has no form for bytes that are no text
                    -- One record of "edge" has bytes after its fields, of a later version of the format.
                    local is_longer = name == "edge" and rec:bytes():sub(-6) == "future"
                    assert.is_true(is_longer or rec == made, name .. ": " .. tostring(rec))
                    assert.are.equal(rec:json(), made:json())
                    assert.are.equal(rec.schema_hash, decoded.schema_hash)
                    count = count + 1
                end
            end
        end
        assert.is_true(count > 3000, count)
    end)

    it("of a record's JSON is refused by the constructor of another type", function()
        local id = "00000000-0000-0000-0000-000000000001"
        local decoded = reel.json_decode(reel.record.trace_start({ trace_id = id }):json())
        assert.has_error(function() reel.record.node_done(decoded) end)
    end)
end)
