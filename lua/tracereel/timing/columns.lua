-- The columns of a timing report's nodes, each a row of one table, from which follow the text, the CSV, the HTML page,
-- the keys of --sort and the tables of the docs.

---@class tracereel.timing_column
---@field field string of a node in the report; with `of` a field of that part of it
---@field of string|nil a distribution of the node, or its `worst`
---@field kind string how a value is read and written; the views have a table of what to do by kind
---@field sort string|nil its key for --sort, by which the largest come first
---@field csv integer|nil its place among the columns of --csv; other programs count on it: a new one comes last
---@field text tracereel.timing_text_column|nil where the text shows it
---@field page tracereel.timing_page_column|nil where the page shows it
---@field hint string|nil what it means, on the page
---@field rests_on_starts boolean|nil a sum whose times begin with attempts' starts, which can be estimated

---@class tracereel.timing_text_column
---@field section "run"|"shares"|"critical"|"trouble"|"kinds"|"left_out"|"loops"
---@field title string
---@field width integer
---@field grows boolean|nil takes up to 30 of the columns beyond 80
---@field is_wide boolean|nil only where there are 24 columns to spare
---@field left boolean|nil

---@class tracereel.timing_page_column
---@field title string
---@field class string|nil of CSS
---@field is_extra boolean|nil shown on demand

local columns = {}

-- The text and the page show them in this order; the page its extra ones last.
---@type tracereel.timing_column[]
columns.list = {
    { field = "id", kind = "node", sort = "id", csv = 1, page = { title = "Node", class = "node" } },
    { field = "name", kind = "name", csv = 2 },

    { field = "count", kind = "count", sort = "count", csv = 3, hint = "attempts that ended with node_done",
        page = { title = "Done" } },
    { of = "run", field = "count", kind = "count", csv = 41, text = { section = "run", title = "COUNT", width = 7 } },
    { field = "error_count", kind = "count", sort = "errors", csv = 4, hint = "attempts that ended with node_error",
        text = { section = "trouble", title = "ERRORS", width = 8 }, page = { title = "Errors", class = "errors" } },
    { field = "retry_count", kind = "count", sort = "retries", csv = 5,
        hint = "attempts after one of the same trace that failed",
        text = { section = "trouble", title = "RETRIES", width = 8 }, page = { title = "Retries" } },

    { kind = "busy", hint = "runs and failed attempts together", page = { title = "Busy", class = "busy" } },
    { field = "total_ns", kind = "sum", sort = "total", csv = 10,
        text = { section = "shares", title = "TOTAL", width = 7 } },
    { kind = "total_share", text = { section = "shares", title = "SHARE", width = 6 } },
    { kind = "part_bar", text = { section = "shares", title = "", width = 18, grows = true, left = true } },
    { field = "queue_ns", kind = "sum", sort = "queue", csv = 12, hint = "sum: ready but not started",
        page = { title = "Queue" } },
    { field = "queue_share", kind = "share", csv = 18, text = { section = "shares", title = "QUEUE", width = 6 } },
    { field = "run_share", kind = "share", csv = 17, text = { section = "shares", title = "RUN", width = 6 } },
    { field = "suspended_ns", kind = "sum", sort = "suspended", csv = 13,
        hint = "sum: waiting for a person or a hook", page = { title = "Suspended" } },
    { field = "suspended_share", kind = "share", csv = 19, text = { section = "shares", title = "SUSP", width = 6 } },
    { field = "retry_share", kind = "share", csv = 20, text = { section = "shares", title = "RETRY", width = 6 } },
    { field = "loop_share", kind = "share", csv = 21 },

    { of = "run", field = "min_ns", kind = "time", sort = "min", csv = 23, hint = "the shortest run, exact",
        text = { section = "run", title = "MIN", width = 7, is_wide = true },
        page = { title = "min", is_extra = true } },
    { of = "run", field = "mean_ns", kind = "time", sort = "mean", csv = 24, hint = "of the runs, exact",
        text = { section = "run", title = "MEAN", width = 7 }, page = { title = "mean", is_extra = true } },
    { of = "run", field = "p50_ns", kind = "time", sort = "p50", csv = 25, hint = "half of the runs took no longer",
        text = { section = "run", title = "P50", width = 7 }, page = { title = "p50" } },
    { of = "run", field = "p90_ns", kind = "time", sort = "p90", csv = 26, hint = "90 % of the runs took no longer",
        text = { section = "run", title = "P90", width = 7 }, page = { title = "p90", is_extra = true } },
    { of = "run", field = "p95_ns", kind = "time", sort = "p95", csv = 27, hint = "95 % of the runs took no longer",
        text = { section = "run", title = "P95", width = 7, is_wide = true }, page = { title = "p95" } },
    { of = "run", field = "p99_ns", kind = "time", sort = "p99", csv = 28, hint = "99 % of the runs took no longer",
        text = { section = "run", title = "P99", width = 7 }, page = { title = "p99" } },
    { of = "run", field = "p999_ns", kind = "time", sort = "p99.9", csv = 29,
        hint = "99.9 % of the runs took no longer",
        text = { section = "run", title = "P99.9", width = 7, is_wide = true },
        page = { title = "p99.9", is_extra = true } },
    { of = "run", field = "max_ns", kind = "time", sort = "max", csv = 30, hint = "the longest run, exact",
        text = { section = "run", title = "MAX", width = 7 }, page = { title = "max" } },
    { kind = "distribution", text = { section = "run", title = "", width = 10, grows = true, left = true } },

    { field = "critical_ns", kind = "sum", sort = "critical", csv = 16 },
    { field = "critical_share", kind = "share", csv = 22, hint = "share of all critical paths in which this node ran",
        text = { section = "critical", title = "ON PATH", width = 7 }, page = { title = "Critical path" } },
    { kind = "critical_bar", text = { section = "critical", title = "", width = 10, grows = true, left = true } },
    { field = "critical_wait_ns", kind = "sum", sort = "path-wait", csv = 42 },
    { field = "critical_wait_share", kind = "share", csv = 43,
        hint = "share of all critical paths that waited for this node to start, or in it",
        text = { section = "critical", title = "WAITED", width = 6 },
        page = { title = "Path waited", is_extra = true } },
    { field = "critical_count", kind = "count", text = { section = "critical", title = "TIMES", width = 7 } },

    { field = "run_ns", kind = "sum", sort = "run", csv = 11, hint = "sum of the runs", rests_on_starts = true,
        page = { title = "Run", is_extra = true } },
    { field = "retry_ns", kind = "sum", sort = "retry", csv = 14, hint = "sum of the attempts that failed",
        rests_on_starts = true, text = { section = "trouble", title = "LOST TO RETRY", width = 13 },
        page = { title = "Failed", is_extra = true } },
    { field = "loop_ns", kind = "sum", sort = "loop", csv = 15,
        hint = "sum of iterations; contains the time of other nodes", page = { title = "Loop", is_extra = true } },
    { of = "slack", field = "p50_ns", kind = "time", csv = 31,
        hint = "how much later attempts off the path could have ended",
        text = { section = "critical", title = "SLACK50", width = 7 },
        page = { title = "Slack p50", is_extra = true } },
    { of = "worst", field = "run_ns", kind = "time", csv = 35,
        text = { section = "critical", title = "WORST", width = 7 } },
    { of = "worst", field = "trace_id", kind = "trace", csv = 34,
        hint = "trace with the longest run; for tracereel show",
        text = { section = "critical", title = "IN TRACE", width = 13, left = true },
        page = { title = "Slowest run in" } },

    { field = "unfinished_count", kind = "count", csv = 6,
        hint = "attempts that never ended or began before the log: in no sum",
        text = { section = "trouble", title = "UNFINISHED", width = 10 },
        page = { title = "Unfinished", is_extra = true } },
    { field = "failed_count", kind = "count", csv = 44 },
    { field = "exact_count", kind = "count", csv = 7,
        text = { section = "left_out", title = "EXACT", width = 8 } },
    { field = "estimated_count", kind = "count", csv = 8,
        hint = "attempts whose start was not written and was estimated",
        page = { title = "Estimated", is_extra = true } },
    { field = "left_out_count", kind = "count", csv = 40,
        hint = "of the estimated, those left out of all times: the node has exact ones",
        text = { section = "left_out", title = "LEFT OUT", width = 8 },
        page = { title = "Left out", is_extra = true } },
    { field = "clock_step_count", kind = "count", csv = 9,
        text = { section = "trouble", title = "CLOCK STEPS", width = 11 } },

    { field = "timed_out_count", kind = "count", csv = 36, hint = "of the errors, those that the source calls so",
        text = { section = "kinds", title = "TIMED OUT", width = 10 } },
    { field = "cancelled_count", kind = "count", csv = 37,
        text = { section = "kinds", title = "CANCELLED", width = 10 } },
    { field = "terminated_count", kind = "count", csv = 38,
        text = { section = "kinds", title = "TERMINATED", width = 10 } },
    { field = "hidden_count", kind = "count", csv = 39,
        hint = "attempts that the source counts and does not show; they are among the retries",
        text = { section = "kinds", title = "HIDDEN", width = 8 } },

    { of = "iteration", field = "count", kind = "count", csv = 32,
        text = { section = "loops", title = "COUNT", width = 6 } },
    { of = "iteration", field = "mean_ns", kind = "time", csv = 33 },
    { of = "iteration", field = "sum_ns", kind = "time", text = { section = "loops", title = "TOTAL", width = 7 } },
    { of = "iteration", field = "p50_ns", kind = "time", text = { section = "loops", title = "P50", width = 7 } },
    { of = "iteration", field = "p99_ns", kind = "time", text = { section = "loops", title = "P99", width = 7 } },
    { field = "trend", kind = "trend", text = { section = "loops", title = "MEAN TREND", width = 32, left = true } },
}

---The name of a column in CSV, and in docs/timing.md: "retry_ns", "run_p50_ns".
---@param column tracereel.timing_column
function columns.name(column)
    return column.of and column.of .. "_" .. column.field or column.field
end

---Its value of a node as the report has it: nil where there was no longest run.
---@param column tracereel.timing_column
---@param node tracereel.timing_node
function columns.value(column, node)
    local part = node
    if column.of then
        part = node[column.of]
    end
    return part and part[column.field]
end

---The same to be shown: nil, too, of a distribution in which nothing was counted.
---@param column tracereel.timing_column
---@param node tracereel.timing_node
function columns.counted_value(column, node)
    local value = columns.value(column, node)
    if column.kind == "time" and column.of ~= "worst" and node[column.of].count == 0 then
        return nil
    end
    return value
end

---The columns for which `test` gives true, in order.
---@param test fun(column: tracereel.timing_column): any
---@return tracereel.timing_column[]
function columns.where(test)
    local chosen = {}
    for _, column in ipairs(columns.list) do
        if test(column) then
            chosen[#chosen + 1] = column
        end
    end
    return chosen
end

---Those of CSV, in their places.
function columns.of_csv()
    local chosen = columns.where(function(column)
        return column.csv
    end)
    table.sort(chosen, function(a, b)
        return a.csv < b.csv
    end)
    return chosen
end

return columns
