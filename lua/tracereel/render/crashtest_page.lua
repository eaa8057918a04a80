-- The result of a crash test for a person.
local node_names = require "tracereel.log.node_names"
local output = require "tracereel.cli.output"
local render_table = require "tracereel.render.table"
local text = require "tracereel.util.text"

local crashtest_page = {}

local function decisions_text(decisions)
    local parts = {}
    for kind, count in pairs(decisions) do
        parts[#parts + 1] = { kind, count }
    end
    table.sort(parts, function(a, b)
        if a[2] ~= b[2] then
            return a[2] > b[2]
        end
        return a[1] < b[1]
    end)
    for index, part in ipairs(parts) do
        parts[index] = ("%s %d"):format(part[1], part[2])
    end
    return #parts > 0 and " (" .. table.concat(parts, ", ") .. ")" or ""
end

local untried_labels = {
    { "tainted", "could not be tried: of tainted traces" },
    { "snapshot", "could not be tried: only a snapshot has the trace's beginning" },
    { "other_traces", "could not be tried: it takes more than the trace's own records" },
    { "long_traces", "untried: in traces of more than %d records only a few are tried" },
}

local function write_coverage(result)
    local points = result.crash_points
    output.line(("%s: %d after a record, %d inside one%s"):format(
        text.count(points.after + points.inside + points.lost, "crash point"), points.after, points.inside,
        points.lost > 0 and (", %d with records lost before it"):format(points.lost) or ""))
    output.line(("%s asked for%s, in %s"):format(text.count(result.asked, "decision"),
        decisions_text(result.decisions), text.count(result.states, "state")))
    output.line(("%s of state and decision, %d of them converge when tried"):format(
        text.count(result.distinct_decisions, "combination"), result.converged))
    output.line(("%s, interrupted in %s on disk"):format(text.count(result.plans, "plan"),
        text.count(result.disk_states, "state")))
    for _, untried in ipairs(untried_labels) do
        local count = result.untried[untried[1]]
        if count > 0 then
            output.line(("%s %s"):format(text.count(count, "combination"), untried[2]:format(result.max_tried_records)))
        end
    end
end

local function place_of(example)
    return ("%s:%d trace %s"):format(example.segment, example.offset, example.trace_id)
end

local reason_indent = "   "

local function write_findings(result)
    local rows, total = {}, 0
    for index, group in ipairs(result.findings) do
        total = total + group.count
        local node = group.node and node_names.cell(group.node) or "-"
        rows[index] = { group.count, group.check, node, group.record_type, group.decision }
    end
    output.line("")
    output.write(render_table(rows, { "crash points", "check that does not hold", "node", "after", "decision" }))
    for index, group in ipairs(result.findings) do
        output.line("")
        local words = ("%d. %s: %s"):format(index, group.check, text.clean(group.first.reason))
        for number, line in ipairs(text.wrap(words, output.columns() - #reason_indent)) do
            output.line(output.paint("bold", (number > 1 and reason_indent or "") .. line))
        end
        output.line("   first    " .. place_of(group.first))
        output.line(("   shortest %s, %s long"):format(place_of(group.shortest),
            text.count(group.shortest.record_count, "record")))
    end
    return total
end

---@param result table of crashtest.run
function crashtest_page.write(result)
    write_coverage(result)
    local untried = result.untried.long_traces
    if #result.findings == 0 then
        output.line(untried == 0 and "no finding"
            or ("no finding (%s untried)"):format(text.count(untried, "combination")))
    else
        write_findings(result)
    end
end

return crashtest_page
