-- `tracereel import`: what an importer of one's own says becomes a log, sorted; what does not fit is counted; what
-- cannot be read is named with its place, and then nothing is left.
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"
local lfs = require "lfs"

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

local csv_importer = [[
return { api = 1, import = function(input, out)
    for row in input:csv() do
        local t = out:trace { id = row.run }
        t:start(row.step, { at = input.time(row.begin, "s") })
        t:done(row.step, { at = input.time(row.finish, "s") })
    end
end }
]]

local function importer(text)
    return helper.write(helper.directory() .. "/own.lua", text)
end

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

local function refused(status, message, format, text, options)
    local result, directory = importing.run(format, text, options)
    assert.equal(status, result.status, result.stderr)
    assert.truthy(result.stderr:find(message, 1, true), result.stderr)
    assert.is_nil(lfs.attributes(directory))
    local left = helper.shell("ls -a " .. helper.quote(directory:match("^(.*)/")))
    assert.is_nil(left:find("unfinished", 1, true), left)
    return result
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
            "1 node_start w", '1 trace_suspended w {"wait":"timer"}', '1 trace_resumed {"wait":"signal"}',
            "1 node_done w" }, steps(directory))
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

    it("leaves nothing with --strict", function()
        local own, directory = importer(calls_importer), helper.directory()
        local input = helper.write(directory .. "/input", 'trace("b"):done("x", { at = 1 })')
        local result = helper.run { "import", "--from", own, "--strict", input, "-o", directory .. "/log" }
        assert.equal(7, result.status, result.stderr)
        assert.truthy(result.stdout:find("did not write", 1, true))
        assert.truthy(result.stdout:find("bent: 1 ends without a start", 1, true))
        assert.same("input\n", helper.shell("ls -A " .. directory))
        helper.write(input, 'trace("b"):start("x", { at = 1 })')
        assert.equal(0, helper.run({ "import", "--from", own, "--strict", input, "-o", directory .. "/log" }).status)
    end)
end)

describe("import: a bad input", function()
    after_each(helper.clean)

    local function of(read)
        return importer(("return { api = 1, import = function(input, out) %s end }"):format(read))
    end

    it("ends the import, is named with its line, and leaves nothing", function()
        local own = importer(csv_importer)
        refused(4, '/input:3: "soon" is not a time', own, "run,step,begin,finish\n1,a,1,2\n1,a,3,soon\n")
        refused(4, "/input:2: a row of 3 fields; the first row names 4", own, "run,step,begin,finish\n1,a,1\n")
        refused(4, "/input:2: there is no column run; there are begin, finish, runs, step", own,
            "begin,finish,runs,step\n1,2,1,a\n")
        refused(4, "/input:1: two columns are called \"run\"", own, "run,run\n1,2\n")
        refused(4, "/input:2: a field in quotes does not end", own, 'run,step,begin,finish\n1,"a,1,2\n')
        refused(4, "/input: not JSON: ", of "input:json()", '{"a": [1, 2')
        refused(4, "/input:2: not JSON: ", of "for _ in input:json_lines() do end", '{"a": 1}\n{"a": \n')
        refused(4, "/input:2: $.a[3]: no good",
            of "for _ in input:lines() do end input:at('$.a[3]') input:fail('no good')", "a\nb")
    end)

    it("that is broken XML, or a billion laughs, ends the import", function()
        local own = of "input:xml { start = function() end, text = function() end }"
        refused(4, "/input:2: not XML: ", own, "<a>\n<b></a>")
        refused(4, "/input:1: not XML: ", own, "<a>")
        local laughs = { '<?xml version="1.0"?>\n<!DOCTYPE lolz [\n<!ENTITY lol0 "lol">\n' }
        for level = 1, 9 do
            laughs[#laughs + 1] = ('<!ENTITY lol%d "%s">\n'):format(level, ("&lol%d;"):format(level - 1):rep(10))
        end
        laughs[#laughs + 1] = "]>\n<lolz>&lol9;</lolz>"
        refused(4, '/input:3: it declares the entity "lol0"', own, table.concat(laughs))
    end)

    it("with a line of more than 64 MiB is refused without reading it whole", function()
        local directory = helper.directory()
        helper.shell(("{ printf 'short\\n'; head -c 80M /dev/zero | tr '\\0' x; } | gzip -1 >%s/long.gz"):format(
            directory))
        for _, read in ipairs { "for _ in input:lines() do end", "for _ in input:csv() do end" } do
            local own = of(read)
            local result = helper.run({ "import", "--from", own, directory .. "/long.gz", "-o", directory .. "/log" },
                { before = os.getenv("TRACEREEL_SANITIZED") and "" or "ulimit -v 1000000;" })
            assert.equal(4, result.status, result.stderr)
            assert.truthy(result.stderr:find("/long.gz:2: a %a+ of more than"), result.stderr)
        end
    end)

    it("that is compressed and broken, is missing, or is a directory of nothing, is named", function()
        local own, directory = importer(csv_importer), helper.directory()
        helper.write(directory .. "/table.csv", "run,step,begin,finish\n" .. ("1,a,1,2\n"):rep(2000))
        helper.shell(("cd %s && gzip -k table.csv && head -c 40 table.csv.gz >cut.gz && zstd -q table.csv && "
            .. "head -c 30 table.csv.zst >cut.zst; mkdir none"):format(directory))
        refused(4, "/cut.gz: the gzip data is broken after 40 bytes: it ends too early", own, nil,
            { inputs = { directory .. "/cut.gz" } })
        refused(4, "/cut.zst: the zstd data is broken after 30 bytes: it ends too early", own, nil,
            { inputs = { directory .. "/cut.zst" } })
        refused(4, "/nothing: cannot open the input: No such file", own, nil, { inputs = { directory .. "/nothing" } })
        refused(2, "there are no files in", own, nil, { inputs = { directory .. "/none" } })
    end)

    it("that is asked for what it does not have is named with the importer's line, as `out` is", function()
        for _, object in ipairs { "input", "out" } do
            refused(1, ("own.lua:2: %s has no field 'typ'; it has "):format(object), importer(
                ("return { api = 1, import = function(input, out)\n    return %s.typ\nend }"):format(object)), "x\n")
        end
    end)

    it("leaves nothing where the importer fails half-way, and its line is named", function()
        local result = refused(1, "own.lua:1:", of "out:trace { id = 'a', at = 1 } local x = nil; x.y = 1", "a")
        assert.truthy(result.stderr:find("nil value", 1, true))
        refused(1, "start: unknown key att; known are after, at,", of "out:trace { id = 'a' }:start('x', { att = 1 })",
            "a")
        refused(1, "own.lua:1: start: at: a whole number expected (a time is what input.time gives), got \"1\"",
            of "out:trace { id = 'a' }:start('x', { at = '1' })", "a")
        refused(1, "done: `at`, its time, is missing", of "out:trace { id = 'a' }:done('x', {})", "a")
        refused(1, 'close: unknown outcome "done"; known are', of "out:trace { id = 'a' }:close('done')", "a")
    end)
end)

describe("import: inputs", function()
    after_each(helper.clean)

    local text = "run,step,begin,finish\n1,a,1,2\n2,a,1.5,2\n1,b,2,3\n"

    local function bytes(directory)
        return helper.shell(("cd %s && cat wal_* && sed 's/inputs.*//' tracereel.flow.lua"):format(directory))
    end

    it("that are compressed or come from a pipe give the same log", function()
        local own, directory = importer(csv_importer), helper.directory()
        local plain = helper.write(directory .. "/table.csv", text)
        helper.shell(("cd %s && gzip -k table.csv && zstd -q table.csv && cat table.csv.gz table.csv.gz >/dev/null")
            :format(directory))
        local expected = bytes((importing.log(own, nil, { inputs = { plain } })))
        assert.equal(expected, bytes((importing.log(own, nil, { inputs = { plain } }))))
        assert.equal(expected, bytes((importing.log(own, nil, { inputs = { plain .. ".gz" } }))))
        assert.equal(expected, bytes((importing.log(own, nil, { inputs = { plain .. ".zst" } }))))
        local result = helper.run({ "import", "--from", own, "-", "-o", directory .. "/piped" }, { stdin = text })
        assert.equal(0, result.status, result.stderr)
        assert.equal(expected, bytes(directory .. "/piped"))
    end)

    it("of several members of gzip are read to their end", function()
        local own, directory = importer(csv_importer), helper.directory()
        helper.write(directory .. "/a", text)
        helper.write(directory .. "/b", "3,c,4,5\n")
        helper.shell(("cd %s && gzip a b && cat a.gz b.gz >both.gz"):format(directory))
        local _, report = importing.log(own, nil, { inputs = { directory .. "/both.gz" } })
        assert.equal("#3", report.traces)
    end)

    it("of a directory are its files, by name, whose traces are the same where their ids are", function()
        local own, directory = importer(csv_importer), helper.directory()
        assert(lfs.mkdir(directory .. "/in"))
        helper.write(directory .. "/in/b.csv", "run,step,begin,finish\n9,z,7,8\n")
        helper.write(directory .. "/in/a.csv", text)
        helper.write(directory .. "/in/.hidden", "no table")
        local log, report = importing.log(own, nil, { inputs = { directory .. "/in" } })
        assert.equal("#3", report.traces)
        local flow = dofile(log .. "/tracereel.flow.lua")
        assert.same({ "a.csv", "b.csv" }, flow.origin.inputs)
        assert.same({ "a", "b", "z" }, { flow.nodes[0].name, flow.nodes[1].name, flow.nodes[2].name })
    end)

    it("show their format where --from is not given", function()
        local directory = helper.directory()
        local table_file = helper.write(directory .. "/t.csv", "case,activity,start,end\n1,a,2025-11-24T16:00:00Z,"
            .. "2025-11-24T16:00:01Z\n")
        local result = helper.run { "import", table_file, "-o", directory .. "/log", "--json" }
        assert.equal(0, result.status, result.stderr)
        assert.equal("csv", helper.objects(result.stdout)[1].format)
        local unknown = helper.write(directory .. "/t.unknown", "\1\2\3")
        result = helper.run { "import", unknown, "-o", directory .. "/other" }
        assert.equal(2, result.status)
        assert.truthy(result.stderr:find("none of the bundled importers knows what it is", 1, true), result.stderr)
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
