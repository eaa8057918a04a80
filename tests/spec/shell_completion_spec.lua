-- What a shell offers after TAB, asked as the shell asks.
local helper = require "tests.spec.helper"

local function script_of(shell)
    return helper.write(helper.directory() .. "/completion", helper.run({ "--completion", shell }).stdout)
end

-- Words that bash offers for the last of these words.
local function offered(...)
    local words = {}
    for index, word in ipairs { "tracereel", ... } do
        words[index] = helper.quote(word)
    end
    local text = helper.shell(("bash -c %s 2>/dev/null"):format(helper.quote(
        ("source %s; COMP_WORDS=(%s); COMP_CWORD=%d; _tracereel; printf '%%s\\n' \"${COMPREPLY[@]}\""):format(
            script_of("bash"), table.concat(words, " "), #words - 1))))
    local list = {}
    for word in text:gmatch("[^\n]+") do
        list[#list + 1] = word
    end
    return list
end

local function bundled(pattern)
    local names = {}
    local command = ("grep -lE %s lua/tracereel/scripts/*.lua"):format(helper.quote(pattern))
    for name in helper.shell(command):gmatch("(%w[%w_]*)%.lua") do
        names[#names + 1] = name
    end
    return names
end

describe("completion in bash", function()
    after_each(helper.clean)

    it("offers commands, options and choices", function()
        assert.are.same({ "check" }, offered("che"))
        assert.are.same({ "--json" }, offered("check", "--js"))
        assert.are.same({ "salvage", "prefix", "strict" }, offered("dump", "--mode", ""))
    end)

    it("offers no option that the help does not show", function()
        assert.are.same({}, offered("dump", "--no-s"))
    end)

    it("offers record types for --type, also inside a list", function()
        assert.are.same(require("tracereel.base").types, offered("dump", "--type", ""))
        local result = helper.run { "dump", "--type", "trace_start,checkpoint", helper.log("orders") }
        assert.are.equal(0, result.status, result.stderr)
    end)

    it("offers the words that --by of timing knows, of which other values are allowed", function()
        assert.are.same({ "node", "trace", "hour", "outcome" }, offered("timing", "--by", ""))
    end)

    it("offers bundled scripts for run, deciding ones for recover and crashtest, and files", function()
        local is_file, scripts = {}, {}
        for name in helper.shell("ls"):gmatch("[^\n]+") do
            is_file[name] = true
        end
        for _, word in ipairs(offered("run", "")) do
            scripts[#scripts + 1] = not is_file[word] and not word:find("^%.") and word or nil
        end
        assert.are.same(bundled("api = 1"), scripts)
        for _, command in ipairs { "recover", "crashtest" } do
            assert.are.same({ "give_up_errors", "give_up_old" }, offered(command, "give"))
            assert.are.same({}, offered(command, "stuc"))
        end
        assert.are.same({ "LICENSE" }, offered("run", "LICEN"))
        assert.are.same({ "LICENSE" }, offered("show", "--flow", "LICEN"))
    end)
end)

describe("completion in zsh and fish", function()
    after_each(helper.clean)

    it("offers the same scripts and types", function()
        local zsh, fish = helper.read(script_of("zsh")), helper.read(script_of("fish"))
        local names = table.concat(bundled("recover = |recover\\("), " ")
        assert.truthy(zsh:find("{_alternative 'scripts:script:(" .. names .. ")' 'files:file:_files'}", 1, true))
        assert.truthy(fish:find("-n '__fish_tracereel_seen_command recover' -a '" .. names .. "'\n", 1, true))
        assert.truthy(zsh:find('"%*%-%-type%[[^\n]+: :%(trace_start node_start '))
        assert.truthy(fish:find("seen_command dump' %-l type %-xa 'trace_start node_start "))
    end)

    for _, shell in ipairs { "zsh -n", "fish --no-execute" } do
        it("is read by " .. shell, function()
            local name = shell:match("%w+")
            if helper.shell("command -v " .. name) == "" then
                pending(name .. " is not installed")
                return
            end
            local text, status = helper.shell(("%s %s 2>&1"):format(shell, script_of(name)))
            assert.are.equal(0, status, text)
        end)
    end
end)
