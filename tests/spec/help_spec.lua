-- The help of the program and of each command, and the manual page: each option is in both, with the same words.
local helper = require "tests.spec.helper"

local max_width, margin, margin_of_statuses = 80, 27, 7

-- "Name:" and what stands below it, up to an empty line.
local function sections_of(help)
    local sections, lines = {}, nil
    for line in help:gmatch("([^\n]*)\n") do
        local name = line:match("^(%u[%l ]+):$")
        if name then
            lines = {}
            sections[name] = lines
        elseif line == "" then
            lines = nil
        elseif lines then
            lines[#lines + 1] = line
        end
    end
    return sections
end

-- A line's label, and what is said of it; a label that is too long has a line of its own.
local function split(line, columns)
    if not line:find("^ %S", columns) then
        return line:match("^%s+(.*)$")
    end
    return line:sub(1, columns):match("^%s*(.-)%s*$"), line:sub(columns + 1)
end

-- What a section lists: { label, description }, which begins in that column. A label may take two lines, "-o <DIR>,"
-- and "--output <DIR>".
local function elements_of(lines, columns)
    local elements = {}
    for _, line in ipairs(lines or {}) do
        local last = elements[#elements]
        local label, first = split(line, columns or margin)
        if label == "" then
            last.description[#last.description + 1] = first
        elseif last and last.label:find(",$") then
            last.label = last.label .. " " .. label
            last.description[#last.description + 1] = first
        else
            elements[#elements + 1] = { label = label, description = { first } }
        end
    end
    for _, element in ipairs(elements) do
        element.description = table.concat(element.description, " ")
    end
    return elements
end

local function all_elements(help)
    local sections = sections_of(help)
    local elements = elements_of(sections.Arguments)
    table.move(elements_of(sections.Options), 1, 99, #elements + 1, elements)
    return elements
end

-- As troff shows it.
local function shown(text)
    return (text:gsub("\\%-", "-"):gsub("\\&", ""):gsub("\\e", "\\"):gsub("%s+", " "))
end

-- The same of a part of the manual page: a line for the label, and one for the description.
local function elements_of_page(part)
    local elements = {}
    for label, description in part:gmatch("%.TP\n%.B ([^\n]*)\n([^\n]*)\n") do
        elements[#elements + 1] = { label = shown(label), description = shown(description) }
    end
    return elements
end

local function check_width(text)
    for line in text:gmatch("[^\n]+") do
        assert.is_true(utf8.len(line) <= max_width, line)
    end
end

describe("help:", function()
    local whole, commands, own, page

    setup(function()
        whole = helper.run { "--help" }
        page = helper.run { "--man" }
        commands, own = elements_of(sections_of(whole.stdout).Commands), {}
        for _, command in ipairs(commands) do
            own[command.label] = helper.run { command.label, "--help" }
        end
    end)

    teardown(helper.clean)

    it("every command is in the help of the program, with its summary, and has help of its own", function()
        assert.are.equal(0, whole.status)
        assert.are.equal("", whole.stderr)
        local modules = helper.shell("ls lua/tracereel/commands")
        assert.are.equal(select(2, modules:gsub("%.lua\n", "")), #commands, modules)
        for _, command in ipairs(commands) do
            local help = own[command.label]
            assert.are.equal(0, help.status)
            assert.are.equal("", help.stderr)
            assert.truthy(help.stdout:find("^Usage: tracereel " .. command.label .. "[%s]"), help.stdout)
            assert.truthy(command.description:find("^%u.*%.$"), command.label)
            assert.truthy(help.stdout:gsub("%s+", " "):find(" " .. command.description, 1, true), help.stdout)
        end
        assert.truthy(whole.stdout:find("3  done, but the log is damaged", 1, true))
    end)

    it("every option and argument says what it is for", function()
        for _, command in ipairs(commands) do
            local elements = all_elements(own[command.label].stdout)
            assert.is_true(#elements >= 2, command.label)
            for _, element in ipairs(elements) do
                assert.truthy(element.description:find("^%S.*[.)]$"),
                    ("%s %s: %s"):format(command.label, element.label, element.description))
            end
        end
    end)

    it("every option of a command's usage line is explained below it", function()
        for _, command in ipairs(commands) do
            local help, labels = own[command.label].stdout, {}
            for _, element in ipairs(all_elements(help)) do
                labels[#labels + 1] = element.label
            end
            local text = table.concat(labels, " ") .. " "
            for option in help:match("^Usage: (.-)\n\n"):gmatch("%f[%-]%-%-?%a[%w-]*") do
                assert.truthy(text:find(option:gsub("%-", "%%-") .. "%f[^%w-]"), command.label .. " " .. option)
            end
        end
    end)

    it("no line is wider than 80 columns", function()
        check_width(whole.stdout)
        for _, command in ipairs(commands) do
            check_width(own[command.label].stdout)
        end
    end)

    it("`help` is --help, and `help COMMAND` is COMMAND --help", function()
        assert.are.same(whole, helper.run { "help" })
        for _, name in ipairs { "check", "simulate" } do
            assert.are.same(own[name], helper.run { "help", name })
        end
        local result = helper.run { "help", "frobnicate" }
        assert.are.equal(2, result.status)
        assert.truthy(result.stderr:find("unknown command 'frobnicate'", 1, true))
    end)

    it("the manual page has every option of every command, in the same words as its help", function()
        assert.are.equal(0, page.status)
        assert.are.same(elements_of(sections_of(whole.stdout).Options),
            elements_of_page(page.stdout:match("\n%.SH OPTIONS\n(.-\n)%.SH ")))
        local rest = page.stdout:match("\n%.SH COMMANDS(\n.-\n)%.SH "):gsub("\n%.SS ", "\n\0")
        local seen = {}
        for name, summary, part in rest:gmatch("%z([^\n]*)\n([^\n]*)\n([^%z]*)") do
            seen[#seen + 1] = { label = shown(name), description = shown(summary) }
            assert.are.same(all_elements(own[shown(name)].stdout), elements_of_page(part))
        end
        assert.are.same(commands, seen)
        assert.are.same(elements_of(sections_of(whole.stdout)["Exit status"], margin_of_statuses),
            elements_of_page(page.stdout:match("\n%.SH EXIT STATUS\n(.*)$")))
    end)

    it("man shows the manual page without a warning, 80 columns wide, with every option", function()
        if helper.shell("command -v man && command -v groff") == "" then
            pending("man is not installed")
            return
        end
        local file = helper.write(helper.directory() .. "/tracereel.1", page.stdout)
        local text = helper.shell("env -u LD_PRELOAD LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l " .. file .. " 2>&1")
        assert.falsy(text:find("warning", 1, true), text:match("[^\n]*warning[^\n]*"))
        assert.truthy(text:find("tracereel apply [-h] [--repair]", 1, true))
        check_width(text)
        for _, command in ipairs(commands) do
            for _, element in ipairs(all_elements(own[command.label].stdout)) do
                assert.truthy(text:find("\n +" .. element.label:gsub("%p", "%%%0") .. "%f[%s]"), element.label)
            end
        end
    end)
end)
