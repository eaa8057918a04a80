-- Which traces a page of timing has: the longest, the worst of each node, those that failed last and those that have
-- been open for longest. The logs are read once more for them.
local base = require "tracereel.base"
local timing_report = require "tracereel.timing.report"
local trace_view = require "tracereel.render.page.trace_view"

local chosen_traces = {}

-- So many of each. What all of them take of a page is limited by trace_data.lua, too.
local max_longest, max_worst, max_failed, max_open = 10, 60, 20, 20

local words_of_all = ("The %d longest, the worst run of each of the %d busiest nodes, the last %d that failed and "
    .. "the first %d that are open."):format(max_longest, max_worst, max_failed, max_open)
-- Of a pipe, and of partials that were merged.
local words_of_longest = ("The %d longest. Their errors and metadata, and other traces, are on a page that timing "
    .. "makes of the logs themselves."):format(max_longest)

---@param report tracereel.timing_report
---@param busiest tracereel.timing_node[] its nodes, the busiest first
---@return string[] ids
---@return table<string, string[]> reasons by id
local function wanted_of(report, busiest)
    local ids, reasons = {}, {}
    local function add(id, reason)
        if not reasons[id] then
            ids[#ids + 1], reasons[id] = id, {}
        end
        table.insert(reasons[id], reason)
    end
    for index = 1, math.min(#report.worst_traces, max_longest) do
        add(report.worst_traces[index].trace_id, "longest")
    end
    for index = 1, math.min(#busiest, max_worst) do
        local node = busiest[index]
        if node.worst then
            add(node.worst.trace_id, "worst run of " .. (node.name or ("node %d"):format(node.id)))
        end
    end
    return ids, reasons
end

local Finder = {}
Finder.__index = Finder

-- The last ones that failed; handles stay readable after their traces have closed.
function Finder:note_failed(trace)
    local failed = self.failed
    failed[#failed + 1] = trace
    if #failed > max_failed then
        table.remove(failed, 1)
    end
end

function Finder:close(trace)
    if not trace or self.test and not self.test(trace) then
        return
    elseif self.reasons[trace.id] then
        self.found[trace.id] = trace
    end
    if trace.status == "failed" then
        self:note_failed(trace)
    end
end

function Finder:read(source)
    local log = base.open(source.path, source.open_options)
    local function close(_, trace)
        self:close(trace)
    end
    log:replay { trace_complete = close, trace_failed = close }
    self.now_ns = log:stats().now_ns
    for _, trace in ipairs(log:traces()) do
        if not self.test or self.test(trace) then
            self.open[#self.open + 1] = #self.open < max_open and { trace = trace, now_ns = self.now_ns } or nil
            self.found[trace.id] = self.reasons[trace.id] and trace or nil
        end
    end
end

-- What the timing says of those that are closed and whole, by their ids.
local function timed_of(traces, flow)
    local timing = assert(timing_report.new(flow, math.max(1, #traces)))
    for _, one in ipairs(traces) do
        local trace = one.trace
        if not trace.open and not trace.from_snapshot and not trace.tainted then
            timing:add(trace)
        end
    end
    local found = {}
    for _, timed in ipairs(timing:report().worst_traces) do
        found[timed.trace_id] = timed
    end
    return found
end

-- All of them, once each: { trace, now_ns, reasons }.
function Finder:list(ids)
    local list, by_id = {}, {}
    local function add(trace, reason, now_ns)
        local one = by_id[trace.id]
        if not one then
            one = { trace = trace, reasons = self.reasons[trace.id] or {}, now_ns = now_ns or self.now_ns }
            by_id[trace.id], list[#list + 1] = one, one
        end
        one.reasons[#one.reasons + 1] = reason
    end
    for _, id in ipairs(ids) do
        if self.found[id] then
            add(self.found[id])
        end
    end
    for index = #self.failed, 1, -1 do
        add(self.failed[index], "failed")
    end
    for _, one in ipairs(self.open) do
        add(one.trace, "open", one.now_ns)
    end
    return list
end

---@param report tracereel.timing_report
---@param busiest tracereel.timing_node[] its nodes, the busiest first
---@param query { sources: table[], test: nil|fun(trace: tracereel.trace): boolean, flow: table|nil }|nil where the logs
---  are; nil, or one that is a pipe: only the longest can be there
---@return tracereel.trace_view[]
---@return string words what is said of the choice
function chosen_traces.of(report, busiest, query)
    local views, own_ids = {}, report.own_ids or {}
    local can_read = query ~= nil
    for _, source in ipairs(query and query.sources or {}) do
        can_read = can_read and source.path ~= "-"
    end
    if not can_read then
        for index = 1, math.min(#report.worst_traces, max_longest) do
            local timed = report.worst_traces[index]
            views[index] = trace_view.of_timed(timed, own_ids[timed.trace_id])
            views[index].reasons[1] = "longest"
        end
        return views, words_of_longest
    end
    local ids, reasons = wanted_of(report, busiest)
    local finder = setmetatable({ reasons = reasons, test = query.test, found = {}, failed = {}, open = {} }, Finder)
    for _, source in ipairs(query.sources) do
        finder:read(source)
    end
    local list = finder:list(ids)
    local timed = timed_of(list, query.flow)
    for index, one in ipairs(list) do
        views[index] = trace_view.of(one.trace, one.now_ns, timed[one.trace.id])
        views[index].reasons = one.reasons
    end
    return views, words_of_all
end

return chosen_traces
