-- Where a debugger stops by itself: breakpoints (a Lua condition holds) and watches (an expression's value changes).
local failure = require "tracereel.util.failure"
local host = require "tracereel.host"
local sandbox = require "tracereel.script.sandbox"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"
local value_text = require "tracereel.render.value"

local Stops = {}
Stops.__index = Stops

local stops = {}

-- What `log` is in an expression: the log as far as the timeline has come.
local function log_view(timeline, path)
    local view = { path = path }
    function view.traces()
        return timeline.state:traces()
    end
    function view.trace(_, id)
        local state = timeline.state
        local called, result = pcall(state.trace, state, id)
        if not called then
            error(result, 2) -- at the place in the expression
        end
        return result
    end
    return setmetatable(view, {
        __index = function(_, key)
            if key == "now_ns" or key == "number" then
                return timeline[key]
            elseif key == "count" then
                return timeline.tape.count
            end
            error(("log has no field '%s'; it has count, now_ns, number, path, trace, traces"):format(
                failure.name(key)), 2)
        end,
        __tostring = function()
            return "log " .. path
        end,
    })
end

---@param timeline table
---@param path string of the log
---@param max_time_ns integer for one expression; 0: no limit
function stops.new(timeline, path, max_time_ns)
    local self = setmetatable({ timeline = timeline, list = {}, next_id = 1, max_time_ns = max_time_ns }, Stops)
    self.environment = sandbox.environment("./", function()
        return timeline.now_ns
    end)
    self.log = log_view(timeline, path)
    return self
end

---Lua text as a function: an expression, or statements.
---@return function|nil
---@return string|nil problem
function Stops:compile(source, statements_too)
    local expression, problem = load("return " .. source, "=(expression)", "t", self.environment)
    local compiled = expression or statements_too and load(source, "=(statement)", "t", self.environment)
    return compiled or nil, problem
end

---Calls what was compiled, with `rec`, `trace` and `log` as they are now, for as long as it may take.
---@return boolean ok
---@return any value the first one, or a problem
---@return any[] values all of them, with `n`
function Stops:evaluate(compiled)
    local environment = self.environment
    environment.rec, environment.trace, environment.log = self.timeline.rec, self.timeline.trace, self.log
    if self.max_time_ns > 0 then
        host.limit_time(self.max_time_ns / 1e9)
    end
    local results = table.pack(pcall(compiled))
    host.limit_time(0)
    local called, value = results[1], results[2]
    if not called and failure.is(value) then
        value = value.message
    end
    return called, value, table.pack(table.unpack(results, 2, results.n))
end

---A value for a person, the same for equal values.
function stops.show(value)
    if type(value) == "string" then
        return text.clean(value)
    elseif type(value) == "table" then
        return text.clean(value_text.inline(value))
    elseif type(value) == "userdata" then
        local written, json = failure.pcall(tracereel.json, value)
        return written and json or text.clean(tostring(value))
    elseif type(value) == "function" or type(value) == "thread" then
        return type(value)
    end
    return tostring(value)
end

local function shown_value(self, stop)
    local called, value = self:evaluate(stop.compiled)
    if called then
        return stops.show(value)
    end
    return "error: " .. stops.show(value)
end

---@param kind "break"|"watch"
---@return table stop
function Stops:add(kind, source)
    local compiled, problem = self:compile(source)
    if not compiled then
        failure.raise("usage", "%s", problem)
    end
    local stop = { id = self.next_id, kind = kind, source = source, compiled = compiled }
    if kind == "watch" then
        stop.shown = shown_value(self, stop)
    end
    self.next_id = self.next_id + 1
    self.list[stop.id] = stop
    return stop
end

---@return boolean was there one
function Stops:delete(id)
    local was_there = self.list[id] ~= nil
    self.list[id] = nil
    return was_there
end

---In the order in which they were made.
function Stops:each()
    return units.sorted(self.list)
end

---Watches show what is now: for when the timeline has jumped.
function Stops:look()
    for _, stop in self:each() do
        if stop.kind == "watch" then
            stop.shown = shown_value(self, stop)
        end
    end
end

local judge = {}

judge["break"] = function(self, stop)
    local called, value = self:evaluate(stop.compiled)
    if not called then
        return { error = stops.show(value) }
    end
    return value and {} or nil
end

function judge.watch(self, stop)
    local before = stop.shown
    stop.shown = shown_value(self, stop)
    return stop.shown ~= before and { before = before, after = stop.shown } or nil
end

---Why to stop here: nothing, where there is no reason to.
---@return table[] reasons { kind, id, expression }, with the `error` of a condition that raised one, or `before` and
---`after` of a watch
function Stops:reasons()
    local reasons = {}
    for _, stop in self:each() do
        local reason = judge[stop.kind](self, stop)
        if reason then
            reason.kind, reason.id, reason.expression = stop.kind, stop.id, stop.source
            reasons[#reasons + 1] = reason
        end
    end
    return reasons
end

return stops
