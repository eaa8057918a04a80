-- Which of those that had ended when a node was ready it depends on, and how sure that is: what ended last made it
-- ready; of the others it is only known that nothing contradicts.
local kinds = require "tracereel.flow.kinds"
local units = require "tracereel.util.units"

local dependence = {}

-- How sure a kind of edge is before its times are looked at; docs/flow-files.md has what public workflows gave.
local peer_confidence = 0.6 -- others that become ready as it does make the node ready
local unknown_confidence = 0.03 -- it made others ready, and never this one
local place_confidence = 0.01 -- it gave the node its place
local unlike_confidence = 0.01 -- others of their kinds speak against it

-- Of one that never made anything ready: it may be for each of those that come next.
local max_next_confidence, min_next_confidence = 0.5, 0.1

---@class tracereel.flow_evidence_of_edge
---@field kind "released"|"peer"|"next"|"unknown"|"unlike"|"place"
---@field traces integer in how many traces it made the node ready
---@field of integer in how many traces both were
---@field confidence number from 0 to 1

-- Of a node's candidates, those that had ended in each trace when it was ready. Of two at one time the first in the log
-- is before the other.
local function still_before(node, candidates, traces)
    local kept = {}
    for _, other in ipairs(candidates) do
        local is_before = true
        for _, trace in ipairs(traces) do
            local run, cause = trace.run_of[node], trace.run_of[other]
            if run and cause and not run.is_joined and not cause.is_joined and (cause.ended_ns > run.ready_ns
                or cause.ended_ns == run.ready_ns and cause.place > run.place) then
                is_before = false
                break
            end
        end
        kept[#kept + 1] = is_before and other or nil
    end
    return kept
end

-- Those of a node's candidates that ended last before it was ready; of several at one time those that no other of them
-- is before, since what takes no time can have become ready by the same.
local function releasing(run, candidates, trace, is_before)
    local latest_ns, latest = math.mininteger, {}
    for _, other in ipairs(candidates) do
        local cause = trace.run_of[other]
        if cause and cause.ended_ns > latest_ns then
            latest_ns, latest = cause.ended_ns, { other }
        elseif cause and cause.ended_ns == latest_ns then
            latest[#latest + 1] = other
        end
    end
    if #latest < 2 or run.is_joined then
        return latest
    end
    local first = {}
    for _, other in ipairs(latest) do
        local has_earlier = false
        for _, earlier in ipairs(latest) do
            has_earlier = has_earlier or is_before[other][earlier]
        end
        first[#first + 1] = not has_earlier and other or nil
    end
    return first
end

local Dependence = {}
Dependence.__index = Dependence

-- In how many traces each node made which ready. What was ready when its trace began came after nothing.
function Dependence:count_releases(traces)
    self.released, self.releases = {}, {}
    for node = 1, self.count do
        self.released[node] = {}
    end
    for _, trace in ipairs(traces) do
        for _, run in ipairs(trace) do
            if run.ready_ns > trace.begin_ns and not run.is_estimated and not run.is_unclear then
                for _, cause in ipairs(releasing(run, self.before[run.node], trace, self.is_before)) do
                    local counts = self.released[run.node]
                    counts[cause] = (counts[cause] or 0) + 1
                    self.releases[cause] = true
                end
            end
        end
    end
end

-- By node: a text that is the same for all of one type that the same nodes make ready, and one that is the same for all
-- of one type that any node makes ready, or none does.
function Dependence:find_peers()
    self.peers, self.kin = {}, {}
    for node = 1, self.count do
        local type_name, causes = self.type_of(node), units.keys(self.released[node])
        self.peers[node] = table.concat(causes, ",") .. " " .. (type_name or "")
        self.kin[node] = type_name and (#causes > 0 and "after " or "first ") .. type_name
    end
end

-- How many of each group, and of each type, make the node ready.
function Dependence:groups_releasing(node)
    local counts = {}
    for cause in pairs(self.released[node]) do
        local group, kin = self.peers[cause], self.kin[cause]
        counts[group] = (counts[group] or 0) + 1
        if kin then
            counts[kin] = (counts[kin] or 0) + 1
        end
    end
    return counts
end

-- Do at least two of its type, or that become ready as `other` does, make the node ready? Then it is by chance that it
-- never came last.
function Dependence:has_peers(other, releasing_peers)
    return (releasing_peers[self.peers[other]] or 0) >= 2
        or self.kin[other] ~= nil and (releasing_peers[self.kin[other]] or 0) >= 2
end

---What is known of all edges that nothing contradicts.
---@param traces table[][] of readiness.find
---@param node_count integer
---@param candidates_of fun(node: integer): integer[] those that had always ended when it began
---@param about { together: fun(a: integer, b: integer): integer, type_of: fun(node: integer): string|nil,
---is_worked_out: boolean } in how many traces both were; a node's type; whether the times at which nodes were ready are
---worked out, so that they contradict nothing
---@return integer[][] before by node: those that nothing contradicts
---@return table<integer, table<integer, tracereel.flow_evidence_of_edge>> edges by node, by the one before
function dependence.find(traces, node_count, candidates_of, about)
    local self = setmetatable({ count = node_count, together = about.together, type_of = about.type_of, before = {},
        is_before = {} }, Dependence)
    for node = 1, node_count do
        local before, is_before = still_before(node, candidates_of(node), traces), {}
        for _, other in ipairs(before) do
            is_before[other] = true
        end
        self.before[node], self.is_before[node] = before, is_before
    end
    self:count_releases(traces)
    self:find_peers()
    self.kinds = kinds.of(self.released, self.type_of)
    local edges = self:edges(traces)
    if not about.is_worked_out then
        return self.before, edges
    end
    local all = {}
    for node = 1, node_count do
        all[node] = candidates_of(node)
        for _, other in ipairs(all[node]) do
            edges[node][other] = edges[node][other] or { kind = "place", traces = 0, of = self.together(other, node),
                confidence = place_confidence }
        end
    end
    return all, edges
end

function Dependence:kind(node, other, releasing_peers)
    if self.released[node][other] then
        return "released"
    elseif self.kinds:speak_against(other, node) then
        return "unlike"
    elseif self:has_peers(other, releasing_peers) then
        return "peer"
    end
    return self.releases[other] and "unknown" or "next"
end

-- How probable it is that one which has nothing to do with a node had ended in all traces when that was ready: by how
-- much earlier it was and how that varied, taken as normal (by the logistic curve that is closest to it).
local function chance(node, other, traces)
    local count, sum, squares = 0, 0.0, 0.0
    for _, trace in ipairs(traces) do
        local run, cause = trace.run_of[node], trace.run_of[other]
        if run and cause then
            local margin_ns = run.ready_ns - cause.ended_ns + 0.0
            count, sum, squares = count + 1, sum + margin_ns, squares + margin_ns * margin_ns
        end
    end
    local mean = count > 0 and sum / count or 0
    local variance = count > 0 and squares / count - mean * mean or 0
    if variance <= 0 then
        return 1
    end
    return (1 / (1 + math.exp(-1.702 * mean / math.sqrt(variance)))) ^ count
end

-- How sure an edge is: of one that was seen to make its node ready by the rule of succession; of another what is known
-- before, and how little it would be chance.
local function confidence(edge, next_count, chance_of_order)
    if edge.kind == "released" then
        return (edge.traces + 1) / (edge.traces + 2)
    elseif edge.kind == "peer" then
        return peer_confidence
    elseif edge.kind == "unlike" then
        return unlike_confidence
    end
    local prior = edge.kind == "next" and math.max(min_next_confidence, max_next_confidence / next_count)
        or unknown_confidence
    return math.floor(1000 * prior / (prior + (1 - prior) * chance_of_order) + 0.5) / 1000
end

function Dependence:edges(traces)
    local edges, has_peer_edge, next_count = {}, {}, {}
    for node = 1, self.count do
        local releasing_peers = self:groups_releasing(node)
        edges[node] = {}
        for _, other in ipairs(self.before[node]) do
            local kind = self:kind(node, other, releasing_peers)
            edges[node][other] = { kind = kind, traces = self.released[node][other] or 0,
                of = self.together(other, node) }
            has_peer_edge[other] = has_peer_edge[other] or kind == "peer"
            next_count[other] = (next_count[other] or 0) + 1
        end
    end
    for node = 1, self.count do
        for _, other in ipairs(self.before[node]) do
            local edge = edges[node][other]
            edge.kind = edge.kind == "next" and has_peer_edge[other] and "unknown" or edge.kind
            edge.confidence = confidence(edge, next_count[other],
                edge.kind == "released" and 1 or chance(node, other, traces))
        end
    end
    return edges
end

return dependence
