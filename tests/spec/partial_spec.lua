-- run --partial and merge: what is merged is, byte for byte, what one process prints of all logs.
local helper = require "tests.spec.helper"

-- Order counts: a list of what each log, or each shard, has.
local script_text = [[
local counts, first = {}, nil
return { api = 1, shard = "trace", associative = true,
    args = { unit = { type = "string", default = "" } },
    record = function(rec)
        counts[rec.type] = (counts[rec.type] or 0) + 1
        first = first or rec.trace_id
    end,
    finish = function()
        return { counts = counts, parts = { first } }
    end,
    merge = function(a, b)
        for name, count in pairs(b.counts) do
            a.counts[name] = (a.counts[name] or 0) + count
        end
        table.move(b.parts, 1, #b.parts, #a.parts + 1, a.parts)
        return a
    end }
]]

-- What does not depend on how many shards there are.
local sum_text = script_text:gsub(", parts = { first }", ", parts = {}")

local directory, script
local logs = { "tests/fixtures/logs/orders", "tests/fixtures/logs/restarted", "tests/fixtures/logs/all-complete" }

local function run(...)
    return helper.run({ ... })
end

local function partial_of(log, name, ...)
    local path = directory .. "/" .. name
    local ran = run("run", script, log, "--partial", path, ...)
    assert.equal("", ran.stdout)
    assert.equal(0, ran.status, ran.stderr)
    return path
end

local function same(expected, got)
    assert.equal(expected.stderr, got.stderr)
    assert.equal(expected.stdout, got.stdout)
    assert.equal(expected.status, got.status)
end

local function refused(pattern, ran, status)
    assert.equal(status or 6, ran.status, ran.stderr)
    assert.equal("", ran.stdout)
    assert.matches(pattern, ran.stderr)
end

-- A log of one segment that can be added to.
local function copy_of(log, name)
    local path = directory .. "/" .. name
    helper.shell(("cp -r %s %s"):format(log, path))
    return path
end

describe("a partial result", function()
    before_each(function()
        directory = helper.directory()
        script = directory .. "/count.lua"
        helper.write(script, sum_text)
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

describe("merge", function()
    before_each(function()
        directory = helper.directory()
        script = directory .. "/count.lua"
        helper.write(script, sum_text)
    end)
    after_each(helper.clean)

    it("names the file that is cut, of a later format, or no partial", function()
        local good = partial_of(logs[1], "good")
        local bytes, path = helper.read(good), directory .. "/bad"
        for _, case in ipairs {
            { "bad: it is empty", "" }, { "bad: it is no partial", "no partial\n{}\n" },
            { "bad: its checksum is wrong", bytes:sub(1, -2) }, { "bad: its checksum is wrong", bytes:sub(1, 100) },
            { "bad: it has the format 2, and this version of tracereel reads 1",
                (bytes:gsub("partial 1", "partial 2", 1)) },
        } do
            helper.write(path, case[2])
            refused(case[1], run("merge", good, path))
        end
        refused("none", run("merge", good, directory .. "/none"), 4)
    end)

    it("names the file whose header or result is not right, though its checksum is", function()
        local core, order = require "tracereel.core", require "tracereel.partial.order"
        local partial_file = require "tracereel.partial.file"
        local function read(path)
            local header, sha256 = partial_file.header(path)
            order.of { { path = path, header = header, sha256 = sha256 } }
            return partial_file.result(path, sha256)
        end
        local good = partial_of(logs[1], "good")
        local path = directory .. "/bad"
        for _, case in ipairs {
            { "header%.script: an object expected", '"script":{', '"script":3,"x":{' },
            { "header%.logs%[1%]%.path: a string", '"path":"tests', '"path":1,"x":"tests' },
            { "shard 7 of 1", '"shards":%[0%]', '"shards":[7]' }, { "no shard of", '"shards":%[0%]', '"shards":[]' },
            { "exit code 99", '"exit_code":0', '"exit_code":99' },
            { "no log is in it", '"logs":%[.-%],"op', '"logs":[],"op' },
            { "does not go with its job", '"mode":"salvage"', '"mode":"prefix"' },
            { "its result has %d+ bytes", '"result_bytes":', '"result_bytes":1' },
            { "its header is not right", "\n{", "\n{{" },
            { "its result is not right: at byte 0", "}\n\xa2", "}\n\xff" },
        } do
            local body, count = helper.read(good):sub(1, -66):gsub(case[2], case[3], 1)
            assert.equal(1, count, case[2])
            helper.write(path, body .. core.sha256(body) .. "\n")
            local is_read, problem = pcall(read, path)
            assert.is_false(is_read, case[2])
            assert.equal("refused", problem.kind)
            assert.matches("bad: .*" .. case[1], problem.message)
        end
        assert.same({}, read(good).parts)
        refused("bad: its result is not right", run("merge", path))
    end)

    it("refuses partials of other jobs, those that are there twice, and missing shards, by name", function()
        local one = partial_of(logs[1], "one")
        refused("p2: it is of another job than .*one: argument unit",
            run("merge", one, partial_of(logs[2], "p2", "--arg", "unit=s")))
        refused("p3: .*option since", run("merge", one, partial_of(logs[2], "p3", "--since", "1970-01-02T00:00:00Z")))
        refused("s0: .*1 shards there, 3 here", run("merge", one, partial_of(logs[1], "s0", "--shard", "0/3")))
        refused("again: %./tests/fixtures/logs/orders/ is in .*one, too",
            run("merge", one, partial_of("./" .. logs[1] .. "/", "again")))
        local s2 = partial_of(logs[1], "s2", "--shard", "2/3")
        refused("orders: of its 3 shards there is no partial of 1;", run("merge", s2, directory .. "/s0"))
        refused("s2: shard 2/3 of .*orders is in .*s2, too", run("merge", s2, directory .. "/s0", s2))
        local errors = directory .. "/errors"
        run("run", "errors", logs[2], "--partial", errors)
        refused("errors: .*script count there, errors here", run("merge", one, errors))
    end)

    it("refuses shards of a log that has grown between them", function()
        local log = copy_of(logs[1], "log")
        local first = partial_of(log, "s0", "--shard", "0/2")
        helper.shell(("f=$(ls %s/wal_* | tail -1); tail -c 100 $f > %s/more; cat %s/more >> $f"):format(log, directory,
            directory))
        local second = partial_of(log, "s1", "--shard", "1/2")
        refused("s1: .*/log is not as it was for .*s0: segment wal_%x+%.log had %d+ bytes, and has %d+",
            run("merge", first, second))
        refused("another log or shard, or the log has changed", run("run", script, log, "--shard", "0/2", "--partial",
            first))
    end)

    it("wants the logs of --expect, each once, and merges in their order", function()
        helper.write(script, script_text)
        local paths = { partial_of(logs[1], "p1"), partial_of(logs[2], "p2"), partial_of(logs[3], "p3") }
        local list = directory .. "/list"
        local function merge(text, ...)
            helper.write(list, text)
            return run("merge", "--expect", list, ...)
        end
        local all = table.concat({ logs[2], logs[3], logs[1] }, "\n")
        same(run("run", script, logs[2], logs[3], logs[1]), merge(all, table.unpack(paths)))
        refused("list: there is no partial of tests/fixtures/logs/all.complete", merge(all, paths[1], paths[2]))
        refused("p3: tests/fixtures/logs/all.complete is not listed in .*list",
            merge(logs[1] .. "\n" .. logs[2], table.unpack(paths)))
        refused("list: tests/fixtures/logs/orders is listed twice", merge(logs[1] .. "\n" .. logs[1], paths[1]))
        refused("lists no log", merge("\n", paths[1]), 2)
        os.remove(list)
        refused("%-%-expect: .*list", run("merge", "--expect", list, paths[1]), 2)
    end)

    it("wants the script that the partials were made with", function()
        helper.write(directory .. "/part.lua", "return 1")
        helper.write(script, sum_text .. "-- " .. "\n")
        local text = "require 'part'\n" .. sum_text
        helper.write(script, text)
        local path = partial_of(logs[1], "p")
        local whole = run("run", script, logs[1])
        helper.write(directory .. "/part.lua", "return 2")
        refused("/p: a module of .*count.lua is another one now", run("merge", path))
        helper.write(directory .. "/part.lua", "return 1")
        helper.write(script, text .. "\n")
        refused("/p: .*count.lua is another script now", run("merge", path))
        os.rename(script, script .. "2")
        helper.write(script .. "2", text)
        refused("count.lua", run("merge", path), 2)
        same(whole, run("merge", "--script", script .. "2", path))
    end)

    it("runs a script with the whole library only where it is told to, too", function()
        local path = partial_of(logs[1], "p", "--unsafe")
        refused("/p: it was made with %-%-unsafe", run("merge", path))
        same(run("run", script, logs[1]), run("merge", "--unsafe", path))
    end)

    it("writes a partial again of a script that says associative, also of some shards", function()
        helper.write(script, script_text)
        local paths = {}
        for index = 0, 3 do
            paths[index + 1] = partial_of(logs[1], "s" .. index, "--shard", index .. "/4")
        end
        local flat = run("merge", table.unpack(paths))
        local function merged(name, ...)
            local ran = run("merge", "--partial", directory .. "/" .. name, ...)
            assert.equal(0, ran.status, ran.stderr)
            assert.equal("", ran.stdout)
            return directory .. "/" .. name
        end
        local low, high = merged("low", paths[2], paths[1]), merged("high", paths[3], paths[4])
        assert.matches("already done", run("merge", "--partial", low, paths[1], paths[2]).stderr)
        same(flat, run("merge", high, low))
        same(flat, run("merge", merged("all", low, high)))
        refused("there is no partial of 2, 3", run("merge", low))
        refused("high: shard 2/4 of .* is in .*s2, too", run("merge", paths[3], high))
        local odd = merged("odd", paths[1], paths[3])
        refused("merge neighbours", run("merge", odd, paths[2], paths[4]))
        refused("low exists: .*another log or shard", run("merge", "--partial", low, paths[3]))
    end)

    it("keeps the code of damage in a partial of partials", function()
        local damaged = "tests/fixtures/logs/missing-segment"
        local paths = { partial_of(logs[1], "p1"), partial_of(damaged, "p2") }
        assert.equal(0, run("merge", "--partial", directory .. "/all", table.unpack(paths)).status)
        same(run("run", script, logs[1], damaged), run("merge", directory .. "/all"))
    end)

    it("refuses to merge again what the script does not call associative, and shards without merge", function()
        helper.write(script, (sum_text:gsub("associative = true,", "")))
        local path = partial_of(logs[1], "p")
        refused("does not say associative", run("merge", "--partial", directory .. "/all", path))
        assert.is_nil(io.open(directory .. "/all"))
    end)

    it("ends with 1 and the script's line where merge fails", function()
        helper.write(script, (sum_text:gsub("merge = function%(a, b%)", "merge = function(a, b) error 'odd'", 1)))
        local ran = run("merge", partial_of(logs[1], "p1"), partial_of(logs[2], "p2"))
        assert.equal(1, ran.status)
        assert.matches("count.lua:%d+: odd", ran.stderr)
    end)
end)
