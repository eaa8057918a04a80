-- What is the same for every command: usage, where output goes, exit codes, interrupts. Its help: help_spec.
local helper = require "tests.spec.helper"

describe("the command line", function()
    after_each(helper.clean)

    it("says in the help of simulate when -o is needed, and where it is missing", function()
        local help = helper.run({ "simulate", "--help" }).stdout
        assert.truthy(help:find("^Usage: tracereel simulate [^\n]*%-o <DIR>"))
        assert.truthy(help:gsub("%s+", " "):find("Required without --sweep, --rank and --explore.", 1, true))
        local result = helper.run { "simulate", helper.script("return {}"), helper.log("orders") }
        assert.are.equal(2, result.status)
        assert.truthy(result.stderr:find("-o DIR says where the simulated log is to be written; --sweep", 1, true))
    end)

    it("answers --version", function()
        local result = helper.run { "--version" }
        assert.are.same(result, helper.run { "-V" })
        assert.truthy(result.stdout:find("^tracereel %d+%.%d+%.%d+\n$"))
        assert.are.equal(0, result.status)
    end)

    for _, shell in ipairs { "bash", "zsh", "fish" } do
        it("prints a completion script for " .. shell, function()
            local result = helper.run { "--completion", shell }
            assert.are.equal(0, result.status)
            assert.truthy(result.stdout:find("--complete", 1, true))
        end)
    end

    it("ends with 2 and a hint on standard error for wrong usage", function()
        for _, arguments in ipairs {
            { "frobnicate" }, { "dump" }, { "dump", "--nope", helper.log("orders") },
            { "dump", "--type", "node_finished", helper.log("orders") },
            { "dump", "--from", "here", helper.log("orders") },
            { "dump", "--node", "x", helper.log("orders") },
            { "dump", "--trace", "x", helper.log("orders") },
            { "dump", "--since", "noon", helper.log("orders") },
            { "dump", "--since", "2", "--until", "1", helper.log("orders") },
            { "dump", "--until", "0", helper.log("orders") },
            { "run", "node_times", "--until", "1970-01-01T00:00:00Z", helper.log("orders") },
            { "traces", "--status", "odd", helper.log("orders") },
            { "check", "--mode", "odd", helper.log("orders") },
            { "run", "--max-memory", "lots", "stuck", helper.log("orders") },
        } do
            local result = helper.run(arguments)
            assert.are.equal(2, result.status, table.concat(arguments, " "))
            assert.are.equal("", result.stdout)
            assert.truthy(result.stderr:find("--help`.\n", 1, true))
        end
    end)

    it("ends with 4 if there is no log", function()
        local directory = helper.directory()
        for _, path in ipairs { helper.log("no-segments"), directory .. "/missing", directory } do
            for _, command in ipairs { "dump", "check", "traces" } do
                local result = helper.run { command, path }
                assert.are.equal(4, result.status)
                assert.are.equal("", result.stdout)
                assert.truthy(result.stderr:find(path, 1, true))
            end
        end
    end)

    it("reports a directory that is named like a segment, and reads the segments beside it", function()
        local directory = helper.directory()
        helper.shell("mkdir " .. directory .. "/wal_0000000000000000.log")
        helper.shell("cp " .. helper.log("edge") .. "/wal_0000000000000000.log " .. directory
            .. "/wal_0000000000000001.log")
        local result = helper.run { "dump", "--json", directory }
        assert.are.equal(3, result.status)
        assert.are.equal(23, #helper.objects(result.stdout))
        assert.truthy(result.stderr:find("wal_0000000000000000.log: expected a file, found a directory", 1, true))
        result = helper.run { "check", directory }
        assert.truthy(result.stdout:find("the engine would refuse to recover from this log: it cannot read "
            .. "wal_0000000000000000.log: that is a directory\n", 1, true), result.stdout)
    end)

    it("reads an empty log as an empty log", function()
        local result = helper.run { "dump", helper.log("empty") }
        assert.are.same({ stdout = "", stderr = "", status = 0 }, result)
    end)
end)

describe("output", function()
    after_each(helper.clean)

    local log = helper.log("orders")
    local commands_with_output = {
        { "dump", log }, { "dump", "--json", log }, { "dump", "--stats", log }, { "check", log }, { "traces", log },
        { "show", "068c8572", log }, { "run", "node_times", log }, { "run", "--list" }, { "--help" }, { "--version" },
        { "--completion", "bash" }, { "export", "--format", "csv", log }, { "export", "--format", "prometheus", log },
    }

    for _, arguments in ipairs(commands_with_output) do
        it("that a full disk takes ends `" .. table.concat(arguments, " ") .. "` with 4", function()
            local result = helper.run(arguments, { stdout = "/dev/full" })
            assert.are.equal(4, result.status)
            assert.truthy(result.stderr:find("cannot write to standard output: No space left", 1, true))
        end)
    end

    it("that a script's print cannot write ends with 4, even if the script catches the error", function()
        for _, text in ipairs {
            "return { api = 1, record = function() print(('x'):rep(1000)) end }",
            "return { api = 1, record = function() pcall(print, ('x'):rep(1000)) end }",
        } do
            local result = helper.run_script(text, { stdout = "/dev/full" })
            assert.are.equal(4, result.status)
            assert.truthy(result.stderr:find("cannot write to standard output", 1, true))
        end
    end)

    it("to a closed pipe ends the program quietly", function()
        local script = helper.script("return { api = 1, record = function() print(('x'):rep(1000)) end }")
        for _, words in ipairs { "dump --json " .. log, "run " .. script .. " " .. log } do
            local errors = helper.directory() .. "/stderr"
            local text = helper.shell(("%s %s 2>%s | head -c 10"):format(helper.program, words, errors))
            assert.are.equal(10, #text)
            assert.are.equal("", helper.read(errors))
            -- Also where the shell has turned the signal off.
            helper.shell(("(trap '' PIPE; %s %s 2>%s) | head -c 10"):format(helper.program, words, errors))
            assert.are.equal("", helper.read(errors))
        end
    end)

    it("has no colours unless it is a terminal", function()
        for _, arguments in ipairs(commands_with_output) do
            assert.is_nil(helper.run(arguments).stdout:find("\27", 1, true))
        end
    end)

    -- Each word as a pipe gets it, in its order.
    local function words_of(text)
        return (text:gsub("%s+", " "))
    end

    it("that is sentences fits a terminal's columns, and has long lines in a pipe", function()
        for _, arguments in ipairs { { "check", helper.log("zero-tail") }, { "check", helper.log("bad-type") },
            { "repair", helper.log("zero-tail") }, { "run", "--list" } } do
            local piped = helper.run(arguments).stdout
            local command = ("stty cols 80; %s %s"):format(helper.quote(helper.program), table.concat(arguments, " "))
            local text = helper.on_terminal(command, "NO_COLOR=1") or pending("no terminal here")
            text = text:gsub("\r", "")
            assert.are.equal(words_of(piped), words_of(text))
            assert.truthy(piped:find(("[^\n]"):rep(81)), piped)
            for line in text:gmatch("[^\n]+") do
                assert.is_true(utf8.len(line) <= 80, line)
            end
        end
    end)

    it("that says an argument is missing says what the command takes", function()
        for command, words in pairs {
            show = "show takes a trace's id, then a log (`tracereel traces LOG` lists the ids)",
            apply = "apply takes a plan, then the log that it was made for",
            crashtest = "crashtest takes a script, then a log", simulate = "simulate takes a scenario, then a log",
        } do
            local result = helper.run { command, log }
            assert.are.equal(2, result.status)
            assert.truthy(result.stderr:find(": " .. words .. "\n", 1, true), result.stderr)
        end
    end)

    it("has colours on a terminal, and none with NO_COLOR", function()
        local command = helper.program .. " traces " .. log
        local coloured = helper.on_terminal(command, "TERM=xterm NO_COLOR=") or pending("no terminal here")
        assert.truthy(coloured:find("\27[32m", 1, true))
        assert.is_nil(helper.on_terminal(command, "TERM=xterm NO_COLOR=1"):find("\27[", 1, true))
    end)
end)

describe("a list with commas", function()
    for option, expected in pairs {
        ["--node"] = "a node number expected, got an empty list",
        ["--trace"] = "a trace id, or the beginning of one, expected, got an empty list",
        ["--type"] = "a record type expected, got an empty list",
    } do
        for _, value in ipairs { "", "," } do
            it(("is refused if it is empty: %s '%s'"):format(option, value), function()
                local run = helper.run { "dump", option, value, helper.log "orders" }
                assert.equal(2, run.status)
                assert.truthy(run.stderr:find(expected, 1, true), run.stderr)
            end)
        end
    end

    it("takes its items, whatever number of commas separates them", function()
        local run = helper.run { "dump", "--json", "--node", "3,,5,", "--type", "node_done", helper.log "orders" }
        local nodes = {}
        for _, record in ipairs(helper.objects(run.stdout)) do
            nodes[record.node_id] = true
        end
        assert.same({ ["#3"] = true, ["#5"] = true }, nodes)
    end)
end)

describe("an interrupt", function()
    after_each(helper.clean)

    -- A log that never ends: a pipe that stays open after its first records.
    local function interrupted(arguments, times, signals)
        local directory = helper.directory()
        local words = {}
        for _, argument in ipairs(arguments) do
            words[#words + 1] = helper.quote(argument)
        end
        helper.write(directory .. "/run.sh", ([[
            mkfifo %s/pipe
            %s %s - <%s/pipe >%s/stdout 2>%s/stderr &
            reader=$!
            exec 3>%s/pipe
            cat %s >&3
            until grep -q '^SigCgt:.*[2367abef]$' /proc/$reader/status; do sleep 0.02; done # SIGINT, the second bit
            sleep 0.2
            %s
            wait $reader
            echo $? >%s/status
        ]]):format(directory, helper.program, table.concat(words, " "), directory, directory, directory, directory,
            helper.log("orders/wal_0000000000000000.log"),
            ("sleep 0.3; " .. (signals or "kill -INT $reader")):rep(times or 1, "; "), directory))
        -- A shell that starts a job in the background lets it ignore interrupts; bash -m does not.
        helper.shell("timeout 20 bash -m " .. directory .. "/run.sh 2>&1")
        return {
            stdout = helper.read(directory .. "/stdout"),
            stderr = helper.read(directory .. "/stderr"),
            status = tonumber(helper.read(directory .. "/status")),
        }
    end

    it("ends a run with 130, after `finish` was called", function()
        local script = helper.script("local n = 0 return { api = 1, record = function() n = n + 1 end,"
            .. " finish = function() return n end }")
        local result = interrupted { "run", script }
        assert.are.equal(130, result.status)
        assert.truthy(result.stdout:find("^%d+\n$"), result.stderr)
    end)

    it("that comes twice ends a busy handler with 130", function()
        local script = helper.script("return { api = 1, record = function() while true do end end }")
        local result = interrupted({ "run", script }, 2)
        assert.are.equal(130, result.status)
        assert.are.equal("", result.stdout)
    end)

    -- As timeout does, which signals the program and then its whole group.
    it("that is delivered twice at once counts once, and does not cut `finish` short", function()
        local script = helper.script("return { api = 1, finish = function() local n = 0 for i = 1, 3e7 do n = n + 1 end"
            .. " return n end }")
        -- Two signals that differ: the kernel takes two of a kind for one where the program has not seen the first.
        local result = interrupted({ "run", script }, 1, "kill -INT $reader; kill -TERM $reader")
        assert.are.equal("30000000\n", result.stdout)
        assert.are.equal(130, result.status)
    end)

    it("ends a dump with 130, and says that a part of the log may be missing", function()
        local result = interrupted { "dump", "--json" }
        assert.are.equal(130, result.status)
        assert.are.equal("tracereel: interrupted: the answer may lack a part of -\n", result.stderr)
    end)

    it("ends a check with 130, and without a verdict on what was not read", function()
        for _, words in ipairs { { "check" }, { "check", "--json" } } do
            local result = interrupted(words)
            assert.are.equal(130, result.status)
            assert.are.equal("", result.stdout)
            assert.are.equal("tracereel: interrupted: - was not read to its end\n", result.stderr)
        end
    end)
end)
