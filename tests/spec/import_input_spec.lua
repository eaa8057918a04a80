-- `tracereel import`: its inputs, plain, compressed, several, and broken.
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"
local lfs = require "lfs"

local csv_importer, importer = importing.csv_importer, importing.importer

local function refused(status, message, format, text, options)
    local result, directory = importing.run(format, text, options)
    assert.equal(status, result.status, result.stderr)
    assert.truthy(result.stderr:find(message, 1, true), result.stderr)
    assert.is_nil(lfs.attributes(directory))
    local left = helper.shell("ls -a " .. helper.quote(directory:match("^(.*)/")))
    assert.is_nil(left:find("unfinished", 1, true), left)
    return result
end

describe("import: a bad input", function()
    after_each(helper.clean)

    local of = importing.importer_doing

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
        refused(4, "/cut.gz: the gzip data ends early at compressed byte 40; compress it again", own, nil,
            { inputs = { directory .. "/cut.gz" } })
        refused(4, "/cut.zst: the zstd data ends early at compressed byte 30; compress it again", own, nil,
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

    it("of several formats are told apart, where --from is not given, and none is read", function()
        local directory = helper.directory()
        local tables = directory .. "/in"
        assert(lfs.mkdir(tables))
        for _, name in ipairs { "1.csv", "2.csv", "4.csv", "5.csv" } do
            helper.write(tables .. "/" .. name, "case,activity,start,end\n1,a,2025-11-24T16:00:00Z,"
                .. "2025-11-24T16:00:01Z\n")
        end
        helper.write(tables .. "/3.xes", '<log xes.version="1.0"><trace/></log>')
        helper.write(tables .. "/6", "\1\2\3")
        local result = helper.run { "import", tables, "-o", directory .. "/log" }
        assert.equal(2, result.status)
        local words = result.stderr:gsub((tables .. "/"):gsub("%p", "%%%0"), "")
        assert.equal("tracereel: the inputs are not all of one format:\n  4 csv: 1.csv, 2.csv, 4.csv and 1 more\n"
            .. "  1 xes: 3.xes\n  1 unknown: 6\n", words:match("^.-6\n"))
        assert.is_nil(lfs.attributes(directory .. "/log"))
        result = helper.run { "import", tables .. "/1.csv", tables .. "/2.csv", "-o", directory .. "/log", "--json" }
        assert.equal(0, result.status, result.stderr)
        assert.equal("#1", helper.objects(result.stdout)[1].traces)
    end)

    it("may begin with the mark of UTF-8, which nobody sees", function()
        local mark = "\xef\xbb\xbf"
        for _, read in ipairs {
            "local t = input:text() value = t", "for line in input:lines() do value = line end",
            "for line in input:json_lines() do value = '[' .. line[1] .. ']' end",
            "for line in input:json_documents() do value = '[' .. line[1] .. ']' end",
            "value = '[' .. input:json()[1] .. ']'", "for row in input:csv { header = false } do value = row[1] end",
            "value = input:head()",
        } do
            local own = importer(("return { api = 1, import = function(input, out) local value %s "
                .. "out:trace { id = value, at = 1 } end }"):format(read))
            local function id_in(content)
                return importing.lines((importing.log(own, content)))[1]
            end
            local more = read:find("json_documents") and "\n[8]" or ""
            assert.equal(id_in("[7]" .. more), id_in(mark .. "[7]" .. more), read)
        end
    end)

    it("in UTF-16 are called that", function()
        for content, read in pairs { ["\xff\xfe{\0}\0"] = "input:json()",
            ["\xfe\xff\0{\0}"] = "input:json_documents()()", ["{\0}\0"] = "input:json_lines()()",
            ["\0{\0}"] = "input:json()" } do
            refused(4, "not JSON: this is UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)",
                importer(("return { api = 1, import = function(input) %s end }"):format(read)), content)
        end
        refused(4, "not JSON: offset 0: expected a value, found byte 239", importer(
            "return { api = 1, import = function(input) input:json() end }"), "\xef{}")
    end)
end)
