-- The arguments that a script declares, and the values that a command line gives them.
local failure = require "tracereel.util.failure"
local units = require "tracereel.util.units"

local script_arguments = {}

local truth = { ["true"] = true, yes = true, on = true, ["1"] = true, ["false"] = false, no = false, off = false,
    ["0"] = false }

local function duration(value)
    if math.type(value) == "integer" then
        return value
    end
    return units.parse_duration(tostring(value))
end

-- Each makes a value of its type from a text, or from a value that is one already; nil and a problem where it cannot.
local converters = {
    number = function(value)
        local number = tonumber(value)
        return number, number == nil and ('"%s" is not a number'):format(value) or nil
    end,
    integer = function(value)
        local number = math.tointeger(tonumber(value))
        return number, number == nil and ('"%s" is not a whole number'):format(value) or nil
    end,
    string = function(value)
        return tostring(value)
    end,
    boolean = function(value)
        local answer = truth[tostring(value):lower()]
        return answer, answer == nil and ('"%s" is neither true nor false'):format(value) or nil
    end,
    duration = duration,
}

local known_keys = { type = "string", default = "any", required = "boolean", choices = "table", help = "string",
    min = "any", max = "any" }

-- The value as its type, within choices and limits.
local function convert(declared, value)
    local kind = declared.type or "string"
    local converted, problem = converters[kind](value)
    if converted == nil then
        return nil, problem
    end
    if declared.choices then
        for _, choice in ipairs(declared.choices) do
            if converters[kind](choice) == converted then
                return converted
            end
        end
        local texts = {}
        for index, choice in ipairs(declared.choices) do
            texts[index] = tostring(choice)
        end
        return nil, ('"%s" is not one of %s'):format(value, table.concat(texts, ", "))
    end
    local low, high = declared.min and converters[kind](declared.min), declared.max and converters[kind](declared.max)
    if low and converted < low then
        return nil, ("%s is less than %s"):format(value, declared.min)
    elseif high and converted > high then
        return nil, ("%s is more than %s"):format(value, declared.max)
    end
    return converted
end

local function check_one(name, declared)
    if type(name) ~= "string" or not name:match("^[%a_][%w_]*$") then
        return ('args: "%s" is not a name'):format(failure.name(name))
    elseif type(declared) ~= "table" then
        return ("args.%s: a table expected, such as { type = \"number\", default = 1 }"):format(name)
    end
    for key, value in units.sorted(declared) do
        local wanted = known_keys[key]
        if not wanted then
            return ("args.%s: unknown key %s; known are %s"):format(name, failure.name(key), units.names(known_keys))
        elseif wanted ~= "any" and type(value) ~= wanted then
            return ("args.%s.%s: a %s expected, got a %s"):format(name, key, wanted, type(value))
        end
    end
    if declared.type and not converters[declared.type] then
        return ("args.%s: unknown type %s; known are %s"):format(name, declared.type, units.names(converters))
    end
    if declared.default ~= nil then
        local _, problem = convert(declared, declared.default)
        return problem and ("args.%s.default: %s"):format(name, problem)
    end
end

---Is what a script declares right? nil, or the problem.
---@param declared any
---@return string|nil problem
function script_arguments.check(declared)
    if type(declared) ~= "table" then
        return ("args: a table expected, got a %s"):format(type(declared))
    end
    for name, one in units.sorted(declared) do
        local problem = check_one(name, one)
        if problem then
            return problem
        end
    end
end

---The values for a script: those given, and the defaults. Raises a usage failure where one is wrong or missing.
---@param script_name string
---@param declared table
---@param given table<string, any> only names that the script declares are looked at
function script_arguments.values(script_name, declared, given)
    local values = {}
    for name, one in units.sorted(declared) do
        local raw = given[name]
        if raw == nil then
            raw = one.default
        end
        if raw == nil and one.required then
            failure.raise("usage", "%s needs an argument: --arg %s=%s%s", script_name, name,
                (one.type or "string"):upper(), one.help and ("  (" .. one.help .. ")") or "")
        elseif raw ~= nil then
            local value, problem = convert(one, raw)
            if value == nil then
                failure.raise("usage", "%s: --arg %s: %s", script_name, name, problem)
            end
            values[name] = value
        end
    end
    return values
end

---Raises where an argument was given that none declares.
---@param scripts { arguments: table }[]
---@param given table<string, any>
function script_arguments.check_given(scripts, given)
    for name in units.sorted(given) do
        local is_declared, known = false, {}
        for _, one in ipairs(scripts) do
            is_declared = is_declared or one.arguments[name] ~= nil
            for known_name in units.sorted(one.arguments) do
                known[#known + 1] = known_name
            end
        end
        if not is_declared then
            failure.raise("usage", "--arg %s: no script declares it; declared: %s", name,
                #known > 0 and table.concat(known, ", ") or "none")
        end
    end
end

---One line for each argument, for people.
---@return string[]
function script_arguments.describe(declared)
    local lines = {}
    for name, one in units.sorted(declared) do
        local notes = { one.type or "string" }
        if one.default ~= nil then
            notes[#notes + 1] = "default " .. tostring(one.default)
        elseif one.required then
            notes[#notes + 1] = "required"
        end
        lines[#lines + 1] = ("%s (%s)%s"):format(name, table.concat(notes, ", "), one.help and ": " .. one.help or "")
    end
    return lines
end

return script_arguments
