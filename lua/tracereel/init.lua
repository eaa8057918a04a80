-- The module that `require "tracereel"` gives: the engine (tracereel.core, in C) and what is words and units.
-- Its types and texts for people: library/.
local arenas = require "tracereel.arenas"
local core = require "tracereel.core"
local flow = require "tracereel.flow"
local decision = require "tracereel.recovery.decision"
local provenance = require "tracereel.provenance"
local units = require "tracereel.units"

---@type tracereel
local tracereel = {
    version = core.version,
    open = core.open,
    decode = core.decode,
    record = core.constructors(),
    histogram = core.histogram,
    writer = core.writer,
    json = core.json,
    json_decode = core.json_decode,
    unsigned = core.unsigned,
    types = core.types,
    gap_classes = core.gap_classes,
    violations = core.violations,
    null = core.null,
    duration = units.duration,
    time = units.time,
    parse_duration = units.parse_duration,
    sorted = units.sorted,
    state = core.state,
    arenas = arenas.open,
    fail = decision.fail,
    complete = decision.complete,
    await = decision.await,
    hold = decision.hold,
    release = decision.release,
    resume_from = decision.resume_from,
    retry = decision.retry,
    restart = decision.restart,
}

function tracereel.script(path, arguments)
    return require("tracereel.loaded_script").new(path, arguments) -- which needs this module
end

function tracereel.timing(order, worst_count)
    local checked, problem = flow.check(order == nil and { nodes = { [0] = {} } } or order)
    if not checked then
        error("timing: " .. problem, 2)
    end
    return core.timing(checked, worst_count)
end

-- What is written in Lua tells of a wrong argument with the line of its caller, also in `return tracereel.retry(3)`.
for name, value in pairs(tracereel) do
    if type(value) == "function" and debug.getinfo(value, "S").what == "Lua" then
        tracereel[name] = core.framed(value)
    end
end

core.set_duration_parser(units.parse_duration)
core.set_plans_reader(function(text)
    return provenance.plans(text, core.json_decode)
end)

return tracereel
