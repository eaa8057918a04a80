-- One record as one line for a person.
local output = require "tracereel.output"
local provenance = require "tracereel.render.provenance"
local text = require "tracereel.render.text"
local tracereel = require "tracereel"

local record_line = {}

local function message(rec)
    return rec.error_message and text.clean(rec.error_message) or "(no message)"
end

local function metadata(rec)
    return rec.metadata and text.clean(rec.metadata) or ""
end

local function iteration(rec)
    return ("iteration %d"):format(rec.iteration)
end

local function nothing()
    return ""
end

local function output_place(rec)
    if rec.output_size == 0 and rec.output_offset == 0 then
        return ""
    end
    return ("%d bytes at %s"):format(rec.output_size, tracereel.unsigned(rec.output_offset))
end

-- What matters of each type, whether it names a node, and its colour.
local forms = {
    trace_start = { what = metadata },
    node_start = { what = nothing, has_node = true },
    node_done = { what = output_place, has_node = true },
    node_error = { what = message, has_node = true, style = "red" },
    trace_complete = { what = nothing, style = "green" },
    trace_failed = { what = message, style = "red" },
    trace_suspended = { what = metadata, has_node = true, style = "yellow" },
    trace_resumed = { what = nothing, style = "yellow" },
    checkpoint = { what = metadata },
    loop_iteration = { what = iteration, has_node = true },
    loop_exit = { what = iteration, has_node = true },
}

-- Fields that stand where the type gives them no meaning, shown with --full.
local function all_fields(rec)
    local parts = {}
    for _, name in ipairs { "iteration", "output_offset", "output_size" } do
        if rec[name] ~= 0 then
            parts[#parts + 1] = ("%s=%s"):format(name, tracereel.unsigned(rec[name]))
        end
    end
    if rec.schema_hash ~= 0 then
        parts[#parts + 1] = ("schema_hash=%016x"):format(rec.schema_hash)
    end
    for _, name in ipairs { "error_message", "metadata" } do
        if rec[name] then
            parts[#parts + 1] = ("%s=%s"):format(name, text.clean(rec[name]))
        end
    end
    return table.concat(parts, " ")
end

-- What is said before all else of a record.
local function marks(rec)
    local written_by = provenance.words(rec)
    return (rec.suspect and "suspect " or "") .. (written_by ~= "" and ("[%s] "):format(written_by) or "")
end

---The fields that a person looks at first.
function record_line.what(rec)
    return marks(rec) .. forms[rec.type].what(rec)
end

---Does its type give node_id a meaning?
function record_line.has_node(rec)
    return forms[rec.type].has_node or false
end

local function node_text(rec)
    return forms[rec.type].has_node and ("%d"):format(rec.node_id) or "-"
end

local function full_line(rec)
    return ("%s %s:%d %-15s %s %s %s%s"):format(tracereel.time(rec.timestamp_ns), tracereel.unsigned(rec.sequence),
        rec.offset, rec.type, node_text(rec), rec.trace_id, marks(rec), all_fields(rec))
end

local function short_writer()
    local columns = output.data_columns()
    local last_date
    return function(rec)
        local time = tracereel.time(rec.timestamp_ns)
        local date = time:match("^%d+%-%d+%-%d+")
        if date ~= last_date then
            last_date = date
            output.line(output.paint("dim", ("-- %s (UTC)"):format(date)))
        end
        local place = ("%s:%d"):format(tracereel.unsigned(rec.sequence), rec.offset)
        local start = ("%s %-9s "):format(time:match("T([%d:]+%.%d%d%d%d%d%d)"), place)
        local middle = (" %3s %s "):format(node_text(rec), rec.trace_id:sub(1, 8))
        local used = #start + 15 + #middle
        local what = text.cut(record_line.what(rec), math.max(columns - used, 8))
        local line = start .. output.paint(forms[rec.type].style, ("%-15s"):format(rec.type)) .. middle .. what
        output.line((line:gsub(" +$", "")))
    end
end

---A function that writes records as lines.
---@param is_full boolean|nil whole texts, times and ids
---@return fun(rec: tracereel.rec)
function record_line.writer(is_full)
    if not is_full then
        return short_writer()
    end
    return function(rec)
        output.line((full_line(rec):gsub(" +$", "")))
    end
end

return record_line
