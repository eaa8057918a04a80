-- A plan for a person: how many of what, and for each trace the state before and after, grouped by decision and node.
local decision = require "tracereel.script.decision"
local forecast_page = require "tracereel.render.forecast_page"
local held = require "tracereel.log.held"
local node_names = require "tracereel.log.node_names"
local members = require "tracereel.recovery.members"
local output = require "tracereel.cli.output"
local render_table = require "tracereel.render.table"
local text = require "tracereel.util.text"
local trace_labels = require "tracereel.render.trace_labels"
local tracereel = require "tracereel"
local view = require "tracereel.recovery.view"

local recovery_page = {}

-- Traces of one group that are shown unless all are asked for.
local max_shown = 20
-- Lines of a reason, likewise.
local max_reason_lines = 6

local function nodes_text(nodes)
    local texts = {}
    for index, node in ipairs(nodes) do
        texts[index] = node_names.label(type(node) == "table" and node.node or node)
    end
    return #texts > 0 and table.concat(texts, ", ") or "none"
end

local function or_none(value)
    return value == tracereel.null and "none" or node_names.label(value)
end

local function held_reason(plan_view)
    local metadata = plan_view.suspension_metadata
    return plan_view.suspended_at ~= tracereel.null and metadata ~= tracereel.null and held.reason(metadata) or nil
end

-- What ends the wait; the reason of a hold is on another line.
local function awaited(plan_view)
    local metadata = plan_view.suspension_metadata
    if plan_view.suspended_at == tracereel.null then
        return "nobody"
    elseif metadata == tracereel.null then
        return "a resume"
    end
    local words = trace_labels.waits_for(held.reason(metadata) and members.without(metadata, "held") or metadata)
    return (words:gsub("^waits for ", ""))
end

---A line for each thing that a view in a plan says: { what, text }.
function recovery_page.lines_of(plan_view)
    if not plan_view.open then
        return { { "trace", "closed: " .. plan_view.status } }
    end
    local action = plan_view.action
    local nodes = action.nodes and nodes_text(action.nodes) or node_names.label(action.node)
    local suspended_at = or_none(plan_view.suspended_at)
    if plan_view.suspended_at == held.node then
        nodes, suspended_at = "for a person", "no node"
    end
    return {
        { "trace", "open" },
        { "engine does", action.action .. " " .. nodes },
        { "held", text.clean(held_reason(plan_view) or "no") },
        { "suspended at", suspended_at },
        { "waits for", awaited(plan_view) },
        { "started", nodes_text(plan_view.started_nodes) },
        { "last done", or_none(plan_view.last_completed_node) },
    }
end

local function diff_line(sign, style, name, value)
    local line = ("    %s %-12s %s"):format(sign, name, text.clean(value))
    output.line(output.paint(style, text.cut(line, output.columns())))
end

---The nodes that are done, each with its output in words.
---@return table<integer, string>
function recovery_page.done_lines(plan_view)
    local lines = {}
    for _, one in ipairs(plan_view.completed_nodes) do
        lines[one.node] = ("%s, %d bytes at %s, schema %s"):format(node_names.node(one.node), one.size, one.offset,
            one.schema_hash)
    end
    return lines
end

---The nodes of one or the other of two such tables.
function recovery_page.nodes_of(one, other)
    local nodes = {}
    for _, lines in ipairs { one, other } do
        for node in pairs(lines) do
            nodes[node] = true
        end
    end
    return nodes
end

-- Nodes that are done: a line for each that is so on one side only, or with another output.
local function write_done_diff(before, after)
    local sides = { recovery_page.done_lines(before), recovery_page.done_lines(after) }
    for node in tracereel.sorted(recovery_page.nodes_of(sides[1], sides[2])) do
        local old, new = sides[1][node], sides[2][node]
        if old and old ~= new then
            diff_line("-", "red", "done", old)
        end
        if new and old ~= new then
            diff_line("+", "green", "done", new)
        end
    end
end

local function write_diff(entry)
    local before, after = recovery_page.lines_of(entry.before), recovery_page.lines_of(entry.after)
    for index = 1, math.max(#before, #after) do
        local old, new = before[index], after[index]
        if not new and index > 1 then
            break -- a closed trace has no more to say
        elseif old[2] ~= new[2] then
            diff_line("-", "red", old[1], old[2])
            diff_line("+", "green", new[1], new[2])
        end
    end
    if entry.after.open then
        write_done_diff(entry.before, entry.after)
    end
end

---"2 records: node_done, trace_complete"
function recovery_page.record_words(records)
    local types = {}
    for index, rec in ipairs(records) do
        types[index] = rec.type
    end
    return ("%s: %s"):format(text.count(#records, "record"), table.concat(types, ", "))
end

local function write_reason(reason, is_full)
    local lines = text.wrap(text.clean(reason), output.columns() - 4)
    local shown = is_full and #lines or math.min(#lines, max_reason_lines)
    for index = 1, shown do
        local is_cut = index == shown and shown < #lines
        output.line("    " .. (is_cut and text.cut(lines[index] .. " …", output.columns() - 4) or lines[index]))
    end
end

local function write_note(note)
    for index, line in ipairs(text.wrap(text.clean(note), output.columns() - 6)) do
        output.line((index == 1 and "    " .. output.paint("yellow", "! ") or "      ") .. line)
    end
end

local function write_trace(one, is_full)
    local entry = one.entry
    local what = decision.describe(one.decision, node_names.label)
    output.line(("  %s  %s%s"):format(output.paint("bold", entry.trace_id), what, entry.tainted and "  TAINTED" or ""))
    write_reason(entry.reason, is_full)
    for _, note in ipairs(entry.notes) do
        write_note(note)
    end
    if #one.records > 0 then
        write_diff(entry)
        output.line("    " .. recovery_page.record_words(one.records))
    end
    if one.decision.kind ~= "default" or #one.records > 0 then
        write_reason("by itself: " .. one.engine.reason, is_full)
    end
end

local function group_of(one)
    local kind = one.entry.decision.kind
    return kind, one.entry.decision.node or view.place(view.of(one.trace))
end

---Groups in the order of decisions' names, then nodes: { kind, node, traces = {...}, records }.
function recovery_page.groups_of(traces)
    local groups, by_key = {}, {}
    for _, one in ipairs(traces) do
        local kind, node = group_of(one)
        local key = kind .. " " .. node
        if not by_key[key] then
            by_key[key] = { kind = kind, node = node, traces = {}, records = 0 }
            groups[#groups + 1] = by_key[key]
        end
        table.insert(by_key[key].traces, one)
        by_key[key].records = by_key[key].records + #one.records
    end
    table.sort(groups, function(a, b)
        if a.kind ~= b.kind then
            return a.kind < b.kind
        end
        return a.node < b.node
    end)
    return groups
end

local function write_group(group, is_full)
    output.line("")
    output.line(output.paint("bold", ("%s, at %s"):format(group.kind, node_names.node(group.node))))
    local shown = is_full and #group.traces or math.min(#group.traces, max_shown)
    for index = 1, shown do
        write_trace(group.traces[index], is_full)
    end
    if shown < #group.traces then
        output.line(("  ... and %d more (--full shows them)"):format(#group.traces - shown))
    end
end

-- The traces that a plan leaves out: a user who has chosen traces knows them, so only their number is shown.
local function write_left_out(plan, is_full)
    local left_out = plan.left_out or {}
    if #left_out == 0 or not is_full then
        return
    end
    output.line("")
    output.line(output.paint("bold", ("left out, as they are: %s"):format(text.count(#left_out, "trace"))))
    for _, id in ipairs(left_out) do
        output.line("  " .. id)
    end
end

-- What was used, and what the plan comes to.
local function write_end(plan, used)
    local summary = plan.summary
    output.line("")
    for _, line in ipairs(used) do
        output.line(text.clean(line))
    end
    local left_out = summary.left_out or 0
    output.line(("%s, %d changed by %s%s"):format(text.count(summary.traces + left_out, "open trace"), summary.changed,
        text.count(summary.records, "record"), left_out > 0 and (", %d left out"):format(left_out) or ""))
end

local function write_groups(groups, is_full)
    local rows = {}
    for index, group in ipairs(groups) do
        rows[index] = { group.kind, node_names.cell(group.node), #group.traces, group.records }
    end
    output.write(render_table(rows, { "DECISION", "NODE", "TRACES", "RECORDS" }))
    for _, group in ipairs(groups) do
        write_group(group, is_full)
    end
end

local function changed_traces(plan)
    local changed = {}
    for _, one in ipairs(plan.traces) do
        changed[#changed + 1] = #one.records > 0 and one or nil
    end
    return changed
end

---Writes a plan to standard output: what a script decided; without a script, what the engine will do, and what is
---changed all the same.
---@param plan table from recovery.decide
---@param is_full boolean
---@param used string[] lines that say which arenas and which flow were used
function recovery_page.write(plan, is_full, used)
    if #plan.traces == 0 then
        output.line("no open trace: there is nothing to recover")
        return
    elseif plan.script ~= tracereel.null then
        write_groups(recovery_page.groups_of(plan.traces), is_full)
    else
        forecast_page.write(plan.traces, is_full)
        local changed = changed_traces(plan)
        if #changed > 0 then
            output.line("")
            write_groups(recovery_page.groups_of(changed), is_full)
        end
    end
    write_left_out(plan, is_full)
    write_end(plan, used)
end

return recovery_page
