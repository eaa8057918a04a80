-- Chrome trace events, for chrome://tracing, Perfetto and Speedscope. Each trace is a process; its threads are lanes on
-- which slices nest: the trace itself, its loops, its nodes, and what it waited for.
local lanes = require "tracereel.export.lanes"
local layout = require "tracereel.export.layout"
local numbers = require "tracereel.export.numbers"
local tracereel = require "tracereel"

local object, digits = layout.object, layout.digits

local chrome = { place = 1, note = "trace events", needs_times = true }

local Chrome = {}
Chrome.__index = Chrome

local trace_lane = 1
local week_s = 7 * 86400

-- Viewers read times as doubles, which hold a nanosecond exactly for 104 days only. So times count from midnight a week
-- before the first trace: the week leaves room for open traces that began earlier and are written last.
local function origin_before(ns)
    local day_s = math.tointeger(tonumber(tracereel.unsigned(ns):sub(1, -10))) or 0
    local origin_s = day_s - day_s % 86400 - week_s
    return origin_s > 0 and origin_s * 1000000000 or 0
end

local function mark(key, path)
    return { key, "true", path }
end

local fill_head = layout.new({ "origin_ns" }, '{"displayTimeUnit":"ns","otherData":', object {
    { "origin", layout.items('"', { "time", "origin_ns" }, '"') }, { "origin_ns", digits "origin_ns" },
    { "producer", tracereel.json("tracereel " .. tracereel.version) },
}, ',"traceEvents":[')

local fill_process = layout.new({ "to", "name" }, { "if", "to.has_events", { "," } }, "\n", object {
    { "ph", '"M"' }, { "pid", { "plain", "to.process_count" } }, { "name", '"process_name"' },
    { "args", object { { "name", { "json", "name" } } } },
})

local fill_lane = layout.new({ "process", "lane", "name" }, ",\n", object {
    { "ph", '"M"' }, { "pid", { "plain", "process" } }, { "tid", { "plain", "lane" } }, { "name", '"thread_name"' },
    { "args", object { { "name", { "json", "name" } } } },
}, ",\n", object {
    { "ph", '"M"' }, { "pid", { "plain", "process" } }, { "tid", { "plain", "lane" } },
    { "name", '"thread_sort_index"' }, { "args", object { { "sort_index", { "plain", "lane" } } } },
})

-- The parts of a slice: what lasts is a span, what is said of it beside its times is in `about`.
local function slice(category, arguments)
    return layout.new({ "to", "process", "lane", "name", "span", "about" }, ",\n", object {
        { "ph", '"X"' }, { "pid", { "plain", "process" } }, { "tid", { "plain", "lane" } },
        { "name", { "json", "name" } }, { "cat", '"' .. category .. '"' },
        { "ts", { "microseconds", "span.start_ns", "to.origin_ns" } },
        { "dur", { "microseconds", "span.end_ns", "span.start_ns" } }, { "args", object(arguments) },
    })
end

local function instant(category, arguments)
    return layout.new({ "to", "process", "lane", "name", "ns", "about" }, ",\n", object {
        { "ph", '"i"' }, { "pid", { "plain", "process" } }, { "tid", { "plain", "lane" } },
        { "name", { "json", "name" } }, { "cat", '"' .. category .. '"' }, { "s", '"t"' },
        { "ts", { "microseconds", "ns", "to.origin_ns" } }, { "args", object(arguments) },
    })
end

local start_time = { "start_ns", digits "span.start_ns" }
local end_time = { "end_ns", { "if", "span.is_open", { "null" }, digits "span.written_end_ns" } }

local trace_slice = slice("trace", {
    { "trace_id", { "json", "about.id" } }, { "status", { "json", "about.status" } },
    { "held", { "json", "about.held" }, "about.held" }, mark("open", "about.open"), mark("tainted", "about.tainted"),
    mark("start_unknown", "span.is_start_unknown"), { "start_ns", digits "span.start_ns" },
    { "last_ns", digits "about.last_ns" }, { "records", { "plain", "about.record_count" } },
    { "metadata", { "json", "about.metadata" }, "about.metadata" },
})
local loop_slice = slice("loop", {
    { "node_id", { "plain", "span.node_id" } }, { "iterations", { "plain", "about" } }, mark("open", "span.is_open"),
})
local iteration_slice = slice("iteration", {
    { "node_id", { "plain", "about.node_id" } }, { "iteration", { "plain", "span.number" } },
    mark("open", "span.is_open"),
})
local attempt_slice = slice("node", {
    { "node_id", { "plain", "span.node_id" } }, { "attempt", { "plain", "span.number" } },
    { "outcome", { "json", "span.outcome" } }, mark("open", "span.is_open"), mark("estimated", "span.is_estimated"),
    mark("cut", "span.is_cut"), mark("clock_step", "span.is_clock_step"), start_time, end_time,
    { "run_ns", digits "span.duration_ns", "span.duration_ns" },
})
local suspension_slice = slice("suspension", {
    { "node_id", { "plain", "span.node_id" } }, mark("open", "span.is_open"), start_time, end_time,
})
local trace_failure = instant("error", { { "message", { "json", "about.message" } } })
local attempt_failure = instant("error", {
    { "node_id", { "plain", "about.node_id" } }, { "attempt", { "plain", "about.number" } },
    { "message", { "json", "about.error_message" }, "about.error_message" },
})
local gap_instant = instant("gap", {
    { "damage", { "plain", "about.damage" } }, { "segment", { "json", "about.segment" } },
    { "offset", { "json", "about.offset" } }, { "length", { "json", "about.length" } },
    { "detail", { "json", "about.detail" } },
})

function Chrome:begin(first_ns)
    if self.origin_ns then
        return
    end
    self.origin_ns = origin_before(first_ns)
    fill_head(self.block, self.origin_ns)
end

function Chrome:new_process(name)
    self.process_count = self.process_count + 1
    fill_process(self.block, self, name)
    self.has_events = true
    return self.process_count
end

function Chrome:name_lanes(process, first, count, name)
    for index = 1, count do
        fill_lane(self.block, process, first + index - 1, count > 1 and ("%s %d"):format(name, index) or name)
    end
end

---Writes a span, of which a layout has the rest.
function Chrome:slice(fill, process, lane, name, span, about)
    fill(self.block, self, process, lane, name, span, about)
end

function Chrome:instant(fill, process, lane, name, ns, about)
    fill(self.block, self, process, lane, name, ns, about)
end

local function gather(nodes, key)
    local spans = {}
    for _, node in ipairs(nodes) do
        for _, span in ipairs(node[key]) do
            span.node_id = node.id
            spans[#spans + 1] = span
        end
    end
    return spans
end

-- The iteration that lasts ends here; where the clock stepped back, no earlier than it began.
local function end_iteration(loop, ns, is_open)
    local iteration = loop.iterations[#loop.iterations]
    iteration.end_ns, iteration.is_open = numbers.larger(iteration.start_ns, ns), is_open
    loop.end_ns, loop.is_open = iteration.end_ns, is_open
end

local function begin_iteration(loop, number)
    loop.iterations[#loop.iterations + 1] = { number = number, start_ns = loop.end_ns, end_ns = loop.end_ns }
end

-- A loop is a slice, its iterations are slices in it: each from one loop_iteration to the next, or to loop_exit. What
-- no loop_exit ends is open until the latest time known of the trace; or, where the trace began afresh meanwhile, until
-- the last that is known of the loop.
local function add_loops(loops, node, last_ns)
    local loop, is_abandoned
    for _, event in ipairs(node.loop_events) do
        if loop and is_abandoned then
            end_iteration(loop, loop.end_ns, true)
            loop = nil
        end
        is_abandoned = event.is_abandoned
        if loop then
            end_iteration(loop, event.timestamp_ns, nil)
        elseif not event.is_exit then
            loop = { node_id = node.id, iterations = {}, start_ns = event.timestamp_ns, end_ns = event.timestamp_ns }
            loops[#loops + 1] = loop
        end
        if event.is_exit then
            loop = nil
        else
            begin_iteration(loop, event.iteration)
        end
    end
    if loop then
        end_iteration(loop, is_abandoned and loop.end_ns or last_ns, true)
    end
end

local function loops_of(nodes, last_ns)
    local loops = {}
    for _, node in ipairs(nodes) do
        add_loops(loops, node, last_ns)
    end
    return loops
end

function Chrome:write_trace_slice(process, trace_stats)
    local trace = trace_stats.trace
    self:slice(trace_slice, process, trace_lane, self.context.pipeline_of(trace), trace_stats, trace)
    if trace_stats.failure then
        self:instant(trace_failure, process, trace_lane, "trace failed", trace_stats.failure.timestamp_ns,
            trace_stats.failure)
    end
end

function Chrome:write_loops(process, first_lane, loops)
    for _, loop in ipairs(loops) do
        local lane, label = first_lane + loop.lane - 1, self.context.node_label(loop.node_id)
        self:slice(loop_slice, process, lane, label .. " loop", loop, #loop.iterations)
        for _, iteration in ipairs(loop.iterations) do
            self:slice(iteration_slice, process, lane, "iteration " .. iteration.number, iteration, loop)
        end
    end
end

function Chrome:write_attempts(process, first_lane, attempts)
    for _, attempt in ipairs(attempts) do
        local lane, label = first_lane + attempt.lane - 1, self.context.node_label(attempt.node_id)
        self:slice(attempt_slice, process, lane, label, attempt)
        if attempt.outcome == "error" then
            self:instant(attempt_failure, process, lane, label .. " failed", attempt.end_ns, attempt)
        end
    end
end

function Chrome:write_suspensions(process, first_lane, suspensions)
    for _, suspension in ipairs(suspensions) do
        self:slice(suspension_slice, process, first_lane + suspension.lane - 1,
            self.context.node_label(suspension.node_id) .. " waits", suspension)
    end
end

---@param trace_stats tracereel.export.stats
function Chrome:trace(trace_stats)
    local trace, nodes = trace_stats.trace, trace_stats.nodes
    self:begin(trace_stats.start_ns)
    local process = self:new_process(("%s %s%s"):format(self.context.pipeline_of(trace),
        self.context.own_id(trace) or trace.id, trace.tainted and " TAINTED" or ""))
    self:name_lanes(process, trace_lane, 1, "trace")
    self:write_trace_slice(process, trace_stats)
    local first_lane = trace_lane + 1
    for _, kind in ipairs {
        { "loops", loops_of(nodes, trace_stats.end_ns), self.write_loops },
        { "nodes", gather(nodes, "attempts"), self.write_attempts },
        { "waits", gather(nodes, "suspensions"), self.write_suspensions },
    } do
        local name, spans, write_spans = table.unpack(kind)
        local count = lanes.assign(spans)
        self:name_lanes(process, first_lane, count, name)
        write_spans(self, process, first_lane, spans)
        first_lane = first_lane + count
    end
end

---A gap is placed at the log time that reading had reached.
function Chrome:gap(gap, now_ns)
    self:begin(now_ns)
    self.log_process = self.log_process or self:new_process("log " .. self.context.path)
    self:instant(gap_instant, self.log_process, trace_lane, gap.class, now_ns, gap)
end

function Chrome:log_begins()
    self.log_process = nil
end

function Chrome:finish()
    self:begin(0)
    self.write("\n]}\n")
end

-- For speedscope, which goes through a trace in the same way.
chrome.class = Chrome

function chrome.new(context)
    return setmetatable({
        context = context, write = context.write, block = context.block, process_count = 0, has_events = false,
    }, Chrome)
end

return chrome
