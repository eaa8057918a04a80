-- What a crash test has found, in groups: the same check, node, type of record and decision are one group.
local decision = require "tracereel.script.decision"
local record_types = require "tracereel.log.record_types"

local findings = {}

local Findings = {}
Findings.__index = Findings

function findings.new()
    return setmetatable({ by_key = {}, groups = {} }, Findings)
end

---What a decision is called in a group. Of the default: what the engine does now.
---@param chosen tracereel.decision
---@return string
function findings.describe(chosen)
    local described = decision.describe(chosen)
    return chosen.kind == "default" and ("%s (%s)"):format(described, chosen.action) or described
end

local function key_of(check, record_type, node, described)
    return table.concat({ check, record_type, tostring(node), described }, "\0")
end

local function group_of(self, check, rec, described)
    local node = record_types.node_of(rec)
    local key = key_of(check, rec.type, node, described)
    local group = self.by_key[key]
    if not group then
        group = { check = check, node = node, record_type = rec.type, decision = described, count = 0 }
        self.by_key[key] = group
        self.groups[#self.groups + 1] = group
    end
    return group
end

---Notes crash points at which a check did not hold.
---@param check string
---@param reason string
---@param point { number: integer, rec: tracereel.rec, trace_id: string, record_count: integer } the record after which
---  the crash came (its number from 1), and how many records the trace had by then
---@param described string the decision, as findings.describe gives it
---@param count? integer of crash points; 1 where not given
function Findings:add(check, reason, point, described, count)
    local rec = point.rec
    local group = group_of(self, check, rec, described)
    group.count = group.count + (count or 1)
    if group.first and point.record_count >= group.shortest.record_count then
        return
    end
    group.shortest = { number = point.number, trace_id = point.trace_id, segment = rec.segment, offset = rec.offset,
        reason = reason, record_count = point.record_count }
    group.first = group.first or group.shortest
end

-- Takes a group of a part of the same log that this one does not have yet, or adds it to that which it has.
local function join(self, key, group)
    local known = self.by_key[key]
    if not known then
        self.by_key[key] = group
        self.groups[#self.groups + 1] = group
        return
    end
    known.count = known.count + group.count
    if group.first.number < known.first.number then
        known.first = group.first
    end
    local shortest, other = known.shortest, group.shortest
    if other.record_count < shortest.record_count
        or other.record_count == shortest.record_count and other.number < shortest.number then
        known.shortest = other
    end
end

---What was found in parts of a log, none of which has a record of another: as if it was found in the whole.
---@param parts table[][] groups of each
function findings.joined(parts)
    local self = findings.new()
    for _, groups in ipairs(parts) do
        for _, group in ipairs(groups) do
            join(self, key_of(group.check, group.record_type, group.node, group.decision), group)
        end
    end
    local place = {}
    for index, group in ipairs(self.groups) do
        place[group] = index -- of two that begin at one record, and so come from one part, the first is the first there
    end
    table.sort(self.groups, function(a, b)
        if a.first.number ~= b.first.number then
            return a.first.number < b.first.number
        end
        return place[a] < place[b]
    end)
    return self
end

---All groups, those with the most crash points first.
function Findings:sorted()
    local place = {}
    for index, group in ipairs(self.groups) do
        place[group] = index
    end
    table.sort(self.groups, function(a, b)
        if a.count ~= b.count then
            return a.count > b.count
        end
        return place[a] < place[b]
    end)
    return self.groups
end

return findings
