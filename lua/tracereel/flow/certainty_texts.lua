-- How sure the edges of a guessed flow are, in words and for --json.
local certainty_texts = {}

-- What speaks for an edge that was never seen to make its node ready.
local kind_texts = {
    peer = "others like it came last",
    next = "came last for no node",
    unknown = "never contradicted",
    unlike = "others like them speak against it",
    place = "may have given it its place",
}

local function edge_text(edge)
    local why = edge.kind == "released" and ("last in %d of %d"):format(edge.traces, edge.of) or kind_texts[edge.kind]
    return ("%d: %.2f (%s)"):format(edge.from, edge.confidence, why)
end

---Adds to the remark on each node how sure the edges to it are.
---@param comments table<integer, string> by node id
---@param edges table[] of tracereel.flow_certainty
function certainty_texts.add(comments, edges)
    for _, edge in ipairs(edges) do
        local separator = comments[edge.to]:find("; after ", 1, true) and ", " or "; after "
        comments[edge.to] = comments[edge.to] .. separator .. edge_text(edge)
    end
end

---What is said before the flow: that nodes waited for places, and what was left out.
---@param certainty tracereel.flow_certainty
---@return string
function certainty_texts.preface(certainty)
    local places, lines = certainty.waited_for, {}
    if places and places.capacity then
        lines[1] = ("-- Nodes waited for places: %d %s.\n"):format(places.capacity,
            places.name == "nodes" and "for all traces" or "for each trace")
    elseif places then
        lines[1] = "-- Nodes waited for places.\n"
    end
    if certainty.left_out > 0 then
        lines[#lines + 1] = ("-- Left out: %d edges of a confidence below %g.\n"):format(certainty.left_out,
            certainty.min_confidence)
    end
    return table.concat(lines)
end

---@param guessed tracereel.flow
---@param certainty tracereel.flow_certainty
---@return table for --json
function certainty_texts.object(guessed, certainty)
    local places = certainty.waited_for
    return {
        name = guessed.name, nodes = guessed.nodes, origin = guessed.origin, pools = guessed.pools,
        edges = certainty.edges, min_confidence = certainty.min_confidence, left_out = certainty.left_out,
        waited_for = places and { capacity = places.capacity, limit = places.name, starts = places.starts,
            waited = places.taken, told = places.is_told },
    }
end

return certainty_texts
