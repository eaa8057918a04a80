-- Completion scripts for shells: argparse's, which know commands, options and choices, and the words that are no
-- choices because other values are allowed, too.
local base = require "tracereel.base"
local bundled = require "tracereel.script.bundled"
local files = require "tracereel.util.files"
local host = require "tracereel.host"

local shell_completion = {}

-- Lists with commas are allowed, so that argparse must not check them as choices. An option of a command that takes
-- other values beside some words has these in its `completions`.
local words_of_option = { ["--type"] = base.types }

-- The commands that take the name of a bundled script or a file. For some it must decide.
local script_commands = { run = "", recover = "%f[%w]recover%f[%W]", crashtest = "%f[%w]recover%f[%W]" }

local function script_names(pattern)
    local names = {}
    for _, name in ipairs(bundled.names(host.list_directory)) do
        if (files.read_if_there(bundled.path(name)) or ""):find(pattern) then
            names[#names + 1] = name
        end
    end
    return table.concat(names, " ")
end

-- The parser is used for nothing else afterwards.
local function prepare(command)
    local shown = {}
    for _, option in ipairs(command._options) do
        option._choices = option._choices or option.completions or words_of_option[option._name]
        shown[#shown + 1] = not option._hidden and option or nil
    end
    command._options = shown
end

local function insert_before(text, marker, addition)
    local place = assert(text:find(marker, 1, true), "argparse writes something else")
    return text:sub(1, place - 1) .. addition .. text:sub(place)
end

local add_scripts = {}

-- Names of scripts beside files, which get their slash where they are directories.
function add_scripts.bash(text, command, names)
    return insert_before(text, '    if [[ "$cur" = -* ]]; then\n', ([==[
    if [[ "$cmd" = %s && "$cur" != -* ]]; then
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -W "%s" -- "$cur") $(compgen -f -- "$cur"))
    fi
]==]):format(command, names))
end

function add_scripts.zsh(text, command, names)
    local start = assert(text:find(("\n    %s)\n"):format(command), 1, true), "argparse writes something else")
    local finish = text:find("\n      ;;\n", start, true)
    local section = text:sub(start, finish):gsub('(\n%s+"%*?: :)_files" \\', function(before)
        return before .. ("{_alternative 'scripts:script:(%s)' 'files:file:_files'}\" \\"):format(names)
    end, 1)
    return text:sub(1, start - 1) .. section .. text:sub(finish + 1)
end

function add_scripts.fish(text, command, names)
    return text .. ("complete -c tracereel -n '__fish_tracereel_seen_command %s' -a '%s'\n"):format(command, names)
end

---@param parser table argparse's, with all commands
---@param shell "bash"|"zsh"|"fish"
---@return string
function shell_completion.text(parser, shell)
    prepare(parser)
    for _, command in ipairs(parser._commands) do
        prepare(command)
    end
    local text = parser["get_" .. shell .. "_complete"](parser)
    for _, command in ipairs(parser._commands) do
        local pattern = script_commands[command._name]
        if pattern then
            text = add_scripts[shell](text, command._name, script_names(pattern))
        end
    end
    return text
end

return shell_completion
