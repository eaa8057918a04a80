-- Finds the histories in a JSON document, in each form in which Temporal's tools write them, and their events.
local event_types = require "temporal.event_types"
local fields = require "temporal.fields"

local history = {}

local attributes_key = {}

-- WorkflowExecutionStarted, of EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, 1 or itself.
local function type_name(value)
    local number = math.tointeger(value)
    if number then
        return event_types[number] or ("event type %d"):format(number)
    elseif type(value) ~= "string" then
        return nil
    end
    local upper = value:match("^EVENT_TYPE_([%u%d_]+)$")
    return upper and upper:lower():gsub("_?(%l+)", function(word)
        return word:sub(1, 1):upper() .. word:sub(2)
    end) or value
end

local function is_event(value)
    return type(value) == "table" and (value.eventType ~= nil or value.event_type ~= nil)
end

local function attributes_of(raw, name)
    local key = attributes_key[name]
    if not key then
        key = name:sub(1, 1):lower() .. name:sub(2) .. "EventAttributes"
        attributes_key[name] = key
    end
    return fields.object(raw, key) or fields.object(raw, "attributes") or {}
end

local function time_of(input, raw)
    local time = raw.eventTime
    if time == nil then
        time = raw.event_time
    end
    if type(time) ~= "table" then
        return input.time(time)
    end
    local seconds = fields.whole(time, "seconds")
    if not seconds then
        input:fail("eventTime: an object with seconds and nanos expected")
    end
    return fields.time(input, seconds, fields.whole(time, "nanos"))
end

local event_form = "an event expected: an object with eventId (a number), eventTime and eventType (a name)"

-- The place is that of the raw event, so that whatever is wrong with it is said with its path.
local function event_of(input, raw, place)
    input:at(place)
    if not is_event(raw) then
        input:fail(event_form)
    end
    local event_type = raw.eventType
    if event_type == nil then
        event_type = raw.event_type
    end
    local name, id = type_name(event_type), fields.whole(raw, "eventId")
    if not name or not id then
        input:fail("%s; its eventId is %s, its eventType %s", event_form, tostring(raw.eventId or raw.event_id),
            tostring(event_type))
    end
    return { id = id, at = time_of(input, raw), type = name, attributes = attributes_of(raw, name), place = place }
end

-- The events of a list of raw ones in the order of their ids, each once: pages of a history may overlap, and pieces of
-- one may come latest first.
local function events_of(input, list, path, on_repeated)
    local events, seen = {}, {}
    for number, raw in ipairs(list) do
        local event = event_of(input, raw, path(number))
        if not seen[event.id] then
            seen[event.id] = true
            events[#events + 1] = event
        else
            on_repeated(event)
        end
    end
    table.sort(events, function(a, b)
        return a.id < b.id
    end)
    input:at(nil)
    return events
end

-- The web page's groups of events that belong together: one history's events, in pieces.
local function events_of_groups(list)
    local raw = {}
    for _, group in ipairs(list) do
        local members = fields.object(group, "eventList")
        if not members then
            return nil
        end
        table.move(members, 1, #members, #raw + 1, raw)
    end
    return #raw > 0 and raw or nil
end

-- What may hold a history, in the answers of the server and in what tools write around them.
local holders = { "history", "result", "workflowHistory" }

local max_depth = 6

-- Calls found(raw events, path of the list, the object around it) for each history in a value.
local function find(value, path, found, depth)
    if type(value) ~= "table" or depth > max_depth then
        return false
    end
    local raw, list_path = is_event(value[1]) and value or value[1] ~= nil and events_of_groups(value) or nil, path
    if not raw then
        local events = fields.object(value, "events")
        if events and (events[1] == nil or is_event(events[1])) then
            raw, list_path = events, path .. ".events"
        end
    end
    if raw then
        found(raw, list_path, value)
        return true
    end
    local is_found = false
    for number, member in ipairs(value) do
        is_found = find(member, ("%s[%d]"):format(path, number - 1), found, depth + 1) or is_found
    end
    for _, name in ipairs(holders) do
        is_found = find(value[name], path .. "." .. name, found, depth + 1) or is_found
    end
    return is_found
end

---Calls each(events, around) for every history of the input: `events` in the order of their ids, each
---{ id, at, type, attributes, place }; `around` is the object that holds them.
---@param each fun(events: table[], around: table)
---@param on_repeated fun(event: table) called for an event with the id of another one of its history
function history.each(input, each, on_repeated)
    local lone, lone_places = {}, {}
    for document in input:json_documents() do
        local root = "$"
        if is_event(document) then
            lone[#lone + 1], lone_places[#lone + 1] = document, ("event %d"):format(#lone)
        else
            local is_found = find(document, root, function(raw, path, around)
                each(events_of(input, raw, function(number)
                    return ("%s[%d]"):format(path, number - 1)
                end, on_repeated), around)
            end, 0)
            if not is_found then
                input:at(root)
                input:fail("no history: a list `events` of objects with eventId, eventTime and eventType expected")
            end
        end
    end
    if #lone > 0 then
        each(events_of(input, lone, function(number)
            return lone_places[number]
        end, on_repeated), {})
    end
end

return history
