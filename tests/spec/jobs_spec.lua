-- -j: several processes write what one writes, byte for byte.
local helper = require "tests.spec.helper"

-- All fixtures: sound, damaged and unreadable ones.
local function all_logs()
    local paths = {}
    for _, name in ipairs(helper.log_names()) do
        paths[#paths + 1] = helper.log(name)
    end
    paths[#paths + 1] = helper.log("no-segments")
    paths[#paths + 1] = "/nonexistent/log"
    paths[#paths + 1] = "tests/fixtures/logs-engine/orders-killed"
    return paths
end

local function joined(...)
    local all = {}
    for _, list in ipairs { ... } do
        table.move(list, 1, #list, #all + 1, all)
    end
    return all
end

-- The same arguments with one process and with three: standard output, standard error and status.
local function assert_same(arguments)
    local one = helper.run(arguments)
    local three = helper.run(joined(arguments, { "-j", "3" }))
    local what = table.concat(arguments, " ", 1, 2)
    assert.equal(one.stdout, three.stdout, what)
    assert.equal(one.stderr, three.stderr, what)
    assert.equal(one.status, three.status, what)
    return one
end

describe("-j", function()
    after_each(helper.clean)

    it("check: writes the same bytes as one process, also of damaged and missing logs", function()
        local result = assert_same(joined({ "check" }, all_logs()))
        assert.equal(4, result.status)
        assert.matches("== tests/fixtures/logs/orders ==", result.stdout, 1, true)
        assert_same(joined({ "check", "--json" }, all_logs()))
    end)

    it("run: writes the same bytes as one process, of scripts with `merge` and without", function()
        for _, words in ipairs { { "errors" }, { "node_times" }, { "throughput", "--json" }, { "stuck" },
            { "errors", "throughput" } } do
            local result = assert_same(joined({ "run" }, words, all_logs()))
            assert.equal(4, result.status)
            assert.truthy(#result.stdout > 100)
        end
    end)

    it("run: gives results to `merge` in the order of the command line, however long each takes", function()
        -- Of the orders there are the most records: they come last.
        local script = helper.script([[
            local count = 0
            return {
                api = 1, args = { mark = { type = "string", default = "<" } },
                record = function() count = count + 1 for _ = 1, 2000 do end end,
                finish = function() return { marks = "", counts = { count } } end,
                merge = function(a, b, args)
                    table.move(b.counts, 1, #b.counts, #a.counts + 1, a.counts)
                    a.marks = a.marks .. args.mark
                    return a
                end,
            }]])
        local logs = { helper.log("orders"), helper.log("done-only"), helper.log("restarted"), helper.log("orders") }
        local result = assert_same(joined({ "run", script, "--json", "--arg", "mark=+" }, logs))
        local counts = {}
        for index, path in ipairs(logs) do
            local objects = helper.objects(helper.output_of("check", "--json", path))
            counts[index] = objects[#objects].summary.records
        end
        local written = helper.objects(result.stdout)[1].result
        assert.equal("+++", written.marks)
        assert.same(counts, written.counts)
    end)

    it("run: `merge` and `show` get the same of each log from one process as from several", function()
        local script = helper.script([[
            local rows, merged_count, is_started = { 1 }, 0, false
            return {
                api = 1, shard = "trace",
                start = function() is_started = true end,
                finish = function() return { one = rows, same = rows, text = " " .. tostring(rows) } end,
                merge = function(a, b)
                    merged_count = merged_count + 1
                    a.text = tostring(a) .. a.text .. b.text
                    a.one[#a.one + 1] = 2
                    return a
                end,
                show = function(all)
                    return ("%d %d %d %s %s"):format(#all.one, #all.same, merged_count, is_started, all.text or {})
                end,
            }]])
        local result = assert_same { "run", script, helper.log("orders"), helper.log("restarted") }
        assert.matches("== all logs ==\n2 1 0 false table: 1 table: 1 table: 1\n$", result.stdout)
        assert.equal("1 1 0 false  table: 1\n", helper.output_of("run", script, helper.log("orders")))
    end)

    it("run: what handlers print comes with its log, and talk with it", function()
        local script = helper.script([[return { api = 1, trace_start = function(rec) print("start", rec.offset) end,
            finish = function(log) error("no end of " .. log.path) end }]])
        local result = assert_same(joined({ "run", script }, all_logs()))
        assert.equal(1, result.status)
        assert.matches("no end of tests/fixtures/logs/orders", result.stderr, 1, true)
        assert.matches("start\t", result.stdout, 1, true)
    end)

    it("timing: writes the same bytes as one process, by log and by trace", function()
        for _, words in ipairs { { "--json" }, { "--by", "15m", "--limit", "2" },
            { "--by", "metadata.customer", "--limit", "1" }, { "--by", "metadata.nothing" } } do
            local result = assert_same(joined({ "timing" }, words, all_logs()))
            assert.equal(4, result.status)
            assert.truthy(#result.stdout > 500)
        end
        for _, name in ipairs { "orders", "edge", "bit-flip-payload" } do
            for _, words in ipairs { { "--json" }, { "--csv", "--by", "hour" }, { "--snapshot" } } do
                local result = assert_same(joined({ "timing", helper.log(name) }, words))
                assert.equal(name == "bit-flip-payload" and 3 or 0, result.status)
            end
        end
        assert.equal(4, assert_same({ "timing", "/nonexistent/log" }).status)
    end)

    it("timing: counts the traces that others have started in all logs, and by trace, as one process", function()
        local one = helper.directory() .. "/one"
        assert.equal(0, helper.run({ "import", "tests/fixtures/foreign/temporal-children.json", "-o", one }).status)
        local other = helper.directory() .. "/other"
        helper.shell(("cp -r %s %s"):format(one, other))
        local function child_count(...)
            return helper.objects(assert_same({ "timing", "--json", ... }).stdout)[1].traces.child_count
        end
        assert.equal("#15", child_count(one))
        assert.equal("#30", child_count(one, other))
    end)

    it("run: reads one log by trace, with the same bytes as one process", function()
        local script = helper.script([[
            local traces, gaps = {}, 0
            return {
                api = 1, shard = "trace", associative = true,
                record = function(rec, trace) if trace then traces[trace.id] = (traces[trace.id] or 0) + 1 end end,
                gap = function() gaps = gaps + 1 end,
                finish = function() return { traces = traces, gaps = gaps } end,
                merge = function(a, b)
                    for id, count in pairs(b.traces) do
                        assert(not a.traces[id], "no trace is in two shards")
                        a.traces[id] = count
                    end
                    a.gaps = a.gaps + b.gaps
                    return a
                end,
            }]])
        for _, name in ipairs(helper.log_names()) do
            assert_same { "run", script, "--json", helper.log(name) }
        end
        local broken = helper.script([[return { api = 1, shard = "trace", merge = function(a) return a end,
            finish = function() return 1 end, record = function() error "no" end }]])
        local result = helper.run { "run", broken, helper.log("orders"), "-j", "3" }
        assert.equal("", result.stdout)
        local _, told = result.stderr:gsub(": no %(in record at", "")
        assert.equal(1, told, result.stderr)
        assert.equal(1, result.status)
        assert_same { "run", script, "/nonexistent/log" }
    end)

    it("simulate: writes the same bytes and logs as one process, of runs, sweeps and ranks", function()
        local scenario, log = "examples/more_places.lua", helper.log("orders")
        for _, words in ipairs { { "--runs", "3" }, { "--sweep", "args.places=2,4", "--runs", "2", "--rounds", "2" },
            { "--rank" } } do
            local keeps_logs = words[1] ~= "--rank"
            local place = helper.directory()
            local texts, logs = {}, {}
            for index, count in ipairs { "1", "3" } do
                local result = helper.run(joined({ "simulate", scenario, log, "--json", "-j", count }, words,
                    keeps_logs and { "-o", place .. "/out" } or {}))
                assert.equal(0, result.status, result.stderr)
                texts[index] = result.stdout .. result.stderr
                logs[index] = helper.shell(("cd %s && find . -type f | LC_ALL=C sort | xargs -r sha256sum"):format(
                    place))
                helper.shell("rm -rf " .. place .. "/out")
            end
            assert.equal(texts[1], texts[2])
            assert.equal(logs[1], logs[2])
            assert.equal(keeps_logs, #logs[1] > 0)
        end
    end)

    it("run: of a log that takes long, no more than some others' results are held meanwhile", function()
        local begun = helper.write(helper.directory() .. "/begun", "")
        local script = helper.script(([[
            local function count()
                local number = 0
                for _ in io.lines(%q) do number = number + 1 end
                return number
            end
            local is_first
            return { api = 1,
                start = function(_, log)
                    is_first = log.path:find("orders") ~= nil
                    io.open(%q, "a"):write("x\n"):close()
                end,
                finish = function()
                    local before, last = 0, os.time() + 1
                    while is_first and (os.time() <= last or count() ~= before) do before = count() end
                    return is_first and count() or nil
                end }]]):format(begun, begun))
        local logs = { helper.log("orders") }
        for index = 2, 100 do
            logs[index] = helper.log("empty")
        end
        local result = helper.run(joined({ "run", "--unsafe", "--json", script, "-j", "2" }, logs))
        assert.equal(0, result.status)
        local held = tonumber((helper.objects(result.stdout)[1].result:gsub("#", "")))
        assert.equal(8, held) -- four for each process
        assert.equal(100, select(2, helper.read(begun):gsub("\n", "")))
    end)

    it("run: what was shown takes up no place in temporary files", function()
        local script = helper.script("return { api = 1, finish = function() print(('x'):rep(100000)) end }")
        local words = { "run", script, "-j", "2" }
        for _ = 1, 100 do
            words[#words + 1] = helper.log("empty")
        end
        local result = helper.run(words, { before = "ulimit -f 4096;" }) -- 2 MiB, and each process prints 5 MB
        assert.equal("", result.stderr)
        assert.equal(100, select(2, result.stdout:gsub(("x"):rep(100000), "")))
        assert.equal(0, result.status)
    end)

    it("run: few open files are enough for many logs", function()
        local words = { "run", helper.script("return { api = 1, finish = function() return 1 end, "
            .. "merge = function(a, b) return a + b end }"), "--json", "-j", "64" }
        for _ = 1, 300 do
            words[#words + 1] = helper.log("empty")
        end
        local result = helper.run(words, { before = "ulimit -n 100;" })
        assert.equal("", result.stderr)
        assert.equal("#300", helper.objects(result.stdout)[1].result)
        assert.equal(0, result.status)
    end)

    it("run: says so where one log is read by one process, because the script does not allow more", function()
        local script = helper.script("return { api = 1, finish = function() return 5 end }", "alone")
        local result = helper.run { "run", script, helper.log("orders"), "-j", "4" }
        assert.equal('tracereel: -j: alone does not say shard = "trace": the log is read by one process\n',
            result.stderr)
        assert.equal("5\n", result.stdout)
    end)

    it("takes a number, 0 or auto, and nothing else; and nothing that waits for a log", function()
        for _, count in ipairs { "0", "auto", "1" } do
            assert.equal(0, helper.run({ "check", helper.log("orders"), helper.log("empty"), "-j", count }).status)
        end
        for _, count in ipairs { "many", "1.5", "5000" } do
            assert.equal(2, helper.run({ "check", helper.log("orders"), "-j", count }).status)
        end
        local script = helper.script("return { api = 1 }")
        assert.equal(2, helper.run({ "run", script, helper.log("orders"), "-j", "2", "--follow" }).status)
        assert.equal(2, helper.run({ "run", script, helper.log("orders"), "-j", "2", "--speed", "1000x" }).status)
    end)
end)
