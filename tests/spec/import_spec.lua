-- `tracereel import`: what an importer of one's own says becomes a log, sorted; what does not fit is counted; what
-- cannot be read is named with its place, and then nothing is left.
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"

-- An importer that calls what each line of its input says: Lua of the sandbox, with `out` and `trace`.
local calls_importer = [[
return {
    api = 1,
    import = function(input, out)
        local environment = { out = out, input = input, trace = function(id)
            return out:trace { id = id }
        end }
        for line in input:lines() do
            assert(load(line, "=line", "t", environment))()
        end
    end,
}
]]

local csv_importer, importer = importing.csv_importer, importing.importer

local function import_calls(lines, options)
    return importing.log(importer(calls_importer), table.concat(lines, "\n"), options)
end

-- Records as "at node type", without those of the trace itself.
local function steps(directory)
    local list = {}
    for _, line in ipairs(importing.lines(directory)) do
        list[#list + 1] = line
    end
    return list
end

describe("an importer that was written by docs/import.md alone", function()
    after_each(helper.clean)

    -- A scheduler's log: "2025-11-24T16:00:00+01:00 [job 7] backup: started on h1".
    local own = [[
return {
    api = 1,
    summary = "the log of a scheduler",
    import = function(input, out)
        for line in input:lines() do
            local time, job, step, event = line:match("^(%S+) %[job (%d+)%] (%w+): (.+)$")
            if not time then
                out:dropped("lines that are no event", input:where())
            else
                local at, job_trace = input.time(time), out:trace { id = "job " .. job }
                if event:match("^started") then
                    job_trace:start(step, { at = at, resource = event:match("on (%S+)") })
                elseif event == "finished" then
                    job_trace:done(step, { at = at })
                else
                    job_trace:error(step, { at = at, message = event })
                    job_trace:close("failed", { at = at, error = event })
                end
            end
        end
    end,
}
]]

    it("has less than 30 lines, and says what the source says", function()
        local _, lines = own:gsub("\n", "\n")
        assert.is_true(lines < 30)
        local directory, report = importing.log(importer(own), table.concat({
            "2025-11-24T16:00:02.5+01:00 [job 7] backup: finished",
            "2025-11-24T16:00:00+01:00 [job 7] backup: started on h1",
            "-- rotated --",
            "2025-11-24T15:00:03Z [job 8] clean: started on h2",
            "2025-11-24T15:00:03.000000001Z [job 8] clean: exit status 3",
        }, "\n"))
        assert.same({ "1 lines that are no event" }, importing.kinds(report.dropped))
        assert.same({}, report.bent)
        assert.same({
            '0 trace_start {"id":"job 7"}',
            '0 node_start backup {"resource":"h1"}',
            "2500000000 node_done backup",
            '3000000000 trace_start {"id":"job 8"}',
            '3000000000 node_start clean {"resource":"h2"}',
            "3000000001 node_error clean exit status 3",
            "3000000001 trace_failed exit status 3",
        }, importing.lines(directory, 1763996400000000000))
    end)
end)

describe("import: the order within one instant", function()
    after_each(helper.clean)

    it("goes by `after`, in whatever order attempts of no length were called", function()
        local directory, report = import_calls {
            'trace("t"):done("c", { at = 5 }) trace("t"):close("complete", { at = 5 })',
            'trace("t"):start("c", { at = 5, after = { "b" } })',
            'trace("t"):done("b", { at = 5 })',
            'trace("t"):start("b", { at = 5, after = { "a" } })',
            'trace("t"):done("a", { at = 5 })',
            'trace("t"):start("a", { at = 1 })',
        }
        assert.same({}, report.bent)
        assert.same({ '1 trace_start {"id":"t"}', "1 node_start a", "5 node_done a", "5 node_start b", "5 node_done b",
            "5 node_start c", "5 node_done c", "5 trace_complete" }, steps(directory))
    end)

    it("has the end of an attempt before the next one of its node begins", function()
        local directory, report = import_calls {
            'trace("t"):start("a", { at = 7 }) trace("t"):start("a", { at = 3 })',
            'trace("t"):error("a", { at = 7, kind = "timed_out" }) trace("t"):done("a", { at = 9 })',
        }
        assert.same({}, report.bent)
        assert.same({ '3 trace_start {"id":"t"}', "3 node_start a", '7 node_error a {"kind":"timed_out"}',
            "7 node_start a", "9 node_done a" }, steps(directory))
    end)

    it("keeps attempts of no length of one node apart, and waits within their attempt", function()
        local directory = import_calls {
            'local t = trace("t") t:start("a", { at = 1 }) t:error("a", { at = 1 }) t:start("a", { at = 1 })',
            'local t = trace("t") t:done("a", { at = 1 }) t:resume("w", { at = 1 }) t:done("w", { at = 1 })',
            'local t = trace("t") t:wait("w", { at = 1, kind = "timer" }) t:start("w", { at = 1 })',
        }
        assert.same({ '1 trace_start {"id":"t"}', "1 node_start a", "1 node_error a", "1 node_start a", "1 node_done a",
            "1 node_start w", '1 trace_suspended w {"wait":"timer"}', '1 trace_resumed {"wait":"timer"}',
            "1 node_done w" }, steps(directory))
    end)

    it("gives the end of a wait the kind of the wait that it ends, in whatever order they were called", function()
        local directory, report = import_calls {
            'local t = trace("t") t:resume("w", { at = 9 }) t:resume("w", { at = 5 }) t:resume("w", { at = 12 })',
            'local t = trace("t") t:resume("w", { at = 3, instance = "i" }) t:resume("s", { at = 2 })',
            'local t = trace("t") t:wait("w", { at = 7, kind = "person" }) t:wait("w", { at = 4, kind = "timer" })',
            'local t = trace("t") t:wait("w", { at = 2, kind = "update", instance = "i", metadata = { a = 1 } })',
            'local t = trace("t") t:wait("s", { at = 1, kind = "trace" }) t:wait("w", { at = 11 })',
            'local t = trace("t") t:resume("none", { at = 13, instance = "i" })',
        }
        assert.same({ "1 ends of waits that had not begun" }, importing.kinds(report.bent))
        assert.same({ '1 trace_start {"id":"t"}', "1 trace_suspended s", "2 trace_resumed",
            '2 trace_suspended w {"wait":"update","instance":"i","metadata":{"a":1}}',
            '3 trace_resumed {"wait":"update","instance":"i"}', '4 trace_suspended w {"wait":"timer"}',
            '5 trace_resumed {"wait":"timer"}', '7 trace_suspended w {"wait":"person"}',
            '9 trace_resumed {"wait":"person"}', '11 trace_suspended w {"wait":"signal"}',
            '12 trace_resumed {"wait":"signal"}', '13 trace_resumed {"wait":"signal","instance":"i"}' },
            steps(directory))
    end)

    it("has parents before their children", function()
        local directory = import_calls {
            'out:trace { id = "c", parent = "b", at = 4 } out:trace { id = "b", parent = "a", at = 4 }',
            'out:trace { id = "a", name = "top", at = 4 }',
        }
        local names = {}
        for index, line in ipairs(steps(directory)) do
            names[index] = line:match('"id":"(%a)"')
        end
        assert.same({ "a", "b", "c" }, names)
    end)
end)

describe("import: what does not fit", function()
    after_each(helper.clean)

    it("is counted with its first example, and told apart", function()
        local _, report = import_calls {
            'trace("a"):start("x", { at = 9 }) trace("a"):done("x", { at = 4 })',
            'trace("b"):done("x", { at = 1 })',
            'trace("c"):start("x", { at = 1 }) trace("c"):start("x", { at = 2 }) trace("c"):done("x", { at = 3 })',
            'trace("d"):resume("x", { at = 1 })',
            'out:trace { id = "e", at = 5 }:start("x", { at = 2 })',
            'trace("f"):close("complete", { at = 1 }) trace("f"):close("failed", { at = 1 }) trace("g")',
            'trace("h"):start("x", { at = 8 }) trace("h"):close("complete", { at = 7 })',
            'trace("i"):start("caf\\xe9", { at = 1, metadata = { n = { 1 }, ok = 2 } })',
        }
        assert.same({ "1 ends before their starts: the attempts have no length",
            "1 ends of waits that had not begun",
            "1 ends without a start: the starts are estimated",
            "1 starts of nodes that were running: the earlier attempts are abandoned",
            "1 texts that are not UTF-8: U+FFFD stands for what is not",
            "1 traces that began after their first event: they begin with it",
            "1 traces that ended before their last event: they end with it" }, importing.kinds(report.bent))
        assert.same({ "1 metadata that is no text, number or boolean", "1 second ends of a trace",
            "1 traces in which nothing happens" }, importing.kinds(report.dropped))
        assert.truthy(report.bent[1].example:find("/input:1$"), report.bent[1].example)
        for _, list in ipairs { report.dropped, report.bent } do
            for _, one in ipairs(list) do
                assert.truthy(one.example, one.kind)
            end
        end
    end)

    it("is an order in a circle: what closes it is left out, and the flow is read", function()
        local directory, report = import_calls {
            'out:flow { nodes = { a = { after = { "c" } }, b = { after = { "a" } }, c = { after = { "b" } } } }',
            'trace("t"):start("d", { at = 1, after = { "a", "c" } })',
            'trace("t"):start("c", { at = 2, after = { "d" } })',
        }
        assert.same({ "3 orders that go in a circle: what closes it is left out of the flow" },
            importing.kinds(report.bent))
        local result = helper.run { "traces", "--full", directory }
        assert.equal("", result.stderr)
        local nodes, steps_of = dofile(directory .. "/tracereel.flow.lua").nodes, {}
        for _, node in pairs(nodes) do
            for _, before in ipairs(node.after) do
                steps_of[#steps_of + 1] = node.name .. " after " .. nodes[before].name
            end
        end
        table.sort(steps_of)
        -- From a to c, to b and to d: what leads back from b and d closes a circle.
        assert.same({ "a after c", "c after b", "c after d" }, steps_of)
    end)

    it("is told on a terminal in lines that fit", function()
        local own, directory = importer(calls_importer), helper.directory()
        local input = helper.write(directory .. "/input", 'trace("b"):done("x", { at = 1 })')
        local text = helper.on_terminal(("stty cols 60; %s import --from %s %s -o %s/log"):format(
            helper.quote(helper.program), own, input, directory), "NO_COLOR=1") or pending("no terminal here")
        local told = text:gsub("\r", ""):match("\n(bent: .*)$")
        for line in told:gmatch("[^\n]+") do
            assert.is_true(#line <= 60, line)
        end
        assert.truthy(told:find("\n  ", 1, true), told)
        assert.truthy(told:gsub("%s+", " "):find("bent: 1 ends without a start: the starts are estimated; first: ", 1,
            true), told)
    end)

    it("leaves nothing with --strict", function()
        local own, directory = importer(calls_importer), helper.directory()
        local input = helper.write(directory .. "/input", 'trace("b"):done("x", { at = 1 })')
        local result = helper.run { "import", "--from", own, "--strict", input, "-o", directory .. "/log" }
        assert.equal(7, result.status, result.stderr)
        assert.truthy(result.stdout:find("did not write", 1, true))
        assert.truthy(result.stdout:find("bent: 1 ends without a start", 1, true))
        assert.same("input\n", helper.shell("ls -A " .. directory))
        helper.write(input, 'trace("b"):start("x", { at = 1 }) out:dropped("words", "here") out:dropped("words")')
        result = helper.run { "import", "--from", own, "--strict", "--json", input, "-o", directory .. "/log" }
        assert.equal(7, result.status, result.stderr)
        local report = helper.objects(result.stdout)[1]
        assert.same({ "words", "#2", "here" }, { report.dropped[1].kind, report.dropped[1].count,
            report.dropped[1].example })
        assert.is_nil(report.directory)
        assert.same("input\n", helper.shell("ls -A " .. directory))
        helper.write(input, 'trace("b"):start("x", { at = 1 })')
        assert.equal(0, helper.run({ "import", "--from", own, "--strict", input, "-o", directory .. "/log" }).status)
    end)

    it("lets pass with --strict what is left out on purpose, and says it apart from what was dropped", function()
        local own, directory = importer(calls_importer), helper.directory()
        local input = helper.write(directory .. "/input", table.concat({ 'trace("b"):start("x", { at = 1 })',
            'out:left_out("heartbeats", "here") out:left_out("heartbeats", "there") out:left_out("probes")' }, " "))
        local result = helper.run { "import", "--from", own, "--strict", input, "-o", directory .. "/log" }
        assert.equal(0, result.status, result.stderr)
        assert.equal("left out on purpose: 2 heartbeats; first: here\nleft out on purpose: 1 probes\n",
            result.stdout:match("\n(.*)"))
        result = helper.run { "import", "--from", own, "--strict", "--json", input, "-o", directory .. "/again" }
        local report = helper.objects(result.stdout)[1]
        assert.same({ {}, {}, { "1 probes", "2 heartbeats" } }, { report.dropped, report.bent,
            importing.kinds(report.left_out) })
        helper.write(input, 'out:left_out(7)')
        result = helper.run { "import", "--from", own, input, "-o", directory .. "/third" }
        assert.equal(1, result.status)
        assert.truthy(result.stderr:find('left_out: a kind, such as "heartbeats", expected', 1, true), result.stderr)
    end)
end)

describe("import: the command", function()
    after_each(helper.clean)

    it("writes into no directory that is there, and none that it may not write", function()
        local own, directory = importer(csv_importer), helper.directory()
        local input = helper.write(directory .. "/t.csv", "run,step,begin,finish\n1,a,1,2\n")
        local result = helper.run { "import", "--from", own, input, "-o", directory }
        assert.equal(6, result.status)
        assert.truthy(result.stderr:find("exists already", 1, true))
        result = helper.run { "import", "--from", own, input, "-o", directory .. "/none/log" }
        assert.equal(4, result.status)
        assert.truthy(result.stderr:find("/none/log", 1, true), result.stderr)
    end)

    it("says so where the disk is full, and leaves nothing", function()
        if os.getenv("TRACEREEL_SANITIZED") then
            return
        end
        local own, directory = importer(csv_importer), helper.directory()
        local input = helper.write(directory .. "/t.csv", "run,step,begin,finish\n" .. ("1,a,1,2\n"):rep(30000))
        -- Files of at most 1 MiB: the temporary ones are smaller, the log is not.
        local result = helper.run({ "import", "--from", own, input, "-o", directory .. "/log" },
            { before = "ulimit -f 1024; trap '' XFSZ;" })
        assert.equal(4, result.status, result.stderr)
        assert.truthy(result.stderr:find("File too large", 1, true), result.stderr)
        assert.equal("t.csv\n", helper.shell("ls -A " .. directory))
    end)

    it("ends at an interrupt, and leaves nothing", function()
        local own, directory = importer(csv_importer), helper.directory()
        local command = ("{ printf 'run,step,begin,finish\\n1,a,1,2\\n'; sleep 5; } | { %s import --from %s - "
            .. "-o %s/log 2>%s/said & reader=$!; sleep 0.7; kill -INT $reader; wait $reader; echo $?; }"):format(
            helper.quote(helper.program), own, directory, directory)
        local printed = helper.shell("bash -c " .. helper.quote(command))
        assert.equal("130\n", printed)
        assert.truthy(helper.read(directory .. "/said"):find("interrupted: nothing was written", 1, true))
        assert.equal("said\n", helper.shell("ls -A " .. directory))
    end)

    it("writes a starter that imports what it says it does", function()
        local directory = helper.directory()
        local starter = directory .. "/mine.lua"
        assert.equal(0, helper.run({ "import", "--new", starter }).status)
        local sample = {}
        for row in helper.read(starter):gmatch("\n%-%-     (%w+,[^\n]+)") do
            sample[#sample + 1] = row
        end
        assert.equal(3, #sample)
        local log, report = importing.log(starter, table.concat(sample, "\n"))
        assert.same({ {}, {} }, { report.bent, report.dropped })
        assert.same({ '0 trace_start {"id":"17"}', "0 node_start load", "2500000000 node_done load",
            "2500000000 node_start check", "3000000000 node_error check no such customer" },
            importing.lines(log, 1764000000000000000))
        local again = helper.run { "import", "--new", starter }
        assert.equal(2, again.status)
        assert.truthy(again.stderr:find("exists already", 1, true))
    end)

    it("lists the bundled importers with their arguments", function()
        local listed = {}
        for _, one in ipairs(helper.objects(helper.run({ "import", "--list", "--json" }).stdout)) do
            listed[one.importer] = one.args
        end
        assert.truthy(listed.csv and listed.csv.case)
        assert.truthy(listed.temporal)
    end)
end)

describe("an import of more events than fit in memory", function()
    after_each(helper.clean)

    local core = require "tracereel.core"

    -- The same calls, with so much memory for events.
    local function write(memory_bytes)
        local draft = core.import_draft(error, memory_bytes)
        local trace, _ = draft:functions()
        local seed = 1
        local function random(limit)
            seed = (seed * 1103515245 + 12345) % 2147483648
            return seed // 65536 % limit
        end
        for number = 1, 3000 do
            local one = trace(nil, { id = "trace " .. number % 100 })
            local at = random(500)
            one:start("node " .. random(20), { at = at, instance = ("%d"):format(number), after = { "node 1" } })
            one:done("node " .. random(20), { at = at + random(3), instance = ("%d"):format(number) })
        end
        local directory = helper.directory() .. "/log"
        local stats = draft:write(directory, function() end)
        assert.equal(6100, stats.records)
        return helper.shell("cat " .. directory .. "/wal_*")
    end

    it("gives the same bytes as one of events that do", function()
        local in_memory = write(1 << 30)
        assert.equal(in_memory, write(20000))
        assert.equal(in_memory, write(1))
    end)
end)
