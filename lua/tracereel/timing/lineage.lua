-- Of an imported log: which traces were started by others, and how they count beside these (docs/timing.md).
local base = require "tracereel.base"
local timing_report = require "tracereel.timing.report"

local lineage = {}

-- So many parents are timed at once: as many as a timing keeps whole.
local batch_size = 1000

local Lineage = {}
Lineage.__index = Lineage

-- Notes where the attempts of the parents in a batch began and ended that decided their traces' times.
function Lineage:time(batch)
    if #batch == 0 then
        return
    end
    local timing = assert(timing_report.new(self.flow, batch_size))
    for index, trace in ipairs(batch) do
        timing:add(trace)
        batch[index] = nil
    end
    for _, timed in ipairs(timing:report().worst_traces) do
        local spans = {}
        for _, span in ipairs(timed.spans) do
            spans[span.node_id] = spans[span.node_id] or {}
            table.insert(spans[span.node_id], span)
            span.trace_start_ns = timed.start_ns
        end
        self.spans[timed.trace_id] = spans
    end
end

-- A trace that others name as their parent.
function Lineage:note_parent(trace, batch)
    local ran, numbers, counts = {}, {}, {}
    for _, node in ipairs(trace.nodes) do
        local id, instance = node.id, node.instance
        ran[id] = ran[id] or node.start_ns ~= nil
        if instance then
            counts[id] = (counts[id] or 0) + 1
            numbers[id] = numbers[id] or {}
            numbers[id][instance] = counts[id]
        end
    end
    self.ran[trace.id], self.instances[trace.id] = ran, numbers
    self.groups[trace.id] = self.group_of and self.group_of(trace)
    if not trace.open and not trace.from_snapshot and not trace.tainted then
        batch[#batch + 1] = trace
        if #batch == batch_size then
            self:time(batch)
        end
    end
end

-- The attempt of the parent in which a child began: of its instance where it names one, the last to begin of those that
-- lasted then.
function Lineage:attempt_of(child)
    local spans = child.node and self.spans[child.parent] and self.spans[child.parent][child.node]
    local numbers = child.instance and self.instances[child.parent][child.node]
    local instance = numbers and numbers[child.instance]
    -- In the order of their starts.
    for place = #(spans or {}), 1, -1 do
        local span = spans[place]
        if not math.ult(child.start_ns, span.start_ns) and not math.ult(span.end_ns, child.start_ns)
            and (not instance or span.instance == instance) then
            return span
        end
    end
end

local function later(a, b)
    return math.ult(a, b) and b or a
end

local function earlier(a, b)
    return math.ult(b, a) and b or a
end

-- What a child can take of its parent's attempt.
local function part_of(child, attempt)
    return { start_ns = later(later(child.start_ns, attempt.start_ns), attempt.trace_start_ns),
        end_ns = earlier(child.end_ns, attempt.end_ns), id = child.id }
end

local function ends_before(a, b)
    if a.end_ns ~= b.end_ns then
        return math.ult(a.end_ns, b.end_ns)
    elseif a.start_ns ~= b.start_ns then
        return math.ult(a.start_ns, b.start_ns)
    end
    return a.id < b.id
end

-- Gives each attempt on a path to the child that ended last in it, before it to the one that ended last at or before
-- that one's start, and so on.
function Lineage:share_attempts()
    local parts_of = {}
    for id, child in pairs(self.children) do
        child.id = id
        local attempt = child.end_ns and self:attempt_of(child)
        if attempt and attempt.critical then
            parts_of[attempt] = parts_of[attempt] or {}
            table.insert(parts_of[attempt], part_of(child, attempt))
        end
    end
    for attempt, parts in pairs(parts_of) do
        table.sort(parts, ends_before)
        local at_ns = attempt.end_ns
        for place = #parts, 1, -1 do
            local part = parts[place]
            if not math.ult(at_ns, part.end_ns) and not math.ult(part.end_ns, part.start_ns) then
                local child = self.children[part.id]
                child.part, at_ns = part, part.start_ns
                self.on_path[child.parent] = self.on_path[child.parent] or {}
                table.insert(self.on_path[child.parent], part.id)
            end
        end
    end
end

-- What of a child's part is in that of its parent; nil: nothing.
local function clipped(part, above)
    if not part or not above then
        return part
    end
    local both = { start_ns = later(part.start_ns, above.start_ns), end_ns = earlier(part.end_ns, above.end_ns),
        id = part.id }
    return not math.ult(both.end_ns, both.start_ns) and both or nil
end

-- Goes up from a trace as far as nothing is known yet, and then down again: what its way says of each. Traces that are
-- each other's parents are children of nobody.
function Lineage:resolve(id)
    local way, place_of = {}, {}
    while self.known[id] == nil and self.children[id] and not place_of[id] do
        way[#way + 1] = id
        place_of[id] = #way
        id = self.children[id].parent
    end
    local is_on_path, part
    if place_of[id] then
        for place = place_of[id], #way do
            self.known[way[place]] = false
        end
        is_on_path = true
    else
        local above = self.known[id]
        is_on_path = not above or above.is_critical
        part = above and above.part
    end
    for place = (place_of[id] or #way + 1) - 1, 1, -1 do
        local child = self.children[way[place]]
        part = is_on_path and clipped(child.part, part) or nil
        is_on_path = part ~= nil
        local has_attempt = not child.node or self.ran[child.parent][child.node]
        self.known[way[place]] = { is_critical = is_on_path, node = not has_attempt and child.node or nil,
            part = part }
    end
end

---How a trace counts: nil where no other trace of the log has started it.
---@param id string
---@return { is_critical: boolean, node: integer|nil, part: tracereel.stretch|nil }|nil whether it was on the path that
--- decided the time of the trace that no other has started, and with which part of its time; the parent's node of which
--- it is an attempt that the parent does not have
function Lineage:of(id)
    if self.children[id] and self.known[id] == nil then
        self:resolve(id)
    end
    return self.known[id] or nil
end

---Which stretches of a trace's critical path are its children's; nil: none.
---@param id string
---@return tracereel.stretch[]|nil
function Lineage:children_on_path(id)
    local stretches = {}
    for _, child in ipairs(self.on_path[id] or {}) do
        local how = self:of(child)
        stretches[#stretches + 1] = how and how.part
    end
    table.sort(stretches, ends_before)
    return #stretches > 0 and stretches or nil
end

---The group of the nearest of a child's ancestors for which the answer is not `but`; nil where there is none.
---@param id string
---@param but any
---@return any
function Lineage:inherited_group(id, but)
    local passed = {}
    while self.children[id] and not passed[id] do
        passed[id] = true
        id = self.children[id].parent
        local group = self.groups[id]
        if group ~= nil and group ~= but then
            return group
        end
    end
end

---Reads a log for its children, and once more for their parents. nil where it has none.
---@param path string
---@param open_options tracereel.open_options
---@param flow tracereel.flow|nil
---@param group_of nil|fun(trace: tracereel.trace): any is asked for the parents
---@return table|nil
function lineage.read(path, open_options, flow, group_of)
    local self = setmetatable({ children = {}, known = {}, ran = {}, instances = {}, spans = {},
        on_path = {}, groups = {}, group_of = group_of, flow = flow }, Lineage)
    local is_parent = {}
    for _, trace in base.open(path, open_options):records { types = "trace_start" } do
        if trace and trace.parent and trace.parent ~= trace.id then
            self.children[trace.id] = { parent = trace.parent, node = trace.parent_node,
                instance = trace.parent_instance, start_ns = trace.start_ns }
            is_parent[trace.parent] = true
        end
    end
    if not next(is_parent) then
        return nil
    end
    local log, batch = base.open(path, open_options), {}
    local function note(_, trace)
        if trace and is_parent[trace.id] then
            self:note_parent(trace, batch)
        end
        local child = trace and self.children[trace.id]
        if child and not trace.open and not trace.from_snapshot and not trace.tainted then
            child.end_ns = trace.last_ns
        end
    end
    log:replay { trace_complete = note, trace_failed = note }
    for _, trace in ipairs(log:traces()) do
        note(nil, trace)
    end
    self:time(batch)
    for id, child in pairs(self.children) do
        if not self.ran[child.parent] then
            self.children[id] = nil -- the parent is not in the log
        end
    end
    self:share_attempts()
    return self
end

return lineage
