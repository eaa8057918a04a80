-- -j: several processes write what one writes, byte for byte, and what becomes of a log whose process fails.
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

local function interrupt_after_start(arguments, signals, started)
    local directory = helper.directory()
    local words = {}
    for index, argument in ipairs(arguments) do
        words[index] = helper.quote(argument)
    end
    helper.write(directory .. "/run.sh", ([[
        setsid %s %s >%s/stdout 2>%s/stderr &
        reader=$!
        until [ "$(cat %s | wc -l)" -ge 2 ]; do sleep 0.02; done
        %s
        wait $reader
        echo $? >%s/status
    ]]):format(helper.program, table.concat(words, " "), directory, directory, started, signals, directory))
    helper.shell("timeout 10 bash " .. directory .. "/run.sh 2>&1")
    return {
        stdout = helper.read(directory .. "/stdout"), stderr = helper.read(directory .. "/stderr"),
        status = tonumber(helper.read(directory .. "/status")),
    }
end

-- How many processes run whose command line holds these words. What a sanitizer preloads can hang ps.
local function running(words)
    local count = 0
    for line in helper.shell("env -u LD_PRELOAD ps ax -o args"):gmatch("[^\n]+") do
        count = count + (line:find(words, 1, true) and 1 or 0)
    end
    return count
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
                finish = function() return { one = rows, same = rows } end,
                merge = function(a, b)
                    merged_count = merged_count + 1
                    a.one[#a.one + 1] = 2
                    return a
                end,
                show = function(all)
                    return ("%d %d %d %s"):format(#all.one, #all.same, merged_count, is_started)
                end,
            }]])
        local result = assert_same { "run", script, helper.log("orders"), helper.log("restarted") }
        assert.matches("== all logs ==\n2 1 0 false\n$", result.stdout)
        assert.equal("1 1 0 false\n", helper.output_of("run", script, helper.log("orders")))
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

    it("simulate: a process that fails ends all with its reason, and leaves nothing", function()
        local scenario = helper.script([[
            return { start = function()
                return { node = { [1] = { time = function() os.execute("kill -9 $PPID; sleep 1") end } } }
            end }]])
        local directory = helper.directory()
        local result = helper.run({ "simulate", "--unsafe", scenario, helper.log("orders"), "--runs", "3", "-j", "2",
            "-o", directory .. "/out" }, { env = { TMPDIR = directory } })
        assert.matches("run 1: the process that did this was ended by signal 9 (Killed)", result.stderr, 1, true)
        assert.equal(4, result.status)
        assert.equal("", (helper.shell("ls " .. directory)))
    end)

    it("run: a process that is killed is named with its log and the signal, and the others' output stays", function()
        local script = helper.script([[return { api = 1,
            start = function(_, log)
                if log.path:find("done") then os.execute("kill -9 $PPID; sleep 1") end
            end,
            finish = function(log) return log.path end }]])
        local logs = { helper.log("orders"), helper.log("done-only"), helper.log("restarted") }
        local result = helper.run(joined({ "run", "--unsafe", script, "-j", "2" }, logs))
        assert.equal("tracereel: tests/fixtures/logs/done-only: the process that did this was ended by signal 9 "
            .. "(Killed): nothing of it is shown; try it again\n", result.stderr)
        assert.equal("== tests/fixtures/logs/orders ==\ntests/fixtures/logs/orders\n"
            .. "\n== tests/fixtures/logs/restarted ==\ntests/fixtures/logs/restarted\n", result.stdout)
        assert.equal(4, result.status)
    end)

    it("run: of many small logs, each process reads several, and one that is killed costs only its own", function()
        local script = helper.script([[return { api = 1,
            start = function(_, log)
                if log.path:find("done") then os.execute("kill -9 $PPID; sleep 1") end
            end,
            finish = function(log) return log.path:match("%d+$") end,
            merge = function(a, b) return a .. " " .. b end }]])
        local logs = {}
        for index = 1, 60 do
            logs[index] = ("%s/%02d"):format(helper.directory(), index)
            helper.shell(("cp -r %s %s"):format(helper.log("empty"), index == 7 and logs[index] .. "-done-only"
                or logs[index]))
        end
        logs[7] = logs[7] .. "-done-only"
        local result = helper.run(joined({ "run", "--unsafe", "--json", script, "-j", "2" }, logs))
        local expected = {}
        for index = 1, 60 do
            expected[#expected + 1] = index ~= 7 and ("%02d"):format(index) or nil
        end
        assert.equal(table.concat(expected, " "), helper.objects(result.stdout)[1].result)
        local _, told = result.stderr:gsub("[^\n]*done%-only: the process that did this was ended[^\n]*\n", "")
        assert.equal(1, told)
        assert.equal(4, result.status)
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
        -- 25 logs are the first process's; of the others at most three processes' worth, not all 75.
        assert.is_true(held > 1 and held < 60, held)
        assert.equal(100, select(2, helper.read(begun):gsub("\n", "")))
    end)

    it("run: an interrupt of the parent alone ends what is under way, calls `finish`, and begins no more", function()
        local started = helper.write(helper.directory() .. "/started", "")
        local script = helper.script(([[return { api = 1,
            trace_start = function()
                io.open(%q, "a"):write("x\n"):close()
                local first = os.time()
                while os.time() - first < 1 do end
            end,
            finish = function(log) return "finished " .. log.path end }]]):format(started))
        local logs = { helper.log("orders"), helper.log("restarted"), helper.log("edge"), helper.log("torn-tail") }
        for _, whom in ipairs { "$reader", "-$reader" } do
            helper.write(started, "")
            local result = interrupt_after_start(joined({ "run", "--unsafe", script, "-j", "2" }, logs),
                "kill -INT -- " .. whom, started)
            assert.equal(130, result.status)
            assert.equal("== tests/fixtures/logs/orders ==\nfinished tests/fixtures/logs/orders\n"
                .. "\n== tests/fixtures/logs/restarted ==\nfinished tests/fixtures/logs/restarted\n", result.stdout)
            local lacks = "tracereel: interrupted: the answer may lack a part of tests/fixtures/logs/"
            assert.equal(lacks .. "orders\n" .. lacks .. "restarted\n", result.stderr)
        end
    end)

    it("run: a second interrupt ends busy handlers, and leaves no process", function()
        local directory = helper.directory()
        local started = helper.write(directory .. "/started", "")
        local script = helper.script(([[return { api = 1, trace_start = function()
            io.open(%q, "a"):write("x\n"):close()
            while true do end
        end }]]):format(started))
        local result = interrupt_after_start({ "run", "--unsafe", script, "-j", "2", helper.log("orders"),
            helper.log("restarted") }, "kill -INT $reader; sleep 0.3; kill -INT $reader", started)
        assert.equal(130, result.status)
        assert.equal(0, running("run --unsafe " .. script))
    end)

    it("run: limits hold in each process, and end them all with 5", function()
        local busy = helper.script("return { api = 1, record = function() while true do end end }")
        local result = helper.run(joined({ "run", busy, "-j", "3", "--max-time", "200ms" }, all_logs()))
        assert.equal(5, result.status)
        assert.matches("tracereel: [^\n]*limit[^\n]*\n$", result.stderr)
        if os.getenv("TRACEREEL_SANITIZED") then
            return
        end
        local greedy = helper.script([[local all = {}
            return { api = 1, record = function() for i = 1, 1e6 do all[#all + 1] = { i } end end }]])
        result = helper.run(joined({ "run", greedy, "-j", "3", "--max-memory", "20MiB" }, { helper.log("orders"),
            helper.log("orders"), helper.log("orders") }))
        assert.equal(5, result.status)
        assert.matches("the scripts used more memory than --max-memory allows", result.stderr, 1, true)
    end)

    it("run: a reader that goes away ends all processes with 141", function()
        local script = helper.script("return { api = 1, record = function() print(('x'):rep(5000)) end }")
        local words = { "run", script, "-j", "2" }
        for _ = 1, 200 do
            words[#words + 1] = helper.log("orders")
        end
        local directory = helper.directory()
        helper.shell(("{ %s %s 2>%s/stderr; echo $? >%s/status; } | head -c 10 >/dev/null"):format(helper.program,
            table.concat(words, " "), directory, directory))
        assert.equal("141\n", helper.read(directory .. "/status"))
        assert.equal("", helper.read(directory .. "/stderr"))
        assert.equal(0, running("run " .. script))
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

    it("run: a temporary file that cannot be written is named, and the status is 4", function()
        local script = helper.script("return { api = 1, record = function() print(('x'):rep(50000)) end }")
        local result = helper.run({ "run", script, "-j", "2", helper.log("orders"), helper.log("empty") },
            { before = "ulimit -f 8;" })
        assert.matches("cannot write a temporary file (TMPDIR says where): File too large", result.stderr, 1, true)
        assert.matches("== tests/fixtures/logs/empty ==", result.stdout, 1, true)
        assert.equal(4, result.status)
        result = helper.run({ "check", "-j", "2", helper.log("orders"), helper.log("empty") },
            { env = { TMPDIR = "/nonexistent/directory" } })
        assert.matches("cannot start a process: /nonexistent/directory: No such file or directory", result.stderr, 1,
            true)
        assert.equal(4, result.status)
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
