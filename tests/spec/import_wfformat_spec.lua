-- Workflows in WfFormat, against answers that were worked out elsewhere (wf-expected.json).
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local imported = require "tests.spec.imported"
local schedule = require "tracereel.importers.wfformat.schedule"

local fixtures = "tests/fixtures/foreign/"
local expected = dkjson.decode(helper.read(fixtures .. "wf-expected.json"))

local names = {}
for name in pairs(expected) do
    names[#names + 1] = name
end
table.sort(names)

local function write(value, name)
    return helper.write(("%s/%s.json"):format(helper.directory(), name or "workflow"),
        type(value) == "string" and value or dkjson.encode(value))
end

local function makespan_ns(log)
    return imported.timing(log).traces.makespan.max_ns
end

-- { id = { start, end } } of a log, in seconds after the trace's start.
local function times(log)
    local begin, by_node = log.records[1].timestamp_ns, {}
    for _, one in ipairs(imported.attempts(log)) do
        by_node[one.node] = { (one.started_at - begin) / 1e9, (one.ended_at - begin) / 1e9 }
    end
    return by_node
end

local function task_of(id, parents, seconds, more)
    local one = { id = id, name = id, parents = parents, runtimeInSeconds = seconds }
    for key, value in pairs(more or {}) do
        one[key] = value
    end
    return one
end

-- A document of 1.5 and the same of older versions, of the same tasks.
local function document(version, tasks)
    if version == "1.5" then
        local specified, executed = {}, {}
        for index, one in ipairs(tasks) do
            specified[index] = { id = one.id, name = one.name, parents = one.parents }
            executed[#tasks - index + 1] = { id = one.id, runtimeInSeconds = one.runtimeInSeconds,
                coreCount = one.cores, executedAt = one.executedAt, machines = one.machine and { one.machine } }
        end
        return { schemaVersion = version, workflow = { specification = { tasks = specified },
            execution = { executedAt = "2024-05-01T10:00:00Z", tasks = executed } } }
    end
    local list = {}
    for index, one in ipairs(tasks) do
        list[index] = { name = one.id, parents = one.parents, cores = one.cores, machine = one.machine,
            runtime = version < "1.4" and one.runtimeInSeconds or nil,
            runtimeInSeconds = version >= "1.4" and one.runtimeInSeconds or nil }
    end
    return { schemaVersion = version, workflow = { executedAt = "20240501T100000+0000",
        [version < "1.3" and "jobs" or "tasks"] = list } }
end

-- What the importer's scheduler makes of a file that is read here.
local function scheduled(file, cores)
    local workflow, by_id, tasks = dkjson.decode(helper.read(file)).workflow, {}, {}
    for _, one in ipairs(workflow.execution.tasks) do
        by_id[one.id] = { duration_ns = math.floor(one.runtimeInSeconds * 1e9 + 0.5), core_count = 1, parents = {},
            followers = {} }
    end
    for number, one in ipairs(workflow.specification.tasks) do
        local task = by_id[one.id]
        task.number, tasks[number] = number, task
        for index, parent in ipairs(one.parents) do
            task.parents[index] = by_id[parent]
            table.insert(by_id[parent].followers, task)
        end
    end
    local started, last_ns = schedule.run(tasks, cores), 0
    for _, task in ipairs(started) do
        last_ns = math.max(last_ns, task.end_ns)
    end
    return #started, last_ns
end

local diamond = { task_of("a", {}, 2), task_of("b", { "a" }, 3), task_of("c", { "a" }, 4, { machine = "m1" }),
    task_of("d", { "b", "c" }, 1.5) }

describe("import --from wfformat", function()
    after_each(helper.clean)

    for _, name in ipairs(names) do
        it("has the makespan of a list schedule, and of the longest path, to the nanosecond: " .. name, function()
            local answer, file = expected[name], ("%swf-%s.json"):format(fixtures, name)
            local log = imported.read("wfformat", { file })
            assert.equal(answer.longest_path_ns, makespan_ns(log.log))
            assert.equal(answer.tasks, #imported.attempts(log))
            assert.equal(answer.fifo_list_schedule_ns["4"],
                makespan_ns(imported.log("wfformat", { file }, { "-a", "cores=4" })))
            for cores, ns in pairs(answer.fifo_list_schedule_ns) do
                local _, last_ns = scheduled(file, tonumber(cores))
                assert.equal(ns, last_ns)
            end
        end)
    end

    it("says the order of the tasks, and the cores as a pool", function()
        local log = imported.read("wfformat", { write(document("1.5", diamond)) }, { "-a", "cores=2" })
        local number, after = {}, {}
        for id, node in pairs(log.flow.nodes) do
            number[node.name] = id
        end
        for name, id in pairs(number) do
            local list = {}
            for _, before in ipairs(log.flow.nodes[id].after) do
                list[#list + 1] = log.flow.nodes[before].name
            end
            table.sort(list)
            after[name] = table.concat(list, " ")
        end
        assert.are.same({ a = "", b = "a", c = "a", d = "b c" }, after)
        assert.are.same({ 4, 2 }, { #log.flow.pools.cores.nodes, log.flow.pools.cores.capacity })
    end)

    it("keeps what the file says of tasks and of the workflow, and tells apart files of one name", function()
        local value = document("1.5", { task_of("a", {}, 1, { cores = 3 }), task_of("b", {}, 1) })
        value.workflow.execution.makespanInSeconds = 7.5
        value.workflow.specification.tasks[1].category = "align"
        local log = imported.read("wfformat", { write(value, "one"), write(value, "one") })
        local ids, cores, types = {}, {}, {}
        for _, record in ipairs(log.records) do
            if record.type == "trace_start" then
                ids[#ids + 1] = record.fields.id:match("^/?.*/?one%.?j?s?o?n?$") and record.fields.id
                assert.equal(7.5, record.fields.metadata.makespan_seconds)
            elseif record.type == "node_start" then
                cores[record.node] = (record.fields.metadata or {}).core_count or "none"
            end
        end
        table.sort(ids)
        assert.equal("one", ids[2])
        assert.truthy(ids[1]:find("/one%.json$"))
        assert.are.same({ a = 3, b = "none" }, cores)
        for _, node in pairs(log.flow.nodes) do
            types[node.name] = node.type
        end
        assert.are.same({ a = "align", b = "b" }, types) -- or else what its name begins with
    end)

    it("runs the first that is ready first, and of those ready at one time the first in the file", function()
        local log = imported.read("wfformat", { write(document("1.5", {
            task_of("late", { "short" }, 1), task_of("long", {}, 5), task_of("short", {}, 2), task_of("next", {}, 2),
        })) }, { "-a", "cores=2" })
        assert.are.same({ long = { 0, 5 }, short = { 0, 2 }, next = { 2, 4 }, late = { 4, 5 } }, times(log))
        local queue = {}
        for _, one in ipairs(imported.attempts(log)) do
            queue[one.node] = (one.started_at - one.scheduled_at) // 1000000000
        end
        assert.are.same({ long = 0, short = 0, next = 2, late = 2 }, queue)
    end)

    it("gives a task the cores that it needs, and no other one runs before it", function()
        local log = imported.read("wfformat", { write(document("1.5", {
            task_of("one", {}, 3), task_of("two", {}, 2, { cores = 2 }), task_of("three", {}, 1),
            task_of("all", {}, 1, { cores = 9 }),
        })) }, { "-a", "cores=2" })
        assert.are.same({ one = { 0, 3 }, two = { 3, 5 }, three = { 5, 6 }, all = { 6, 7 } }, times(log))
        assert.equal(1, log.report.bent["tasks that need more cores than there are: they take all"])
    end)

    it("reads each version of the format", function()
        for _, version in ipairs { "1.5", "1.4", "1.3", "1.2" } do
            local log = imported.read("wfformat", { write(document(version, diamond)) })
            assert.are.same({ a = { 0, 2 }, b = { 2, 5 }, c = { 2, 6 }, d = { 6, 7.5 } }, times(log), version)
            assert.equal(1714557600000000000, log.records[1].timestamp_ns)
            assert.equal("m1", imported.attempts(log)[3].resource)
        end
    end)

    it("takes the starts of the file where it has all of them and no cores are given", function()
        local recorded = { task_of("a", {}, 2, { executedAt = "2024-05-01T10:00:05Z" }),
            task_of("b", { "a" }, 3, { executedAt = "2024-05-01T10:00:09.5Z" }) }
        local file = write(document("1.5", recorded))
        assert.are.same({ a = { 5, 7 }, b = { 9.5, 12.5 } }, times(imported.read("wfformat", { file })))
        assert.are.same({ a = { 0, 2 }, b = { 2, 5 } },
            times(imported.read("wfformat", { file }, { "-a", "times=schedule" })))
        assert.are.same({ a = { 0, 2 }, b = { 2, 5 } }, times(imported.read("wfformat", { file }, { "-a", "cores=1" })))
        local result = imported.try("wfformat", { write(document("1.5", diamond)) }, { "-a", "times=recorded" })
        assert.truthy(result.stderr:find("%$%.workflow%.specification%.tasks%[0%].*times=schedule"))
    end)

    it("says nothing of the order where a node comes after others in another workflow", function()
        local log = imported.read("wfformat", {
            write(document("1.5", { task_of("a", {}, 1), task_of("b", { "a" }, 1), task_of("c", { "a" }, 1) }),
                "one"),
            write(document("1.5", { task_of("a", {}, 1), task_of("b", { "a" }, 1), task_of("c", { "b" }, 1) }),
                "two"),
        })
        assert.equal(1, #log.report.bent)
        assert.truthy(log.report.bent[1].kind:find("^nodes that come after others in another workflow"))
        for _, node in pairs(log.flow.nodes) do
            assert.are.same({}, node.after or {})
        end
        local ids = {}
        for _, record in ipairs(log.records) do
            ids[#ids + 1] = record.fields.id
        end
        table.sort(ids)
        assert.are.same({ "one", "two" }, ids)
    end)

    it("names the task that waits for itself, and what else is wrong, by file and JSON path", function()
        local place = "%$%.workflow%.specification%.tasks"
        for _, case in ipairs {
            { document("1.5", { task_of("a", {}, 1), task_of("b", { "c" }, 1), task_of("c", { "b" }, 1) }),
                place .. "%[1%]" },
            { document("1.5", { task_of("a", {}, -1) }), place .. "%[0%].*%-1" },
            { { workflow = { specification = { tasks = { { parents = {} } } } } }, place .. "%[0%]" },
            { { workflow = {} }, "%$%.workflow: no tasks" },
            { "[1]", "no WfFormat document" },
        } do
            local file = write(case[1])
            local result = imported.try("wfformat", { file })
            assert.not_equal(0, result.status)
            assert.truthy(result.stderr:find(file, 1, true))
            assert.truthy(result.stderr:find(case[2]), result.stderr)
        end
    end)

    it("counts tasks that are there twice, links that lead nowhere, and runtimes that are missing", function()
        local log = imported.read("wfformat", { write(document("1.5", { task_of("a", { "a", "gone" }, 1),
            task_of("a", {}, 1), task_of("b", { "a" }) })) })
        assert.are.same({ 1, 2, 1 }, { log.report.dropped["tasks with the id of another one"],
            log.report.dropped["links to a task that is not there, or the task itself"],
            log.report.bent["tasks without a runtime, taken to be 0"] })
        assert.are.same({ a = { 0, 1 }, b = { 1, 1 } }, times(log))
    end)
end)
