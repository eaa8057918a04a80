-- What a scenario's functions answer to the engine's questions.
local failure = require "tracereel.util.failure"
local node_names = require "tracereel.log.node_names"
local tracereel = require "tracereel"
local variates = require "tracereel.simulation.variates"

local answers = {}

-- How a question is named in messages.
local function place_of(question)
    local node = question.node and " of " .. node_names.node(question.node) or ""
    local of = question.kind == "event" and (" (%s%s)"):format(question.type, node) or node
    local trace = question.number > 0 and "trace " .. question.id or "a record of no open trace"
    return ("%s%s, %s"):format(question.kind == "event" and "on_event" or question.kind, of, trace)
end

local function refuse(question, expected, answer)
    local about = question.callee and debug.getinfo(question.callee, "S")
    -- Others are the program's own, or not written in Lua.
    local is_in_scenario = about and about.source == "@" .. question.scenario_path
    local place = is_in_scenario and ("%s:%d: "):format(about.short_src, about.linedefined) or ""
    failure.raise("script", "%s%s: %s expected, got %s", place, place_of(question), expected, failure.got(answer))
end

-- Whole nanoseconds of what a function answered.
local function to_ns(number, question)
    local kind = math.type(number)
    if kind == "integer" and number >= 0 then
        return number
    elseif kind == "float" and number >= 0 and number < 9.2e18 then
        return math.floor(number + 0.5)
    end
    refuse(question, "a time in nanoseconds that is not negative", number)
end

-- A time is unsigned: those after 2262 are negative here, and can only be where the log has such times.
local function to_event_ns(number, question)
    local at_ns, now_ns = question.recorded_ns, question.now_ns
    if number == nil or number == at_ns then
        return at_ns
    end
    local ns = at_ns < 0 and math.type(number) == "integer" and number or to_ns(number, question)
    if math.ult(ns, now_ns) then
        local now = tracereel.unsigned(now_ns)
        refuse(question, ("a time in nanoseconds that is not before now (%s)"):format(now), number)
    end
    return ns
end

local function call(scenario_path, question, callee, ...)
    local called, result = failure.xpcall(callee, ...)
    if called then
        return result
    elseif not failure.is_mistake(result) then
        error(result, 0)
    end
    error(failure.new("script", ("%s (%s, in %s)"):format(result.message, place_of(question), scenario_path),
        result.traceback), 0)
end

-- By the kind of the question: how the function is found and called, and what becomes of its answer.
local kinds = {
    time = function(question, functions, ask, random, trace)
        local callee = functions.time[question.node] or functions.time.default
        return to_ns(ask(question, callee, question.recorded_ns, trace, question.attempt, random), question)
    end,
    suspension = function(question, functions, ask, random, trace)
        local callee = functions.suspension[question.node]
        return to_ns(ask(question, callee, question.recorded_ns, trace, question.attempt, random), question)
    end,
    fail = function(question, functions, ask, random, trace)
        local callee = functions.fail[question.node] or functions.fail.default
        local answer = ask(question, callee, trace, question.attempt, random)
        if type(answer) == "number" and answer >= 0 and answer <= 1 then
            answer = random() < answer
        elseif answer ~= nil and type(answer) ~= "boolean" then
            refuse(question, "true, false or the chance from 0 to 1", answer)
        end
        return answer and 1 or 0
    end,
    loop = function(question, functions, ask, random, trace)
        local answer = ask(question, functions.loop[question.node], question.recorded_ns, trace, random)
        local count = math.type(answer) and math.tointeger(answer)
        if not count or count < 1 or count > 1000000 then
            refuse(question, "a whole number of iterations from 1 to 1000000", answer)
        end
        return count
    end,
    priority = function(question, functions, ask, random, trace)
        local callee = functions.priority[question.node] or functions.priority.default
        local answer = ask(question, callee, trace, random)
        local number = math.type(answer) and math.tointeger(answer)
        if not number then
            refuse(question, "a whole number (the largest is next)", answer)
        end
        return number
    end,
    event = function(question, functions, ask, random, trace)
        local event = {
            type = question.type, node = question.node, attempt = question.attempt, at_ns = question.recorded_ns,
            now_ns = question.now_ns,
        }
        return to_event_ns(ask(question, functions.on_event, event, trace, random), question)
    end,
}

---The function that answers the engine's questions. What is drawn for an answer begins with the question's own number,
---`seed`, so that no answer changes what is drawn for another.
---@param scenario_path string
---@param functions table of checks.check
function answers.new(scenario_path, functions)
    local random, reseed = variates.new()
    local function ask(question, callee, ...)
        question.callee = callee
        return call(scenario_path, question, callee, ...)
    end
    local question = { scenario_path = scenario_path }
    return function(kind, node, attempt, recorded_ns, now_ns, number, arrival_ns, id, metadata, seed, type)
        reseed(seed)
        question.kind, question.node, question.attempt, question.type = kind, node, attempt, type
        question.recorded_ns, question.now_ns, question.number, question.id = recorded_ns, now_ns, number, id
        if kind == "arrival" then
            return to_ns(random.exponential(functions.mean_interval_ns), question)
        end
        local trace = number > 0 and {
            id = id, number = number, node = node, now_ns = now_ns, arrival_ns = arrival_ns, metadata = metadata,
        } or nil
        return kinds[kind](question, functions, ask, random, trace)
    end
end

return answers
