-- The counts of `tracereel dump --stats`.
local logs = require "tracereel.cli.logs"
local node_names = require "tracereel.log.node_names"
local output = require "tracereel.cli.output"
local record_types = require "tracereel.log.record_types"
local render_table = require "tracereel.render.table"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"
local zone = require "tracereel.cli.zone"

local record_stats = {}

-- Empty or not, these are objects in JSON.
local function as_json_object(counts)
    return setmetatable(counts, { __jsontype = "object" })
end

local function as_object(state, log)
    local read = log:stats()
    local nodes = {}
    for node, count in units.sorted(state.nodes) do
        nodes[tostring(node)] = count
    end
    return {
        records = state.records,
        bytes = state.bytes,
        types = as_json_object(state.types),
        nodes = as_json_object(nodes),
        first_time = state.first_ns and tracereel.time(state.first_ns) or tracereel.null,
        last_time = state.last_ns and tracereel.time(state.last_ns) or tracereel.null,
        segments = #log.segments,
        gaps = read.gaps,
        gap_bytes = read.gap_bytes,
        violations = as_json_object(read.violations),
        damaged = read.damaged,
        open_traces = read.open_traces,
    }
end

local function write_counts(title, counts, label)
    local rows = {}
    for name, count in units.sorted(counts) do
        rows[#rows + 1] = { "  " .. (label and label(math.tointeger(name)) or name), count }
    end
    if #rows > 0 then
        output.write(title, "\n", render_table(rows))
    end
end

local function present(counts)
    local met = {}
    for name, count in pairs(counts) do
        met[name] = count > 0 and count or nil
    end
    return met
end

local function write_text(object, state)
    output.line(("%d records, %d bytes, %d segments"):format(object.records, object.bytes, object.segments))
    if object.records > 0 then
        output.line(("from %s\nto   %s  (%s)"):format(zone.time(state.first_ns), zone.time(state.last_ns),
            units.span(state.first_ns, state.last_ns)))
    end
    write_counts("types", object.types)
    write_counts("nodes", object.nodes, node_names.label)
    write_counts("gaps", present(object.gaps))
    write_counts("violations", object.violations)
    output.line(("%d traces open at the end%s"):format(object.open_traces, object.damaged and "; damaged" or ""))
end

---Gathers records by `add`; `write` shows what was gathered.
function record_stats.new()
    local state = { records = 0, bytes = 0, types = {}, nodes = {} }
    local types, nodes, meanings = state.types, state.nodes, record_types.meanings
    return {
        add = function(rec)
            local time, type_name = rec.timestamp_ns, rec.type
            state.records = state.records + 1
            state.bytes = state.bytes + #rec
            types[type_name] = (types[type_name] or 0) + 1
            if meanings[type_name].node then
                local node = rec.node_id
                nodes[node] = (nodes[node] or 0) + 1
            end
            if not state.first_ns or math.ult(time, state.first_ns) then
                state.first_ns = time
            end
            if not state.last_ns or math.ult(state.last_ns, time) then
                state.last_ns = time
            end
        end,
        write = function(log, context, is_json)
            local object = as_object(state, log)
            if is_json then
                output.line(logs.with_log(context, tracereel.json(object)))
            else
                write_text(object, state)
            end
        end,
    }
end

return record_stats
