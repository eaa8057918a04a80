-- The debugger's commands: one line each, from a terminal or a pipe.
local failure = require "tracereel.failure"
local logs = require "tracereel.logs"
local output = require "tracereel.output"
local record_line = require "tracereel.render.record_line"
local stops = require "tracereel.debugger.stops"
local text = require "tracereel.render.text"
local trace_words = require "tracereel.render.trace_words"
local tracereel = require "tracereel"
local timing = require "tracereel.timing"
local units = require "tracereel.units"

local Console = {}
Console.__index = Console

local console = {}

---@param timeline table
---@param path string of the log
---@param max_time_ns integer for one expression
function console.new(timeline, path, max_time_ns)
    return setmetatable({
        timeline = timeline, tape = timeline.tape, stops = stops.new(timeline, path, max_time_ns),
    }, Console)
end

-- ---- what is shown ----

local function say(form, ...)
    output.line(select("#", ...) > 0 and form:format(...) or form)
end

local function show_gaps(self, number)
    for _, gap in ipairs(self.tape.gaps_behind[number] or {}) do
        say("gap: %s", logs.gap_line(gap))
    end
end

-- Where the timeline stands: the gaps before the record, the record, what the state machine did not expect.
function Console:show_place()
    local timeline, rec = self.timeline, self.timeline.rec
    if not rec then
        say("before the first of %s", text.count(self.tape.count, "record"))
        return
    end
    show_gaps(self, timeline.number - 1)
    local node = record_line.has_node(rec) and (" node %d"):format(rec.node_id) or ""
    local line = ("#%d %s %s:%d %s%s trace %s %s"):format(timeline.number, tracereel.time(rec.timestamp_ns),
        tracereel.unsigned(rec.sequence), rec.offset, rec.type, node, rec.trace_id:sub(1, 8), record_line.what(rec))
    say((line:gsub(" +$", "")))
    for _, code in ipairs(timeline.violations) do
        say("violation: %s: %s", code, tracereel.violations[code])
    end
    if timeline.number == self.tape.count then
        show_gaps(self, timeline.number)
        say("at the end")
    end
end

local function show_node(node)
    local parts = { ("node %d: %s, %s"):format(node.id, node.status, text.count(#node.attempts, "attempt")) }
    if #node.attempts > 0 then
        parts[#parts + 1] = node.end_ns and (node.estimated and "~" or "") .. tracereel.duration(node.duration_ns) or
            "since " .. tracereel.time(node.start_ns)
    end
    if node.loop_iterations > 0 then
        parts[#parts + 1] = text.count(node.loop_iterations, "iteration")
    end
    if node.error then
        parts[#parts + 1] = "error: " .. text.clean(node.error)
    end
    say(table.concat(parts, ", "))
end

local function show_trace(trace, now_ns)
    say("trace %s: %s, %s%s", trace.id, trace.status, text.count(trace.record_count, "record"),
        trace.tainted and ", tainted" or "")
    if trace.start_ns ~= 0 then
        say("began %s, lasted %s", tracereel.time(trace.start_ns), tracereel.duration(trace.duration_ns))
    end
    for _, node in ipairs(trace.nodes) do
        show_node(node)
    end
    if trace.open then
        say("stands: %s", trace_words.stands(trace, now_ns))
        say("the engine would: %s", trace_words.recovery(trace))
    end
end

-- ---- going somewhere ----

function Console:go(number)
    self.timeline:go(math.max(0, math.min(number, self.tape.count)))
    self.stops:look()
    self:show_place()
end

local function to_count(argument)
    local count = argument == "" and 1 or math.tointeger(tonumber(argument))
    if not count or count < 1 then
        failure.raise("usage", '"%s" is not a number of records, nor error, violation or gap', argument)
    end
    return count
end

local function move(is_forward)
    return function(self, argument)
        local number = self.timeline.number
        if self.tape.marks[argument] then
            local mark = self.tape:mark(argument, number, is_forward)
            if not mark then
                say("no %s %s here", argument, is_forward and "behind" or "before")
                return
            end
            return self:go(mark)
        end
        local count = to_count(argument)
        if is_forward and number == self.tape.count then
            say("at the end")
        elseif not is_forward and number == 0 then
            say("at the beginning")
        else
            self:go(is_forward and number + math.min(count, self.tape.count) or number - count)
        end
    end
end

local function time_of(self, argument)
    local moment = timing.parse_moment(argument)
    if moment and moment.before_end_ns then
        return self.end_ns() - moment.before_end_ns
    end
    return moment and moment.time_ns
end

local function goto_place(self, argument)
    local number = math.tointeger(tonumber((argument:gsub("^#", ""))))
    local position = units.parse_position(argument)
    if argument == "start" or argument == "end" then
        return self:go(argument == "start" and 0 or self.tape.count)
    elseif number and number >= 0 and number <= self.tape.count then
        return self:go(number)
    elseif not position and (not number or number > 1000000000000) then
        local time_ns = time_of(self, argument)
        if not time_ns then
            failure.raise("usage", '"%s" is no place: write a record\'s number (12), a position (1:3088), a time ' ..
                "(2025-11-24T16:00:00Z), start or end", argument)
        end
        number = self.tape:at_time(time_ns)
    else
        number = position and self.tape:at_position(position)
    end
    if not number then
        say("there is no record there: the last one is #%d", self.tape.count)
        return
    end
    self:go(number)
end

-- Steps until test() gives reasons to stop.
local function run_until(self, test)
    while self.timeline:step() do
        local reasons = test()
        if #reasons > 0 then
            self:show_place()
            for _, reason in ipairs(reasons) do
                say(reason)
            end
            return
        end
    end
    self:show_place()
end

local function continue(self)
    run_until(self, function()
        return self.stops:reasons()
    end)
end

local function finish(self)
    local rec = self.timeline.rec
    if not rec then
        failure.raise("usage", "no trace is here: go to one of its records first")
    end
    local id = rec.trace_id
    local trace = self.timeline.state:trace(id)
    if not trace then
        say("trace %s is not open", id:sub(1, 8))
        return
    end
    run_until(self, function()
        local timeline = self.timeline
        local is_over = timeline.rec.trace_id == id and timeline.trace and not timeline.trace.open
        return is_over and { "trace " .. timeline.trace.status } or {}
    end)
    self.stops:look()
end

-- ---- looking ----

local function current_trace(self)
    if not self.timeline.trace then
        failure.raise("usage", "no trace is here: this record is of no open trace")
    end
    return self.timeline.trace
end

local function print_value(self, argument)
    local compiled, problem = self.stops:compile(argument, true)
    if not compiled then
        failure.raise("usage", "%s", problem)
    end
    local called, problem_or_value, values = self.stops:evaluate(compiled)
    if not called then
        failure.raise("usage", "%s", stops.show(problem_or_value))
    end
    for index = 1, values.n do
        values[index] = stops.show(values[index])
    end
    if values.n > 0 then
        say("%s", table.concat(values, "\t"))
    end
end

local function print_trace(self, argument)
    local trace = argument == "" and current_trace(self)
    for _, candidate in ipairs(trace and {} or self.timeline.state:traces()) do
        if candidate.id:sub(1, #argument) == argument:lower() then
            trace = candidate
            break
        end
    end
    if not trace then
        failure.raise("usage", 'no trace that begins with "%s" is open here', argument)
    end
    show_trace(trace, self.timeline.now_ns)
end

local function print_node(self, argument)
    local id = math.tointeger(tonumber(argument))
    local node = id and id >= 0 and id <= 0xFFFFFFFF and current_trace(self):node(id)
    if not node then
        failure.raise("usage", 'the trace has not touched node "%s"', argument)
    end
    show_node(node)
end

-- ---- stops ----

local function add_stop(kind, word)
    return function(self, argument)
        if argument == "" then
            failure.raise("usage", "%s needs a Lua expression over rec, trace and log", kind)
        end
        local stop = self.stops:add(kind, argument)
        say("%s %d: %s%s", word, stop.id, stop.source, stop.shown and " = " .. stop.shown or "")
    end
end

local function list_stops(self)
    local count = 0
    for _, stop in self.stops:each() do
        count = count + 1
        say("%s %d: %s", stop.kind == "break" and "breakpoint" or "watch", stop.id, stop.source)
    end
    if count == 0 then
        say("no breakpoints and no watches")
    end
end

local function delete_stop(self, argument)
    local id = math.tointeger(tonumber(argument))
    if not id or not self.stops:delete(id) then
        failure.raise("usage", 'there is no breakpoint or watch "%s"', argument)
    end
end

-- ---- the commands ----

local help

-- Name, short name, argument, what it does, how.
local commands = {
    { "next", "n", "[N|error|violation|gap]", "go on by a record, or N; or to the next error, violation or gap",
        move(true) },
    { "back", "b", "[N|error|violation|gap]", "the same, backwards", move(false) },
    { "goto", "g", "N|POSITION|TIME|start|end", "go to a record by number, position or time", goto_place },
    { "continue", "c", "", "go on to the next breakpoint or change of a watch", continue },
    { "finish", "f", "", "go on to the end of this record's trace", finish },
    { "where", "w", "", "show again where we are", Console.show_place },
    { "print", "p", "LUA", "the value of an expression over rec, trace and log; or run statements", print_value },
    { "trace", "t", "[ID]", "this record's trace, or the open one that begins so", print_trace },
    { "node", "", "N", "a node of this record's trace", print_node },
    { "break", "", "LUA", "stop where the condition holds", add_stop("break", "breakpoint") },
    { "watch", "", "LUA", "stop where the value changes", add_stop("watch", "watch") },
    { "list", "l", "", "breakpoints and watches", list_stops },
    { "delete", "d", "N", "remove a breakpoint or watch", delete_stop },
    { "help", "h", "", "this list", function() help() end },
    { "quit", "q", "", "leave", function(self) self.is_over = true end },
}

local command_of = {}
for _, command in ipairs(commands) do
    command_of[command[1]] = command
    if command[2] ~= "" then
        command_of[command[2]] = command
    end
end

function help()
    for _, command in ipairs(commands) do
        say("%-1s %-9s%-28s%s", command[2], command[1], command[3], command[4])
    end
end

---Carries out one line; raises what is wrong with it as a failure of kind "usage".
function Console:execute(line)
    local word, argument = line:match("^%s*(%S+)%s*(.-)%s*$")
    if not word or word:sub(1, 1) == "#" then
        return
    end
    local command = command_of[word]
    if not command then
        failure.raise("usage", 'no command "%s"; help lists them', word)
    end
    command[5](self, argument)
end

return console
