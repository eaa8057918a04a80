-- What has a file's name and is none: a pipe that nobody writes to, a directory, a device, a link to itself.
-- Nothing waits for it, and what is said names it.
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"

local log = helper.log("orders")

-- A command that waits is ended, and answers 124.
local function run(...)
    return helper.run({ ... }, { before = "timeout 10" })
end

local kinds = {
    { make = "mkfifo %s", words = "expected a file, found a pipe" },
    { make = "mkdir %s", words = "directory" },
    { make = "ln -s /dev/null %s", words = "expected a file, found a device" },
    { make = "ln -s %s %s", words = "Too many levels of symbolic links" },
}

local function put(kind, path)
    helper.shell("rm -rf " .. path)
    helper.shell(kind.make:gsub("%%s", path))
    return path
end

local function refuses(result, path, words)
    assert.truthy(result.status == 4 or result.status == 2, ("%d %s"):format(result.status, result.stderr))
    assert.truthy(result.stderr:find(path, 1, true), result.stderr)
    assert.truthy(result.stderr:find(words, 1, true), result.stderr)
end

describe("every command refuses a pipe, a directory, a device or a link to itself in place of", function()
    after_each(helper.clean)

    local given = {
        { "a plan", "plan.json", function(path)
            return { "apply", path, log }, { "apply", path, log, "--dry-run" }, { "undo", path, log }
        end },
        { "a script", "script.lua", function(path)
            return { "run", path, log }, { "recover", path, log }, { "crashtest", path, log },
                { "simulate", path, log, "-o", path .. ".d" }
        end },
        { "a flow", "flow.lua", function(path)
            return { "timing", "--flow", path, log }, { "export", "--format", "chrome", "--flow", path, log }
        end },
    }
    for _, one in ipairs(given) do
        local name, file_name, commands = table.unpack(one)
        it(name, function()
            for _, kind in ipairs(kinds) do
                local path = put(kind, helper.directory() .. "/" .. file_name)
                for _, arguments in ipairs { commands(path) } do
                    refuses(run(table.unpack(arguments)), path, kind.words)
                end
            end
        end)
    end

    it("a module that a script requires", function()
        for _, kind in ipairs(kinds) do
            local script = helper.script('require "rules"\nreturn { api = 1 }')
            local path = put(kind, script:match("^.*/") .. "rules.lua")
            local result = run("run", script, log)
            assert.are.equal(1, result.status)
            assert.truthy(result.stderr:find(path, 1, true), result.stderr)
            assert.truthy(result.stderr:find(kind.words, 1, true), result.stderr)
        end
    end)

    it("a file that would be replaced", function()
        local path = put(kinds[1], helper.directory() .. "/plan.json")
        local result = run("recover", "give_up_errors", log, "-o", path)
        assert.are.equal(4, result.status)
        assert.truthy(result.stderr:find("exists already", 1, true), result.stderr)
        path = put(kinds[1], helper.directory() .. "/new.lua")
        result = run("run", "--new", path, log)
        assert.are.equal(2, result.status)
        assert.truthy(result.stderr:find("exists already", 1, true), result.stderr)
    end)

    it("a file, but reads a pipe that the shell makes", function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        local text, status = helper.shell(("bash -c %s"):format(helper.quote(
            ("timeout 10 %s apply <(cat %s) %s --dry-run"):format(helper.program, plan, directory))))
        assert.are.equal(0, status)
        assert.truthy(text:find("would write wal_0000000000000003.log", 1, true))
    end)
end)

describe("in a log's directory, a special file is handled", function()
    after_each(helper.clean)

    for _, kind in ipairs(kinds) do
        it("as the journal: " .. kind.words, function()
            local directory = files.copy("orders")
            local plan = files.plan(directory)
            local path = put(kind, directory .. "/tracereel.journal")
            for _, arguments in ipairs {
                { "apply", plan, directory }, { "apply", plan, directory, "--dry-run" }, { "undo", plan, directory },
                { "repair", directory, "--yes" },
            } do
                refuses(run(table.unpack(arguments)), path, kind.words)
            end
            assert.is_nil(files.segments(directory)["wal_0000000000000003.log"])
        end)
    end

    it("as a new file of an interrupted command: a directory", function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        local path = put(kinds[2], directory .. "/tracereel.new")
        refuses(run("apply", plan, directory, "--dry-run"), path, "Is a directory")
        refuses(run("apply", plan, directory), path, "Is a directory")
    end)

    it("as a segment: it counts as missing, and recovery works as with any damage", function()
        for number, kind in ipairs { kinds[1], kinds[2] } do
            local directory = files.copy("orders")
            put(kind, directory .. "/wal_0000000000000001.log")
            for _, command in ipairs { "check", "traces", "dump", "timing", "flow", "repair", "recover" } do
                local result = run(command, directory)
                assert.are.equal(3, result.status, command .. result.stderr)
            end
            local result = run("check", directory)
            assert.truthy(result.stdout:find("wal_0000000000000001.log: missing_segment: wal_0000000000000001.log: "
                .. "expected a file, found " .. (number == 1 and "a pipe" or "a directory"), 1, true), result.stdout)
            local plan = files.plan(directory)
            assert.are.equal(3, run("apply", plan, directory).status)
            assert.are.equal(3, run("undo", plan, directory).status)
            helper.shell("cp " .. helper.log("orders") .. "/wal_0000000000000001.log " .. directory .. "/found; rm -rf "
                .. directory .. "/wal_0000000000000001.log")
            os.rename(directory .. "/found", directory .. "/wal_0000000000000001.log")
            result = run("apply", plan, directory)
            assert.are.equal(6, result.status)
        end
    end)

    it("as an archived segment or a snapshot: both count as damage", function()
        local directory = files.copy("snapshot")
        put(kinds[1], directory .. "/wal_0000000000000003.log.gz")
        put(kinds[1], directory .. "/snapshots/snapshot_0000000000000001.snap")
        local result = run("check", "--snapshot", directory)
        assert.are.equal(3, result.status)
        for _, name in ipairs { "wal_0000000000000003.log.gz", "snapshots/snapshot_0000000000000001.snap" } do
            assert.truthy(result.stdout:find(name .. ": expected a file, found a pipe", 1, true), result.stdout)
        end
    end)

    it("as the segment of an interrupted command", function()
        local directory = files.copy("orders")
        helper.write(directory .. "/tracereel.journal", '{"id":"1","state":"intent","action":"apply",'
            .. '"segment":"wal_0000000000000003.log","size_bytes":1,"sha256":"00"}\n')
        local path = put(kinds[1], directory .. "/wal_0000000000000003.log")
        refuses(run("repair", directory, "--yes"), path, kinds[1].words)
        assert.is_nil(helper.read(directory .. "/tracereel.journal"):find("abandoned", 1, true))
    end)

    it("as the name that repair would give to an original: it uses another name", function()
        local directory = files.copy("torn-tail")
        put(kinds[1], directory .. "/wal_0000000000000002.log.original")
        local result = run("repair", directory, "--yes")
        assert.are.equal(0, result.status, result.stderr)
        assert.truthy(result.stdout:find("wal_0000000000000002.log.original-2", 1, true))
    end)

    it("as a second file of a segment's number", function()
        for number, kind in ipairs { kinds[1], kinds[2], kinds[3], kinds[4] } do
            local directory = files.copy("orders")
            local path = put(kind, directory .. "/wal_1.log")
            local result = run("check", directory)
            assert.are_not.equal(124, result.status)
            assert.truthy(result.stdout:find("wal_1.log: not read, because wal_0000000000000001.log has the same "
                .. "number; the two cannot be compared: " .. path .. ": ", 1, true), number .. result.stdout)
            assert.truthy(result.stdout:find(kind.words, 1, true), result.stdout)
        end
    end)

    it("as an arena", function()
        local directory = helper.directory()
        local script = helper.script([[
            return { api = 1, recover = function(trace)
                local bytes, problem = trace:output(0)
                tracereel.fail(error(problem or "read"))
            end }
        ]])
        local ids = helper.shell(helper.quote(helper.program) .. " traces --json --open " .. log)
        for id in ids:gmatch('"trace_id":"([%x-]+)"') do
            put(kinds[1], ("%s/trace_%s.bin"):format(directory, id))
        end
        local result = run("recover", script, log, "--arenas", directory)
        assert.are.equal(1, result.status)
        assert.truthy(result.stderr:find(".bin: expected a file, found a pipe", 1, true), result.stderr)
    end)
end)
