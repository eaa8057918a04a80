-- What `tracereel.script` gives: a script as another Lua program has it, above all a test of the script's.
local decision = require "tracereel.script.decision"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local runner = require "tracereel.script.runner"
local script = require "tracereel.script"
local script_arguments = require "tracereel.script.arguments"

local loaded_script = {}

-- Raises, with the line of who called the caller, where a value is not what is expected.
local function check_kind(what, value, kind)
    local got = type(value)
    if got ~= kind and not (got == "userdata" and failure.got(value) == "a " .. kind) then
        error(("%s: a %s expected, got %s"):format(what, kind, failure.got(value)), 3)
    end
end

---Loads a script, in the environment that it has in the program. Raises where it is not right.
---@param path string
---@param given? table<string, any> values for its arguments: as on the command line, or as the script gets them
---@return tracereel.script
function loaded_script.new(path, given)
    files.check_path("script", path)
    given = given == nil and {} or given
    check_kind("script: arguments", given, "table")
    local one = script.load(path)
    script_arguments.check_given({ one }, given)
    local methods = {}

    function methods.run(_, log, filter)
        check_kind("run", log, "tracereel.log")
        filter = filter == nil and {} or filter
        check_kind("run: filter", filter, "table")
        return (runner.replay({ one }, log, given, filter)[1])
    end

    function methods.recover(_, trace, default)
        check_kind("recover", trace, "tracereel.trace")
        return one:recover(trace, default or decision.default(trace))
    end

    return setmetatable({ name = one.name, summary = one.summary }, { __index = methods, __name = "tracereel.script" })
end

return loaded_script
