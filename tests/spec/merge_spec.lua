-- merge: what is merged is, byte for byte, what one process prints of all logs; and what is refused.
local helper = require "tests.spec.helper"
local partials = require "tests.spec.partials"

local copy_of, logs, partial_of, refused = partials.copy_of, partials.logs, partials.partial_of, partials.refused
local run, same, script_text, sum_text = partials.run, partials.same, partials.script_text, partials.sum_text
local directory, script

describe("merge", function()
    before_each(function()
        directory, script = partials.begin()
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
        local piped = helper.shell(("cat %s | %s merge /dev/stdin 2>&1; echo $?"):format(good, helper.program))
        assert.matches("/dev/stdin: partials are read twice.*\n4\n$", piped)
    end)

    it("tells a file that is no partial by its beginning, however large it is", function()
        local path = directory .. "/large"
        helper.shell("truncate -s 100G " .. path)
        refused("large: it is no partial", run("merge", path))
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

    it("refuses shards of a log that has got a snapshot between them, where they begin with it", function()
        local log = copy_of("tests/fixtures/logs/snapshot", "log")
        local hidden = directory .. "/snapshots"
        os.rename(log .. "/snapshots", hidden)
        local first = partial_of(log, "s0", "--shard", "0/2", "--snapshot")
        local other = partial_of(log, "w0", "--shard", "0/2")
        os.rename(hidden, log .. "/snapshots")
        local second = partial_of(log, "s1", "--shard", "1/2", "--snapshot")
        refused("s1: .*/log is not as it was for .*s0: its newest snapshot is another one", run("merge", first, second))
        refused("another log or shard, or the log has changed",
            run("run", script, log, "--shard", "0/2", "--partial", first, "--snapshot"))
        same(run("run", script, log), run("merge", other, partial_of(log, "w1", "--shard", "1/2")))
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

    it("shows a log once whose shards are in several partials of several logs", function()
        helper.write(script, script_text)
        local parts = {}
        for _, log in ipairs(logs) do
            for index = 0, 1 do
                parts[#parts + 1] = partial_of(log, "s" .. #parts, "--shard", index .. "/2")
            end
        end
        local flat = run("merge", table.unpack(parts))
        local low, high = directory .. "/low", directory .. "/high"
        run("merge", "--partial", low, table.unpack(parts, 1, 3))
        run("merge", "--partial", high, table.unpack(parts, 4, 6))
        same(flat, run("merge", low, high))
        same(flat, run("merge", low, table.unpack(parts, 4, 6)))
    end)

    it("knows one log by its several names, also in a partial of partials", function()
        local first = partial_of(logs[1], "s0", "--shard", "0/2")
        local second = partial_of("./" .. logs[1] .. "/", "s1", "--shard", "1/2")
        local whole = run("run", script, logs[1])
        same(whole, run("merge", first, second))
        run("merge", "--partial", directory .. "/all", first, second)
        same(whole, run("merge", directory .. "/all"))
    end)

    it("prints nothing that the script prints when it is loaded: nothing is read", function()
        helper.write(script, "print 'loaded'\n" .. sum_text)
        local path = directory .. "/p"
        assert.equal("loaded\n", run("run", script, logs[1], "--partial", path).stdout)
        local merged = run("merge", path)
        assert.equal("loaded\n" .. merged.stdout, run("run", script, logs[1]).stdout)
        assert.matches("^counts: ", merged.stdout)
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

    it("ends with 1 and what `run` says where merge or show fails, and prints no result of some logs", function()
        for index, odd in ipairs {
            { "merge = function%(a, b%)", "merge = function(a, b) error 'odd'" },
            { "merge = function%(a, b%)", "show = function() error 'odd' end, merge = function(a, b)" },
        } do
            helper.write(script, (sum_text:gsub(odd[1], odd[2], 1)))
            local paths = { partial_of(logs[1], "p" .. index), partial_of(logs[2], "q" .. index) }
            local whole = run("run", script, logs[1], logs[2])
            assert.equal(1, whole.status)
            assert.matches("count.lua:%d+: odd.*\nstack traceback:\n", whole.stderr)
            assert.not_matches("counts", whole.stdout)
            same(whole, run("run", script, logs[1], logs[2], "-j", "2"))
            same(whole, run("merge", table.unpack(paths)))
        end
        same(run("run", script, logs[1]), run("run", script, logs[1], "-j", "2"))
    end)
end)
