-- Local activities: the worker runs them inside a workflow task, and the history has one marker for each that is over.
-- It says when it ended, in the workflow's own time, and not when it began. Each SDK has a form of its own.
local fields = require "temporal.fields"

local local_activity = {}

-- Go.
local function of_go(data, input)
    local at = fields.text(data, "ReplayTime")
    return {
        name = fields.text(data, "ActivityType"),
        id = fields.text(data, "ActivityID"),
        attempts = fields.whole(data, "Attempt"),
        at = at and input.time(at),
    }
end

-- Python, TypeScript, .NET, Ruby: those on the common core.
local function of_core(data, input)
    local time = fields.object(data, "complete_time")
    local seconds = fields.whole(time, "seconds")
    return {
        name = fields.text(data, "activity_type"),
        id = fields.text(data, "activity_id"),
        attempts = fields.whole(data, "attempt"),
        at = seconds and fields.time(input, seconds, fields.whole(time, "nanos")),
    }
end

local function of_java(attributes, input)
    local kind, ms = fields.detail(attributes, "type"), fields.detail(attributes, "time")
    return {
        name = type(kind) == "string" and kind or nil,
        id = fields.detail(attributes, "activityId"),
        attempts = fields.whole(fields.detail(attributes, "meta"), "atpt"),
        at = math.type(ms) == "integer" and input.time(ms, "ms") or nil,
    }
end

local marker_names = { LocalActivity = true, core_local_activity = true }

---@return boolean
function local_activity.is_one(event)
    return event.type == "MarkerRecorded" and marker_names[fields.text(event.attributes, "markerName")] == true
end

---@return { name: string, id: string, attempts: integer, at: integer }|nil nil where the marker cannot be read: it may
---  be encrypted
function local_activity.read(event, input)
    local data = fields.detail(event.attributes, "data")
    local found
    if type(data) ~= "table" then
        found = of_java(event.attributes, input)
    else
        found = fields.text(data, "ActivityType") and of_go(data, input) or of_core(data, input)
    end
    return found.name and found or nil
end

return local_activity
