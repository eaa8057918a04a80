-- Temporal's histories, against what an independent reading of the same JSON says.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local imported = require "tests.spec.imported"

local fixtures = "tests/fixtures/foreign/"

local function json(value)
    return dkjson.encode(value)
end

local files = { research = "examples/temporal/research.json" }
for _, name in ipairs { "parallel-guardrail", "children", "timed-out" } do
    files[name] = ("%stemporal-%s.json"):format(fixtures, name)
end

local function read_json(path)
    return dkjson.decode(helper.read(path))
end

local nanoseconds = imported.nanoseconds

local function plain_type(event)
    return event.eventType:gsub("EVENT_TYPE_", ""):gsub("_", ""):lower()
end

local function attributes(event)
    for key, value in pairs(event) do
        if key:find("EventAttributes$") then
            return value
        end
    end
    return {}
end

local end_of_activity = { activitytaskcompleted = "done", activitytaskfailed = "error",
    activitytasktimedout = "timed_out", activitytaskcanceled = "cancelled" }

-- What a history says of its activities: of each that is over { node, queue_ns, run_ns, outcome, attempt }.
local function expected_activities(history)
    local scheduled, started, list = {}, {}, {}
    for _, event in ipairs(history.events) do
        local kind, about, at = plain_type(event), attributes(event), nanoseconds(event.eventTime)
        if kind == "activitytaskscheduled" then
            scheduled[event.eventId] = { node = about.activityType.name, at = at }
        elseif kind == "activitytaskstarted" then
            started[about.scheduledEventId] = { at = at, attempt = about.attempt }
        elseif end_of_activity[kind] then
            local first, begin = scheduled[about.scheduledEventId], started[about.scheduledEventId]
            begin = begin or { at = at, attempt = 1 }
            list[#list + 1] = ("%s %d %d %s %d"):format(first.node, begin.at - first.at, at - begin.at,
                end_of_activity[kind], begin.attempt)
        end
    end
    table.sort(list)
    return list
end

local function imported_activities(log)
    local kinds, list = {}, {}
    for _, node in pairs(log.flow.nodes) do
        kinds[node.name] = node.type
    end
    for _, one in ipairs(imported.attempts(log)) do
        if kinds[one.node] == "activity" then
            list[#list + 1] = ("%s %d %d %s %d"):format(one.node, one.started_at - one.scheduled_at,
                one.ended_at - one.started_at, one.outcome, one.attempt or 1)
        end
    end
    table.sort(list)
    return list
end

local base_ns = nanoseconds "2026-01-01T00:00:00Z"

-- A history of { type, second, attributes } with ids from 1 on.
local function history(...)
    local events = {}
    for id, given in ipairs { ... } do
        local kind, second, about = table.unpack(given)
        events[id] = { eventId = tostring(id), eventType = kind,
            eventTime = ("2026-01-01T00:%02d:%02dZ"):format(second // 60, second % 60),
            [kind:sub(1, 1):lower() .. kind:sub(2) .. "EventAttributes"] = about or {} }
    end
    return { events = events }
end

local function write(value, name)
    return helper.write(helper.directory() .. "/" .. (name or "history.json"),
        type(value) == "string" and value or json(value))
end

local function import(...)
    return imported.read("temporal", { write(history(...)) })
end

-- "node outcome start end" in seconds since the base.
local function seconds(log)
    local list = {}
    for _, one in ipairs(imported.attempts(log)) do
        list[#list + 1] = ("%s %s %s %d"):format(one.node, one.outcome,
            one.started_at and (one.started_at - base_ns) // 1000000000 or "?", (one.ended_at - base_ns) // 1000000000)
    end
    return list
end

local start = { "WorkflowExecutionStarted", 0, { workflowType = { name = "flow" }, workflowId = "order-7",
    originalExecutionRunId = "11111111-0000-4000-8000-000000000001" } }

-- The three events of a workflow task, of which the first has the id 2.
local function workflow_task(second)
    local about = { scheduledEventId = "2" }
    return { "WorkflowTaskScheduled", second }, { "WorkflowTaskStarted", second, about },
        { "WorkflowTaskCompleted", second, about }
end

local function records(log, kind)
    local list = {}
    for _, record in ipairs(log.records) do
        if record.type == kind then
            list[#list + 1] = record
        end
    end
    return list
end

describe("import --from temporal", function()
    after_each(helper.clean)

    for _, name in ipairs { "research", "parallel-guardrail", "children", "timed-out" } do
        it("gives activities the times, attempts and outcomes that the events give: " .. name, function()
            local log = imported.read("temporal", { files[name] })
            assert.are.same(expected_activities(read_json(files[name])), imported_activities(log))
        end)
    end

    it("keeps parallel activities of one type apart, as instances of one node", function()
        local log = imported.read("temporal", { files.research })
        local total, instances = 0, {}
        for _, one in ipairs(imported.attempts(log)) do
            total, instances[one.instance] = total + one.ended_at - one.started_at, true
        end
        assert.equal("111.202", ("%.3f"):format(total / 1e9))
        local count = 0
        for _ in pairs(instances) do
            count = count + 1
        end
        assert.equal(12, count)
    end)

    it("gives each child workflow a trace with its outcome and a run of its parent's node", function()
        local log = imported.read("temporal", { files.children })
        local parent = records(log, "trace_start")[1].trace_id
        local outcomes, children = { complete = 0, cancelled = 0 }, 0
        for _, record in ipairs(log.records) do
            if record.type == "trace_start" and record.fields.parent then
                children = children + 1
                assert.equal(parent, record.fields.parent)
                assert.equal(record.fields.name, log.flow.nodes[record.fields.parent_node].name)
            elseif record.type:find("^trace_[cf]") and record.trace_id ~= parent then
                local outcome = record.fields.outcome or "complete"
                outcomes[outcome] = outcomes[outcome] + 1
            end
        end
        assert.are.same({ 15, 14, 1 }, { children, outcomes.complete, outcomes.cancelled })
        local by_outcome = { done = 0, cancelled = 0 }
        for _, one in ipairs(imported.attempts(log)) do
            by_outcome[one.outcome] = by_outcome[one.outcome] + 1
        end
        assert.are.same({ done = 14, cancelled = 1 }, by_outcome)
    end)

    it("does not make a trace of a child whose own history is an input, before or after its parent's", function()
        local child_run = "22222222-0000-4000-8000-000000000002"
        local parent = write(history(start,
            { "StartChildWorkflowExecutionInitiated", 1, { workflowType = { name = "ship" } } },
            { "ChildWorkflowExecutionStarted", 2, { initiatedEventId = "2", workflowType = { name = "ship" },
                workflowExecution = { workflowId = "ship-7", runId = child_run } } },
            { "ChildWorkflowExecutionCompleted", 9, { initiatedEventId = "2", startedEventId = "3" } },
            { "WorkflowExecutionCompleted", 10 }), "parent.json")
        local child = write(history(
            { "WorkflowExecutionStarted", 2, { workflowType = { name = "ship" }, originalExecutionRunId = child_run,
                parentInitiatedEventId = "2",
                parentWorkflowExecution = { runId = "11111111-0000-4000-8000-000000000001" } } },
            { "ActivityTaskScheduled", 3, { activityId = "a", activityType = { name = "pack" } } },
            { "ActivityTaskStarted", 4, { scheduledEventId = "2", attempt = 1 } },
            { "ActivityTaskCompleted", 8, { scheduledEventId = "2", startedEventId = "3" } },
            { "WorkflowExecutionCompleted", 9 }), "child.json")
        for _, inputs in ipairs { { parent, child }, { child, parent } } do
            local log = imported.read("temporal", inputs)
            local starts = records(log, "trace_start")
            assert.equal(2, #starts)
            assert.are.same({}, log.report.dropped)
            local of_child = starts[2]
            assert.are.same({ child_run, "11111111-0000-4000-8000-000000000001", "2" },
                { of_child.trace_id, of_child.fields.parent, of_child.fields.parent_instance })
            assert.equal("ship", log.flow.nodes[of_child.fields.parent_node].name)
            assert.are.same({ "pack done 4 8", "ship done 2 9" }, seconds(log))
        end
    end)

    it("keeps the attempts that the server counts and does not show, and the last failure", function()
        local log = import(start,
            { "ActivityTaskScheduled", 1, { activityId = "5", activityType = { name = "charge" } } },
            { "ActivityTaskStarted", 9, { scheduledEventId = "2", attempt = 3, identity = "worker-1",
                lastFailure = { message = "card declined" } } },
            { "ActivityTaskFailed", 10, { scheduledEventId = "2", startedEventId = "3",
                failure = { message = "", cause = { message = "still declined" } } } },
            { "WorkflowExecutionFailed", 11, { failure = { message = "activity error" } } })
        local one = imported.attempts(log)[1]
        assert.are.same({ 3, "worker-1", "error", "still declined", 1 },
            { one.attempt, one.resource, one.outcome, one.message, (one.scheduled_at - base_ns) // 1000000000 })
        assert.equal("card declined", records(log, "node_start")[1].fields.metadata.last_failure)
        assert.equal("activity error", records(log, "trace_failed")[1].error_message)
    end)

    it("shows a timer as a wait of its own beside the wait for a signal", function()
        local scheduled, started, completed = workflow_task(1)
        local log = import(start, scheduled, started, completed,
            { "TimerStarted", 1, { timerId = "t", startToFireTimeout = "60s" } },
            { "WorkflowExecutionSignaled", 20, { signalName = "approve", identity = "ann" } },
            { "TimerCanceled", 21, { timerId = "t", startedEventId = "5" } },
            { "WorkflowExecutionCompleted", 22 })
        local waits = {}
        for _, record in ipairs(log.records) do
            if record.type == "trace_suspended" or record.type == "trace_resumed" then
                waits[#waits + 1] = ("%s %s %s %d"):format(record.type, record.node, record.fields.wait,
                    (record.timestamp_ns - base_ns) // 1000000000)
            end
        end
        table.sort(waits)
        assert.are.same({ "trace_resumed signal:approve signal 20", "trace_resumed timer timer 21",
            "trace_suspended signal:approve signal 1", "trace_suspended timer timer 1" }, waits)
        assert.are.same({ "signal:approve done 1 20", "timer cancelled 1 21" }, seconds(log))
    end)

    it("says of a signal that it was waited for only where the workflow had nothing else to wait for", function()
        local first, second, third = workflow_task(1)
        local log = import(start, first, second, third,
            { "ActivityTaskScheduled", 1, { activityId = "5", activityType = { name = "pick" } } },
            { "WorkflowExecutionSignaled", 5, { signalName = "hurry" } },
            { "ActivityTaskStarted", 2, { scheduledEventId = "5", attempt = 1 } },
            { "ActivityTaskCompleted", 8, { scheduledEventId = "5" } })
        assert.are.same({ "signal:hurry done 5 5", "pick done 2 8" }, seconds(log))
    end)

    it("reads the markers of local activities of each SDK, and takes their ends from them", function()
        local function payload(value)
            return { payloads = { { data = value } } }
        end
        local ns = base_ns + 3 * 1000000000
        -- {"ActivityID":"1","ActivityType":"echo","ReplayTime":"2026-01-01T00:00:02Z","Attempt":1,"Backoff":0}
        local go = "eyJBY3Rpdml0eUlEIjoiMSIsIkFjdGl2aXR5VHlwZSI6ImVjaG8iLCJSZXBsYXlUaW1lIjoiMjAyNi0wMS0wMVQwMDowMDow"
            .. "MloiLCJBdHRlbXB0IjoxLCJCYWNrb2ZmIjowfQ=="
        local log = import(start,
            { "MarkerRecorded", 5, { markerName = "LocalActivity", details = { data = payload(go) } } },
            { "MarkerRecorded", 5, { markerName = "core_local_activity", details = { data = payload(json {
                activity_id = "2", activity_type = "greet", attempt = 2,
                complete_time = { seconds = ns // 1000000000, nanos = 7 } }) } } },
            { "MarkerRecorded", 5, { markerName = "LocalActivity", failure = { message = "broken" },
                details = { type = payload '"Pack"', activityId = payload '"x"', time = payload(ns // 1000000) } } },
            { "MarkerRecorded", 5, { markerName = "LocalActivity", details = { data = payload "%%%" } } },
            { "MarkerRecorded", 5, { markerName = "Version" } })
        assert.are.same({ "echo done ? 2", "Pack error ? 3", "greet done ? 3" }, seconds(log))
        assert.equal(ns + 7, imported.attempts(log)[3].ended_at)
        assert.are.same({ 1, 1 }, { log.report.dropped["local activities whose markers cannot be read"],
            log.report.left_out["markers (Version)"] })
    end)

    it("shows updates, signals to other workflows and Nexus operations with their errors", function()
        local log = import(start,
            { "WorkflowExecutionUpdateAccepted", 1, { protocolInstanceId = "u1",
                acceptedRequest = { input = { name = "add" } } } },
            { "WorkflowExecutionUpdateCompleted", 4, { meta = { updateId = "u1" },
                outcome = { failure = { message = "too many" } } } },
            { "SignalExternalWorkflowExecutionInitiated", 5, { signalName = "go" } },
            { "ExternalWorkflowExecutionSignaled", 6, { initiatedEventId = "4" } },
            { "NexusOperationScheduled", 6, { service = "pay", operation = "hold" } },
            { "NexusOperationStarted", 7, { scheduledEventId = "6" } },
            { "NexusOperationTimedOut", 9, { scheduledEventId = "6" } },
            { "NexusOperationScheduled", 9, { service = "pay", operation = "ask" } },
            { "NexusOperationCompleted", 12, { scheduledEventId = "9" } })
        assert.are.same({ "update:add error 1 4", "send:go done 5 6", "nexus:pay/hold timed_out 7 9",
            "nexus:pay/ask done 9 12" }, seconds(log))
    end)

    it("names the run that continues a workflow, and keeps how each run ended", function()
        local next_run = "33333333-0000-4000-8000-000000000003"
        for kind, expected in pairs {
            WorkflowExecutionCompleted = "trace_complete ", WorkflowExecutionFailed = "trace_failed ",
            WorkflowExecutionTimedOut = "trace_failed timed_out", WorkflowExecutionCanceled = "trace_failed cancelled",
            WorkflowExecutionTerminated = "trace_failed terminated",
            WorkflowExecutionContinuedAsNew = "trace_complete continued",
        } do
            local log = import(start, { kind, 9, { newExecutionRunId = next_run } })
            local last = log.records[#log.records]
            assert.equal(expected, ("%s %s"):format(last.type, last.fields.outcome or ""))
            local first = log.records[1]
            assert.are.same({ "11111111-0000-4000-8000-000000000001", "flow", "order-7", next_run },
                { first.trace_id, first.fields.name, first.fields.metadata.workflow_id,
                    first.fields.metadata.next_run })
        end
    end)

    it("keeps workflow tasks where they are asked for, and counts them otherwise", function()
        local first, second, third = workflow_task(1)
        local file = write(history(start, first, second, third))
        local kept = imported.read("temporal", { file }, { "-a", "workflow_tasks=true" })
        assert.are.same({ "workflow task done 1 1" }, seconds(kept))
        assert.are.same({ {}, {} }, { kept.report.dropped, kept.report.left_out })
        local log = imported.read("temporal", { file }, { "--strict" })
        assert.equal(3, log.report.left_out["workflow task events (-a workflow_tasks=true keeps them)"])
    end)

    it("counts what it does not know, what never started, what began before, and what is there twice", function()
        local file = write(history(start, { "SomethingNew", 1 }, { "UpsertWorkflowSearchAttributes", 1 },
            { "ActivityTaskScheduled", 2, { activityType = { name = "late" } } },
            { "ActivityTaskStarted", 3, { scheduledEventId = "99" } }))
        local log = imported.read("temporal", { file, file })
        local dropped = log.report.dropped
        assert.are.same({ 1, 1, 1, 1 }, { dropped["SomethingNew events"],
            dropped["tasks that never started (activity)"], dropped["events of what began before the history"],
            dropped["histories of a run that another input has"] })
        assert.equal(1, log.report.left_out["UpsertWorkflowSearchAttributes events"])
    end)

    it("names the file and the JSON path of what is wrong, and leaves nothing", function()
        local whole = helper.read(files.children)
        for _, case in ipairs {
            { whole:sub(1, 3000), "not JSON", "3000" },
            { (whole:gsub("2023%-05%-01T20:47:07%.790825Z", "yesterday")), "%$%.events%[8%]", '"yesterday"' },
            { (whole:gsub('"eventId": "9"', '"eventId": "x9"')), "%$%.events%[8%]", "x9" },
            { '{"a":1}', "no history", "%$" },
        } do
            local file = write(case[1])
            local result, log = imported.try("temporal", { file })
            assert.not_equal(0, result.status)
            assert.truthy(result.stderr:find(file, 1, true))
            assert.truthy(result.stderr:find(case[2]), result.stderr)
            assert.truthy(result.stderr:find(case[3]), result.stderr)
            assert.equal("", (helper.shell("ls " .. log .. " 2>/dev/null")))
        end
    end)
end)
