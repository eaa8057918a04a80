-- What people rely on whose segments are not in one directory: in an object store, or moved away one by one.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local archived = helper.log("archived")

-- A list in which each segment of the log is what `line` makes of its name.
local function list_of(log, line)
    local names, lines = reel.open(log).segments, {}
    for index, segment in ipairs(names) do
        lines[index] = line(segment.name, index)
    end
    return helper.write(helper.directory() .. "/segments.list", table.concat(lines, "\n") .. "\n")
end

local function by_path(name)
    return archived .. "/" .. name
end

local function by_command(name)
    return ("%s | cat '%s/%s'"):format(name, archived, name)
end

local function dump(...)
    return helper.run({ "dump", "--json", ... })
end

local function list(text)
    return helper.write(helper.directory() .. "/segments.list", text)
end

describe("--segments-from", function()
    teardown(helper.clean)

    it("reads the same records from files, and from commands that write compressed and plain segments", function()
        local whole = dump(archived)
        assert.are.equal(0, whole.status)
        assert.are.equal(#helper.expected("all-complete", "records") > 0, #whole.stdout > 0)
        for _, line in ipairs { by_path, by_command } do
            assert.are.same(whole, dump("--segments-from", list_of(archived, line)))
        end
    end)

    it("takes the lines in any order, and passes over comments and empty ones", function()
        local lines = {}
        list_of(archived, function(name)
            table.insert(lines, 1, "  " .. by_command(name) .. "  ")
            return ""
        end)
        local shuffled = list("# from the last one to the first\n\n" .. table.concat(lines, "\n"))
        assert.are.equal(dump(archived).stdout, dump("--segments-from", shuffled).stdout)
    end)

    it("is one log more than those that are named", function()
        local both = helper.run { "run", "throughput", archived, "--segments-from", list_of(archived, by_path) }
        assert.are.equal(0, both.status)
        assert.is_truthy(both.stdout:find("== " .. archived .. " ==", 1, true))
        assert.is_truthy(both.stdout:find("/segments.list ==", 1, true))
    end)

    it("knows which segments are missing by their numbers", function()
        local without = list_of(archived, function(name, index)
            return index == 2 and "" or by_command(name)
        end)
        local checked = helper.run { "check", "--json", "--segments-from", without }
        assert.are.equal(3, checked.status)
        assert.are.same({ class = "missing_segment", segment = "wal_0000000000000001.log" },
            helper.objects(checked.stdout)[1])
    end)

    it("fails as reading does where a command fails, with the segment's name: what came may be a part", function()
        local names = reel.open(archived).segments
        local cut = list(by_command(names[1].name) .. "\n" .. ("%s | head -c 100 '%s'; exit 7\n"):format(names[3].name,
            by_path(names[3].name)))
        local result = dump("--segments-from", cut)
        assert.are.equal(4, result.status)
        assert.is_truthy(result.stderr:find(names[3].name .. ": its command ended with status 7", 1, true))
        local killed = dump("--segments-from", list(names[1].name .. " | kill -TERM $$"))
        assert.are.equal(4, killed.status)
        assert.is_truthy(killed.stderr:find("its command was ended by signal 15", 1, true))
    end)

    it("does not wait for a command whose other output is not needed", function()
        local slow = list(("wal_0000000000000000.log | cat '%s/wal_0000000000000000.log'; exec sleep 100")
            :format(helper.log("orders")))
        local orders = reel.open(helper.log("orders"))
        orders:records()()
        local log = reel.open(slow, { listed = true, to = orders:position() })
        local begun = os.time()
        log:replay {}
        assert.are.equal(1, log:stats().records)
        assert.is_true(os.time() - begun < 50)
    end)

    it("ends a command by what it writes after nobody reads, as a shell does", function()
        local directory = helper.directory()
        local endless = list(("wal_0000000000000000.log | (cat '%s/%s'; yes; echo $? >'%s/ended'); :"):format(
            helper.log("orders"), "wal_0000000000000000.log", directory))
        local program = helper.script("return { api = 1, record = function() error('enough') end }")
        helper.run { "run", program, "--segments-from", endless }
        local ended = helper.shell(([[for i in $(seq 50); do [ -s '%s/ended' ] && break; sleep 0.1; done
            cat '%s/ended']]):format(directory, directory))
        assert.are.equal("141\n", ended)
    end)

    it("refuses lines that name no segment, and two with one number, with file and line", function()
        local cases = {
            { "nonsense | true", ":1: expected the path of a segment" },
            { "# a\nother/file.txt", ":2: expected the path of a segment" },
            { "a/wal_1.log\nb/wal_0001.log", "two lines have a segment with the number of wal_1.log" },
            { "wal_0.log | tr\0ue", ":1: expected text, found a zero byte" },
            { "# nothing", "expected segments (wal_*.log, .log.gz or .log.zst) in this list, found none" },
        }
        for _, case in ipairs(cases) do
            local result = helper.run { "check", "--segments-from", list(case[1]) }
            assert.is_truthy(result.stderr:find(case[2], 1, true), result.stderr)
            assert.is_true(result.status == 2 or result.status == 4)
        end
    end)

    it("says that a path of a list is not there", function()
        local result = helper.run { "check", "--segments-from", list("no/such/wal_0.log") }
        assert.are.equal(4, result.status)
        assert.is_truthy(result.stderr:find("no/such/wal_0.log: cannot open it for reading", 1, true))
    end)

    it("check: does not say what the engine would do, which reads directories", function()
        local listed = list_of(archived, by_path)
        local text = helper.output_of("check", "--segments-from", listed)
        assert.is_truthy(text:find("whether the engine would recover from it cannot be said", 1, true), text)
        local objects = helper.objects(helper.output_of("check", "--json", "--segments-from", listed))
        assert.are.same({ "sound", 0 }, { objects[1].summary.verdict, #objects[1].summary.engine.same_number })
        assert.is_true(objects[1].summary.engine.recovers ~= true and objects[1].summary.engine.recovers ~= false)
    end)

    it("uses no snapshot, and is not followed: such a log ends where its segments do", function()
        local snapshot = helper.log("snapshot")
        local listed = list_of(snapshot, function(name)
            return snapshot .. "/" .. name
        end)
        helper.shell(("cp -r %s/snapshots %s/"):format(snapshot, listed:match("^(.*)/")))
        assert.are.same(dump("--segments-from", listed), dump("--snapshot", "--segments-from", listed))
        local followed = helper.run({ "run", "errors", "--follow", "--segments-from", listed },
            { before = "timeout 20" })
        assert.are.equal(helper.run({ "run", "errors", "--segments-from", listed }).status, followed.status)
    end)

    it("is an open option for other programs, too", function()
        local log = reel.open(list_of(archived, by_command), { listed = true })
        log:replay {}
        assert.are.equal(#helper.objects(dump(archived).stdout), log:stats().records)
    end)
end)
