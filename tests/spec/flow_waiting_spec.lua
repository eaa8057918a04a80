-- `tracereel flow` from logs in which nodes waited for places: what is no edge though nothing contradicts it, and how
-- sure the others are. The true edges are those of the workflows that are written here.
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"
local places = require "tracereel.flow.places"
local tracereel = require "tracereel"

local trace_count, place_count = 10, 4

-- Random numbers that depend on the seed alone: of Lehmer.
local function generator(seed)
    local state = seed
    return function()
        state = state * 48271 % 2147483647
        return state / 2147483647
    end
end

-- A workflow is a list of tasks, { seconds, parents }, each after its parents.
local shapes = {}

function shapes.fan()
    local tasks, leaves = { { 5 } }, {}
    for leaf = 1, 30 do
        tasks[leaf + 1], leaves[leaf] = { 20, { 1 } }, leaf + 1
    end
    tasks[32] = { 10, leaves }
    return tasks
end

shapes["bundle of pipelines"] = function()
    local tasks, ends = { { 5 } }, {}
    for _ = 1, 12 do
        for step = 1, 3 do
            tasks[#tasks + 1] = { 10 + 5 * step, { step == 1 and 1 or #tasks } }
        end
        ends[#ends + 1] = #tasks
    end
    tasks[#tasks + 1] = { 8, ends }
    return tasks
end

function shapes.diamonds()
    local tasks, last = {}, nil
    for _ = 1, 6 do
        local first = #tasks + 1
        tasks[first] = { 5, last and { last } }
        for branch = 1, 6 do
            tasks[first + branch] = { 20, { first } }
        end
        last = first + 7
        tasks[last] = { 5, { first + 1, first + 2, first + 3, first + 4, first + 5, first + 6 } }
    end
    return tasks
end

shapes["random layers"] = function()
    local random, tasks, layer = generator(7), {}, {}
    for depth = 1, 6 do
        local next_layer = {}
        for _ = 1, 7 do
            local parents = {}
            for _, candidate in ipairs(layer) do
                parents[#parents + 1] = random() < 0.3 and candidate or nil
            end
            if depth > 1 and #parents == 0 then
                parents[1] = layer[1 + math.floor(random() * #layer)]
            end
            tasks[#tasks + 1] = { 10 + math.floor(20 * random()), parents }
            next_layer[#next_layer + 1] = #tasks
        end
        layer = next_layer
    end
    return tasks
end

local function name_of(number)
    return ("task_%03d"):format(number)
end

-- One run in WfFormat, its times up to three times as long or as short.
local function document(tasks, random)
    local written = {}
    for number, task in ipairs(tasks) do
        local parents = {}
        for index, parent in ipairs(task[2] or {}) do
            parents[index] = name_of(parent)
        end
        written[number] = ('{"name":"%s","id":"%s","type":"compute","runtimeInSeconds":%.3f,"parents":[%s]}'):format(
            name_of(number), name_of(number), task[1] * 3 ^ (2 * random() - 1),
            #parents > 0 and '"' .. table.concat(parents, '","') .. '"' or "")
    end
    return ('{"name":"shape","schemaVersion":"1.4","workflow":{"tasks":[%s]}}'):format(table.concat(written, ","))
end

-- The workflow run ten times on so many places. Returns the log.
local function recorded(tasks, cores)
    local directory, random = helper.directory(), generator(11)
    local words = { "import", "--from", "wfformat", "-o", directory .. "/log" }
    if cores then
        words[#words + 1] = "-a"
        words[#words + 1] = "cores=" .. cores
    end
    for run = 1, trace_count do
        words[#words + 1] = helper.write(("%s/run%d.json"):format(directory, run), document(tasks, random))
    end
    local ran = helper.run(words)
    assert(ran.status == 0, ran.stderr)
    return directory .. "/log"
end

local function guessed(log, ...)
    local ran = helper.run { "flow", "--json", log, ... }
    assert(ran.status == 0, ran.stderr)
    return tracereel.json_decode(ran.stdout)
end

-- By node: all that are before it.
local function closure(after_of, count)
    local all = {}
    local function visit(node)
        if not all[node] then
            all[node] = {}
            for _, before in ipairs(after_of[node] or {}) do
                all[node][before] = true
                for earlier in pairs(visit(before)) do
                    all[node][earlier] = true
                end
            end
        end
        return all[node]
    end
    for node = 1, count do
        visit(node)
    end
    return all
end

-- How much of the true order is found, and how many of the edges are true.
local function measures(tasks, flow)
    local number_of, after_of, true_after, true_edges, edges = {}, {}, {}, 0, 0
    for id, node in pairs(flow.nodes) do
        number_of[id] = math.tointeger(tonumber(node.name:match("task_(%d+)")))
    end
    for number, task in ipairs(tasks) do
        true_after[number] = task[2] or {}
    end
    for id, node in pairs(flow.nodes) do
        local number, is_true = number_of[id], {}
        for _, parent in ipairs(true_after[number]) do
            is_true[parent] = true
        end
        after_of[number] = {}
        for index, before in ipairs(node.after) do
            local earlier = number_of[tostring(before):gsub("%.0$", "")]
            after_of[number][index] = earlier
            edges, true_edges = edges + 1, true_edges + (is_true[earlier] and 1 or 0)
        end
    end
    local wanted, got = closure(true_after, #tasks), closure(after_of, #tasks)
    local pairs_wanted, pairs_got = 0, 0
    for node = 1, #tasks do
        for before in pairs(wanted[node]) do
            pairs_wanted, pairs_got = pairs_wanted + 1, pairs_got + (got[node][before] and 1 or 0)
        end
    end
    return pairs_got / pairs_wanted, true_edges / edges
end

-- A root, leaves that it makes ready at once, and what waits for all of them, on four places: when each ran. The first
-- that is ready is the first that runs, and the log does not say since when it was.
local function fan_times(leaf_count, random)
    local rows, free_at, last = { { 1, 0, 5 } }, { 5, 5, 5, 5 }, 0
    for leaf = 2, leaf_count + 1 do
        table.sort(free_at)
        local begin = free_at[1]
        free_at[1] = begin + 10 + math.floor(40 * random())
        rows[leaf], last = { leaf, begin, free_at[1] }, math.max(last, free_at[1])
    end
    rows[leaf_count + 2] = { leaf_count + 2, last, last + 3 }
    return rows
end

-- Ten such runs, a day apart.
local function recorded_fan(leaf_count)
    local random, lines = generator(5), { "run,step,begin,finish" }
    for run = 1, trace_count do
        for _, row in ipairs(fan_times(leaf_count, random)) do
            lines[#lines + 1] = ("run %d,%s,%d,%d"):format(run, name_of(row[1]), run * 86400 + row[2],
                run * 86400 + row[3])
        end
    end
    return (importing.log(importing.importer(importing.csv_importer), table.concat(lines, "\n") .. "\n"))
end

local function fan(leaf_count)
    local tasks, leaves = { { 5 } }, {}
    for leaf = 2, leaf_count + 1 do
        tasks[leaf], leaves[leaf - 1] = { 20, { 1 } }, leaf
    end
    tasks[leaf_count + 2] = { 3, leaves }
    return tasks
end

describe("the flow of a log in which nodes waited for places", function()
    teardown(helper.clean)

    for _, name in ipairs { "fan", "bundle of pipelines", "diamonds" } do
        it(("has the whole order of %s, and most of its edges are true"):format(name), function()
            local tasks = shapes[name]()
            local flow = guessed(recorded(tasks, place_count))
            local recall, precision = measures(tasks, flow)
            assert.equal(1, recall)
            assert.is_true(precision >= 0.6, ("precision %.3f"):format(precision))
            assert.same({ 4, "nodes_per_trace" }, { math.tointeger(flow.waited_for.capacity), flow.waited_for.limit })
        end)
    end

    it("of random layers lacks little of the order by itself, and nothing with --min-confidence 0", function()
        local tasks = shapes["random layers"]()
        local log = recorded(tasks, place_count)
        local recall, precision = measures(tasks, guessed(log))
        assert.is_true(recall >= 0.99, ("recall %.4f"):format(recall))
        assert.is_true(precision >= 0.6, ("precision %.3f"):format(precision))
        local whole = measures(tasks, guessed(log, "--min-confidence", "0"))
        assert.equal(1, whole)
    end)

    it("has no edge to what was ready at the beginning, also in traces that begin at the time 0", function()
        local roots, all = {}, {}
        for root = 1, 12 do
            roots[root], all[root] = { 20 }, root
        end
        roots[13] = { 5, all }
        local flow = guessed(recorded(roots, place_count))
        for root = 0, 11 do
            assert.same({}, flow.nodes[tostring(root)].after)
        end
        assert.equal(12, #flow.nodes["12"].after)
    end)

    it("has no edge that a place explains, also where the log does not say when nodes were ready", function()
        local log = recorded_fan(16)
        local flow = guessed(log)
        local recall, precision = measures(fan(16), flow)
        assert.same({ 1, 1 }, { recall, precision })
        assert.equal(4, math.tointeger(flow.waited_for.capacity))
        assert.equal(10 * 18, math.tointeger(flow.waited_for.starts))
        local all = guessed(log, "--min-confidence", "0")
        local kinds = {}
        for _, edge in ipairs(all.edges) do
            kinds[edge.kind] = true
        end
        assert.is_true(kinds.place)
        assert.equal(0, math.tointeger(all.left_out))
    end)

    it("says of each edge how sure it is: the share of the traces in which it showed, and one more of each", function()
        local log = recorded_fan(16)
        local of_first_leaf = nil
        for _, edge in ipairs(guessed(log).edges) do
            of_first_leaf = edge.to == 1 and edge or of_first_leaf
        end
        assert.same({ 0, "released", 10, 10, 11 / 12 }, { math.tointeger(of_first_leaf.from), of_first_leaf.kind,
            math.tointeger(of_first_leaf.traces), math.tointeger(of_first_leaf.of), of_first_leaf.confidence })
        local text = helper.run({ "flow", "--confidence", log }).stdout
        assert.matches("-- Nodes waited for places: 4 for", text, 1, true)
        assert.matches("in 10 of 10 traces; after 0: 0.92 (last in 10 of 10)", text, 1, true)
        assert.is_table(load(text)())
        assert.is_nil(helper.run({ "flow", log }).stdout:find("0.92", 1, true))
    end)
end)

-- So many runs one by one with pauses between them, then two at once, and a third when the first of them ends.
local function runs_with_one_that_waits(single_count)
    local runs = {}
    for single = 1, single_count do
        runs[single] = { began_ns = 100 * single, ended_ns = 100 * single + 50 }
    end
    for _, times in ipairs { { 0, 50 }, { 10, 90 }, { 50, 80 } } do
        runs[#runs + 1] = { began_ns = 100000 + times[1], ended_ns = 100000 + times[2] }
    end
    return runs
end

describe("the places that nodes of a log waited for", function()
    it("are as many as ran at once, where a tenth of the starts or more found all of them taken until then", function()
        local runs = runs_with_one_that_waits(7)
        local found = places.find { runs }
        assert.same({ 2, 1, 10, "nodes" }, { found.capacity, found.taken, found.starts, found.name })
        assert.equal(100010, found.idle[runs[10]]) -- a place was free until the second of the two began
        assert.equal(700, found.idle[runs[7]])
    end)

    it("are none where fewer did, or where nothing takes time", function()
        assert.is_nil(places.find { runs_with_one_that_waits(8) })
        assert.is_nil(places.find { { { began_ns = 5, ended_ns = 5 }, { began_ns = 5, ended_ns = 5 } } })
        assert.is_nil(places.find {})
    end)
end)

describe("the flow of a log in which nobody waited", function()
    teardown(helper.clean)

    it("has the whole order, and leaves nothing out", function()
        for _, name in ipairs { "bundle of pipelines", "random layers" } do
            local tasks = shapes[name]()
            local flow = guessed(recorded(tasks))
            assert.equal(1, (measures(tasks, flow)))
            assert.same({ 0, 0 }, { math.tointeger(flow.left_out), math.tointeger(flow.min_confidence) })
            assert.is_nil(flow.waited_for)
        end
    end)

    it("is refused with a confidence that is none", function()
        for _, word in ipairs { "1.1", "-1", "much", "nan" } do
            local ran = helper.run { "flow", "--min-confidence", word, helper.log "orders" }
            assert.equal(2, ran.status)
            assert.matches(('a number from 0 to 1 expected, got "%s"'):format(word), ran.stderr, 1, true)
        end
    end)
end)
