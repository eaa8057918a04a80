-- What the rows of a timing report can be: what `--by` takes, and to which group a trace belongs.
--
-- A key of a group is an integer (the number of a window of time since 1970, unsigned), "=" and a value of metadata, an
-- outcome, or one of the names in `specials`. Definitions: docs/timing.md.
local base = require "tracereel.base"
local core = require "tracereel.core"
local units = require "tracereel.util.units"

local grouping = {}

---@class tracereel.timing_grouping
---@field by string as it was written
---@field kind nil|"outcome"|"window"|"value" nil: the report has no groups
---@field window_ns integer|nil
---@field path string|nil of the value in a trace's metadata

---How --by is completed and explained.
grouping.words = { "node", "trace", "hour", "outcome" }

local hour_ns = 3600 * 1000000000

---@param text string
---@return tracereel.timing_grouping|nil
---@return string|nil problem
function grouping.parse(text)
    local path = text:match("^metadata%.(.+)$")
    if text == "node" or text == "trace" then
        return { by = text }
    elseif text == "outcome" then
        return { by = text, kind = "outcome" }
    elseif text == "hour" then
        return { by = text, kind = "window", window_ns = hour_ns }
    elseif path then
        return { by = text, kind = "value", path = path }
    end
    local window_ns, problem = units.parse_duration(text)
    if window_ns and window_ns > 0 then
        return { by = text, kind = "window", window_ns = window_ns }
    end
    return nil, ("%s: node, trace, hour, outcome, a window of time such as 15m, or metadata.KEY expected"):format(
        window_ns and "a window of 0 ns holds nothing" or text:find("^%d") and problem or ('"%s"'):format(text))
end

---At the path in an object: a key that is all of it, or else a key that is its beginning up to a dot, and in that
---object the rest. Longer beginnings come first.
---@param object table
---@param path string
function grouping.at(object, path)
    local value = object[path]
    local position = #path
    while value == nil and position > 1 do
        position = position - 1
        local inner = path:byte(position) == 0x2E and object[path:sub(1, position - 1)]
        if type(inner) == "table" then
            value = grouping.at(inner, path:sub(position + 1))
        end
    end
    return value
end

---The value of a trace: a text as it is, anything else as JSON. Where the metadata does not have the path, the object
---in which an importer put what the source says is looked at. nil where there is none, or null.
---@param metadata table|nil
---@param path string
---@return string|nil
function grouping.value(metadata, path)
    local value = metadata and grouping.at(metadata, path)
    if value == nil and metadata and type(metadata.metadata) == "table" then
        value = grouping.at(metadata.metadata, path)
    end
    if value == nil or value == base.null then
        return nil
    end
    return type(value) == "string" and value or base.json(value)
end

-- A value is cut after so many bytes; what is cut off differs in its digest.
local max_value_bytes, max_kept_bytes = 200, 150

---A value of any length as one that can be shown and kept by the thousand.
---@param value string
---@return string
function grouping.bounded(value)
    if #value <= max_value_bytes then
        return value
    end
    local last = max_kept_bytes
    while last > max_kept_bytes - 4 and (value:byte(last + 1) & 0xC0) == 0x80 do
        last = last - 1
    end
    return ("%s… (%d bytes, sha256 %s)"):format(value:sub(1, last), #value, core.sha256(value):sub(1, 16))
end

-- Names of the fields in the metadata of the first traces that lack the path: for who mistyped it.
local max_noted_fields, max_looked_at = 12, 100

local function note_fields(noted, metadata)
    noted.looked_at = (noted.looked_at or 0) + 1
    for name in units.sorted(noted.looked_at <= max_looked_at and metadata or {}) do
        if #noted < max_noted_fields and type(name) == "string" and not noted[name] then
            noted[#noted + 1], noted[name] = grouping.bounded(name), noted.looked_at
        end
    end
end

---Adds what was noted of another log's traces, as if they had been looked at after those of `noted`.
---@param noted table of grouping.key_function
---@param other { looked_at: integer|nil, names: { name: string, at: integer }[] } of grouping.noted_names
function grouping.add_noted(noted, other)
    local before = noted.looked_at or 0
    noted.looked_at = before + (other.looked_at or 0)
    for _, one in ipairs(other.names) do
        if before + one.at <= max_looked_at and #noted < max_noted_fields and not noted[one.name] then
            noted[#noted + 1], noted[one.name] = grouping.bounded(one.name), before + one.at
        end
    end
end

---What was noted, in its order, as add_noted takes it.
function grouping.noted_names(noted)
    local names = {}
    for name, at in pairs(noted) do
        names[#names + 1] = type(name) == "string" and name ~= "looked_at" and { name = name, at = at } or nil
    end
    table.sort(names, function(a, b)
        if a.at ~= b.at then
            return a.at < b.at
        end
        return a.name < b.name
    end)
    return { looked_at = noted.looked_at, names = names }
end

local key_functions = {}

function key_functions.outcome()
    return function(trace)
        return trace.outcome or "open"
    end
end

function key_functions.window(self)
    local window_ns = self.window_ns
    return function(trace)
        return trace.from_snapshot and "before" or (units.unsigned_divide(trace.start_ns, window_ns))
    end
end

function key_functions.value(self, noted)
    local path = self.path
    return function(trace)
        local metadata = trace.metadata_table
        local value = grouping.value(metadata, path)
        if value then
            return "=" .. grouping.bounded(value)
        elseif trace.from_snapshot and not trace.metadata then
            return "before"
        end
        note_fields(noted, metadata)
        return "missing"
    end
end

---The function that gives the key of a trace's group; nil where there are no groups.
---@param self tracereel.timing_grouping
---@param noted string[] gets names of what the metadata has in place of the value that was asked for
---@return nil|fun(trace: tracereel.trace): any
function grouping.key_function(self, noted)
    local make = key_functions[self.kind]
    return make and make(self, noted)
end

---Does a key count among those of which there is a limit: is it a window or a value?
---@param key any
---@return boolean
function grouping.is_limited(key)
    return math.type(key) == "integer" or key:byte() == 0x3D
end

-- Groups that are no window, no value and no outcome: the text by which they are shown.
local special_texts = {
    window = { before = "before", others = "earlier" },
    value = { before = "(before)", missing = "(none)", others = "(others)" },
}

---A key as it is shown, which of the special groups it is ("before", "missing", "others"), and when its window begins.
---@param self tracereel.timing_grouping
---@param key any
---@return string text
---@return string|nil special
---@return integer|nil first_ns
function grouping.describe(self, key)
    local texts = special_texts[self.kind]
    if texts and texts[key] then
        return texts[key], key
    elseif self.kind == "window" then
        local first_ns = key * self.window_ns
        return (units.time(first_ns):gsub("%.?0*Z$", "Z")), nil, first_ns
    end
    return self.kind == "value" and key:sub(2) or key
end

-- Outcomes in the order in which one thinks of them.
local outcome_order = {
    complete = 1, continued = 2, failed = 3, timed_out = 4, cancelled = 5, terminated = 6, open = 7,
}

---Can a group have this key?
---@param self tracereel.timing_grouping
---@param key any
---@return boolean
function grouping.is_key(self, key)
    local texts = special_texts[self.kind]
    if texts and texts[key] then
        return true
    elseif self.kind == "window" then
        return math.type(key) == "integer"
    elseif self.kind == "value" then
        return type(key) == "string" and key:byte() == 0x3D
    end
    return self.kind == "outcome" and outcome_order[key] ~= nil
end

local before_values = { before = 1, others = 2 }
local after_values = { missing = 1, before = 2, others = 3 }

local orders = {}

function orders.outcome(a, b)
    return outcome_order[a] < outcome_order[b]
end

-- What came before the log, what is left out of it, and then the windows.
function orders.window(a, b)
    local rank_a, rank_b = before_values[a] or 3, before_values[b] or 3
    if rank_a == 3 and rank_b == 3 then
        return math.ult(a, b)
    end
    return rank_a < rank_b
end

-- Those with the most traces first, then by their texts; what is no value comes last.
function orders.value(a, b, counts)
    local rank_a, rank_b = after_values[a] or 0, after_values[b] or 0
    if rank_a ~= rank_b then
        return rank_a < rank_b
    elseif counts[a] ~= counts[b] then
        return counts[a] > counts[b]
    end
    return a < b
end

---Is one key shown before another?
---@param self tracereel.timing_grouping
---@param a any
---@param b any
---@param counts table<any, integer> traces by key
---@return boolean
function grouping.comes_before(self, a, b, counts)
    return orders[self.kind](a, b, counts)
end

---Sorts keys into the order in which groups are shown.
---@param self tracereel.timing_grouping
---@param keys any[]
---@param counts table<any, integer> traces by key
function grouping.sort(self, keys, counts)
    local order = orders[self.kind]
    table.sort(keys, function(a, b)
        return order(a, b, counts)
    end)
end

return grouping
