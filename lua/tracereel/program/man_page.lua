-- The manual page, made from what the help texts are made from.
local man_page = {}

-- Escapes what troff would take for a command or an escape.
local function plain(text)
    return (text:gsub("\\", "\\e"):gsub("-", "\\-"):gsub("%f[^\n\0]([.'])", "\\&%1"))
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
            add(lines, ".TP", ".B " .. plain(label_of(element)), plain(element:_get_description()))
        end
    end
end

local function add_as_it_stands(lines, text)
    add(lines, ".PP", ".nf", plain(text), ".fi")
end

local function add_command(lines, command)
    add(lines, ".SS " .. plain(command._name), plain(command._description or command:_get_description()))
    add_as_it_stands(lines, (command:get_usage():gsub("^Usage: ", "")))
    add_elements(lines, command._arguments)
    add_elements(lines, command._options)
end

---@param parser table argparse's, with all commands
---@param about { version: string, summary: string, description: string, exit_statuses: table } exit_statuses: of
---exit_codes.list
---@return string
function man_page.text(parser, about)
    local lines = {
        (".TH TRACEREEL 1 \"\" \"tracereel %s\" \"User Commands\""):format(about.version),
        ".SH NAME", "tracereel \\- " .. plain(about.summary),
        ".SH SYNOPSIS", ".B tracereel", "COMMAND [OPTIONS] LOG...",
        ".SH DESCRIPTION", plain(about.description),
        ".PP",
        "A LOG is a directory of segments, one segment (wal_*.log, .log.gz or .log.zst), or \\- for standard input.",
        ".SH OPTIONS",
    }
    add_elements(lines, parser._options)
    add(lines, ".SH COMMANDS")
    for _, command in ipairs(parser._commands) do
        add_command(lines, command)
    end
    add(lines, ".SH EXIT STATUS")
    for _, one in ipairs(about.exit_statuses) do
        add(lines, ".TP", ".B " .. one.status, plain(one.meaning))
    end
    return table.concat(lines, "\n") .. "\n"
end

return man_page
