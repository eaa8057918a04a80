-- What the debugger answers, for programs: one JSON object for each command. Its keys: docs/debug.md.
local failure = require "tracereel.util.failure"
local logs = require "tracereel.cli.logs"
local output = require "tracereel.cli.output"
local stops = require "tracereel.debugger.stops"
local tracereel = require "tracereel"

local Objects = {}
Objects.__index = Objects

local objects = {}

function objects.new()
    return setmetatable({ answer = {} }, Objects)
end

---What is answered from here on belongs to this command.
---@param command string|nil the line; nil before the first
function Objects:begin(command)
    self.answer = { command = command or tracereel.null }
end

---Writes the answer.
---@param problem string|nil what was wrong with the command
function Objects:finish(problem)
    self.answer.error = problem
    output.line(tracereel.json(self.answer))
end

local function gaps_of(tape, number)
    local list = {}
    for index, gap in ipairs(tape.gaps_after[number] or {}) do
        list[index] = logs.gap_object(gap)
    end
    return list
end

function Objects:place(timeline)
    local rec, tape = timeline.rec, timeline.tape
    local is_at_end = timeline.number == tape.count
    self.answer.place = {
        number = timeline.number, count = tape.count, at_end = is_at_end, now_ns = timeline.now_ns,
        record = rec or tracereel.null, segment = rec and rec.segment, offset = rec and rec.offset,
        violations = timeline.violations or {}, gaps_before = gaps_of(tape, timeline.number - 1),
        gaps_after = is_at_end and gaps_of(tape, timeline.number) or nil,
    }
end

function Objects:note(message)
    self.answer.note = message
end

-- What has no JSON form is the text that `print` shows of it.
function Objects:values(values)
    local list = {}
    for index = 1, values.n do
        local value = values[index]
        if value == nil then
            value = tracereel.null
        elseif not failure.pcall(tracereel.json, { { value } }) then -- as deep as it will be in the answer
            value = stops.show(value)
        end
        list[index] = value
    end
    self.answer.values = list
end

function Objects:node(node)
    self.answer.node = {
        node_id = node.id, instance = node.instance, status = node.status, attempts = #node.attempts,
        errors = node.error_count, start_ns = node.start_ns, end_ns = node.end_ns, duration_ns = node.duration_ns,
        estimated = node.estimated, loop_iterations = node.loop_iterations, error = node.error,
    }
end

function Objects:trace(trace)
    self.answer.trace = trace
end

local function stop_object(stop)
    return { kind = stop.kind, id = stop.id, expression = stop.source, value = stop.shown }
end

function Objects:stop(stop)
    self.answer.stop = stop_object(stop)
end

function Objects:stops(list)
    self.answer.stops = {}
    for index, stop in ipairs(list) do
        self.answer.stops[index] = stop_object(stop)
    end
end

function Objects:stopped(reasons)
    self.answer.stopped = reasons
end

function Objects:help(commands)
    self.answer.commands = {}
    for index, command in ipairs(commands) do
        self.answer.commands[index] = { name = command[1], argument = command[3], summary = command[4] }
    end
end

return objects
