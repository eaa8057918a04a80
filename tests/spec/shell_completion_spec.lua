-- What a shell offers after TAB, asked as the shell asks.
local helper = require "tests.spec.helper"
local screen = require "tests.spec.screen"

local function script_of(shell)
    return helper.write(helper.directory() .. "/completion", helper.run({ "--completion", shell }).stdout)
end

local program = helper.program:match("^/") and helper.program
    or helper.shell("pwd"):match("[^\n]+") .. "/" .. helper.program

-- Words that bash offers for the one at `index`; the program's name is 0.
local function offered_at(index, ...)
    local words = { helper.quote(program) }
    for _, word in ipairs { ... } do
        words[#words + 1] = helper.quote(word)
    end
    local text = helper.shell(("bash -c %s 2>/dev/null"):format(helper.quote(
        ("source %s; COMP_WORDS=(%s); COMP_CWORD=%d; _tracereel; printf '%%s\\n' \"${COMPREPLY[@]}\""):format(
            script_of("bash"), table.concat(words, " "), index))))
    local list = {}
    for word in text:gmatch("[^\n]+") do
        list[#list + 1] = word
    end
    return list
end

-- For the last of these words.
local function offered(...)
    return offered_at(select("#", ...), ...)
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

describe("completion of values", function()
    after_each(helper.clean)

    it("offers the ids of the traces of the log that is named on the line, before or after", function()
        local wal, ids, all = "examples/killed/wal", {}, {}
        for _, object in ipairs(helper.objects(helper.output_of("dump", "--json", wal))) do
            all[#all + 1] = not ids[object.trace_id] and object.trace_id or nil
            ids[object.trace_id] = true
        end
        assert.are.same(all, offered_at(2, "show", "", wal))
        assert.are.same({ "2a08dbf9-89f8-4619-ae4c-27cbbc8647de" }, offered_at(2, "show", "2a", "--full", wal))
        assert.are.same({ "2a08dbf9-89f8-4619-ae4c-27cbbc8647de" }, offered("debug", wal, "2a"))
        assert.are.same({ "2a08dbf9-89f8-4619-ae4c-27cbbc8647de" }, offered("diff", wal, "7f33", "2a"))
        assert.are.same({ "2a08dbf9-89f8-4619-ae4c-27cbbc8647de" }, offered("dump", wal, "--trace", "2a"))
        assert.are.same({ "x,2a08dbf9-89f8-4619-ae4c-27cbbc8647de" }, offered("dump", wal, "--trace", "x,2a"))
        assert.are.same({}, offered("dump", "--trace", "2a"))
        assert.are.same({}, offered("dump", "LICENSE", "--trace", "2a"))
    end)

    it("offers the last of a list, and what comes after =", function()
        assert.are.same({ "trace_start,checkpoint" }, offered("dump", "--type", "trace_start,ch"))
        assert.are.same({ "open,failed" }, offered("traces", "--outcome", "open,f"))
        assert.are.same({ "--mode=strict" }, offered("dump", "--mode=st"))
        assert.are.same({ "strict" }, offered("dump", "--mode", "=", "st"))
        assert.are.same({ "always" }, offered("--color", "al"))
        assert.are.same({ "check" }, offered("--color", "always", "che"))
        assert.are.same(helper.export_formats(), (function(list)
            table.sort(list)
            return list
        end)(offered("export", "--format", "")))
    end)

    it("reads no pipe that is named on the line", function()
        local pipe = helper.directory() .. "/pipe"
        helper.shell("mkfifo " .. pipe)
        local text, status = helper.shell(("timeout 20 %s --complete 2 show '' %s"):format(program, pipe))
        assert.are.equal(0, status)
        assert.are.equal(":files\n", text)
    end)
end)

describe("completion in zsh and fish", function()
    after_each(helper.clean)

    local starts = {
        zsh = "exec zsh -f -i; ",
        fish = "exec fish --no-config -i; ",
    }
    local setting = {
        zsh = "autoload -Uz compinit; compinit -D -u; source %s; PROMPT='ready> '",
        fish = "source %s; function fish_prompt; echo 'ready> '; end",
    }

    for _, shell in ipairs { "zsh", "fish" } do
        it("offers commands, options, values and traces in " .. shell, function()
            local one = helper.shell("command -v " .. shell) ~= ""
                and screen.open { columns = 150, rows = 40, env = { LC_ALL = "C.UTF-8" } }
            if not one then
                pending(shell .. " is not installed, or there is no terminal")
                return
            end
            local completed, problem = pcall(function()
                one:type(starts[shell])
                one:type(setting[shell]:format(script_of(shell)))
                one:wait("\nready>")
                for _, case in ipairs {
                    { " che", "check" }, { " check --js", "check %-%-json" }, { " dump --mode st", "%-%-mode strict" },
                    { " recover give_up_e", "recover give_up_errors" },
                    { " dump examples/killed/wal --trace 2a", "%-%-trace 2a08dbf9%-89f8%-4619%-ae4c%-27cbbc8647de" },
                    { " check LICEN", "check LICENSE" },
                } do
                    one:put(program .. case[1])
                    one:press("Tab")
                    one:wait("tracereel [^\n]*" .. case[2])
                    one:press("C-c")
                end
            end)
            one:close()
            assert(completed, problem)
        end)
    end

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
