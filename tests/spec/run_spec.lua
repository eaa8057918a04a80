local helper = require "tests.spec.helper"

local function lines_of(...)
    return table.concat({ ... }, "\n") .. "\n"
end

describe("tracereel run", function()
    after_each(helper.clean)

    it("calls the handler of each type, then `record`, and prints what finish returns", function()
        local expected = {}
        for _, record in ipairs(helper.expected("orders", "records")) do
            expected[record.type] = (expected[record.type] or 0) + 1
        end
        local result = helper.run_script([[
            local counts, all, last = {}, 0, nil
            local handlers = { api = 1, finish = function() counts.all = all return counts end }
            for _, name in ipairs(tracereel.types) do
                handlers[name] = function(rec) counts[rec.type] = (counts[rec.type] or 0) + 1 last = rec end
            end
            handlers.record = function(rec) all = all + 1 assert(last == rec) end
            return handlers
        ]], { arguments = { "--json" } })
        assert.are.equal("", result.stderr)
        local object = helper.objects(result.stdout)[1]
        assert.are.equal("script", object.script)
        assert.are.equal("#1171", object.result.all)
        for name, count in pairs(expected) do
            assert.are.equal("#" .. count, object.result[name])
        end
    end)

    it("prints strings, tables and nothing as they are returned", function()
        local cases = {
            { '"two\\nlines"', "two\nlines\n" },
            { "nil", "" },
            { "7", "7\n" },
            { '{ { "node", "ms" }, { 3, 1.5 }, { 12, 20 } }', "node   ms\n   3  1.5\n  12   20\n" },
            { '{ { name = "a", n = 1 }, { name = "b", n = 22 } }', " n  name\n 1  a\n22  b\n" },
            { '{ b = 1, a = { 1, 2 } }', "a: [1,2]\nb: 1\n" },
            { '{ "x", 3 }', "x\n3\n" },
            { '{}', "(none)\n" },
        }
        for _, case in ipairs(cases) do
            local result = helper.run_script("return { api = 1, finish = function() return " .. case[1] .. " end }")
            assert.are.equal(case[2], result.stdout)
            assert.are.equal(0, result.status)
        end
    end)

    it("runs several scripts in one pass over a pipe", function()
        local one = helper.script("local n = 0 return { api = 1, types = 'node_error',"
            .. " record = function() n = n + 1 end, finish = function() return n end }", "errors_only")
        local two = helper.script("local n = 0 return { api = 1, record = function() n = n + 1 end,"
            .. " finish = function() return n end }", "everything")
        local segment = helper.read(helper.log("orders/wal_0000000000000000.log"))
        local result = helper.run({ "run", one, two, "-" }, { stdin = segment })
        local errors, all = result.stdout:match("^%-%- errors_only\n(%d+)\n%-%- everything\n(%d+)\n$")
        assert.is_true(tonumber(errors) > 0 and tonumber(errors) < tonumber(all))
    end)

    it("narrows what a script sees by the command line's filters", function()
        local text = 'local n = 0 return { api = 1, types = { "node_done", "node_error" }, nodes = { 2, 3 },'
            .. " record = function(rec) assert(rec.node_id == 3) n = n + 1 end, finish = function() return n end }"
        local expected = 0
        for _, record in ipairs(helper.expected("orders", "records")) do
            expected = expected + (record.type == "node_error" and record.node_id == "#3" and 1 or 0)
        end
        local result = helper.run_script(text, { arguments = { "--node", "3,4", "--type", "node_error" } })
        assert.are.equal(expected .. "\n", result.stdout)
        result = helper.run_script(text, { arguments = { "--node", "9" } })
        assert.are.equal(2, result.status)
        assert.truthy(result.stderr:find("no record is left", 1, true))
    end)

    it("sends a script's print to standard error if standard output is JSON", function()
        local script = helper.script("print('talk', 1) return { api = 1, recover = function(_, default) print('more')"
            .. " return default end, finish = function() return 2 end }")
        local scenario = helper.script("print('talk', 1) return { seed = 1 }", "scenario")
        for _, arguments in ipairs { { "run", "--json", script, helper.log("orders") },
            { "recover", "--json", script, helper.log("orders") },
            { "crashtest", "--json", script, helper.log("edge") },
            { "simulate", "--json", scenario, helper.log("orders"), "-o", helper.directory() .. "/new" } } do
            local ran = helper.run(arguments)
            assert.truthy(ran.stderr:find("talk\t1\n", 1, true), arguments[1] .. ran.stderr)
            assert.is_true(#helper.objects(ran.stdout) > 0) -- raises where a line is no JSON
            assert.is_nil(ran.stdout:find("talk", 1, true))
        end
        assert.are.equal("talk\t1\n2\n", helper.run({ "run", script, helper.log("orders") }).stdout)
    end)

    it("loads a script anew for each log, and merges results if the script can", function()
        local start = "local n = 0 return { api = 1, record = function() n = n + 1 end,"
            .. " finish = function() return n end"
        local single = helper.run { "run", helper.script(start .. " }"), helper.log("orders"), helper.log("edge") }
        assert.are.equal(lines_of("== " .. helper.log("orders") .. " ==", "1171", "",
            "== " .. helper.log("edge") .. " ==", "23"), single.stdout)
        local merging = helper.script(start .. ", merge = function(a, b) return a + b end }")
        local result = helper.run { "run", "--json", merging, helper.log("orders"), helper.log("edge") }
        assert.are.equal('{"result":1194,"script":"script"}\n', result.stdout)
    end)

    it("merges the results of each script separately, under the heading of all logs", function()
        local text = "local n = 0 return { api = 1, %s = function() n = n + 1 end, finish = function() return n end,"
            .. " merge = function(a, b) return a + b end }"
        local orders, edge = helper.log("orders"), helper.log("edge")
        local first, second = helper.script(text:format("record")), helper.script(text:format("checkpoint"))
        local result = helper.run { "run", first, second, orders, edge }
        assert.are.equal(lines_of("== " .. orders .. " ==", "", "== " .. edge .. " ==", "", "== all logs ==",
            "-- script", "1194", "-- script", "2"), result.stdout)
    end)

    it("calls tick in the log's time", function()
        local result = helper.run_script([[
            local times = {}
            return { api = 1, every = "100ms", tick = function(now) times[#times + 1] = now end,
                finish = function()
                    for i = 2, #times do assert(times[i] - times[i - 1] == 100000000) end
                    return #times > 3
                end }
        ]])
        assert.are.equal("true\n", result.stdout)
    end)

    it("gives each script its own trace.data, from start to finish", function()
        local text = [[
            local mine = %q
            return { api = 1, trace_start = function(_, trace) trace.data.name = mine end,
                node_done = function(_, trace) assert(trace.data.name == mine) end,
                finish = function(log)
                    for _, trace in ipairs(log:traces()) do assert(trace.data.name == mine) end
                    return mine
                end }
        ]]
        local result = helper.run { "run", helper.script(text:format("one"), "one"),
            helper.script(text:format("two"), "two"), helper.log("orders") }
        assert.are.equal("-- one\none\n-- two\ntwo\n", result.stdout)
    end)

    it("calls a script's gap and violation handlers", function()
        local text = [[
            local seen = {}
            return { api = 1, gap = function(gap) seen[#seen + 1] = gap.class end,
                violation = function(_, _, code) seen[#seen + 1] = code end,
                finish = function() table.sort(seen) return seen end }
        ]]
        assert.are.equal("corrupt\n", helper.run_script(text, { log = "short-record" }).stdout:match("corrupt\n"))
        assert.truthy(helper.run_script(text, { log = "edge" }).stdout:find("trace_restarted", 1, true))
    end)

    describe("after an error in a handler", function()
        it("stops with the script's line, the record's place, its trace and a traceback", function()
            local result = helper.run_script(lines_of("local function fail() error('no good') end", "return { api = 1,",
                "node_error = function() fail() end,", "finish = function() return 'finished' end }"))
            assert.are.equal(1, result.status)
            assert.are.equal("", result.stdout)
            assert.truthy(result.stderr:find("script.lua:1: no good", 1, true))
            assert.truthy(result.stderr:find("wal_0000000000000000.log", 1, true))
            assert.truthy(result.stderr:find("%f[%x]%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x+"))
            assert.truthy(result.stderr:find("stack traceback:", 1, true))
            assert.truthy(result.stderr:find("script.lua:3: in", 1, true))
            assert.is_nil(result.stderr:find("runner.lua", 1, true))
        end)

        it("names the part of the script: start, finish or the file itself", function()
            for name, text in pairs {
                ["start"] = "return { api = 1, start = function() error('no good') end }",
                ["finish"] = "return { api = 1, finish = function() error('no good') end }",
                ["the script's file"] = "error('no good')",
            } do
                local result = helper.run_script(text)
                assert.are.equal(1, result.status)
                assert.truthy(result.stderr:find("script.lua:1: no good (in " .. name .. ")", 1, true))
            end
        end)

        it("ends with 1, whatever the error value and its place", function()
            for _, kind in ipairs { "usage", "io", "limit", "interrupted", "internal", "unheard-of" } do
                for _, part in ipairs { "start", "finish", "node_done" } do
                    local result = helper.run_script(("return { api = 1, %s = function()"
                        .. " error { kind = %q, message = 'mine' } end }"):format(part, kind))
                    assert.are.equal(1, result.status, part .. " " .. kind .. result.stderr)
                end
            end
            local result = helper.run_script("return { api = 1, finish = function()"
                .. " return { a = { print, setmetatable({}, { __tostring = function()"
                .. " error('no text', 0) end }) } } end }")
            assert.are.equal(1, result.status)
            assert.are.equal("tracereel: script: the result cannot be shown: no text\n", result.stderr)
        end)

        it("shows texts of the log without their control characters", function()
            local result = helper.run_script("return { api = 1, node_done = function()"
                .. " error('a\\27[31m\\0b\\r\\tc', 0) end }")
            local expected = "tracereel: a\\x1b[31m\\x00b\\x0d\tc (in node_done at "
            assert.truthy(result.stderr:find(expected, 1, true), result.stderr)
        end)

        it("names an unknown field of a record", function()
            local result = helper.run_script("return { api = 1, node_done = function(rec) return rec.duration end }")
            assert.are.equal(1, result.status)
            assert.truthy(result.stderr:find("duration", 1, true))
        end)
    end)

    describe("arguments", function()
        local text = [[
            local given
            return { api = 1, args = {
                limit = { type = "duration", default = "1s", min = "1ms", max = "1h" },
                count = { type = "integer", default = 3 },
                ratio = { type = "number" },
                deep = { type = "boolean", default = false },
                mode = { choices = { "fast", "slow" }, default = "fast" },
            }, start = function(args) given = args end, finish = function() return given end }
        ]]

        it("have declared types and defaults", function()
            local result = helper.run_script(text, { arguments = { "--json" } })
            assert.are.equal('{"result":{"count":3,"deep":false,"limit":1000000000,"mode":"fast"},"script":"script"}\n',
                result.stdout)
            result = helper.run_script(text, { arguments = { "--json", "--arg", "limit=250ms", "-a", "count=-4", "-a",
                "ratio=0.5", "-a", "deep=yes", "-a", "mode=slow" } })
            assert.are.equal('{"result":{"count":-4,"deep":true,"limit":250000000,"mode":"slow","ratio":0.5},'
                .. '"script":"script"}\n', result.stdout)
        end)

        it("with wrong values are refused with what is expected", function()
            for argument, message in pairs {
                ["limit=soon"] = "is not a duration",
                ["limit=2h"] = "2h is more than 1h",
                ["limit=1ns"] = "1ns is less than 1ms",
                ["count=1.5"] = '"1.5" is not a whole number',
                ["ratio=x"] = '"x" is not a number',
                ["deep=maybe"] = '"maybe" is neither true nor false',
                ["mode=odd"] = '"odd" is not one of fast, slow',
                ["nope=1"] = "no script declares it; declared: count, deep, limit, mode, ratio",
            } do
                local result = helper.run_script(text, { arguments = { "--arg", argument } })
                assert.are.equal(2, result.status)
                assert.truthy(result.stderr:find(message, 1, true), result.stderr)
            end
        end)

        it("that are required and missing are named", function()
            local result = helper.run_script('return { api = 1, args = { who = { required = true, help = "whom" } } }')
            assert.are.equal(2, result.status)
            assert.truthy(result.stderr:find("--arg who=STRING  (whom)", 1, true))
        end)
    end)

    describe("--new", function()
        it("writes a script with a handler for each type of the log, which runs and passes luacheck", function()
            for _, name in ipairs { "orders", "done-only", "edge", "empty", "all-complete" } do
                local path = helper.directory() .. "/mine.lua"
                local result = helper.run { "run", "--new", path, helper.log(name) }
                assert.are.equal(0, result.status)
                local text, types = helper.read(path), {}
                for _, record in ipairs(helper.expected(name, "records") or {}) do
                    types[record.type] = true
                end
                for _, record_type in ipairs { "trace_start", "node_start", "node_done", "node_error", "loop_exit" } do
                    local has_handler = text:find("\n    " .. record_type .. " = function(", 1, true) ~= nil
                        or text:find("\n    " .. record_type .. " = tracereel.fields(", 1, true) ~= nil
                    assert.are.equal(types[record_type] == true, has_handler)
                end
                result = helper.run { "run", path, helper.log(name) }
                assert.are.equal(0, result.status)
                local _, status = helper.shell("luacheck --no-config --std lua54 -q " .. path)
                assert.are.equal(0, status)
            end
        end)

        it("reports once that it cannot write", function()
            local result = helper.run { "run", "--new", "/nowhere/a.lua", helper.log("orders") }
            assert.are.equal(4, result.status)
            assert.are.equal("tracereel: cannot write /nowhere/a.lua: No such file or directory\n", result.stderr)
        end)

        it("never overwrites a file", function()
            local path = helper.script("precious")
            local result = helper.run { "run", "--new", path, helper.log("orders") }
            assert.are.equal(2, result.status)
            assert.truthy(result.stderr:find("not overwritten", 1, true))
            assert.are.equal("precious", helper.read(path))
        end)
    end)

    it("--list shows the bundled scripts with their summaries and arguments", function()
        local text = helper.run({ "run", "--list" }).stdout
        for _, name in ipairs { "errors", "node_times", "stuck", "throughput" } do
            assert.truthy(text:find("%f[%w]" .. name .. " +%w"))
        end
        assert.truthy(text:find("limit (duration, default 1h): ", 1, true))
    end)

    it("--list fails as a whole if the scripts' directory cannot be read", function()
        for when = 1, 2 do
            local text, status = helper.shell(("strace -o /dev/null -e trace=getdents64 "
                .. "-e inject=getdents64:error=EIO:when=%d %s run --list 2>&1"):format(when, helper.traced_program))
            assert.matches("^tracereel: .*scripts/: Input/output error\n$", text)
            assert.equal(4, status)
        end
    end)

    it("names a missing script or log", function()
        local script = helper.script("return { api = 1 }")
        for _, case in ipairs {
            { { "run", script }, "no log" },
            { { "run", helper.log("orders") }, "no script" },
            { { "run", script .. "x.lua", helper.log("orders") }, "cannot read the script" },
        } do
            local result = helper.run(case[1])
            assert.are.equal(2, result.status)
            assert.truthy(result.stderr:find(case[2], 1, true))
        end
    end)
end)

describe("the bundled script", function()
    local function bundled(name, log, ...)
        return helper.run { "run", name, helper.log(log), ... }
    end

    it("node_times counts the runs of each node", function()
        local done = {}
        for _, record in ipairs(helper.expected("orders", "records")) do
            if record.type == "node_done" then
                done[record.node_id:sub(2)] = (done[record.node_id:sub(2)] or 0) + 1
            end
        end
        local text = bundled("node_times", "orders").stdout
        for node, count in pairs(done) do
            assert.truthy(text:find(("\n +%s +%d  %%d"):format(node, count)), text)
        end
        assert.is_nil(text:find("estimated", 1, true))
        assert.truthy(bundled("node_times", "done-only").stdout:find("runs are estimated", 1, true))
    end)

    it("stuck lists open traces without events for long, the longest first", function()
        local result = helper.run { "run", "stuck", "--arg", "limit=0s", helper.log("orders") }
        local count = select(2, result.stdout:gsub("\n", ""))
        assert.is_true(count >= 11 and count <= 12)
        assert.truthy(result.stdout:find("suspended at node 4", 1, true))
        assert.are.equal("(none)\n", helper.run({ "run", "stuck", "-a", "limit=1d", helper.log("orders") }).stdout)
    end)

    it("stuck and throughput include the traces that only a snapshot knows", function()
        local rows = helper.objects(bundled("throughput", "snapshot", "--snapshot", "--json").stdout)[1].result
        assert.are.equal("#" .. #helper.expected("snapshot", "states"), rows[#rows][2])
        local text = bundled("stuck", "snapshot", "--snapshot", "--arg", "limit=0s").stdout
        assert.truthy(text:find("0633f6b4[^\n]* 301 ms +node 3 runs %(since before the snapshot%)\n"), text)
    end)

    it("errors groups errors by node and kind of message", function()
        local count = 0
        for _, record in ipairs(helper.expected("orders", "records")) do
            local message = record.error_message
            if record.type == "node_error" and message:find("^payment gateway timeout %(attempt %d+%)$") then
                count = count + 1
            end
        end
        assert.is_true(count > 0)
        local text = bundled("errors", "orders").stdout
        assert.truthy(text:find(("\n +%d  3 +payment gateway timeout %%(attempt N%%) +%%x+-"):format(count)), text)
    end)

    it("throughput has rows that add up to all traces started, done and failed", function()
        local expected = { trace_start = 0, trace_complete = 0, trace_failed = 0 }
        for _, record in ipairs(helper.expected("restarted", "records")) do
            expected[record.type] = expected[record.type] and expected[record.type] + 1
        end
        local object = helper.objects(bundled("throughput", "restarted", "--json").stdout)[1]
        local started, done, failed = 0, 0, 0
        for index = 2, #object.result do
            local row = object.result[index]
            started = started + tonumber(row[3]:sub(2))
            done, failed = done + tonumber(row[4]:sub(2)), failed + tonumber(row[5]:sub(2))
        end
        assert.are.same({ expected.trace_start, expected.trace_complete, expected.trace_failed },
            { started, done, failed })
        assert.are.equal("#19", object.result[#object.result][2])
    end)
end)
