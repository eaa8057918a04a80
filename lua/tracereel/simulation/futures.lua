-- What becomes of one trace of a log when faults happen to it: each future is a simulation in memory, which the
-- scenario's goal judges.
local answers = require "tracereel.simulation.answers"
local failure = require "tracereel.util.failure"
local faults = require "tracereel.simulation.faults"
local tables = require "tracereel.util.tables"

local futures = {}

local Futures = {}
Futures.__index = Futures

---@param scenario table of simulation.load
---@param recording userdata of simulation.record
function futures.new(scenario, recording)
    local compiled, functions = scenario:prepared(recording)
    return setmetatable({
        scenario = scenario, recording = recording, compiled = compiled, arrivals = {},
        ask = answers.new(scenario.path, functions),
    }, Futures)
end

function Futures:probe(compiled, probe)
    return self.recording:probe(compiled, probe, self.ask)
end

-- When the trace arrives. Only where arrivals are drawn do all of them have to be gone through.
function Futures:arrival_ns(trace, seed)
    local rule = self.compiled.arrivals
    if not rule then
        return trace.start_ns
    elseif rule.kind == "fixed" then
        return self:first_start_ns() + (trace.number - 1) * rule.ns
    end
    local key = ("%d %d"):format(trace.index, seed)
    if not self.arrivals[key] then
        local bare = tables.changed(self.compiled, {
            seed = seed, faults = false, asks_events = false, limits = false, pools = false,
        })
        local _, _, records = self:probe(bare, { index = trace.index, number = trace.number })
        self.arrivals[key] = records[1].time_ns
    end
    return self.arrivals[key]
end

function Futures:first_start_ns()
    for index = 1, self.recording:stats().traces do
        local _, _, start_ns, is_left_out = self.recording:trace_at(index)
        if not is_left_out then
            return start_ns
        end
    end
end

-- What the goal says of the trace. One that the log does not know cannot have ended well.
function Futures:judge(trace, id)
    if not trace then
        return false
    end
    local called, answer = failure.xpcall(self.scenario.value.goal, trace)
    local where = ("goal, trace %s, in %s"):format(id, self.scenario.path)
    if not called then
        error(failure.is_mistake(answer) and failure.new("script", ("%s (%s)"):format(answer.message, where),
            answer.traceback) or answer, 0)
    elseif type(answer) ~= "boolean" then
        failure.raise("script", "%s: true or false expected, got %s", where, failure.got(answer))
    end
    return answer
end

---One future.
---@param trace { index: integer, number: integer, id: string, start_ns: integer }
---@param further_faults table[] compiled faults
---@param seed integer
---@param in_whole_log? boolean beside all other traces, and not alone
---@return { holds: boolean, key: string, records: table[] } futures with the same key are the same
function Futures:run(trace, further_faults, seed, in_whole_log)
    local compiled = tables.changed(self.compiled, {
        seed = seed, faults = faults.joined(self.compiled.faults or {}, further_faults),
    })
    local probe = { index = trace.index, number = trace.number }
    if not in_whole_log then
        probe.arrival_ns = self:arrival_ns(trace, seed)
    end
    local final, digest, records = self:probe(compiled, probe)
    local written = {}
    for number, record in ipairs(records) do
        written[number] = record.is_written and "w" or "-"
    end
    return { holds = self:judge(final, trace.id), key = table.concat(written) .. digest, records = records }
end

---The message with which a node fails.
---@param node_id integer
---@return string
function Futures:error_message(node_id)
    for _, rule in ipairs(self.compiled.nodes) do
        if rule.id == node_id then
            return rule.error
        end
    end
    return self.compiled.default and self.compiled.default.error or "simulated failure"
end

return futures
