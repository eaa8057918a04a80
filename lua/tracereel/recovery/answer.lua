-- What a script answers for one trace, and the records for it: asked, compiled, proven.
local compiler = require "tracereel.recovery.compiler"
local core = require "tracereel.core"
local decision = require "tracereel.script.decision"
local failure = require "tracereel.util.failure"
local metadata = require "tracereel.recovery.metadata"
local proof = require "tracereel.recovery.proof"
local view = require "tracereel.recovery.view"

local answer = {}

local tainted_reason = "the log was damaged while this trace was open: what is known of it may not be so"

---Asks a script what becomes of a trace. A tainted one is held unless it is trusted or the script looked at
---`trace.tainted`. Raises what the script raises.
---@param recover fun(trace: tracereel.trace, default: tracereel.decision): tracereel.decision|nil
---@param trace tracereel.trace
---@param is_trusted boolean|nil
---@return tracereel.decision
---@return "script"|"default"|"tainted" source
function answer.ask(recover, trace, is_trusted)
    local is_doubtful = trace.tainted and not is_trusted
    if is_doubtful then
        core.taint_was_read(trace) -- what handlers looked at before does not count
    end
    local default = decision.default(trace)
    local given = recover and recover(trace, default)
    given = given == nil and default or given
    local problem = decision.problem(given)
    if problem then
        failure.raise("script", "recover: %s", problem)
    elseif is_doubtful and not core.taint_was_read(trace) then
        return decision.hold(tainted_reason), "tainted"
    elseif decision.is_plain_default(given) then
        return given, "default"
    end
    return given, "script"
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
---@return table|string wanted the view that was wanted; or the problem
---@return table|nil reached the view that the records lead to
function answer.compile(trace, chosen, context)
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
    local reached, difference = proof.prove(trace, records, wanted)
    if not reached then
        failure.raise("refused", "trace %s: the records for %s do not lead where they should: %s", trace.id,
            decision.describe(chosen), difference)
    end
    return records, wanted, reached
end

return answer
