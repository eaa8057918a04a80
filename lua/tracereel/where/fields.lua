-- The fields that an expression can name: those of a record, of a trace and of a node, as scripts have them, and the
-- words that people say for some of them.
--
-- type      "text", "number", "unsigned" (64 bits), "time" and "duration" (nanoseconds, unsigned), "boolean", "list"
-- optional  it may be missing
-- choices   the only values that there are
-- of        of a list: the type of its items
-- lua       where it is not the object's field of that name: how it is read, with @ for the object
-- bare      of a time or duration that is called by its unit: it is compared with plain numbers, too
local base = require "tracereel.base"

local fields = {}

local trace_statuses = { "running", "suspended", "held", "complete", "failed" }
local outcomes = { "complete", "failed", "open", "continued", "cancelled", "timed_out", "terminated" }
local node_statuses = { "running", "done", "error", "suspended", "looping", "idle" }

local started = "H.start_of(@)"
local took = "H.duration_of(@)"
local node_took = "(@.end_ns and @.duration_ns)"

---@type table<string, table<string, table>>
local objects = {}

objects.trace = {
    id = { type = "text" },
    trace_id = { type = "text", lua = "@.id" },
    status = { type = "text", choices = trace_statuses, lua = '(@.held and "held" or @.status)' },
    outcome = { type = "text", choices = outcomes, lua = "H.outcome_of(@)" },
    open = { type = "boolean" },
    tainted = { type = "boolean" },
    from_snapshot = { type = "boolean" },
    closed_by_tracereel = { type = "boolean" },
    start_ns = { type = "time", bare = true, optional = true, lua = started },
    started = { type = "time", optional = true, lua = started },
    last_ns = { type = "time", bare = true },
    last = { type = "time", lua = "@.last_ns" },
    duration_ns = { type = "duration", bare = true, optional = true, lua = took },
    duration = { type = "duration", optional = true, lua = took },
    record_count = { type = "number" },
    error_count = { type = "number" },
    restart_count = { type = "number" },
    error = { type = "text", optional = true, lua = "H.last_error(@)" },
    errors = { type = "list", of = "text", lua = "H.messages(@.errors)" },
    metadata = { type = "text", optional = true, decoded = "@.metadata_table" },
    name = { type = "text", optional = true },
    text_id = { type = "text", optional = true },
    parent = { type = "text", optional = true },
    parent_node = { type = "number", optional = true },
    parent_instance = { type = "text", optional = true },
    held = { type = "text", optional = true },
    failed_nodes = { type = "list", of = "number" },
    started_nodes = { type = "list", of = "number" },
    violations = { type = "list", of = "text" },
    last_completed_node = { type = "number", optional = true },
    suspended_at = { type = "number", optional = true },
    suspension_metadata = { type = "text", optional = true },
}

objects.record = {
    type = { type = "text", choices = base.types },
    trace_id = { type = "text" },
    node_id = { type = "number" },
    node_name = { type = "text", optional = true },
    timestamp_ns = { type = "time", bare = true },
    time = { type = "time", lua = "@.timestamp_ns" },
    output_offset = { type = "unsigned" },
    output_size = { type = "unsigned" },
    schema_hash = { type = "unsigned" },
    iteration = { type = "number" },
    error_message = { type = "text", optional = true },
    error = { type = "text", optional = true, lua = "@.error_message" },
    metadata = { type = "text", optional = true, decoded = "H.decoded(@.metadata)" },
    segment = { type = "text", optional = true },
    sequence = { type = "unsigned", optional = true },
    offset = { type = "unsigned", optional = true },
    suspect = { type = "boolean" },
    by_tracereel = { type = "boolean" },
}

objects.node = {
    id = { type = "number" },
    name = { type = "text", optional = true },
    instance = { type = "text", optional = true },
    status = { type = "text", choices = node_statuses },
    start_ns = { type = "time", bare = true, optional = true },
    started_at = { type = "time", optional = true, lua = "@.start_ns" },
    end_ns = { type = "time", bare = true, optional = true },
    ended_by = { type = "text", optional = true },
    duration_ns = { type = "duration", bare = true, optional = true, lua = node_took },
    duration = { type = "duration", optional = true, lua = node_took },
    estimated = { type = "boolean" },
    error = { type = "text", optional = true },
    error_count = { type = "number" },
    attempt_count = { type = "number", lua = "H.count(@.attempts)" },
    loop_iterations = { type = "number" },
    last_iteration = { type = "number", optional = true },
    completed = { type = "boolean" },
    started = { type = "boolean" },
    output_offset = { type = "unsigned" },
    output_size = { type = "unsigned" },
    schema_hash = { type = "unsigned" },
}

---The fields of "record", "trace" or "node", by their names.
---@param object string
---@return table<string, table>
function fields.of(object)
    return objects[object]
end

return fields
