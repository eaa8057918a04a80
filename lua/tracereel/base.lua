-- What the modules below the public one use of it: what C gives (tracereel.core), and units of time. The public module
-- (api.lua) has more.
local core = require "tracereel.core"
local units = require "tracereel.util.units"

local base = {
    version = core.version,
    open = core.open,
    decode = core.decode,
    record = core.constructors(),
    histogram = core.histogram,
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

core.set_duration_parser(units.parse_duration)

return base
