-- What a workflow asks for and what answers it: events, of which the second and third name the first. An activity is
-- scheduled, started and completed; a child workflow initiated, started and completed; a timer started and fired.
local fields = require "temporal.fields"

local tasks = {}

local function name_of(field)
    return function(attributes)
        return fields.text(fields.object(attributes, field), "name")
    end
end

local function signal_name(attributes)
    local name = fields.text(attributes, "signalName")
    return name and "send:" .. name
end

local function operation_name(attributes)
    local operation = fields.text(attributes, "operation")
    return operation and ("nexus:%s/%s"):format(fields.text(attributes, "service") or "", operation)
end

local function update_name(attributes)
    local name = fields.text(fields.object(attributes, "acceptedRequest", "input"), "name")
    return "update:" .. (name or "unnamed")
end

local function always(text)
    return function()
        return text
    end
end

---By the event in which the workflow asks for a thing: its kind, and how it is called, and
--- `id`            the field that tells several of one name apart, where it is not the event's own id
--- `counts`        while it is open, the workflow may wait for it
--- `at_once`       it runs from this event on, and no other one says so
--- `is_unnoticed`  it may run without an event that says so, and has then run from this event on
--- `wait`          it is no work but a wait of this kind
--- `is_child`      it has a trace of its own
--- `is_alone`      there is only one at a time
tasks.asking = {
    ActivityTaskScheduled = { kind = "activity", name = name_of "activityType", id = "activityId", counts = true },
    StartChildWorkflowExecutionInitiated = { kind = "child workflow", name = name_of "workflowType", counts = true,
        is_child = true },
    NexusOperationScheduled = { kind = "nexus operation", name = operation_name, counts = true, is_unnoticed = true },
    SignalExternalWorkflowExecutionInitiated = { kind = "external signal", name = signal_name, counts = true,
        at_once = true },
    RequestCancelExternalWorkflowExecutionInitiated = { kind = "external cancel request", counts = true,
        at_once = true, name = always "cancel another workflow" },
    WorkflowExecutionUpdateAccepted = { kind = "update", name = update_name, counts = true, at_once = true },
    TimerStarted = { kind = "timer", name = always "timer", id = "timerId", at_once = true, wait = "timer" },
    WorkflowTaskScheduled = { kind = "workflow task", name = always "workflow task", is_alone = true },
}

---By the event that says that it runs: the field with the id of the event in which it was asked for.
tasks.beginning = {
    ActivityTaskStarted = "scheduledEventId",
    ChildWorkflowExecutionStarted = "initiatedEventId",
    NexusOperationStarted = "scheduledEventId",
    WorkflowTaskStarted = "scheduledEventId",
}

local function ending(from, kind, outcome)
    return { from = from, kind = kind, outcome = outcome or kind or "complete" }
end

---By the event that ends it: the field with the id of the event in which it was asked for, the kind of its error (nil:
---it is done), and the outcome of a child.
tasks.ending = {
    ActivityTaskCompleted = ending "scheduledEventId",
    ActivityTaskFailed = ending("scheduledEventId", "error"),
    ActivityTaskTimedOut = ending("scheduledEventId", "timed_out"),
    ActivityTaskCanceled = ending("scheduledEventId", "cancelled"),
    ChildWorkflowExecutionCompleted = ending "initiatedEventId",
    ChildWorkflowExecutionFailed = ending("initiatedEventId", "error", "failed"),
    ChildWorkflowExecutionCanceled = ending("initiatedEventId", "cancelled"),
    ChildWorkflowExecutionTimedOut = ending("initiatedEventId", "timed_out"),
    ChildWorkflowExecutionTerminated = ending("initiatedEventId", "terminated"),
    StartChildWorkflowExecutionFailed = ending("initiatedEventId", "not_started"),
    NexusOperationCompleted = ending "scheduledEventId",
    NexusOperationFailed = ending("scheduledEventId", "error"),
    NexusOperationTimedOut = ending("scheduledEventId", "timed_out"),
    NexusOperationCanceled = ending("scheduledEventId", "cancelled"),
    ExternalWorkflowExecutionSignaled = ending "initiatedEventId",
    SignalExternalWorkflowExecutionFailed = ending("initiatedEventId", "error"),
    ExternalWorkflowExecutionCancelRequested = ending "initiatedEventId",
    RequestCancelExternalWorkflowExecutionFailed = ending("initiatedEventId", "error"),
    TimerFired = ending "startedEventId",
    TimerCanceled = ending("startedEventId", "cancelled"),
    WorkflowTaskCompleted = ending "scheduledEventId",
    WorkflowTaskFailed = ending("scheduledEventId", "error"),
    WorkflowTaskTimedOut = ending("scheduledEventId", "timed_out"),
}

---By the event that ends a run: its outcome.
tasks.closing = {
    WorkflowExecutionCompleted = "complete",
    WorkflowExecutionFailed = "failed",
    WorkflowExecutionTimedOut = "timed_out",
    WorkflowExecutionCanceled = "cancelled",
    WorkflowExecutionTerminated = "terminated",
    WorkflowExecutionContinuedAsNew = "continued",
}

return tasks
