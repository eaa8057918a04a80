-- The reader of command lines: argparse's, with the program's own options, help and manual pages. What answers by
-- itself, such as --help, raises: argparse would write unchecked and end the process itself. state.answer is then what
-- is to be written (state.is_help: for a person), or state.problem what is wrong.
local core = require "tracereel.core"

local command_list = require "tracereel.program.command_list"
local output = require "tracereel.cli.output"

local parser = {}

local about = [[
Inspect, analyse and repair the write-ahead logs of the workflow engine XERV,
and script them in Lua. Only apply, undo, repair and recover --apply change a
log; simulate and generate write new ones. `tracereel help COMMAND` lists the
options of a command.]]

-- What is looked at of the environment.
local environment = {
    { "NO_COLOR", "Not empty: no colours." },
    { "CLICOLOR_FORCE", "Not empty and not 0: colours, also into a pipe." },
    { "CLICOLOR", "0: no colours." },
    { "TRACEREEL_PAGER, PAGER", "What shows output that is longer than the screen; less where none is set. Empty, or "
        .. "cat: nothing." },
    { "LESS", "Options of less; FRX where it is not set." },
    { "LC_ALL, LC_CTYPE, LANG", "Where none of them names UTF-8, a terminal gets ASCII." },
    { "TMPDIR", "Where temporary files are made; /tmp where it is not set." },
}

local help_margin = 27

-- As wide as the terminal, but no wider than is read with ease.
local function help_columns()
    return math.max(50, math.min(output.columns(), 100))
end

local function answer_with(state, make_text)
    return function(...)
        state.answer = make_text(...)
        error("answered", 0)
    end
end

local function describe_exit_codes()
    local exit_codes = require "tracereel.cli.exit_codes"
    local text = require "tracereel.util.text"
    local lines = {}
    for index, one in ipairs(exit_codes.list()) do
        lines[index] = ("%5d  %s"):format(one.status, table.concat(text.wrap(one.meaning, help_columns() - 7),
            "\n" .. (" "):rep(7)))
    end
    return "\nExit status:\n" .. table.concat(lines, "\n") .. "\n"
end

-- The examples of a command, as its options are: what each answers stands beside it, or below where it is long.
local function describe_examples(name)
    local text = require "tracereel.util.text"
    local lines = {}
    for _, example in ipairs(require("tracereel.program.examples")[name] or {}) do
        local line, margin = "   " .. example[1], (" "):rep(help_margin)
        lines[#lines + 1] = line .. "\n" .. margin
            .. table.concat(text.wrap(example[2], help_columns() - help_margin), "\n" .. margin)
    end
    return #lines > 0 and "\nExamples:\n" .. table.concat(lines, "\n") .. "\n" or ""
end

-- `make_end`: makes what follows the help, in lines that are short enough.
local function add_help(definition, state, make_end)
    definition:add_help {
        description = "Show this help and exit.",
        action = answer_with(state, function()
            state.is_help = true
            return definition:get_help() .. "\n" .. make_end()
        end),
    }
    definition:help_max_width(help_columns())
    definition:help_description_margin(help_margin)
end

local function version_text()
    return "tracereel " .. core.version .. "\n"
end

local build

local function is_command(word)
    for _, one in ipairs(command_list) do
        if one.name == word then
            return true
        end
    end
    return false
end

-- The page of the command before or after --man; of the program where there is none.
local function manual_text(state, arguments)
    local whole = build(state, command_list, true)
    local man_page = require "tracereel.program.man_page"
    local said = {
        version = core.version, summary = "inspect, analyse and repair the logs of the workflow engine XERV",
        description = about, environment = environment, exit_statuses = require("tracereel.cli.exit_codes").list(),
        examples = require "tracereel.program.examples",
    }
    local name = is_command(arguments[1]) and arguments[1] or arguments[1] == "--man" and arguments[2]
    if not name then
        return man_page.of_program(whole, said)
    end
    for _, command in ipairs(whole._commands) do
        if command._name == name then
            return man_page.of_command(command, said)
        end
    end
    state.problem = ("--man: unknown command '%s'"):format(name)
end

local function add_own_options(definition, state)
    definition:option("--color", "When to use colours. auto: on a terminal.", "auto"):argname("<WHEN>")
        :choices({ "auto", "always", "never" }):show_default(true)
    definition:flag("--no-pager", "Do not show long output by a pager.")
    definition:option("--completion", "Print a completion script for that shell and exit.")
        :choices({ "bash", "zsh", "fish" })
        :action(answer_with(state, function(_, _, shell)
            return require("tracereel.program.shell_completion").scripts[shell]
        end))
    definition:flag("--man", "Print the manual page, or that of a command (--man COMMAND), for man -l -, and exit.")
        :action(answer_with(state, function()
            return manual_text(state, state.arguments)
        end))
    definition:flag("-V --version", "Print the version and exit."):action(answer_with(state, version_text))
end

-- The parser for some of the commands. Their options and arguments are defined by themselves, which are loaded for it;
-- help and mistakes need no more than their names.
function build(state, commands, are_loaded)
    local definition = require "argparse"("tracereel", about)
    add_help(definition, state, describe_exit_codes)
    add_own_options(definition, state)
    definition:command_target("command")
    for _, one in ipairs(commands) do
        local own = definition:command(one.name, one.summary)
        if are_loaded then
            local command = require("tracereel.commands." .. one.name)
            state.loaded[one.name] = command
            add_help(own, state, function()
                return describe_examples(one.name)
            end)
            command.define(own)
        end
    end
    return definition
end

---The parser for a command line. Where its first word is a command, that one is all that has to be known.
---@param state { loaded: table, answer: string|nil, problem: string|nil, arguments: string[] } loaded: commands by name
function parser.of_line(state)
    local first = state.arguments[1]
    for _, one in ipairs(command_list) do
        if one.name == first then
            return build(state, { one }, true)
        end
    end
    return build(state, command_list, false)
end

return parser
