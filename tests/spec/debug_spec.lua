-- The debugger, driven as a script drives it: commands on standard input. And what makes going back cheap.
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local shapes = require "tests.bench.growth.shapes"
local tape = require "tracereel.debugger.tape"
local timeline = require "tracereel.debugger.timeline"

local directory = "tests/fixtures/debug/"

local function debug(log, commands, arguments)
    return helper.run({ "debug", log, table.unpack(arguments or {}) }, { stdin = commands, behind = "2>&1" })
end

local function timeline_of(path)
    return timeline.new(tape.of(reel.open(path), {}))
end

local function number_of(text)
    return math.tointeger(tonumber((text:match("%d+"))))
end

describe("debug", function()
    teardown(helper.clean)

    -- The session looks for why node 3 of the first failing trace (068c8572) failed, sees the trace end well 391
    -- records later, and goes back to the failure, where the trace runs again and has one error, not two. Then it goes
    -- to places, runs to the first node that fails a second time (in that same trace), and from there until a trace
    -- closes, which changes the number of open ones. It ends with mistakes, each reported and none fatal.
    it("prints the recorded session", function()
        local session = debug(helper.log("orders"), helper.read(directory .. "orders.commands"))
        assert.are.equal(helper.read(directory .. "orders.transcript"), session.stdout)
        assert.are.equal(2, session.status) -- there were mistakes
    end)

    it("has a recorded session that agrees with the expected records of the log", function()
        local records, lines = helper.expected("orders", "records"), 0
        for line in io.lines(directory .. "orders.transcript") do
            local number, time, kind, rest = line:match("^#(%d+) (%S+) %d+:%d+ (%S+)(.*)$")
            local record = number and records[math.tointeger(tonumber(number))]
            if record then
                lines = lines + 1
                assert.are.equal(reel.time(number_of(record.timestamp_ns)), time)
                assert.are.equal(record.type, kind)
                assert.are.equal(record.trace_id:sub(1, 8), rest:match("trace (%x+)"))
            end
        end
        assert.is_true(lines >= 12)
    end)

    it("finds errors and gaps forwards and backwards", function()
        local errors = {}
        for index, record in ipairs(helper.expected("orders", "records")) do
            if record.type == "node_error" or record.type == "trace_failed" then
                errors[#errors + 1] = "#" .. index
            end
        end
        local commands = ("next error\n"):rep(#errors) .. ("back error\n"):rep(#errors)
        local found = {}
        for number in debug(helper.log("orders"), commands).stdout:gmatch("(#%d+) ") do
            found[#found + 1] = number
        end
        local wanted = table.move(errors, 1, #errors, 1, {})
        for index = #errors - 1, 1, -1 do
            wanted[#wanted + 1] = errors[index]
        end
        assert.are.same(wanted, found)
    end)

    it("marks traces that were open across damage, and ends with status 3", function()
        local gap = helper.expected("garbage-middle", "damage")[1]
        local session = debug(helper.log("garbage-middle"),
            "back\nnext gap\nprint trace.tainted\nback 1\nprint trace and trace.tainted\nnext gap\nnext gap\n")
        assert.truthy(session.stdout:find(("gap: %s:%d: corrupt, %d bytes"):format(gap.segment,
            number_of(gap.offset), number_of(gap.length)), 1, true))
        assert.truthy(session.stdout:find("\ntrue\n", 1, true))
        assert.truthy(session.stdout:find("\nfalse\n", 1, true))
        assert.truthy(session.stdout:find("no gap after here", 1, true))
        assert.are.equal(3, session.status)
    end)

    it("steps through one trace, named by the beginning of its id", function()
        local wanted = {}
        for _, record in ipairs(helper.expected("orders", "records")) do
            if record.trace_id:sub(1, 4) == "068c" then
                wanted[#wanted + 1] = record.type
            end
        end
        local commands = ("next\n"):rep(#wanted) .. "next\nprint #log:traces()\n"
        local session = debug(helper.log("orders"), commands, { "068C" })
        local found = {}
        for kind in session.stdout:gmatch("#%d+ %S+ %S+ (%S+)") do
            found[#found + 1] = kind
        end
        assert.are.same(wanted, found)
        assert.truthy(session.stdout:find("at the end\nat the end\n0\n$"))
        assert.are.equal(0, session.status)
        assert.are.equal(2, debug(helper.log("orders"), "", { "0" }).status)
        assert.are.equal(2, debug(helper.log("orders"), "", { "ffffffffffff" }).status)
    end)

    -- Its first records have the time 0.
    it("starts before the first record, whatever its time", function()
        local log, wanted = reel.open(helper.log("edge")), { 0 }
        log:replay { record = function() wanted[#wanted + 1] = #log:traces() end }
        local session = debug(helper.log("edge"), ("print #log:traces()\nnext\n"):rep(#wanted))
        local found = {}
        for line in session.stdout:gmatch("[^\n]+") do
            found[#found + 1] = math.tointeger(tonumber(line))
        end
        assert.are.same(wanted, found)
    end)

    it("knows the traces of a snapshot from the start", function()
        local expected = 0
        reel.open(helper.log("snapshot"), { snapshot = true }):replay {
            record = function() expected = expected + 1 end,
        }
        local commands = "goto end\nprint #log:traces()\ngoto start\nprint #log:traces()\n"
        local session = debug(helper.log("snapshot"), commands, { "--snapshot" })
        local at_end, at_start = session.stdout:match("at the end\n(%d+)\n[^\n]*\n(%d+)\n$")
        assert.are.equal(#helper.expected("snapshot", "states"), math.tointeger(tonumber(at_end)))
        assert.is_true(tonumber(at_start) > 0)
        assert.truthy(session.stdout:find("#" .. expected .. " ", 1, true))
    end)

    it("keeps expressions within the sandbox and the limits, and continues after an error", function()
        local session = debug(helper.log("orders"), table.concat({
            "print while true do pcall(function() while true do end end) end",
            "print io, os, package",
            "break (function() while true do end end)()",
            "continue",
            "print 6 * 7",
        }, "\n") .. "\n", { "--max-time", "100ms" })
        assert.are.equal(2, select(2, session.stdout:gsub("stopped: the time limit was reached", "")))
        assert.truthy(session.stdout:find("nil\tnil\tnil\n", 1, true))
        assert.truthy(session.stdout:find("42\n$"))
        assert.are.equal(2, session.status)
    end)

    it("names the limit that was reached", function()
        local greedy = "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end"
        local session = debug(helper.log("orders"), table.concat({ "print while true do end", "print " .. greedy,
            "print while true do end", "print " .. greedy, "print 6 * 7" }, "\n") .. "\n",
            { "--max-time", "3s", "--max-memory", "24MiB" })
        local told = {}
        for kind in session.stdout:gmatch("stopped: the (%a+) limit was reached") do
            told[#told + 1] = kind
        end
        assert.are.same({ "time", "memory", "time", "memory" }, told)
        assert.truthy(session.stdout:find("42\n$"))
    end)

    it("reports an error in a condition, and stops there", function()
        local session = debug(helper.log("orders"), "break rec.nonsense\ncontinue\n")
        assert.truthy(session.stdout:find("breakpoint 1: rec.nonsense: error: ", 1, true))
        assert.truthy(session.stdout:find("\n#1 ", 1, true))
    end)

    it("ends with 130 when interrupted", function()
        local place = helper.directory()
        local text = helper.shell(([[
            mkfifo %s/fifo
            timeout --foreground 30 '%s' debug '%s' <>%s/fifo >%s/out & pid=$!
            for i in $(seq 200); do [ -s %s/out ] && break; sleep 0.1; done
            kill -INT $pid; wait $pid; echo "status $?"]]):format(place, helper.program, helper.log("orders"), place,
            place, place))
        assert.are.equal("status 130\n", text)
    end)

    it("reports a wrong use of `log` as an error of the expression", function()
        local session = debug(helper.log("orders"), 'print log:trace(7).id\nprint log:trace(7)\n')
        assert.truthy(session.stdout:find("\ntracereel: (expression):1: trace_id must be a UUID", 1, true))
        assert.truthy(session.stdout:find("\ntracereel: trace_id must be a UUID", 1, true))
    end)

    -- The count would be that of the records that were read until then.
    it("shows no position when interrupted before it has read the log", function()
        local place = helper.directory()
        local log = place .. "/log"
        assert.are.equal(0, helper.run({ "generate", log, "--traces", "12000", "--seed", "3" }).status)
        local text = helper.shell(([[
            '%s' debug '%s' </dev/null >%s/out 2>/dev/null & pid=$!
            until ls -l /proc/$pid/fd | grep -q wal_; do kill -0 $pid || break; done
            kill -INT $pid; wait $pid; echo "status $?"]]):format(helper.program, log, place))
        assert.are.equal("status 130\n", text)
        assert.are.equal("", helper.read(place .. "/out"))
    end)

    it("prints the session that docs/debug.md shows", function()
        local document, shown = helper.read("docs/debug.md"), 0
        local session = debug("examples/logs/orders", "next error\nnode 3\nfinish\n")
        for line in session.stdout:gmatch("[^\n]+") do
            shown = shown + 1
            assert.truthy(document:find("    " .. line .. "\n", 1, true), line)
        end
        assert.are.equal(5, shown)
    end)

    it("refuses a log on standard input", function()
        assert.are.equal(2, debug("-", "").status)
        assert.are.equal(0, debug(helper.log("empty"), "next\nback\ngoto end\nprint rec, trace\n").status)
    end)
end)

describe("debug, going back,", function()
    teardown(helper.clean)

    -- By the engine's own replay, stopped there.
    local function states_at(path, number)
        local log, count, states = reel.open(path), 0, nil
        log:replay {
            record = function()
                count = count + 1
                states = count == number and reel.json(log:traces()) or states
            end,
        }
        return states
    end

    it("shows the same state as a replay up to that record", function()
        for _, name in ipairs { "orders", "garbage-middle", "snapshot", "archived", "restarted" } do
            local line = timeline_of(helper.log(name))
            local count = line.tape.count
            local half = count // 2
            line:go(count)
            for _, number in ipairs { count, count - 1, count - 17, half, half + 1, 33, 16, 2, count // 3 } do
                line:go(number)
                assert.are.equal(states_at(helper.log(name), number), reel.json(line.state:traces()), name .. number)
            end
        end
    end)

    local function long_log()
        local path = helper.directory() .. "/log"
        assert.are.equal(0, helper.run({ "generate", path, "--traces", "800", "--seed", "3" }).status)
        return path
    end

    it("applies records in proportion to the distance, not to the length of the log", function()
        local line = timeline_of(long_log())
        local count = line.tape.count
        assert.is_true(count > 8000)
        for _, distance in ipairs { 1, 10, 100, 1000, count // 2 } do
            line:go(count)
            assert.is_true(#line.kept <= 4 * math.log(count, 2), #line.kept)
            line.applied = 0
            line:go(count - distance)
            assert.is_true(line.applied <= distance + 2 * line.spacing, distance .. ": " .. line.applied)
        end
    end)

    -- To keep a state is to copy its traces, and what is copied of a trace grows with its records.
    it("copies a long trace in proportion to its records, not to their square", function()
        local node_shape
        for _, shape in ipairs(shapes.list) do
            node_shape = shape.name == "nodes" and shape or node_shape
        end
        local path = helper.directory() .. "/log"
        node_shape.write(path, 4000)
        local line, copied, keep = timeline_of(path), 0, timeline_of(path).keep
        function line.keep(self)
            copied = copied + (self.trace and self.trace.record_count or 0)
            keep(self)
        end
        line:go(line.tape.count)
        assert.are.equal(8003, line.tape.count)
        assert.is_true(copied > 0 and copied <= 32 * line.tape.count, copied)
        assert.is_true(#line.kept <= 12, #line.kept)
        local number = line.tape.count
        for distance = 1, 5 do
            line:go(number - distance)
            assert.are.equal(number - distance, line.trace.record_count)
        end
    end)

    it("applies O(log n) records for each step back", function()
        local line = timeline_of(long_log())
        local count = 2048
        line:go(count)
        line.applied = 0
        for number = count - 1, 0, -1 do
            line:go(number)
        end
        assert.is_true(line.applied <= count * (math.log(count, 2) + line.spacing), line.applied)
        assert.is_true(line.applied >= count - 1)
    end)
end)
