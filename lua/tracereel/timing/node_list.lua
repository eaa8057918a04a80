-- The nodes of a timing report as a list of which each row is made when it is asked for: a whole row takes some 4 KiB,
-- and one trace can have a hundred thousand nodes. A row looks like one of timing:report(), but is made anew each time:
-- whoever goes over the list again and again keeps indices, not rows.
local core = require "tracereel.core"

local node_list = {}

-- By this key a row has its place in the timing.
local place_key = {}

local List = {}

local metatable = {
    __index = function(self, key)
        if math.type(key) == "integer" then
            local place = List.place(self, key)
            return place and rawget(self, "row_at")(place)
        end
        return List[key]
    end,
    __len = function(self)
        return rawget(self, "count")
    end,
}

local function new(self)
    return setmetatable(self, metatable)
end

---All nodes of a timing, in the order of their ids.
---@param timing tracereel.timing
---@param count integer of its nodes
---@param total_ns number the time of all of them
---@return tracereel.timing_node[]
function node_list.of(timing, count, total_ns)
    local row_metatable = {
        __index = function(row, key)
            local part = type(key) == "string" and core.timing_node_part(timing, rawget(row, place_key), key) or nil
            if part then
                rawset(row, key, part)
            end
            return part
        end,
    }
    return new {
        count = count,
        row_at = function(place)
            local row = core.timing_node(timing, place, total_ns)
            row[place_key] = place
            return setmetatable(row, row_metatable)
        end,
        whole_at = function(place)
            return core.timing_node(timing, place, total_ns, true)
        end,
    }
end

---The place of a row in the timing, which is the order of the ids; nil after the end.
---@param index integer
---@return integer|nil
function List:place(index)
    local places = rawget(self, "places")
    if places then
        return places[index]
    end
    return index >= 1 and index <= #self and index or nil
end

---A list of the nodes with these places, in that order.
---@param places integer[]
function List:at(places)
    return new { count = #places, places = places, row_at = rawget(self, "row_at"),
        whole_at = rawget(self, "whole_at") }
end

---A row as a table that has all in it.
---@param index integer
---@return tracereel.timing_node
function List:whole(index)
    return rawget(self, "whole_at")(self:place(index))
end

---The nodes for which there is a key, largest first (unsigned), and by their ids where keys are equal.
---@param key_of fun(node: tracereel.timing_node): integer|nil
---@param max_count integer|nil
function List:sorted(key_of, max_count)
    local places, keys = {}, {}
    for index, node in ipairs(self) do
        local key = key_of(node)
        if key then
            local place = self:place(index)
            places[#places + 1], keys[place] = place, key
        end
    end
    table.sort(places, function(a, b)
        if keys[a] ~= keys[b] then
            return math.ult(keys[b], keys[a])
        end
        return a < b
    end)
    for index = #places, (max_count or #places) + 1, -1 do
        places[index] = nil
    end
    return self:at(places)
end

return node_list
