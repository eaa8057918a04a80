-- What the modules below the public one use of it: what C gives (tracereel.core), and units of time. The public module
-- (api.lua) has more.
local core = require "tracereel.core"
local listed_logs = require "tracereel.util.listed_logs"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"

local base = {
    version = core.version,
    decode = core.decode,
    fields = core.fields,
    record = core.constructors(),
    histogram = core.histogram,
    count_by = core.framed(core.count_by),
    sum_by = core.framed(core.sum_by),
    histogram_by = core.framed(core.histogram_by),
    top_by = core.framed(core.top_by),
    first_by = core.framed(core.first_by),
    last_by = core.framed(core.last_by),
    writer = core.writer,
    json = core.json,
    json_decode = core.json_decode,
    unsigned = core.unsigned,
    trace_id_of = core.trace_id_of,
    types = core.types,
    gap_classes = core.gap_classes,
    violations = core.violations,
    null = core.null,
    duration = units.duration,
    time = units.time,
    parse_duration = units.parse_duration,
    sorted = units.sorted,
    state = core.state,
}

---As tracereel.open, but it knows which logs are lists of segments.
---@param path string
---@param options? tracereel.open_options
---@return tracereel.log
function base.open(path, options)
    return core.open(path, listed_logs.has(path) and tables.joined(options or {}, { listed = true }) or options)
end

core.set_duration_parser(units.parse_duration)

return base
