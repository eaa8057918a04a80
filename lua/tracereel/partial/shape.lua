-- What the header of a partial, and what is in it, may say. Its checksum keeps it from accidents; who wrote it may have
-- meant harm.
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local units = require "tracereel.util.units"

local shape = {}

local is_of = {
    string = function(value)
        return type(value) == "string"
    end,
    count = function(value)
        return math.type(value) == "integer" and value >= 0
    end,
    boolean = function(value)
        return type(value) == "boolean"
    end,
    object = function(value)
        return type(value) == "table"
    end,
    integer = function(value)
        return math.type(value) == "integer"
    end,
}

local hash = "string"
local log = {
    path = "string",
    segments = { list = { name = "string", size_bytes = "count" } },
    last_bytes = { length_bytes = "count", crc32 = "string" },
    flow_sha256 = "string",
    snapshot = "string",
    shards = { list = "count" },
    records = "count",
    damage = "object",
    messages = { list = "string" },
    exit_code = "count",
}

local header = {
    command = "string",
    version = "string",
    job = hash,
    script = { name = "string", path = "string", sha256 = hash,
        modules = { list = { name = "string", sha256 = hash } } },
    arguments = "object",
    options = "object",
    flow_sha256 = "string",
    shard_count = "count",
    logs = { list = log },
    result_bytes = "count",
}

local problem_of

local function list_problem(value, expected, place)
    if type(value) ~= "table" then
        return ("%s: a list expected, got %s"):format(place, failure.got(value))
    end
    local count = 0
    for _ in next, value do
        count = count + 1
    end
    for index = 1, count do
        local problem = problem_of(value[index], expected, ("%s[%d]"):format(place, index))
        if problem then
            return problem
        end
    end
end

local function map_problem(value, expected, place)
    if type(value) ~= "table" then
        return ("%s: an object expected, got %s"):format(place, failure.got(value))
    end
    for key, member in units.sorted(value) do
        local problem = problem_of(member, expected, ("%s[%s]"):format(place, failure.got(key)))
        if problem then
            return problem
        end
    end
end

-- The first field, in their order, that there may not be.
local function unknown_field(value, expected, place)
    for key in units.sorted(value) do
        if expected[key] == nil then
            return ("%s: it has a field %s, which is not known"):format(place, failure.got(key))
        end
    end
end

---The first problem of a value: nil, or one sentence. What is expected is the name of a type, with a question mark
---where there may be nothing; { list = of what }; { map = to what }; a table of the fields, where there may be others;
---or { only = a table of the fields }.
---@param value any
---@param expected any
---@param place string what a message calls the value
---@return string|nil
function problem_of(value, expected, place)
    if type(expected) == "string" then
        local kind, may_lack = expected:match("^(%a+)(%??)$")
        local is_right = is_of[kind](value) or may_lack ~= "" and value == nil
        local article = kind:find("^[aeiou]") and "an" or "a"
        return not is_right and ("%s: %s %s expected, got %s"):format(place, article, kind, failure.got(value)) or nil
    elseif expected.list then
        return list_problem(value, expected.list, place)
    elseif expected.map then
        return map_problem(value, expected.map, place)
    elseif type(value) ~= "table" then
        return ("%s: an object expected, got %s"):format(place, failure.got(value))
    end
    local fields = expected.only or expected
    for key, of_key in units.sorted(fields) do
        local problem = problem_of(value[key], of_key, place .. "." .. key)
        if problem then
            return problem
        end
    end
    return expected.only and unknown_field(value, fields, place) or nil
end
shape.problem_of = problem_of

-- The shards of a log, ascending and below their number; the damage, counts by class.
local function log_problem(one, shard_count)
    local before = -1
    for _, index in ipairs(one.shards) do
        if index <= before or index >= shard_count then
            return ("logs: shard %d of %d is not in its place"):format(index, shard_count)
        end
        before = index
    end
    for class, count in units.sorted(one.damage) do
        if type(class) ~= "string" or not is_of.count(count) then
            return "logs: damage is a number for each kind"
        end
    end
    if one.exit_code ~= exit_codes.ok and one.exit_code ~= exit_codes.damaged then
        return ("logs: the exit code %d is none of a whole result"):format(one.exit_code)
    end
    return #one.shards == 0 and ("logs: no shard of %s is in it"):format(failure.got(one.path)) or nil
end

---The first problem of a header as it was read: nil, or one sentence.
---@param value any
---@return string|nil
function shape.problem(value)
    local problem = problem_of(value, header, "header")
    if problem then
        return problem
    elseif #value.logs == 0 then
        return "header.logs: no log is in it"
    end
    for _, one in ipairs(value.logs) do
        problem = log_problem(one, value.shard_count)
        if problem then
            return problem
        end
    end
end

return shape
