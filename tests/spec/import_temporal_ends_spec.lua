-- Temporal's histories: what the events say of how each thing ended, and of what a workflow waited for meanwhile.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local imported = require "tests.spec.imported"

local base_ns = imported.nanoseconds "2026-01-01T00:00:00Z"
local own_run = "11111111-0000-4000-8000-000000000001"

-- Imports a history of { type, second, attributes } with ids from 2 on, after the event that begins it.
local function import(started, ...)
    local about = { workflowType = { name = "flow" }, workflowId = "order-7", originalExecutionRunId = own_run }
    for key, value in pairs(started) do
        about[key] = value
    end
    local events = {}
    for id, given in ipairs { { "WorkflowExecutionStarted", 0, about }, ... } do
        local kind, second, attributes = table.unpack(given)
        events[id] = { eventId = tostring(id), eventType = kind,
            eventTime = ("2026-01-01T00:00:%02dZ"):format(second),
            [kind:sub(1, 1):lower() .. kind:sub(2) .. "EventAttributes"] = attributes or {} }
    end
    return imported.read("temporal", { helper.write(helper.directory() .. "/history.json",
        dkjson.encode { events = events }) })
end

-- "node outcome start end" in seconds since the base.
local function seconds(log)
    local list = {}
    for _, one in ipairs(imported.attempts(log)) do
        list[#list + 1] = ("%s %s %d %d"):format(one.node, one.outcome, (one.started_at - base_ns) // 1000000000,
            (one.ended_at - base_ns) // 1000000000)
    end
    return list
end

local function first_of(log, kind)
    for _, record in ipairs(log.records) do
        if record.type == kind then
            return record
        end
    end
end

-- The three events of a workflow task, of which the first has this id.
local function workflow_task(id, second)
    local about = { scheduledEventId = id }
    return { "WorkflowTaskScheduled", second }, { "WorkflowTaskStarted", second, about },
        { "WorkflowTaskCompleted", second, about }
end

describe("import --from temporal", function()
    after_each(helper.clean)

    it("ends a child's trace, and the run of its parent's node, as the parent's event says", function()
        for kind, expected in pairs {
            Completed = "done trace_complete nil nil", Failed = "error trace_failed nil sunk",
            Canceled = "cancelled trace_failed cancelled sunk", TimedOut = "timed_out trace_failed timed_out sunk",
            Terminated = "terminated trace_failed terminated sunk",
        } do
            local is_good = kind == "Completed"
            local log = import({},
                { "StartChildWorkflowExecutionInitiated", 1, { workflowType = { name = "ship" } } },
                { "ChildWorkflowExecutionStarted", 2, { initiatedEventId = "2",
                    workflowExecution = { workflowId = "ship-7", runId = "22222222-0000-4000-8000-000000000002" } } },
                { "ChildWorkflowExecution" .. kind, 9, { initiatedEventId = "2",
                    failure = not is_good and { message = "sunk" } or nil } })
            local close = first_of(log, "trace_failed") or first_of(log, "trace_complete")
            assert.equal("22222222-0000-4000-8000-000000000002", close.trace_id)
            assert.equal(expected, ("%s %s %s %s"):format(imported.attempts(log)[1].outcome, close.type,
                close.fields.outcome or "nil", close.error_message or "nil"), kind)
        end
    end)

    it("ends what a workflow asked for as the event says, with the cause in words", function()
        local nexus = { "NexusOperationScheduled", 1, { service = "pay", operation = "hold" } }
        local activity = { "ActivityTaskScheduled", 1, { activityId = "5", activityType = { name = "pick" } } }
        local signal = { "SignalExternalWorkflowExecutionInitiated", 1, { signalName = "go" } }
        local cancel = { "RequestCancelExternalWorkflowExecutionInitiated", 1 }
        for kind, case in pairs {
            ActivityTaskCompleted = { activity, "done" }, ActivityTaskFailed = { activity, "error" },
            ActivityTaskTimedOut = { activity, "timed_out" }, ActivityTaskCanceled = { activity, "cancelled" },
            NexusOperationCompleted = { nexus, "done" }, NexusOperationFailed = { nexus, "error" },
            NexusOperationTimedOut = { nexus, "timed_out" }, NexusOperationCanceled = { nexus, "cancelled" },
            ExternalWorkflowExecutionSignaled = { signal, "done" },
            SignalExternalWorkflowExecutionFailed = { signal, "error" },
            ExternalWorkflowExecutionCancelRequested = { cancel, "done" },
            RequestCancelExternalWorkflowExecutionFailed = { cancel, "error" },
            StartChildWorkflowExecutionFailed = { { "StartChildWorkflowExecutionInitiated", 1,
                { workflowType = { name = "ship" } } }, "not_started" },
        } do
            local is_error = case[2] ~= "done"
            local log = import({}, case[1], { kind, 3, { scheduledEventId = "2", initiatedEventId = "2",
                cause = is_error and "NOT_FOUND" or nil, retryState = is_error and "RETRY_STATE_TIMEOUT" or nil } })
            local one = imported.attempts(log)[1]
            assert.are.same({ case[2], is_error and "NOT_FOUND" or nil }, { one.outcome, one.message }, kind)
            local last = log.records[#log.records]
            assert.equal(is_error and "RETRY_STATE_TIMEOUT" or nil, (last.fields.metadata or {}).retry_state)
        end
    end)

    it("keeps that a cancellation was asked for, and leaves out second starts and ends of what is over", function()
        local log = import({},
            { "ActivityTaskScheduled", 1, { activityId = "5", activityType = { name = "pick" } } },
            { "ActivityTaskStarted", 2, { scheduledEventId = "2", attempt = 1 } },
            { "ActivityTaskStarted", 3, { scheduledEventId = "2", attempt = 1 } },
            { "ActivityTaskCancelRequested", 4, { scheduledEventId = "2" } },
            { "ActivityTaskCanceled", 5, { scheduledEventId = "2" } },
            { "ActivityTaskCompleted", 6, { scheduledEventId = "2" } })
        assert.are.same({ "pick cancelled 2 5" }, seconds(log))
        assert.is_true(first_of(log, "node_error").fields.metadata.cancel_requested)
        assert.is_nil(first_of(log, "node_start").fields.attempt) -- the first one needs no number
        assert.are.same({ 1, 1, 2 }, { log.report.dropped["second starts"],
            log.report.dropped["events of what is over"], #log.report.dropped })
    end)

    it("says that a signal was waited for since the last workflow task, once nothing else is open", function()
        local function history(ask, finish)
            local first, second, third = workflow_task("2", 1)
            local fourth, fifth, sixth = workflow_task("7", 4)
            return seconds(import({}, first, second, third, ask, finish, fourth, fifth, sixth,
                { "WorkflowExecutionSignaled", 9, { signalName = "go" } }))[2]
        end
        local update = { "WorkflowExecutionUpdateAccepted", 2, { protocolInstanceId = "u1",
            acceptedRequest = { input = { name = "add" } } } }
        local activity = { "ActivityTaskScheduled", 1, { activityId = "5", activityType = { name = "pick" } } }
        assert.equal("signal:go done 4 9", history(update,
            { "WorkflowExecutionUpdateCompleted", 3, { acceptedEventId = "5" } }))
        assert.equal("signal:go done 4 9", history(activity,
            { "ActivityTaskCompleted", 3, { scheduledEventId = "5" } }))
        local first, second, third = workflow_task("2", 1)
        assert.are.same({ "signal:go done 5 5" }, seconds(import({}, first, second, third, update,
            { "WorkflowExecutionSignaled", 5, { signalName = "go" } })))
        -- While a workflow task is due, the workflow waits for that.
        assert.are.same({ "signal:go done 5 5" }, seconds(import({}, first, second, third,
            { "WorkflowTaskScheduled", 4 }, { "WorkflowExecutionSignaled", 5, { signalName = "go" } })))
    end)

    it("says when an update was admitted, which run a reset made, what a run continues, and why it was terminated",
        function()
            local new_run = "33333333-0000-4000-8000-000000000003"
            local request = { meta = { updateId = "u1" }, input = { name = "add" } }
            local log = import({ continuedExecutionRunId = "before", cronSchedule = "0 * * * *" },
                { "WorkflowTaskScheduled", 1 },
                { "WorkflowTaskFailed", 1, { scheduledEventId = "2", newRunId = new_run } },
                { "WorkflowExecutionUpdateAdmitted", 2, { request = request } },
                { "WorkflowExecutionUpdateAccepted", 5, { acceptedRequest = request } },
                { "WorkflowExecutionUpdateCompleted", 7, { acceptedEventId = "5" } },
                { "WorkflowExecutionTerminated", 8, { reason = "by hand" } })
            local start = first_of(log, "trace_start")
            assert.are.same({ new_run, "before", "0 * * * *" },
                { start.trace_id, start.fields.metadata.previous_run, start.fields.metadata.cron_schedule })
            assert.are.same({ "update:add done 5 7" }, seconds(log))
            assert.equal(base_ns + 2000000000, imported.attempts(log)[1].scheduled_at)
            assert.equal("by hand", first_of(log, "trace_failed").error_message)
        end)

    it("lets a local activity end after the history's beginning, and no later than its marker was written", function()
        local function ended(second)
            local function payload(value)
                return { payloads = { { data = value } } }
            end
            local log = import({}, { "MarkerRecorded", 5, { markerName = "LocalActivity", details = {
                type = payload '"pack"', activityId = payload '"x"',
                time = payload((base_ns + second * 1000000000) // 1000000) } } })
            return (imported.attempts(log)[1].ended_at - base_ns) // 1000000000
        end
        assert.are.same({ 0, 3, 5 }, { ended(-10), ended(3), ended(30) })
    end)
end)
