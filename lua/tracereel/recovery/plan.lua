-- The plan as a file: written so that the same input gives the same bytes, read so that an edited one is refused.
-- Every field: docs/recovery-plan.md.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local hex = require "tracereel.util.hex"
local identity = require "tracereel.recovery.identity"
local plan_view = require "tracereel.recovery.plan_view"
local proof = require "tracereel.recovery.proof"
local tables = require "tracereel.util.tables"
local tracereel = require "tracereel"
local view = require "tracereel.recovery.view"

local plan = { schema_version = 1 }

-- A plan in memory has the keys of the file, but `traces` are { entry, records }: the entry as the file has it, without
-- its records, which are userdata.

---One line of a plan's traces: a JSON object.
---@param one { entry: table, records: tracereel.rec[] }
function plan.trace_text(one)
    local records = {}
    for index, rec in ipairs(one.records) do
        records[index] = ('{"bytes":"%s","record":%s}'):format(hex.encode(rec:bytes()), rec:json())
    end
    -- The records' own JSON has their numbers exactly.
    return tracereel.json(one.entry):sub(1, -2) .. ',"records":[' .. table.concat(records, ",") .. "]}"
end

-- "selection" is only there where a plan is not about all open traces; "left_out" then names the others.
local header_keys = { "schema_version", "tool", "log", "script", "arguments", "trust", "selection", "damage",
    "time_ns" }
local known_keys = { id = true, summary = true, left_out = true, traces = true, sha256 = true }
for _, key in ipairs(header_keys) do
    known_keys[key] = true
end

---SHA-256 over what a plan is made from: its `id`.
function plan.id(header)
    local kept = {}
    for _, key in ipairs(header_keys) do
        kept[key] = header[key]
    end
    -- Where the log lies does not change what it is.
    kept.log = {}
    for key, value in pairs(header.log) do
        kept.log[key] = key ~= "path" and value or nil
    end
    return core.sha256(tracereel.json(kept))
end

local sha256_form = '"sha256":"%s"}\n'

---The bytes of a plan's file.
---@param self table
function plan.text(self)
    local lines = {}
    for _, key in ipairs(header_keys) do
        if self[key] ~= nil then
            lines[#lines + 1] = ('"%s":%s'):format(key, tracereel.json(self[key]))
        end
    end
    lines[#lines + 1] = ('"id":"%s"'):format(self.id)
    lines[#lines + 1] = '"summary":' .. tracereel.json(self.summary)
    if self.left_out then
        lines[#lines + 1] = '"left_out":' .. tracereel.json(self.left_out)
    end
    local traces = {}
    for index, one in ipairs(self.traces) do
        traces[index] = plan.trace_text(one)
    end
    lines[#lines + 1] = '"traces":[\n' .. table.concat(traces, ",\n") .. "\n]"
    local body = "{" .. table.concat(lines, ",\n") .. ",\n"
    return body .. sha256_form:format(core.sha256(body))
end

-- Decodes the records of a trace's object; the bytes count.
local function read_records(object)
    local records = {}
    for index, one in ipairs(type(object.records) == "table" and object.records or {}) do
        local bytes = type(one) == "table" and hex.decode(one.bytes)
        local rec, problem = tracereel.decode(bytes or "")
        if not rec or #rec ~= #bytes then
            return nil, ("record %d of trace %s is not a record: %s"):format(index, tostring(object.trace_id),
                not rec and problem or "bytes are left over")
        elseif rec.trace_id ~= object.trace_id then
            return nil, ("record %d of trace %s is of trace %s"):format(index, object.trace_id, rec.trace_id)
        end
        records[index] = rec
    end
    return records
end

local function read_traces(decoded)
    local traces = {}
    for index, object in ipairs(decoded.traces) do
        local records, problem = read_records(object)
        if not records then
            return nil, problem
        end
        object.records = nil
        local before, after = plan_view.from_plan(object.before), plan_view.from_plan(object.after)
        if not before or not after then
            return nil, ("trace %s: its state before or after is not one"):format(tostring(object.trace_id))
        end
        traces[index] = { entry = object, records = records, before = before, after = after }
    end
    return traces
end

-- The text's decoded object, when the text is whole and its own.
local function checked_object(text)
    local decoded, problem = tracereel.json_decode(text)
    if type(decoded) ~= "table" then
        return nil, "it is not a plan: " .. (problem or "no JSON object")
    elseif math.type(decoded.schema_version) ~= "integer" then
        return nil, "it is not a plan: it has no schema_version"
    elseif decoded.schema_version ~= plan.schema_version then
        return nil, ("it has schema version %d; this tracereel reads version %d"):format(decoded.schema_version,
            plan.schema_version)
    end
    local body, sum = text:match('^(.*\n)"sha256":"(%x+)"}\n$')
    if not body or core.sha256(body) ~= sum then
        return nil, "it was edited, or written only in part: its SHA-256 is not the one it names; make a new plan"
    end
    for key in tracereel.sorted(decoded) do
        if not known_keys[key] then
            return nil, ("it has an unknown key %s"):format(failure.name(key))
        end
    end
    return decoded
end

local function counts_of(traces)
    local changed, records = 0, 0
    for _, one in ipairs(traces) do
        changed = changed + (#one.records > 0 and 1 or 0)
        records = records + #one.records
    end
    return changed, records
end

local function parse(text)
    local decoded, problem = checked_object(text)
    if not decoded then
        return nil, problem
    elseif plan.id(decoded) ~= decoded.id then
        return nil, "its id is not the one of its contents"
    end
    local traces, traces_problem = read_traces(decoded)
    if not traces then
        return nil, traces_problem
    end
    decoded.traces = traces
    local changed, records = counts_of(traces)
    if decoded.summary.changed ~= changed or decoded.summary.records ~= records
        or (decoded.summary.left_out or 0) ~= #(decoded.left_out or {}) then
        return nil, "its summary is not the one of its traces"
    end
    return decoded
end

---Reads a plan from its text.
---@return table|nil plan
---@return string|nil problem one sentence, without the file's name
function plan.parse(text)
    -- A file with the right hash can still have anything in place of the fields, if somebody made it so.
    local called, decoded, problem = failure.pcall(parse, text)
    if not called then
        return nil, "its fields (log, summary, traces) are not those of a plan"
    end
    return decoded, problem
end

---Reads a plan's file.
---@return table|nil plan with { entry, records, before, after } under `traces`; before and after are views
---@return string|nil problem one sentence, without the file's name
---@return boolean|nil is_unreadable the file could not be read
function plan.read(path)
    local text, problem = files.read(path)
    if not text then
        return nil, failure.reason(problem), true
    end
    return plan.parse(text)
end

---Every record of a plan, in the order of writing.
---@return tracereel.rec[]
function plan.records(self)
    local records = {}
    for _, one in ipairs(self.traces) do
        table.move(one.records, 1, #one.records, #records + 1, records)
    end
    return records
end

---How many traces were open when the plan was made: those it is about, and those that it leaves out.
---@param self table
---@return integer
function plan.open_traces(self)
    return #self.traces + #(self.left_out or {})
end

---The handles of the plan's traces, in its order.
---@param self table
---@param traces tracereel.trace[] all open ones of the log
---@return tracereel.trace[]|nil
---@return string|nil problem
function plan.handles(self, traces)
    local is_left_out, handles = tables.set(self.left_out), {}
    for _, trace in ipairs(traces) do
        if not is_left_out[trace.id] then
            handles[#handles + 1] = trace
        end
    end
    if #traces ~= plan.open_traces(self) or #handles ~= #self.traces then
        return nil, ("the plan knows %d open traces, the log %d"):format(plan.open_traces(self), #traces)
    end
    for index, one in ipairs(self.traces) do
        if handles[index].id ~= one.entry.trace_id then
            return nil, ("trace %s is not open in the log, or not in the plan's order"):format(one.entry.trace_id)
        end
    end
    return handles
end

local function verify_trace(one, trace)
    local moved = view.difference(one.before, view.of(trace))
    if moved then
        return ("trace %s has moved on: %s"):format(trace.id, moved)
    end
    local _, difference = proof.prove(trace, one.records, one.after)
    return difference and ("trace %s: the records do not lead to the state after: %s"):format(trace.id, difference)
end

---Does a plan still hold for the log? The log is read to its end.
---@param self table from plan.read
---@param log tracereel.log not read yet
---@param originals table|nil segments that were repaired since, from repaired.originals
---@return boolean|nil holds
---@return string|nil problem one sentence
function plan.verify(self, log, originals)
    local traces = log:traces()
    local difference = identity.difference(self.log, log, originals)
    if difference then
        return nil, "the plan is for another log, or the log has changed since: " .. difference
    end
    local handles, unknown = plan.handles(self, traces)
    if not handles then
        return nil, unknown
    end
    for index, one in ipairs(self.traces) do
        local problem = verify_trace(one, handles[index])
        if problem then
            return nil, problem
        end
    end
    return true
end

return plan
