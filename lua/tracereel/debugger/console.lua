-- The debugger's commands: one line each, from a terminal or a pipe.
local failure = require "tracereel.util.failure"
local node_names = require "tracereel.log.node_names"
local options = require "tracereel.cli.options"
local stops = require "tracereel.debugger.stops"
local period = require "tracereel.cli.period"
local units = require "tracereel.util.units"

local Console = {}
Console.__index = Console

local console = {}

---@param timeline table
---@param path string of the log
---@param max_time_ns integer for one expression
---@param voice table what says the answers: of debugger.words or debugger.objects
function console.new(timeline, path, max_time_ns, voice)
    return setmetatable({
        timeline = timeline, tape = timeline.tape, stops = stops.new(timeline, path, max_time_ns), voice = voice,
    }, Console)
end

-- Shows the timeline's current position.
function Console:show_place()
    self.voice:place(self.timeline)
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
                return self.voice:note(("no %s %s here"):format(argument, is_forward and "after" or "before"))
            end
            return self:go(mark)
        end
        local count = to_count(argument)
        if is_forward and number == self.tape.count then
            self.voice:note("at the end")
        elseif not is_forward and number == 0 then
            self.voice:note("at the beginning")
        else
            self:go(is_forward and number + math.min(count, self.tape.count) or number - count)
        end
    end
end

local function time_of(self, argument)
    local moment = period.parse_moment(argument)
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
        return self.voice:note(("no such record: the last one is #%d"):format(self.tape.count))
    end
    self:go(number)
end

-- Steps until test() gives reasons to stop.
local function run_until(self, test)
    while self.timeline:step() do
        local reasons = test()
        if #reasons > 0 then
            self:show_place()
            return self.voice:stopped(reasons)
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
        return self.voice:note(("trace %s is not open"):format(id:sub(1, 8)))
    end
    run_until(self, function()
        local timeline = self.timeline
        local is_over = timeline.rec.trace_id == id and timeline.trace and not timeline.trace.open
        return is_over and { { kind = "closed", trace_id = id, status = timeline.trace.status } } or {}
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
    self.voice:values(values)
end

local function print_trace(self, argument)
    local trace = argument == "" and current_trace(self)
    local is_meant = options.id_test { argument }
    for _, candidate in ipairs(trace and {} or self.timeline.state:traces()) do
        if is_meant(candidate.id) then
            trace = candidate
            break
        end
    end
    if not trace then
        failure.raise("usage", "no trace %s is open here", options.trace_words(argument))
    end
    self.voice:trace(trace, self.timeline.now_ns)
end

local function print_node(self, argument)
    local id = math.tointeger(tonumber(argument)) or node_names.find(argument)[1]
    local node = id and id >= 0 and id <= 0xFFFFFFFF and current_trace(self):node(id)
    if not node then
        failure.raise("usage", 'the trace has not touched node "%s"', argument)
    end
    self.voice:node(node)
end

-- ---- stops ----

local function add_stop(kind)
    return function(self, argument)
        if argument == "" then
            failure.raise("usage", "%s needs a Lua expression over rec, trace and log", kind)
        end
        self.voice:stop(self.stops:add(kind, argument))
    end
end

local function list_stops(self)
    local list = {}
    for _, stop in self.stops:each() do
        list[#list + 1] = stop
    end
    self.voice:stops(list)
end

local function delete_stop(self, argument)
    local id = math.tointeger(tonumber(argument))
    if not id or not self.stops:delete(id) then
        failure.raise("usage", 'no breakpoint or watch "%s"', argument)
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
    { "node", "", "N|NAME", "a node of this record's trace", print_node },
    { "break", "", "LUA", "stop where the condition holds", add_stop("break") },
    { "watch", "", "LUA", "stop where the value changes", add_stop("watch") },
    { "list", "l", "", "breakpoints and watches", list_stops },
    { "delete", "d", "N", "remove a breakpoint or watch", delete_stop },
    { "help", "h", "", "this list", function(self) help(self) end },
    { "quit", "q", "", "leave", function(self) self.is_over = true end },
}

local command_of = {}
for _, command in ipairs(commands) do
    command_of[command[1]] = command
    if command[2] ~= "" then
        command_of[command[2]] = command
    end
end

function help(self)
    self.voice:help(commands)
end

---Is a line a command? Empty ones and comments are not.
function Console.is_command(line)
    return not line:match("^%s*$") and not line:match("^%s*#")
end

---Carries out a command; raises what is wrong with it as a failure of kind "usage".
function Console:execute(line)
    local word, argument = line:match("^%s*(%S+)%s*(.-)%s*$")
    local command = command_of[word]
    if not command then
        failure.raise("usage", 'no command "%s"; help lists them', word)
    end
    command[5](self, argument)
end

return console
