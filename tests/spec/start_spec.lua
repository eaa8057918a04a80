-- What the program loads before it does its work: what the command line needs, and nothing else.
local helper = require "tests.spec.helper"

-- The Lua files that a command line opens, by their names below lua/tracereel; argparse is "argparse".
local function loaded(...)
    local list = helper.directory() .. "/opened"
    local words = {}
    for index, word in ipairs { ... } do
        words[index] = helper.quote(word)
    end
    helper.shell(("strace -qq -e trace=openat -o %s %s %s </dev/null >/dev/null 2>&1; true"):format(helper.quote(list),
        helper.traced_program, table.concat(words, " ")))
    local files = {}
    for line in helper.read(list):gmatch("[^\n]+") do
        local path = line:match('"([^"]*)%.lua", .* = %d+$')
        if path then
            files[path:match("/tracereel/(.*)$") or path:match("[^/]*$")] = true
        end
    end
    assert(files.cli, "strace has not seen that cli.lua was opened")
    return files
end

local function commands_in(files)
    local names = {}
    for file in pairs(files) do
        names[#names + 1] = file:match("^commands/(.*)")
    end
    table.sort(names)
    return names
end

describe("the start of the program", function()
    after_each(helper.clean)

    it("--version loads neither a command nor the reader of command lines", function()
        local files = loaded("--version")
        assert.are.same({}, commands_in(files))
        assert.is_nil(files.argparse)
    end)

    it("the help of the program, and a word that is no command, load no command", function()
        for _, word in ipairs { "--help", "help", "frobnicate" } do
            local files = loaded(word)
            assert.are.same({}, commands_in(files), word)
            assert.is_true(files.argparse, word)
        end
    end)

    it("a command, and its help, load that command alone", function()
        local help = loaded("check", "--help")
        assert.are.same({ "check" }, commands_in(help))
        assert.are.same(help, loaded("help", "check"))
        assert.are.same({ "check" }, commands_in(loaded("check", helper.log("all-complete"))))
    end)

    it("a word that is nearly a command is told which", function()
        local result = helper.run { "timming" }
        assert.are.equal(2, result.status)
        assert.are.equal("tracereel: unknown command 'timming'\nDid you mean 'timing'?\nTry `tracereel --help`.\n",
            result.stderr)
    end)

    it("the help and completions are of all commands wherever they are asked for", function()
        for _, words in ipairs { { "--help" }, { "--completion", "bash" } } do
            local alone = helper.run(words)
            assert.are.equal(0, alone.status)
            assert.truthy(alone.stdout:find(words[1] == "--help" and "generate" or "complete", 1, true))
            words[#words + 1] = "check"
            assert.are.same(alone, helper.run(words))
            if words[1] ~= "--help" then
                table.insert(words, 1, table.remove(words))
                assert.are.same(alone, helper.run(words))
            end
        end
    end)

    it("a command after -- is one", function()
        local log = helper.log("all-complete")
        assert.are.same(helper.run { "check", log }, helper.run { "--", "check", log })
    end)
end)
