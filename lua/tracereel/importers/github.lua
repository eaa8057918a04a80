-- Runs of GitHub Actions: a run is a trace, a job a node of it; a job's steps are the nodes of a trace of its own.
local documents = require "github.documents"
local texts = require "parts.texts"

-- By run: what the inputs say of it. What one input says of a run may be spread over others, so that all is written at
-- the end.
local runs, run_order, kinds, workflow_names = {}, {}, {}, {}

local outcome_of = {
    success = "complete", neutral = "complete", skipped = "complete", failure = "failed", startup_failure = "failed",
    action_required = "failed", cancelled = "cancelled", timed_out = "timed_out", stale = "terminated",
}

local is_done = { success = true, neutral = true }

local function run_named(key)
    local run = runs[key]
    if not run then
        run = { key = key, jobs = {}, has_job = {} }
        runs[key] = run
        run_order[#run_order + 1] = run
    end
    return run
end

local function example(name, thing)
    return ("%s: %s"):format(name, thing.place)
end

local function import(input, out)
    out:origin { rule = "github" }
    documents.each(input, {
        run = function(said)
            local run = run_named(said.key)
            if run.said and run.said.updated_at and (said.updated_at or 0) <= run.said.updated_at then
                return out:dropped("runs that are there twice: the one updated last is kept", example(input.name, said))
            elseif run.said then
                out:dropped("runs that are there twice: the one updated last is kept", example(input.name, said))
            end
            run.said = said
        end,
        job = function(job)
            local run = run_named(job.run_key)
            job.input_name = input.name
            job.id = job.id or ("%s#%d"):format(job.name, #run.jobs + 1)
            local known = run.has_job[job.id]
            if known then
                out:dropped("jobs that are there twice: the one completed is kept", example(input.name, job))
                if not runs[job.run_key].jobs[known].completed_at then
                    run.jobs[known] = job
                end
            else
                table.insert(run.jobs, job)
                run.has_job[job.id] = #run.jobs
            end
        end,
    })
end

-- "test (ubuntu, 3.12)" is the job "test" of a matrix, and which of them.
local function node_and_instance(name)
    local node, instance = name:match("^(.-) (%b())$")
    if node then
        return node, instance:sub(2, -2)
    end
    return name, nil
end

-- The error kind of a conclusion; nil where it is none.
local function error_kind(conclusion)
    if is_done[conclusion] then
        return nil
    end
    return conclusion == "failure" and "error" or conclusion
end

local has_not_begun = { queued = true, waiting = true, pending = true, requested = true }

local function has_run(out, what, thing, input_name)
    if thing.conclusion == "skipped" then
        out:left_out(("%s that were skipped"):format(what), example(input_name, thing))
    elseif not thing.started_at or has_not_begun[thing.status] then
        out:dropped(("%s that have not started"):format(what), example(input_name, thing))
    else
        return true
    end
    return false
end

local function write_end(out, trace, node, thing, options)
    if not thing.completed_at or not thing.conclusion then
        return
    end
    options.at = thing.completed_at
    if thing.completed_at < thing.started_at then
        out:bent("ends before their starts, taken to be at their starts", options.example)
        options.at = thing.started_at
    end
    options.example = nil
    options.kind = error_kind(thing.conclusion)
    if options.kind then
        trace:error(node, options)
    else
        options.message = nil
        trace:done(node, options)
    end
end

local function write_steps(out, trace, job, node, instance)
    if #job.steps == 0 then
        return
    end
    local first = job.started_at
    for _, step in ipairs(job.steps) do
        first = math.min(first, step.started_at or first)
    end
    local own = out:trace { id = ("%s/job/%s"):format(job.run_key, job.id), name = job.name, parent = trace,
        parent_node = node, parent_instance = instance, at = first }
    local counts = {}
    for _, step in ipairs(job.steps) do
        if has_run(out, "steps", step, job.input_name) then
            local name = ("%s / %s"):format(node, step.name)
            counts[name] = (counts[name] or 0) + 1
            name = counts[name] > 1 and ("%s #%d"):format(name, counts[name]) or name
            kinds[name] = "step"
            own:start(name, { at = step.started_at })
            write_end(out, own, name, step, { example = example(job.input_name, step) })
        end
    end
    if job.completed_at and outcome_of[job.conclusion] then
        own:close(outcome_of[job.conclusion], { at = job.completed_at })
    end
end

local function failed_step(job)
    for _, step in ipairs(job.steps) do
        if step.conclusion == "failure" then
            return ("step failed: %s"):format(step.name)
        end
    end
end

local function write_job(out, trace, job, seen)
    if not has_run(out, "jobs", job, job.input_name) then
        return
    end
    local node, instance = node_and_instance(job.name)
    local key = ("%s\0%s"):format(node, instance or "")
    seen[key] = (seen[key] or 0) + 1
    if seen[key] > 1 then
        instance = ("%s#%d"):format(instance or "", seen[key])
    end
    kinds[node] = "job"
    trace:start(node, { at = job.started_at, instance = instance, resource = job.runner,
        scheduled = job.created_at and math.min(job.created_at, job.started_at), metadata = { job_id = job.id } })
    write_steps(out, trace, job, node, instance)
    write_end(out, trace, node, job, { instance = instance, message = failed_step(job),
        example = example(job.input_name, job) })
end

-- How a run ended of which only the jobs are there: as the worst of them, when the last one did.
local function end_by_jobs(out, run)
    local worst = { complete = 0, cancelled = 1, timed_out = 2, failed = 3, terminated = 3 }
    local outcome, at = "complete", 0
    for _, job in ipairs(run.jobs) do
        local of_job = outcome_of[job.conclusion]
        if not of_job then
            return nil
        end
        outcome, at = worst[of_job] > worst[outcome] and of_job or outcome, math.max(at, job.completed_at or 0)
    end
    if #run.jobs > 0 then
        out:bent("runs of which only jobs are there: their outcome is the worst of their jobs'",
            example(run.jobs[1].input_name, run.jobs[1]))
        return outcome, at
    end
end

local function begin_of(run, said)
    local at = said.attempt == 1 and said.created_at or said.started_at or said.created_at or math.maxinteger
    for _, job in ipairs(run.jobs) do
        at = math.min(at, job.started_at or at)
    end
    return at < math.maxinteger and at or nil
end

local function close(out, trace, run, said)
    local outcome, at = outcome_of[said.conclusion], 0
    if not run.said then
        outcome, at = end_by_jobs(out, run)
    end
    if not outcome then
        return
    end
    for _, job in ipairs(run.jobs) do
        at = math.max(at, job.completed_at or 0)
    end
    trace:close(outcome, { at = at > 0 and at or said.updated_at,
        error = outcome == "failed" and said.conclusion ~= "failure" and said.conclusion or nil })
end

local function write_run(out, run)
    local first_job = run.jobs[1] or {}
    local said = run.said or { name = first_job.workflow_name, head_branch = first_job.head_branch }
    local name = said.name or first_job.workflow_name
    if name then
        workflow_names[name] = true
    end
    local trace = out:trace { id = run.key, name = name, at = begin_of(run, said),
        metadata = { title = said.title, event = said.event, head_branch = said.head_branch, head_sha = said.head_sha,
            run_number = said.number, run_attempt = said.attempt } }
    local seen = {}
    for _, job in ipairs(run.jobs) do
        write_job(out, trace, job, seen)
    end
    close(out, trace, run, said)
end

-- What a job needs is not in these answers, so that nothing is said of the order of jobs.
local function finish(out)
    for _, run in ipairs(run_order) do
        write_run(out, run)
    end
    local nodes = {}
    for name, kind in pairs(kinds) do
        nodes[name] = { type = kind }
    end
    out:flow { name = texts.only_key(workflow_names), nodes = nodes }
end

return {
    api = 1,
    summary = "Runs and jobs of GitHub Actions: JSON of the REST API, of gh run view and list, of webhooks.",
    extensions = { "json" },
    detect = function(head)
        return head:find('"workflow_runs"%s*:%s*%[') ~= nil or head:find('"workflow_job"%s*:%s*{') ~= nil
            or head:find('"workflow_run"%s*:%s*{') ~= nil
            or head:find('"jobs"%s*:%s*%[') ~= nil and head:find('"conclusion"%s*:') ~= nil
            or head:find('"run_id"%s*:') ~= nil and head:find('"steps"%s*:%s*%[') ~= nil
    end,
    import = import,
    finish = finish,
}
