-- The lists of `tracereel top`, each a table of rows: what its columns are, what stands in them, and by what they are
-- sorted. A row that belongs to a trace has its trace_id.
local node_names = require "tracereel.log.node_names"
local text = require "tracereel.util.text"
local trace_labels = require "tracereel.render.trace_labels"
local trace_times = require "tracereel.log.trace_times"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"

local views = {}

---@class tracereel.top_column
---@field title string
---@field show fun(row: table): string clean
---@field key fun(row: table): number|string
---@field is_number boolean|nil to the right, and the largest first

local function number_column(title, name)
    return { title = title, is_number = true, show = function(row)
        return ("%d"):format(row[name])
    end, key = function(row)
        return row[name]
    end }
end

local function duration_column(title, name)
    return { title = title, is_number = true, show = function(row)
        return row[name] and units.rounded_duration(row[name]) or "-"
    end, key = function(row)
        return row[name] or -1
    end }
end

local function text_column(title, show)
    return { title = title, show = show, key = show }
end

local function node_of(row)
    return node_names.label(row.node_id)
end

local function id_of(row)
    return row.trace_id:sub(1, 8)
end

local function time_of_day(ns)
    return (tracereel.time(ns):gsub("^[%d-]+T([%d:]+).*$", "%1"))
end

-- How long ago, by the log's clock.
local function age_ns(now_ns, ns)
    return math.ult(ns, now_ns) and now_ns - ns or 0
end

local node_columns = {
    text_column("NODE", node_of),
    number_column("RUNNING", "running"),
    number_column("WAITING", "waiting"),
    { title = "LOAD", is_number = true, show = function(row)
        return ("%.2f"):format(row.load)
    end, key = function(row)
        return row.load
    end },
    number_column("PER MIN", "per_minute"),
    number_column("DONE", "done"),
    number_column("ERRORS", "errors"),
    duration_column("P50", "p50_ns"),
    duration_column("P95", "p95_ns"),
}

local function node_rows(board, traces, now_ns)
    local rows = board:node_rows(traces, now_ns)
    for _, row in ipairs(rows) do
        row.node_id = row.id
        if not row.has_times then
            row.p50_ns, row.p95_ns = nil, nil
        end
    end
    return rows
end

local function status_of(row)
    return row.status
end

local trace_columns = {
    text_column("TRACE", id_of),
    text_column("STATUS", status_of),
    text_column("STARTED", function(row)
        return row.start_ns and time_of_day(row.start_ns) or "-"
    end),
    duration_column("AGE", "age_ns"),
    number_column("ERRORS", "errors"),
    text_column("WHERE IT STANDS", function(row)
        return row.stands
    end),
}

local function trace_rows(_, traces, now_ns)
    local rows = {}
    for index, trace in ipairs(traces) do
        local start_ns = trace_times.is_start_known(trace) and trace.start_ns or nil
        rows[index] = {
            trace_id = trace.id, status = trace_labels.status(trace), start_ns = start_ns,
            age_ns = start_ns and age_ns(now_ns, start_ns), errors = trace.error_count,
            stands = trace_labels.stands(trace, now_ns),
        }
    end
    return rows
end

local waiting_columns = {
    text_column("TRACE", id_of),
    text_column("NODE", node_of),
    duration_column("WAITING", "waiting_ns"),
    text_column("FOR", function(row)
        return row.waits_for
    end),
}

local function waiting_rows(_, traces, now_ns)
    local rows = {}
    for _, trace in ipairs(traces) do
        local suspension = trace.suspension
        if suspension then
            local since_ns = suspension.since_ns
            rows[#rows + 1] = {
                trace_id = trace.id, node_id = trace.suspended_at,
                waits_for = trace_labels.waits_for(suspension.metadata),
                waiting_ns = since_ns ~= 0 and age_ns(now_ns, since_ns) or nil,
            }
        end
    end
    return rows
end

local error_columns = {
    { title = "TIME", is_number = true, show = function(row)
        return time_of_day(row.timestamp_ns)
    end, key = function(row)
        return row.timestamp_ns
    end },
    text_column("NODE", node_of),
    text_column("TRACE", id_of),
    text_column("MESSAGE", function(row)
        return text.clean(row.message)
    end),
}

local function error_rows(board)
    return board:error_rows()
end

---In the order of their keys 1, 2, ...
---@type { name: string, columns: tracereel.top_column[], rows: function, sorted_by: integer, none: string }[]
views.all = {
    { name = "nodes", columns = node_columns, rows = node_rows, sorted_by = 4, none = "no node has run" },
    { name = "traces", columns = trace_columns, rows = trace_rows, sorted_by = 4, none = "no trace is open" },
    { name = "waiting", columns = waiting_columns, rows = waiting_rows, sorted_by = 3, none = "no trace waits" },
    { name = "errors", columns = error_columns, rows = error_rows, sorted_by = 1, none = "no errors" },
}

---Sorts rows by a column; rows that are equal there stay in an order of their own, the same each time.
---@param column tracereel.top_column
---@param is_reversed boolean
function views.sort(rows, column, is_reversed)
    local is_descending = (column.is_number or false) ~= is_reversed
    for index, row in ipairs(rows) do
        row.key, row.place = column.key(row), row.trace_id or ("%10d"):format(row.node_id)
        row.number = index
    end
    table.sort(rows, function(a, b)
        if a.key ~= b.key then
            if is_descending then
                return b.key < a.key
            end
            return a.key < b.key
        elseif a.place ~= b.place then
            return a.place < b.place
        end
        return a.number < b.number
    end)
end

---The rows in which a text is found, in whatever case; of all cells as they are shown, and of whole ids.
---@param columns tracereel.top_column[]
---@param wanted string
function views.filter(rows, columns, wanted)
    if wanted == "" then
        return rows
    end
    local found, lower = {}, wanted:lower()
    for _, row in ipairs(rows) do
        local cells = { row.trace_id or "" }
        for _, column in ipairs(columns) do
            cells[#cells + 1] = column.show(row)
        end
        if table.concat(cells, "\n"):lower():find(lower, 1, true) then
            found[#found + 1] = row
        end
    end
    return found
end

---The heading and the rows as clean lines: columns as wide as these rows need, the last one as it comes.
---@param columns tracereel.top_column[]
---@return string heading
---@return string[] lines
function views.lines(columns, rows)
    local widths = {}
    for index, column in ipairs(columns) do
        widths[index] = text.width(column.title)
        for _, row in ipairs(rows) do
            widths[index] = math.max(widths[index], text.width(column.show(row)))
        end
    end
    local function join(cell_of)
        local cells = {}
        for index, column in ipairs(columns) do
            local pad = column.is_number and text.pad_left or text.pad_right
            cells[index] = pad(cell_of(column), widths[index])
        end
        return (table.concat(cells, "  "):gsub(" +$", ""))
    end
    local heading, lines = join(function(column)
        return column.title
    end), {}
    for index, row in ipairs(rows) do
        lines[index] = join(function(column)
            return column.show(row)
        end)
    end
    return heading, lines
end

return views
