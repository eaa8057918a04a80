-- Finds runs and jobs of GitHub Actions in JSON: the answers of the REST API, one or a list of several of them, what
-- `gh run view --json` and `gh run list --json` print, and the webhooks workflow_run and workflow_job.
local texts = require "parts.texts"

local documents = {}

local function object(value)
    return type(value) == "table" and value or nil
end

-- By the name in the REST API, or by that of gh.
local function field(from, name)
    local value = from[name]
    if value == nil or value == tracereel.null then
        value = from[name:gsub("_(%l)", string.upper)]
    end
    return value
end

---@return string|nil
function documents.text(from, name)
    return texts.of(field(from, name))
end

local text = documents.text

-- gh writes the year 1 for what has not come yet.
local function time(input, from, name)
    local value = text(from, name)
    return value and not value:find("^0001%-") and input.time(value) or nil
end

local function step_of(input, step, place)
    input:at(place)
    if not object(step) or not text(step, "name") then
        input:fail("a step expected: an object with a name")
    end
    return {
        name = text(step, "name"),
        status = text(step, "status"),
        conclusion = text(step, "conclusion"),
        started_at = time(input, step, "started_at"),
        completed_at = time(input, step, "completed_at"),
        place = place,
    }
end

local function key_of(id, attempt)
    return attempt and attempt ~= "1" and ("%s/attempts/%s"):format(id, attempt) or id
end

-- The run that a job belongs to: its own field, the run around it, or, in what gh prints of jobs alone, its address.
local function run_key(job, around)
    local id = text(job, "run_id")
    if id then
        return key_of(id, text(job, "run_attempt"))
    end
    local attempt = around and text(around, "attempt")
    id = around and text(around, "database_id") or (text(job, "url") or ""):match("/runs/(%d+)")
    return id and key_of(id, attempt)
end

local function job_of(input, job, around, place)
    input:at(place)
    local key = object(job) and run_key(job, around)
    if not key or not text(job, "name") then
        input:fail("a job expected: an object with a name, and run_id or a url that names its run")
    end
    local steps = {}
    for index, step in ipairs(object(job.steps) or {}) do
        steps[index] = step_of(input, step, ("%s.steps[%d]"):format(place, index - 1))
    end
    input:at(place)
    return {
        run_key = key,
        id = text(job, "id") or text(job, "database_id"),
        name = text(job, "name"),
        workflow_name = text(job, "workflow_name"),
        status = text(job, "status"),
        conclusion = text(job, "conclusion"),
        created_at = time(input, job, "created_at"),
        started_at = time(input, job, "started_at"),
        completed_at = time(input, job, "completed_at"),
        runner = text(job, "runner_name"),
        head_branch = text(job, "head_branch"),
        steps = steps,
        place = place,
    }
end

local function run_of(input, run, workflow, place)
    input:at(place)
    local id = text(run, "id") or text(run, "database_id")
    local attempt = text(run, "run_attempt") or text(run, "attempt")
    if not id then
        input:fail("a run expected: an object with an id")
    end
    return {
        key = key_of(id, attempt),
        attempt = math.tointeger(tonumber(attempt or "1")),
        name = text(run, "workflow_name") or text(run, "name") or workflow and text(workflow, "name"),
        title = text(run, "display_title"),
        event = text(run, "event"),
        head_branch = text(run, "head_branch"),
        head_sha = text(run, "head_sha"),
        number = text(run, "run_number") or text(run, "number"),
        status = text(run, "status"),
        conclusion = text(run, "conclusion"),
        created_at = time(input, run, "created_at"),
        started_at = time(input, run, "run_started_at") or time(input, run, "started_at"),
        updated_at = time(input, run, "updated_at"),
        place = place,
    }
end

local function is_run(value)
    return field(value, "head_branch") ~= nil and field(value, "event") ~= nil
        and (value.id ~= nil or value.databaseId ~= nil)
end

-- What a webhook is about; or a run or a job by itself.
local function find_one(input, value, place, found)
    local run, job = object(value.workflow_run), object(value.workflow_job)
    if run then
        found.run(run_of(input, run, object(value.workflow), place .. ".workflow_run"))
    elseif job then
        found.job(job_of(input, job, nil, place .. ".workflow_job"))
    elseif value.run_id ~= nil then
        found.job(job_of(input, value, nil, place))
    else
        return false
    end
    return true
end

-- The lists of the REST API's answers; gh prints the jobs as a list in their run.
local function find_lists(input, value, place, found)
    local is_found = is_run(value) or value.databaseId ~= nil and object(value.jobs) ~= nil
    if is_found then
        found.run(run_of(input, value, nil, place))
    end
    for index, job in ipairs(object(value.jobs) or {}) do
        found.job(job_of(input, job, value.databaseId and value, ("%s.jobs[%d]"):format(place, index - 1)))
    end
    for index, run in ipairs(object(value.workflow_runs) or {}) do
        found.run(run_of(input, run, nil, ("%s.workflow_runs[%d]"):format(place, index - 1)))
    end
    return is_found or object(value.jobs) ~= nil or object(value.workflow_runs) ~= nil
end

local max_depth = 4

-- Calls found.run and found.job for each in a value; returns whether there is any.
local function find(input, value, place, found, depth)
    if type(value) ~= "table" or depth > max_depth then
        return false
    elseif find_one(input, value, place, found) then
        return true
    end
    local is_found = find_lists(input, value, place, found)
    for index, member in ipairs(value) do
        is_found = find(input, member, ("%s[%d]"):format(place, index - 1), found, depth + 1) or is_found
    end
    return is_found
end

---Calls found.run(run) and found.job(job) for all that the input has.
---@param found { run: fun(run: table), job: fun(job: table) }
function documents.each(input, found)
    for document in input:json_documents() do
        if not find(input, document, "$", found, 0) then
            input:at("$")
            input:fail("no runs or jobs: an object with workflow_runs or jobs expected, or a run or a job")
        end
        input:at(nil)
    end
end

return documents
