-- One record as one line for a person.
local node_names = require "tracereel.log.node_names"
local output = require "tracereel.cli.output"
local provenance = require "tracereel.render.provenance"
local record_types = require "tracereel.log.record_types"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"
local zone = require "tracereel.cli.zone"

local record_line = {}

-- What is shown of a record whose type gives these fields a meaning, in this order.
local shown = {
    { "iteration", function(rec)
        return ("iteration %d"):format(rec.iteration)
    end },
    { "output", function(rec)
        return (rec.output_size ~= 0 or rec.output_offset ~= 0)
            and ("%d bytes at %s"):format(rec.output_size, tracereel.unsigned(rec.output_offset))
    end },
    { "message", function(rec)
        return rec.error_message and text.clean(rec.error_message) or "(no message)"
    end },
    { "metadata", function(rec)
        return rec.metadata and text.clean(rec.metadata)
    end },
}

-- Types that catch the eye.
local styles = { node_error = "red", trace_complete = "green", trace_failed = "red", trace_suspended = "yellow",
    trace_resumed = "yellow" }

local type_columns = 0
for _, name in ipairs(tracereel.types) do
    type_columns = math.max(type_columns, #name)
end

local type_form = ("%%-%ds"):format(type_columns)

-- Fields with a value where the type gives them no meaning, shown with --full.
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

---The fields that mean something in a record of its type, for a person; "" where there are none.
function record_line.details(rec)
    local meanings, parts = record_types.meanings[rec.type], {}
    for _, one in ipairs(shown) do
        parts[#parts + 1] = meanings[one[1]] and one[2](rec) or nil
    end
    return table.concat(parts, ", ")
end

---The same, after what is said before all else of a record.
function record_line.what(rec)
    return marks(rec) .. record_line.details(rec)
end

-- Beyond it a name is cut, so that there is room for what the record says.
local max_node_columns = 24

local function node_text(rec, label)
    local node = record_types.node_of(rec)
    return node and label(node) or "-"
end

local function full_line(rec)
    return ("%s %s:%d %s %s %s %s%s"):format(zone.time(rec.timestamp_ns), tracereel.unsigned(rec.sequence),
        rec.offset, type_form:format(rec.type), node_text(rec, node_names.label), rec.trace_id, marks(rec),
        all_fields(rec))
end

local function short_writer()
    local columns = output.data_columns()
    local last_date
    local node_columns, label = node_names.column(max_node_columns)
    -- Numbers stand to the right, names to the left.
    local pad = node_columns > 0 and text.pad_right or text.pad_left
    node_columns = math.max(node_columns, 3)
    return function(rec)
        local time = zone.time(rec.timestamp_ns)
        local date, shown_zone = time:match("^(%d+%-%d+%-%d+)T[%d:.]+(.+)$")
        date = ("%s (%s)"):format(date, shown_zone == "Z" and "UTC" or shown_zone)
        if date ~= last_date then
            last_date = date
            output.line(output.paint("dim", "-- " .. date))
        end
        local place = ("%s:%d"):format(tracereel.unsigned(rec.sequence), rec.offset)
        local start = ("%s %-9s "):format(time:match("T([%d:]+%.%d%d%d%d%d%d)"), place)
        local node = node_text(rec, label)
        local middle = (" %s %s "):format(pad(node, math.max(node_columns, text.width(node))), rec.trace_id:sub(1, 8))
        local used = #start + type_columns + text.width(middle)
        local what = text.cut(record_line.what(rec), math.max(columns - used, 8))
        local line = start .. output.paint(styles[rec.type], type_form:format(rec.type)) .. middle .. what
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
