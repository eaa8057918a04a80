local helper = require "tests.spec.helper"

local damage_classes = { corrupt = true, missing_segment = true }

local function check(...)
    return helper.run { "check", ... }
end

describe("tracereel check", function()
    after_each(helper.clean)

    for _, name in ipairs(helper.log_names()) do
        it("--json lists exactly the expected gaps of " .. name .. ", and the status tells of damage", function()
            local expected = helper.expected(name, "damage") or {}
            local status = 0
            for _, gap in ipairs(expected) do
                status = damage_classes[gap.class] and 3 or status
            end
            local result = check("--json", helper.log(name))
            assert.are.same(expected, helper.objects(result.stdout))
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
    local verdicts = {
        ["orders"] = "the engine would open this log and read all of it",
        ["torn-tail"] = "the engine would refuse this log: at wal_0000000000000002.log:21958 it meets a record length",
        ["zero-tail"] = "the engine would refuse this log: at wal_0000000000000002.log:22027 it meets a record",
        ["restarted"] = "the engine would refuse this log: at wal_0000000000000000.log:",
        ["bit-flip-payload"] = "the engine would open this log, but skip what it cannot read",
        ["missing-segment"] = "the engine would open this log, but not notice that a segment is missing",
        ["archived"] = "the engine would open this log, but not read the compressed segments",
    }
    for name, verdict in pairs(verdicts) do
        it("says plainly whether the engine would open " .. name, function()
            assert.truthy(check(helper.log(name)).stdout:find(verdict, 1, true))
        end)
    end

    it("judges a log by its segments: what else cannot be read, and how a file is named, do not matter", function()
        local directory = helper.directory()
        helper.shell(("cp -r %s/. %s"):format(helper.log("snapshot"), directory))
        helper.shell(("printf 12345678 >%s/snapshots/snapshot_0000000000000001.snap"):format(directory))
        local result = check(directory)
        assert.truthy(result.stdout:find("damage  snapshots/snapshot_0000000000000001.snap:0: ", 1, true))
        assert.truthy(result.stdout:find("the engine would open this log and read all of it", 1, true), result.stdout)
        local copy = directory .. "/no-log"
        helper.shell(("cp %s/wal_0000000000000002.log %s"):format(helper.log("torn-tail"), copy))
        result = check(copy)
        assert.truthy(result.stdout:find("the engine would refuse this log: at no-log:21958 ", 1, true), result.stdout)
    end)

    it("does not wait for a pipe that is named like a segment", function()
        local directory = helper.directory()
        helper.shell(("mkfifo %s/wal_0000000000000000.log"):format(directory))
        local result = helper.run({ "check", directory }, { before = "timeout 10" })
        assert.are.equal(3, result.status)
        assert.truthy(result.stdout:find("the engine would refuse this log: it cannot read wal_0", 1, true))
    end)

    it("summarises violations with their meanings", function()
        local text = check(helper.log("edge")).stdout
        assert.truthy(text:find("trace_not_open: ", 1, true))
        assert.truthy(text:find("trace_restarted: ", 1, true))
    end)

    it("tells what cannot be opened apart from what is damaged", function()
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

    it("reads the other logs where one cannot be read, and ends with the gravest code", function()
        local result = check("--json", helper.log("nothing-here"), helper.log("bit-flip-payload"))
        assert.are.equal(4, result.status)
        assert.are.equal(1, #helper.objects(result.stdout))
        assert.are.equal(helper.log("bit-flip-payload"), helper.objects(result.stdout)[1].log)
    end)

    it("asks whether a file without one record is a log", function()
        local result = helper.run { "check", "LICENSE" }
        assert.truthy(result.stdout:find("no record could be read: is this a log?", 1, true))
    end)

    it("says of gzip data on a pipe what to do with it", function()
        local archive = helper.read(helper.log("archived") .. "/wal_0000000000000000.log.gz")
        local result = helper.run({ "check", "-" }, { stdin = archive })
        assert.truthy(result.stdout:find("gzip data where a record is expected", 1, true))
    end)
end)
