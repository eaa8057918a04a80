-- What `tracereel.script` gives: a script as another Lua program has it, above all a test of the script's.
local decision = require "tracereel.recovery.decision"
local runner = require "tracereel.runner"
local script = require "tracereel.script"
local script_arguments = require "tracereel.script_arguments"

local loaded_script = {}

---Loads a script, in the environment that it has in the program. Raises where it is not right.
---@param path string
---@param given? table<string, any> values for its arguments: as on the command line, or as the script gets them
---@return tracereel.script
function loaded_script.new(path, given)
    local one = script.load(path)
    given = given or {}
    script_arguments.check_given({ one }, given)
    local methods = {}

    function methods.run(_, log, filter)
        return (runner.replay({ one }, log, given, filter or {})[1])
    end

    function methods.recover(_, trace, default)
        return one:recover(trace, default or decision.default(trace))
    end

    return setmetatable({ name = one.name, summary = one.summary }, { __index = methods, __name = "tracereel.script" })
end

return loaded_script
