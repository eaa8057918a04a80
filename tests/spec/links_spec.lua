-- Symbolic and hard links in a log's place and in a segment's: what changes the log changes what is meant, or refuses.
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"

local last = "wal_0000000000000002.log"

-- A copy of a log whose last segment is a symbolic link to a file beside the log.
local function with_linked_segment(name)
    local directory = files.copy(name)
    local target = directory .. "/../elsewhere.data"
    helper.shell(("mv %s/%s %s; ln -s ../elsewhere.data %s/%s"):format(directory, last, target, directory, last))
    return directory, target
end

local function is_link(path)
    return select(2, helper.shell("test -L " .. path)) == 0
end

describe("a symbolic link", function()
    after_each(helper.clean)

    for _, arguments in ipairs { { "repair" }, { "repair", "--yes" }, { "repair", "--yes", "--json" } } do
        it("in a torn segment's place is refused by " .. table.concat(arguments, " "), function()
            local directory, target = with_linked_segment("torn-tail")
            local before, torn = files.contents(directory), helper.read(target)
            local result = helper.run { arguments[1], directory, table.unpack(arguments, 2) }
            assert.are.equal(6, result.status, result.stderr)
            assert.truthy(result.stderr:find(directory .. "/" .. last .. ": it is a symbolic link", 1, true))
            assert.truthy(result.stderr:find("cp --remove-destination", 1, true))
            assert.are.same(before, files.contents(directory))
            assert.are.equal(torn, helper.read(target))
            assert.truthy(is_link(directory .. "/" .. last))
        end)
    end

    it("that was refused is repaired once the file replaces it, as the message says", function()
        local directory = with_linked_segment("torn-tail")
        local refused = helper.run { "repair", directory, "--yes" }.stderr
        local command = refused:match("(cp %-%-remove%-destination .*)\n"):gsub("FILE", directory .. "/" .. last)
        assert.are.equal(0, select(2, helper.shell(command)))
        assert.are.equal(0, helper.run({ "repair", directory, "--yes" }).status)
        assert.truthy(files.strict_log(directory))
    end)

    it("in a torn segment's place is refused by apply --repair before it writes, also with --dry-run", function()
        local directory, target = with_linked_segment("torn-tail")
        local plan, torn = files.plan(directory), helper.read(target)
        local before = files.contents(directory)
        for _, arguments in ipairs { { plan, directory }, { plan, directory, "--dry-run" } } do
            local result = helper.run { "apply", "--repair", table.unpack(arguments) }
            assert.are.equal(6, result.status, result.stderr)
            assert.truthy(result.stderr:find("it is a symbolic link", 1, true), result.stderr)
        end
        assert.are.same(before, files.contents(directory))
        assert.are.equal(torn, helper.read(target))
    end)

    it("in place of a whole segment is kept: apply adds a segment after it", function()
        local directory, target = with_linked_segment("orders")
        local before = helper.read(target)
        local plan = files.plan(directory)
        local result = helper.run { "apply", plan, directory }
        assert.are.equal(0, result.status, result.stderr)
        assert.truthy(is_link(directory .. "/" .. last))
        assert.are.equal(before, helper.read(target))
        assert.truthy(files.contents(directory)["wal_0000000000000003.log"])
        assert.are.equal(0, helper.run({ "undo", plan, directory }).status)
    end)

    it("to a last segment that another process has locked makes apply refuse", function()
        local directory, target = with_linked_segment("orders")
        local plan = files.plan(directory)
        local before = files.contents(directory)
        local result = helper.run({ "apply", plan, directory }, { before = "flock -n " .. target })
        assert.are.equal(6, result.status, result.stderr)
        assert.are.same(before, files.contents(directory))
    end)

    it("to the log's directory is followed", function()
        local directory = files.copy("torn-tail")
        local link = helper.directory() .. "/link"
        helper.shell(("ln -s %s %s"):format(directory, link))
        assert.are.equal(0, helper.run({ "repair", link, "--yes" }).status)
        assert.truthy(is_link(link))
        assert.truthy(files.strict_log(directory))
        assert.truthy(files.contents(directory)[last .. ".original"])
        assert.are.equal(0, helper.run({ "apply", files.plan(link), link }).status)
        assert.truthy(files.contents(directory)["wal_0000000000000003.log"])
    end)
end)

describe("a hard link", function()
    after_each(helper.clean)

    it("to a torn segment keeps its contents: repair replaces the segment by a new file", function()
        local directory = files.copy("torn-tail")
        local kept = directory .. "/../snapshot"
        helper.shell(("ln %s/%s %s"):format(directory, last, kept))
        local torn = helper.read(kept)
        assert.are.equal(0, helper.run({ "repair", directory, "--yes" }).status)
        assert.are.equal(torn, helper.read(kept))
        assert.truthy(files.strict_log(directory))
    end)
end)

describe("a repair that was interrupted", function()
    after_each(helper.clean)

    -- What a kill leaves: before the original is kept, and before the new segment is in its place.
    local function interrupt(directory, keeps_original)
        local torn = helper.read(directory .. "/" .. last)
        local gap = helper.expected("torn-tail", "damage")[1]
        local offset = tonumber(gap.offset:sub(2))
        helper.write(directory .. "/" .. last .. ".cut", torn:sub(offset + 1))
        if keeps_original then
            helper.shell(("ln %s/%s %s/%s.original"):format(directory, last, directory, last))
        end
        return torn
    end

    for _, keeps_original in ipairs { false, true } do
        it(("reuses the names of its first attempt (%s)"):format(keeps_original and "cut and original"
            or "cut alone"), function()
            local directory = files.copy("torn-tail")
            local torn = interrupt(directory, keeps_original)
            assert.are.equal(0, helper.run({ "repair", directory, "--yes" }).status)
            local contents = files.contents(directory)
            assert.are.equal(torn, contents[last .. ".original"])
            assert.is_nil(contents[last .. ".original-2"])
            assert.is_nil(contents[last .. ".cut-2"])
            assert.truthy(files.strict_log(directory))
        end)
    end

    it("uses other names if files with other bytes have those, and leaves them", function()
        local directory = files.copy("torn-tail")
        interrupt(directory, false)
        helper.write(directory .. "/" .. last .. ".cut", "of another repair")
        assert.are.equal(0, helper.run({ "repair", directory, "--yes" }).status)
        local contents = files.contents(directory)
        assert.are.equal("of another repair", contents[last .. ".cut"])
        assert.truthy(contents[last .. ".cut-2"] and contents[last .. ".original-2"])
    end)
end)
