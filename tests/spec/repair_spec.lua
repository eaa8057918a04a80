local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local function repair(directory, ...)
    return helper.run { "repair", directory, ... }
end

-- The bytes of a log's readable records, in order.
local function bytes_of_records(directory)
    local all = {}
    for rec in reel.open(directory):records() do
        all[#all + 1] = rec:bytes()
    end
    return all
end

local function expected_damage(name)
    local gaps = helper.expected(name, "damage")
    assert(gaps and #gaps > 0)
    return gaps
end

describe("tracereel repair", function()
    after_each(helper.clean)

    for _, name in ipairs { "torn-tail", "zero-tail", "restarted" } do
        it("turns " .. name .. " into a log that a strict reader reads, with the same records and states", function()
            local directory = files.copy(name)
            local records, views = bytes_of_records(directory), files.views(directory)
            assert.falsy(files.strict_log(directory))
            local result = repair(directory, "--yes")
            assert.are.equal(0, result.status, result.stderr)
            assert.are.same(records, files.strict_log(directory))
            assert.are.same(views, files.views(directory))
            local checked = helper.run { "check", directory }
            assert.truthy(checked.stdout:find("the engine would recover from this log", 1, true))
        end)

        it("keeps the original of " .. name .. ", and what was cut, outside the log", function()
            local directory = files.copy(name)
            local before = files.contents(directory)
            local gap = expected_damage(name)[1]
            repair(directory, "--yes")
            local behind = files.contents(directory)
            assert.are.equal(before[gap.segment], behind[gap.segment .. ".original"])
            local offset = tonumber(gap.offset:sub(2))
            local cut = before[gap.segment]:sub(offset + 1, offset + tonumber(gap.length:sub(2)))
            assert.are.equal(cut, behind[gap.segment .. ".cut"])
            for segment, bytes in pairs(before) do
                assert.truthy(segment == gap.segment or behind[segment] == bytes)
            end
        end)

        it("without --yes, and with --dry-run, shows what it would do to " .. name .. " and does nothing", function()
            local directory = files.copy(name)
            local before = files.contents(directory)
            local gap = expected_damage(name)[1]
            local line = ("would cut %s bytes at %s:%s (%s)"):format(gap.length:sub(2), gap.segment,
                gap.offset:sub(2), gap.class)
            for _, extra in ipairs { {}, { "--dry-run" }, { "--yes", "--dry-run" } } do
                local result = repair(directory, table.unpack(extra))
                assert.are.equal(0, result.status)
                assert.truthy(result.stdout:find(line, 1, true), result.stdout)
                assert.are.same(before, files.contents(directory))
            end
        end)
    end

    for _, name in ipairs { "bit-flip-payload", "bit-flip-length", "bad-type", "garbage-middle", "lost-page",
        "short-middle-segment", "short-record" } do
        it("cuts corrupt stretches of " .. name .. " only with --cut-corrupt, and saves their bytes", function()
            local directory = files.copy(name)
            local before = files.contents(directory)
            local result = repair(directory, "--yes")
            assert.are.equal(3, result.status)
            assert.truthy(result.stdout:find("--cut-corrupt", 1, true))
            assert.are.same(before, files.contents(directory))

            local certain = {}
            for rec in reel.open(directory):records() do
                certain[#certain + 1] = not rec.suspect and rec:bytes() or nil
            end
            result = repair(directory, "--yes", "--cut-corrupt")
            assert.are.equal(0, result.status, result.stderr)
            assert.are.same(certain, files.strict_log(directory))
            for _, gap in ipairs(expected_damage(name)) do
                local behind = files.contents(directory)
                local offset, length = tonumber(gap.offset:sub(2)), tonumber(gap.length:sub(2))
                assert.are.equal(before[gap.segment], behind[gap.segment .. ".original"])
                assert.truthy(behind[gap.segment .. ".cut"]:find(
                    before[gap.segment]:sub(offset + 1, offset + length), 1, true))
            end
        end)
    end

    it("cuts what only looks like a record inside a broken one's text", function()
        local function encode(node_id, metadata)
            return record_bytes.encode { type = "node_done", trace_id = "00000000-0000-0000-0000-000000000001",
                node_id = node_id, metadata = metadata }
        end
        local inner = encode(7)
        local broken = encode(2, inner .. "!")
        broken = broken:sub(1, -2) .. "?" -- its checksum is wrong, its length is right
        local directory = record_bytes.write_log(helper.directory(), { encode(1), broken, encode(3) })
        local log = reel.open(directory)
        local suspects = 0
        for rec in log:records() do
            suspects = suspects + (rec.suspect and 1 or 0)
        end
        assert.are.equal(1, suspects)
        local result = repair(directory, "--yes", "--cut-corrupt")
        assert.are.equal(0, result.status, result.stderr)
        assert.are.same({ encode(1), encode(3) }, files.strict_log(directory))
    end)

    it("names the traces that are no longer tainted", function()
        local directory = files.copy("bit-flip-length")
        local tainted = {}
        for _, trace in ipairs(reel.open(directory):traces()) do
            tainted[#tainted + 1] = trace.tainted and trace.id or nil
        end
        assert.truthy(#tainted > 0)
        local result = repair(directory, "--cut-corrupt", "--json")
        assert.are.same(tainted, helper.objects(result.stdout)[1].tainted)
    end)

    it("says that a missing segment cannot be repaired", function()
        local directory = files.copy("missing-segment")
        local before = files.contents(directory)
        local result = repair(directory, "--yes", "--cut-corrupt")
        assert.are.equal(3, result.status)
        assert.truthy(result.stdout:find("missing_segment", 1, true))
        assert.are.same(before, files.contents(directory))
    end)

    it("does nothing for a sound log, nor a second time", function()
        for _, name in ipairs { "orders", "archived", "snapshot", "empty", "torn-tail" } do
            local directory = files.copy(name)
            repair(directory, "--yes")
            local before = files.contents(directory)
            local result = repair(directory, "--yes")
            assert.are.equal(0, result.status)
            assert.truthy(result.stdout:find("nothing to repair", 1, true))
            assert.are.same(before, files.contents(directory))
        end
    end)

    it("keeps each original where a segment is repaired more than once", function()
        local directory = files.copy("torn-tail")
        local name = "wal_0000000000000002.log"
        local first = helper.read(directory .. "/" .. name)
        repair(directory, "--yes")
        helper.shell(("head -c 30 %s/wal_0000000000000000.log >> %s/%s"):format(directory, directory, name))
        local second = helper.read(directory .. "/" .. name)
        repair(directory, "--yes")
        assert.are.equal(first, helper.read(directory .. "/" .. name .. ".original"))
        assert.are.equal(second, helper.read(directory .. "/" .. name .. ".original-2"))
        assert.truthy(files.strict_log(directory))
    end)

    it("leaves an empty segment if nothing in one can be read", function()
        local directory = files.copy("all-complete")
        helper.write(directory .. "/wal_0000000000000001.log", ("\0"):rep(4096))
        local records = bytes_of_records(directory)
        assert.are.equal(0, repair(directory, "--yes").status)
        assert.are.equal("", helper.read(directory .. "/wal_0000000000000001.log"))
        assert.are.same(records, files.strict_log(directory))
    end)

    it("says that a compressed segment is not rewritten", function()
        local directory = files.copy("torn-tail")
        helper.shell("gzip " .. directory .. "/wal_0000000000000002.log")
        local result = repair(directory, "--yes")
        assert.are.equal(0, result.status)
        assert.truthy(result.stdout:find("stays (compressed, not rewritten): "
            .. "wal_0000000000000002.log.gz:21958: torn_tail", 1, true))
        helper.shell(("cd %s && gunzip *.gz && zstd -q --rm wal_0000000000000002.log"):format(directory))
        result = repair(directory, "--yes")
        assert.are.equal(0, result.status)
        assert.truthy(result.stdout:find("stays (compressed, not rewritten): "
            .. "wal_0000000000000002.log.zst:21958: torn_tail", 1, true))
    end)

    it("refuses a log that another process has locked, even without --yes", function()
        local directory = files.copy("torn-tail")
        local before = files.contents(directory)
        for _, extra in ipairs { "--yes", "--dry-run" } do
            local result = helper.run({ "repair", directory, extra },
                { before = "flock --exclusive --nonblock " .. directory .. "/wal_0000000000000002.log" })
            assert.are.equal(6, result.status)
            assert.are.same(before, files.contents(directory))
        end
    end)

    it("--json prints every cut, what stays, and the names of the files", function()
        local directory = files.copy("restarted")
        local gap = expected_damage("restarted")[1]
        local answer = helper.objects(repair(directory, "--yes", "--json").stdout)[1]
        assert.is_true(answer.done)
        assert.are.same({ { class = gap.class, offset = gap.offset, length = gap.length } }, answer.segments[1].cuts)
        assert.are.equal(gap.segment .. ".original", answer.segments[1].original)
        assert.are.same({}, answer.left)
        assert.are.equal("#" .. #files.strict_log(directory), answer.records)
    end)
end)
