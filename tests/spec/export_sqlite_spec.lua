-- `tracereel export --format sqlite`: the database is read by sqlite3, and compared with what the records say.
local expected = require "tests.spec.export_expected"
local helper = require "tests.spec.helper"
local small_log = require "tests.spec.small_log"
local tracereel = require "tracereel"

local function export(...)
    local path = helper.directory() .. "/traces.db"
    local result = helper.run { "export", "--format", "sqlite", "-o", path, ... }
    assert.truthy(result.status == 0 and result.stderr == "" or result.status == 3, result.stderr)
    return path, result
end

-- The lines that sqlite3 prints: fields with | between them, NULL as nothing.
local function query(path, sql)
    local text, status = helper.shell(("printf '%%s;' %s | sqlite3 -bail %s 2>&1"):format(helper.quote(sql),
        helper.quote(path)))
    assert.are.equal(0, status, text)
    return text
end

local function sorted_lines(lines)
    table.sort(lines)
    return table.concat(lines, "\n")
end

local function rows(path, sql)
    local lines = {}
    for line in query(path, sql):gmatch("[^\n]+") do
        lines[#lines + 1] = line
    end
    return lines
end

local function joined(...)
    local words = table.pack(...)
    for index = 1, words.n do
        words[index] = words[index] == nil and "" or tostring(words[index])
    end
    return table.concat(words, "|")
end

-- As SQLite's hex(): sqlite3 prints a text up to its first zero byte only.
local function hex(text)
    return (text:gsub(".", function(byte)
        return ("%02X"):format(byte:byte())
    end))
end

describe("export to sqlite", function()
    teardown(helper.clean)

    it("has each attempt, suspension and record of every trace, with the times of its records", function()
        for _, name in ipairs { "orders", "restarted", "edge" } do
            local path = export(helper.log(name))
            local attempts = {}
            for _, attempt in ipairs(expected.all(name, "attempts")) do
                attempts[#attempts + 1] = joined(attempt.trace.id, attempt.node_id, attempt.number, attempt.outcome,
                    attempt.estimated and 1 or 0, attempt.start_ns, attempt.end_ns, attempt.run_ns,
                    hex(attempt.error or ""))
            end
            assert.are.equal(sorted_lines(attempts), sorted_lines(rows(path, [[SELECT trace_id, node_id, attempt,
                outcome, is_estimated, a.start_ns, end_ns, run_ns, hex(a.error)
                FROM attempts a JOIN nodes USING (node) JOIN traces USING (trace)]])))
            local suspensions = {}
            for _, suspension in ipairs(expected.all(name, "suspensions")) do
                if not suspension.is_abandoned then
                    suspensions[#suspensions + 1] = joined(suspension.trace.id, suspension.node_id,
                        suspension.start_ns, suspension.end_ns)
                end
            end
            assert.are.equal(sorted_lines(suspensions), sorted_lines(rows(path, [[SELECT trace_id, node_id, s.start_ns,
                end_ns FROM suspensions s JOIN nodes USING (node) JOIN traces USING (trace)]])))
            assert.are.equal(helper.run({ "dump", "--json", helper.log(name) }).stdout,
                query(path, "SELECT json FROM records ORDER BY record"))
        end
    end)

    it("keeps integers above those of SQLite, zero bytes, quotes and bytes that are not UTF-8", function()
        local path = export(small_log.write {
            { "trace_start", 0, 1, { metadata = "a 'quoted'\0 text" } },
            { "node_start", 1, 1, { node_id = 2 } },
            { "node_error", 2, 1, { node_id = 2, error_message = "b\xFFd; DROP TABLE traces", schema_hash = -1 } },
            { "node_start", -small_log.base_ns - 2, 1, { node_id = 3 } }, -- 2^64 - 2
        })
        assert.are.equal(hex("a 'quoted'\0 text") .. "\n", query(path, "SELECT hex(metadata) FROM traces"))
        assert.are.equal("b\u{FFFD}d; DROP TABLE traces|18446744073709551615\n",
            query(path, "SELECT error, schema_hash FROM attempts, records WHERE error >= 'b' AND type = 'node_error'"))
        assert.are.equal("18446744073709551614|text\n",
            query(path, "SELECT start_ns, typeof(start_ns) FROM attempts JOIN nodes USING (node) WHERE node_id = 3"))
    end)

    it("with a filter has the records of the traces that are there, and is no larger for the others", function()
        local all = export(helper.log("orders"))
        local id = query(all, "SELECT trace_id FROM traces WHERE status = 'failed' ORDER BY 1 LIMIT 1"):match("%S+")
        local one = export("--trace", id, helper.log("orders"))
        assert.are.equal(query(all, ("SELECT count(*), '%s', 1 FROM records WHERE trace_id = '%s'"):format(id, id)),
            query(one, "SELECT (SELECT count(*) FROM records WHERE trace_id = t.trace_id), trace_id, "
                .. "(SELECT count(*) FROM traces) FROM traces t"))
        assert.truthy(#helper.read(one) < #helper.read(all) / 4)
    end)

    it("says of a damaged log that it is, and where; two logs stand side by side", function()
        local path, result = export(helper.log("garbage-middle"), helper.log("orders"))
        assert.are.equal(3, result.status)
        assert.are.equal("1|1\n2|0\n", query(path, "SELECT log, is_damaged FROM logs ORDER BY log"))
        local log = tracereel.open(helper.log("garbage-middle"))
        local gaps = {}
        log:replay { gap = function(gap)
            gaps[#gaps + 1] = joined(1, gap.class, gap.damage and 1 or 0, gap.segment, gap.offset, gap.length)
        end }
        assert.truthy(#gaps > 0)
        assert.are.equal(table.concat(gaps, "\n") .. "\n",
            query(path, 'SELECT log, class, is_damage, segment, "offset", length FROM gaps'))
        assert.are.equal(#expected.traces("orders") .. "\n", query(path, "SELECT count(*) FROM traces WHERE log = 2"))
    end)

    it("a log that could not be read to its end does not lend its number to the next one", function()
        local path, result = export("--mode", "strict", helper.log("garbage-middle"), helper.log("orders"))
        assert.are.equal(3, result.status)
        assert.are.equal(#expected.traces("orders") .. "\n",
            query(path, "SELECT count(*) FROM traces JOIN logs USING (log) WHERE path LIKE '%/orders'"))
        assert.are.equal("", query(path, "SELECT path FROM logs WHERE path LIKE '%garbage%'"))
    end)

    it("gives the same bytes each time, also to standard output", function()
        local first = helper.read((export(helper.log("orders"))))
        assert.are.equal(first, helper.read((export(helper.log("orders")))))
        assert.are.equal(first, helper.run({ "export", "--format", "sqlite", helper.log("orders") }).stdout)
    end)

    it("each query of docs/sqlite.md gives rows", function()
        local path, count = export(helper.log("orders")), 0
        for block in helper.read("docs/sqlite.md"):gmatch("```sql\n(.-)```") do
            for statement in block:gmatch("(.-;)\n") do
                assert.truthy(#rows(path, statement) > 0, statement)
                count = count + 1
            end
        end
        assert.are.equal(10, count)
    end)

    it("the views answer what the records say", function()
        local path = export(helper.log("orders"))
        local errors, open, waiting, run_ns = {}, {}, {}, {}
        for _, attempt in ipairs(expected.all("orders", "attempts")) do
            if attempt.error then
                local key = joined(attempt.node_id, attempt.error)
                errors[key] = (errors[key] or 0) + 1
            end
            if attempt.run_ns then
                run_ns[attempt.node_id] = math.max(run_ns[attempt.node_id] or 0, attempt.run_ns)
            end
        end
        for _, trace in ipairs(expected.traces("orders")) do
            open[#open + 1] = not trace.end_ns and trace.id or nil
        end
        for _, suspension in ipairs(expected.all("orders", "suspensions")) do
            waiting[#waiting + 1] = not suspension.end_ns and suspension.trace.id or nil
        end
        local lines = {}
        for key, count in pairs(errors) do
            lines[#lines + 1] = key .. "|" .. count
        end
        assert.are.equal(sorted_lines(lines), sorted_lines(rows(path, "SELECT node_id, message, count FROM errors")))
        assert.are.equal(sorted_lines(open), sorted_lines(rows(path, "SELECT trace_id FROM open_traces")))
        assert.are.equal(sorted_lines(waiting), sorted_lines(rows(path, "SELECT trace_id FROM waiting")))
        lines = {}
        for node_id, ns in pairs(run_ns) do
            lines[#lines + 1] = joined(node_id, ns)
        end
        assert.are.equal(sorted_lines(lines), sorted_lines(rows(path,
            "SELECT node_id, CAST(round(max_ms * 1e6) AS INTEGER) FROM node_times")))
    end)

    it("names the package where there is no SQLite for Lua, and writes nothing to a terminal", function()
        local result = helper.run(
            { "export", "--format", "sqlite", "-o", helper.directory() .. "/x", helper.log("orders") },
            { env = { LUA_CPATH = "/nonexistent/?.so", LUA_CPATH_5_4 = "/nonexistent/?.so" } })
        assert.are.equal("tracereel: --format sqlite needs SQLite for Lua 5.4, which is not installed: "
            .. "apt install lua-sql-sqlite3", result.stderr:match("[^\n]*"))
        assert.are.equal(4, result.status)
        local shown = helper.on_terminal(helper.program .. " export --format sqlite " .. helper.log("orders"))
        assert.matches("a database is not written to a terminal: name a file with -o", shown, 1, true)
    end)
end)
