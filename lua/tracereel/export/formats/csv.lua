-- Comma-separated values: a row for each attempt, in the form of RFC 4180, but with lines that end in a line feed.
local layout = require "tracereel.export.layout"

local csv = { place = 6, note = "one row per attempt" }

local columns = {
    "log", "trace_id", "pipeline", "trace_status", "tainted", "node_id", "node_name", "attempt", "outcome", "estimated",
    "start_ns", "end_ns", "run_ns", "suspended_ns", "error",
}

-- What only imported logs have.
local imported_columns = { "id", "instance", "resource", "scheduled_ns", "error_kind" }

local Csv = {}
Csv.__index = Csv

local function row(...)
    return layout.new({ "log", "pipeline", "status", "trace", "node", "name", "attempt", "id" },
        { "csv", "log" }, ",", { "plain", "trace.id" }, ",", { "csv", "pipeline" }, ",", { "plain", "status" }, ",",
        { "plain", "trace.tainted" }, ",", { "plain", "node.id" }, ",", { "csv", "name" }, ",",
        { "plain", "attempt.number" }, ",", { "plain", "attempt.outcome" },
        { "if", "attempt.is_estimated", { ",true," }, { ",false," } },
        { "if", "attempt.is_cut", {}, { { "plain", "attempt.start_ns" } } }, ",",
        { "csv", "attempt.written_end_ns" }, ",",
        { "if", "attempt.is_cut", { "," },
            { { "csv", "attempt.duration_ns" }, ",", { "csv", "attempt.suspended_ns" } } }, ",",
        { "csv", "attempt.error_message" }, ...)
end

local fill_row = row "\n"
local fill_imported_row = row(",", { "csv", "id" }, ",", { "csv", "attempt.instance" }, ",",
    { "csv", "attempt.resource" }, ",", { "csv", "attempt.scheduled_ns" }, ",", { "csv", "attempt.kind" }, "\n")

-- Whether the first log is an imported one decides for all.
local function write_header(self)
    self.is_imported = self.context.is_imported()
    self.has_header = true
    local more = self.is_imported and "," .. table.concat(imported_columns, ",") or ""
    self.context.write(table.concat(columns, ","), more, "\n")
end

---@param trace_stats tracereel.export.stats
function Csv:trace(trace_stats)
    local trace, context = trace_stats.trace, self.context
    if not self.has_header then
        write_header(self)
    end
    local block, path, pipeline = context.block, context.path, context.pipeline_of(trace)
    local status = trace.held and "held" or context.status_of(trace)
    local own_id = self.is_imported and context.own_id(trace) or nil
    local fill = self.is_imported and fill_imported_row or fill_row
    for _, node in ipairs(trace_stats.nodes) do
        local name = context.node_name(node.id)
        for _, attempt in ipairs(node.attempts) do
            fill(block, path, pipeline, status, trace, node, name, attempt, own_id)
        end
    end
end

function Csv:finish()
    if not self.has_header then
        write_header(self)
    end
end

function csv.new(context)
    return setmetatable({ context = context }, Csv)
end

return csv
