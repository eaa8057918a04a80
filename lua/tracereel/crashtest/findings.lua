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

local function group_of(self, check, rec, described)
    local node = record_types.node_of(rec)
    local key = table.concat({ check, rec.type, tostring(node), described }, "\0")
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
