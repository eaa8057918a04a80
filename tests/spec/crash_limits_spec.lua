-- Where apply, repair and undo cannot write: a full disk, a limit on the size of files, a directory that is read-only.
-- And that no other command writes to a log.
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local system_calls = require "tests.spec.system_calls"

local is_root = helper.shell("id -u"):match("^0\n") ~= nil
-- Permissions mean nothing to root, who is somebody else then; who may not reach a program that lies in root's home.
local as_another = is_root and "setpriv --reuid=65534 --regid=65534 --clear-groups env" or nil
local can_be_refused = not is_root
    or select(2, helper.shell(as_another .. " " .. helper.quote(helper.program) .. " --version >/dev/null 2>&1")) == 0
-- Not in every container, and not in a changed root.
local can_mount = is_root and select(2, helper.shell("unshare --mount true >/dev/null 2>&1")) == 0

-- A log, its plan, and what each command is called with.
local function prepare(command)
    local directory = files.copy(command == "repair" and "torn-tail" or "orders")
    local plan = command ~= "repair" and files.plan(directory)
    if command == "undo" then
        assert(helper.run({ "apply", plan, directory }).status == 0)
    end
    return directory, command == "repair" and { command, "--yes", directory } or { command, plan, directory }
end

describe("tracereel without room to write:", function()
    after_each(helper.clean)

    for _, command in ipairs { "apply", "undo", "repair" } do
        it(command .. "reports a limit on the size of files, and leaves the log unchanged", function()
            local directory, arguments = prepare(command)
            local before = files.segments(directory)
            -- In units of 512 or 1024 bytes: enough for the first line of the journal, not for a segment.
            local result = helper.run(arguments, { before = "ulimit -f 5;" })
            assert.are.equal(4, result.status, result.stderr)
            assert.truthy(result.stderr:find("File too large", 1, true))
            assert.are.same(before, files.segments(directory))
            assert.are.equal(0, helper.run(arguments).status)
        end)

        local test = can_be_refused and it or pending
        local function show_to_another(directory, arguments)
            helper.shell(("chmod 755 %s; chmod a+r %s/*"):format(directory:match("^(.*)/"), directory))
            helper.shell("chmod 755 " .. (arguments[2]:match("^(.*)/[^/]*$") or "."))
        end

        local function check_refused(directory, arguments)
            local before = files.contents(directory)
            local result = helper.run(arguments, { before = as_another })
            assert.are.equal(4, result.status, result.stderr)
            assert.truthy(result.stderr:find("Permission denied", 1, true), result.stderr)
            assert.are.same(before, files.contents(directory))
            arguments[#arguments + 1] = "--dry-run"
            local foreseen = helper.run(arguments, { before = as_another })
            assert.are.equal(result.stderr, foreseen.stderr)
            assert.are.equal(4, foreseen.status)
        end

        test(command .. ": a directory that is read-only is told, by --dry-run too, and nothing changes", function()
            local directory, arguments = prepare(command)
            helper.shell("chmod 555 " .. directory)
            show_to_another(directory, arguments)
            check_refused(directory, arguments)
        end)

        test(command .. ": a journal that is read-only is told, by --dry-run too, and nothing changes", function()
            local directory, arguments = prepare(command)
            helper.shell(("touch %s/tracereel.journal; chmod 444 %s/tracereel.journal; chmod 777 %s"):format(directory,
                directory, directory))
            show_to_another(directory, arguments)
            check_refused(directory, arguments)
        end)
    end

    if can_mount then
        -- The file system is mounted in a name space of the command's own.
        for _, command in ipairs { "apply", "undo", "repair" } do
            it(command .. "reports a full disk, and leaves the log unchanged", function()
                local directory, arguments = prepare(command)
                local mounted, out = helper.directory(), helper.directory()
                local room = command == "repair" and 16 or 4
                arguments[#arguments] = mounted .. "/log"
                local words = {}
                for index, argument in ipairs(arguments) do
                    words[index] = helper.quote(argument)
                end
                local script = ([[
                    mount -t tmpfs -o size=1m none MOUNTED && cp -r LOG MOUNTED/log &&
                    head -c 2M /dev/zero >MOUNTED/filler 2>/dev/null
                    truncate -s -ROOMk MOUNTED/filler
                    PROGRAM ARGUMENTS 2>OUT/stderr; echo $? >OUT/status
                    cp -r MOUNTED/log OUT/log
                ]]):gsub("%u%u%u+", { MOUNTED = mounted, LOG = directory, OUT = out, ROOM = tostring(room),
                    PROGRAM = helper.quote(helper.program), ARGUMENTS = table.concat(words, " ") })
                helper.shell("unshare --mount sh -c " .. helper.quote(script) .. " 2>&1")
                assert.are.equal("4\n", helper.read(out .. "/status"))
                assert.truthy(helper.read(out .. "/stderr"):find("No space left", 1, true))
                assert.are.same(files.segments(directory), files.segments(out .. "/log"))
            end)
        end
    end
end)

describe("every command but apply, undo and repair", function()
    after_each(helper.clean)

    local trace = "069c3653"
    local commands = {
        { "check" }, { "traces" }, { "show", trace }, { "dump" }, { "run", "throughput" }, { "recover" }, { "timing" },
        { "flow" }, { "export", "--format", "chrome" }, { "crashtest", "examples/recover_dead_orders.lua" },
        { "simulate", "examples/rush_hour.lua", "-o", "NEW" }, { "backtest", status = 6 },
        { "capacity" }, { "extract", "-o", "NEW" },
    }
    for _, command in ipairs(commands) do
        it("opens a log only to read: " .. command[1], function()
            local directory = files.copy("torn-tail")
            local before = files.contents(directory)
            local arguments = {}
            for index, word in ipairs(command) do
                arguments[index] = word == "NEW" and helper.directory() .. "/new" or word
            end
            arguments[#arguments + 1] = directory
            local calls, status = system_calls.list(arguments, directory)
            assert.are.equal(command.status or 0, status)
            local opened = 0
            for _, call in ipairs(calls) do
                assert.falsy(system_calls.is_changing(call), call.line)
                assert.falsy(call.name == "flock", call.line)
                if call.name == "openat" then
                    assert.truthy(call.line:find("O_RDONLY", 1, true), call.line)
                    assert.falsy(call.line:find("O_TRUNC", 1, true), call.line)
                    opened = opened + 1
                elseif call.name == "mmap" then
                    assert.falsy(call.line:find("PROT_WRITE", 1, true) and call.line:find("MAP_SHARED", 1, true),
                        call.line)
                end
            end
            assert.truthy(opened >= 3)
            assert.are.same(before, files.contents(directory))
        end)
    end
end)
