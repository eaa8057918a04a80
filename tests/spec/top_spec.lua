-- `tracereel top`: as text against what the records say, and as a screen in a terminal, steered by keys while a log is
-- written.
local expected = require "tests.spec.export_expected"
local helper = require "tests.spec.helper"
local keys = require "tracereel.top.keys"
local screen = require "tests.spec.screen"
local small_log = require "tests.spec.small_log"
local tracereel = require "tracereel"

local base_ns = small_log.base_ns

-- The lines of a list below its heading, as words.
local function rows_below(text, heading)
    local rows, block = {}, (text:match("\n" .. heading .. "[^\n]*\n(.*)") or ""):match("^(.-)\n\n") or ""
    for line in (block .. "\n"):gmatch("([^\n]+)\n") do
        local words = {}
        for word in line:gmatch("%S+") do
            words[#words + 1] = word
        end
        rows[#rows + 1] = words
    end
    return rows
end

-- A log to which records are added while it is watched.
local function new_writer(directory)
    local writer, count = tracereel.writer(directory), 0
    return function(type, number, fields)
        fields = fields or {}
        count = count + 1
        fields.trace_id, fields.timestamp_ns = small_log.id(number), base_ns + count * 1000000
        writer:append(tracereel.record[type](fields))
        writer:sync()
    end, writer
end

-- Calls what it is given with a terminal in which `top` runs on a log, and the log's writer.
local function with_screen(directory, act)
    local terminal = screen.open { columns = 80, rows = 24, env = {} }
    if not terminal then
        pending("there can be no terminal here")
        return
    end
    terminal:type(helper.quote(helper.program) .. " top " .. helper.quote(directory) .. "; echo status $?")
    local done, problem = pcall(act, terminal)
    terminal:close()
    assert.is_true(done, problem)
end

describe("top", function()
    teardown(helper.clean)

    it("without a terminal prints each node's counts, the open traces, the waits and the errors, and ends", function()
        local done, errors, open, messages = {}, {}, {}, 0
        for _, attempt in ipairs(expected.all("orders", "attempts")) do
            local counts = attempt.outcome == "done" and done or attempt.outcome == "error" and errors or {}
            local node = tostring(attempt.node_id)
            counts[node] = (counts[node] or 0) + 1
            messages = messages + (attempt.outcome == "error" and 1 or 0)
        end
        for _, trace in ipairs(expected.traces("orders")) do
            open[#open + 1] = not trace.end_ns and trace.id:sub(1, 8) or nil
        end
        local result = helper.run { "top", helper.log("orders") }
        assert.are.equal(0, result.status)
        for _, row in ipairs(rows_below(result.stdout, "NODE")) do
            assert.are.same({ done[row[1]] or 0, errors[row[1]] or 0 }, { tonumber(row[6]), tonumber(row[7]) }, row[1])
            done[row[1]], errors[row[1]] = nil, nil
        end
        assert.are.same({}, { next(done), next(errors) })
        local traces = rows_below(result.stdout, "TRACE     STATUS")
        assert.are.equal(("... and %d more"):format(#open - 10), table.concat(traces[11], " "))
        local is_open = {}
        for _, id in ipairs(open) do
            is_open[id] = true
        end
        for index = 1, 10 do
            assert.is_true(is_open[traces[index][1]], traces[index][1])
        end
        assert.matches(("... and %d more\n$"):format(messages - 10), result.stdout)
    end)

    it("counts as load the run time that ended in the last minute of the log, over that minute", function()
        local result = helper.run { "top", small_log.write {
            { "trace_start", 0, 1 },
            { "node_start", 0, 1, { node_id = 1 } },
            { "node_done", 10e9 // 1, 1, { node_id = 1 } }, -- 10 s, more than a minute before the end
            { "node_start", 50e9 // 1, 1, { node_id = 1 } },
            { "node_done", 80e9 // 1, 1, { node_id = 1 } }, -- 30 s
            { "node_start", 80e9 // 1, 1, { node_id = 2 } },
            { "node_error", 100e9 // 1, 1, { node_id = 2, error_message = "no" } }, -- 20 s
        } }
        local loads = {}
        for _, row in ipairs(rows_below(result.stdout, "NODE")) do
            loads[#loads + 1] = table.concat(row, " ", 1, 7)
        end
        -- Running, waiting, load, ended in the last minute, done, errors.
        assert.are.same({ "1 0 0 0.50 1 2 0", "2 0 0 0.33 1 0 1" }, loads)
    end)

    it("shows what is written meanwhile; keys choose a list, sort, filter, open a trace and end it", function()
        local directory = helper.directory()
        local append, writer = new_writer(directory)
        with_screen(directory, function(terminal)
            terminal:wait("no records yet")
            append("trace_start", 1, { metadata = '{"customer":"ann"}' })
            append("node_start", 1, { node_id = 3 })
            terminal:wait("\n3 +1 +0 ")
            append("node_error", 1, { node_id = 3, error_message = "card declined" })
            append("node_start", 1, { node_id = 3 })
            append("trace_start", 2)
            append("trace_suspended", 2, { node_id = 4 })
            terminal:wait("2 traces open, 1 of them waiting")
            terminal:press("2")
            terminal:wait("TRACE +STATUS.*\n00000000  running.*\n00000000  suspended")
            terminal:press("r")
            terminal:wait("reversed\n.*\n00000000  suspended.*\n00000000  running")
            terminal:press("/")
            terminal:wait("\n/_")
            terminal:type("in 3")
            terminal:wait('with "in 3"\n[^\n]*\n00000000  running')
            assert.is_nil(terminal:text():find("00000000  suspended"))
            terminal:press("Enter")
            local opened = terminal:wait("trace " .. small_log.id(1):gsub("%-", "%%-"))
            assert.matches('metadata {"customer":"ann"}', opened, 1, true)
            assert.matches("\n3 +running +2 +[%d:]+ +%- +card declined", opened)
            append("node_done", 1, { node_id = 3 })
            append("trace_complete", 1)
            terminal:wait("It is closed. It was last:")
            terminal:press("Escape")
            terminal:press("Escape")
            terminal:press("4")
            terminal:wait("%[4 errors%].*card declined")
            terminal:press("'?'")
            terminal:wait("q +quit")
            terminal:press("q")
            local text = terminal:wait("status %d")
            assert.matches("status 0", text, 1, true)
            assert.is_nil(text:find("card declined")) -- the screen is the one from before
            terminal:type("stty -a | tr ' ' '\\n' | grep -c -e '^icanon$' -e '^echo$'")
            terminal:wait("\n2\n")
        end)
        writer:close()
    end)

    it("ends with 130 at Ctrl-C, and leaves the terminal as it was", function()
        with_screen(helper.log("orders"), function(terminal)
            terminal:wait("1171 records")
            terminal:press("C-c")
            terminal:wait("status 130")
            terminal:type("stty -a | tr ' ' '\\n' | grep -c -e '^icanon$' -e '^echo$'")
            terminal:wait("\n2\n")
        end)
    end)

    it("knows the keys that terminals send in sequences, and leaves out those that it does not", function()
        assert.are.same({ "up", "down", "enter", "a", "ü", "escape" },
            keys.names("\27[A\27OB\ra\27[1;5Cü\27[15~\1\27"))
    end)
end)
