-- The command line: which command is meant, and what the program's exit status is.
local core = require "tracereel.core"

-- For the whole program: what compares as equal stays in its order, on every run.
rawset(table, "sort", core.sort)
-- And a function that is twice in a standard library has one name in messages: some builds of Lua have atan twice.
if rawequal(rawget(math, "atan2"), math.atan) then
    rawset(math, "atan2", core.framed(math.atan))
end

local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local output = require "tracereel.cli.output"

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

-- How many words of a command line an option of the program's own takes; nil of any other word.
local function own_option_words(word)
    return (word == "--no-pager" or word:find("^%-%-color=")) and 1 or word == "--color" and 2 or nil
end

-- The words as argparse is to have them: the command first, then the program's own options that stood before it, and
-- then a "--" that did. "help" and "help COMMAND" are --help and COMMAND --help; so is no command at all.
local function arranged(arguments)
    local first = 1
    while arguments[first] and own_option_words(arguments[first]) do
        first = first + own_option_words(arguments[first])
    end
    local word, rest, words, after = arguments[first], first + 1, {}, {}
    if word == "--" and arguments[rest] then
        words[1], after[1], rest = arguments[rest], word, rest + 1
    elseif word and word ~= "help" then
        words[1] = word
    else
        words[1], after[1], rest = arguments[rest], "--help", rest + 1
    end
    table.move(arguments, 1, first - 1, #words + 1, words)
    table.move(after, 1, #after, #words + 1, words)
    return table.move(arguments, rest, #arguments, #words + 1, words)
end

local is_version = { ["-V"] = true, ["--version"] = true }

-- A start that no terminal sees does without what is for terminals alone.
local function prepare_terminal(...)
    if output.is_terminal(1) or output.is_terminal(2) then
        require("tracereel.cli.terminal").prepare(...)
    end
end

local function finish_terminal()
    local terminal = package.loaded["tracereel.cli.terminal"]
    return terminal ~= nil and terminal.finish()
end

-- Help is paged; what other programs are to read is not.
local function answer(state, arguments)
    if state.is_help then
        local has_no_pager = require("tracereel.util.tables").contains(arguments, "--no-pager")
        prepare_terminal("help", { no_pager = has_no_pager })
    end
    output.write(state.answer)
    return exit_codes.ok
end

local function run(arguments)
    if is_version[arguments[1]] then
        output.write("tracereel ", core.version, "\n")
        return exit_codes.ok
    end
    if arguments[1] == "--complete" then
        local index = math.tointeger(tonumber(arguments[2])) or 1
        output.write(require("tracereel.program.completion").text(index, table.move(arguments, 3, #arguments, 1, {})))
        return exit_codes.ok
    end
    arguments = join_negative_values(arranged(arguments))
    local state = { loaded = {}, arguments = arguments }
    local parser = require("tracereel.program.parser").of_line(state)
    local called, parsed, result = pcall(parser.pparse, parser, arguments)
    if state.answer then
        return answer(state, arguments)
    elseif state.problem then
        return usage_failure(state.problem)
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
    output.colour(result.color or "auto")
    output.prints_as_talk = result.json ~= nil
    prepare_terminal(result.command, result)
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

local function flush(code, has_ended)
    local flushed, problem = pcall(output.flush)
    if output.failed and (has_ended or not flushed) and code ~= broken_pipe_status and code ~= exit_codes.io then
        return explain(problem, {})
    end
    return code
end

---@param arguments string[] without the program's name
---@return integer exit status
local function main(arguments)
    local ran, result = failure.xpcall(run, arguments)
    local code = flush(ran and result or explain(result, arguments), ran)
    local was_paged = finish_terminal()
    -- Who leaves a pager early has read what there was to read.
    return was_paged and code == broken_pipe_status and exit_codes.ok or code
end

return { main = main }
