-- `tracereel export`: every format is read back by a reader that knows only the format (export_readers, export_otlp),
-- and compared with what the records say (export_expected).
local expected = require "tests.spec.export_expected"
local helper = require "tests.spec.helper"
local read_otlp = require "tests.spec.export_otlp"
local readers = require "tests.spec.export_readers"
local tracereel = require "tracereel"

-- Those with expected records.
local logs = { "orders", "done-only", "restarted", "all-complete", "edge" }

local function run(format, log, ...)
    return helper.run({ "export", "--format", format, log, ... })
end

-- The output for a sample log that is not damaged.
local function export(format, name, ...)
    local result = run(format, helper.log(name), ...)
    assert.are.equal("", result.stderr)
    assert.are.equal(0, result.status)
    return result.stdout
end

-- The same items, in any order: both sides as sorted lines.
local function assert_same_lines(wanted, found)
    table.sort(wanted)
    table.sort(found)
    assert.are.equal(table.concat(wanted, "\n"), table.concat(found, "\n"))
end

local function line(...)
    local words = table.pack(...)
    for index = 1, words.n do
        words[index] = tostring(words[index])
    end
    return table.concat(words, " ")
end

local function map(list, describe)
    local lines = {}
    for _, item in ipairs(list) do
        lines[#lines + 1] = describe(item)
    end
    return lines
end

-- What an attempt is, in the same words for every format. Times as digits.
local function attempt_line(attempt)
    return line(attempt.trace.id, attempt.trace.status, attempt.node_id, attempt.number, attempt.outcome,
        attempt.estimated, attempt.start_ns, attempt.end_ns, attempt.run_ns)
end

local function status_of(trace)
    return trace.status == "running" and trace.suspension and "suspended" or trace.status
end

local function expected_attempts(name)
    return map(expected.all(name, "attempts"), function(attempt)
        attempt.trace.status = status_of(attempt.trace)
        return attempt_line(attempt)
    end)
end

local function digits(value)
    return value and value ~= "#null" and value:gsub("^#", "") or nil
end

describe("export", function()
    teardown(helper.clean)

    describe("to csv", function()
        it("has a row for each attempt of every trace, with the times of its records", function()
            for _, name in ipairs(logs) do
                local rows = readers.csv(export("csv", name))
                assert_same_lines(expected_attempts(name), map(rows, function(row)
                    assert.are.equal(helper.log(name), row.log)
                    return line(row.trace_id, row.trace_status, row.node_id, row.attempt, row.outcome, row.estimated,
                        row.start_ns, row.end_ns ~= "" and row.end_ns or nil, row.run_ns ~= "" and row.run_ns or nil)
                end))
            end
        end)

        it("has suspended time in a column of its own, and the message of an error", function()
            local wanted = map(expected.all("restarted", "attempts"), function(attempt)
                return line(attempt.trace.id, attempt.node_id, attempt.number, attempt.suspended_ns or "",
                    attempt.error or "")
            end)
            local rows = readers.csv(export("csv", "restarted"))
            assert_same_lines(wanted, map(rows, function(row)
                return line(row.trace_id, row.node_id, row.attempt, row.suspended_ns, row.error)
            end))
        end)
    end)

    describe("to jsonl", function()
        it("has an object for each trace, with every attempt in its node", function()
            for _, name in ipairs(logs) do
                local found = {}
                local objects = helper.objects(export("jsonl", name))
                assert.are.equal(#expected.traces(name), #objects)
                for _, trace in ipairs(objects) do
                    for _, node in ipairs(trace.nodes) do
                        for number, attempt in ipairs(node.attempts) do
                            found[#found + 1] = line(trace.trace_id, trace.status, digits(node.node_id), number,
                                attempt.outcome, attempt.estimated, digits(attempt.start_ns), digits(attempt.end_ns),
                                digits(attempt.run_ns))
                        end
                    end
                end
                assert_same_lines(expected_attempts(name), found)
            end
        end)

        it("has exactly the keys that docs/export.md names", function()
            local document = helper.read("docs/export.md"):match("## jsonl\n(.-)\n## ")
            local is_documented, is_written = {}, {}
            for row in document:gmatch("\n(| `[^\n]*)") do
                for key in row:match("^|([^|]*)|"):gmatch("`([%w_]+)`") do
                    is_documented[key] = true
                end
            end
            local function note_keys(value)
                for key, item in pairs(value) do
                    if type(key) == "string" then
                        is_written[key] = true
                    end
                    if type(item) == "table" then
                        note_keys(item)
                    end
                end
            end
            note_keys(helper.objects(export("jsonl", "restarted")))
            -- A key that only a held trace has.
            local directory = helper.directory()
            local writer = tracereel.writer(directory)
            local id = "00112233-4455-6677-8899-aabbccddeeff"
            writer:append(tracereel.record.trace_start { trace_id = id, timestamp_ns = 1 })
            writer:append(tracereel.record.trace_suspended { trace_id = id, timestamp_ns = 2, node_id = 3,
                metadata = '{"held":"look at it"}' })
            writer:close()
            note_keys(helper.objects(run("jsonl", directory).stdout))
            -- And those that only an imported log has.
            local imported = helper.directory()
            writer = tracereel.writer(imported)
            for _, one in ipairs {
                { "trace_start", 1, '{"id":"order 1"}' },
                { "node_start", 3, '{"instance":"2","scheduled_ns":2,"resource":"Eve"}' },
                { "trace_suspended", 4, '{"wait":"timer","instance":"2"}' },
                { "trace_resumed", 5, '{"wait":"timer","instance":"2"}' },
                { "node_error", 6, '{"instance":"2","kind":"timed_out"}' },
            } do
                writer:append(tracereel.record[one[1]] { trace_id = id, timestamp_ns = one[2], metadata = one[3],
                    node_id = one[1] ~= "trace_start" and 3 or nil })
            end
            writer:close()
            helper.write(imported .. "/tracereel.flow.lua", [[return { name = "x",
                nodes = { [3] = { name = "pay", after = {} } },
                origin = { format = "x", rule = "x", tool = "t", inputs = {} } }]])
            note_keys(helper.objects(run("jsonl", imported).stdout))
            assert.are.same(is_documented, is_written)
        end)

        it("keeps all 64 bits, and has null for an unknown time", function()
            local of_edge = export("jsonl", "edge")
            assert.truthy(of_edge:find('"start_ns":18446744073709551615', 1, true))
            local untimed = 0
            for _, trace in ipairs(helper.objects(export("jsonl", "snapshot", "--snapshot"))) do
                untimed = untimed + (trace.last_ns == "#null" and 1 or 0)
                assert.is_true(trace.start_ns ~= "#0" and trace.last_ns ~= "#0")
            end
            assert.are.equal(22, untimed)
        end)
    end)

    describe("to chrome", function()
        it("has a slice for each attempt, exact to the nanosecond, on tracks where slices nest", function()
            for _, name in ipairs(logs) do
                local text = export("chrome", name)
                assert.is_table(tracereel.json_decode(text))
                local read = readers.chrome(text)
                local id_of_process, status_of_process, found = {}, {}, {}
                for _, slice in ipairs(read.slices) do
                    if slice.cat == "trace" then
                        id_of_process[slice.pid] = slice.args.trace_id
                        status_of_process[slice.pid] = slice.args.status
                    end
                end
                for _, slice in ipairs(read.slices) do
                    if slice.cat == "node" then
                        local arguments = slice.args
                        assert.are.equal(arguments.start_ns, ("%d"):format(slice.start_ns))
                        if not arguments.open and not arguments.clock_step then
                            assert.are.equal(arguments.end_ns, ("%d"):format(slice.end_ns))
                        end
                        found[#found + 1] = line(id_of_process[slice.pid], status_of_process[slice.pid],
                            digits(arguments.node_id), digits(arguments.attempt), arguments.outcome,
                            arguments.estimated or false, slice.start_ns, digits(arguments.end_ns),
                            digits(arguments.run_ns))
                    end
                end
                assert_same_lines(expected_attempts(name), found)
            end
        end)

        it("shows suspensions with their hooks, iterations inside their loop, and errors", function()
            local read = readers.chrome(export("chrome", "restarted"))
            local found = { suspension = {}, iteration = {}, error = 0 }
            for _, slice in ipairs(read.slices) do
                if found[slice.cat] then
                    table.insert(found[slice.cat], line(digits(slice.args.node_id), slice.start_ns,
                        not slice.args.open and slice.end_ns or nil))
                end
            end
            local function span_line(span)
                return line(span.node_id, span.start_ns, span.end_ns)
            end
            assert_same_lines(map(expected.all("restarted", "suspensions"), span_line), found.suspension)
            assert_same_lines(map(expected.all("restarted", "iterations"), span_line), found.iteration)
            local wanted_errors, found_errors = {}, {}
            for _, attempt in ipairs(expected.all("restarted", "attempts")) do
                if attempt.outcome == "error" then
                    table.insert(wanted_errors, line(attempt.node_id, attempt.end_ns, attempt.error))
                end
            end
            for _, instant in ipairs(read.instants) do
                if instant.cat == "error" and instant.args.node_id then
                    table.insert(found_errors, line(digits(instant.args.node_id), instant.start_ns,
                        instant.args.message))
                end
            end
            assert_same_lines(wanted_errors, found_errors)
        end)

        it("has times that a double represents exactly", function()
            for _, slice in ipairs(readers.chrome(export("chrome", "orders")).slices) do
                local as_double = tonumber(digits(slice.ts))
                assert.are.equal(digits(slice.ts), ("%.3f"):format(as_double))
            end
        end)

        it("puts concurrent nodes on separate tracks, and the others on one", function()
            local tracks = {}
            for _, slice in ipairs(readers.chrome(export("chrome", "orders")).slices) do
                if slice.cat == "node" then
                    tracks[slice.track_name] = (tracks[slice.track_name] or 0) + 1
                end
            end
            -- fraud_check and reserve_stock run in parallel in every trace, and nothing else does.
            assert.are.same({ ["nodes 1"] = true, ["nodes 2"] = true }, {
                ["nodes 1"] = tracks["nodes 1"] ~= nil, ["nodes 2"] = tracks["nodes 2"] ~= nil })
            assert.is_nil(tracks["nodes 3"])
            assert.are.equal(60, tracks["nodes 2"])
        end)
    end)

    describe("to speedscope", function()
        it("has the slices of chrome on the same tracks, and one frame for each name", function()
            for _, name in ipairs(logs) do
                local chrome, first_of = {}, {}
                local slices = readers.chrome(export("chrome", name)).slices
                for _, slice in ipairs(slices) do
                    first_of[slice.pid] = math.min(first_of[slice.pid] or slice.start_ns, slice.start_ns)
                end
                for index, slice in ipairs(slices) do
                    local first = first_of[slice.pid]
                    chrome[index] = ("%s | %s: %s | %d %d"):format(slice.name, slice.process_name, slice.track_name,
                        slice.start_ns - first, slice.end_ns - first)
                end
                local found = {}
                for index, slice in ipairs(readers.speedscope(export("speedscope", name))) do
                    found[index] = ("%s | %s | %d %d"):format(table.unpack(slice))
                end
                assert_same_lines(chrome, found)
            end
        end)
    end)

    describe("to otlp", function()
        it("conforms to the published messages, with spans inside their parents", function()
            for _, name in ipairs { "orders", "done-only", "edge", "restarted", "snapshot", "lost-page" } do
                local result = run("otlp", helper.log(name), "--snapshot")
                for text in result.stdout:gmatch("[^\n]+") do
                    assert.is_table(tracereel.json_decode(text))
                end
                local called, problem = pcall(read_otlp, result.stdout)
                assert(called, name .. ": " .. tostring(problem))
            end
        end)

        it("has a span for each trace, node, attempt and suspension", function()
            for _, name in ipairs(logs) do
                local attempts, suspensions, traces = {}, {}, 0
                for _, request in ipairs(read_otlp(export("otlp", name))) do
                    local status
                    for _, span in ipairs(request.spans) do
                        local values = span.values
                        if values["tracereel.span"] == "trace" then
                            traces, status = traces + 1, values["tracereel.status"]
                            local id = values["tracereel.trace_id"]:gsub("-", "")
                            assert.is_true(span.traceId == id or id == ("0"):rep(32))
                        elseif values["tracereel.span"] == "attempt" then
                            assert.are.equal("node", span.parent.values["tracereel.span"])
                            assert.are.equal(values["tracereel.node_id"], span.parent.values["tracereel.node_id"])
                            local root = span.parent.parent.values
                            attempts[#attempts + 1] = line(root["tracereel.trace_id"], status,
                                values["tracereel.node_id"], values["tracereel.attempt"], values["tracereel.outcome"],
                                values["tracereel.estimated"] or false, span.startTimeUnixNano,
                                not values["tracereel.open"] and not values["tracereel.clock_step"]
                                    and span.endTimeUnixNano or nil,
                                values["tracereel.run_ns"])
                        elseif values["tracereel.span"] == "suspension" then
                            suspensions[#suspensions + 1] = line(span.startTimeUnixNano,
                                not values["tracereel.open"] and span.endTimeUnixNano or nil)
                        end
                    end
                end
                assert.are.equal(#expected.traces(name), traces)
                assert_same_lines(map(expected.all(name, "attempts"), function(attempt)
                    local end_ns = attempt.end_ns
                    attempt.trace.status = status_of(attempt.trace)
                    attempt.end_ns = end_ns and end_ns >= attempt.start_ns and end_ns or nil
                    return attempt_line(attempt)
                end), attempts)
                local wanted = {}
                for _, trace in ipairs(expected.traces(name)) do
                    for _, suspension in ipairs(trace.suspensions) do
                        wanted[#wanted + 1] = not suspension.is_abandoned
                            and line(suspension.start_ns, suspension.end_ns) or nil
                    end
                end
                assert_same_lines(wanted, suspensions)
            end
        end)

        it("has status codes and messages of what failed", function()
            local codes = { done = "#1", error = "#2" }
            local messages = 0
            for _, request in ipairs(read_otlp(export("otlp", "orders"))) do
                assert.are.equal("order_processing", request.resource["service.name"])
                for _, span in ipairs(request.spans) do
                    if span.values["tracereel.span"] == "attempt" then
                        assert.are.equal(codes[span.values["tracereel.outcome"]], (span.status or {}).code)
                        messages = messages + (span.status and span.status.message and 1 or 0)
                    end
                end
            end
            assert.are.equal(56, messages)
        end)

        it("gives a span the same id in every export", function()
            assert.are.equal(export("otlp", "orders"), export("otlp", "orders"))
            local ids_of_all, ids_of_one = {}, 0
            for _, request in ipairs(read_otlp(export("otlp", "orders"))) do
                for _, span in ipairs(request.spans) do
                    ids_of_all[span.traceId .. span.spanId] = true
                end
            end
            for _, request in ipairs(read_otlp(export("otlp", "orders", "--node", "3"))) do
                for _, span in ipairs(request.spans) do
                    assert.is_true(ids_of_all[span.traceId .. span.spanId])
                    ids_of_one = ids_of_one + 1
                end
            end
            assert.is_true(ids_of_one > 0)
        end)
    end)

    it("export: every format has a section of docs/export.md and a place in the help, in one order", function()
        local page, sections = helper.read("docs/export.md"), {}
        for title in page:gmatch("\n## (%l+)\n") do
            sections[#sections + 1] = title
        end
        local help = helper.run({ "export", "--help" }).stdout
        help = help:match("\n   %-%-format <FORMAT>(.-%.)\n"):gsub("%s+", " ")
        local listed = {}
        for name in help:gsub("%b()", ""):gsub(" or ", " "):gmatch("%l+") do
            listed[#listed + 1] = name
        end
        assert.are.same(sections, listed)
        table.sort(sections)
        assert.are.same(helper.export_formats(), sections)
    end)
end)
