-- What a shell offers after TAB: commands, options, their values, bundled scripts, and ids of traces of the log that is
-- named on the line. The scripts of shell_completion ask by `tracereel --complete INDEX WORD...`.
local base = require "tracereel.base"
local bundled = require "tracereel.script.bundled"
local command_list = require "tracereel.program.command_list"
local files = require "tracereel.util.files"
local host = require "tracereel.host"
local parser = require "tracereel.program.parser"

local completion = {}

-- Lists with commas are allowed, so that argparse must not check them as choices. An option of a command that takes
-- other values beside some words has these in its `completions`.
local words_of_option = { ["--type"] = base.types }

-- The commands that take the name of a bundled script or a file. For some it must decide.
local script_commands = {
    run = "", recover = "%f[%w]recover%f[%W]", crashtest = "%f[%w]recover%f[%W]",
}

-- Which of their words are traces.
local is_trace_argument = { show = { [1] = true }, debug = { [2] = true }, diff = { [2] = true, [3] = true } }

-- A log can be large, and TAB is pressed for an answer at once.
local max_read_ns, max_ids, records_between_looks = 500000000, 1000, 4096

local function script_names(pattern)
    local names = {}
    for _, name in ipairs(bundled.names(host.list_directory)) do
        if (files.read_if_there(bundled.path(name)) or ""):find(pattern) then
            names[#names + 1] = name
        end
    end
    return names
end

-- The ids of a log's traces that begin so, as far as a moment of reading shows them.
local function add_trace_ids(ids, path, beginning)
    local deadline_ns, count, is_known = host.now_ns() + max_read_ns, 0, {}
    for record in base.open(path, { snapshot = false, compressed = true }):records() do
        local id = record.trace_id
        if id:sub(1, #beginning) == beginning and not is_known[id] then
            is_known[id] = true
            ids[#ids + 1] = id
        end
        count = count + 1
        if #ids >= max_ids or count % records_between_looks == 0 and host.now_ns() > deadline_ns then
            return
        end
    end
end

-- A pipe can be read only once, and not by TAB.
local is_readable = { ["a file"] = true, ["a directory"] = true }

local function trace_ids(line, beginning)
    local ids = {}
    for index, word in ipairs(line.words) do
        if index ~= line.index and word:sub(1, 1) ~= "-" and word ~= line.command and is_readable[files.kind(word)] then
            pcall(add_trace_ids, ids, word, beginning) -- what cannot be read has no traces to offer
        end
    end
    return ids
end

local function option_named(definition, word)
    for _, option in ipairs(definition and definition._options or {}) do
        for _, alias in ipairs(option._aliases) do
            if alias == word then
                return option
            end
        end
    end
end

-- The values of an option, and whether files are some, too. Of a list with commas the last item is completed.
local function values_of(line, option, value)
    local before = value:match("^.*,") or ""
    local known = option._choices or option.completions or words_of_option[option._name]
    if option._name == "--trace" then
        known = trace_ids(line, value:sub(#before + 1))
    end
    local values = {}
    for _, one in ipairs(known or {}) do
        values[#values + 1] = before .. one
    end
    return values, known == nil
end

-- The option whose value the word is, and where in the word its value begins: "--mode x", "--mode=x", and the last cut
-- in three, as bash does.
local function option_of_value(line)
    local words, index = line.words, line.index
    local name, value = line.word:match("^(%-%-[%w-]+)=(.*)$")
    if not name then
        local back = (words[index] == "=" or words[index - 1] == "=") and (words[index] == "=" and 1 or 2) or 1
        name, value = words[index - back] or "", words[index] == "=" and "" or line.word
    end
    local option = option_named(line.definition, name) or option_named(line.own, name)
    if option and option._maxargs > 0 then
        return option, value, line.word:match("^%-%-[%w-]+=") or ""
    end
end

local function option_names(line)
    local names = {}
    for _, definition in ipairs { line.definition, line.own } do
        for _, option in ipairs(definition._options) do
            for _, alias in ipairs(option._hidden and {} or option._aliases) do
                names[#names + 1] = alias:sub(1, #line.word) == line.word and #alias > 2
                    and alias .. "\t" .. option:_get_description() or nil
            end
        end
    end
    return names
end

-- How many words before this one are arguments: neither the command, nor options, nor their values.
local function argument_index(line)
    local count, index = 0, line.command_index + 1
    while index < line.index do
        local word = line.words[index]
        local option = option_named(line.definition, word) or option_named(line.own, word)
        if option and option._maxargs > 0 then
            index = index + 1
        elseif word:sub(1, 1) ~= "-" then
            count = count + 1
        end
        index = index + 1
    end
    return count + 1
end

local function arguments(line)
    local pattern, argument = script_commands[line.command], argument_index(line)
    if (is_trace_argument[line.command] or {})[argument] then
        local ids = trace_ids(line, line.word)
        return ids, #ids == 0
    elseif pattern and (argument == 1 or line.command == "run") then
        return script_names(pattern), true
    end
    return {}, true
end

-- The first word that is a command, and where it stands.
local function find_command(words, before)
    for index = 1, before - 1 do
        for _, one in ipairs(command_list) do
            if words[index] == one.name then
                return one.name, index
            end
        end
    end
end

local function commands_and_help()
    local names = { "help\tShow the help of a command." }
    for index, one in ipairs(command_list) do
        names[index + 1] = one.name .. "\t" .. one.summary
    end
    return names
end

-- The words that may stand there, each with what is said of it after a tab, and whether files may, too.
local function offered(line)
    local option, value, prefix = option_of_value(line)
    if option then
        local values, takes_files = values_of(line, option, value)
        for index, one in ipairs(values) do
            values[index] = prefix .. one
        end
        return values, takes_files, prefix .. value
    elseif line.word:sub(1, 1) == "-" then
        return option_names(line), false
    elseif not line.command then
        return commands_and_help(), false
    end
    return arguments(line)
end

---The answer to a shell: a word a line, perhaps with a tab and what it means; ":files" where files are meant, too.
---@param index integer which of the words is completed
---@param words string[] of the command line, without the program's name
---@return string
function completion.text(index, words)
    local line = { words = words, index = index, word = words[index] or "" }
    line.command, line.command_index = find_command(words, index)
    local definition = parser.of_line { loaded = {}, arguments = { line.command } }
    line.own, line.definition = definition, definition._commands[line.command and 1 or 0] or definition
    if line.definition == definition then
        line.own = { _options = {} }
    end
    local names, takes_files, beginning = offered(line)
    beginning = beginning or line.word
    local lines = {}
    for _, name in ipairs(names) do
        lines[#lines + 1] = name:sub(1, #beginning) == beginning and name or nil
    end
    lines[#lines + 1] = takes_files and ":files" or nil
    return #lines > 0 and table.concat(lines, "\n") .. "\n" or ""
end

return completion
