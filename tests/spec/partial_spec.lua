-- run --partial: a result that can be made again, skipped, and merged.
local helper = require "tests.spec.helper"
local partials = require "tests.spec.partials"

local copy_of, logs, partial_of, refused = partials.copy_of, partials.logs, partials.partial_of, partials.refused
local run, same, script_text, sum_text = partials.run, partials.same, partials.script_text, partials.sum_text
local directory, script

describe("a partial result", function()
    before_each(function()
        directory, script = partials.begin()
    end)
    after_each(helper.clean)

    it("of each log is merged to what one process prints of all, as text and as JSON", function()
        helper.write(script, script_text)
        for _, flags in ipairs { {}, { "--json" } } do
            local paths = {}
            for index, log in ipairs(logs) do
                paths[index] = partial_of(log, "p" .. index .. #flags, table.unpack(flags))
            end
            local whole = run("run", script, logs[3], logs[1], logs[2], table.unpack(flags))
            same(whole, run("merge", paths[3], paths[1], paths[2]))
        end
    end)

    it("of each shard is merged to what one process prints of the log, in whatever order they are named", function()
        local paths = {}
        for index = 0, 4 do
            paths[index + 1] = partial_of(logs[1], "s" .. index, "--shard", index .. "/5")
        end
        local whole = run("run", script, logs[1])
        assert.equal(0, whole.status)
        same(whole, run("merge", paths[4], paths[1], paths[5], paths[3], paths[2]))
    end)

    it("of each shard of several logs is merged shard by shard, and then log by log", function()
        helper.write(script, script_text)
        local paths = {}
        for _, log in ipairs(logs) do
            for index = 0, 1 do
                paths[#paths + 1] = partial_of(log, "s" .. #paths, "--shard", index .. "/2")
            end
        end
        local json = {}
        for _, log in ipairs { logs[1], logs[2] } do
            for index = 0, 1 do
                local ran = run("run", script, log, "--json", "--shard", index .. "/2")
                json[#json + 1] = ran.stdout:match('"parts":%[(".-")%]')
            end
        end
        local merged = run("merge", paths[3], paths[1], paths[4], paths[6], paths[2], paths[5]).stdout
        local at = 0
        for _, first in ipairs { json[3], json[4], json[1], json[2] } do
            at = assert(merged:find(first:sub(2, -2), at + 1, true))
        end
    end)

    it("of a damaged log ends with 0, and its merge as one process does: with 3 and the same words", function()
        local paths = { partial_of(logs[1], "p1"), partial_of("tests/fixtures/logs/missing-segment", "p2") }
        local whole = run("run", script, logs[1], "tests/fixtures/logs/missing-segment")
        assert.equal(3, whole.status)
        same(whole, run("merge", table.unpack(paths)))
        assert.matches('"damage":{"missing_segment":%d+}', helper.read(paths[2]))
    end)

    it("of a log whose segments are listed is known by the list", function()
        local list, path = directory .. "/list", directory .. "/p"
        helper.write(list, ("wal_0000000000000000.log | cat %s/wal_0000000000000000.log\n"):format(logs[1]))
        assert.equal(0, run("run", script, "--segments-from", list, "--partial", path).status)
        same(run("run", script, "--segments-from", list), run("merge", path))
        assert.matches("is already done", run("run", script, "--segments-from", list, "--partial", path).stderr)
        helper.write(list, helper.read(list) .. "\n")
        refused("the log has changed", run("run", script, "--segments-from", list, "--partial", path))
    end)

    it("of a script without merge is shown for each log, as one process does", function()
        helper.write(script, (sum_text:gsub("merge =", "check_nothing =", 1):gsub("shard = .-associative = true,", "")
            :gsub("check_nothing = .*$", "}")))
        local paths = { partial_of(logs[1], "p1"), partial_of(logs[2], "p2") }
        same(run("run", script, logs[2], logs[1]), run("merge", paths[2], paths[1]))
    end)

    it("is not written of a log that grows while it is read", function()
        local log = copy_of(logs[1], "log")
        local path = directory .. "/p"
        helper.write(script, ([[return { api = 1, finish = function()
            local segment = io.open(%q, "ab")
            segment:write("x")
            segment:close()
            return 1
        end }]]):format(log .. "/wal_0000000000000002.log"))
        local ran = run("run", "--unsafe", script, log, "--partial", path)
        assert.equal(6, ran.status)
        assert.truthy(ran.stderr:find("since it began to be read: no partial is written", 1, true), ran.stderr)
        assert.is_nil(io.open(path))
    end)

    it("keeps paths and arguments that are not UTF-8, and tells them apart", function()
        helper.write(script, (script_text:gsub("merge = function%(a, b%)", [[show = function(all, args)
            all.unit = { args.unit:byte(1, -1) }
            return all
        end, merge = function(a, b)]])))
        local one, other = copy_of(logs[1], "a\xff"), copy_of(logs[1], "a\xfe")
        local unit = { "--arg", "unit=\xe9" }
        local paths = { partial_of(one, "p1", table.unpack(unit)), partial_of(other, "p2", table.unpack(unit)) }
        local whole = run("run", script, one, other, table.unpack(unit))
        assert.matches("unit: .*233", whole.stdout)
        same(whole, run("merge", table.unpack(paths)))
        same(whole, run("merge", "--expect", helper.write(directory .. "/list", one .. "\n" .. other .. "\n"),
            paths[2], paths[1]))
        refused("p1 exists: it is of another log", run("run", script, other, "--partial", paths[1], table.unpack(unit)))
        refused("p1 exists: it is of another job: argument unit",
            run("run", script, one, "--partial", paths[1], "--arg", "unit=\xe8"))
    end)

    it("is the same bytes in each process", function()
        local first = helper.read(partial_of(logs[1], "p1"))
        for number = 2, 6 do
            assert.equal(first, helper.read(partial_of(logs[1], "p" .. number)))
        end
    end)

    it("that is there already is not made again", function()
        local path = partial_of(logs[1], "p", "--arg", "unit=s")
        local before = helper.shell("stat -c '%i %Y %Z' " .. path)
        local ran = run("run", script, logs[1], "--partial", path, "--arg", "unit=s")
        assert.equal(0, ran.status)
        assert.matches("is already done", ran.stderr)
        assert.equal(before, (helper.shell("stat -c '%i %Y %Z' " .. path)))
    end)

    it("is not made in place of another, of a part of one, or of any file", function()
        local path = partial_of(logs[1], "p")
        local bytes = helper.read(path)
        for _, case in ipairs {
            { "another log or shard", logs[2] }, { "argument unit", logs[1], "--arg", "unit=s" },
            { "option node", logs[1], "--node", "1" }, { "2 here", logs[1], "--shard", "0/2" },
            { "option json", logs[1], "--json" }, { "option mode", logs[1], "--mode", "prefix" },
        } do
            refused("p exists: .*" .. case[1], run("run", script, "--partial", path, table.unpack(case, 2)))
        end
        helper.write(script, sum_text .. "\n")
        refused("p exists: .*the script count is another one", run("run", script, logs[1], "--partial", path))
        assert.equal(bytes, helper.read(path))
        for _, text in ipairs { "", "something else", bytes:sub(1, -2) } do
            helper.write(path, text)
            refused("/p: it", run("run", script, logs[1], "--partial", path))
            assert.equal(text, helper.read(path))
        end
        refused("/dev/null is a device", run("run", script, logs[1], "--partial", "/dev/null"), 2)
    end)

    it("is not made where the script fails, is refused a log, or the command line is wrong", function()
        local path = directory .. "/p"
        refused("one for each", run("run", script, logs[1], logs[2], "--partial", path), 2)
        refused("pipe", run("run", script, "-", "--partial", path), 2)
        refused("%-%-follow", run("run", script, logs[1], "--follow", "--partial", path), 2)
        refused("one script", run("run", script, "errors", logs[1], "--partial", path), 2)
        refused("no_log", run("run", script, directory .. "/no_log", "--partial", path), 4)
        helper.write(script, "return { api = 1, record = function() error 'no' end }")
        refused("count.lua:1: no", run("run", script, logs[1], "--partial", path), 1)
        helper.write(script, "return { api = 1, finish = function() return { a = { print } } end }")
        refused("the result%.a%[1%]: a function cannot", run("run", script, logs[1], "--partial", path), 1)
        assert.is_nil(io.open(path))
    end)

    it("is not made on a full disk, and nothing is left there", function()
        helper.write(script, "return { api = 1, finish = function() return ('x'):rep(1 << 20) end }")
        local ran = helper.run({ "run", script, logs[1], "--partial", directory .. "/out/p" },
            { before = ("mkdir %s/out; ulimit -f 8; trap '' XFSZ;"):format(directory) })
        refused("cannot write .*/out/p: File too large", ran, 4)
        assert.equal("", (helper.shell("ls -A " .. directory .. "/out")))
    end)

    it("that two processes write at once is there once, and both are done", function()
        local path = directory .. "/p"
        local command = ("%s run %s %s --partial %s"):format(helper.program, script, logs[1], path)
        for _ = 1, 2 do
            local printed = helper.shell(("for i in 1 2 3; do (%s 2>/dev/null; echo $?) & done; wait"):format(command))
            assert.equal("0\n0\n0\n", printed)
            assert.equal("count.lua\np\n", (helper.shell("ls -A " .. directory)))
            assert.equal(0, run("merge", path).status)
            os.remove(path)
        end
    end)

    it("takes away what processes have left that were killed while they wrote it beside others", function()
        local path = directory .. "/p"
        local function leave()
            helper.write(path .. ".tracereel-unfinished", "half")
            helper.write(path .. ".2.tracereel-unfinished", "half")
        end
        leave()
        partial_of(logs[1], "p")
        assert.equal("count.lua\np\n", (helper.shell("ls -A " .. directory)))
        leave()
        assert.matches("already done", run("run", script, logs[1], "--partial", path).stderr)
        assert.equal("count.lua\np\n", (helper.shell("ls -A " .. directory)))
    end)

    it("is refused wherever it is cut, and with any bit of it changed", function()
        local partial_file = require "tracereel.partial.file"
        local bytes = helper.read(partial_of("tests/fixtures/logs/all-complete", "p"))
        assert.is_truthy(partial_file.parse(bytes))
        for at = 1, #bytes do
            assert.is_nil((partial_file.parse(bytes:sub(1, at - 1))))
            for bit = 0, 7 do
                local changed = bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 1 << bit) .. bytes:sub(at + 1)
                assert.is_nil((partial_file.parse(changed)))
            end
        end
        assert.is_nil((partial_file.parse(bytes .. "\n")))
    end)
end)
