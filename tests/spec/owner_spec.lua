-- What root makes in a log and beside it belongs to whom the log belongs to: the engine that runs as that user has to
-- read and write it.
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local is_root = helper.shell("id -u"):match("%d+") == "0"

-- A copy of a log that belongs to user 1234 and group 2345, which others may not read.
local function owned(name)
    local directory = files.copy(name)
    helper.shell(("chown -R 1234:2345 %s; chmod 640 %s/*.*"):format(directory, directory))
    return directory
end

local function owners(directory)
    local found = {}
    for line in helper.shell("stat -c '%n %u:%g %a' " .. directory .. "/*.*"):gmatch("[^\n]+") do
        local name, owner = line:match("([^/]+) (%S+ %S+)$")
        found[name] = owner
    end
    return found
end

local function are_all_the_same(directory, ...)
    local found = owners(directory)
    for name, owner in pairs(found) do
        assert.are.equal("1234:2345 640", owner, name)
    end
    for _, name in ipairs { ... } do
        assert.truthy(found[name], name .. " is not there")
    end
end

describe("as root, in a log of another user", function()
    after_each(helper.clean)

    local function it_as_root(name, test)
        it(name, function()
            if not is_root then
                pending("only root can give files to another user")
                return
            end
            test()
        end)
    end

    it_as_root("apply and undo give the new segments and the journal its owner and permissions", function()
        local directory = owned("orders")
        local plan = files.plan(directory)
        assert.are.equal(0, helper.run({ "apply", plan, directory }, { before = "umask 077;" }).status)
        are_all_the_same(directory, "tracereel.journal", "wal_0000000000000003.log")
        assert.are.equal(0, helper.run({ "undo", plan, directory }).status)
        are_all_the_same(directory, "tracereel.journal", "wal_0000000000000004.log")
    end)

    it_as_root("repair gives the segment, what it cut, the original and the journal the same", function()
        local directory = owned("torn-tail")
        assert.are.equal(0, helper.run({ "repair", "--yes", directory }).status)
        local name = "wal_0000000000000002.log"
        are_all_the_same(directory, "tracereel.journal", name, name .. ".original", name .. ".cut")
    end)

    it_as_root("a journal that an interrupted call left empty gets them with its first line", function()
        local directory = owned("torn-tail")
        helper.shell(("umask 077; : >%s/tracereel.journal"):format(directory))
        assert.are.equal(0, helper.run({ "repair", "--yes", directory }).status)
        are_all_the_same(directory, "tracereel.journal")
    end)

    it_as_root("a journal that is there stays as its owner made it", function()
        local directory = owned("torn-tail")
        helper.shell(("echo '{}' >%s/tracereel.journal; chmod 600 %s/tracereel.journal"):format(directory, directory))
        assert.are.equal(0, helper.run({ "repair", "--yes", directory }).status)
        assert.are.equal("0:0 600", owners(directory)["tracereel.journal"])
    end)

    it_as_root("repair --arenas leaves the arenas their owner", function()
        local directory = helper.directory() .. "/killed"
        helper.shell(("cp -r examples/killed %s; chown -R 1234:2345 %s; find %s -type f -exec chmod 640 {} +"):format(
            directory, directory, directory))
        local before = helper.shell(("cd %s; stat -c '%%n %%u:%%g %%a' arenas/*"):format(directory))
        local result = helper.run { "repair", "--yes", directory .. "/wal", "--arenas", directory .. "/arenas" }
        assert.truthy(result.stdout:find("mended: ", 1, true), result.stdout .. result.stderr)
        assert.are.equal(before, helper.shell(("cd %s; stat -c '%%n %%u:%%g %%a' arenas/*"):format(directory)))
        assert.truthy(before:find("1234:2345 640", 1, true))
        are_all_the_same(directory .. "/wal", "tracereel.journal")
    end)

    it_as_root("a writer that appends gives its next segments the same", function()
        local directory = owned("orders")
        local writer = reel.writer(directory, { append = true, max_segment_bytes = 40000 })
        for number = 1, 400 do
            writer:append(reel.record.node_done { trace_id = "00000000-0000-0000-0000-000000000001", node_id = number,
                timestamp_ns = number })
        end
        writer:close()
        are_all_the_same(directory, "wal_0000000000000003.log")
    end)
end)
