-- What nodes of one kind have in common: their type, and the types of those that made them ready. What was seen of some
-- of a kind speaks against edges that nothing contradicts.
local units = require "tracereel.util.units"

local kinds = {}

-- Two can follow each other by their names alone; where as many as this are alike, they do the same side by side.
local min_alike = 3

local Kinds = {}
Kinds.__index = Kinds

-- The kind of a node; nil where its type is not known.
local function kind_of(causes, type_name, type_of)
    if not type_name then
        return nil
    end
    local types = {}
    for cause in pairs(causes) do
        types[type_of(cause) or ""] = true
    end
    return type_name .. " after " .. table.concat(units.keys(types), ",")
end

local function table_of(tables, key)
    local found = tables[key]
    if not found then
        found = {}
        tables[key] = found
    end
    return found
end

-- How many of each kind each node made ready, and the most that any of a kind did.
function Kinds:count(released)
    for node, causes in ipairs(released) do
        local kind = self.of[node]
        for cause in pairs(kind and causes or {}) do
            local counts = table_of(self.made_ready, cause)
            counts[kind] = (counts[kind] or 0) + 1
            local max_counts = self.of[cause] and table_of(self.max_made_ready, self.of[cause])
            if max_counts then
                max_counts[kind] = math.max(max_counts[kind] or 0, counts[kind])
            end
        end
    end
end

---The kinds of all nodes.
---@param released table<integer, integer>[] by node: those that made it ready, with a count
---@param type_of fun(node: integer): string|nil
function kinds.of(released, type_of)
    local self = setmetatable({ of = {}, sizes = {}, made_ready = {}, max_made_ready = {} }, Kinds)
    for node, causes in ipairs(released) do
        local kind = kind_of(causes, type_of(node), type_of)
        self.of[node] = kind
        if kind then
            self.sizes[kind] = (self.sizes[kind] or 0) + 1
        end
    end
    self:count(released)
    return self
end

---Do others of their kinds speak against an edge that was never seen to make its node ready? They do where `before`
---made as many of the kind of `node` ready as any of its own kind, and where both are of one kind of several of which
---none made another ready.
---@param before integer
---@param node integer
---@return boolean
function Kinds:speak_against(before, node)
    local kind, kind_before = self.of[node], self.of[before]
    if not kind or not kind_before then
        return false
    end
    local max_count = (self.max_made_ready[kind_before] or {})[kind]
    if not max_count then
        return kind == kind_before and self.sizes[kind] >= min_alike
    end
    return ((self.made_ready[before] or {})[kind] or 0) >= max_count
end

return kinds
