-- A reader of XES (IEEE 1849) that knows only the standard: which elements hold which, in which order, the types of
-- attributes, and that no key comes twice in one element.
local lxp = require "lxp"

local holds = {
    log = { extension = 1, global = 2, classifier = 3, attribute = 4, trace = 5 },
    global = { attribute = 1 },
    trace = { attribute = 1, event = 2 },
    event = { attribute = 1 },
}

local function days_before(year, month, day)
    local y, m = month > 2 and year or year - 1, (month + 9) % 12
    return y * 365 + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day - 1 - 719468
end

-- xs:dateTime as Unix time in ns, all 64 bits.
local function nanoseconds(text)
    local year, month, day, hour, minute, second, fraction, zone =
        text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)(%.?%d*)(.*)$")
    assert(year, "no xs:dateTime: " .. text)
    local sign, zone_hours, zone_minutes = zone:match("^([+-])(%d%d):(%d%d)$")
    assert(zone == "Z" or sign, "no time zone: " .. text)
    local zone_seconds = sign and (sign == "-" and -1 or 1) * (zone_hours * 3600 + zone_minutes * 60) or 0
    local whole = days_before(year // 1, month // 1, day // 1) * 86400 + hour * 3600 + minute * 60 + second
    local digits = (fraction:sub(2) .. "000000000"):sub(1, 9)
    return math.tointeger(whole - zone_seconds) * 1000000000 + math.tointeger(digits)
end

local types = {
    string = function(text)
        return text
    end,
    date = nanoseconds,
    int = function(text)
        assert(text:find("^%-?%d+$") and math.type(math.tointeger(text)) == "integer", "no xs:long: " .. text)
        return math.tointeger(text)
    end,
    float = function(text)
        return assert(tonumber(text), "no xs:double: " .. text)
    end,
    boolean = function(text)
        assert(text == "true" or text == "false", "no xs:boolean: " .. text)
        return text == "true"
    end,
    id = function(text)
        return text
    end,
}

local function new_element(name, parent, attributes)
    local kind = types[name] and "attribute" or name
    if not parent then
        assert(name == "log" and attributes["xes.version"] and attributes["xes.features"])
        return { values = {}, place = 0, traces = {}, kind = kind }
    end
    local order = assert(holds[parent.kind] and holds[parent.kind][kind], name .. " in " .. parent.kind)
    assert(order >= parent.place, name .. " out of its order in " .. parent.kind)
    parent.place = order
    if kind == "attribute" then
        local key = attributes.key
        assert(parent.values[key] == nil, "twice in one element: " .. key)
        parent.values[key] = types[name](attributes.value)
    end
    return { values = {}, place = 0, events = {}, kind = kind }
end

---The traces of a log: { values, events = { { values } } }; dates as ns.
---@param text string
---@return { values: table, events: table[] }[]
return function(text)
    local stack, log = {}, nil
    local parser = lxp.new {
        StartElement = function(_, name, attributes)
            local parent = stack[#stack]
            local element = new_element(name, parent, attributes)
            stack[#stack + 1] = element
            if not parent then
                log = element
            elseif element.kind == "trace" then
                table.insert(parent.traces, element)
            elseif element.kind == "event" then
                table.insert(parent.events, element)
            end
        end,
        EndElement = function()
            stack[#stack] = nil
        end,
        CharacterData = function(_, data)
            assert(data:find("^%s*$"), "text in XES: " .. data)
        end,
    }
    local parsed, message, line = parser:parse(text)
    assert(parsed, ("%s, line %s"):format(message, line))
    assert(parser:parse())
    parser:close()
    return log.traces
end
