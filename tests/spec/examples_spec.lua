-- The examples, the README and the pages of docs show real output: a reader who runs their commands gets the same.
local exact_json = require "tests.spec.exact_json"
local exit_codes = require "tracereel.cli.exit_codes"
local helper = require "tests.spec.helper"

local log = "examples/logs/orders"

local function records()
    local list = {}
    for line in helper.run({ "dump", "--json", log }).stdout:gmatch("[^\n]+") do
        list[#list + 1] = exact_json(line)
    end
    return list
end

-- Cuts "    $ command" blocks out of a page: command and the output that is shown under it. What follows the debugger's
-- prompt is input.
local function shown_commands(text)
    local blocks, current = {}, nil
    for line in (text .. "\n"):gmatch("(.-)\n") do
        local command = line:match("^    %$ (.+)$")
        if command then
            current = { command = command, lines = {} }
            blocks[#blocks + 1] = current
        elseif current and line:match("^    %(tracereel%) ") then
            current.input = (current.input or "") .. line:match("%) (.*)") .. "\n"
        elseif current and (line:match("^    ") or line == "") then
            current.lines[#current.lines + 1] = line:gsub("^    ", "")
        else
            current = nil
        end
    end
    for _, block in ipairs(blocks) do
        block.output = table.concat(block.lines, "\n"):gsub("\n+$", "")
    end
    return blocks
end

-- The Lua texts of a page that its commands run, by the names that they have there, in their order on the page; false:
-- one that no command runs.
local files_of_page = {
    ["README.md"] = { "slow.lua" },
    ["docs/backtest.md"] = { "doubling.lua", "five.lua" },
    ["docs/import.md"] = { "jobs.lua", false, false, "jobs_spec.lua" },
    ["docs/scripting.md"] = { "late.lua", "slow.lua", "slowest.lua", "runs.lua", "count.lua", "late_spec.lua",
        "pull.lua" },
}

-- Needs an installed library: c_library_spec does it.
local apart = { ["docs/c-library.md"] = true }

-- Carries out a page as a reader does: all its commands in one empty directory beside `examples`, in their order.
local function carry_out(page, blocks)
    local directory, root = helper.directory(), helper.shell("pwd"):match("[^\n]+")
    helper.shell(("ln -s %s/examples %s/examples"):format(root, directory))
    local names, number = files_of_page[page] or {}, 0
    for text in helper.read(page):gmatch("```lua\n(.-)```") do
        number = number + 1
        if names[number] then
            helper.write(directory .. "/" .. names[number], text)
        end
    end
    local program = helper.program:match("^/") and helper.program or root .. "/" .. helper.program
    local setting = ("cd %s && PATH=%s:$PATH LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' "):format(directory,
        program:match("^(.*)/"), root, root)
    for index, block in ipairs(blocks) do
        local script = helper.write(("%s/.command%d"):format(directory, index), block.command .. "\n")
        local input = block.input and helper.write(directory .. "/.input", block.input) or "/dev/null"
        block.result = helper.shell(("%ssh %s <%s 2>/dev/null"):format(setting, script, input))
    end
end

-- The anchors that a page's headings get.
local function headings(path)
    local anchors = {}
    for heading in ("\n" .. helper.read(path)):gmatch("\n#+ ([^\n]+)") do
        local anchor = heading:lower():gsub("[^%w%s_-]", ""):gsub(" ", "-")
        anchors[anchor] = true
    end
    return anchors
end

-- Blanks at the ends of lines are not kept in a page.
local function as_shown(text)
    return (text:gsub("[ \t]+\n", "\n"):gsub("\n+$", ""))
end

describe("the examples", function()
    after_each(helper.clean)

    for _, name in ipairs { "node_timing", "waiting", "error_digest" } do
        it("print the output saved with them: " .. name, function()
            local result = helper.run { "run", ("examples/%s.lua"):format(name), log }
            assert.equal("", result.stderr)
            assert.equal(helper.read(("examples/%s.txt"):format(name)), result.stdout)
            assert.equal(0, result.status)
        end)
    end

    it("count every run of a node once", function()
        local runs = {}
        for _, record in ipairs(records()) do
            if record.type == "node_done" then
                runs[record.node_id] = (runs[record.node_id] or 0) + 1
            end
        end
        local seen = 0
        for node, count in helper.read("examples/node_timing.txt"):gmatch("\n%s*(%d+)%s+(%d+)") do
            assert.equal(runs["#" .. node], math.tointeger(count))
            seen = seen + 1
        end
        assert.equal(8, seen)
    end)

    it("count every error once, and the traces that recovered from it", function()
        local errors, traces, complete = 0, {}, {}
        for _, record in ipairs(records()) do
            if record.type == "node_error" and record.error_message:find("timeout") then
                errors = errors + 1
                traces[record.trace_id] = true
            end
            complete[record.trace_id] = complete[record.trace_id] or record.type == "trace_complete"
        end
        local trace_count, overcome = 0, 0
        for id in pairs(traces) do
            trace_count = trace_count + 1
            overcome = overcome + (complete[id] and 1 or 0)
        end
        local row = ("%%f[%%d]%d%%s+%d%%s+%d  node 3: payment gateway timeout"):format(errors, trace_count, overcome)
        assert.truthy(helper.read("examples/error_digest.txt"):find(row))
    end)
end)

describe("the README", function()
    local readme = helper.read("README.md")

    it("has at most 130 lines", function()
        local _, lines = readme:gsub("\n", "\n")
        assert.is_true(lines <= 130, lines .. " lines")
    end)

    it("has a script of at most ten lines", function()
        local _, lines = readme:match("```lua\n(.-)```"):gsub("\n", "\n")
        assert.is_true(lines <= 10, lines .. " lines")
    end)

    it("shows commands and output of at most 80 columns", function()
        for _, block in ipairs(shown_commands(readme)) do
            for line in (block.command .. "\n" .. block.output):gmatch("[^\n]+") do
                assert.is_true(utf8.len(line) <= 80, line)
            end
        end
    end)
end)

describe("docs/commands.md", function()
    local page = helper.read("docs/commands.md")

    it("has every exit status of the program, and no other", function()
        local documented, there = {}, {}
        for status in page:match("## Exit status\n(.-)\n## "):gmatch("\n| (%d+) |") do
            documented[#documented + 1] = math.tointeger(status)
        end
        for _, status in pairs(exit_codes) do
            there[#there + 1] = status
        end
        table.sort(there)
        assert.same(there, documented)
    end)

    it("orders the statuses as the program does, from harmless to grave", function()
        local order = page:match("the gravest of theirs, in this order: ([%d, ]+)%.")
        local before
        for status in order:gmatch("%d+") do
            status = math.tointeger(status)
            if before then
                assert.equal(status, exit_codes.graver(before, status))
                assert.equal(status, exit_codes.graver(status, before))
            end
            before = status
        end
        local _, count = order:gsub("%d+", "")
        assert.equal(9, count)
    end)

    it("names every option that the help of a command names", function()
        local all = page
        for name in helper.shell("ls docs/*.md"):gmatch("%S+") do
            all = all .. helper.read(name)
        end
        for file in helper.shell("ls lua/tracereel/commands/*.lua"):gmatch("[^\n]+") do
            local command = file:match("([%w_]+)%.lua$")
            for option in helper.run({ command, "--help" }).stdout:gmatch("\n%s+%S*%s*(%-%-[%a-]+)") do
                assert.truthy(all:find(option, 1, true), command .. " " .. option)
            end
        end
    end)
end)

describe("docs/development.md", function()
    local is_root = { docs = true, examples = true, include = true, lua = true, src = true, tests = true, tools = true }

    it("names only targets that make has", function()
        local rules, named = "\n" .. helper.read("Makefile"), 0
        for target in helper.read("docs/development.md"):gmatch("`make ([%l-]+)`") do
            named = named + 1
            assert.truthy(rules:find("\n" .. target:gsub("%-", "%%-") .. ":[^\n]*\n"), target)
        end
        assert.truthy(named >= 10, named)
    end)

    it("names only files and folders that exist", function()
        local count = 0
        for path in helper.read("docs/development.md"):gmatch("`([%w_]+/[%w_./]*)`") do
            if is_root[path:match("^[^/]+")] and not path:find("NAME", 1, true) then
                local _, missing = helper.shell("test -e " .. path)
                assert.equal(0, missing, path)
                count = count + 1
            end
        end
        assert.is_true(count >= 30, count .. " paths")
    end)
end)

local pages = { "README.md" }
for page in helper.shell("LC_ALL=C ls docs/*.md examples/*/*.md"):gmatch("[^\n]+") do
    pages[#pages + 1] = not apart[page] and page or nil
end

for _, page in ipairs(pages) do
    local blocks = shown_commands(helper.read(page))
    describe("the page " .. page, function()
        setup(function()
            carry_out(page, blocks)
        end)

        teardown(helper.clean)

        for _, block in ipairs(blocks) do
            it("shows what the command prints: " .. block.command, function()
                assert.equal(block.output, as_shown(block.result))
            end)
        end

        it("has no broken link", function()
            local prose = ("\n" .. helper.read(page)):gsub("\n    [^\n]*", ""):gsub("`[^`\n]*`", "")
            for target in prose:gmatch("%]%(([^):%s]+)%)") do
                local path, anchor = target:match("^([^#]*)#?(.*)$")
                path = path == "" and page or (page:match("^.*/") or "") .. path
                local _, missing = helper.shell("test -e " .. helper.quote(path))
                assert.equal(0, missing, target)
                if anchor ~= "" then
                    assert.truthy(headings(path)[anchor], target)
                end
            end
        end)
    end)
end
