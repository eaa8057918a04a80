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

-- The same of the examples: each line begins with the program's name, what it answers stands below it.
local function examples_of(help)
    local examples = {}
    for _, line in ipairs(sections_of(help).Examples or {}) do
        local label, last = line:match("^   (tracereel .*)"), examples[#examples]
        if label then
            examples[#examples + 1] = { label = label }
        else
            last.description = (last.description and last.description .. " " or "") .. line:match("^ +(.*)$")
        end
    end
    return examples
end

-- As troff shows it.
local function shown(text)
    return (text:gsub("\\%-", "-"):gsub("\\&", ""):gsub("\\e", "\\"):gsub("%s+", " "))
end

-- A section of a manual page, and in it what stands in one line or more.
local function section_of_page(page, name)
    return page:match("\n%.SH " .. name .. "\n(.-\n)%.SH ")
end

-- The same of a section of a manual page: a line for the label, and those of the description.
local function elements_of_page(page, name)
    local elements = {}
    for part in (section_of_page(page, name):gsub("\n%.TP\n", "\n\0") .. "\0"):gmatch("([^%z]+)%z") do
        local label, description = part:match("%.BR? ([^\n]*)\n(.*)$")
        elements[#elements + 1] = { label = shown(label:gsub(" %(1%)$", "")),
            description = shown(description):gsub(" $", "") }
    end
    return elements
end

local function check_width(text)
    for line in text:gmatch("[^\n]+") do
        assert.is_true(utf8.len(line) <= max_width, line)
    end
end

describe("help:", function()
    local whole, commands, own, page, pages

    setup(function()
        whole = helper.run { "--help" }
        page = helper.run { "--man" }
        commands, own, pages = elements_of(sections_of(whole.stdout).Commands), {}, {}
        for _, command in ipairs(commands) do
            own[command.label] = helper.run { command.label, "--help" }
            pages[command.label] = helper.run { "--man", command.label }
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

    it("no word at all is --help", function()
        assert.are.same(whole, helper.run {})
    end)

    it("the manual page of the program has its options, every command, and the exit statuses", function()
        assert.are.equal(0, page.status)
        assert.are.same(elements_of(sections_of(whole.stdout).Options), elements_of_page(page.stdout, "OPTIONS"))
        local listed = elements_of_page(page.stdout:gsub("\nEach has a page of its own%.\n%.TP", ""), "COMMANDS")
        for index, command in ipairs(commands) do
            assert.are.same({ label = "tracereel-" .. command.label, description = command.description },
                listed[index])
        end
        assert.are.equal(#commands, #listed)
        assert.are.same(elements_of(sections_of(whole.stdout)["Exit status"], margin_of_statuses),
            elements_of_page(page.stdout, "EXIT STATUS"))
    end)

    it("the manual page of a command has its options and examples, in the same words as its help", function()
        for _, command in ipairs(commands) do
            local text, help = pages[command.label].stdout, own[command.label].stdout
            assert.are.equal(0, pages[command.label].status)
            assert.are.equal(shown("tracereel\\-" .. command.label .. " \\- " .. command.description:gsub("%.$", "")),
                (shown(section_of_page(text, "NAME")):gsub(" $", "")))
            assert.are.same(all_elements(help), elements_of_page(text, "OPTIONS"))
            assert.are.same(examples_of(help), elements_of_page(text, "EXAMPLES"))
        end
        assert.are.same(pages.check, helper.run { "check", "--man" })
        local result = helper.run { "--man", "frobnicate" }
        assert.are.equal(2, result.status)
        assert.are.equal("tracereel: --man: unknown command 'frobnicate'\nTry `tracereel --help`.\n", result.stderr)
    end)

    it("what reads manual pages has nothing to say about them", function()
        local directory = helper.directory()
        for name, one in pairs(pages) do
            helper.write(("%s/%s.1"):format(directory, name), one.stdout)
        end
        helper.write(directory .. "/tracereel.1", page.stdout)
        assert.are.equal("", helper.shell(("mandoc -T lint %s/*.1 2>&1"):format(directory)))
    end)

    it("man shows a page without a warning, 80 columns wide, with every option", function()
        if helper.shell("command -v man && command -v groff") == "" then
            pending("man is not installed")
            return
        end
        local file = helper.write(helper.directory() .. "/run.1", pages.run.stdout)
        local text = helper.shell("env -u LD_PRELOAD LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l " .. file .. " 2>&1")
        assert.falsy(text:find("warning", 1, true), text:match("[^\n]*warning[^\n]*"))
        assert.truthy(text:find("tracereel run [-h] [--segments-from <LIST>]", 1, true))
        check_width(text)
        for _, element in ipairs(all_elements(own.run.stdout)) do
            assert.truthy(text:find("\n +" .. element.label:gsub("%p", "%%%0") .. "%f[%s]"), element.label)
        end
    end)
end)

-- What the examples are about: a log of a killed engine with its arenas and flow, a longer log, a scenario, a history.
local function lay_out()
    local directory = helper.directory()
    helper.shell(("cp -r examples/killed/. %s && cp -r examples/logs/busy %s/month && cp %s %s/history.json"):format(
        directory, directory, "examples/temporal/research.json", directory))
    helper.write(directory .. "/fewer.lua", "return { limits = { nodes = 4 } }\n")
    return directory
end

describe("the examples in the help", function()
    local directory, program

    setup(function()
        directory = lay_out()
        program = helper.program:match("^/") and helper.program
            or helper.shell("pwd"):match("[^\n]+") .. "/" .. helper.program
    end)

    teardown(helper.clean)

    -- In the order of the help: some take what others have written.
    for _, command in ipairs(require "tracereel.program.command_list") do
        it("can be typed: " .. command.name, function()
            local examples = examples_of(helper.run({ command.name, "--help" }).stdout)
            assert.is_true(#examples >= 1, "no example")
            for _, example in ipairs(examples) do
                assert.truthy(example.label:find("^tracereel " .. command.name .. " "), example.label)
                assert.truthy(example.description:find("^%u.*[.?]$"), example.description)
                local line = example.label:gsub("^tracereel", helper.quote(program))
                local text, status = helper.shell(("cd %s && %s </dev/null 2>&1"):format(directory, line))
                assert.are.equal(0, status, example.label .. "\n" .. text)
            end
        end)
    end
end)
