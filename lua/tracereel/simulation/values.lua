-- What a scenario's values may be: each check gives the value back, or refuses it with words that name its place.
local failure = require "tracereel.util.failure"
local node_names = require "tracereel.log.node_names"
local units = require "tracereel.util.units"

local values = {}

---Raises a table, which `values.attempt` catches.
function values.refuse(message, ...)
    error({ problem = message:format(...) }, 0)
end

---A table without unknown keys.
---@param known table<string, any>
function values.known_keys(value, known, where)
    if type(value) ~= "table" then
        values.refuse("%s: a table expected, got a %s", where, type(value))
    end
    for key in units.sorted(value) do
        if not known[key] then
            values.refuse('%s: unknown key "%s"; known are %s', where, failure.name(key), units.names(known))
        end
    end
end

function values.number(value, least, most, where)
    if type(value) ~= "number" or not (value >= least and value <= most) then
        values.refuse("%s: a number from %g to %g expected, got %s", where, least, most, failure.got(value))
    end
    return value
end

function values.whole(value, least, most, where)
    local number = math.type(value) and math.tointeger(value)
    if not number or number < least or number > most then
        values.refuse("%s: a whole number from %d to %d expected, got %s", where, least, most, failure.got(value))
    end
    return number
end

---A table that is a list; the caller checks its items.
function values.list(value, where)
    if type(value) ~= "table" then
        values.refuse("%s: a list expected, got a %s", where, type(value))
    end
    for key in units.sorted(value) do
        if math.type(key) ~= "integer" or key < 1 or key > #value then
            values.refuse("%s: a list expected, got the key %s", where, failure.name(key))
        end
    end
    return value
end

function values.text(value, where)
    if type(value) ~= "string" then
        values.refuse("%s: a text expected, got a %s", where, type(value))
    end
    return value
end

---Nanoseconds of "120ms", or of an integer, which is nanoseconds: so has a script the arguments of type "duration".
function values.duration(value, where)
    local whole = type(value) == "number" and math.tointeger(value)
    if whole and whole >= 0 then
        return whole
    elseif whole then
        values.refuse("%s: %d is negative: no time runs backwards", where, whole)
    elseif type(value) ~= "string" then
        values.refuse('%s: a time like "120ms" expected, or whole nanoseconds, got %s', where, failure.got(value))
    end
    if value:find("^%s*%-") then
        values.refuse('%s: "%s" is negative: no time runs backwards', where, value)
    end
    local ns, problem = units.parse_duration(value)
    if not ns then
        values.refuse("%s: %s", where, problem)
    end
    return ns
end

local max_factor = 1000

---A scenario's time as a rule for the engine. A function is returned beside the rule.
function values.time_rule(value, where)
    if value == nil or value == "recorded" then
        return { kind = "recorded" }
    elseif type(value) == "function" then
        return { kind = "ask" }, value
    elseif type(value) == "number" then
        if value < 0 then
            values.refuse("%s: %s is negative: a factor of the recorded time is 0 or more", where, tostring(value))
        elseif value > max_factor then
            local ns = math.tointeger(value)
            local as_ns = ns and (', and nanoseconds, as an argument of type duration is, "%dns" or value .. "ns"')
                :format(ns) or ""
            values.refuse('%s: a number is a factor of the recorded time, from 0 to %d, and %s is more; a time is '
                .. 'written "120ms"%s', where, max_factor, tostring(value), as_ns)
        end
        return { kind = "factor", factor = values.number(value, 0, max_factor, where) }
    end
    return { kind = "fixed", ns = values.duration(value, where) }
end

---A node of the log.
---@param recording userdata
function values.node(id, recording, where)
    if type(id) == "string" and node_names.are_known() then
        local count = #node_names.find(id)
        values.refuse(count == 0 and "%s: no node is called %s" or count == 1 and "%s: %s is there by its number, too"
            or "%s: several nodes are called %s: give a number", where, failure.got(id))
    elseif math.type(id) ~= "integer" or id < 0 or id > 0xFFFFFFFF then
        values.refuse("%s: %s is not a node number", where, failure.got(id))
    elseif not recording:has_node(id) then
        values.refuse("%s: the log has no node %d", where, id)
    end
    return id
end

---Calls what checks.
---@return ... what it gives back, or nil and what was refused
function values.attempt(check, ...)
    local results = table.pack(pcall(check, ...))
    if results[1] then
        return table.unpack(results, 2, results.n)
    elseif type(results[2]) == "table" and results[2].problem then
        return nil, results[2].problem
    end
    error(results[2], 0)
end

return values
