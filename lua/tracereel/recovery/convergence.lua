-- Does a script converge? Loaded afresh and asked again after its own records, it must want nothing more.
local answer = require "tracereel.recovery.answer"
local core = require "tracereel.core"
local decision = require "tracereel.script.decision"
local failure = require "tracereel.util.failure"
local record_types = require "tracereel.log.record_types"
local runner = require "tracereel.script.runner"
local script_arguments = require "tracereel.script.arguments"
local tables = require "tracereel.util.tables"
local tracereel = require "tracereel"

local convergence = {}

---Starts a script and reads a log through its handlers.
function convergence.read(one, log, given)
    script_arguments.check_given({ one }, given)
    runner.read({ one }, log, given, {})
end

local function contains(list_or_item, item)
    return list_or_item == item or type(list_or_item) == "table" and tables.contains(list_or_item, item)
end

-- Would the script's own filter let the record through?
local function passes(filter, rec)
    local node = record_types.node_of(rec)
    return (filter.types == nil or contains(filter.types, rec.type))
        and (filter.traces == nil or contains(filter.traces, rec.trace_id))
        and (filter.nodes == nil or node == nil or contains(filter.nodes, node))
        and (filter.since_ns == nil or not math.ult(rec.timestamp_ns, filter.since_ns))
        and (filter.until_ns == nil or math.ult(rec.timestamp_ns, filter.until_ns))
end

-- Applies a record as if the log had gone on, and calls the script's handlers with it.
local function go_on(one, state, rec)
    local trace, violations = state:apply(rec)
    if not passes(one.table, rec) then
        return
    end
    one:handle(rec.type, rec, trace)
    one:handle("record", rec, trace)
    for _, code in ipairs(violations) do
        one:handle("violation", rec, trace, code)
    end
end

-- The open traces after the plan's records, by id.
local function traces_after(self, one, log)
    local state, by_id = tracereel.state(), tables.by_id(log:traces())
    for _, planned in ipairs(self.traces) do
        if #planned.records > 0 then
            by_id[planned.entry.trace_id] = state:put(by_id[planned.entry.trace_id])
        end
    end
    for _, planned in ipairs(self.traces) do
        for _, rec in ipairs(planned.records) do
            go_on(one, state, rec)
        end
    end
    return by_id
end

local advice = "It was asked again as if its own records were in the log. A script converges if it decides from the "
    .. "trace alone. The usual reasons why one does not: it counts its decisions (--limit N limits their number), it "
    .. "gathers records and finds its own among them (trace.planned says what a plan has done to the trace), or it "
    .. "depends on the order or the time of records. See \"A script must converge\" in docs/recovery.md"

local function refuse(planned, second, records)
    local types = {}
    for index, rec in ipairs(records) do
        types[index] = rec.type
    end
    failure.raise("refused", "the script does not converge: for trace %s it first decides: %s; and asked again after "
        .. "that: %s (%s). %s", planned.entry.trace_id, decision.describe(planned.decision), decision.describe(second),
        table.concat(types, ", "), advice)
end

---Raises a failure of kind "refused" where the script wants more.
---@param self table the plan, with all its traces
---@param log tracereel.log
---@param script { load: fun(): table }
---@param options table of recovery.decide
---@param run table
function convergence.check(self, log, script, options, run)
    local one = script.load()
    convergence.read(one, log, options.given or {})
    core.set_script(1)
    run.check_stop()
    local by_id = traces_after(self, one, log)
    local function recover(trace, default)
        return one:recover(trace, default)
    end
    for _, planned in ipairs(self.traces) do
        local trace = by_id[planned.entry.trace_id]
        if not trace then
            failure.raise("refused", "trace %s is not open any more: the log has grown while it was read",
                planned.entry.trace_id)
        elseif trace.open and planned.entry.source ~= "error" then
            local asked, second = failure.pcall(answer.ask, recover, trace, run.is_trusted[trace.id])
            local records, problem
            if asked then
                records, problem = answer.compile(trace, second, run)
            else
                run.check_stop(second)
                failure.pass_on_io(second)
                problem = failure.text(second)
            end
            if not records then
                failure.raise("refused", "the script does not converge: for trace %s it first decides: %s; and asked "
                    .. "again: %s. %s", trace.id, decision.describe(planned.decision), problem, advice)
            elseif #records > 0 then
                refuse(planned, second, records)
            end
        end
    end
end

return convergence
