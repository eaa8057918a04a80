-- -j: what becomes of logs and of processes where one of them fails, is killed, or all are interrupted.
local helper = require "tests.spec.helper"

local function joined(...)
    local all = {}
    for _, list in ipairs { ... } do
        table.move(list, 1, #list, #all + 1, all)
    end
    return all
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

    it("run: of many logs, two processes read all, and one that is killed costs only its own, and is replaced",
        function()
        local processes = helper.write(helper.directory() .. "/processes", "")
        local script = helper.script(([[return { api = 1,
            start = function(_, log)
                os.execute("echo $PPID >>%s")
                if log.path:find("done") then os.execute("kill -9 $PPID; sleep 1") end
            end,
            finish = function(log) return log.path:match("%%d+$") end,
            merge = function(a, b) return a .. " " .. b end }]]):format(processes))
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
        -- A start of the same script for its `merge` is none of a log: the parent has no log to start it for.
        assert.equal("3\n", (helper.shell("sort -u " .. processes .. " | wc -l")))
    end)

    it("run: a process that is killed while it has nothing to do costs no log", function()
        local directory = helper.directory()
        local script = helper.script(([[return { api = 1, finish = function(log)
            if log.path:find("orders") then
                while not io.open(%q) do end
                os.execute("sleep 0.5")
            elseif log.path:find("done") then
                os.execute("(sleep 0.2; kill -9 $PPID; touch %s) >/dev/null 2>&1 &")
            end
            return log.path
        end, merge = function(a, b) return a .. "\n" .. b end }]]):format(directory .. "/killed",
            directory .. "/killed"))
        -- The second process is given seven more, and then waits for the first.
        local logs = { helper.log("orders") }
        for index = 2, 12 do
            logs[index] = helper.log(index == 8 and "done-only" or "empty")
        end
        local result = helper.run(joined({ "run", "--unsafe", "--json", script, "-j", "2" }, logs))
        assert.equal("", result.stderr)
        assert.equal(table.concat(logs, "\n"), helper.objects(result.stdout)[1].result)
        assert.equal(0, result.status)
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
        -- A scheduler ends a job by SIGTERM to all of its processes.
        for _, signal in ipairs { "INT -- $reader", "INT -- -$reader", "TERM -- -$reader" } do
            helper.write(started, "")
            local result = interrupt_after_start(joined({ "run", "--unsafe", script, "-j", "2" }, logs),
                "kill -" .. signal, started)
            assert.equal(130, result.status)
            assert.equal("== tests/fixtures/logs/orders ==\nfinished tests/fixtures/logs/orders\n"
                .. "\n== tests/fixtures/logs/restarted ==\nfinished tests/fixtures/logs/restarted\n", result.stdout)
            local lacks = "tracereel: interrupted: the answer may lack a part of tests/fixtures/logs/"
            assert.equal(lacks .. "orders\n" .. lacks .. "restarted\n", result.stderr)
        end
    end)

    it("run: one process that alone is interrupted ends only its log, and the status says so", function()
        local directory = helper.directory()
        local started, sent = helper.write(directory .. "/started", ""), directory .. "/sent"
        local script = helper.script(([[local is_begun
            return { api = 1,
            record = function()
                if not is_begun then
                    is_begun = true
                    io.open(%q, "a"):write("x\n"):close()
                    repeat until io.open(%q)
                end
            end,
            finish = function(log) return "finished " .. log.path end }]]):format(started, sent))
        local result = interrupt_after_start({ "run", "--unsafe", script, "-j", "2", helper.log("orders"),
            helper.log("restarted") }, ("kill -INT $(env -u LD_PRELOAD ps -o pid= --ppid $reader | head -1); touch %s")
            :format(sent), started)
        assert.equal(130, result.status)
        local lacking = result.stderr:match("^tracereel: interrupted: the answer may lack a part of ([^\n]*)\n$")
        assert.truthy(lacking == helper.log("orders") or lacking == helper.log("restarted"), result.stderr)
        assert.matches("finished tests/fixtures/logs/orders\n.*finished tests/fixtures/logs/restarted\n$",
            result.stdout)
    end)

    it("run: where one process alone is interrupted, each log is shown or named, and the status is 130", function()
        -- os.execute ignores SIGINT itself; the record's handler is busy until it comes.
        local script = helper.script([[local is_first
            return { api = 1,
                start = function(_, log) is_first = log.path:find("done") end,
                record = function()
                    if is_first then
                        is_first = nil
                        os.execute("(sleep 0.1; kill -INT $PPID) >/dev/null 2>&1 &")
                        local first = os.time()
                        while os.time() - first < 2 do end
                    end
                end,
                finish = function(log) return "finished " .. log.path end }]])
        local logs = { helper.log("done-only") }
        for index = 2, 12 do
            logs[index] = helper.log("orders")
        end
        local result = helper.run(joined({ "run", "--unsafe", script, "-j", "2" }, logs))
        assert.equal(130, result.status)
        local _, shown = result.stdout:gsub("finished tests/fixtures/logs/orders\n", "")
        local _, named = result.stderr:gsub("logs/orders: interrupted before it was done\n", "")
        assert.equal(11, shown + named)
        assert.is_true(named <= 1)
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
        local result = helper.run(joined({ "run", busy, "-j", "3", "--max-time", "200ms" }, { helper.log("orders"),
            helper.log("restarted"), helper.log("edge"), helper.log("torn-tail") }))
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

    it("run: a temporary file that cannot be written is named, and the status is 4", function()
        local script = helper.script("return { api = 1, record = function() print(('x'):rep(50000)) end }")
        local result = helper.run({ "run", script, "-j", "2", helper.log("orders"), helper.log("empty") },
            { before = "ulimit -f 8;" })
        assert.matches("cannot write a temporary file (TMPDIR says where): File too large", result.stderr, 1, true)
        assert.matches("== tests/fixtures/logs/empty ==", result.stdout, 1, true)
        assert.equal(4, result.status)
        result = helper.run({ "check", "-j", "2", helper.log("orders"), helper.log("empty") },
            { env = { TMPDIR = "/nonexistent/directory" } })
        assert.matches("cannot start a process: a temporary file (TMPDIR says where) in /nonexistent/directory: "
            .. "No such file or directory", result.stderr, 1, true)
        assert.equal(4, result.status)
    end)

    it("run: where no more files can be opened than one worker needs, the answer is that of one process", function()
        local words = { "run", "errors", helper.log("orders"), helper.log("empty"), "-j" }
        local expected = helper.run(joined(words, { "1" }))
        local result = helper.run(joined(words, { "9" }),
            { before = [[bash -c 'exec 3>&- 4>&- 5>&- 6>&- 7>&-; ulimit -n 8; exec "$@"' -]] })
        assert.equal(expected.stdout, result.stdout)
        assert.equal(0, result.status)
    end)
end)
