-- What `tracereel.script` gives: a script as another Lua program has it, above all a test of the script's.
local beside = require "tracereel.flow.beside"
local decision = require "tracereel.script.decision"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local of_log = require "tracereel.flow.of_log"
local runner = require "tracereel.script.runner"
local script = require "tracereel.script"
local script_arguments = require "tracereel.script.arguments"

local loaded_script = {}

-- The engine's rule says nothing of a trace that goes on by another.
local function check_rule(path, rule)
    if rule then
        failure.raise("refused", "%s: its traces go on by the rule %s (origin.rule in %s), which is not the engine's: "
            .. "what recovery would do, nobody does. With a second argument, the decision to start from, it is asked "
            .. "all the same", path, failure.got(rule), beside.file_name)
    end
end

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
    -- Of the log that it was run on last: its path, and its traces' rule where that is not the engine's.
    local log_path, foreign_rule

    function methods.run(_, log, filter)
        check_kind("run", log, "tracereel.log")
        filter = filter == nil and {} or filter
        check_kind("run: filter", filter, "table")
        log_path, foreign_rule = log.path, of_log.foreign_rule(beside.load(log.path))
        return one:shown(runner.replay({ one }, log, given, filter)[1], given)
    end

    function methods.recover(_, trace, default)
        check_kind("recover", trace, "tracereel.trace")
        if default == nil then
            check_rule(log_path, foreign_rule)
            default = decision.default(trace)
        end
        return one:recover(trace, default)
    end

    return setmetatable({ name = one.name, summary = one.summary }, { __index = methods, __name = "tracereel.script" })
end

return loaded_script
