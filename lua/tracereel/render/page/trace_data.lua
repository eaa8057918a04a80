-- What a page's scripts read of its traces, as short as it can be: lists of numbers, times since the trace's start.
-- waterfall.js reads it.
local folded_time = require "tracereel.render.folded_time"
local node_names = require "tracereel.log.node_names"
local text = require "tracereel.util.text"
local units = require "tracereel.util.units"

local trace_data = {}

-- A page stays of moderate size: texts are cut.
local max_metadata_columns, max_error_columns = 1000, 300
-- A node that runs in parallel with itself has a lane for each attempt that lasts at the same time, up to these.
local max_lanes_of_node = 64

local outcome_numbers = { done = 0, error = 1, abandoned = 2, open = 3 }
local estimated_flag, critical_flag = 4, 8

local function cut(bytes, columns)
    return bytes and text.cut(text.clean(bytes), columns)
end

-- The longest of the spans, in their order, as many as there is room for.
local function longest(spans, max_count)
    if #spans <= max_count then
        return spans
    end
    local order = {}
    for index = 1, #spans do
        order[index] = index
    end
    table.sort(order, function(a, b)
        local length_a, length_b = spans[a].end_ns - spans[a].start_ns, spans[b].end_ns - spans[b].start_ns
        if length_a ~= length_b then
            return length_a > length_b
        end
        return a < b
    end)
    local kept = {}
    for index = 1, max_count do
        kept[index] = order[index]
    end
    table.sort(kept)
    for index, place in ipairs(kept) do
        kept[index] = spans[place]
    end
    return kept
end
trace_data.longest = longest

-- Lanes in the order in which their nodes began: of a node the first that is free.
local function new_lanes()
    local lanes, by_node = {}, {}
    return lanes, function(item)
        local of_node = by_node[item.node_id] or {}
        by_node[item.node_id] = of_node
        for _, lane in ipairs(of_node) do
            if not math.ult(item.start_ns, lane.end_ns) or #of_node == max_lanes_of_node then
                lane.end_ns = item.end_ns
                return lane
            end
        end
        local lane = { id = item.node_id, name = item.name, end_ns = item.end_ns, number = #of_node + 1,
            index = #lanes }
        of_node[#of_node + 1], lanes[#lanes + 1] = lane, lane
        return lane
    end
end

---Gives each span and suspension its lane: `lane.index` from 0. A wait of a node that runs is in the node's lane.
---@param spans table[]
---@param suspensions table[]
---@return { id: integer, name: string|nil, number: integer, index: integer }[] lanes
---@return table<table, table> lane_of
function trace_data.lanes(spans, suspensions)
    local lanes, lane_for = new_lanes()
    local lane_of, last_of_node = {}, {}
    for _, span in ipairs(spans) do
        lane_of[span] = lane_for(span)
        last_of_node[span.node_id] = last_of_node[span.node_id] or lane_of[span]
    end
    for _, wait in ipairs(suspensions) do
        lane_of[wait] = last_of_node[wait.node_id] or lane_for(wait)
        last_of_node[wait.node_id] = lane_of[wait]
    end
    return lanes, lane_of
end

-- Without what is 0 or nil at its end.
local function trimmed(list, count)
    for index = count, 1, -1 do
        if list[index] ~= 0 then
            return list
        end
        list[index] = nil
    end
    return list
end

local function span_numbers(span, lane, previous_ns, errors)
    local flags = outcome_numbers[span.outcome] | (span.estimated and estimated_flag or 0)
        | (span.critical and critical_flag or 0)
    local error_place = 0
    if span.error then
        errors[#errors + 1] = cut(span.error, max_error_columns)
        error_place = #errors
    end
    local length_ns = span.end_ns - span.start_ns
    return trimmed({ lane.index, span.start_ns - previous_ns, length_ns, flags, span.start_ns - span.ready_ns,
        span.attempt or 0, length_ns - span.run_ns, error_place, span.output_size or 0, span.output_offset or 0 }, 10)
end

local function wait_numbers(wait, lane, start_ns)
    return { lane.index, wait.start_ns - start_ns, wait.end_ns - wait.start_ns, wait.is_open and 1 or 0,
        wait.wait and text.clean(wait.wait) or nil }
end

-- The pieces of the time's scale, of which long waits are folded: where each ends, how wide it is, whether it is
-- folded.
local function pieces_of(scale)
    local pieces = {}
    for index, piece in ipairs(scale.pieces) do
        pieces[index] = { piece.to_ns, ("%.6f"):format(piece.width) + 0.0, piece.is_folded and 1 or 0 }
    end
    return pieces
end

local function lane_numbers(lanes, names)
    local list = {}
    for index, lane in ipairs(lanes) do
        list[index] = lane.number > 1 and { lane.id, lane.number } or { lane.id }
        names[("%d"):format(lane.id)] = lane.name or node_names.name(lane.id)
    end
    return list
end

-- One trace. `first_ns` is the time from which the page counts when traces begin.
local function object_of(view, max_spans, names, first_ns)
    local spans, suspensions = longest(view.spans, max_spans), longest(view.suspensions, max_spans)
    local lanes, lane_of = trace_data.lanes(spans, suspensions)
    local errors, rows, waits, previous_ns = {}, {}, {}, view.start_ns
    for index, span in ipairs(spans) do
        rows[index] = span_numbers(span, lane_of[span], previous_ns, errors)
        previous_ns = span.start_ns
    end
    for index, wait in ipairs(suspensions) do
        waits[index] = wait_numbers(wait, lane_of[wait], view.start_ns)
    end
    return {
        id = view.trace_id, own = cut(view.own_id, max_error_columns), status = view.status,
        open = view.is_open or nil, began = units.time(view.start_ns), at = view.start_ns - first_ns,
        makespan = view.makespan_ns, why = view.reasons[1] and view.reasons or nil,
        meta = cut(view.metadata, max_metadata_columns), error = cut(view.error, max_error_columns),
        lanes = lane_numbers(lanes, names), spans = rows, waits = waits[1] and waits or nil,
        errors = errors[1] and errors or nil,
        pieces = pieces_of(folded_time.scale { start_ns = view.start_ns, makespan_ns = view.makespan_ns,
            spans = spans, suspensions = suspensions }),
        left = view.left_out_count + #view.spans - #spans + #view.suspensions - #suspensions,
    }, #spans + #suspensions
end

---The traces, and the names of their nodes. The room is shared evenly, so that no trace takes all of it; of one that
---needs more the shortest attempts are left out.
---@param views tracereel.trace_view[]
---@param first_ns integer
---@param max_spans integer of all traces together
---@return { traces: table[], names: table<string, string> }
function trace_data.of(views, first_ns, max_spans)
    local data, room = { traces = {}, names = {} }, max_spans
    for index, view in ipairs(views) do
        local object, taken = object_of(view, math.max(0, room // (#views - index + 1)), data.names, first_ns)
        data.traces[index] = object
        room = room - taken
    end
    return data
end

return trace_data
