-- The public module, to which init.lua adds `script`: what a script has under the name tracereel.
local arenas = require "tracereel.log.arenas"
local core = require "tracereel.core"
local decision = require "tracereel.script.decision"
local base = require "tracereel.base"
local beside = require "tracereel.flow.beside"
local failure = require "tracereel.util.failure"
local flow = require "tracereel.flow"
local merging = require "tracereel.util.merging"
local node_names = require "tracereel.log.node_names"
local provenance = require "tracereel.log.provenance"
local tables = require "tracereel.util.tables"
local timing_report = require "tracereel.timing.report"

---@type tracereel
local api = tables.joined(base, {
    arenas = arenas.open,
    fail = decision.fail,
    complete = decision.complete,
    merge = merging,
    await = decision.await,
    hold = decision.hold,
    release = decision.release,
    resume_from = decision.resume_from,
    retry = decision.retry,
    restart = decision.restart,
})

-- The flow that an open option means: of a file, the log's own where nothing is said, none.
local function flow_of(path, wanted)
    if wanted == nil then
        return beside.load(path)
    elseif type(wanted) == "string" then
        return (flow.for_logs(wanted, { path }))
    elseif wanted ~= false then
        failure.raise("argument", "open: flow is the path of a flow file, or false, got %s", failure.got(wanted))
    end
end

api.open = core.opener(function(log, path, options)
    local names = node_names.of_flow(flow_of(path, options and rawget(options, "flow")))
    if names then
        core.name_nodes(names, log)
    end
end)

function api.timing(order, worst_count)
    local report, problem = timing_report.new(order, worst_count)
    if not report then
        error("timing: " .. problem, 2)
    end
    return report
end

-- Functions written in Lua report a wrong argument with the line of their caller, even in `return tracereel.retry(3)`.
for name, value in pairs(api) do
    if type(value) == "function" and debug.getinfo(value, "S").what == "Lua" then
        api[name] = core.framed(value)
    end
end

core.set_plans_reader(function(text)
    return provenance.plans(text, core.json_decode)
end)

return api
