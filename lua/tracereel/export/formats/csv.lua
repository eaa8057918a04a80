-- Comma-separated values: a row for each attempt, in the form of RFC 4180, but with lines that end in a line feed.
local json_text = require "tracereel.export.json_text"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"

local csv = { place = 6, note = "one row per attempt" }

local columns = {
    "log", "trace_id", "pipeline", "trace_status", "tainted", "node_id", "node_name", "attempt", "outcome", "estimated",
    "start_ns", "end_ns", "run_ns", "suspended_ns", "error",
}

-- What only imported logs have.
local imported_columns = { "id", "instance", "resource", "scheduled_ns", "error_kind" }

local Csv = {}
Csv.__index = Csv

local function field(value)
    if value == nil then
        return ""
    elseif not value:find('[,"\r\n\x80-\xFF]') then
        return value
    end
    return text.csv_field(json_text.valid_utf8(value))
end

local function number(value)
    return value and tracereel.unsigned(value) or ""
end

-- Whether the first log is an imported one decides for all.
local function write_header(self)
    self.is_imported = self.context.is_imported()
    self.has_header = true
    local more = self.is_imported and "," .. table.concat(imported_columns, ",") or ""
    self.context.write(table.concat(columns, ","), more, "\n")
end

local function imported_fields(own_id, attempt)
    return "," .. table.concat({ own_id, field(attempt.instance), field(attempt.resource),
        number(attempt.scheduled_ns), field(attempt.kind) }, ",")
end

---@param trace_stats tracereel.export.stats
function Csv:trace(trace_stats)
    local trace, context = trace_stats.trace, self.context
    if not self.has_header then
        write_header(self)
    end
    local of_trace = table.concat({
        field(context.path), trace.id, field(context.pipeline_of(trace)),
        trace.held and "held" or context.status_of(trace), tostring(trace.tainted),
    }, ",")
    local own_id = self.is_imported and field(context.own_id(trace))
    for _, node in ipairs(trace_stats.nodes) do
        local of_node = ("%s,%s,%s,"):format(of_trace, number(node.id), field(context.node_name(node.id)))
        for _, attempt in ipairs(node.attempts) do
            local is_measured = not attempt.is_open and not attempt.is_cut
            context.write(of_node, number(attempt.number), ",", attempt.outcome,
                attempt.is_estimated and ",true," or ",false,",
                number(not attempt.is_cut and attempt.start_ns), ",", number(attempt.written_end_ns), ",",
                number(is_measured and attempt.duration_ns), ",", number(is_measured and attempt.suspended_ns), ",",
                field(attempt.error and attempt.error.message), own_id and imported_fields(own_id, attempt) or "", "\n")
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
