-- `tracereel export`: what is marked (damage, estimates, snapshots), odd names, filters, and Prometheus' numbers.
local expected = require "tests.spec.export_expected"
local helper = require "tests.spec.helper"
local read_otlp = require "tests.spec.export_otlp"
local readers = require "tests.spec.export_readers"
local tracereel = require "tracereel"

local formats = helper.export_formats()

local function run(format, log, ...)
    return helper.run({ "export", "--format", format, log, ... })
end

local function sample(families, name, labels)
    for _, item in ipairs(families["tracereel_" .. name].samples) do
        local is_same = true
        for label, value in pairs(labels) do
            is_same = is_same and item.labels[label] == value
        end
        if is_same then
            return item.value
        end
    end
end

local function seconds_text(ns)
    return ("%d.%09d"):format(ns // 1000000000, ns % 1000000000)
end

describe("export to prometheus", function()
    it("has counts and exact sums of run times by node, outcome and kind of start", function()
        for _, name in ipairs { "orders", "done-only", "restarted" } do
            local families = readers.prometheus(run("prometheus", helper.log(name)).stdout)
            local wanted = {}
            for _, attempt in ipairs(expected.all(name, "attempts")) do
                if attempt.end_ns then
                    local key = ("%d %s %s"):format(attempt.node_id, attempt.outcome,
                        attempt.estimated and "estimated" or "written")
                    wanted[key] = wanted[key] or { count = 0, sum_ns = 0, times = {} }
                    wanted[key].count = wanted[key].count + 1
                    wanted[key].sum_ns = wanted[key].sum_ns + attempt.run_ns
                    table.insert(wanted[key].times, attempt.run_ns)
                end
            end
            for _, histogram in ipairs(readers.histograms(families.tracereel_attempt_seconds)) do
                local labels = histogram.labels
                local key = ("%s %s %s"):format(labels.node, labels.outcome, labels.start)
                local series = wanted[key]
                wanted[key] = nil
                assert.are.equal(tostring(series.count), histogram.count)
                assert.are.equal(seconds_text(series.sum_ns), histogram.sum)
                for _, bucket in ipairs(histogram.buckets) do
                    local below, bound = 0, bucket.le == "+Inf" and math.huge or tonumber(bucket.le)
                    for _, ns in ipairs(series.times) do
                        below = below + (ns <= bound * 1e9 and 1 or 0)
                    end
                    assert.are.equal(below, bucket.count)
                end
            end
            assert.are.same({}, wanted)
        end
    end)

    it("counts traces by status, open traces, and suspensions", function()
        local families = readers.prometheus(run("prometheus", helper.log("restarted")).stdout)
        local counts, waited_ns = {}, 0
        for _, trace in ipairs(expected.traces("restarted")) do
            local status = trace.status == "running" and trace.suspension and "suspended" or trace.status
            counts[status] = (counts[status] or 0) + 1
            for _, suspension in ipairs(trace.suspensions) do
                waited_ns = waited_ns + (suspension.end_ns and suspension.end_ns - suspension.start_ns or 0)
            end
        end
        assert.are.equal(tostring(counts.complete), sample(families, "traces_total", { status = "complete" }))
        assert.are.equal(tostring(counts.failed), sample(families, "traces_total", { status = "failed" }))
        assert.are.equal(tostring(counts.running), sample(families, "traces_open", { status = "running" }))
        assert.are.equal(tostring(counts.suspended or 0), sample(families, "traces_open", { status = "suspended" }))
        assert.are.equal(seconds_text(waited_ns), sample(families, "suspended_seconds_total", { node = "4" }))
        assert.are.equal("619", sample(families, "records_total", {}))
        assert.are.equal("0", sample(families, "log_damaged", {}))
        assert.are.equal("1", sample(families, "gaps_total", { class = "torn_write" }))
        families = readers.prometheus(run("prometheus", helper.log("orders")).stdout)
        assert.are.equal("7", sample(families, "traces_open", { status = "suspended" }))
        assert.are.equal("7", sample(families, "attempts_open", { node = "4" }))
    end)

    it("leaves tainted traces out of the histograms, and reports the damage", function()
        local result = run("prometheus", helper.log("lost-page"))
        local families = readers.prometheus(result.stdout)
        assert.are.equal(3, result.status)
        assert.are.equal("1", sample(families, "log_damaged", {}))
        assert.are.equal("1", sample(families, "gaps_total", { class = "corrupt" }))
        local tainted, attempts, closed = 0, 0, 0
        for _, trace in ipairs(helper.objects(run("jsonl", helper.log("lost-page")).stdout)) do
            tainted = tainted + (trace.tainted and 1 or 0)
            closed = closed + ((trace.open or trace.tainted) and 0 or 1)
            for _, node in ipairs(trace.nodes) do
                for _, attempt in ipairs(node.attempts) do
                    attempts = attempts + ((trace.tainted or attempt.outcome == "open") and 0 or 1)
                end
            end
        end
        assert.is_true(tainted > 0)
        assert.are.equal(tostring(tainted), sample(families, "traces_tainted", {}))
        local counted = { attempt_seconds = 0, trace_seconds = 0 }
        for name in pairs(counted) do
            for _, histogram in ipairs(readers.histograms(families["tracereel_" .. name])) do
                counted[name] = counted[name] + tonumber(histogram.count)
            end
        end
        assert.are.same({ attempt_seconds = attempts, trace_seconds = closed }, counted)
    end)

    it("labels the samples of several logs with their log", function()
        local result = run("prometheus", helper.log("orders"), helper.log("done-only"))
        local families = readers.prometheus(result.stdout)
        assert.are.equal("1171", sample(families, "records_total", { log = helper.log("orders") }))
        assert.are.equal("488", sample(families, "records_total", { log = helper.log("done-only") }))
    end)
end)

describe("export marks", function()
    teardown(helper.clean)

    it("traces that were open across damage, in every format", function()
        local tainted = {}
        for _, trace in ipairs(helper.objects(helper.run({ "traces", "--json", helper.log("lost-page") }).stdout)) do
            tainted[trace.trace_id] = trace.tainted or nil
        end
        assert.truthy(next(tainted))
        for _, row in ipairs(readers.csv(run("csv", helper.log("lost-page")).stdout)) do
            assert.are.equal(tostring(tainted[row.trace_id] or false), row.tainted)
        end
        for _, slice in ipairs(readers.chrome(run("chrome", helper.log("lost-page")).stdout).slices) do
            if slice.cat == "trace" then
                assert.are.equal(tainted[slice.args.trace_id], slice.args.tainted)
                assert.are.equal(tainted[slice.args.trace_id] or false, slice.process_name:find("TAINTED") ~= nil)
            end
        end
        for _, request in ipairs(read_otlp(run("otlp", helper.log("lost-page")).stdout)) do
            local is_tainted = tainted[request.spans[1].values["tracereel.trace_id"]]
            for _, span in ipairs(request.spans) do
                assert.are.equal(is_tainted, span.values["tracereel.tainted"])
            end
        end
        local roots = {}
        for _, stack in ipairs(readers.folded(run("folded", helper.log("lost-page")).stdout)) do
            roots[stack.frames[1]] = true
        end
        assert.are.same({ ["order_processing"] = true, ["order_processing[tainted]"] = true }, roots)
    end)

    it("the place of damage, in chrome", function()
        local instants = readers.chrome(run("chrome", helper.log("lost-page")).stdout).instants
        local gaps = {}
        for _, instant in ipairs(instants) do
            if instant.cat == "gap" then
                gaps[#gaps + 1] = instant
            end
        end
        local wanted = helper.expected("lost-page", "damage")
        assert.are.equal(#wanted, #gaps)
        assert.are.equal(wanted[1].offset, gaps[1].args.offset)
        assert.is_true(gaps[1].args.damage)
    end)

    it("traces that only a snapshot knows: without times, or left out of formats that need them", function()
        local message = "22 open traces are known from a snapshot only"
        for _, format in ipairs { "chrome", "otlp" } do
            local result = run(format, helper.log("snapshot"), "--snapshot")
            assert.truthy(result.stderr:find(message, 1, true))
            assert.is_nil(result.stdout:find("0633f6b4", 1, true))
        end
        assert.truthy(run("jsonl", helper.log("snapshot"), "--snapshot").stdout:find("0633f6b4", 1, true))
        for _, request in ipairs(read_otlp(run("otlp", helper.log("snapshot"), "--snapshot").stdout)) do
            for _, span in ipairs(request.spans) do
                assert.is_true(#span.startTimeUnixNano == 19, "a time in 1970")
            end
        end
    end)
end)

local function id_of(number)
    return ("00000000-0000-0000-0000-%012x"):format(number)
end

-- Everything that a name, a message or a clock can do to a format.
local function write_odd_log()
    local directory = helper.directory() .. "/log"
    local writer = tracereel.writer(directory)
    local function add(type_name, trace_number, at_ns, fields)
        fields = fields or {}
        fields.trace_id, fields.timestamp_ns = id_of(trace_number), 1764000000000000000 + at_ns
        writer:append(tracereel.record[type_name](fields))
    end
    add("trace_start", 0, 0, { metadata = tracereel.json { pipeline = 'a;b c\n"q" \\ %20,' } })
    add("node_start", 0, 10, { node_id = 1 })
    add("node_start", 0, 11, { node_id = 2 })
    add("node_start", 0, 12, { node_id = 3 })
    add("trace_suspended", 0, 13, { node_id = 2 })
    add("node_error", 0, 20, { node_id = 1, error_message = 'x,"y"\r\nz \xff\0 end' })
    add("node_done", 0, 21, { node_id = 2 })
    add("node_done", 0, 5, { node_id = 3 }) -- the clock stepped back
    add("loop_iteration", 0, 22, { node_id = 8, iteration = 0 })
    add("loop_iteration", 0, 19, { node_id = 8, iteration = 1 })
    add("node_start", 0, 24, { node_id = 1 })
    add("node_start", 0, 25, { node_id = 1 })
    add("trace_resumed", 0, 26)
    add("trace_complete", 0, 30)
    -- The same trace once more, and one that began a day earlier and is still open.
    add("trace_start", 0, 40)
    add("node_done", 0, 41, { node_id = 1 })
    add("trace_complete", 0, 42)
    add("trace_start", 7, -86400000000000)
    add("node_done", 7, -86400000000000 + 5, { node_id = 1, output_size = 4294967295 })
    writer:close()
    return directory
end

local odd_flow = [[return { name = "the flow", nodes = {
    [1] = { name = "pay;now\n\"%\" \\", after = {} }, [2] = { name = "a,b", after = { 1 } } } }]]

describe("export of odd logs", function()
    teardown(helper.clean)

    it("is read back in every format", function()
        local log = write_odd_log()
        local flow = helper.write(helper.directory() .. "/flow.lua", odd_flow)
        for _, named in ipairs { false, true } do
            local function text_of(format)
                local result = run(format, log, table.unpack(named and { "--flow", flow } or {}))
                assert.are.equal("", result.stderr)
                assert.are.equal(0, result.status)
                return result.stdout
            end
            local pipeline = named and "the flow" or 'a;b c\n"q" \\ %20,'
            local node = named and 'pay;now\n"%" \\' or "node_1"
            assert.are.equal(pipeline, readers.folded(text_of("folded"))[1].frames[1])
            local rows = readers.csv(text_of("csv"))
            assert.are.equal(pipeline, rows[1].pipeline)
            assert.are.equal('x,"y"\r\nz \u{FFFD}\0 end', rows[1].error)
            assert.are.equal(named and node or "", rows[1].node_name)
            local requests = read_otlp(text_of("otlp"))
            assert.are.equal(pipeline, requests[1].resource["service.name"])
            assert.are.equal(node, requests[1].spans[2].name)
            local families = readers.prometheus(text_of("prometheus"))
            assert.truthy(sample(families, "attempts_total", { node = "1", name = named and node or nil }))
            local names = {}
            for _, slice in ipairs(readers.chrome(text_of("chrome")).slices) do
                names[slice.name] = true
            end
            assert.is_true(names[node] and names[pipeline])
            assert.are.equal(3, #helper.objects(text_of("jsonl")))
        end
    end)

    it("counts a duration as 0 where the clock stepped back, and shows the times as written", function()
        for _, row in ipairs(readers.csv(run("csv", write_odd_log()).stdout)) do
            if row.node_id == "3" then
                assert.are.equal("1764000000000000012 1764000000000000005 0", table.concat({ row.start_ns, row.end_ns,
                    row.run_ns }, " "))
            end
        end
    end)

    it("gives two runs of one UUID, and the UUID of zeros, ids that OTLP allows", function()
        local requests = read_otlp(run("otlp", write_odd_log()).stdout)
        assert.are.equal(requests[1].spans[1].traceId, requests[2].spans[1].traceId)
        assert.are_not.equal(requests[1].spans[1].spanId, requests[2].spans[1].spanId)
        assert.are.equal(id_of(0), requests[1].spans[1].values["tracereel.trace_id"])
    end)
end)

describe("export of some traces", function()
    local function ids(...)
        local found = {}
        for _, trace in ipairs(helper.objects(run("jsonl", helper.log("orders"), ...).stdout)) do
            found[#found + 1] = trace.trace_id
        end
        return found
    end

    it("keeps traces with the given ids or beginnings of ids", function()
        assert.are.same({ "a00aaafd-f802-42bf-8b13-399cd1d1497a" }, ids("--trace", "a00aaafd"))
        assert.are.same({ "a00aaafd-f802-42bf-8b13-399cd1d1497a" },
            ids("--trace", "A00AAAFD-f802-42bf-8b13-399cd1d1497a"))
    end)

    it("keeps traces that began within a period, so that two halves make the whole", function()
        local middle = "1764000000200000000"
        local starts = {}
        for _, trace in ipairs(expected.traces("orders")) do
            starts[trace.id] = trace.start_ns
        end
        local early, late = ids("--until", middle), ids("--since", middle)
        for _, id in ipairs(early) do
            assert.is_true(starts[id] < tonumber(middle))
        end
        for _, id in ipairs(late) do
            assert.is_true(starts[id] >= tonumber(middle))
        end
        assert.is_true(#early > 0 and #late > 0)
        assert.are.equal(#expected.traces("orders"), #early + #late)
    end)

    it("keeps the given nodes", function()
        local wanted = 0
        for _, attempt in ipairs(expected.all("orders", "attempts")) do
            wanted = wanted + ((attempt.node_id == 3 or attempt.node_id == 5) and 1 or 0)
        end
        local rows = readers.csv(run("csv", helper.log("orders"), "--node", "3,5").stdout)
        assert.are.equal(wanted, #rows)
        for _, row in ipairs(rows) do
            assert.is_true(row.node_id == "3" or row.node_id == "5")
        end
    end)
end)

describe("export writes", function()
    teardown(helper.clean)

    local function files_in(directory)
        return (helper.shell("ls -A " .. helper.quote(directory)):gsub("\n$", ""))
    end

    it("to a file the same as to standard output, and leaves no other file", function()
        for _, format in ipairs(formats) do
            local directory = helper.directory()
            local result = run(format, helper.log("orders"), "-o", directory .. "/out.prom")
            assert.are.equal("", result.stdout .. result.stderr)
            assert.are.equal(0, result.status)
            assert.are.equal("out.prom", files_in(directory))
            assert.are.equal(run(format, helper.log("orders")).stdout, helper.read(directory .. "/out.prom"))
        end
    end)

    it("the file even if the log is damaged", function()
        local path = helper.directory() .. "/out"
        assert.are.equal(3, run("csv", helper.log("lost-page"), "-o", path).status)
        assert.are.equal(run("csv", helper.log("lost-page")).stdout, helper.read(path))
    end)

    it("no file if a log could not be read, and keeps an older one", function()
        local directory = helper.directory()
        helper.write(directory .. "/out", "older")
        local result = run("prometheus", helper.log("orders"), helper.log("no-segments"), "-o", directory .. "/out")
        assert.are.equal(4, result.status)
        assert.truthy(result.stderr:find("is as it was", 1, true))
        assert.are.equal("older", helper.read(directory .. "/out"))
        assert.are.equal("out", files_in(directory))
    end)

    it("to a device without replacing it, and reports a full one", function()
        for _, format in ipairs(formats) do
            local result = run(format, helper.log("orders"), "-o", "/dev/full")
            assert.are.equal(4, result.status)
            assert.are.equal("tracereel: cannot write /dev/full: No space left on device\n", result.stderr)
        end
        assert.are.equal("character special file\n", helper.shell("stat -c %F /dev/full"))
    end)

    it("nothing without permission, and ends with 4", function()
        local path = helper.directory() .. "/missing/out"
        local result = run("csv", helper.log("orders"), "-o", path)
        assert.are.equal(4, result.status)
        assert.are.equal(("tracereel: cannot write %s: No such file or directory\n"):format(path), result.stderr)
        result = run("csv", helper.log("orders"), "-o", helper.directory())
        assert.are.equal(4, result.status)
        assert.truthy(result.stderr:find("Is a directory", 1, true))
    end)

    it("nothing if the format is unknown or missing", function()
        local result = run("xml", helper.log("orders"))
        assert.are.equal(2, result.status)
        assert.truthy(result.stderr:find("'chrome', 'speedscope', 'otlp', 'folded', 'prometheus', 'csv', 'jsonl'", 1,
            true))
        assert.are.equal(2, helper.run({ "export", helper.log("orders") }).status)
    end)

    it("nothing if the flow file is wrong", function()
        local flow = helper.write(helper.directory() .. "/flow.lua", "return { nodes = 3 }")
        local result = run("csv", helper.log("orders"), "--flow", flow)
        assert.are.equal(2, result.status)
        assert.are.equal("", result.stdout)
    end)
end)
