-- A set of faults as a scenario, and the log that it makes of the recording.
local failure = require "tracereel.util.failure"
local faults = require "tracereel.simulation.faults"
local files = require "tracereel.util.files"
local host = require "tracereel.host"
local new_file = require "tracereel.cli.new_file"
local units = require "tracereel.util.units"

local saved_faults = {}

local head = "local scenario = (function(...) "

-- %s: who found it, faults, seed, values of arguments.
local tail = [[

end)(...)

-- Found by tracereel simulate --explore: with these faults trace
-- %s misses the goal.
local fault_set = {
%s}

local function with_faults(to, own_faults)
    to.seed = %d
    to.faults = table.move(fault_set, 1, #fault_set, #own_faults + 1, table.move(own_faults, 1, #own_faults, 1, {}))
    return to
end
%s
local own_faults, start = scenario.faults or {}, scenario.start
if start then
    scenario.start = function(args)
        local answer = start(args) or {}
        return with_faults(answer, answer.faults or own_faults)
    end
end
return with_faults(scenario, own_faults)
]]

local function arguments_source(values)
    local lines = {}
    for name, value in units.sorted(values) do
        lines[#lines + 1] = ("scenario.args[%q].default = %s"):format(name,
            type(value) == "string" and ("%q"):format(value) or tostring(value))
    end
    return #lines > 0 and table.concat(lines, "\n") .. "\n" or ""
end

local function read(path)
    local text, problem = files.read(path)
    return text or failure.raise("io", "cannot read the scenario: %s", problem)
end

---Raises where something is there that would be overwritten.
---@param directory string
function saved_faults.check(directory)
    local names, problem, errno = host.list_directory(directory)
    if not names and not files.is_absent(errno) then
        failure.raise("io", "cannot list it: %s", problem)
    end
    for _, name in ipairs(names or {}) do
        if name == "scenario.lua" or name == "log" then
            failure.raise("usage", "%s: it already holds `%s`; save into a new directory", directory, name)
        end
    end
end

---Writes the scenario.
---@param path string
---@param scenario table of simulation.load
---@param found { faults: table[], seed: integer }
---@param trace_id string
function saved_faults.write(path, scenario, found, trace_id)
    local lines = {}
    for index, fault in ipairs(found.faults) do
        lines[index] = ("    %s,\n"):format(faults.source(fault, trace_id))
    end
    new_file.create(path, head .. read(scenario.path) .. tail:format(trace_id, table.concat(lines), found.seed,
        arguments_source(scenario.arguments)))
end

return saved_faults
