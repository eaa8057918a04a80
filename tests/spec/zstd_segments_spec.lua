-- Segments that were compressed with zstd: every command prints of them what it prints of those of gzip, but for the
-- names of the files.
local helper = require "tests.spec.helper"

-- A copy of a log whose first segments are compressed with gzip, and one in which they are with zstd.
local function logs()
    local directory = helper.directory()
    local gzip, zstd = directory .. "/gzip", directory .. "/zstd"
    helper.shell(("cp -r %s %s; cp -r %s %s; cd %s; for n in *.gz; do gunzip $n && zstd -q --rm ${n%%.gz}; done")
        :format(helper.log("archived"), gzip, gzip, zstd, zstd))
    return gzip, zstd
end

local function said(arguments, path)
    local words = {}
    for index, word in ipairs(arguments) do
        words[index] = word == "LOG" and path or word
    end
    local result = helper.run(words)
    return (result.stdout .. result.stderr):gsub(path:gsub("%p", "%%%0"), "LOG"):gsub("%.log%.zst", ".log.gz"),
        result.status
end

describe("segments of zstd", function()
    after_each(helper.clean)

    it("are read like those of gzip by every command that reads a log", function()
        local gzip, zstd = logs()
        assert.matches("^wal_%x+%.log%.zst\n", helper.shell("ls " .. zstd))
        for _, arguments in ipairs {
            { "dump", "LOG" }, { "traces", "LOG" }, { "run", "node_times", "LOG" }, { "timing", "LOG" },
            { "check", "LOG" }, { "recover", "safe_start", "LOG" }, { "flow", "LOG" },
            { "export", "--format", "jsonl", "LOG" },
        } do
            local expected, expected_status = said(arguments, gzip)
            local found, status = said(arguments, zstd)
            assert.is_true(#expected > 100, arguments[1])
            assert.are.equal(expected, found)
            assert.are.equal(expected_status, status, arguments[1])
        end
    end)

    it("are checked, and damaged ones are named with the compressed byte", function()
        local _, packed = logs()
        local result = helper.run { "check", packed }
        assert.are.equal(0, result.status, result.stdout)
        local name = helper.shell("ls " .. packed):match("^[^\n]+")
        helper.shell(("cd %s && truncate -s -3 %s"):format(packed, name))
        result = helper.run { "check", packed }
        assert.are.equal(3, result.status)
        local size = helper.shell(("stat -c %%s %s/%s"):format(packed, name)):match("%d+")
        assert.truthy(result.stdout:find(("the zstd data ends early at compressed byte %s"):format(size), 1, true),
            result.stdout)
    end)

    it("are followed from the one that was compressed into the one that grows", function()
        local _, packed = logs()
        local records = select(2, helper.run({ "dump", packed, "--json" }).stdout:gsub("\n", ""))
        local script = helper.script(([[
            local count = 0
            return { api = 1, record = function(rec)
                count = count + 1
                if count == %d then error("at last in " .. rec.segment) end
            end }]]):format(records), "count")
        local result = helper.run({ "run", "--follow", script, packed }, { before = "timeout 20" })
        assert.matches("at last in wal_%x+%.log%.?%w*", result.stderr)
    end)

    it("are read from a list of files and commands, too, and a command that fails is not a damaged archive", function()
        local gzip, zstd = logs()
        local list = helper.directory() .. "/segments.list"
        local lines = helper.shell("ls " .. zstd):gsub("[^\n]+", function(name)
            return ("%s | cat '%s/%s'"):format(name, zstd, name)
        end)
        local function dumped(...)
            return helper.run { "dump", ... }
        end
        helper.write(list, lines)
        assert.are.equal((dumped(gzip).stdout:gsub("%.log%.gz", ".log.zst")), dumped("--segments-from", list).stdout)
        helper.write(list, (lines:gsub("cat", "head -c 400", 1):gsub("'\n", "'; exit 7\n", 1)))
        local result = dumped("--segments-from", list)
        assert.are.equal(4, result.status)
        assert.matches("wal_%x+%.log%.zst: its command ended with status 7", result.stderr)
    end)

    it("are not the engine's to read, and new records go after them", function()
        local _, packed = logs()
        helper.shell(("cd %s && zstd -q --rm *.log"):format(packed))
        local result = helper.run { "check", packed }
        assert.truthy(result.stdout:find("compressed", 1, true), result.stdout)
        local refused = helper.run { "generate", packed, "--traces", "1" }
        assert.are.equal(6, refused.status)
        assert.matches("wal_%x+%.log%.zst", refused.stderr)
    end)
end)
