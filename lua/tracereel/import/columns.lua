-- Which column of an input's rows is what of an attempt, as `out:attempts` takes it.
local failure = require "tracereel.util.failure"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"

local columns = {}

local roles = { "trace", "node", "start", "end", "scheduled", "instance", "resource", "error" }
local is_required = tables.set { "trace", "node", "start", "end" }
local is_time = tables.set { "start", "end", "scheduled" }
local known = tables.set { "metadata", "trace_metadata", "parallel", "outcome", table.unpack(roles) }

-- Raises with the line of the importer, which has called what has called this.
local function fail(message, ...)
    error("attempts: " .. message:format(...), 0)
end

-- The number of a column. `numbers`: by name, where the rows have names.
local function number_of(what, column, numbers)
    local number
    if numbers then
        number = type(column) == "string" and numbers[column]
        if not number and type(column) == "string" then
            fail("%s: there is no column %s; there are %s", what, failure.name(column), units.names(numbers))
        end
    else
        number = math.tointeger(column)
    end
    if not number or number < 1 or number > 1 << 16 then
        fail("%s: the %s of a column expected, got %s", what, numbers and "name" or "number", failure.got(column))
    end
    return number
end

local function role_of(role, given, numbers)
    local column, form = given, nil
    if is_time[role] and type(given) == "table" then
        column, form = given[1], given[2]
        if form ~= nil and type(form) ~= "string" then
            fail("%s: { COLUMN, \"+01:00\" } expected, or a unit in place of the zone, got %s", role, failure.got(form))
        end
    end
    return { number_of(role, column, numbers), form }
end

local function metadata_of(what, given, numbers)
    if given ~= nil and type(given) ~= "table" then
        fail("%s: { NAME = COLUMN } expected, got %s", what, failure.got(given))
    end
    local list = {}
    for name, column in units.sorted(given or {}) do
        if type(name) ~= "string" then
            fail("%s: a key that is no text: %s", what, failure.got(name))
        end
        list[#list + 1] = { name, number_of(what, column, numbers) }
    end
    return list
end

-- Numbers by name; nil where rows are lists.
local function numbers_of(names)
    local numbers = names and {} or nil
    for number, name in ipairs(names or {}) do
        numbers[name] = number
    end
    return numbers
end

---What the draft wants to know of the columns.
---@param names string[]|false|nil of the rows' columns: false where they have none, nil where there are no rows
---@param given table as importers write it
---@return table
function columns.of(names, given)
    if names == nil then
        fail("the rows of input:csv() expected")
    end
    local numbers = numbers_of(names)
    if type(given) ~= "table" then
        fail("a table of columns expected, got %s", failure.got(given))
    end
    for key in units.sorted(given) do
        if not known[key] then
            fail("unknown key %s; known are %s", failure.name(key), units.names(known))
        end
    end
    local found = { parallel = given.parallel, outcome = given.outcome }
    if given.parallel ~= nil and type(given.parallel) ~= "boolean" then
        fail("parallel: true or false expected, got %s", failure.got(given.parallel))
    end
    for _, role in ipairs(roles) do
        if given[role] ~= nil then
            found[role] = role_of(role, given[role], numbers)
        elseif is_required[role] then
            fail("%s: its column is missing", role)
        end
    end
    found.of_attempt = metadata_of("metadata", given.metadata, numbers)
    found.of_trace = metadata_of("trace_metadata", given.trace_metadata, numbers)
    return found
end

return columns
