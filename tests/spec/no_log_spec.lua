-- A file that is no log: every command that reads says so, and what the file looks like, and touches nothing.
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local segment_path = helper.log("orders") .. "/wal_0000000000000000.log"
local nothing = "return { api = 1 }"

-- How each is made of a segment at %s, at a path that is appended.
local kinds = {
    { name = "zstd", make = "zstd -qc %s >", words = "zstd data; unpack it, or name it .log.zst", tool = "zstd" },
    { name = "xz", make = "xz -c %s >", words = "xz data; unpack it first (xz -d)", tool = "xz" },
    { name = "bzip2", make = "bzip2 -c %s >", words = "bzip2 data; unpack it first (bzip2 -d)", tool = "bzip2" },
    { name = "gzip", make = "gzip -c %s >", words = "gzip data; unpack it, or name it .log.gz", tool = "gzip" },
    { name = "tar", make = "tar -c LICENSE >", words = "a tar archive; unpack it first (tar -xf)", tool = "tar" },
    { name = "ELF", make = "cat $(readlink -f /proc/self/exe) >", words = "a program (ELF)", tool = "cat" },
    { name = "text", make = "cat LICENSE >", words = "text; name the log's directory", tool = "cat" },
    { name = "random", make = "head -c 20000 /dev/urandom >", tool = "head",
        words = "compressed, encrypted or random data" },
}

local function make(kind, path)
    helper.shell(kind.make:gsub("%%s", segment_path) .. helper.quote(path) .. " 2>/dev/null")
    return path
end

-- Every command that reads a log, about the log at `path`.
local function commands(path)
    local script, scenario = helper.script(nothing), helper.script("return {}", "scenario")
    local where = helper.directory()
    return {
        { "check", path }, { "check", "--json", path }, { "traces", path }, { "dump", path },
        { "dump", "--stats", path },
        { "show", "00000000", path }, { "timing", path }, { "timing", "--json", path }, { "run", script, path },
        { "run", "errors", path }, { "debug", path }, { "flow", path }, { "recover", path },
        { "recover", "give_up_errors", path }, { "export", "--format", "csv", path },
        { "export", "--format", "chrome", path }, { "crashtest", script, path },
        { "simulate", scenario, path, "-o", where .. "/simulated" }, { "backtest", path }, { "capacity", path },
        { "check", "--mode", "prefix", path }, { "check", "--mode", "strict", path },
    }
end

local function is_refused(result, words, context)
    assert.are.equal(4, result.status, context .. ": " .. result.stderr)
    assert.truthy(result.stderr:find("not a log: ", 1, true), context .. ": " .. result.stderr)
    assert.truthy(result.stderr:find(words, 1, true), context .. ": " .. result.stderr)
    assert.falsy(result.stderr:find("bug", 1, true), context)
end

describe("a file that is no log", function()
    after_each(helper.clean)

    for _, kind in ipairs(kinds) do
        it("is called " .. kind.name .. " by check: as a file, in a pipe, and as the only segment", function()
            local directory = helper.directory()
            if helper.shell("command -v " .. kind.tool) == "" then
                pending(kind.tool .. " is not installed")
                return
            end
            local file = make(kind, directory .. "/some.data")
            is_refused(helper.run { "check", file }, file .. ": not a log: no record is in it, and it looks like "
                .. kind.words, "file")
            is_refused(helper.run({ "check", "-" }, { stdin = helper.read(file) }), kind.words, "pipe")
            local segment = make(kind, directory .. "/wal_0.log")
            is_refused(helper.run { "check", directory }, segment .. ": not a log: no record is in it, and it looks "
                .. "like " .. kind.words, "directory")
        end)
    end

    it("given by its name is refused before anything is shown", function()
        local file = helper.write(helper.directory() .. "/notes.txt", "not a log\n")
        local asked, script = {}, helper.script(nothing)
        for index, name in ipairs { "check", "traces", "dump", "timing", "debug", "flow" } do
            asked[index] = { name, file }
        end
        asked[#asked + 1] = { "show", "00000000", file }
        asked[#asked + 1] = { "run", script, file }
        for _, arguments in ipairs(asked) do
            local result = helper.run(arguments)
            is_refused(result, "looks like text", table.concat(arguments, " "))
            assert.are.equal("", result.stdout)
        end
    end)

    it("as the only segment is refused by each command that reads, and is not changed", function()
        local directory = helper.directory() .. "/log"
        helper.shell("mkdir " .. directory)
        helper.write(directory .. "/wal_0000000000000000.log", "not a log\n")
        local before = files.contents(directory)
        local asked, plan = commands(directory), files.plan(files.copy("orders"))
        asked[#asked + 1] = { "repair", directory, "--yes" }
        asked[#asked + 1] = { "repair", directory, "--yes", "--cut-corrupt" }
        asked[#asked + 1] = { "recover", "give_up_errors", directory, "--apply", "-o", plan .. ".new" }
        asked[#asked + 1] = { "apply", plan, directory }
        asked[#asked + 1] = { "apply", "--repair", plan, directory }
        asked[#asked + 1] = { "undo", plan, directory }
        for _, arguments in ipairs(asked) do
            is_refused(helper.run(arguments), "looks like text", table.concat(arguments, " "))
            assert.are.same(before, files.contents(directory))
        end
    end)

    it("is refused by the module with kind not_a_log, however it is read", function()
        local file = helper.write(helper.directory() .. "/notes.txt", "not a log\n")
        local ways = {
            replay = function(log) log:replay {} end,
            records = function(log) for _ in log:records() do end end,
            traces = function(log) log:traces() end,
            history = function(log) log:history() end,
        }
        for name, read in pairs(ways) do
            local read_it, problem = pcall(read, reel.open(file))
            assert.falsy(read_it, name)
            assert.are.equal("not_a_log", problem.kind, name)
            assert.truthy(problem.message:find("looks like text", 1, true), name)
        end
    end)

    it("inside or in place of an archive is named by what it looks like", function()
        local directory = helper.directory()
        helper.shell(("gzip -c LICENSE >%s/wal_0.log.gz"):format(directory))
        is_refused(helper.run { "check", directory }, "looks like text", "text inside")
        helper.shell(("cp LICENSE %s/wal_0.log.gz"):format(directory))
        is_refused(helper.run { "check", directory }, "looks like text", "text in its place")
        helper.shell(("cp %s %s/wal_0.log.gz"):format(segment_path, directory))
        is_refused(helper.run { "check", directory }, "records that are not compressed; name it without .gz or .zst",
            "plain")
        helper.shell(("zstd -qfc LICENSE >%s/wal_0.log.gz"):format(directory))
        is_refused(helper.run { "check", directory }, "looks like zstd data; unpack it, or name it .log.zst", "zstd")
        helper.shell(("rm %s/*; gzip -c LICENSE >%s/wal_0.log.zst"):format(directory, directory))
        is_refused(helper.run { "check", directory }, "looks like gzip data; unpack it, or name it .log.gz", "gzip")
    end)
end)

describe("a file that does not look like a log", function()
    after_each(helper.clean)

    it("counts as a damaged segment among others, and is named", function()
        local directory = files.copy("orders")
        helper.shell(("zstd -qc %s >%s/wal_0000000000000001.log"):format(segment_path, directory))
        local result = helper.run { "check", directory }
        assert.are.equal(3, result.status)
        assert.truthy(result.stdout:find(
            "damage  wal_0000000000000001.log:0: corrupt, %d+ bytes: zstd data where a record is expected"),
            result.stdout)
    end)

    it("is not suspected in a log that is empty, torn in its first record, or never written", function()
        local record = helper.read(segment_path):sub(1, 133)
        assert.are.equal(133, ("<I4"):unpack(record))
        for _, bytes in ipairs { "", "K", record:sub(1, 4), record:sub(1, 40), record:sub(1, 132), ("\0"):rep(5000),
            record:sub(1, 131) .. "~}" } do
            local directory = helper.directory()
            helper.write(directory .. "/wal_0000000000000000.log", bytes)
            for _, path in ipairs { directory, directory .. "/wal_0000000000000000.log" } do
                assert.are.equal(0, helper.run({ "check", path }).status, #bytes)
            end
        end
    end)

    it("is not suspected if one record can be read, wherever it is", function()
        local whole = helper.read(segment_path)
        local directory = helper.directory()
        helper.write(directory .. "/wal_0.log", helper.read("LICENSE") .. whole:sub(1, 133))
        local result = helper.run { "check", directory }
        assert.are.equal(3, result.status)
        assert.truthy(result.stdout:find("1 segment, 1 record, 133 bytes", 1, true), result.stdout)
    end)
end)
