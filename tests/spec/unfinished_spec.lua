-- A log that a command writes is complete or not there, whatever ends the command; what a kill leaves looks unfinished,
-- and the second try works.
local helper = require "tests.spec.helper"
local system_calls = require "tests.spec.system_calls"
local unfinished_outputs = require "tests.spec.unfinished_outputs"

local orders = helper.log "orders"
local word, says, list = unfinished_outputs.word, unfinished_outputs.says, unfinished_outputs.list

local function bytes_of(log)
    return (helper.shell(("cat %s/wal_* 2>/dev/null | sha256sum"):format(log)))
end

-- A scenario that runs a shell command when it has seen so many records; the command's parent is the program.
local function at_record(count, command)
    return helper.script(([[
        local seen = 0
        return { on_event = function()
            seen = seen + 1
            if seen == %d then
                io.popen(%q):close() -- while os.execute runs no interrupt is heard
            end
        end }]]):format(count, command), "scenario")
end

local function simulate(scenario, directory, ...)
    return helper.run { "simulate", "--unsafe", scenario, orders, "-o", directory, ... }
end

local harmless = "return {}"

describe("a simulated log", function()
    after_each(helper.clean)

    local function second_try(directory)
        local ran = simulate(helper.script(harmless, "scenario"), directory)
        assert.equal(0, ran.status, ran.stderr)
        assert.equal(0, helper.run({ "check", directory }).status)
        return ran
    end

    it("leaves nothing after an interrupt, and can be written by a second try", function()
        local parent = helper.directory()
        local directory = parent .. "/log"
        for _, name in ipairs { "INT", "TERM" } do
            local ran = simulate(at_record(300, "kill -" .. name .. " $PPID"), directory)
            assert.equal(130, ran.status)
            says(ran.stderr, "interrupted: the simulation was not finished\n")
            says(ran.stderr, directory .. " was not written: nothing of it is left\n")
            assert.equal("", list(parent))
        end
        assert.equal("", second_try(directory).stderr)
    end)

    it("that a kill left in part is reported by readers and check, and removed by the second try", function()
        local parent = helper.directory()
        local directory = parent .. "/log"
        local ran = simulate(at_record(300, "kill -KILL $PPID"), directory)
        assert.equal(137, ran.status)
        assert.equal("log." .. word .. "\n", list(parent))
        local left = directory .. "." .. word
        for _, command in ipairs { "check", "traces", "timing" } do
            ran = helper.run { command, directory }
            assert.equal(4, ran.status, command)
            says(ran.stderr, left .. " is unfinished: its writer is still running, or was killed before it finished")
        end
        says(second_try(directory).stderr, left .. " is removed: an interrupted command had left it\n")
        assert.equal("log\n", list(parent))
    end)

    it("that hits a limit of its scenario is removed", function()
        local parent = helper.directory()
        local ran = simulate(at_record(300, "sleep 1"), parent .. "/log", "--max-time", "0.5s")
        assert.equal(5, ran.status, ran.stderr)
        says(ran.stderr, "more time than --max-time allows\n")
        says(ran.stderr, "/log was not written: nothing of it is left\n")
        assert.equal("", list(parent))
    end)

    it("that cannot be removed after an error is named as incomplete", function()
        local parent = helper.directory()
        local endless = helper.script([[
            local text = ("a"):rep(28) .. "b"
            return { on_event = function() text:find(("a?"):rep(28) .. ("a-"):rep(28) .. "c") end }]], "scenario")
        local ran = helper.run { "simulate", endless, orders, "-o", parent .. "/log", "--max-time", "0.1s" }
        assert.equal(5, ran.status, ran.stderr)
        says(ran.stderr, parent .. "/log." .. word
            .. " is left, and not whole; the same command given again removes it\n")
        assert.equal("log." .. word .. "\n", list(parent))
    end)

    it("is not written by a second process while the first one writes it", function()
        local parent = helper.directory()
        local second = ("%s simulate %s %s -o %s/log >%s/second 2>&1; echo $? >>%s/second"):format(helper.program,
            helper.script(harmless, "harmless"), orders, parent, parent, parent)
        local ran = simulate(at_record(300, second), parent .. "/log")
        assert.equal(0, ran.status, ran.stderr)
        assert.equal(("tracereel: %s/log: another process is writing it, in %s/log.%s; wait for that, or use another "
            .. "directory\n4\n"):format(parent, parent, word), helper.read(parent .. "/second"))
        assert.equal(0, helper.run({ "check", parent .. "/log" }).status)
    end)

    it("that goes into an existing directory does not touch its other files, however it ends", function()
        local parent = helper.directory()
        local directory = parent .. "/results"
        helper.shell(("mkdir -m 750 %s; echo mine >%s/notes"):format(directory, directory))
        local function state()
            return (helper.shell(("stat -c '%%i %%a' %s; cat %s/notes"):format(directory, directory)))
        end
        local before = state()
        assert.equal(130, simulate(at_record(300, "kill -INT $PPID"), directory).status)
        assert.equal("notes\n", list(directory))
        assert.equal(137, simulate(at_record(300, "kill -KILL $PPID"), directory).status)
        assert.equal("notes\n" .. word .. "\n", list(directory))
        local ran = helper.run { "check", directory }
        assert.equal(4, ran.status)
        says(ran.stderr, directory .. "/" .. word .. " is unfinished")
        says(second_try(directory).stderr, directory .. "/" .. word .. " is removed")
        assert.equal("notes\n" .. list(orders), list(directory))
        assert.equal(before, state())
    end)

    it("is written where a symbolic link leads, whether that exists or not", function()
        local parent = helper.directory()
        helper.shell(("mkdir %s/disk; ln -s disk/new %s/log"):format(parent, parent))
        second_try(parent .. "/log")
        assert.equal("new\n", list(parent .. "/disk"))
        assert.equal("disk/new\n", (helper.shell(("readlink %s/log"):format(parent))))
    end)

    it("is one of several runs that appear together or not at all", function()
        local parent = helper.directory()
        local points = { "--sweep", "args.n=1,2" }
        local function sweep(command)
            return helper.run { "simulate", "--unsafe", helper.script(([[return { args = { n = { default = 1 } },
                start = function(args)
                    return { on_event = function() if args.n == "2" then io.popen(%q):close() end end }
                end }]]):format(command), "scenario"), orders, "-o", parent .. "/logs", table.unpack(points) }
        end
        assert.equal(130, sweep("kill -INT $PPID").status)
        assert.equal("", list(parent))
        points[#points + 1] = "--json"
        local ran = helper.run { "simulate", helper.script("return { args = { n = { default = 1 } } }", "scenario"),
            orders, "-o", parent .. "/logs", table.unpack(points) }
        assert.equal(0, ran.status, ran.stderr)
        assert.equal("args.n=1\nargs.n=2\n", list(parent .. "/logs"))
        local object = helper.objects(ran.stdout)[1]
        assert.equal(parent .. "/logs/args.n=2", object.points[2].directory)
        -- Given again it says what is in its way, before it simulates anything.
        local again = helper.run { "simulate", helper.script("return { args = { n = { default = 1 } } }", "scenario"),
            orders, "-o", parent .. "/logs", "--sweep", "args.n=2,3" }
        assert.equal(2, again.status)
        says(again.stderr, parent .. "/logs: it already holds `args.n=2`; use a new directory\n")
        assert.equal("args.n=1\nargs.n=2\n", list(parent .. "/logs"))
    end)
end)

describe("a generated log", function()
    after_each(helper.clean)

    local function arguments(directory)
        return { "generate", directory, "--traces", "6", "--segment-size", "5000", "--torn" }
    end

    -- Each call that changes something, or the last of each name.
    local function calls_to_try(calls)
        local is_last, kept = {}, {}
        for index = #calls, 1, -1 do
            local call = calls[index]
            if system_calls.is_whole or not is_last[call.name] then
                is_last[call.name] = true
                table.insert(kept, 1, call)
            end
        end
        return kept
    end

    -- With these calls in turn: `judge(directory, parent, call, status, text)`.
    local function with_each_fault(fault, judge)
        local listed_in = helper.directory()
        local calls = system_calls.changing(system_calls.list(arguments(listed_in .. "/log"), listed_in))
        local expected = bytes_of(listed_in .. "/log")
        assert.is_true(#calls >= 10)
        for _, call in ipairs(calls_to_try(calls)) do
            local parent = helper.directory()
            local directory = parent .. "/log"
            local status, text = system_calls.run_with_fault(arguments(directory), call, fault)
            judge(directory, parent, call, status, text)
            if bytes_of(directory) ~= expected then
                assert.equal("", (helper.shell(("ls %s 2>/dev/null | grep wal_"):format(directory))), call.line)
                local again = helper.run(arguments(directory))
                assert.equal(0, again.status, call.line .. again.stderr)
                assert.equal(expected, bytes_of(directory), call.line)
            end
            assert.falsy(list(parent):find(word, 1, true), call.line)
        end
    end

    it("is whole or absent wherever its writer is killed, and the second try gives the same bytes", function()
        with_each_fault("signal=SIGKILL", function(_, _, call, status)
            assert.equal(137, status, call.line)
        end)
    end)

    it("is reported as left or not after a failed call, and the second try gives the same bytes", function()
        with_each_fault("error=ENOSPC", function(directory, parent, call, status, text)
            assert.equal(4, status, call.line .. text)
            says(text, "No space left on device")
            if helper.run({ "check", directory }).status ~= 4 then
                says(text, "; it is there, and whole, but may be lost if the machine crashes now\n")
            else
                assert.equal("", list(parent))
                -- Where not even the name can be made there is nothing to say of it.
                assert.truthy(call.line:find("mkdir", 1, true)
                    or text:find("/log was not written: nothing of it is left\n", 1, true), call.line .. text)
            end
        end)
    end)

    it("that reaches the limit on the size of files leaves nothing", function()
        local parent = helper.directory()
        local ran = helper.run({ "generate", parent .. "/log", "--traces", "200" }, { before = "ulimit -f 32;" })
        assert.equal(4, ran.status)
        says(ran.stderr, "File too large")
        says(ran.stderr, parent .. "/log was not written: nothing of it is left\n")
        assert.equal("", list(parent))
    end)

    it("killed while its segments move into a directory leaves that directory unfinished", function()
        local parent = helper.directory()
        local directory = parent .. "/there"
        helper.shell("mkdir " .. directory)
        local calls = system_calls.list(arguments(directory), parent)
        local moves = {}
        for _, call in ipairs(calls) do
            moves[#moves + 1] = call.name == "renameat2" and call or nil
        end
        assert.is_true(#moves >= 2)
        helper.shell(("rm -r %s; mkdir %s"):format(directory, directory))
        assert.equal(137, (system_calls.run_with_fault(arguments(directory), moves[2], "signal=SIGKILL")))
        local ran = helper.run { "check", directory }
        assert.equal(3, ran.status)
        says(ran.stdout, "\nunfinished: " .. directory .. "/" .. word .. " is unfinished: ")
        ran = helper.run(arguments(directory))
        assert.equal(6, ran.status)
        says(ran.stderr, directory .. ": it already holds segments, the last is wal_0000000000000000.log; "
            .. directory .. "/" .. word .. " is what an interrupted command had still to move there: move it, or "
            .. "remove both\n")
        -- A move that fails is undone.
        helper.shell(("rm -r %s; mkdir %s"):format(directory, directory))
        ran = { system_calls.run_with_fault(arguments(directory), moves[2], "error=EIO") }
        assert.equal(4, ran[1])
        says(ran[2], directory .. " is as it was\n")
        assert.equal("", list(directory))
        -- And where even that cannot be, it is said what is where.
        ran = { system_calls.run_with_fault(arguments(directory), moves[2], "error=EIO", { name = "renameat",
            when = 1 }) }
        assert.equal(4, ran[1])
        says(ran[2], "a part of it is there, and the rest in " .. directory .. "/" .. word
            .. ": move it there, or remove both\n")
        assert.equal(word .. "\nwal_0000000000000000.log\n", list(directory))
    end)
end)

describe("what crashtest --save writes", function()
    after_each(helper.clean)

    it("is a complete directory or none, so that a second try works", function()
        local directory = helper.directory()
        local log, saved = directory .. "/log", directory .. "/out/saved"
        helper.shell("mkdir " .. directory .. "/out")
        -- Two records have few futures: every call is traced.
        assert.equal(0, helper.run({ "generate", log, "--traces", "1", "--crash-after", "2" }).status)
        local script = helper.script([[return { api = 1, recover = function(_, default) return default end,
            check = function() return "not so" end }]])
        local arguments = { "crashtest", script, log, "--save", saved }
        local last_write
        for _, call in ipairs(system_calls.list(arguments, directory .. "/out")) do
            last_write = call.name == "write" and call or last_write
        end
        assert.truthy(last_write.line:find("crashtest_spec.lua", 1, true))
        helper.shell("rm -r " .. saved)
        local status, text = system_calls.run_with_fault(arguments, last_write, "error=ENOSPC")
        assert.equal(4, status)
        says(text, "No space left on device\n")
        says(text, saved .. " was not written: nothing of it is left\n")
        assert.equal("", list(directory .. "/out"))
        local ran = helper.run(arguments)
        assert.equal(7, ran.status, ran.stderr)
        says(ran.stderr, "the spec: " .. saved .. "/crashtest_spec.lua\n")
    end)
end)

describe("an unfinished log", function()
    after_each(helper.clean)

    local function unfinished_log()
        local directory = helper.directory() .. "/log." .. word
        helper.shell(("mkdir %s; cp %s/wal_* %s"):format(directory, orders, directory))
        return directory
    end

    local function words_of(directory)
        return directory .. " is unfinished: its writer is still running, or was killed before it finished"
    end

    it("is reported by check with a verdict of its own", function()
        local directory = unfinished_log()
        local ran = helper.run { "check", directory }
        assert.equal(3, ran.status)
        says(ran.stdout, "\nunfinished: " .. words_of(directory) .. "\n")
        assert.equal("", ran.stderr)
        ran = helper.run { "check", "--json", directory }
        assert.equal("unfinished", helper.objects(ran.stdout)[1].summary.verdict)
        assert.equal(3, ran.status)
    end)

    it("is reported by every command that reads, by whatever path", function()
        local directory = unfinished_log()
        local script = helper.script("return { api = 1, recover = function() end }")
        for _, arguments in ipairs {
            { "traces", directory }, { "dump", directory }, { "timing", directory }, { "flow", directory },
            { "run", "errors", directory }, { "export", directory, "--format", "csv" },
            { "recover", script, directory }, { "crashtest", script, directory, "--allow-rerun" },
            { "debug", directory }, { "traces", directory .. "/" },
            { "timing", orders, "--baseline", directory },
        } do
            local ran = helper.run(arguments, { stdin = "" })
            says(ran.stderr, "tracereel: " .. words_of(directory))
            assert.is_true(ran.status == 3 or ran.status == 7, arguments[1] .. ran.status .. ran.stderr)
        end
        local ran = helper.run({ "traces", "." }, { before = ("cd %s; "):format(directory) })
        says(ran.stderr, words_of(directory))
        ran = helper.run { "traces", directory .. "/wal_0000000000000000.log" }
        says(ran.stderr, words_of(directory))
        ran = helper.run { "simulate", helper.script(harmless, "scenario"), directory, "-o",
            helper.directory() .. "/new" }
        says(ran.stderr, words_of(directory))
    end)

    it("is not written to by any command", function()
        local directory = unfinished_log()
        local before = list(directory)
        local ran = helper.run { "repair", directory, "--yes" }
        assert.equal(6, ran.status)
        says(ran.stderr, "refused: " .. words_of(directory))
        assert.equal(before, list(directory))
    end)
end)
