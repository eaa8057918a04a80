-- `tracereel debug`: steps through a log, or one of its traces, forwards and backwards.
local console = require "tracereel.debugger.console"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local host = require "tracereel.host"
local of_log = require "tracereel.flow.of_log"
local forecast = require "tracereel.forecast"
local objects = require "tracereel.debugger.objects"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local tape = require "tracereel.debugger.tape"
local timeline = require "tracereel.debugger.timeline"
local units = require "tracereel.util.units"
local labels = require "tracereel.debugger.labels"

local debugger = { name = "debug" }

function debugger.define(command)
    command:argument("log", "A log: a directory of segments, one segment, or a .gz or .zst."):argname("<LOG>")
    command:argument("trace", "Step through this trace only; its id, the beginning of one, or the "
        .. "source's own id."):argname("<TRACE>")
        :args("?")
    command:option("--max-memory", "Memory limit for expressions; 0 for none.", "1GiB"):argname("<SIZE>")
        :convert(units.parse_size)
    command:option("--max-time", "Time limit for each expression; 0 for none.", "10s"):argname("<DURATION>")
        :convert(function(text)
            return units.parse_duration(text == "0" and "0s" or text)
        end)
    of_log.define(command)
    options.json(command)
    options.reading(command)
end

local function open_tape(log, parsed)
    local prefix = parsed.trace
    if prefix then
        options.check_trace_word(prefix)
    end
    local found = tape.of(log, options.to_open(parsed), prefix and options.id_test({ prefix }))
    if host.interrupted() then
        failure.raise("interrupted", "interrupted while the log was read")
    end
    if prefix and found.count == 0 then
        failure.raise("usage", "no record is of a trace %s", options.trace_words(prefix))
    end
    return found
end

-- One line of input: nil at its end, and after an interrupt. Whoever writes the commands sees what came of the last.
local function read_line(has_prompt)
    if has_prompt then
        output.write("(tracereel) ")
    end
    output.flush()
    local read, line = host.guard(io.read, "l")
    return read and not host.interrupted() and line or nil
end

-- Carries out a line. What is wrong with it is printed, and the next one can be right; a limit that it reaches ends it.
---@return string|nil problem
local function try_line(session, line, max_memory)
    host.limit_memory(max_memory)
    local done, problem = host.guard(session.execute, session, line)
    if done or host.interrupted() then
        return nil
    end
    if failure.is(problem) and problem.kind ~= "usage" then
        error(problem, 0)
    end
    local message = failure.text(problem)
    local limit = message:match("the %a+ limit was reached")
    message = limit and "stopped: " .. limit .. " (--max-time, --max-memory)" or message
    output.say("%s", message)
    return message
end

-- Carries out the lines of standard input. Was any of them wrong?
local function hold_session(session, voice, has_prompt, max_memory)
    local is_wrong = false
    voice:begin(nil)
    session:show_place()
    voice:finish(nil)
    repeat
        local line = read_line(has_prompt)
        if line and session.is_command(line) then
            voice:begin(line)
            local problem = try_line(session, line, max_memory)
            is_wrong = is_wrong or problem ~= nil
            if not host.interrupted() then
                voice:finish(problem)
            end
        end
    until not line or session.is_over or host.interrupted()
    return is_wrong
end

local function debug_log(log, parsed)
    local is_terminal = output.is_terminal(0)
    local voice = parsed.json and objects.new() or labels.new()
    local session = console.new(timeline.new(open_tape(log, parsed)), parsed.log, parsed.max_time, voice)
    local end_ns = log:stats().now_ns
    function session.end_ns()
        return end_ns
    end
    local is_wrong = hold_session(session, voice, is_terminal and not parsed.json, parsed.max_memory)
    return is_wrong and not is_terminal and exit_codes.usage or exit_codes.ok
end

---@param parsed table
---@return integer exit code
function debugger.run(parsed)
    if parsed.log == "-" then
        failure.raise("usage", "debug reads commands from standard input, and a log more than once: save it to a file")
    end
    parsed.logs = { parsed.log }
    return of_log.each(parsed, function(log, context)
        forecast.use { foreign_rule = of_log.foreign_rule(context.flow) }
        return debug_log(log, parsed)
    end)
end

return debugger
