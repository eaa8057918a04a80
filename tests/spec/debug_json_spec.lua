-- The debugger's answers as JSON: the same session as in the golden transcript, one object for each command.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local directory = "tests/fixtures/debug/"

local function number(text)
    return math.tointeger(tonumber((text:gsub("^#", ""))))
end

local function session(log, commands, arguments)
    local ran = helper.run({ "debug", "--json", log, table.unpack(arguments or {}) }, { stdin = commands })
    return helper.objects(ran.stdout), ran
end

local function shown(value)
    return type(value) == "string" and value:gsub("^#", "") or tostring(value)
end

local word_of = { ["break"] = "breakpoint", watch = "watch" }

-- Lines that the transcript has for an answer: their beginnings.
local lines_of = {
    place = function(place, lines)
        local record = place.record
        lines[1] = type(record) ~= "table" and ("before the first of %d records"):format(number(place.count)) or
            ("#%d %s %d:%d %s"):format(number(place.number), reel.time(number(record.timestamp_ns)),
                tonumber(place.segment:match("_(%x+)%."), 16), number(place.offset), record.type)
    end,
    values = function(values, lines)
        for index, value in ipairs(values) do
            values[index] = shown(value)
        end
        lines[1] = table.concat(values, "\t")
    end,
    stop = function(stop, lines)
        lines[1] = ("%s %d: %s%s"):format(word_of[stop.kind], number(stop.id), stop.expression,
            stop.value and " = " .. shown(stop.value) or "")
    end,
    stopped = function(reasons, lines)
        for index, reason in ipairs(reasons) do
            lines[index] = reason.kind == "closed" and "trace " .. reason.status or
                ("%s %d: %s"):format(word_of[reason.kind], number(reason.id), reason.expression) ..
                (reason.before and (": %s -> %s"):format(shown(reason.before), shown(reason.after)) or "")
        end
    end,
    error = function(message, lines)
        lines[1] = "tracereel: " .. message
    end,
    node = function(node, lines)
        lines[1] = ("node %d: %s, %d attempt"):format(number(node.node_id), node.status, number(node.attempts))
    end,
    trace = function(trace, lines)
        lines[1] = ("trace %s: %s, %d records"):format(trace.trace_id, trace.status, number(trace.record_count))
    end,
}

describe("debug --json", function()
    teardown(helper.clean)

    it("answers each command of the recorded session with one object that says what the transcript says", function()
        local commands = helper.read(directory .. "orders.commands")
        local objects, ran = session(helper.log("orders"), commands)
        assert.equal(2, ran.status) -- there were mistakes
        local index = 1
        for line in commands:gmatch("[^\n]+") do
            if line:sub(1, 1) ~= "#" and objects[index].command ~= "quit" then
                index = index + 1
                assert.equal(line, objects[index].command)
            end
        end
        assert.equal(#objects, index)
        local transcript, position, places = helper.read(directory .. "orders.transcript"), 1, 0
        for _, object in ipairs(objects) do
            for _, key in ipairs { "error", "place", "stopped", "values", "stop", "node", "trace" } do
                local lines = {}
                if object[key] then
                    lines_of[key](object[key], lines)
                end
                for _, line in ipairs(lines) do
                    local first, last = transcript:find(line, position, true)
                    assert.truthy(first, line)
                    position = last
                end
                places = places + (key == "place" and #lines or 0)
            end
        end
        local _, wanted = ("\n" .. transcript):gsub("\n#", "")
        assert.equal(wanted + 2, places) -- twice before the first record
    end)

    it("has the record as in dump --json and the trace as in traces --json", function()
        local records = helper.objects(helper.run({ "dump", "--json", helper.log("orders") }).stdout)
        local traces = {}
        for _, trace in ipairs(helper.objects(helper.run({ "traces", "--json", "--open",
            helper.log("orders") }).stdout)) do
            -- Foreseen of the log's end, with what lies beside the log.
            trace.engine, trace.known_to_engine = nil, nil
            traces[trace.trace_id] = trace
        end
        local id = next(traces)
        local objects = session(helper.log("orders"), "goto 77\ngoto end\ntrace " .. id .. "\n")
        assert.same(records[77], objects[2].place.record)
        assert.same(traces[id], objects[4].trace)
    end)

    it("has gaps as in check --json, before a record and after the last", function()
        local gaps = helper.objects(helper.run({ "check", "--json", "examples/logs/damaged" }).stdout)
        local objects = session("examples/logs/damaged", "next gap\ngoto end\n")
        assert.same({ gaps[1] }, objects[2].place.gaps_before)
        assert.same({ gaps[2] }, objects[3].place.gaps_after)
    end)

    it("has values as JSON if they have a JSON form, otherwise as text", function()
        local nested = "local t = {} for i = 1, 99 do t = { t } end return t"
        local objects, ran = session(helper.log("orders"), table.concat({
            "next", "print 1, 'x', nil, { a = true }, print", "print (function() " .. nested .. " end)()",
            "print local x = 5", "next gap", "watch rec.nope", "help", "",
        }, "\n"))
        assert.same({ "#1", "x" }, { objects[3].values[1], objects[3].values[2] })
        assert.same({ a = true }, objects[3].values[4])
        assert.equal("function", objects[3].values[5])
        assert.equal(1, #objects[4].values)
        assert.same({}, objects[5].values)
        assert.equal("no gap after here", objects[6].note)
        assert.matches("error: ", objects[7].stop.value)
        assert.equal("next", objects[8].commands[1].name)
        assert.equal(0, ran.status)
    end)

    it("reports an error in a condition, and a trace that closes", function()
        local objects = session(helper.log("orders"), "break rec.nonsense\ncontinue\ndelete 1\nfinish\n")
        assert.equal("break", objects[3].stopped[1].kind)
        assert.matches("nonsense", objects[3].stopped[1].error)
        assert.same({ kind = "closed", trace_id = objects[5].place.record.trace_id, status = "complete" },
            objects[5].stopped[1])
    end)
end)
