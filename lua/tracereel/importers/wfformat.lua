-- Workflows of scientists in WfFormat, as WfCommons collects them.
local document = require "wfformat.document"
local schedule = require "wfformat.schedule"
local texts = require "parts.texts"

-- Of all workflows of one import: what each node comes after, and whether that is the same in all of them.
local order, unlike, types, workflow_names, core_count = {}, {}, {}, {}, nil

local function note_order(task)
    local after = {}
    for index, parent in ipairs(task.parents) do
        after[index] = parent.id
    end
    table.sort(after)
    local key = table.concat(after, "\0")
    unlike[task.id] = unlike[task.id] or order[task.id] and order[task.id].key ~= key or nil
    order[task.id] = order[task.id] or { key = key, after = after }
    types[task.id] = task.category
end

-- When the tasks ran: each start is its own, and what it comes after need not have ended.
local function recorded(input, workflow)
    local first_ns = math.maxinteger
    for _, task in ipairs(workflow.tasks) do
        input:at(task.place)
        task.start_ns = document.time(input, task.executed_at)
        if not task.start_ns then
            input:fail("no executedAt; times=schedule works the times out from the tasks' runtimes")
        end
        task.end_ns = task.start_ns + task.duration_ns
        first_ns = math.min(first_ns, task.start_ns)
    end
    input:at(nil)
    local started = table.move(workflow.tasks, 1, #workflow.tasks, 1, {})
    table.sort(started, function(a, b)
        return a.start_ns < b.start_ns
    end)
    return started, math.min(workflow.at or first_ns, first_ns)
end

local function scheduled(input, workflow, out, cores)
    for _, task in ipairs(workflow.tasks) do
        if cores and task.core_count > cores then
            out:bent("tasks that need more cores than there are: they take all", ("%s: %s"):format(input.name,
                task.place))
            task.core_count = cores
        end
    end
    local started = schedule.run(workflow.tasks, cores or math.huge)
    local at = workflow.at or 0
    for _, task in ipairs(started) do
        task.ready_ns, task.start_ns, task.end_ns = task.ready_ns + at, task.start_ns + at, task.end_ns + at
    end
    if #started < #workflow.tasks then
        for _, task in ipairs(workflow.tasks) do
            if not task.start_ns then
                input:at(task.place)
                input:fail("it waits for itself, through what it comes after")
            end
        end
    end
    return started, at
end

local function has_starts(workflow)
    for _, task in ipairs(workflow.tasks) do
        if not task.executed_at then
            return false
        end
    end
    return true
end

local function complete_durations(input, workflow, out)
    for _, task in ipairs(workflow.tasks) do
        if not task.duration_ns then
            out:bent("tasks without a runtime, taken to be 0", ("%s: %s"):format(input.name, task.place))
            task.duration_ns = 0
        end
    end
end

local function write(out, workflow, id, started, at)
    local name = workflow.name or id
    workflow_names[name] = true
    local trace = out:trace { id = id, name = name, at = at,
        metadata = { makespan_seconds = workflow.makespan_seconds } }
    local end_ns = at
    for _, task in ipairs(started) do
        task.metadata.core_count = task.core_count > 1 and task.core_count or nil
        trace:start(task.id, { at = task.start_ns, scheduled = task.ready_ns, resource = task.resource,
            metadata = task.metadata })
        trace:done(task.id, { at = task.end_ns })
        end_ns = math.max(end_ns, task.end_ns)
        note_order(task)
    end
    trace:close("complete", { at = end_ns })
end

local function import(input, out, args)
    local function dropped(kind, place)
        out:dropped(kind, ("%s: %s"):format(input.name, place))
    end
    local workflow = document.read(input, dropped)
    if #workflow.tasks == 0 then
        return out:dropped("workflows without tasks", input.name)
    end
    complete_durations(input, workflow, out)
    local times = args.times
    if times == "auto" then
        times = not args.cores and has_starts(workflow) and "recorded" or "schedule"
    end
    local started, at
    if times == "recorded" then
        started, at = recorded(input, workflow)
    else
        started, at = scheduled(input, workflow, out, args.cores)
        core_count = args.cores
    end
    local id = texts.file_stem(input.name)
    if out:has_trace(id) then
        id = input.name
    end
    write(out, workflow, id, started, at)
end

-- Says the order of the nodes, which is that of all workflows of the import or none.
local function finish(out)
    local nodes, names, is_one_order = {}, {}, next(unlike) == nil
    for name, one in pairs(order) do
        names[#names + 1] = name
        nodes[name] = { type = types[name], after = is_one_order and one.after or nil }
    end
    for name in pairs(unlike) do
        out:bent("nodes that come after others in another workflow: the flow says no order", name)
    end
    out:flow {
        name = texts.only_key(workflow_names),
        nodes = nodes,
        pools = core_count and { cores = { nodes = names, capacity = core_count } } or nil,
    }
end

return {
    api = 1,
    summary = "Workflows of scientists in WfFormat (WfCommons), run on a number of cores or as recorded.",
    extensions = { "json" },
    args = {
        cores = { type = "integer", min = 1,
            help = "Cores that run the tasks, first ready, first run. Default: as many as are wanted." },
        times = { type = "string", default = "auto", choices = { "auto", "schedule", "recorded" },
            help = "Work the times out from the runtimes, or take the starts of the file (auto: where it has all)." },
    },
    detect = function(head)
        return head:find('"workflow"%s*:%s*{') ~= nil
            and (head:find('"schemaVersion"', 1, true) or head:find('"runtimeInSeconds"', 1, true)
                or head:find('"specification"%s*:%s*{') or head:find('"parents"%s*:%s*%[')) ~= nil
    end,
    import = import,
    finish = finish,
}
