-- `tracereel export --format xes`: read back by a reader that knows only XES (xes_reader), and compared with what the
-- records say (export_expected).
local expected = require "tests.spec.export_expected"
local helper = require "tests.spec.helper"
local read_xes = require "tests.spec.xes_reader"
local tracereel = require "tracereel"

local logs = { "orders", "done-only", "restarted", "all-complete", "edge" }

local function export(log)
    local result = helper.run { "export", "--format", "xes", log }
    assert.are.equal("", result.stderr)
    assert.are.equal(0, result.status)
    return read_xes(result.stdout)
end

local function sorted_text(lines)
    table.sort(lines)
    return table.concat(lines, "\n")
end

local function line(...)
    local words = table.pack(...)
    for index = 1, words.n do
        words[index] = tostring(words[index])
    end
    return table.concat(words, " ")
end

-- Attempts as anybody would read them: an end belongs to the oldest start of its activity that has none.
local function attempts_of(trace)
    local attempts, open = {}, {}
    for _, event in ipairs(trace.events) do
        local values = event.values
        local name, transition = values["concept:name"], values["lifecycle:transition"]
        local queue = open[name] or {}
        open[name] = queue
        if transition == "start" then
            local attempt = { name = name, start_ns = values["time:timestamp"], number = values["tracereel.attempt"],
                estimated = values["tracereel.estimated"] or false, outcome = "open" }
            attempts[#attempts + 1], queue[#queue + 1] = attempt, attempt
        elseif transition == "complete" or transition == "ate_abort" then
            local attempt = assert(table.remove(queue, 1), "an end without a start")
            attempt.end_ns, attempt.error = values["time:timestamp"], values["tracereel.error"]
            attempt.outcome = transition == "complete" and "done" or values["tracereel.outcome"]
        end
    end
    return attempts
end

local function times_of(traces, transition)
    local lines = {}
    for _, trace in ipairs(traces) do
        for _, event in ipairs(trace.events) do
            if event.values["lifecycle:transition"] == transition then
                lines[#lines + 1] = line(trace.values["concept:name"], event.values["concept:name"],
                    event.values["time:timestamp"])
            end
        end
    end
    return sorted_text(lines)
end

-- A message as XML can hold it; an empty one is none.
local function message_of(attempt)
    local message = attempt.error and attempt.error:gsub("[\0-\8\11\12\14-\31]", "\u{FFFD}")
    return message ~= "" and message or nil
end

describe("export to xes", function()
    teardown(helper.clean)

    it("has the start and the end of each attempt, which a reader of XES pairs in their order", function()
        for _, name in ipairs(logs) do
            local wanted, found = {}, {}
            for _, attempt in ipairs(expected.all(name, "attempts")) do
                -- Where the clock stepped back the end stands at the start.
                local end_ns = attempt.end_ns
                end_ns = end_ns and math.ult(end_ns, attempt.start_ns) and attempt.start_ns or end_ns
                wanted[#wanted + 1] = line(attempt.trace.id, "node_" .. attempt.node_id, attempt.number,
                    attempt.estimated, attempt.start_ns, end_ns, attempt.outcome, message_of(attempt))
            end
            for _, trace in ipairs(export(helper.log(name))) do
                for _, attempt in ipairs(attempts_of(trace)) do
                    found[#found + 1] = line(trace.values["concept:name"], attempt.name, attempt.number,
                        attempt.estimated, attempt.start_ns, attempt.end_ns, attempt.outcome, message_of(attempt))
                end
            end
            assert.are.equal(sorted_text(wanted), sorted_text(found))
        end
    end)

    it("has its events in the order of time, and of each trace its status, start and end", function()
        for _, name in ipairs(logs) do
            local wanted, found = {}, {}
            for _, trace in ipairs(expected.traces(name)) do
                local status = trace.status == "running" and trace.suspension and "suspended" or trace.status
                wanted[#wanted + 1] = line(trace.id, status, trace.start_ns, trace.end_ns and trace.last_ns)
            end
            for _, trace in ipairs(export(helper.log(name))) do
                local values, last_ns = trace.values, 0
                found[#found + 1] = line(values["concept:name"], values["tracereel.status"], values["tracereel.start"],
                    values["tracereel.end"])
                for _, event in ipairs(trace.events) do
                    assert.is_false(math.ult(event.values["time:timestamp"], last_ns))
                    last_ns = event.values["time:timestamp"]
                end
            end
            assert.are.equal(sorted_text(wanted), sorted_text(found))
        end
    end)

    it("has suspensions as suspend and resume, and loops as events with the number of the iteration", function()
        local traces = export(helper.log "restarted")
        local suspended, resumed, iterations, found = {}, {}, {}, {}
        for _, suspension in ipairs(expected.all("restarted", "suspensions")) do
            local label = line(suspension.trace.id, "node_" .. suspension.node_id)
            suspended[#suspended + 1] = line(label, suspension.start_ns)
            resumed[#resumed + 1] = suspension.end_ns and line(label, suspension.end_ns)
        end
        for _, iteration in ipairs(expected.all("restarted", "iterations")) do
            iterations[#iterations + 1] = line(iteration.trace.id, "node_" .. iteration.node_id, iteration.number,
                iteration.start_ns)
        end
        for _, trace in ipairs(traces) do
            for _, event in ipairs(trace.events) do
                local values = event.values
                if values["tracereel.iteration"] and not values["tracereel.loop_exit"] then
                    assert.are.equal("unknown", values["lifecycle:transition"])
                    found[#found + 1] = line(trace.values["concept:name"], values["concept:name"],
                        values["tracereel.iteration"], values["time:timestamp"])
                end
            end
        end
        assert.are.equal(sorted_text(suspended), times_of(traces, "suspend"))
        assert.are.equal(sorted_text(resumed), times_of(traces, "resume"))
        assert.are.equal(sorted_text(iterations), sorted_text(found))
    end)

    it("writes the fields of the metadata with their types, and what XML has no way to write as U+FFFD", function()
        local directory = helper.directory()
        local writer = tracereel.writer(directory)
        local function append(kind, fields)
            fields.trace_id = "00112233-4455-6677-8899-aabbccddeeff"
            writer:append(tracereel.record[kind](fields))
        end
        append("trace_start", { timestamp_ns = 10, metadata =
            '{"a\\"<&>":"x<&>\\"\\n\\t\\u0001\\u000b\\uffff","n":-5,'
            .. '"r":0.30000000000000004,'
            .. '"yes":true,"concept:name":"no","tracereel.end":1}' })
        append("node_start", { timestamp_ns = 20, node_id = 3 })
        append("node_error", { timestamp_ns = 30, node_id = 3, error_message = "b\0\255r\u{E9}" })
        append("trace_failed", { timestamp_ns = 40, error_message = "]]>" })
        writer:close()
        local trace = export(directory)[1]
        assert.are.same({
            ["concept:name"] = "00112233-4455-6677-8899-aabbccddeeff", ["tracereel.pipeline"] = "trace",
            ["tracereel.status"] = "failed", ["tracereel.start"] = 10, ["tracereel.end"] = 40,
            ["tracereel.error"] = "]]>", ['a"<&>'] = 'x<&>"\n\t\u{FFFD}\u{FFFD}\u{FFFD}', n = -5,
            r = 0.30000000000000004, yes = true,
        }, trace.values)
        assert.are.equal("b\u{FFFD}\u{FFFD}r\u{E9}", trace.events[2].values["tracereel.error"])
    end)

    it("puts the end of an attempt that takes no time after its start, and before the next start", function()
        local directory = helper.directory()
        local writer = tracereel.writer(directory)
        local function append(kind, node_id)
            writer:append(tracereel.record[kind] { trace_id = "00112233-4455-6677-8899-aabbccddeeff",
                timestamp_ns = 7, node_id = node_id })
        end
        append("trace_start")
        append("node_start", 1)
        append("node_done", 1)
        append("node_start", 1)
        append("trace_suspended", 1)
        append("trace_resumed", 1)
        append("node_done", 1)
        append("node_start", 2)
        append("node_done", 2)
        writer:close()
        local found = {}
        for _, event in ipairs(export(directory)[1].events) do
            found[#found + 1] = event.values["concept:name"]:sub(-1) .. event.values["lifecycle:transition"]
        end
        local text = table.concat(found, " ")
        assert.is_truthy(text:find("2start 2complete", 1, true))
        assert.is_truthy(text:find("1suspend 1resume 1complete", 1, true), text)
    end)

    -- Of records of one trace, { type, ns, node, metadata }: what the export has of it.
    local function exported(records, flow)
        local directory = helper.directory() .. "/log"
        local writer = tracereel.writer(directory)
        for _, one in ipairs(records) do
            writer:append(tracereel.record[one[1]] { trace_id = "00112233-4455-6677-8899-aabbccddeeff",
                timestamp_ns = one[2], node_id = one[3], metadata = one[4] })
        end
        writer:close()
        if flow then
            helper.write(directory .. "/tracereel.flow.lua", flow)
        end
        return export(directory)[1]
    end

    it("has of one instant what ends, then loops, then what begins, and of a node all in its order", function()
        local trace = exported {
            { "trace_start", 0 }, { "node_start", 10, 3, '{"scheduled_ns":10}' },
            { "trace_suspended", 10, 3, '{"wait":"timer"}' }, { "loop_iteration", 10, 2 }, { "node_start", 1, 1 },
            { "trace_suspended", 5, 1, '{"wait":"timer"}' }, { "trace_resumed", 10, 1, '{"wait":"timer"}' },
            { "node_done", 10, 1 },
        }
        local found = {}
        for _, event in ipairs(trace.events) do
            found[#found + 1] = event.values["time:timestamp"] == 10
                and event.values["concept:name"]:sub(-1) .. event.values["lifecycle:transition"] or nil
        end
        assert.are.equal("1resume 1complete 2unknown 3schedule 3start 3suspend", table.concat(found, " "))
        assert.are.equal("timer", trace.events[#trace.events].values["tracereel.wait"])
    end)

    it("marks ends that were written before their starts, and that a trace is held", function()
        local trace = exported {
            { "trace_start", 0 }, { "node_start", 30, 1 }, { "node_done", 20, 1 }, { "node_start", 30, 2 },
            { "node_error", 20, 2 }, { "node_start", 40, 3 }, { "node_done", 50, 3 }, { "node_start", 60, 4 },
            { "node_error", 60, 4 }, { "trace_suspended", 70, 0xFFFFFFFF, '{"held":"by hand"}' },
        }
        local marks = {}
        for _, event in ipairs(trace.events) do
            local values = event.values
            if values["lifecycle:transition"] == "complete" or values["lifecycle:transition"] == "ate_abort" then
                marks[values["concept:name"]] = values["tracereel.clock_step"] or false
            end
        end
        assert.are.same({ node_1 = true, node_2 = true, node_3 = false, node_4 = false }, marks)
        assert.are.equal("held", trace.values["tracereel.status"])
    end)

    it("names the parent of an imported trace, which in the engine's logs is a word of the metadata", function()
        local id = "ffeeddcc-0000-4000-8000-000000000000"
        local records = { { "trace_start", 0, nil, ('{"parent":"%s"}'):format(id) }, { "node_start", 1, 1 } }
        assert.are.equal(id, exported(records, 'return { name = "f", nodes = {}, origin = { rule = "jobs" } }')
            .values["tracereel.parent"])
        assert.is_nil(exported(records).values["tracereel.parent"])
    end)

    it("keeps metadata that is no object as it is, and the number that the source gives an attempt", function()
        local trace = exported { { "trace_start", 0, nil, "order 7" }, { "node_start", 1, 1, '{"attempt":4}' },
            { "node_done", 2, 1 }, { "node_start", 3, 1 } }
        assert.are.equal("order 7", trace.values["tracereel.metadata"])
        assert.are.same({ 4, 2 }, { trace.events[1].values["tracereel.attempt"],
            trace.events[3].values["tracereel.attempt"] })
    end)
end)
