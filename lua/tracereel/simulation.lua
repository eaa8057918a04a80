-- What-if: a log is played again in virtual time, as a scenario says, into a new log. The model: docs/simulation.md.
local checks = require "tracereel.simulation.checks"
local core = require "tracereel.core"
local failure = require "tracereel.failure"
local sandbox = require "tracereel.sandbox"
local variates = require "tracereel.simulation.variates"

local simulation = {}

local Scenario = {}
Scenario.__index = Scenario

---Loads a scenario's file. It is checked against a log by `check`.
---@param path string
function simulation.load(path)
    local file, problem = io.open(path, "rb")
    if not file then
        failure.raise("usage", "cannot read the scenario: %s", problem)
    end
    file:close()
    local environment = sandbox.environment(path:match("^(.*/)") or "./", function()
        return 0
    end)
    local chunk, syntax_problem = sandbox.load_file(path, environment)
    if not chunk then
        failure.raise("script", "%s", syntax_problem)
    end
    local ran, value = xpcall(chunk, failure.with_traceback, path)
    if not ran then
        error(value.kind == "internal" and failure.new("script", value.message, value.traceback) or value, 0)
    end
    return setmetatable({ path = path, value = value }, Scenario)
end

---Reads a log for any number of simulations. Kept in temporary files while it is used.
---@param path string
function simulation.record(path)
    return core.recording(path)
end

-- Whole nanoseconds of what a function answered.
local function to_ns(value, where)
    local number = type(value) == "number" and value
    if not number or not (number >= 0 and number < 9.2e18) then
        failure.raise("script", "%s: a time in nanoseconds that is not negative expected, got %s", where,
            tostring(value))
    end
    return math.type(number) == "integer" and number or math.floor(number + 0.5)
end

local function call(scenario, where, callee, ...)
    local called, result = xpcall(callee, failure.with_traceback, ...)
    if called then
        return result
    elseif result.kind ~= "internal" then
        error(result, 0)
    end
    error(failure.new("script", ("%s (%s, in %s)"):format(result.message, where, scenario.path), result.traceback), 0)
end

-- The function that answers the engine's questions. What is drawn for an answer begins with the question's own number,
-- `luck`, so that no answer changes what is drawn for another.
local function answerer(scenario, functions)
    local random, seed = variates.new()
    return function(kind, node, attempt, recorded_ns, now_ns, number, arrival_ns, id, metadata, luck)
        seed(luck)
        if kind == "arrival" then
            return to_ns(random.exponential(functions.mean_interval_ns), "arrivals")
        end
        local of_kind = functions[kind]
        local callee = of_kind[node] or of_kind.default
        local where = ("%s of node %d, trace %s"):format(kind, node, id)
        local trace = {
            id = id, number = number, node = node, now_ns = now_ns, arrival_ns = arrival_ns, metadata = metadata,
        }
        if kind == "fail" then
            return call(scenario, where, callee, trace, attempt, random) and 1 or 0
        end
        return to_ns(call(scenario, where, callee, recorded_ns, trace, attempt, random), where)
    end
end

---Checks the scenario against a recording; raises what is wrong with it.
function Scenario:check(recording)
    local compiled, functions = checks.check(self.value, recording)
    if not compiled then
        failure.raise("usage", "scenario %s: %s", self.path, functions)
    end
    self.seed = compiled.seed
    return compiled, functions
end

---Simulates once, into a directory that holds no segments.
---@param recording userdata of simulation.record
---@param directory string
---@param seed integer|nil in place of the scenario's
---@return table facts what happened
function Scenario:run(recording, directory, seed)
    local compiled, functions = self:check(recording)
    compiled.seed = seed or compiled.seed
    return recording:simulate(compiled, directory, answerer(self, functions))
end

return simulation
