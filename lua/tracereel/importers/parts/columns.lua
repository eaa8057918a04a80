-- Which column of a table of events is what, by the names that process-mining tools give them.
local columns = {}

-- In the order of preference, as they are when written in small letters with _ for everything else.
local names_of = {
    case = { "case_concept_name", "case_id", "caseid", "case", "case_identifier", "case_number", "case_key",
        "case_name", "idcase", "id_case", "process_id", "process_instance", "process_instance_id", "processinstanceid",
        "trace_id", "traceid", "trace", "run_id", "run", "workflow_id", "order_id", "ticket_id" },
    activity = { "concept_name", "activity", "activity_name", "activityname", "activity_id", "activityid", "task",
        "task_name", "taskname", "step", "step_name", "event", "event_name", "eventname", "operation", "action" },
    start = { "start_timestamp", "start_time", "starttime", "start", "started_at", "started", "started_time",
        "start_date", "startdate", "startdatetime", "start_datetime", "start_date_time", "time_start", "begin",
        "begin_time", "begin_timestamp" },
    ["end"] = { "end_timestamp", "complete_timestamp", "completion_timestamp", "end_time", "endtime", "end",
        "ended_at", "ended", "end_date", "enddate", "enddatetime", "end_datetime", "end_date_time", "time_end",
        "complete_time", "completetime", "completion_time", "completed_at", "complete", "completed", "finish_time",
        "finish", "finished_at", "finished", "stop", "stop_time" },
    time = { "time_timestamp", "timestamp", "time", "event_time", "eventtime", "event_timestamp", "datetime",
        "date_time", "event_date", "date" },
    scheduled = { "time_enabled", "enabled_time", "enable_time", "enabled_timestamp", "enablement_time",
        "assignedtime", "assigned_time", "schedule_time", "schedule_timestamp", "scheduled_time", "scheduled_at",
        "scheduled", "queued_at", "queue_time", "ready_time" },
    resource = { "org_resource", "resource", "resource_name", "resource_id", "resourceid", "user", "user_id",
        "performer", "worker", "assignee", "agent", "originator", "employee", "person" },
    lifecycle = { "lifecycle_transition", "lifecycle", "transition", "lifecycle_id", "event_lifecycle" },
    instance = { "concept_instance", "activity_instance_id", "activity_instance", "activityinstance", "instance",
        "instance_id" },
}

columns.roles = { "case", "activity", "start", "end", "time", "scheduled", "resource", "lifecycle", "instance" }

local function plain(name)
    return (name:lower():gsub("[^%w]+", "_"):gsub("^_+", ""):gsub("_+$", ""))
end

---Which column has which role.
---@param header string[]
---@param given table<string, string|nil> by role, what the user says; "" for: none
---@param fail fun(message: string, ...)
---@return table<string, integer> by role
function columns.find(header, given, fail)
    local exact, by_plain, found, is_taken = {}, {}, {}, {}
    for index, name in ipairs(header) do
        exact[name] = exact[name] or index
        by_plain[plain(name)] = by_plain[plain(name)] or index
    end
    for _, role in ipairs(columns.roles) do
        local name = given[role]
        if name and name ~= "" then
            found[role] = exact[name] or by_plain[plain(name)]
                or fail("-a %s=%s: no such column; there are %s", role, name, table.concat(header, ", "))
            is_taken[found[role]] = true
        end
    end
    for _, role in ipairs(columns.roles) do
        for _, name in ipairs(not given[role] and names_of[role] or {}) do
            local index = by_plain[name]
            if index and not is_taken[index] and not found[role] then
                found[role] = index
                is_taken[index] = true
            end
        end
    end
    return found
end

---Could these be the columns of a table of events?
---@param header string[]
function columns.suit(header)
    local found = columns.find(header, {}, function() end)
    return found.case ~= nil and found.activity ~= nil and (found.time or found["end"] or found.start) ~= nil
end

return columns
