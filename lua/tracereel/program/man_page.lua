-- The manual pages, made from what the help texts are made from: tracereel(1), and one for each command.
local man_page = {}

-- The day on which what the pages say was last looked over as a whole.
local revised = "2026-11-28"

local max_line_bytes = 80

-- Escapes what troff would take for a command or an escape.
local function plain(text)
    return (text:gsub("\\", "\\e"):gsub("-", "\\-"):gsub("%f[^\n\0]([.'])", "\\&%1"))
end

-- Prose, in lines that troff fills: they are broken here as its readers like to have it.
local function prose(text)
    local lines = {}
    for word in text:gmatch("%S+") do
        local last, escaped = lines[#lines], plain(word)
        if last and #last + 1 + #escaped < max_line_bytes then
            lines[#lines] = last .. " " .. (escaped:gsub("^\\&", ""))
        else
            lines[#lines + 1] = escaped
        end
    end
    return table.concat(lines, "\n")
end

local function add(lines, ...)
    for _, line in ipairs { ... } do
        lines[#lines + 1] = line
    end
end

local function label_of(element)
    local parts = {}
    for index, line in ipairs(element:_get_label_lines()) do
        parts[index] = line:match("^%s*(.-),?$")
    end
    return table.concat(parts, ", ")
end

local function add_elements(lines, elements)
    for _, element in ipairs(elements) do
        if not element._hidden then
            add(lines, ".TP", ".B " .. plain(label_of(element)), prose(element:_get_description()))
        end
    end
end

local function begin(lines, name, version, summary)
    add(lines, (".TH %s 1 %s \"tracereel %s\" \"User Commands\""):format(plain(name:upper()), revised, version),
        ".SH NAME", prose(name .. " - " .. summary))
end

local function add_exit_statuses(lines, statuses)
    add(lines, ".SH EXIT STATUS")
    for _, one in ipairs(statuses) do
        add(lines, ".TP", ".B " .. one.status, prose(one.meaning))
    end
end

local function add_references(lines, names)
    local references = {}
    for index, name in ipairs(names) do
        references[index] = (".BR %s (1)"):format(plain(name))
    end
    add(lines, ".SH SEE ALSO", table.concat(references, " ,\n"))
end

local function page_of(command_name)
    return "tracereel-" .. command_name
end

---@class tracereel.about What the pages say beside the options.
---@field version string
---@field summary string
---@field description string
---@field environment { [1]: string, [2]: string }[] the variables that are looked at, and what each does
---@field exit_statuses table of exit_codes.list
---@field examples table<string, { [1]: string, [2]: string }[]> by command

---The page of the program, tracereel(1).
---@param parser table argparse's, with all commands
---@param about tracereel.about
---@return string
function man_page.of_program(parser, about)
    local lines, pages = {}, {}
    begin(lines, "tracereel", about.version, about.summary)
    add(lines, ".SH SYNOPSIS", ".B tracereel", "COMMAND [OPTIONS] LOG...", ".SH DESCRIPTION", prose(about.description),
        ".PP",
        prose("A LOG is a directory of segments, one segment (wal_*.log, .log.gz or .log.zst), or - for standard "
            .. "input."),
        ".SH OPTIONS")
    add_elements(lines, parser._options)
    add(lines, ".SH COMMANDS", "Each has a page of its own.")
    for index, command in ipairs(parser._commands) do
        pages[index] = page_of(command._name)
        add(lines, ".TP", (".BR %s (1)"):format(plain(pages[index])),
            prose(command._description or command:_get_description()))
    end
    add(lines, ".SH ENVIRONMENT")
    for _, one in ipairs(about.environment) do
        add(lines, ".TP", ".B " .. plain(one[1]), prose(one[2]))
    end
    add_exit_statuses(lines, about.exit_statuses)
    add_references(lines, pages)
    return table.concat(lines, "\n") .. "\n"
end

-- "Do this: of that." as the name of a page has it: without its full stop.
local function as_summary(text)
    return (text:gsub("%.$", ""))
end

---The page of a command, tracereel-COMMAND(1).
---@param command table argparse's
---@param about tracereel.about
---@return string
function man_page.of_command(command, about)
    local lines, name = {}, command._name
    local summary = command._description or command:_get_description()
    begin(lines, page_of(name), about.version, as_summary(summary))
    add(lines, ".SH SYNOPSIS", ".nf", plain((command:get_usage():gsub("^Usage: ", ""))), ".fi", ".SH DESCRIPTION",
        prose(summary), ".SH OPTIONS")
    add_elements(lines, command._arguments)
    add_elements(lines, command._options)
    add(lines, ".SH EXAMPLES")
    for _, example in ipairs(about.examples[name]) do
        add(lines, ".TP", ".B " .. plain(example[1]), prose(example[2]))
    end
    add_exit_statuses(lines, about.exit_statuses)
    add_references(lines, { "tracereel" })
    return table.concat(lines, "\n") .. "\n"
end

return man_page
