-- The children of traces: those that a node of another trace started, as an imported log says. They are gathered while
-- the log is read, and shown beneath the trace that is shown.
local imported_fields = require "tracereel.log.imported_fields"
local node_names = require "tracereel.log.node_names"
local output = require "tracereel.cli.output"
local text = require "tracereel.util.text"
local trace_times = require "tracereel.log.trace_times"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"

local Family = {}
Family.__index = Family

local family = {}

-- Children of children are followed so far: deeper is no recording, or one that nobody reads.
local max_depth = 64
-- Children of one trace that are listed one by one.
local max_shown = 200

---@return table
function family.new()
    return setmetatable({ by_parent = {}, by_id = {} }, Family)
end

---Notes a trace that has begun. One that has no parent costs one look.
---@param trace tracereel.trace|nil
function Family:note(trace)
    local parent = trace and trace.parent
    if not parent or self.by_id[trace.id] then
        return
    end
    local child = {
        id = trace.id, own_id = trace.text_id, name = trace.name, node = trace.parent_node,
        instance = trace.parent_instance, start_ns = trace.start_ns, last_ns = trace.last_ns, outcome = "open",
        is_start_known = trace_times.is_start_known(trace), parent = parent,
    }
    self.by_id[trace.id] = child
    self.by_parent[parent] = self.by_parent[parent] or {}
    table.insert(self.by_parent[parent], child)
end

---Notes how a trace stands: when it has closed, or at the end of the log.
---@param trace tracereel.trace
function Family:close(trace)
    local child = self.by_id[trace.id]
    if child then
        child.last_ns, child.outcome = trace.last_ns, trace.outcome or "open"
    end
end

---The children of a trace, each with its own as `children`; nil where it has none. Traces that are each other's parents
---are listed once.
---@param id string
---@return table[]|nil
function Family:of(id)
    local is_listed = { [id] = true }
    local function below(parent, depth)
        local list = {}
        for _, child in ipairs(self.by_parent[parent] or {}) do
            if not is_listed[child.id] then
                is_listed[child.id] = true
                list[#list + 1] = child
            end
        end
        for _, child in ipairs(depth < max_depth and list or {}) do
            child.children = below(child.id, depth + 1)
        end
        return #list > 0 and list or nil
    end
    return below(id, 1)
end

local is_good = { complete = true, continued = true, open = true }

-- How many there are in a list and below it, by how they ended.
local function count(list, counts)
    for _, child in ipairs(list) do
        counts.all = counts.all + 1
        if not is_good[child.outcome] then
            counts[child.outcome] = (counts[child.outcome] or 0) + 1
        end
        count(child.children or {}, counts)
    end
    return counts
end

---"15 children, 1 failed": all of them, those of children, too. Failed are also those that were cancelled and the like:
---"3 failed (1 cancelled, 2 timed out)".
---@param list table[]
---@return string
function family.words(list)
    local counts = count(list, { all = 0 })
    local failed, kinds = 0, {}
    for outcome, number in units.sorted(counts) do
        if outcome ~= "all" then
            failed = failed + number
            kinds[#kinds + 1] = outcome ~= "failed" and ("%d %s"):format(number, (outcome:gsub("_", " "))) or nil
        end
    end
    local words = text.count(counts.all, "child", "children")
    if failed > 0 then
        words = ("%s, %d failed%s"):format(words, failed, #kinds > 0 and (" (%s)"):format(table.concat(kinds, ", "))
            or "")
    end
    return words
end

local styles = { complete = "green", failed = "red", timed_out = "red", terminated = "red", cancelled = "yellow" }

local outcome_columns = 10

-- What a child is called, and the node that started it.
local function child_words(child)
    local id = child.id:sub(1, 8)
    local words = child.own_id and ("%s %s"):format(text.clean(child.own_id), id) or id
    if child.name and not (child.node and node_names.name(child.node) == text.clean(child.name)) then
        words = ("%s (%s)"):format(text.clean(child.name), words)
    end
    return child.node and ("%s%s: %s"):format(node_names.node(child.node),
        imported_fields.suffix(child.instance, text.clean), words) or words
end

local function write_list(list, page, depth)
    for index, child in ipairs(list) do
        if index > max_shown then
            output.line(("%s... and %d more"):format((" "):rep(page.columns + 13 + 2 * depth), #list - max_shown))
            break
        end
        local took = child.is_start_known and units.span(child.start_ns, child.last_ns) or ""
        local start = ("%s  %9s  "):format(text.pad_left(page.offset(child.start_ns), page.columns), took)
        local outcome = text.pad_right((child.outcome:gsub("_", " ")), outcome_columns)
        local indent = text.width(start) + outcome_columns + 2 + 2 * depth
        local lines = text.wrap(child_words(child), math.max(output.columns() - indent - 2, 24))
        output.line(start .. output.paint(styles[child.outcome], outcome) .. ("  "):rep(depth + 1)
            .. table.concat(lines, "\n" .. (" "):rep(indent + 2)))
        write_list(child.children or {}, page, depth + 1)
    end
end

---The children that ended so, with those above them; nil where there are none.
---@param list table[]
---@param is_wanted fun(outcome: string): boolean
---@return table[]|nil
function family.chosen(list, is_wanted)
    local kept = {}
    for _, child in ipairs(list) do
        local children = child.children and family.chosen(child.children, is_wanted)
        if children or is_wanted(child.outcome) then
            kept[#kept + 1] = setmetatable({ children = children or false }, { __index = child })
        end
    end
    return #kept > 0 and kept or nil
end

---Writes the children of a trace as lines: when each began, how long it took, what it is and how it ended.
---@param list table[] of Family:of
---@param page { offset: fun(ns: integer): string, columns: integer } how times are written
function family.write(list, page)
    output.line(output.paint("bold", "children"))
    write_list(list, page, 0)
end

---The same as values for JSON.
---@param list table[]
---@return table[]
function family.objects(list)
    local objects = {}
    for index, child in ipairs(list) do
        objects[index] = {
            trace_id = child.id, id = child.own_id, name = child.name, parent_node = child.node,
            parent_instance = child.instance, outcome = child.outcome, start_ns = tracereel.unsigned(child.start_ns),
            last_ns = tracereel.unsigned(child.last_ns), children = child.children and family.objects(child.children),
        }
    end
    return objects
end

return family
