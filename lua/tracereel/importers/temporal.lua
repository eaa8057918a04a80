-- Histories of Temporal's workflows, as its CLI, its web page and its SDKs write them.
local fields = require "temporal.fields"
local history = require "temporal.history"
local local_activity = require "temporal.local_activity"
local names = require "temporal.names"
local run = require "temporal.run"
local tasks = require "temporal.tasks"
local texts = require "parts.texts"

-- What all inputs of one import have in common.
local shared = { names = names.new(), children = {}, has_history = {}, unnamed_count = {} }

local workflow_task_events = {
    WorkflowTaskScheduled = true, WorkflowTaskStarted = true, WorkflowTaskCompleted = true, WorkflowTaskFailed = true,
    WorkflowTaskTimedOut = true,
}

-- What describes a run or sets it, and is no step of it.
local describing_events = {
    UpsertWorkflowSearchAttributes = true, WorkflowPropertiesModified = true,
    WorkflowPropertiesModifiedExternally = true, ActivityPropertiesModifiedExternally = true,
    WorkflowExecutionOptionsUpdated = true,
}

local handlers = {}

local function signal_name(event)
    return "signal:" .. (fields.text(event.attributes, "signalName") or "unnamed")
end

function handlers.WorkflowExecutionSignaled(self, event)
    self:receive("signal", signal_name(event), event)
end

function handlers.WorkflowExecutionCancelRequested(self, event)
    self:receive("signal", "cancel request", event)
end

function handlers.ActivityTaskCancelRequested(self, event)
    self:request_cancel("scheduledEventId", event)
end

handlers.NexusOperationCancelRequested = handlers.ActivityTaskCancelRequested

-- The server writes one only where a workflow wrote it into its history itself.
function handlers.WorkflowExecutionUpdateRejected(self, event)
    local name = fields.text(fields.object(event.attributes, "rejectedRequest", "input"), "name")
    local node = self.shared.names:node("update", "update:" .. (name or "unnamed"))
    local instance = tostring(event.id)
    self.trace:start(node, { at = event.at, instance = instance })
    self.trace:error(node, { at = event.at, instance = instance, kind = "rejected",
        message = fields.failure(event.attributes) })
end

local function update_id(request)
    return fields.text(fields.object(request, "meta"), "updateId")
end

function handlers.WorkflowExecutionUpdateAdmitted(self, event)
    local id = update_id(fields.object(event.attributes, "request"))
    if id then
        self.updates[id] = { admitted_at = event.at }
    end
end

function handlers.WorkflowExecutionUpdateAccepted(self, event)
    local id = fields.text(event.attributes, "protocolInstanceId")
        or update_id(fields.object(event.attributes, "acceptedRequest"))
    local update = id and self.updates[id] or {}
    update.event_id = event.id
    if id then
        self.updates[id] = update
    end
    self:ask(tasks.asking[event.type], event, update.admitted_at)
end

-- Which update is over, older histories say by its own id alone.
function handlers.WorkflowExecutionUpdateCompleted(self, event)
    local attributes = event.attributes
    local update = self.updates[update_id(attributes) or ""]
    if not fields.event_id(attributes, "acceptedEventId") and update then
        attributes.acceptedEventId = update.event_id
    end
    local failure = fields.object(attributes, "outcome", "failure")
    attributes.failure = failure
    self:finish({ from = "acceptedEventId", kind = failure and "error" or nil }, event)
end

function handlers.MarkerRecorded(self, event)
    local marker = fields.text(event.attributes, "markerName")
    if not local_activity.is_one(event) then
        return self:left_out(("markers (%s)"):format(marker or "without a name"), event)
    elseif not event.found then
        return self:dropped("local activities whose markers cannot be read", event)
    end
    local found = event.found
    local node = self.shared.names:node("local activity", found.name)
    local message, failure_type = fields.failure(event.attributes)
    local options = {
        at = math.min(math.max(found.at or event.at, self.began_at), event.at),
        instance = self:instance_of("local activity", found.name, found.id or tostring(event.id)),
        metadata = { attempts = found.attempts and found.attempts > 1 and found.attempts or nil,
            failure_type = failure_type },
    }
    if fields.object(event.attributes, "failure") then
        options.kind, options.message = "error", message
        self.trace:error(node, options)
    else
        self.trace:done(node, options)
    end
end

-- How many things a history has of each kind and name.
local function counted(events, input)
    local counts = {}
    local function count(kind, name)
        counts[kind .. ":" .. name] = (counts[kind .. ":" .. name] or 0) + 1
    end
    for _, event in ipairs(events) do
        local asking = tasks.asking[event.type]
        local name = asking and asking.name(event.attributes)
        if name then
            count(asking.kind, name)
        elseif local_activity.is_one(event) then
            input:at(event.place)
            event.found = local_activity.read(event, input)
            if event.found then
                count("local activity", event.found.name)
            end
        elseif event.type == "WorkflowExecutionSignaled" then
            count("signal", signal_name(event))
        elseif event.type == "WorkflowExecutionCancelRequested" then
            count("signal", "cancel request")
        end
    end
    input:at(nil)
    return counts
end

-- What the run's first event says of it; nothing where the history begins later.
local function started_of(events)
    return events[1].type == "WorkflowExecutionStarted" and events[1].attributes or {}
end

-- The run's own id; where the history does not have it, the workflow's, or the file's name. The history of a run that
-- was reset begins with the events of the run before it, and has its own id in the failed workflow task in between.
local function run_id(events, around, input)
    local execution = fields.object(around, "workflowExecution") or fields.object(around, "execution")
    local id = fields.text(execution, "runId")
    for _, event in ipairs(events) do
        if event.type == "WorkflowTaskFailed" then
            id = fields.text(event.attributes, "newRunId") or id
        end
    end
    local first = started_of(events)
    id = id or fields.text(first, "originalExecutionRunId") or fields.text(first, "workflowId")
        or fields.text(around, "workflowId")
    if id then
        return id
    end
    local stem = texts.file_stem(input.name)
    local count = (shared.unnamed_count[stem] or 0) + 1
    shared.unnamed_count[stem] = count
    return count == 1 and stem or ("%s#%d"):format(stem, count)
end

local function parent_of(started)
    local parent = fields.text(fields.object(started, "parentWorkflowExecution"), "runId")
    local instance = fields.event_id(started, "parentInitiatedEventId")
    local name = fields.text(fields.object(started, "workflowType"), "name")
    if not parent or not instance or not name then
        return nil
    end
    return parent, shared.names:node("child workflow", name), tostring(instance)
end

local function trace_of(out, id, events, around)
    local started = started_of(events)
    local parent, parent_node, parent_instance = parent_of(started)
    local next_run
    for _, event in ipairs(events) do
        next_run = tasks.closing[event.type] and fields.text(event.attributes, "newExecutionRunId") or next_run
    end
    local attempt = fields.whole(started, "attempt")
    local workflow_type = fields.text(fields.object(started, "workflowType"), "name")
    shared.names:add_workflow(workflow_type)
    return out:trace {
        id = id,
        name = workflow_type,
        parent = parent,
        parent_node = parent_node,
        parent_instance = parent_instance,
        at = events[1].at,
        metadata = {
            workflow_id = fields.text(started, "workflowId") or fields.text(around, "workflowId"),
            task_queue = fields.text(fields.object(started, "taskQueue"), "name"),
            attempt = attempt and attempt > 1 and attempt or nil,
            cron_schedule = fields.text(started, "cronSchedule"),
            previous_run = fields.text(started, "continuedExecutionRunId"),
            next_run = next_run,
        },
    }
end

-- When the workflow waits for something from outside: after a workflow task, until the next one.
local function note_idle(self, event)
    if event.type == "WorkflowTaskCompleted" then
        self.idle_since = event.at
    elseif event.type == "WorkflowTaskScheduled" then
        self.idle_since = nil
    end
end

local function take(self, event, args)
    local is_left_out = workflow_task_events[event.type] and not args.workflow_tasks
    if is_left_out then
        self:left_out("workflow task events (-a workflow_tasks=true keeps them)", event)
    elseif handlers[event.type] then
        handlers[event.type](self, event)
    elseif tasks.asking[event.type] then
        self:ask(tasks.asking[event.type], event)
    elseif tasks.beginning[event.type] then
        self:begin(tasks.beginning[event.type], event)
    elseif tasks.ending[event.type] then
        self:finish(tasks.ending[event.type], event)
    elseif tasks.closing[event.type] then
        self.trace:close(tasks.closing[event.type], { at = event.at, error = fields.failure(event.attributes)
            or fields.text(event.attributes, "reason") })
    elseif describing_events[event.type] then
        self:left_out(("%s events"):format(event.type), event)
    elseif event.type ~= "WorkflowExecutionStarted" then
        self:dropped(("%s events"):format(event.type), event)
    end
    note_idle(self, event)
end

local function import_history(input, out, args, events, around)
    if #events == 0 then
        return out:dropped("histories without events", input:where())
    end
    local id = run_id(events, around, input)
    if shared.has_history[id] then
        return out:dropped("histories of a run that another input has", ("%s: %s"):format(input:where(), id))
    end
    shared.has_history[id] = true
    local self = run.new(shared, input.name, id, trace_of(out, id, events, around), counted(events, input))
    self.began_at, self.updates = events[1].at, {}
    if events[1].type ~= "WorkflowExecutionStarted" then
        self:bent("histories without their beginning, begun at their first event", events[1])
    end
    for _, event in ipairs(events) do
        take(self, event, args)
    end
    self:drop_unstarted()
end

-- A child whose own history is no input has a trace of what its parent's history says of it.
local function finish(out)
    for _, child in ipairs(shared.children) do
        if not shared.has_history[child.id] then
            local trace = out:trace { id = child.id, name = child.name, parent = child.parent, parent_node = child.node,
                parent_instance = child.instance, at = child.started_at,
                metadata = { workflow_id = child.workflow_id } }
            if child.outcome then
                trace:close(child.outcome, { at = child.ended_at, error = child.message })
            end
        end
    end
    out:flow(shared.names:flow())
end

return {
    api = 1,
    summary = "Histories of Temporal's workflows (JSON), as its CLI, web page and SDKs write them.",
    extensions = { "json" },
    args = {
        workflow_tasks = { type = "boolean", default = false,
            help = "Keep workflow tasks, in which the workflow's own code runs, as a node." },
    },
    detect = function(head)
        local event_type = head:match('"event_?[Tt]ype"%s*:%s*"?([%w_]+)')
        return event_type ~= nil and head:find('"event_?[Ii]d"%s*:') ~= nil and head:find('"event_?[Tt]ime"%s*:') ~= nil
    end,
    import = function(input, out, args)
        shared.out = out
        out:origin { rule = "temporal" }
        history.each(input, function(events, around)
            import_history(input, out, args, events, around)
        end, function(event)
            out:dropped("events with the id of another one", ("%s: %s: %s"):format(input.name, event.place, event.type))
        end)
    end,
    finish = finish,
}
