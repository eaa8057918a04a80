-- Gathers a timing report from logs: which traces are meant, one timing for each row of a grouping, and what there is
-- to say about the logs themselves. Definitions: docs/timing.md.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local logs = require "tracereel.cli.logs"
local base = require "tracereel.base"
local group_list = require "tracereel.timing.group_list"
local group_timings = require "tracereel.timing.group_timings"
local grouping = require "tracereel.timing.grouping"
local shard = require "tracereel.cli.shard"
local lineage = require "tracereel.timing.lineage"
local node_list = require "tracereel.timing.node_list"
local period = require "tracereel.cli.period"
local tables = require "tracereel.util.tables"
local timing_report = require "tracereel.timing.report"

local timing = {}

---Which traces are meant, and how they are grouped.
---@class tracereel.timing_query
---@field grouping tracereel.timing_grouping|nil nil: node
---@field group_limit integer|nil how many windows or values are groups of their own; nil: all
---@field chosen_values table<any, true>|nil keys of the only values that are, instead
---@field worst_count integer
---@field flow tracereel.flow|nil
---@field has_own_ids boolean|nil traces may have ids of a source, as imported ones do
---@field since tracereel.moment|nil
---@field until_moment tracereel.moment|nil
---@field is_trace_meant nil|fun(id: string): boolean
---@field is_outcome_meant nil|fun(outcome: string|nil): boolean
---@field is_meant nil|fun(trace: tracereel.trace): boolean

local Gatherer = {}
Gatherer.__index = Gatherer

local function empty_log()
    return {
        paths = {}, records = 0, first_ns = 0, last_ns = 0, damaged = false, gaps = {},
        exact_count = 0, estimated_count = 0, left_out_count = 0, clock_step_count = 0, closed_by_plan_count = 0,
    }
end

---@param query tracereel.timing_query
function timing.gatherer(query)
    query = tables.joined({ grouping = grouping.parse "node", group_limit = math.maxinteger }, query)
    local self = setmetatable({
        query = query, log = empty_log(), noted = {}, noted_fields = {}, sources = {}, child_count = 0,
    }, Gatherer)
    self.whole = assert(timing_report.new(query.flow, query.worst_count))
    self.groups = self:new_groups(query.chosen_values)
    for class in pairs(base.gap_classes) do
        self.log.gaps[class] = 0
    end
    return self
end

function Gatherer:new_timing()
    return core.timing_like(self.whole)
end

function Gatherer:new_groups(chosen)
    return group_timings.new(self.query.grouping, self.query.group_limit, function()
        return self:new_timing()
    end, chosen)
end

function Gatherer:key_function()
    return grouping.key_function(self.query.grouping, self.noted_fields)
end

-- The function that adds a trace where it belongs: to `whole`, or to one of `groups`; `family` says which are children.
function Gatherer:adder(whole, groups, family)
    local key_of = self:key_function()
    local add = whole.add
    if family then
        local plain = add
        add = function(into, trace)
            local how = family:of(trace.id)
            local children = family:children_on_path(trace.id)
            if how then
                into:add_child(trace, how.is_critical, how.node, how.part, children)
            else
                plain(into, trace, children)
            end
        end
    end
    return function(trace)
        local into = whole
        if key_of then
            local key = key_of(trace)
            if key == "missing" and family then
                key = family:inherited_group(trace.id, key) or key
            end
            into = groups:timing_for(key)
        end
        if into then
            add(into, trace)
        end
    end
end

-- What a trace must pass before it is added; nil where every one does.
function Gatherer:test()
    local is_in_period, is_meant = period.trace_test(self.since_ns, self.until_ns), self.query.is_trace_meant
    local is_outcome_meant, passes = self.query.is_outcome_meant, self.query.is_meant
    if not (is_in_period or is_meant or is_outcome_meant or passes) then
        return nil
    end
    return function(trace)
        return (not is_in_period or is_in_period(trace))
            and (not is_meant or is_meant(trace.id))
            and (not is_outcome_meant or is_outcome_meant(trace.outcome))
            and (not passes or passes(trace))
    end
end

---Works out --since and --until; reads the logs for it where they are counted from the end.
---@param parsed table options.logs and options.reading
---@param opener fun(path: string): tracereel.open_options
function Gatherer:find_period(parsed, opener)
    self.since_ns, self.until_ns = period.times(self.query.since, self.query.until_moment, parsed.logs, opener)
    if self.since_ns and self.until_ns and not math.ult(self.since_ns, self.until_ns) then
        failure.raise("usage", "--since is not before --until: no trace can be in the report")
    end
end

-- Of the shards of one log, each has all of its records and damage, and the times of its own traces.
local function note_log(into, part)
    local read, is_first = part.stats, #into.paths == 0 or into.last_ns == 0
    if read.records > 0 and read.now_ns ~= 0 then
        into.first_ns = (is_first or math.ult(read.first_ns, into.first_ns)) and read.first_ns or into.first_ns
        into.last_ns = (is_first or math.ult(into.last_ns, read.now_ns)) and read.now_ns or into.last_ns
    end
    if not shard.speaks(part.shard) and #into.paths > 0 then
        return
    end
    into.paths[#into.paths + 1] = part.path
    into.records = into.records + read.records
    into.damaged = into.damaged or read.damaged
    for class, count in pairs(read.gaps) do
        into.gaps[class] = into.gaps[class] + count
    end
end

-- Which traces of an imported log were started by others. Traces that were chosen count by themselves. A pipe can be
-- read only once.
function Gatherer:family(path, open_options)
    local query = self.query
    local is_chosen = query.is_trace_meant or query.is_outcome_meant or query.is_meant
    return query.has_own_ids and not is_chosen and path ~= "-"
        and lineage.read(path, open_options or {}, query.flow, query.grouping.kind == "value" and self:key_function())
        or nil
end

-- Goes through a log once, and adds its traces to `whole` or to `groups`. Returns how many of them a plan has closed,
-- and how many others have started; nil where the user has interrupted.
function Gatherer:go_through(log, whole, groups, family, handlers)
    local child_count, closed_by_plan_count = 0, 0
    local add, test = self:adder(whole, groups, family), self:test()
    -- Where every trace counts and all go to one place, the engine adds them by itself.
    local is_plain = not test and not self.query.grouping.kind and not family
    local function close(_, trace)
        if trace and (not test or test(trace)) then
            add(trace)
            child_count = child_count + (family and not trace.tainted and family:of(trace.id) and 1 or 0)
        end
    end
    log:replay(is_plain and { timing = whole } or { trace_complete = close, trace_failed = close }, handlers or {})
    if logs.interrupted() then
        return nil
    end
    for _, trace in ipairs(log:traces()) do
        close(nil, trace)
        local is_counted = trace.closed_by_tracereel and not trace.tainted and (not test or test(trace))
        closed_by_plan_count = closed_by_plan_count + (is_counted and 1 or 0)
    end
    return closed_by_plan_count, child_count
end

---@class tracereel.timing_part
---@field whole any a timing, or its fields where it is packed
---@field groups tracereel.group_timings|table
---@field noted { looked_at: integer|nil, names: table[] }
---@field stats table
---@field path string
---@field shard tracereel.shard|nil

---Reads all traces of a log that are meant, to be added: nil where the user has interrupted.
---@param log tracereel.log
---@param path string
---@param handlers? tracereel.handlers to be called beside
---@param open_options? tracereel.open_options those that it was opened with, without its shard
---@param is_packed? boolean the part is plain: for another process
---@return tracereel.timing_part|nil
function Gatherer:part(log, path, handlers, open_options, is_packed)
    local whole, groups = self:new_timing(), self:new_groups(self.query.chosen_values)
    self.noted_fields = {}
    local family = self:family(path, open_options)
    local closed_by_plan_count, child_count = self:go_through(log, whole, groups, family, handlers)
    if not closed_by_plan_count then
        return nil
    end
    local read = log:stats()
    return {
        whole = is_packed and core.timing_fields(whole) or whole, groups = is_packed and groups:packed() or groups,
        is_packed = is_packed, path = path, shard = log.shard, open_options = open_options,
        family = not is_packed and family or nil, noted = grouping.noted_names(self.noted_fields),
        closed_by_plan_count = closed_by_plan_count, child_count = child_count,
        stats = { records = read.records, first_ns = read.first_ns, now_ns = read.now_ns, damaged = read.damaged,
            gaps = read.gaps },
    }
end

---A part that was packed, with its timings.
---@param part tracereel.timing_part
---@param restore? fun(fields: table, place: string): tracereel.timing raises where there can be none; `place` is the
---  field that it is of
---@return tracereel.timing_part
function timing.unpacked(part, restore)
    restore = restore or core.timing_from
    return tables.changed(part, { is_packed = false, whole = restore(part.whole, "whole"),
        groups = group_timings.unpacked(part.groups, restore) })
end

---Adds what was read of a log, or of a shard of one; in their order.
---@param part tracereel.timing_part
function Gatherer:add(part)
    part = part.is_packed and timing.unpacked(part) or part
    -- The first is taken as it is: merged, all of it would be there twice.
    self.whole = #self.sources > 0 and self.whole:merge(part.whole) or part.whole
    self.groups:merge(part.groups)
    self.sources[#self.sources + 1] = { path = part.path, family = part.family,
        open_options = tables.joined(part.open_options or {}, { shard = part.shard }) }
    self.log.closed_by_plan_count = self.log.closed_by_plan_count + part.closed_by_plan_count
    self.child_count = self.child_count + part.child_count
    grouping.add_noted(self.noted, part.noted)
    note_log(self.log, part)
end

---Adds all traces of a log that are meant: all or, where reading it fails or the user interrupts, none.
---@param log tracereel.log
---@param path string
---@param handlers? tracereel.handlers
---@param open_options? tracereel.open_options
function Gatherer:read(log, path, handlers, open_options)
    local part = self:part(log, path, handlers, open_options)
    if part then
        self:add(part)
    end
end

-- Reads all logs once more for the values that have the most traces. False where the user has interrupted.
function Gatherer:read_chosen()
    local counted = self.groups
    for _, source in ipairs(self.sources) do
        if source.path == "-" then
            failure.raise("usage", "there are %d values of %s, more than the %d that --limit allows; to find those "
                .. "with the most traces the log is read twice, and a pipe can be read only once: save it to a file, "
                .. "or give a higher --limit", counted:value_count(), self.query.grouping.by, self.query.group_limit)
        end
    end
    local groups = self:new_groups(counted:most_frequent())
    for _, source in ipairs(self.sources) do
        local log = base.open(source.path, source.open_options)
        local family = source.family or self:family(source.path, source.open_options)
        if not self:go_through(log, self.whole, groups, family) then
            return false
        end
    end
    self.groups = groups
    return true
end

---Where more values were added than that, leaves those with the most traces; all others are one group, as if the logs
---had been read once more.
---@param limit integer|nil nil: the groups are no values
function Gatherer:choose_values(limit)
    local all = self.groups
    if self.query.grouping.kind ~= "value" then
        return
    end
    all.limit, self.query.group_limit = limit, limit
    if all:value_count() > limit then
        self.groups = self:new_groups(all:most_frequent())
        self.groups:merge(all)
    end
end

-- The report of a timing whose nodes are made when they are asked for; and the sums of their counts.
local function report_of(one)
    local report, count, total_ns, counts = core.timing_report(one)
    report.nodes = node_list.of(one, count, total_ns)
    return report, counts
end

local function add_worst_of(nodes, ids)
    for _, node in ipairs(nodes) do
        ids[#ids + 1] = node.worst and node.worst.trace_id
    end
end

-- The sources' own ids of the traces that a report names, of logs that were imported: they are read once more for it.
function Gatherer:own_ids(report)
    if not self.query.has_own_ids then
        return nil
    end
    local wanted, own_ids = {}, {}
    for _, worst in ipairs(report.worst_traces) do
        wanted[#wanted + 1] = worst.trace_id
    end
    add_worst_of(report.nodes, wanted)
    for _, group in ipairs(report.groups) do
        add_worst_of(group.nodes, wanted)
    end
    for _, path in ipairs(#wanted > 0 and self.log.paths or {}) do
        local filter = { types = "trace_start", traces = wanted }
        -- A pipe can be read only once.
        for _, trace in path ~= "-" and base.open(path):records(filter) or pairs {} do
            own_ids[trace.id] = trace.text_id
        end
    end
    return next(own_ids) and own_ids or nil
end

---The report of all that was read; its nodes are a list of node_list.lua, its groups one of group_list.lua. nil where
---the user has interrupted.
---@return tracereel.timing_report|nil
function Gatherer:report()
    if self.groups.is_counting and not self:read_chosen() then
        return nil
    end
    for _, key in ipairs(self.groups:keys()) do
        self.whole:merge(self.groups.timings[key])
    end
    local report, counts = report_of(self.whole)
    local log = self.log
    log.exact_count, log.estimated_count = counts.exact_count, counts.estimated_count
    log.left_out_count = counts.left_out_count
    log.clock_step_count = counts.clock_step_count + report.traces.clock_step_count
    log.since_ns, log.until_ns = self.since_ns, self.until_ns
    report.log, report.by = log, self.query.grouping.by
    if self.query.grouping.kind then
        report.groups, report.grouping = group_list.of(self.groups, self:new_timing())
    end
    report.own_ids = self:own_ids(report)
    report.traces.child_count = self.child_count > 0 and self.child_count or nil
    return report
end

return timing
