-- Reading fields of Temporal's JSON: proto JSON has them in camel case or, by another setting, in snake case, whole
-- numbers as texts or as numbers, and null or "" where a field is not set.
local base64 = require "parts.base64"
local texts = require "parts.texts"

local fields = {}

local snake_of = {}

local function snake(name)
    local known = snake_of[name]
    if not known then
        known = name:gsub("%u", function(letter)
            return "_" .. letter:lower()
        end)
        snake_of[name] = known
    end
    return known
end

local function field(from, name)
    if type(from) ~= "table" then
        return nil
    end
    local value = from[name]
    if value == nil then
        value = from[snake(name)]
    end
    return value
end

---@return table|nil
function fields.object(from, ...)
    for _, name in ipairs { ... } do
        from = field(from, name)
    end
    return type(from) == "table" and from or nil
end

---A text that is not empty, or a number as a text.
---@return string|nil
function fields.text(from, name)
    return texts.of(field(from, name))
end

---@return integer|nil
function fields.whole(from, name)
    local value = field(from, name)
    return type(value) ~= "boolean" and value ~= nil and math.tointeger(tonumber(value)) or nil
end

---A point in time of protobuf's own form. Ends the import where it is none.
---@param seconds integer
---@param nanos integer|nil
---@return integer ns
function fields.time(input, seconds, nanos)
    return input.time(("%d.%09d"):format(seconds, nanos or 0), "s")
end

---The id of another event; 0 says that there is none.
---@return integer|nil
function fields.event_id(from, name)
    local id = fields.whole(from, name)
    return id ~= 0 and id or nil
end

local function parsed(text)
    return (tracereel.json_decode(text))
end

---What a payload holds, where it is JSON: in base64 as the server writes it, or readable as the web page shows it.
---@return any nil where it cannot be read (it may be encrypted)
function fields.payload(payload)
    local data = field(payload, "data")
    if type(data) ~= "string" then
        return data
    end
    return parsed(base64.bytes(data) or "") or parsed(data)
end

---The first payload of one of the details of a marker.
function fields.detail(attributes, name)
    local payloads = fields.object(attributes, "details", name, "payloads")
    return payloads and fields.payload(payloads[1])
end

---A failure's own message, and that of what caused it where it has none.
---@return string|nil message, string|nil type, string|nil timeout_type
function fields.failure(attributes, name)
    local failure, message, kind, timeout = fields.object(attributes, name or "failure"), nil, nil, nil
    for _ = 1, 20 do
        message = message or fields.text(failure, "message")
        kind = kind or fields.text(fields.object(failure, "applicationFailureInfo"), "type")
        timeout = timeout or fields.text(fields.object(failure, "timeoutFailureInfo"), "timeoutType")
        failure = fields.object(failure, "cause")
    end
    return message, kind, timeout
end

return fields
