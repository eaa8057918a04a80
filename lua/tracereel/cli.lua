-- The command line: which command is meant, and what the program's exit status is.
local core = require "tracereel.core"

-- For the whole program: what compares as equal stays in its order, on every run.
rawset(table, "sort", core.sort)
-- And a function that is twice in a standard library has one name in messages: some builds of Lua have atan twice.
if rawequal(rawget(math, "atan2"), math.atan) then
    rawset(math, "atan2", core.framed(math.atan))
end

local command_list = require "tracereel.program.command_list"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local output = require "tracereel.cli.output"

local about = [[
Inspect, analyse and repair the write-ahead logs of the workflow engine XERV,
and script them in Lua. Only apply, undo, repair and recover --apply change a
log; simulate and generate write new ones. `tracereel help COMMAND` lists the
options of a command.]]

local help_columns = 80

-- Raised by --help, --version, --completion and --man: argparse would write unchecked and end the process itself.
local function answer_with(state, make_text)
    return function(...)
        state.answer = make_text(...)
        error("answered", 0)
    end
end

local function describe_exit_codes()
    local text = require "tracereel.util.text"
    local lines = {}
    for index, one in ipairs(exit_codes.list()) do
        lines[index] = ("%5d  %s"):format(one.status, table.concat(text.wrap(one.meaning, help_columns - 7),
            "\n" .. (" "):rep(7)))
    end
    return "\nExit status:\n" .. table.concat(lines, "\n") .. "\n"
end

-- `make_end`: makes what follows the help, in lines that are short enough.
local function add_help(parser, state, make_end)
    parser:add_help {
        description = "Show this help and exit.",
        action = answer_with(state, function()
            return parser:get_help() .. "\n" .. (make_end and make_end() or "")
        end),
    }
    parser:help_max_width(help_columns)
    parser:help_description_margin(27)
end

local function version_text()
    return "tracereel " .. core.version .. "\n"
end

-- "help" and "help COMMAND" are --help and COMMAND --help.
local function translate_help(arguments)
    if arguments[1] ~= "help" then
        return arguments
    end
    return arguments[2] and { arguments[2], "--help" } or { "--help" }
end

local build

local function add_completion(parser, state)
    parser:option("--completion", "Print a completion script for that shell and exit.")
        :choices({ "bash", "zsh", "fish" })
        :action(answer_with(state, function(_, _, shell)
            return require("tracereel.program.shell_completion").text(build(state, command_list, true), shell)
        end))
end

local function add_manual(parser, state)
    parser:flag("--man", "Print the manual page, for man -l -, and exit."):action(answer_with(state, function()
        return require("tracereel.program.man_page").text(build(state, command_list, true), {
            version = core.version, summary = "inspect, analyse and repair the logs of the workflow engine XERV",
            description = about, exit_statuses = exit_codes.list(),
        })
    end))
end

-- The parser for some of the commands. Their options and arguments are defined by themselves, which are loaded for it;
-- help and mistakes need no more than their names.
function build(state, commands, are_loaded)
    local parser = require "argparse"("tracereel", about)
    add_help(parser, state, describe_exit_codes)
    add_completion(parser, state)
    add_manual(parser, state)
    parser:flag("--version", "Print the version and exit."):action(answer_with(state, version_text))
    parser:command_target("command")
    for _, one in ipairs(commands) do
        local definition = parser:command(one.name, one.summary)
        if are_loaded then
            local command = require("tracereel.commands." .. one.name)
            state.loaded[one.name] = command
            add_help(definition, state)
            command.define(definition)
        end
    end
    return parser
end

-- The parser for a command line. Where its first word is a command, that one is all that has to be known; after "--"
-- any word may be one.
local function parser_for(state, arguments)
    for _, one in ipairs(command_list) do
        if one.name == arguments[1] then
            return build(state, { one }, true)
        end
    end
    return build(state, command_list, arguments[1] == "--")
end

-- Options that had another name in an earlier version: the name that they have now.
local renamed_options = { ["--most-faults"] = "--max-faults" }

local function usage_failure(message, command)
    local renamed = renamed_options[message:match("^unknown option '([%w-]+)'")]
    message = renamed and ("%s; it is called %s now"):format(message:match("^[^\n]*"), renamed) or message
    local hint = command and ("tracereel %s --help"):format(command) or "tracereel --help"
    output.say("%s", message)
    io.stderr:write(("Try `%s`.\n"):format(hint))
    return exit_codes.usage
end

-- "--since -2h" as "--since=-2h": a word like -2h is a value, and argparse would take it for an option.
local function join_negative_values(arguments)
    local joined = {}
    for _, argument in ipairs(arguments) do
        local last = joined[#joined]
        if last and last:find("^%-%-%a[%w-]*$") and argument:find("^%-%d") then
            joined[#joined] = last .. "=" .. argument
        else
            joined[#joined + 1] = argument
        end
    end
    return joined
end

local function run(arguments)
    if arguments[1] == "--version" then
        output.write(version_text())
        return exit_codes.ok
    end
    arguments = join_negative_values(translate_help(arguments))
    local state = { loaded = {} }
    local parser = parser_for(state, arguments)
    local called, parsed, result = pcall(parser.pparse, parser, arguments)
    if state.answer then
        output.write(state.answer)
        return exit_codes.ok
    elseif not called then
        error(parsed, 0)
    elseif not parsed then
        local command = state.loaded[arguments[1]]
        if command and command.takes and result:find("^missing argument") then
            -- Of two words, one is missing: which one was given, nobody can tell.
            result = ("%s: %s takes %s"):format(result, command.name, command.takes)
        end
        return usage_failure(result, command and command.name)
    end
    output.use_blocks()
    output.prints_as_talk = result.json ~= nil
    local command = state.loaded[result.command]
    require("tracereel.cli.logs").take_listed(result, command)
    return command.run(result)
end

local broken_pipe_status = 141

-- What an error that ended a command means for the exit status.
local function explain(problem, arguments)
    problem = failure.same(problem)
    if output.failed then
        if output.failed.is_broken_pipe then
            return broken_pipe_status
        end
        io.stderr:write("tracereel: cannot write to standard output: ", output.failed.message, "\n")
        return exit_codes.io
    elseif problem.kind == "usage" then
        return usage_failure(problem.message, arguments[1])
    end
    local code = exit_codes.of_failure(problem)
    if code then
        output.say("%s", problem.message)
        return code
    end
    output.say("%s", "this is a bug in tracereel, please report it: " .. problem.message)
    io.stderr:write(problem.traceback or "", "\n")
    return exit_codes.io
end

---@param arguments string[] without the program's name
---@return integer exit status
local function main(arguments)
    local code
    local ran, result = failure.xpcall(run, arguments)
    code = ran and result or explain(result, arguments)
    local flushed, problem = pcall(output.flush)
    if output.failed and (ran or not flushed) and code ~= broken_pipe_status and code ~= exit_codes.io then
        return explain(problem, arguments)
    end
    return code
end

return { main = main }
