-- Recovery: what becomes of each open trace, decided by a script, compiled to records, and proven. Nothing is written.
-- The modules and the plan: docs/recovery-plan.md.
local answer = require "tracereel.recovery.answer"
local core = require "tracereel.core"
local decision = require "tracereel.script.decision"
local failure = require "tracereel.util.failure"
local forecast = require "tracereel.forecast"
local notes = require "tracereel.recovery.notes"
local plan = require "tracereel.recovery.plan"
local plan_view = require "tracereel.recovery.plan_view"
local selection = require "tracereel.recovery.selection"
local convergence = require "tracereel.recovery.convergence"
local tables = require "tracereel.util.tables"
local tracereel = require "tracereel"
local view = require "tracereel.recovery.view"
local identity = require "tracereel.recovery.identity"

local recovery = {}

local function marked_object(values)
    return setmetatable(values, { __jsontype = "object" })
end

local function damage_of(log)
    local damage = {}
    for index, gap in ipairs(log:gaps()) do
        damage[index] = { class = gap.class, damage = gap.damage, segment = gap.segment, offset_bytes = gap.offset,
            length_bytes = gap.length, detail = gap.detail }
    end
    return damage
end

local function copy_of(values)
    local copied = marked_object({})
    for key, value in pairs(values or {}) do
        copied[key] = value
    end
    return copied
end

-- The files that the script has loaded by `require` so far.
local function modules_of(script)
    return script and script.modules and script.modules() or {}
end

-- What the script is made from: the same, the same answers.
local function origin_of(one, script, options)
    local modules = modules_of(script)
    return {
        name = one.name,
        sha256 = core.sha256(options.script_text),
        modules = #modules > 0 and modules or nil,
    }
end

local function new_plan(log, one, script, options)
    local now_ns = log:stats().now_ns
    local self = {
        schema_version = plan.schema_version,
        tool = "tracereel " .. tracereel.version,
        -- What comes through a pipe cannot be looked at again.
        log = log.path == "-" and { path = log.path } or identity.of(log),
        script = one and origin_of(one, script, options) or tracereel.null,
        arguments = copy_of(options.given),
        trust = table.move(options.trust or {}, 1, #(options.trust or {}), 1, {}),
        selection = selection.of(options),
        damage = damage_of(log),
        time_ns = tracereel.unsigned(now_ns == -1 and now_ns or now_ns + 1),
        traces = {},
    }
    table.sort(self.trust)
    self.id = plan.id(self)
    return self
end

-- Decides for one trace: decision, source, records, wanted, reached. Where the script fails, the trace is held, and
-- `problem` is the error.
local function decide_one(run, trace)
    local called, chosen, source = failure.pcall(answer.ask, run.recover, trace, run.is_trusted[trace.id])
    local problem
    if called then
        local records, wanted, reached = answer.compile(trace, chosen, run)
        if records then
            return { decision = chosen, source = source, records = records, wanted = wanted, reached = reached }
        end
        problem = wanted
    else
        run.check_stop(chosen)
        failure.pass_on_io(chosen)
        problem = failure.text(chosen)
    end
    local held = decision.hold("the script failed for this trace: " .. problem)
    local records, wanted, reached = answer.compile(trace, held, run)
    return { decision = held, source = "error", records = records, wanted = wanted, reached = reached,
        problem = problem }
end

local function entry_of(trace, decided, engine)
    local before = plan_view.to_plan(view.of(trace))
    local chosen = decided.decision
    return {
        trace_id = trace.id,
        tainted = trace.tainted,
        before = before,
        after = #decided.records > 0 and plan_view.to_plan(decided.reached) or before,
        decision = decision.to_table(chosen),
        reason = chosen.reason or chosen.kind == "default" and engine.reason or "the script decided so",
        source = decided.source,
        error = decided.problem or tracereel.null,
    }
end

local function plan_trace(run, trace)
    local decided = decide_one(run, trace)
    local engine, outlook = forecast.of(trace)
    local entry = entry_of(trace, decided, engine)
    entry.notes = notes.of(decided.decision, { trace_id = trace.id, before = view.of(trace), after = decided.reached,
        has_records = #decided.records > 0 }, run.arenas)
    return { entry = entry, records = decided.records, decision = decided.decision, wanted = decided.wanted,
        trace = trace, engine = engine, outlook = outlook }
end

local function summary_of(planned, left_out)
    local summary = { traces = #planned, changed = 0, records = 0, held_for_errors = 0, decisions = marked_object({}),
        left_out = left_out and #left_out }
    for _, one in ipairs(planned) do
        local kind = one.decision.kind
        summary.records = summary.records + #one.records
        summary.changed = summary.changed + (#one.records > 0 and 1 or 0)
        summary.held_for_errors = summary.held_for_errors + (one.entry.source == "error" and 1 or 0)
        summary.decisions[kind] = (summary.decisions[kind] or 0) + 1
    end
    return summary
end

-- Asks for each trace that is meant, and keeps as many as a batch takes.
local function plan_traces(run, self, traces)
    local asked_for, left_out = selection.split(self.selection, traces)
    local planned = {}
    for index, trace in ipairs(asked_for) do
        planned[index] = plan_trace(run, trace)
    end
    self.traces = selection.batch(self.selection, planned, left_out)
    self.left_out = self.selection and left_out or nil
    self.summary = summary_of(self.traces, self.left_out)
end

local function decide(log, script, options)
    local one = script and script.load()
    if one then
        convergence.read(one, log, options.given or {})
    end
    local check_stop = options.check_stop or function() end
    local traces = log:traces()
    check_stop()
    local self = new_plan(log, one, script, options)
    local run = {
        recover = one and function(trace, default)
            return one:recover(trace, default)
        end,
        is_trusted = tables.set(options.trust),
        timestamp_ns = plan_view.parse_unsigned(self.time_ns),
        provenance = { plan = self.id, tool = self.tool },
        arenas = options.arenas,
        check_stop = check_stop,
    }
    plan_traces(run, self, traces)
    if one then
        convergence.check(self, log, script, options, run)
    end
    return self
end

---What becomes of every open trace of a log: a plan, proven and asked for a second time. Raises a failure of kind
---"refused" where the proof does not hold or the script does not converge.
---@param log tracereel.log not read yet
---@param script nil|{ load: fun(): table, modules: nil|fun(): table[] } makes a fresh script, ready to be started; and
--- what was loaded by `require` since the first of them
---@param options? { given: table, trust: string[], traces: string[]|nil, limit: integer|nil, arenas: string|nil,
---  script_text: string, check_stop: fun(problem: any) }
--- traces: whole ids, the plan is about these alone; limit: at most so many change; arenas: their directory, for notes
--- check_stop raises where a limit was reached or an interrupt came: what was read then is not the whole log
---@return table plan see plan.lua; its traces have `decision`, `wanted` and `trace` besides
function recovery.decide(log, script, options)
    while true do
        local self = decide(log, script, options or {})
        if not script or #modules_of(script) == #(self.script.modules or {}) then
            return self
        end
        -- `recover` has required more: decide again, as the plan's id, which its records carry, covers all modules.
    end
end

return recovery
