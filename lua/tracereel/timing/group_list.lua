-- The groups of a timing report as a list of which each row is made when it is asked for, in the order in which groups
-- are shown. A row has single values only: distributions without their buckets, no curve of traces in flight, and its
-- nodes as a list of node_list.lua; `whole` makes it with all.
local core = require "tracereel.core"
local grouping = require "tracereel.timing.grouping"
local node_list = require "tracereel.timing.node_list"

local group_list = {}

local List = {}

local metatable = {
    __index = function(self, key)
        if math.type(key) == "integer" then
            return List.row(self, key)
        end
        return List[key]
    end,
    __len = function(self)
        return #rawget(self, "places")
    end,
}

-- How many windows there are from one to another, both counted: unsigned, 0 for 2^64.
local function span(first, last)
    return last - first + 1
end

-- The windows among keys, which are sorted: places in the list { key, timing }, with the empty ones between them where
-- all together are not more than the limit, and otherwise with how many there are before each.
local function window_places(groups, keys, empty)
    local places, previous = {}, nil
    local first_index = 1
    while keys[first_index] and not grouping.is_limited(keys[first_index]) do
        first_index = first_index + 1
    end
    local all = keys[first_index] and span(keys[first_index], keys[#keys]) or 0
    local are_listed = all > 0 and all <= groups.limit
    for _, key in ipairs(keys) do
        local place = { key = key, timing = groups.timings[key] }
        if previous and are_listed then
            for window = previous + 1, key - 1 do
                places[#places + 1] = { key = window, timing = empty }
            end
        elseif previous and key - previous ~= 1 then
            place.gap_count = key - previous - 1
        end
        previous = grouping.is_limited(key) and key or nil
        places[#places + 1] = place
    end
    return places
end

-- What the report says of its grouping.
local function summary(groups, keys)
    local by = groups.by
    local said = { kind = by.kind, window_ns = by.window_ns, path = by.path }
    if by.kind == "outcome" then
        return said
    end
    said.limit = groups.limit
    if by.kind == "value" then
        local count, kept_count = groups:value_count(), 0
        for _, key in ipairs(keys) do
            kept_count = kept_count + (grouping.is_limited(key) and 1 or 0)
        end
        said.value_count, said.left_out_count = count, count - kept_count
    end
    return said
end

---The groups, and what the report says of them all.
---@param groups tracereel.group_timings
---@param empty tracereel.timing of no trace
---@return tracereel.timing_group[]
---@return tracereel.timing_grouping_summary
function group_list.of(groups, empty)
    local keys, places = groups:keys(), {}
    if groups.by.kind == "window" then
        places = window_places(groups, keys, empty)
    else
        for index, key in ipairs(keys) do
            places[index] = { key = key, timing = groups.timings[key] }
        end
    end
    local list = { by = groups.by, counts = groups.counts, places = places }
    return setmetatable(list, metatable), summary(groups, keys)
end

---@param index integer
---@return tracereel.timing_group|nil
function List:row(index)
    local place = rawget(self, "places")[index]
    if not place then
        return nil
    end
    local text, special, first_ns = grouping.describe(rawget(self, "by"), place.key)
    local traces, sums, node_count, total_ns = core.timing_sums(place.timing)
    local row = {
        key = text, special = special, first_ns = first_ns, gap_count = place.gap_count, traces = traces, sums = sums,
    }
    -- Sorting them makes a row of each.
    return setmetatable(row, { __index = function(_, key)
        if key == "nodes" then
            local choice = rawget(self, "choice")
            row.nodes = node_list.of(place.timing, node_count, total_ns)
            row.nodes = choice and row.nodes:sorted(choice.key_of, choice.max_count) or row.nodes
        end
        return rawget(row, key)
    end })
end

---A row with all that is in it, but for its nodes.
---@param index integer
function List:whole(index)
    local row = self:row(index)
    row.traces = core.timing_traces(rawget(self, "places")[index].timing)
    return row
end

---What the groups are.
---@return tracereel.timing_grouping
function List:grouping()
    return rawget(self, "by")
end

---The key of a row, as grouping.lua has it.
function List:key(index)
    return rawget(self, "places")[index].key
end

---All keys as a set.
---@return table<any, true>
function List:key_set()
    local set = {}
    for _, place in ipairs(rawget(self, "places")) do
        set[place.key] = true
    end
    return set
end

---Is there no trace in it?
function List:is_empty(index)
    local traces = core.timing_sums(rawget(self, "places")[index].timing)
    return traces.complete_count + traces.failed_count + traces.open_count + traces.tainted_count == 0
end

---Has any trace that value, also one that is left out of the groups?
---@param key any as `key` gives it
function List:has_value(key)
    return rawget(self, "counts")[key] ~= nil
end

---All values that traces have, those with the most first.
---@return any[] keys
function List:values()
    local keys, counts = {}, rawget(self, "counts")
    for key in pairs(counts) do
        keys[#keys + 1] = grouping.is_limited(key) and key or nil
    end
    grouping.sort(rawget(self, "by"), keys, counts)
    return keys
end

---From now on rows have the nodes for which there is a key, largest first.
---@param key_of fun(node: tracereel.timing_node): integer|nil
---@param max_count integer|nil
function List:choose_nodes(key_of, max_count)
    rawset(self, "choice", { key_of = key_of, max_count = max_count })
end

return group_list
