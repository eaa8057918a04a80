-- Recovery: what becomes of each open trace, decided by a script, compiled to records, and proven. Nothing is written.
-- The modules and the plan: docs/recovery-plan.md.
local tables = require "tracereel.tables"
local compiler = require "tracereel.recovery.compiler"
local core = require "tracereel.core"
local decision = require "tracereel.recovery.decision"
local failure = require "tracereel.failure"
local forecast = require "tracereel.recovery.forecast"
local metadata = require "tracereel.recovery.metadata"
local notes = require "tracereel.recovery.notes"
local plan = require "tracereel.recovery.plan"
local plan_view = require "tracereel.recovery.plan_view"
local proof = require "tracereel.recovery.proof"
local selection = require "tracereel.recovery.selection"
local settling = require "tracereel.recovery.settling"
local tracereel = require "tracereel"
local view = require "tracereel.recovery.view"
local identity = require "tracereel.recovery.identity"

local recovery = {}

local tainted_reason = "the log was damaged while this trace was open: what is known of it may not be so"

---Asks a script what becomes of a trace. A tainted one is held unless it is trusted or the script looked at
---`trace.tainted`. Raises what the script raises.
---@param recover fun(trace: tracereel.trace, default: tracereel.decision): tracereel.decision|nil
---@param trace tracereel.trace
---@param is_trusted boolean|nil
---@return tracereel.decision
---@return "script"|"default"|"tainted" source
function recovery.ask(recover, trace, is_trusted)
    local is_doubtful = trace.tainted and not is_trusted
    if is_doubtful then
        core.taint_was_read(trace) -- what handlers looked at before does not count
    end
    local default = decision.default(trace)
    local answer = recover and recover(trace, default)
    answer = answer == nil and default or answer
    local problem = decision.problem(answer)
    if problem then
        failure.raise("script", "recover: %s", problem)
    elseif is_doubtful and not core.taint_was_read(trace) then
        return decision.hold(tainted_reason), "tainted"
    elseif decision.is_plain_default(answer) then
        return answer, "default"
    end
    return answer, "script"
end

local function suspends(records)
    for _, rec in ipairs(records) do
        if rec.type == "trace_suspended" then
            return true
        end
    end
    return false
end

---A decision as records, proven. Of a decision that cannot be, nothing but the problem.
---@param trace tracereel.trace
---@param chosen tracereel.decision
---@param context { timestamp_ns: integer, provenance: table|nil }
---@return tracereel.rec[]|nil records
---@return table|string wanted the view that they lead to; or the problem
function recovery.compile(trace, chosen, context)
    local before = view.of(trace)
    local wanted, problem = view.wanted(before, chosen)
    if not wanted then
        return nil, problem
    end
    local records, no_way = compiler.compile(before, wanted, {
        trace_id = trace.id,
        timestamp_ns = context.timestamp_ns,
        decision = chosen,
        provenance = context.provenance,
    })
    if not records then
        return nil, no_way
    end
    if context.provenance and suspends(records) then
        wanted.suspension_metadata = metadata.with_provenance(wanted.suspension_metadata, context.provenance)
    end
    local _, difference = proof.prove(trace, records, wanted)
    if difference then
        failure.raise("refused", "trace %s: the records for %s do not lead where they should: %s", trace.id,
            decision.describe(chosen), difference)
    end
    return records, wanted
end

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

-- Decides for one trace; where the script fails, the trace is held and the error kept.
local function decide_one(run, trace)
    local called, chosen, source = pcall(recovery.ask, run.recover, trace, run.is_trusted[trace.id])
    local problem
    if called then
        local records, wanted = recovery.compile(trace, chosen, run)
        if records then
            return chosen, source, records, wanted
        end
        problem = wanted
    else
        run.check_stop(chosen)
        problem = failure.text(chosen)
    end
    local held = decision.hold("the script failed for this trace: " .. problem)
    local records, wanted = recovery.compile(trace, held, run)
    return held, "error", records, wanted, problem
end

local function entry_of(trace, chosen, source, records, problem, result, engine)
    local before = plan_view.to_plan(view.of(trace))
    return {
        trace_id = trace.id,
        tainted = trace.tainted,
        before = before,
        after = #records > 0 and plan_view.to_plan(result) or before,
        decision = decision.to_table(chosen),
        reason = chosen.reason or chosen.kind == "default" and engine.reason or "the script decided so",
        source = source,
        error = problem or tracereel.null,
    }
end

-- The view after the records, as the engine will see it.
local function after(trace, records)
    local state = tracereel.state()
    local result = state:put(trace)
    for _, rec in ipairs(records) do
        state:apply(rec)
    end
    return view.of(result)
end

local function plan_trace(run, trace)
    local chosen, source, records, wanted, problem = decide_one(run, trace)
    local before = view.of(trace)
    local result = #records > 0 and after(trace, records) or before
    local engine, outlook = forecast.of(trace)
    local entry = entry_of(trace, chosen, source, records, problem, result, engine)
    entry.notes = notes.of(chosen,
        { trace_id = trace.id, before = before, after = result, has_records = #records > 0 }, run.arenas)
    return { entry = entry, records = records, decision = chosen, wanted = wanted, trace = trace, engine = engine,
        outlook = outlook }
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
        settling.read(one, log, options.given or {})
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
        settling.check(recovery, self, log, script, options, run)
    end
    return self
end

---What becomes of every open trace of a log: a plan, proven and asked for a second time. Raises a failure of kind
---"refused" where the proof does not hold or the script does not settle.
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
        -- `recover` has required more: the plan's id, which its records carry, is of all that was loaded.
    end
end

return recovery
