-- What the header of a partial may say. Its checksum keeps it from accidents; who wrote it may have meant harm.
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

function problem_of(value, expected, place)
    if type(expected) == "string" then
        return not is_of[expected](value) and ("%s: a %s expected, got %s"):format(place, expected, failure.got(value))
            or nil
    elseif expected.list then
        return list_problem(value, expected.list, place)
    elseif type(value) ~= "table" then
        return ("%s: an object expected, got %s"):format(place, failure.got(value))
    end
    for key, of_key in units.sorted(expected) do
        local problem = problem_of(value[key], of_key, place .. "." .. key)
        if problem then
            return problem
        end
    end
end

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
