-- What `check` says of the engine, against a model of the engine's own reader that shares no code with the program: it
-- reads a length, gives up at one below 29 or beyond the end, skips what is no record, and stops where fewer than four
-- bytes are left.
local core = require "tracereel.core"
local engine_reader = require "tracereel.log.engine_reader"
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local function is_record(bytes, offset)
    local left = #bytes - offset
    if left < 69 then
        return false
    end
    local length, sum, kind = ("<I4I4I1"):unpack(bytes, offset + 1)
    if length < 69 or length > left or kind > 10 then
        return false
    end
    local error_bytes = ("<I4"):unpack(bytes, offset + 62)
    if 69 + error_bytes > length then
        return false
    end
    local metadata_bytes = ("<I4"):unpack(bytes, offset + 66 + error_bytes)
    return 69 + error_bytes + metadata_bytes <= length
        and files.crc32(bytes:sub(offset + 30, offset + length)) == sum, length
end

-- Offsets of the records that a reader finds which goes on, after a broken one, at the next byte where one begins.
local function found_by_search(bytes)
    local found, offset = {}, 0
    while offset < #bytes do
        local is_there, length = is_record(bytes, offset)
        if is_there then
            found[offset] = true
        end
        offset = offset + (is_there and length or 1)
    end
    return found
end

local function walk_of_engine(bytes)
    local walk = { refused = false, offset = 0, records = 0, skipped = 0, passed_over = 0, misread = 0 }
    local found, read = found_by_search(bytes), {}
    while #bytes - walk.offset >= 4 do
        local length = ("<I4"):unpack(bytes, walk.offset + 1)
        if length < 29 or length > #bytes - walk.offset then
            walk.refused, walk.length, walk.left = true, length, #bytes - walk.offset
            break
        end
        local kind = is_record(bytes, walk.offset) and (found[walk.offset] and "records" or "misread") or "skipped"
        walk[kind] = walk[kind] + 1
        read[walk.offset] = kind ~= "skipped"
        walk.offset = walk.offset + length
    end
    for offset in pairs(found) do
        if offset < walk.offset and not read[offset] then
            walk.passed_over = walk.passed_over + 1
        end
    end
    return walk
end

-- ---- logs that were changed by chance ----

local function put(bytes, offset, text)
    return bytes:sub(1, offset) .. text .. bytes:sub(offset + #text + 1)
end

local changes = {
    function(bytes, at) -- one bit
        return put(bytes, at, string.char(bytes:byte(at + 1) ~ (1 << math.random(0, 7))))
    end,
    function(bytes, _, record) -- a length that is short, or near the least that the engine takes
        return put(bytes, record, ("<I4"):pack(math.random(0, 110)))
    end,
    function(bytes, _, record, other) -- a length that leads to another record
        return put(bytes, record, ("<I4"):pack(math.max(0, other - record)))
    end,
    function(bytes, _, record) -- a length that leads anywhere, or beyond the end by a little
        return put(bytes, record, ("<I4"):pack(math.random(0, #bytes - record + 8)))
    end,
    function(bytes, at) -- a cut
        return bytes:sub(1, at)
    end,
    function(bytes, at) -- zeros over what was there
        return put(bytes, at, ("\0"):rep(math.min(math.random(1, 200), #bytes - at)))
    end,
    function(bytes, at) -- bytes too many
        return bytes:sub(1, at) .. ("x"):rep(math.random(1, 90)) .. bytes:sub(at + 1)
    end,
    function(bytes, at) -- bytes too few
        return bytes:sub(1, at) .. bytes:sub(at + math.random(2, 90))
    end,
    function(bytes) -- a few stray bytes at the end
        return bytes .. ("\1"):rep(math.random(1, 5))
    end,
    function(bytes, _, record) -- what the engine skips: a record of 29 to 68 bytes
        local length = math.random(27, 70)
        return bytes:sub(1, record) .. ("<I4"):pack(length) .. ("\0"):rep(math.max(0, length - 4))
            .. bytes:sub(record + 1)
    end,
}

-- The first records of a sample log.
local function sound_bytes()
    local all = helper.read(helper.log("orders") .. "/wal_0000000000000000.log")
    local offset, records = 0, {}
    while #records < 24 do
        records[#records + 1] = offset
        offset = offset + ("<I4"):unpack(all, offset + 1)
    end
    return all:sub(1, offset), records
end

describe("the model of the engine's reader", function()
    after_each(helper.clean)

    local bytes, records = sound_bytes()
    local directory, path

    before_each(function()
        directory = helper.directory()
        path = directory .. "/wal_0000000000000000.log"
    end)

    local function compare(changed, what)
        helper.write(path, changed)
        local wanted, found = walk_of_engine(changed), core.engine_walk(path, "segment")
        for key, value in pairs(wanted) do
            assert.are.equal(value, found[key], what .. " " .. key)
        end
        local reader, log = engine_reader.new(), reel.open(directory)
        log:replay { gap = function(gap) reader:note(gap) end }
        local verdict = reader:verdict(log)
        assert.are.equal(not wanted.refused, verdict.recovers, what)
        assert.are.equal(wanted.refused and wanted.offset or nil, verdict.offset, what)
        assert.is_true(verdict.appends)
        return wanted
    end

    it("predicts the engine exactly on randomly changed logs", function()
        math.randomseed(20260127)
        local met = { refused = 0, skipped = 0, passed_over = 0, whole = 0 }
        for round = 1, 500 do
            local changed = bytes
            for _ = 1, math.random(1, 3) do
                local at = math.random(0, math.max(#changed - 1, 0))
                local one, other = math.random(#records), math.random(#records)
                if #changed > records[#records] + 4 then
                    changed = changes[math.random(#changes)](changed, at, records[one], records[other])
                end
            end
            local wanted = compare(changed, "round " .. round)
            met.refused = met.refused + (wanted.refused and 1 or 0)
            met.skipped = met.skipped + (wanted.skipped > 0 and 1 or 0)
            met.passed_over = met.passed_over + (wanted.passed_over > 0 and 1 or 0)
            met.whole = met.whole + (wanted.refused and 0 or 1)
        end
        for what, count in pairs(met) do
            assert.is_true(count >= 20, what .. " " .. count)
        end
    end)

    it("skips each length from 29 to 68, refuses each below, and refuses one that reaches beyond the end", function()
        for length = 0, 69 do
            local short = ("<I4"):pack(length) .. ("\0"):rep(math.max(length, 4) - 4)
            local wanted = compare(bytes .. short, "length " .. length)
            assert.are.equal(length < 29, wanted.refused, length)
            assert.are.equal(length < 29 and 0 or 1, wanted.skipped, length)
        end
        assert.is_true(compare(bytes .. ("<I4"):pack(69) .. ("\0"):rep(64), "one byte short").refused)
        assert.is_false(compare(bytes .. ("<I4"):pack(69) .. ("\0"):rep(65), "whole").refused)
    end)

    it("ignores one to three bytes at the end, and reads four as a length", function()
        for count = 1, 3 do
            assert.is_false(compare(bytes .. ("\0"):rep(count), count .. " bytes").refused)
        end
        assert.is_true(compare(bytes .. ("\0"):rep(4), "4 bytes").refused)
    end)

    it("reads a record inside another one's text if a wrong length leads there", function()
        local inner = bytes:sub(records[1] + 1, records[2])
        local carrier = reel.record.checkpoint { metadata = "xxxx" .. inner }:bytes()
        local lead = reel.record.checkpoint {}:bytes()
        lead = ("<I4"):pack(#lead + #carrier - #inner) .. lead:sub(5)
        local wanted = compare(lead .. carrier .. bytes, "within")
        assert.are.equal(1, wanted.misread)
        assert.are.equal(1, wanted.passed_over)
        assert.truthy(helper.run({ "check", directory }).stdout:find("the engine would recover from this log, but skip "
            .. "1 broken record, be taken past 1 record that can be read by a wrong length, read 1 record inside of "
            .. "others\n", 1, true))
    end)

    it("takes no time for a gap of a gigabyte, wherever reading stops", function()
        helper.write(path, bytes)
        helper.shell("truncate -s 1G " .. path)
        local start = os.clock()
        local found = core.engine_walk(path, "segment")
        assert.is_true(os.clock() - start < 0.2)
        assert.is_true(found.refused)
        assert.are.equal(#bytes, found.offset)
    end)

    it("skips short lengths at the speed of memory", function()
        helper.write(path, (("<I4"):pack(29) .. ("\255"):rep(25)):rep(1000000))
        local start = os.clock()
        local found = core.engine_walk(path, "segment")
        assert.is_true(os.clock() - start < 2)
        assert.are.equal(1000000, found.skipped)
        assert.is_false(found.refused)
    end)
end)

describe("the model of the engine's list of files", function()
    after_each(helper.clean)

    local function check(directory)
        local text = helper.run({ "check", directory }, { before = "timeout 10" }).stdout
        local objects = helper.objects(helper.run({ "check", "--json", directory }, { before = "timeout 10" }).stdout)
        return text, objects[#objects].summary.engine
    end

    local refuses = "\nthe engine would refuse to recover from this log: "

    it("refuses a dangling link, whatever its number", function()
        for _, name in ipairs { "wal_0.log", "wal_+7.log", "wal_ffffffffffffffff.log", "wal_0000000000000000A.log" } do
            local directory = files.copy("done-only")
            helper.shell(("ln -s nowhere %s/%s"):format(directory, name))
            local text, engine = check(directory)
            assert.truthy(text:find(("%sit cannot open %s: nothing is there by that name"):format(refuses, name), 1,
                true), text)
            assert.is_false(engine.recovers)
            assert.are.equal(name, engine.segment)
        end
    end)

    it("ignores names without a 64-bit number", function()
        local directory = files.copy("done-only")
        for _, name in ipairs { "wal_.log", "wal_+.log", "wal_-1.log", "wal_0x1.log", "wal_1g.log", "wal_1.log.gz.log",
            "wal_10000000000000000.log", "WAL_1.log", "wal_1.LOG", "wal_ 1.log", "wal_1_.log" } do
            helper.shell(("ln -s nowhere '%s/%s'"):format(directory, name))
        end
        local text = check(directory)
        assert.truthy(text:find("\nthe engine would recover from this log, and read all of it\n", 1, true), text)
    end)

    it("refuses a directory and a pipe, and cannot append if one of them is the last file", function()
        for kind, make in pairs { ["a directory"] = "mkdir", ["a pipe"] = "mkfifo" } do
            local directory = files.copy("done-only")
            helper.shell(("%s %s/wal_0000000000000009.log"):format(make, directory))
            local text, engine = check(directory)
            assert.is_false(engine.recovers)
            assert.is_false(engine.appends)
            assert.truthy(text:find(("\nit could not append to it: wal_0000000000000009.log is %s\n"):format(kind), 1,
                true), text)
        end
    end)

    it("reads both of two files with one number, and stops if either cannot be read", function()
        local directory = files.copy("done-only")
        local path = directory .. "/wal_0000000000000001.log"
        helper.write(directory .. "/wal_+01.log", helper.read(path))
        local text, engine = check(directory)
        assert.is_true(engine.recovers)
        assert.are.same({ { "wal_+01.log", "wal_0000000000000001.log" } }, engine.same_number)
        assert.truthy(text:find("read both wal_+01.log and wal_0000000000000001.log, in no certain order\n", 1, true))
        helper.write(directory .. "/wal_+01.log", helper.read(path) .. "\0\0\0\0")
        text, engine = check(directory)
        assert.is_false(engine.recovers)
        assert.are.equal("wal_+01.log", engine.segment)
        assert.are.equal("#" .. #helper.read(path), engine.offset)
        assert.truthy(text:find(refuses .. "at wal_+01.log:", 1, true))
    end)

    it("appends to the highest number of sixteen digits, or to the next number if that file exceeds 32 MiB", function()
        local directory = files.copy("done-only")
        assert.are.equal("wal_0000000000000001.log", select(2, check(directory)).append_to)
        helper.shell(("mv %s/wal_0000000000000001.log %s/wal_b.log"):format(directory, directory))
        assert.are.equal("wal_000000000000000b.log", select(2, check(directory)).append_to)
        helper.shell(("truncate -s 33554432 %s/wal_000000000000000c.log"):format(directory))
        assert.are.equal("wal_000000000000000c.log", select(2, check(directory)).append_to)
        helper.shell(("truncate -s 33554433 %s/wal_000000000000000c.log"):format(directory))
        assert.are.equal("wal_000000000000000d.log", select(2, check(directory)).append_to)
    end)

    it("would create a file with the number of an archived one, which check reports", function()
        local directory = files.copy("archived")
        helper.shell("gzip " .. directory .. "/*2.log")
        local text, engine = check(directory)
        assert.are.equal("wal_0000000000000000.log", engine.append_to)
        assert.truthy(text:find("\nwal_0000000000000000.log.gz has the number of that file: it would then be taken for "
            .. "a copy, and not be read\n", 1, true), text)
        helper.shell(("cd %s && gunzip wal_0000000000000000.log.gz && zstd -q --rm wal_0000000000000000.log"):format(
            directory))
        text = check(directory)
        assert.truthy(text:find("\nwal_0000000000000000.log.zst has the number of that file: ", 1, true), text)
    end)

    it("is cited by recover, traces --open and show, whose forecast holds once the log is repaired", function()
        local directory = files.copy("torn-tail")
        local words = directory .. ": the engine would refuse to recover from this log: at wal_0000000000000002.log:"
            .. "21958 it meets a record length of 69, where 38 bytes are left; this forecast holds once"
        local commands = { { "recover", directory }, { "recover", "safe_start", directory, "--json" },
            { "traces", "--open", directory }, { "show", "c4eae6f2", directory } }
        for _, command in ipairs(commands) do
            local result = helper.run(command)
            assert.are.equal(0, result.status, command[1])
            assert.truthy(result.stderr:find(words, 1, true), command[1] .. ": " .. result.stderr)
        end
        assert.are.equal(0, helper.run({ "repair", directory, "--yes" }).status)
        for _, command in ipairs(commands) do
            local result = helper.run(command)
            assert.are.equal("", result.stderr)
        end
    end)

    it("reports two files with one number in every command that reads the log", function()
        local directory = files.copy("done-only")
        local plan = files.plan(directory)
        helper.shell(("cp %s/wal_0000000000000000.log %s/wal_0.log"):format(directory, directory))
        local script = helper.script "return { api = 1, recover = function() end }"
        local words = directory .. "/wal_0.log is not read: wal_0000000000000000.log has the same number"
        for _, command in ipairs { { "apply", "--dry-run", plan, directory }, { "undo", "--dry-run", plan, directory },
            { "repair", directory }, { "recover", directory }, { "crashtest", script, directory },
            { "flow", directory }, { "show", "00", directory }, { "export", "--format", "csv", directory },
            { "run", "errors", directory }, { "debug", directory },
            { "simulate", helper.script "return { api = 1 }", directory, "-o", directory .. "-new" } } do
            local result = helper.run(command, { stdin = "" })
            assert.truthy(result.stderr:find(words, 1, true), command[1] .. ": " .. result.stderr)
        end
    end)
end)
