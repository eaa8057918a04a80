-- What `tracereel run --new` writes: a script that has a handler for each type that a log contains.
local record_types = require "tracereel.log.record_types"
local tracereel = require "tracereel"

local starter = {}

-- Hints for types of which more is to say than which fields mean something.
local fields_of = {
    trace_start = { "rec.metadata: what the trace was started with, or nil" },
    node_done = { "It names what it looks at, and gets the values: faster, for what comes often. Others:",
        "output_offset, output_size, schema_hash; node.estimated, node.attempts; trace.status; rec, trace." },
    node_error = { "rec.node_id, rec.error_message (nil where there is none)" },
    trace_complete = { "trace.duration_ns, trace.nodes, trace.errors: the trace's final state" },
    trace_failed = { "rec.error_message (nil where there is none); trace: its final state" },
    trace_suspended = { "rec.node_id; trace.suspension.decoded: who is waited for, and how long" },
    trace_resumed = { "trace.suspensions: how long it has waited" },
    checkpoint = { "rec.metadata; trace is often nil here" },
    loop_iteration = { "rec.node_id: the loop; rec.iteration" },
    loop_exit = { "rec.node_id: the loop; rec.iteration" },
}

local function fields_by_meaning(type_name)
    local means, names = record_types.meanings[type_name], {}
    for _, one in ipairs { { "node", "rec.node_id" }, { "output", "rec.output_offset, rec.output_size" },
        { "iteration", "rec.iteration" }, { "message", "rec.error_message" }, { "metadata", "rec.metadata" } } do
        names[#names + 1] = means[one[1]] and one[2] or nil
    end
    return #names > 0 and { table.concat(names, ", ") } or {}
end

local bodies = {
    node_done = [[
        count("node_done")
        if duration_ns and duration_ns > slow_ns then
            slow[#slow + 1] = { trace_id, node, tracereel.duration(duration_ns) }
        end
]],
    node_error = [[
        count(rec.type)
        last_error = rec.error_message or last_error
]],
}

-- Of handlers that name their fields: these, and the parameters for them.
local declared = {
    node_done = { '"trace_id", "node_id", "node.duration_ns"', "trace_id, node, duration_ns" },
}

local head = [[
-- A script for tracereel, written by `tracereel run --new`. Run it:
--     tracereel run %s LOG
--
-- Each handler is called with the record and its trace (rec, trace), after the record was applied to the trace, or with
-- the fields that it names. trace is nil where the record is of no open trace. Every record has: type, trace_id,
-- node_id, timestamp_ns, segment, offset.
local tracereel = require "tracereel"

local counts = {}
]]

local args_text = [[
    -- Given on the command line: --arg slow=250ms. Types: string, number, integer, boolean, duration.
    args = {
        slow = { type = "duration", default = "1s", help = "list nodes that took longer" },
    },

    start = function(args)
        slow_ns = args.slow
    end,
]]

local finish_head = [[
    -- What it returns is printed: a string as it is, an array of arrays as a table.
    finish = function()
        local rows = {}
        for type_name, number in tracereel.sorted(counts) do
            rows[#rows + 1] = { type_name, number }
        end]]

local function handler_text(type_name, count)
    local lines = { ("    -- %d in the log that this was written for."):format(count) }
    for _, field in ipairs(fields_of[type_name] or fields_by_meaning(type_name)) do
        lines[#lines + 1] = "    -- " .. field
    end
    local body, named = bodies[type_name] or "        count(rec.type)\n", declared[type_name]
    if named then
        lines[#lines + 1] = ("    %s = tracereel.fields(%s, function(%s)\n%s    end),\n"):format(type_name, named[1],
            named[2], body)
    else
        lines[#lines + 1] = ("    %s = function(rec)\n%s    end,\n"):format(type_name, body)
    end
    return table.concat(lines, "\n")
end

local function finish_text(counts)
    local lines = { finish_head }
    if counts.node_done then
        lines[#lines + 1] = "        for _, row in ipairs(slow) do\n            rows[#rows + 1] = row\n        end"
    end
    if counts.node_error then
        lines[#lines + 1] = '        rows[#rows + 1] = { "last error", last_error or "none" }'
    end
    lines[#lines + 1] = "        return rows\n    end,\n}\n"
    return table.concat(lines, "\n")
end

---The text of a script.
---@param file_name string
---@param counts table<string, integer> how many records of each type the log has
---@return string
function starter.text(file_name, counts)
    local parts = { head:format(file_name) }
    if counts.node_done then
        parts[#parts + 1] = "local slow = {}\nlocal slow_ns\n"
    end
    if counts.node_error then
        parts[#parts + 1] = "local last_error\n"
    end
    if next(counts) then
        parts[#parts + 1] = "\nlocal function count(name)\n    counts[name] = (counts[name] or 0) + 1\nend\n"
    end
    parts[#parts + 1] = ("\nreturn {\n    api = 1,\n    summary = \"%s\",\n\n"):format("counts of each type of record")
    if counts.node_done then
        parts[#parts + 1] = args_text .. "\n"
    end
    for _, type_name in ipairs(tracereel.types) do
        if counts[type_name] then
            parts[#parts + 1] = handler_text(type_name, counts[type_name]) .. "\n"
        end
    end
    parts[#parts + 1] = finish_text(counts)
    return table.concat(parts)
end

return starter
