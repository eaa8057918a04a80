-- Runs of GitHub Actions, in the forms of the REST API, of gh and of webhooks.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local imported = require "tests.spec.imported"

local function write(value, name)
    return helper.write(("%s/%s.json"):format(helper.directory(), name or "run"),
        type(value) == "string" and value or dkjson.encode(value))
end

-- 2026-03-01T12:00:00Z and so many seconds.
local function at(second)
    return second and ("2026-03-01T12:%02d:%02dZ"):format(second // 60, second % 60) or dkjson.null
end

local base_ns = 1772366400 * 1000000000

local function step(name, number, first, last, conclusion)
    return { name = name, number = number, status = last and "completed" or "in_progress",
        conclusion = conclusion or last and "success" or dkjson.null, started_at = at(first), completed_at = at(last) }
end

local function job(id, name, created, first, last, conclusion, steps)
    return { id = id, run_id = 77, run_attempt = 1, name = name, workflow_name = "ci",
        status = last and "completed" or first and "in_progress" or "queued",
        conclusion = conclusion or last and "success" or dkjson.null, created_at = at(created),
        started_at = at(first or created), completed_at = at(last), steps = steps or {}, head_branch = "main",
        runner_name = first and "runner " .. id or dkjson.null }
end

local function jobs()
    return {
        job(1, "build", 1, 3, 20, nil, { step("Set up job", 1, 3, 4), step("Run make", 2, 4, 19),
            step("Post Run make", 3, 19, 19) }),
        job(2, "test (ubuntu, 3.11)", 21, 25, 60, nil, { step("Run tests", 1, 25, 60) }),
        job(3, "test (ubuntu, 3.12)", 21, 22, 50, "failure", { step("Run tests", 1, 22, 49, "failure"),
            step("Upload", 2, 49, 49, "skipped") }),
        job(4, "deploy", 61, 61, 61, "skipped"),
    }
end

local function run(more)
    local one = { id = 77, run_attempt = 1, name = "ci", display_title = "mend it", event = "push",
        head_branch = "main", run_number = 5, status = "completed", conclusion = "failure", created_at = at(0),
        run_started_at = at(0), updated_at = at(63) }
    for key, value in pairs(more or {}) do
        one[key] = value
    end
    return one
end

-- "node instance outcome start end", in seconds, by start.
local function attempts(log)
    local list = {}
    for _, one in ipairs(imported.attempts(log)) do
        list[#list + 1] = ("%02d %s%s %s %d"):format((one.started_at - base_ns) // 1000000000, one.node,
            one.instance and "[" .. one.instance .. "]" or "", one.outcome, (one.ended_at - base_ns) // 1000000000)
    end
    table.sort(list)
    return list
end

local expected_attempts = {
    "03 build / Set up job done 4", "03 build done 20", "04 build / Run make done 19",
    "19 build / Post Run make done 19", "22 test / Run tests error 49", "22 test[ubuntu, 3.12] error 50",
    "25 test / Run tests done 60", "25 test[ubuntu, 3.11] done 60",
}

local function traces(log)
    local by_id = {}
    for _, record in ipairs(log.records) do
        local one = by_id[record.trace_id] or {}
        by_id[record.trace_id] = one
        if record.type == "trace_start" then
            one.id, one.name, one.parent = record.fields.id, record.fields.name, record.fields.parent
            one.metadata, one.instance, one.node = record.fields.metadata, record.fields.parent_instance,
                record.fields.parent_node and log.flow.nodes[record.fields.parent_node].name
        elseif record.type:find("^trace_[cf]") then
            one.outcome = record.fields.outcome or record.type:sub(7)
            one.ended, one.message = (record.timestamp_ns - base_ns) // 1000000000, record.error_message
        end
        one.started = one.started or (record.timestamp_ns - base_ns) // 1000000000
        one.trace_id = record.trace_id
    end
    local list = {}
    for _, one in pairs(by_id) do
        list[one.id] = one
    end
    return list
end

-- As gh prints it.
local function camel(value)
    if type(value) ~= "table" or value == dkjson.null then
        return value
    end
    local copy = {}
    for key, member in pairs(value) do
        local new = type(key) == "string" and key:gsub("_(%l)", string.upper) or key
        copy[new] = camel(member)
        if copy[new] == dkjson.null and new:find("At$") then
            copy[new] = "0001-01-01T00:00:00Z"
        end
    end
    return copy
end

describe("import --from github", function()
    after_each(helper.clean)

    it("makes a trace of a run, a node of a job, instances of a matrix, and a trace of a job's steps", function()
        local log = imported.read("github", { write({ total_count = 1, workflow_runs = { run() } }, "runs"),
            write({ total_count = 4, jobs = jobs() }, "jobs") })
        assert.are.same(expected_attempts, attempts(log))
        local by_id = traces(log)
        local top = by_id["77"]
        assert.are.same({ "ci", "failed", 61, "push", "mend it" },
            { top.name, top.outcome, top.ended, top.metadata.event, top.metadata.title })
        local third = by_id["77/job/3"]
        assert.are.same({ top.trace_id, "test", "ubuntu, 3.12", "failed" },
            { third.parent, third.node, third.instance, third.outcome })
        assert.equal(base_ns, log.records[1].timestamp_ns)
    end)

    it("takes the time in the queue from when a job was created, and the runner and failed step with it", function()
        local by_node = {}
        for _, one in ipairs(imported.attempts(imported.read("github", { write { jobs = jobs() } }))) do
            by_node[one.node .. (one.instance or "")] = one
        end
        local failed = by_node["testubuntu, 3.12"]
        assert.are.same({ base_ns + 21000000000, "runner 3", "step failed: Run tests" },
            { failed.scheduled_at, failed.resource, failed.message })
    end)

    it("counts jobs and steps that were skipped or have not begun, and leaves open what runs", function()
        local list = jobs()
        list[#list + 1] = job(5, "lint", 30)
        list[#list + 1] = job(6, "docs", 30, 31, nil, nil, { step("Set up job", 1, 31) })
        local log = imported.read("github", { write { run({ conclusion = dkjson.null, status = "in_progress" }) },
            write({ jobs = list }, "jobs") })
        assert.are.same({ 1, 1, 1 }, { log.report.left_out["jobs that were skipped"],
            log.report.left_out["steps that were skipped"], log.report.dropped["jobs that have not started"] })
        assert.are.same(expected_attempts, attempts(log))
        local by_id = traces(log)
        assert.are.same({}, { by_id["77"].outcome, by_id["77/job/6"].outcome })
    end)

    it("keeps each conclusion: as the outcome of a run and the kind of a job's error", function()
        for conclusion, expected in pairs {
            success = "complete done", neutral = "complete done", failure = "failed error",
            cancelled = "cancelled cancelled", timed_out = "timed_out timed_out",
            startup_failure = "failed startup_failure", action_required = "failed action_required",
            stale = "terminated stale",
        } do
            local log = imported.read("github", { write { workflow_run = run { conclusion = conclusion } },
                write({ workflow_job = job(1, "build", 1, 2, 3, conclusion) }, "job") })
            assert.equal(expected, ("%s %s"):format(traces(log)["77"].outcome, imported.attempts(log)[1].outcome))
            -- A failure that is not just "failure" is said in words.
            local is_told = expected:find("^failed") and conclusion ~= "failure"
            assert.equal(is_told and conclusion or nil, traces(log)["77"].message)
        end
    end)

    it("reads what gh prints, webhooks line by line, and a list of pages, as the REST API's answer", function()
        local function told(...)
            return attempts(imported.read("github", { ... }))
        end
        local running = jobs()
        running[5] = job(6, "docs", 30, 31)
        local of_gh = camel(running)
        for _, one in ipairs(of_gh) do
            one.databaseId, one.id, one.runId = one.id, nil, nil
            one.url = "https://github.com/o/r/actions/runs/77/job/" .. one.databaseId
        end
        assert.are.same(expected_attempts, told(write { jobs = of_gh }))
        local view = camel(run())
        view.databaseId, view.id, view.jobs, view.workflowName = view.id, nil, of_gh, "ci"
        local log = imported.read("github", { write(view) })
        assert.are.same(expected_attempts, attempts(log))
        assert.are.same({ "ci", "failed" }, { traces(log)["77"].name, traces(log)["77"].outcome })
        local lines, pages = {}, {}
        for index, one in ipairs(jobs()) do
            lines[2 * index - 1] = dkjson.encode { action = "queued", workflow_job = job(one.id, one.name, 1) }
            lines[2 * index] = dkjson.encode { action = "completed", workflow_job = one }
            pages[index] = { total_count = 4, jobs = { one } }
        end
        assert.are.same(expected_attempts, told(write(table.concat(lines, "\n") .. "\n")))
        assert.are.same(expected_attempts, told(write(pages)))
    end)

    it("works out how a run ended of which only jobs are there, and says so", function()
        local log = imported.read("github", { write { jobs = jobs() } })
        assert.are.same({ "failed", 61 }, { traces(log)["77"].outcome, traces(log)["77"].ended })
        assert.equal(1, #log.report.bent)
        for _, order in ipairs { { "failure", "timed_out" }, { "timed_out", "failure" } } do
            log = imported.read("github", { write { jobs = { job(1, "a", 1, 2, 3, order[1]),
                job(2, "b", 1, 2, 3, order[2]) } } })
            assert.equal("failed", traces(log)["77"].outcome)
        end
    end)

    it("keeps of a run that is there twice what was updated last, and of a job what is completed", function()
        for _, order in ipairs { { 1, 2 }, { 2, 1 } } do
            local runs = { run { status = "in_progress", conclusion = dkjson.null, updated_at = at(30) },
                run { conclusion = "cancelled", updated_at = at(63) } }
            local twice = { job(1, "build", 1, 3, nil), job(1, "build", 1, 3, 20) }
            local log = imported.read("github", { write { workflow_runs = { runs[order[1]], runs[order[2]] } },
                write({ jobs = { twice[order[1]], twice[order[2]] } }, "jobs") })
            assert.equal("cancelled", traces(log)["77"].outcome)
            assert.are.same({ "03 build done 20" }, attempts(log))
            assert.are.same({ 1, 1 }, { log.report.dropped["runs that are there twice: the one updated last is kept"],
                log.report.dropped["jobs that are there twice: the one completed is kept"] })
        end
    end)

    it("begins a run when it was created, an attempt when it was started again, and neither after what ran in it",
        function()
            local function begun(more, steps)
                local log = imported.read("github", { write { workflow_runs = { run(more) } },
                    write({ jobs = { job(1, "build", 95, 100, 120, nil, steps) } }, "jobs") })
                assert.are.same({}, log.report.bent)
                local by_id = traces(log)
                return { (by_id["77"] or by_id["77/attempts/2"]).started, (by_id["77/job/1"] or {}).started }
            end
            assert.are.same({ 0 }, begun { run_started_at = at(90) })
            local job_of_second = { run_attempt = 2, run_started_at = at(90), updated_at = at(120) }
            local log = imported.read("github", { write { workflow_runs = { run(job_of_second) } } })
            assert.equal(90, traces(log)["77/attempts/2"].started)
            assert.are.same({ 100, 98 }, begun({ created_at = at(110), run_started_at = at(110) },
                { step("Set up job", 1, 98, 99) }))
        end)

    it("tells apart jobs, and steps, of one name, says which are steps, and ends nothing before its start", function()
        local log = imported.read("github", { write { jobs = {
            job(1, "build", 1, 3, 20, nil, { step("Run make", 1, 3, 4), step("Run make", 2, 5, 7) }),
            job(2, "build", 1, 6, 5), job(3, "test (a)", 1, 8, 9), job(4, "test (a)", 1, 8, 10),
        } } })
        assert.are.same({ "03 build / Run make done 4", "03 build done 20", "05 build / Run make #2 done 7",
            "06 build[#2] done 6", "08 test[a#2] done 10", "08 test[a] done 9" }, attempts(log))
        assert.are.same({ 1, 2 }, { log.report.bent["ends before their starts, taken to be at their starts"],
            #log.report.bent }) -- the other one: only jobs are there
        local types = {}
        for _, node in pairs(log.flow.nodes) do
            types[node.name] = node.type
        end
        assert.are.same({ build = "job", test = "job", ["build / Run make"] = "step",
            ["build / Run make #2"] = "step" }, types)
    end)

    it("is known by its beginning, in the form of gh, too", function()
        local of_gh = camel(jobs())
        for _, one in ipairs(of_gh) do
            one.databaseId, one.id, one.runId, one.runAttempt = one.id, nil, nil, nil
            one.url = "https://github.com/o/r/actions/runs/77/job/" .. one.databaseId
        end
        local log = helper.directory() .. "/log"
        local result = helper.run { "import", write { jobs = of_gh }, "-o", log, "--json" }
        assert.equal("github", dkjson.decode(result.stdout or "").format, result.stderr)
    end)

    it("keeps the attempts of a run apart", function()
        local again = job(9, "build", 100, 101, 120)
        again.run_attempt = 2
        local log = imported.read("github", { write { jobs = { job(1, "build", 1, 3, 20, "failure"), again } } })
        local by_id = traces(log)
        assert.are.same({ "failed", "complete" }, { by_id["77"].outcome, by_id["77/attempts/2"].outcome })
    end)

    it("names the file and the JSON path of what is wrong", function()
        local wrong_time, no_name = jobs(), jobs()
        wrong_time[2].steps[1].started_at, no_name[3].name = "soon", nil
        for _, case in ipairs {
            { { jobs = wrong_time }, '%$%.jobs%[1%]%.steps%[0%]: "soon"' },
            { { jobs = no_name }, "%$%.jobs%[2%]: a job expected" },
            { { nothing = 1 }, "no runs or jobs" },
        } do
            local file = write(case[1])
            local result = imported.try("github", { file })
            assert.not_equal(0, result.status)
            assert.truthy(result.stderr:find(file, 1, true))
            assert.truthy(result.stderr:find(case[2]), result.stderr)
        end
    end)
end)
