-- A trace as tracereel exported it, written so that exporting it again gives the same.
local exported = {}

local function add_all(list, items, key)
    for _, item in ipairs(items) do
        if item[key] then
            list[#list + 1] = item[key]
        end
    end
end

local max_number = 0xFFFFFFFF

-- A file may have anything in place of a text or a number.
local text_fields = { "instance", "resource", "kind", "message" }
local number_fields = { "number", "iteration", "scheduled" }

local function check_fields(items)
    for _, item in ipairs(items) do
        for _, key in ipairs(text_fields) do
            item[key] = item[key] ~= nil and tostring(item[key]) or nil
        end
        for _, key in ipairs(number_fields) do
            local number = math.tointeger(tonumber(item[key]))
            local is_usable = number and number >= 0 and (key == "scheduled" or number <= max_number)
            item[key] = is_usable and number or nil
        end
    end
end

-- When something became ready, in order: by these an attempt without a written start is measured.
local function ready_times(story)
    local list = { story.at }
    for _, attempt in ipairs(story.attempts) do
        if attempt.outcome == "done" or attempt.outcome == "error" then
            list[#list + 1] = attempt.end_ns
        end
    end
    add_all(list, story.waits, "end_ns")
    add_all(list, story.loops, "at")
    table.sort(list)
    return list
end

-- How many of a sorted list are smaller.
local function count_before(list, value)
    local low, high = 1, #list + 1
    while low < high do
        local middle = (low + high) // 2
        if list[middle] < value then
            low = middle + 1
        else
            high = middle
        end
    end
    return low - 1
end

-- The first that is heard of an attempt without a written start: its end, or that its node waits.
local function first_heard(story, attempt)
    local first = (attempt.outcome == "done" or attempt.outcome == "error") and attempt.end_ns or nil
    for _, wait in ipairs(story.waits) do
        -- A wait of a node's own begins no attempt.
        local is_same = wait.kind == "trace" and wait.node == attempt.node
        if is_same and wait.start_ns >= attempt.start_ns and (not first or wait.start_ns < first) then
            first = wait.start_ns
        end
    end
    return first
end

-- Whether the attempt's estimated start follows again from the records, so that none is to be written.
local function follows(story, ready, attempt)
    local heard_ns = attempt.estimated and attempt.start_ns and first_heard(story, attempt)
    if not heard_ns then
        return false
    end
    local count = count_before(ready, heard_ns)
    -- What becomes ready in the same instant may come before it or after it.
    local is_clear = ready[count + (heard_ns == attempt.end_ns and 2 or 1)] ~= heard_ns
    return ready[count] == attempt.start_ns and is_clear
end

local known_outcomes = {
    complete = true, failed = true, cancelled = true, timed_out = true, terminated = true, continued = true,
}

local function write_attempt(out, trace, attempt, is_estimated, hidden_number)
    local start_ns, end_ns = attempt.start_ns, attempt.end_ns
    if start_ns and end_ns and end_ns < start_ns then
        out:bent("attempts that end before they start: they take no time", attempt.place)
        end_ns = start_ns
    end
    if not is_estimated then
        if attempt.estimated then
            out:bent("estimated starts that do not follow from what was exported: they are written", attempt.place)
        end
        trace:start(attempt.node, { at = start_ns or end_ns, instance = attempt.instance, attempt = hidden_number,
            resource = attempt.resource, scheduled = attempt.scheduled, metadata = attempt.metadata })
    end
    local has_ended = attempt.outcome == "done" or attempt.outcome == "error"
    if has_ended and not end_ns then
        out:bent("attempts that have ended, and have no time of it: they stay open", attempt.place)
    elseif attempt.outcome == "done" then
        trace:done(attempt.node, { at = end_ns, instance = attempt.instance })
    elseif has_ended then
        trace:error(attempt.node, { at = end_ns, instance = attempt.instance, kind = attempt.kind,
            message = attempt.message })
    end
end

---An attempt has node, instance, start_ns, end_ns, outcome, estimated, kind, message, place and more; a wait node,
---instance, start_ns, end_ns, kind ("trace" for XERV's own suspension); a loop node, instance, at, iteration, is_exit.
---Where the trace is open there is no `outcome`.
---@param story { at: integer|nil, attempts: table[], waits: table[], loops: table[], outcome: string|nil,
---  closed_at: integer|nil, error: string|nil }
function exported.write(out, trace, story)
    check_fields(story.attempts)
    check_fields(story.waits)
    check_fields(story.loops)
    local ready, numbers = ready_times(story), {}
    for _, attempt in ipairs(story.attempts) do
        -- The number is said where attempts before it are not there.
        local key = attempt.node .. "\0" .. (attempt.instance or "")
        local expected = (numbers[key] or 0) + 1
        local number = attempt.number or expected
        numbers[key] = number
        write_attempt(out, trace, attempt, follows(story, ready, attempt), number > expected and number or nil)
    end
    for _, wait in ipairs(story.waits) do
        trace:wait(wait.node, { at = wait.start_ns, instance = wait.instance, kind = wait.kind })
        if wait.end_ns then
            trace:resume(wait.node, { at = wait.end_ns, instance = wait.instance })
        end
    end
    for _, loop in ipairs(story.loops) do
        local said = { at = loop.at, instance = loop.instance, iteration = loop.iteration or 0 }
        if loop.is_exit then
            trace:exit(loop.node, said)
        else
            trace:iteration(loop.node, said)
        end
    end
    if story.outcome and not known_outcomes[story.outcome] then
        out:bent("traces with an outcome that is not known: they stay open",
            ("%s: trace %s"):format(story.outcome, trace.id))
    elseif story.outcome then
        local message = story.error ~= nil and tostring(story.error) or nil
        trace:close(story.outcome, { at = story.closed_at, error = message })
    end
end

---What a trace is called, where that is not the name of the flow. The first is the flow's.
---@param name string|nil
---@return string|nil
function exported.name(out, name)
    if not name or name == "trace" then
        return nil
    elseif not exported.flow_name then
        exported.flow_name = name
        out:flow { name = name }
    end
    return name ~= exported.flow_name and name or nil
end

---The outcome that a status stands for; nil where the trace is open.
---@param status string|nil
function exported.outcome(status)
    local is_open = status == "running" or status == "suspended" or status == "held"
    return not is_open and status or nil
end

return exported
