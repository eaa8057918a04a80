-- A WfFormat document of any version as a list of tasks. Up to 1.4 a task has all that is known of it (`workflow.jobs`
-- up to 1.2, then `workflow.tasks`); from 1.5 on its place in the workflow is in `workflow.specification.tasks`, and
-- what was measured in `workflow.execution.tasks`.
local texts = require "parts.texts"

local document = {}

local function object(value)
    return type(value) == "table" and value or {}
end

local text = texts.of

local function number(value)
    return type(value) == "number" and value or nil
end

-- Pegasus writes 05-10-23T16:23:32Z, month first, and 20200401T054215+0000 for what others write by RFC 3339.
local function time_text(value)
    if type(value) ~= "string" then
        return nil
    end
    local month, day, year, rest = value:match("^(%d%d)%-(%d%d)%-(%d%d)T(%d%d:%d%d:%d%d.*)$")
    if month then
        return ("20%s-%s-%sT%s"):format(year, month, day, rest)
    end
    local y, mo, d, h, mi, s, zone = value:match("^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)(.*)$")
    if y then
        return ("%s-%s-%sT%s:%s:%s%s"):format(y, mo, d, h, mi, s, zone:gsub("^([+-]%d%d)(%d%d)$", "%1:%2"))
    end
    return value
end

---A point in time; one that names no zone is taken to be UTC.
---@return integer|nil ns nil where there is none
function document.time(input, value)
    local written = time_text(value)
    return written and input.time(written, "UTC") or nil
end

local function nanoseconds(input, place, seconds)
    if not seconds then
        return nil
    end
    input:at(place)
    if seconds ~= seconds or seconds < 0 or seconds > 4e9 then
        input:fail("runtimeInSeconds: a number from 0 to 4000000000 expected, got %s", tostring(seconds))
    end
    return math.type(seconds) == "integer" and seconds * 1000000000 or math.floor(seconds * 1e9 + 0.5)
end

-- What a task is an instance of: its name where that is not its id as well, its category, or its program.
local function category_of(specified, id, command)
    local name = text(specified.name)
    local category = text(specified.category)
    if category then
        return category
    elseif name and name ~= id and not name:find(id, 1, true) then
        return name
    end
    return text(command.program) or (id:gsub("_?I?D?%d+$", ""))
end

local function machine_of(execution, specified)
    local machine = object(execution.machines)[1] or specified.machine
    return text(machine) or text(object(machine).nodeName)
end

local measures = {
    avgCPU = "avg_cpu", readBytes = "read_bytes", bytesRead = "read_bytes", writtenBytes = "written_bytes",
    bytesWritten = "written_bytes", memoryInBytes = "memory_bytes", priority = "priority", energyInKWh = "energy_kwh",
    avgPowerInW = "avg_power_w",
}

local function metadata_of(execution, category, program)
    local metadata = { category = category, program = program }
    for key, name in pairs(measures) do
        metadata[name] = metadata[name] or number(execution[key])
    end
    return metadata
end

local function task_of(input, specified, execution, place, id)
    local command = object(execution.command or specified.command)
    local category = category_of(specified, id, command)
    local seconds = number(execution.runtimeInSeconds) or number(execution.runtime)
    local cores = number(execution.coreCount) or number(execution.cores)
    return {
        id = id,
        name = text(specified.name),
        place = place,
        category = category,
        duration_ns = nanoseconds(input, place, seconds),
        core_count = cores and cores >= 1 and math.ceil(cores) or 1,
        executed_at = execution.executedAt,
        resource = machine_of(execution, specified),
        metadata = metadata_of(execution, category, text(command.program)),
        parent_ids = object(specified.parents),
        child_ids = object(specified.children),
        has_parents = type(specified.parents) == "table",
    }
end

---@param dropped fun(kind: string, place: string)
---@return table[] tasks in the order of the file, each with `number` and what task_of has
local function tasks_of(input, workflow, dropped)
    local specification, execution = object(workflow.specification), object(workflow.execution)
    local list, path = specification.tasks or workflow.tasks or workflow.jobs, "$.workflow.tasks"
    if specification.tasks then
        path = "$.workflow.specification.tasks"
    elseif not workflow.tasks and workflow.jobs then
        path = "$.workflow.jobs"
    end
    if type(list) ~= "table" then
        input:at("$.workflow")
        input:fail("no tasks: specification.tasks, tasks or jobs expected")
    end
    local executions = {}
    for _, one in ipairs(object(execution.tasks)) do
        local id = text(object(one).id)
        if id then
            executions[id] = executions[id] or one
        end
    end
    local tasks, seen = {}, {}
    for index, specified in ipairs(list) do
        local place = ("%s[%d]"):format(path, index - 1)
        local id = text(object(specified).id) or text(object(specified).name)
        if not id then
            input:at(place)
            input:fail("a task expected: an object with an id")
        elseif seen[id] then
            dropped("tasks with the id of another one", place)
        else
            seen[id] = true
            local task = task_of(input, specified, executions[id] or specified, place, id)
            task.number = #tasks + 1
            tasks[task.number] = task
        end
    end
    return tasks
end

-- Older versions name parents by their names, which are not always their ids.
local function link(tasks, dropped)
    local by_id, has_parents = {}, false
    for _, task in ipairs(tasks) do
        task.parents, task.followers, has_parents = {}, {}, has_parents or task.has_parents
        by_id[task.id] = task
    end
    for _, task in ipairs(tasks) do
        by_id[task.name or task.id] = by_id[task.name or task.id] or task
    end
    local linked = {}
    local function add(parent, task, place)
        if not parent or not task or parent == task then
            return dropped("links to a task that is not there, or the task itself", place)
        end
        linked[task] = linked[task] or {}
        if not linked[task][parent] then
            linked[task][parent] = true
            table.insert(task.parents, parent)
            table.insert(parent.followers, task)
        end
    end
    for _, task in ipairs(tasks) do
        for _, id in ipairs(has_parents and task.parent_ids or {}) do
            add(by_id[id], task, task.place)
        end
        for _, id in ipairs(has_parents and {} or task.child_ids) do
            add(task, by_id[id], task.place)
        end
    end
end

---@param dropped fun(kind: string, place: string)
---@return table workflow { name, at, makespan_seconds, tasks }
function document.read(input, dropped)
    local root = input:json()
    local workflow = type(root) == "table" and root.workflow
    if type(workflow) ~= "table" then
        input:fail("no WfFormat document: an object with `workflow` expected")
    end
    local tasks = tasks_of(input, workflow, dropped)
    link(tasks, dropped)
    local execution = object(workflow.execution)
    input:at("$.workflow.execution.executedAt")
    local at = document.time(input, execution.executedAt or workflow.executedAt or root.createdAt)
    input:at(nil)
    return { name = text(root.name), at = at, tasks = tasks,
        makespan_seconds = number(execution.makespanInSeconds) or number(workflow.makespanInSeconds)
            or number(workflow.makespan) }
end

return document
