local helper = require "tests.spec.helper"

local damage_classes = { corrupt = true, missing_segment = true }

local function check(...)
    return helper.run { "check", ... }
end

describe("tracereel check", function()
    after_each(helper.clean)

    for _, name in ipairs(helper.log_names()) do
        it("--json lists exactly the expected gaps of " .. name .. ", and the status reports damage", function()
            local expected = helper.expected(name, "damage") or {}
            local status = 0
            for _, gap in ipairs(expected) do
                status = damage_classes[gap.class] and 3 or status
            end
            local result = check("--json", helper.log(name))
            local objects = helper.objects(result.stdout)
            local summary = table.remove(objects).summary
            assert.are.same(expected, objects)
            assert.are.equal(status == 3 and "damaged" or "sound", summary.verdict)
            assert.are.equal(status, result.status)
        end)
    end

    it("says where each gap is, how long, and why it cannot be read", function()
        local result = check(helper.log("restarted"))
        assert.are.equal(0, result.status)
        assert.truthy(result.stdout:find("^normal  wal_0000000000000000.log:23023: torn_write, 46 bytes: %w"))
        assert.truthy(result.stdout:find("sound", 1, true))
        result = check(helper.log("missing-segment"))
        assert.truthy(result.stdout:find("^damage  wal_0000000000000001.log: missing_segment: %w"))
        assert.truthy(result.stdout:find("damaged: 1 missing_segment", 1, true))
    end)

    -- The engine's reader gives up at a length that cannot be, skips a record whose checksum is wrong, and sees no
    -- missing segment.
    local refuses = "the engine would refuse to recover from this log: "
    local verdicts = {
        ["orders"] = "the engine would recover from this log, and read all of it",
        ["torn-tail"] = refuses
            .. "at wal_0000000000000002.log:21958 it meets a record length of 69, where 38 bytes are left",
        ["zero-tail"] = refuses
            .. "at wal_0000000000000002.log:22027 it meets a record length of 0, where 29 is the minimum",
        ["restarted"] = refuses .. "at wal_0000000000000000.log:",
        ["bit-flip-payload"] = "the engine would recover from this log, but skip 1 broken record",
        ["short-record"] = "the engine would recover from this log, but skip 1 broken record",
        ["missing-segment"] = "the engine would recover from this log, but not notice that a segment is missing",
        ["archived"] = "the engine would recover from this log, but not read the compressed segments",
    }
    for name, verdict in pairs(verdicts) do
        it("says whether the engine would recover from " .. name .. ", and that it would append", function()
            local text = check(helper.log(name)).stdout
            assert.truthy(text:find(verdict, 1, true), text)
            local recovers = verdict:sub(1, #refuses) ~= refuses
            local last = ("wal_%016x.log"):format(name ~= "restarted" and name ~= "short-record" and 2 or 0)
            assert.truthy(text:find(("\nit would append to it%s, to %s: opening for writing reads nothing\n"):format(
                recovers and "" or " all the same", last), 1, true), text)
            assert.are.equal(not recovers, text:find("\nrefused are recovery, inspection, and every resume", 1, true)
                ~= nil)
            local objects = helper.objects(check("--json", helper.log(name)).stdout)
            local engine = objects[#objects].summary.engine
            assert.are.equal(recovers, engine.recovers)
            assert.is_true(engine.appends)
            assert.are.equal(last, engine.append_to)
            assert.are.equal(recovers and "#null" or "string", recovers and engine.reason or type(engine.reason))
        end)
    end

    it("judges a log by its segments alone, whatever other files and names the directory has", function()
        local directory = helper.directory()
        helper.shell(("cp -r %s/. %s"):format(helper.log("snapshot"), directory))
        helper.shell(("printf 12345678 >%s/snapshots/snapshot_0000000000000001.snap"):format(directory))
        local result = check("--snapshot", directory)
        assert.truthy(result.stdout:find("damage  snapshots/snapshot_0000000000000001.snap:0: ", 1, true))
        assert.truthy(result.stdout:find("the engine would recover from this log, and read all of it", 1, true),
            result.stdout)
        local copy = directory .. "/no-log"
        helper.shell(("cp %s/wal_0000000000000002.log %s"):format(helper.log("torn-tail"), copy))
        result = check(copy)
        assert.truthy(result.stdout:find(refuses .. "at no-log:21958 ", 1, true), result.stdout)
    end)

    it("does not wait for a pipe that is named like a segment", function()
        local directory = helper.directory()
        helper.shell(("mkfifo %s/wal_0000000000000000.log"):format(directory))
        local result = helper.run({ "check", directory }, { before = "timeout 10" })
        assert.are.equal(3, result.status)
        assert.truthy(result.stdout:find(refuses .. "it waits for ever at wal_0000000000000000.log: that is a pipe", 1,
            true))
    end)

    it("tells a whole log from one that a crash tore, and says where reading began", function()
        assert.truthy(check(helper.log("orders")).stdout:find("sound: every byte belongs to a valid record", 1, true))
        assert.truthy(check(helper.log("torn-tail")).stdout:find(
            "sound: what cannot be read is what a crash leaves, nothing was lost", 1, true))
        assert.truthy(check("--snapshot", helper.log("snapshot")).stdout:find(
            "\nread from a snapshot, at 1:%d+; without %-%-snapshot "))
        assert.is_nil(check(helper.log("snapshot")).stdout:find("snapshot", 1, true))
    end)

    it("summarises violations with their meanings", function()
        local text = check(helper.log("edge")).stdout
        assert.truthy(text:find("trace_not_open: ", 1, true))
        assert.truthy(text:find("trace_restarted: ", 1, true))
    end)

    it("distinguishes a log that cannot be opened from a damaged one", function()
        local directory = helper.directory()
        for _, case in ipairs {
            { directory, "no segment" },
            { directory .. "/nothing", "nothing" },
        } do
            local result = check(case[1])
            assert.are.equal(4, result.status)
            assert.are.equal("", result.stdout)
            assert.truthy(result.stderr:find(case[1], 1, true))
        end
    end)

    it("reads the other logs if one cannot be read, and ends with the gravest status", function()
        local result = check("--json", helper.log("nothing-here"), helper.log("bit-flip-payload"))
        assert.are.equal(4, result.status)
        local objects = helper.objects(result.stdout)
        assert.are.equal(2, #objects)
        for _, object in ipairs(objects) do
            assert.are.equal(helper.log("bit-flip-payload"), object.log)
        end
    end)

    describe("of two files with the same number", function()
        local directory, segment

        before_each(function()
            directory = helper.directory()
            helper.shell(("cp %s/*.log %s"):format(helper.log("orders"), directory))
            segment = directory .. "/wal_0000000000000001.log"
        end)

        it("says which it reads, and that nothing of the other is lost", function()
            -- What an archiver leaves that was interrupted: an archive that ends early.
            helper.shell(("gzip -c %s | head -c 3000 >%s.gz"):format(segment, segment))
            local result = check(directory)
            assert.are.equal(0, result.status)
            assert.truthy(result.stdout:find("note    wal_0000000000000001.log.gz: not read, because "
                .. "wal_0000000000000001.log has the same number; that file has every record of this one, too\n",
                1, true))
            assert.truthy(result.stdout:find("sound: every byte", 1, true))
            local json = check("--json", directory)
            assert.are.equal(0, json.status)
            local objects = helper.objects(json.stdout)
            assert.are.same({ class = "unread", segment = "wal_0000000000000001.log.gz",
                read_instead = "wal_0000000000000001.log" }, objects[1])
            assert.are.equal("sound", objects[2].summary.verdict)
            assert.are.same({}, objects[2].summary.engine.same_number)
        end)

        it("gives the offset at which the unread one holds more, and does not call the log sound", function()
            local bytes = helper.read(segment)
            helper.write(directory .. "/wal_1.log", bytes)
            helper.write(segment, bytes:sub(1, 23000))
            local first_lost, next_record = nil, 0
            while next_record <= 23000 do
                first_lost = next_record
                next_record = next_record + string.unpack("<I4", bytes, next_record + 1)
            end
            local result = check(directory)
            local others = helper.objects(check("--json", directory).stdout)
            assert.are.equal(3, result.status)
            assert.truthy(result.stdout:find(("unclear wal_1.log: not read, because wal_0000000000000001.log has the "
                .. "same number; from offset %d on it holds other records"):format(first_lost), 1, true), result.stdout)
            assert.are.same({ class = "unread", segment = "wal_1.log", read_instead = "wal_0000000000000001.log",
                differs_at = "#" .. first_lost }, others[#others - 1])
            assert.are.equal("damaged", others[#others].summary.verdict)
            assert.are.same({ { "wal_0000000000000001.log", "wal_1.log" } }, others[#others].summary.engine.same_number)
        end)

        it("says that a number is used twice even if nothing else is wrong", function()
            helper.shell(("cp %s/wal_0000000000000000.log %s/wal_1.log"):format(directory, directory))
            local result = check(directory)
            assert.are.equal(3, result.status)
            assert.truthy(result.stdout:find("\nunclear: more than one file has the same number", 1, true))
            assert.truthy(result.stdout:find("\nthe engine would recover from this log, but read both "
                .. "wal_0000000000000001.log and wal_1.log, in no certain order\n", 1, true), result.stdout)
        end)

        it("warns on standard error in every other command, too", function()
            helper.shell(("cp %s %s/wal_1.log"):format(segment, directory))
            for _, command in ipairs { "traces", "dump", "timing", "recover" } do
                local result = helper.run { command, directory }
                assert.are.equal(0, result.status, command)
                assert.truthy(result.stderr:find("/wal_1.log is not read: wal_0000000000000001.log has the same number",
                    1, true), command)
            end
        end)
    end)

    it("asks whether a file without any record is a log", function()
        local result = helper.run({ "check", "-" }, { stdin = ("\0"):rep(100) })
        assert.are.equal(0, result.status)
        assert.truthy(result.stdout:find("no record could be read: is this a log?", 1, true))
    end)
end)
