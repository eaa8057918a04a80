-- The trace of one run of a workflow: its tasks, and what comes from outside, as calls of the importer's API.
local fields = require "temporal.fields"

local Run = {}
Run.__index = Run

local run = {}

---@class temporal.run
---@field shared table what all histories of an import have in common: out, names, children
---@field input_name string
---@field id string the trace's id, as a text
---@field trace table
---@field counts table<string, integer> how many things there are of each kind and name
---@field tasks table<integer, table> what the workflow asked for, by the id of the event that says so
---@field order table[] the same in their order
---@field open_count integer those that are open and that the workflow can wait for
---@field idle_since integer|nil since when the workflow waits, with nothing open that it could wait for

---@param shared table
---@param input_name string
---@param id string
---@param trace table
---@param counts table<string, integer>
---@return temporal.run
function run.new(shared, input_name, id, trace, counts)
    return setmetatable({ shared = shared, input_name = input_name, id = id, trace = trace, counts = counts, tasks = {},
        order = {}, open_count = 0 }, Run)
end

local function example(self, event)
    return ("%s: %s: %s"):format(self.input_name, event.place, event.type)
end

---@param kind string in the plural
function Run:dropped(kind, event)
    self.shared.out:dropped(kind, example(self, event))
end

---@param kind string in the plural
function Run:left_out(kind, event)
    self.shared.out:left_out(kind, example(self, event))
end

---@param kind string in the plural
function Run:bent(kind, event)
    self.shared.out:bent(kind, example(self, event))
end

---Which of several of one kind and name it is; nil for the only one in its history, which needs no instance.
---@param key string
function Run:instance_of(kind, name, key)
    return self.counts[kind .. ":" .. name] > 1 and key or nil
end

local function start(self, task, at, event)
    task.started_at = at
    local message, failure_type = fields.failure(event.attributes, "lastFailure")
    local attempt = fields.whole(event.attributes, "attempt") or task.attempt
    self.trace:start(task.node, {
        at = at,
        instance = task.instance,
        scheduled = task.asked_at and math.min(task.asked_at, at) or nil,
        attempt = attempt and attempt > 1 and attempt or nil,
        resource = fields.text(event.attributes, "identity"),
        metadata = { activity_id = task.activity_id, task_queue = task.task_queue, last_failure = message,
            last_failure_type = failure_type, duration = task.duration },
    })
    if task.opening.wait then
        self.trace:wait(task.node, { at = at, kind = task.opening.wait, instance = task.instance })
    end
end

---The workflow asks for something, or is asked.
---@param opening table of temporal.tasks
---@param asked_at integer|nil when, where that was before this event
function Run:ask(opening, event, asked_at)
    local attributes, name = event.attributes, opening.name(event.attributes)
    if not name then
        return self:dropped("events without a name of what they begin", event)
    end
    local key = opening.id and fields.text(attributes, opening.id) or tostring(event.id)
    local task = {
        opening = opening,
        name = name,
        node = self.shared.names:node(opening.kind, name),
        instance = opening.is_child and key
            or not opening.is_alone and self:instance_of(opening.kind, name, key) or nil,
        event = event,
        asked_at = asked_at or not opening.at_once and event.at or nil,
        attempt = fields.whole(attributes, "attempt"),
        activity_id = fields.text(attributes, "activityId"),
        task_queue = fields.text(fields.object(attributes, "taskQueue"), "name"),
        duration = fields.text(attributes, "startToFireTimeout"),
    }
    self.tasks[event.id] = task
    self.order[#self.order + 1] = task
    self.open_count = self.open_count + (opening.counts and 1 or 0)
    if opening.at_once then
        start(self, task, event.at, event)
    end
end

-- The task that an event is about; nil, and counted, where its beginning is not in the history or it is over.
local function task_of(self, from, event)
    local id = fields.event_id(event.attributes, from)
    local task = id and self.tasks[id]
    if not task then
        self:dropped("events of what began before the history", event)
    elseif task.is_over then
        self:dropped("events of what is over", event)
        task = nil
    end
    return task
end

---@param from string the field with the id of the event in which the workflow asked for it
function Run:begin(from, event)
    local task = task_of(self, from, event)
    if not task then
        return
    elseif task.started_at then
        return self:dropped("second starts", event)
    end
    start(self, task, event.at, event)
    if task.opening.is_child then
        local execution = fields.object(event.attributes, "workflowExecution")
        task.child = {
            id = fields.text(execution, "runId") or ("%s/%d"):format(self.id, task.event.id),
            workflow_id = fields.text(execution, "workflowId"),
            name = task.name, parent = self.trace, node = task.node, instance = task.instance, started_at = event.at,
        }
        table.insert(self.shared.children, task.child)
    end
end

-- When it ended, for which it must have started.
local function ended_at(self, task, event)
    local at = event.at
    if not task.started_at then
        -- What may run unnoticed did so from the beginning; anything else was in a queue all the time.
        start(self, task, task.opening.is_unnoticed and math.min(task.asked_at, at) or at, event)
    elseif at < task.started_at then
        self:bent("ends before their starts, taken to be at their starts", event)
        at = task.started_at
    end
    return at
end

---@param ending table of temporal.tasks
function Run:finish(ending, event)
    local task = task_of(self, ending.from, event)
    if not task then
        return
    end
    local at = ended_at(self, task, event)
    task.is_over = true
    self.open_count = self.open_count - (task.opening.counts and 1 or 0)
    if task.opening.wait then
        self.trace:resume(task.node, { at = at, instance = task.instance })
    end
    local message, failure_type, timeout_type = fields.failure(event.attributes)
    local metadata = { failure_type = failure_type, timeout_type = timeout_type,
        cancel_requested = task.cancel_requested,
        retry_state = ending.kind and fields.text(event.attributes, "retryState") or nil }
    if ending.kind then
        self.trace:error(task.node, { at = at, instance = task.instance, kind = ending.kind, metadata = metadata,
            message = message or fields.text(event.attributes, "cause") })
    else
        self.trace:done(task.node, { at = at, instance = task.instance, metadata = metadata })
    end
    if task.child then
        task.child.ended_at, task.child.outcome, task.child.message = at, ending.outcome, message
    end
end

---The workflow wants a task to be cancelled, which that may heed or not.
function Run:request_cancel(from, event)
    local task = task_of(self, from, event)
    if task then
        task.cancel_requested = true
    end
end

---Something from outside, that the workflow waited for since its last workflow task where nothing else was open.
---@param kind string of the wait
function Run:receive(kind, name, event)
    local node = self.shared.names:node(kind, name)
    local since = math.min(self.open_count == 0 and self.idle_since or event.at, event.at)
    local instance = self:instance_of(kind, name, tostring(event.id))
    self.trace:start(node, { at = since, instance = instance, resource = fields.text(event.attributes, "identity") })
    self.trace:wait(node, { at = since, kind = kind, instance = instance })
    self.trace:resume(node, { at = event.at, instance = instance })
    self.trace:done(node, { at = event.at, instance = instance })
end

---What was asked for and had not started when the history ends: no record can say that.
function Run:drop_unstarted()
    for _, task in ipairs(self.order) do
        if not task.started_at then
            self:dropped(("tasks that never started (%s)"):format(task.opening.kind), task.event)
        end
    end
end

return run
