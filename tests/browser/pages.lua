-- The pages that the tests open, and what they are held against.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local shapes = require "tests.bench.growth.shapes"
local tracereel = require "tracereel"

local pages = {}

pages.names = { "timing", "show", "recover", "crashtest", "backtest" }

local Made = {}
Made.__index = Made

-- A trace by what the table calls it: the beginning and the end of its id.
function Made:find(shown)
    local head, tail = shown:match("^(%x+)…(%x+)$")
    for _, trace in ipairs(self.traces) do
        if trace.id:sub(1, 8) == head and trace.id:sub(-4) == tail then
            return trace
        end
    end
    error("no trace is called " .. shown)
end

-- What the log says of each trace, from its records alone.
local function traces_of(log)
    local traces, by_id = {}, {}
    for rec in tracereel.open(log):records() do
        local trace = by_id[rec.trace_id]
        if not trace then
            trace = { id = rec.trace_id, status = "open" }
            by_id[rec.trace_id], traces[#traces + 1] = trace, trace
        end
        trace.last_ns = rec.timestamp_ns
        trace.has_timeout = trace.has_timeout or (rec.error_message or ""):find("gateway timeout", 1, true) ~= nil
        trace.status = rec.type:match("^trace_(complete)$") or rec.type:match("^trace_(failed)$") or trace.status
    end
    return traces
end

---A log of 300 orders and its pages.
function pages.make()
    local directory = helper.directory()
    local log = directory .. "/log"
    helper.output_of("generate", log, "--traces", "300", "--seed", "11", "--crash-after", "90s")
    local made = setmetatable({ log = log, traces = traces_of(log), timing = directory .. "/timing.html",
        show = directory .. "/show.html" }, Made)
    helper.output_of("timing", log, "--html", made.timing)
    for _, name in ipairs { "recover", "crashtest", "backtest" } do
        made[name] = directory .. "/" .. name .. ".html"
    end
    helper.output_of("recover", "examples/recover_approvals.lua", "examples/killed/wal", "--html", made.recover)
    helper.run { "crashtest", "examples/recover_charge_once.lua", "examples/killed/wal", "--html", made.crashtest }
    helper.output_of("backtest", log, "--html", made.backtest)
    made.report = dkjson.decode((helper.output_of("timing", log, "--json")))
    local longest = made.report.worst_traces[1].trace_id
    helper.output_of("show", longest, log, "--html", made.show)
    made.order = helper.output_of("show", longest, log):match('"order":(%d+)')
    return made
end

---A span of time as pages write it.
function pages.duration(ns)
    return (tracereel.duration(ns):gsub(" us$", " µs"))
end

-- One trace of so many nodes, one after the other, that ends.
local function write_long_trace(directory, count)
    local writer, now_ns = tracereel.writer(directory), 1764000000000000000
    local function add(kind, fields)
        fields.trace_id, fields.timestamp_ns, now_ns = shapes.id_of(1), now_ns, now_ns + 1000000
        writer:append(tracereel.record[kind](fields))
    end
    add("trace_start", {})
    for node = 1, count do
        add("node_start", { node_id = node })
        add("node_done", { node_id = node, output_offset = 128, output_size = 8 })
    end
    add("trace_complete", {})
    writer:close()
end

---Pages of a log of 30,000 nodes that are all in one trace: of its timing, and of the trace.
function pages.make_large()
    local directory = helper.directory()
    local log, timing, show = directory .. "/log", directory .. "/timing.html", directory .. "/show.html"
    write_long_trace(log, 30000)
    helper.output_of("timing", log, "--json", "--html", timing)
    helper.output_of("show", shapes.id_of(1), log, "--json", "--html", show)
    return { timing, show }
end

return pages
