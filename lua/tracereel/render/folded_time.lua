-- A scale of time for one trace in which long waits are folded: a trace that waits an hour for a person and works for
-- a second would otherwise be a picture of nothing but the wait.
local axis = require "tracereel.render.axis"

local folded_time = {}

-- A stretch without work is folded when it is longer than this part of all work, into this part of the width.
local fold_above, fold_width, all_folds_width = 0.5, 0.14, 0.45
-- More stretches are waits of a trace that does next to nothing else: none of them is folded.
local max_folds = 24

local function merged(intervals)
    table.sort(intervals, function(a, b)
        return a[1] < b[1] or a[1] == b[1] and a[2] < b[2]
    end)
    local result = {}
    for _, interval in ipairs(intervals) do
        local last = result[#result]
        if last and interval[1] <= last[2] then
            last[2] = math.max(last[2], interval[2])
        else
            result[#result + 1] = { interval[1], interval[2] }
        end
    end
    return result
end

-- What is left of an interval when others (in order, the first that can matter at `place`) are taken out of it.
local function without(interval, holes, place, into)
    local from = interval[1]
    while holes[place] and holes[place][1] < interval[2] do
        local hole = holes[place]
        if hole[1] > from then
            into[#into + 1] = { from, hole[1] }
        end
        from = math.max(from, hole[2])
        place = place + 1
    end
    if from <= interval[2] then
        into[#into + 1] = { from, interval[2] }
    end
end

-- When each node was suspended: intervals in order and apart from each other.
local function holes_of(trace)
    local holes_of_node = {}
    for _, suspension in ipairs(trace.suspensions) do
        local holes = holes_of_node[suspension.node_id] or {}
        holes[#holes + 1] = { suspension.start_ns - trace.start_ns, suspension.end_ns - trace.start_ns }
        holes_of_node[suspension.node_id] = holes
    end
    for node_id, holes in pairs(holes_of_node) do
        holes_of_node[node_id] = merged(holes)
    end
    return holes_of_node
end

---When something was at work: the spans, which are in the order of their starts, less what their nodes were suspended.
---@param trace tracereel.timed_trace
---@return integer[][] from and to, as ns since the start, in order and apart from each other
local function work_of(trace)
    local holes_of_node, places = holes_of(trace), {}
    local intervals = { { 0, 0 }, { trace.makespan_ns, trace.makespan_ns } }
    for _, span in ipairs(trace.spans) do
        local interval = { math.max(0, span.start_ns - trace.start_ns),
            math.min(trace.makespan_ns, span.end_ns - trace.start_ns) }
        if interval[1] <= interval[2] then
            local holes, place = holes_of_node[span.node_id] or {}, places[span.node_id] or 1
            -- What ended before this attempt began is before all that follow, too.
            while holes[place] and holes[place][2] <= interval[1] do
                place = place + 1
            end
            places[span.node_id] = place
            without(interval, holes, place, intervals)
        end
    end
    return merged(intervals)
end

local function work_ns(work)
    local sum = 0
    for _, interval in ipairs(work) do
        sum = sum + interval[2] - interval[1]
    end
    return sum
end

-- Pieces of the axis: { from_ns, to_ns, is_folded }.
local function pieces_of(work, total_ns)
    local max_gap_ns = math.max(1, math.floor(work_ns(work) * fold_above))
    local pieces = {}
    local from_ns = 0
    for index = 2, #work do
        local gap_from, gap_to = work[index - 1][2], work[index][1]
        if gap_to - gap_from > max_gap_ns then
            pieces[#pieces + 1] = { from_ns = from_ns, to_ns = gap_from }
            pieces[#pieces + 1] = { from_ns = gap_from, to_ns = gap_to, is_folded = true }
            from_ns = gap_to
        end
    end
    pieces[#pieces + 1] = { from_ns = from_ns, to_ns = total_ns }
    if #pieces // 2 > max_folds then
        return { { from_ns = 0, to_ns = total_ns } }
    end
    return pieces
end

-- Gives each piece its place across, and returns how many ns the whole width would have, at the scale of the work.
local function lay_out(pieces)
    local folds, plain_ns = 0, 0
    for _, piece in ipairs(pieces) do
        folds = folds + (piece.is_folded and 1 or 0)
        plain_ns = plain_ns + (piece.is_folded and 0 or piece.to_ns - piece.from_ns)
    end
    local width = math.min(fold_width, all_folds_width / math.max(folds, 1))
    -- Without any work the folds have the whole width.
    width = plain_ns == 0 and folds > 0 and 1 / folds or width
    local per_ns = plain_ns > 0 and (1 - folds * width) / plain_ns or 0
    local left = 0.0
    for _, piece in ipairs(pieces) do
        piece.left = left
        piece.width = piece.is_folded and width or (piece.to_ns - piece.from_ns) * per_ns
        left = left + piece.width
    end
    return per_ns > 0 and 1 / per_ns or 0
end

---@param trace tracereel.timed_trace
---@return table scale `position(ns since the trace's start)` -> 0 to 1; `ticks` as of axis; `folds`: { left, right,
---length_ns }; `pieces`: { from_ns, to_ns, left, width, is_folded }
function folded_time.scale(trace)
    local pieces = pieces_of(work_of(trace), trace.makespan_ns)
    local ns_of_width = lay_out(pieces)
    local scale = { ticks = {}, folds = {}, pieces = pieces }
    function scale.position(ns)
        for _, piece in ipairs(pieces) do
            local length_ns = piece.to_ns - piece.from_ns
            if ns <= piece.to_ns then
                return piece.left + (length_ns > 0 and piece.width * math.max(0, ns - piece.from_ns) / length_ns or 0)
            end
        end
        return 1.0
    end
    for _, piece in ipairs(pieces) do
        if piece.is_folded then
            scale.folds[#scale.folds + 1] = { left = piece.left, right = piece.left + piece.width,
                length_ns = piece.to_ns - piece.from_ns }
        end
    end
    local step_ns = axis.round_step(ns_of_width, 8)
    for _, piece in ipairs(step_ns and pieces or {}) do
        if not piece.is_folded then
            for number = (piece.from_ns + step_ns - 1) // step_ns, piece.to_ns // step_ns do
                local ns = number * step_ns
                table.insert(scale.ticks, { position = scale.position(ns),
                    label = axis.offset_label(ns, step_ns) })
            end
        end
    end
    return scale
end

return folded_time
