-- Chrome trace events, for chrome://tracing, Perfetto and Speedscope. Each trace is a process; its threads are lanes on
-- which slices nest: the trace itself, its loops, its nodes, and what it waited for.
local json_text = require "tracereel.export.json_text"
local lanes = require "tracereel.export.lanes"
local numbers = require "tracereel.export.numbers"
local tracereel = require "tracereel"

local object, text, mark, digits = json_text.object, json_text.text, json_text.mark, json_text.digits

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

function Chrome:event(...)
    self.write(self.has_events and ",\n" or "\n", object(...))
    self.has_events = true
end

function Chrome:time(ns)
    if math.ult(ns, self.origin_ns) then
        return "-" .. numbers.microseconds(self.origin_ns - ns)
    end
    return numbers.microseconds(ns - self.origin_ns)
end

function Chrome:begin(first_ns)
    if self.origin_ns then
        return
    end
    self.origin_ns = origin_before(first_ns)
    self.write('{"displayTimeUnit":"ns","otherData":', object(
        "origin", text(tracereel.time(self.origin_ns)),
        "origin_ns", digits(self.origin_ns),
        "producer", text("tracereel " .. tracereel.version)
    ), ',"traceEvents":[')
end

function Chrome:new_process(name)
    self.process_count = self.process_count + 1
    self:event("ph", '"M"', "pid", self.process_count, "name", '"process_name"', "args", object("name", text(name)))
    return tostring(self.process_count)
end

function Chrome:name_lanes(process, first, count, name)
    for index = 1, count do
        local label = count > 1 and ("%s %d"):format(name, index) or name
        self:event("ph", '"M"', "pid", process, "tid", first + index - 1, "name", '"thread_name"',
            "args", object("name", text(label)))
        self:event("ph", '"M"', "pid", process, "tid", first + index - 1, "name", '"thread_sort_index"',
            "args", object("sort_index", tostring(first + index - 1)))
    end
end

function Chrome:slice(process, lane, name, category, span, arguments)
    self:event("ph", '"X"', "pid", process, "tid", lane, "name", text(name), "cat", category,
        "ts", self:time(span.start_ns), "dur", numbers.microseconds(span.end_ns - span.start_ns), "args", arguments)
end

function Chrome:instant(process, lane, name, category, ns, arguments)
    self:event("ph", '"i"', "pid", process, "tid", lane, "name", text(name), "cat", category, "s", '"t"',
        "ts", self:time(ns), "args", arguments)
end

local function times_of(span)
    return digits(span.start_ns), span.is_open and "null" or digits(span.written_end_ns)
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
local function add_loops(loops, node, last_ns, last_life)
    local loop, life
    for _, event in ipairs(node.loop_events) do
        if loop and event.life ~= life then
            end_iteration(loop, loop.end_ns, true)
            loop = nil
        end
        life = event.life
        if loop then
            end_iteration(loop, event.timestamp_ns, false)
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
        end_iteration(loop, life == last_life and last_ns or loop.end_ns, true)
    end
end

local function loops_of(nodes, last_ns, last_life)
    local loops = {}
    for _, node in ipairs(nodes) do
        add_loops(loops, node, last_ns, last_life)
    end
    return loops
end

function Chrome:write_trace_slice(process, trace_stats)
    local trace = trace_stats.trace
    self:slice(process, trace_lane, self.context.pipeline_of(trace), '"trace"', trace_stats, object(
        "trace_id", text(trace.id), "status", text(trace.status), "held", trace.held and text(trace.held),
        "open", mark(trace.open), "tainted", mark(trace.tainted), "start_unknown", mark(not trace_stats.is_start_known),
        "start_ns", digits(trace_stats.start_ns), "last_ns", digits(trace.last_ns),
        "records", tracereel.unsigned(trace.record_count), "metadata", trace.metadata and text(trace.metadata)
    ))
    if trace_stats.failure then
        self:instant(process, trace_lane, "trace failed", '"error"', trace_stats.failure.timestamp_ns,
            object("message", text(trace_stats.failure.message)))
    end
end

function Chrome:write_loops(process, first_lane, loops)
    for _, loop in ipairs(loops) do
        local lane, label = first_lane + loop.lane - 1, self.context.node_label(loop.node_id)
        self:slice(process, lane, label .. " loop", '"loop"', loop, object(
            "node_id", tostring(loop.node_id), "iterations", tostring(#loop.iterations), "open", mark(loop.is_open)))
        for _, iteration in ipairs(loop.iterations) do
            self:slice(process, lane, ("iteration %d"):format(iteration.number), '"iteration"', iteration, object(
                "node_id", tostring(loop.node_id), "iteration", tostring(iteration.number),
                "open", mark(iteration.is_open)))
        end
    end
end

function Chrome:write_attempts(process, first_lane, attempts)
    for _, attempt in ipairs(attempts) do
        local lane, label = first_lane + attempt.lane - 1, self.context.node_label(attempt.node_id)
        local start_text, end_text = times_of(attempt)
        self:slice(process, lane, label, '"node"', attempt, object(
            "node_id", tostring(attempt.node_id), "attempt", tostring(attempt.number), "outcome", text(attempt.outcome),
            "open", mark(attempt.is_open), "estimated", mark(attempt.is_estimated), "cut", mark(attempt.is_cut),
            "clock_step", mark(attempt.is_clock_step), "start_ns", start_text, "end_ns", end_text,
            "run_ns", not attempt.is_open and digits(attempt.duration_ns)))
        if attempt.outcome == "error" then
            self:instant(process, lane, label .. " failed", '"error"', attempt.end_ns, object(
                "node_id", tostring(attempt.node_id), "attempt", tostring(attempt.number),
                "message", attempt.error and text(attempt.error.message)))
        end
    end
end

function Chrome:write_suspensions(process, first_lane, suspensions)
    for _, suspension in ipairs(suspensions) do
        local start_text, end_text = times_of(suspension)
        self:slice(process, first_lane + suspension.lane - 1, self.context.node_label(suspension.node_id) .. " waits",
            '"suspension"', suspension, object(
                "node_id", tostring(suspension.node_id), "open", mark(suspension.is_open),
                "start_ns", start_text, "end_ns", end_text))
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
        { "loops", loops_of(nodes, trace_stats.end_ns, trace_stats.trace.restart_count), self.write_loops },
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
    self:instant(self.log_process, trace_lane, gap.class, '"gap"', now_ns, object(
        "damage", gap.damage and "true" or "false", "segment", text(gap.segment),
        "offset", json_text.unsigned(gap.offset), "length", json_text.unsigned(gap.length), "detail", text(gap.detail)))
end

function Chrome:log_ends()
    self.log_process = nil
end

function Chrome:finish()
    self:begin(0)
    self.write("\n]}\n")
end

-- For speedscope, which goes through a trace in the same way.
chrome.class = Chrome

function chrome.new(context)
    return setmetatable({ context = context, write = context.write, process_count = 0, has_events = false }, Chrome)
end

return chrome
