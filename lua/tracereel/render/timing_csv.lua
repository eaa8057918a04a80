-- The rows of a timing report as comma-separated values (RFC 4180, lines end in a line feed): nodes, traces or groups.
local columns = require "tracereel.timing.columns"
local path_parts = require "tracereel.timing.path_parts"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"

local quantile_fields = {
    "min_ns", "mean_ns", "p50_ns", "p90_ns", "p95_ns", "p99_ns", "p999_ns", "max_ns",
}

local trace_fields = { "trace_id", "status", "start_ns", "end_ns", "makespan_ns", "suspended_ns", "critical_ns",
    "queue_ns", "person_ns", "timer_ns", "gap_ns" }

local group_trace_fields = {
    "complete_count", "failed_count", "open_count", "from_snapshot_count", "tainted_count", "throughput_per_s",
}

local function field(value)
    if value == nil then
        return ""
    elseif math.type(value) == "float" then
        return ("%.17g"):format(value)
    end
    return text.csv_field(math.type(value) and tracereel.unsigned(value) or tostring(value))
end

-- Writes lines, cell by cell.
local function new_writer(write)
    local cells, width = {}, 0
    return {
        add = function(value)
            cells[#cells + 1] = field(value)
        end,
        -- The heading, which is the first line, is the longest: what other lines do not have is empty.
        end_line = function()
            width = math.max(width, #cells)
            write(table.concat(cells, ","), (","):rep(width - #cells), "\n")
            cells = {}
        end,
    }
end

local function add_fields(writer, source, names)
    for _, name in ipairs(names) do
        writer.add(source[name])
    end
end

local function add_names(writer, names, prefix)
    for _, name in ipairs(names) do
        writer.add((prefix or "") .. name)
    end
end

local node_columns = columns.of_csv()

local function add_node(writer, node)
    for _, column in ipairs(node_columns) do
        writer.add(columns.value(column, node))
    end
end

-- What critical paths waited for, as rows without an id, so that the column adds up.
local function path_rows(traces)
    local rows = {}
    for _, part in ipairs(path_parts) do
        local ns = traces.critical_path[part.key .. "_ns"]
        if ns ~= 0 then
            rows[#rows + 1] = { name = "(" .. part.label .. ")", critical_ns = ns,
                critical_share = traces.critical_path[part.key .. "_share"] }
        end
    end
    return rows
end

local function add_path_row(writer, row)
    for _, column in ipairs(node_columns) do
        writer.add(not column.of and row[column.field] or nil)
    end
end

local function add_node_heading(writer)
    for _, column in ipairs(node_columns) do
        writer.add(columns.name(column))
    end
end

local function write_nodes(report, writer)
    add_node_heading(writer)
    writer.end_line()
    for _, node in ipairs(report.nodes) do
        add_node(writer, node)
        writer.end_line()
    end
    for _, row in ipairs(path_rows(report.traces)) do
        add_path_row(writer, row)
        writer.end_line()
    end
end

local function write_traces(report, writer)
    add_names(writer, trace_fields)
    writer.end_line()
    for _, trace in ipairs(report.worst_traces) do
        add_fields(writer, trace, trace_fields)
        writer.end_line()
    end
end

-- A row for each node of each group, and for what its paths waited for; a group without any has one row.
local function write_groups(report, writer)
    writer.add(report.by)
    add_names(writer, group_trace_fields, "traces_")
    add_names(writer, quantile_fields, "makespan_")
    add_node_heading(writer)
    writer.end_line()
    for _, group in ipairs(report.groups) do
        local waits, node_count = path_rows(group.traces), #group.nodes
        for index = 1, math.max(1, node_count + #waits) do
            writer.add(group.key)
            add_fields(writer, group.traces, group_trace_fields)
            add_fields(writer, group.traces.makespan, quantile_fields)
            local node = group.nodes[index]
            if node then
                add_node(writer, node)
            elseif waits[index - node_count] then
                add_path_row(writer, waits[index - node_count])
            end
            writer.end_line()
        end
    end
end

---@param report tracereel.timing_report
---@param write fun(...: string)
return function(report, write)
    local write_rows = report.grouping and write_groups or report.by == "trace" and write_traces or write_nodes
    write_rows(report, new_writer(write))
end
