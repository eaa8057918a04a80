-- What a log says of the order of its nodes, and what it does not: five public workflows, each run ten times on four
-- places. The bound is worked out from the times alone, without the code that guesses.
local helper = require "tests.spec.helper"
local imported = require "tests.spec.imported"
local tracereel = require "tracereel"

local run_count, place_count = 10, 4

local function fixture(name)
    return tracereel.json_decode(helper.read(("tests/fixtures/foreign/wf-%s.json"):format(name)))
end

-- Numbers between 0 and 1 that depend on the seed alone: of Lehmer.
local function generator(seed)
    local state = seed
    return function()
        state = state * 48271 % 2147483647
        return state / 2147483647
    end
end

-- Log-normal with sigma 0.3: by Box and Muller.
local function factor(random)
    return math.exp(0.3 * math.sqrt(-2 * math.log(random())) * math.cos(2 * math.pi * random()))
end

-- Ten runs of a workflow, imported into one log.
local function recorded(document)
    local directory, random, seconds = helper.directory(), generator(17), {}
    local words = { "import", "--from", "wfformat", "-a", "cores=" .. place_count, "-o", directory .. "/log" }
    local tasks = document.workflow.execution.tasks
    for index, task in ipairs(tasks) do
        seconds[index] = task.runtimeInSeconds
    end
    for run = 1, run_count do
        for index, task in ipairs(tasks) do
            task.runtimeInSeconds = tonumber(("%.6f"):format(seconds[index] * factor(random)))
        end
        words[#words + 1] = helper.write(("%s/run%02d.json"):format(directory, run), tracereel.json(document))
    end
    local ran = helper.run(words)
    assert(ran.status == 0, ran.stderr)
    return directory .. "/log"
end

-- By run, by node: when it was ready and when it ended, and which of the trace's nodes it is in the log.
local function times_of(log)
    local runs = {}
    tracereel.open(log):replay { trace_complete = function(_, trace)
        local run = {}
        for place, node in ipairs(trace.nodes) do
            local attempt = node.attempts[1]
            run[node.id] = { ready_ns = attempt.scheduled_ns or 0, ended_ns = attempt.end_ns, place = place }
        end
        runs[#runs + 1] = run
    end }
    return runs
end

local function is_before(a, b)
    return a.ended_ns < b.ready_ns or a.ended_ns == b.ready_ns and a.place < b.place
end

-- By node: those that had ended in every run when it was ready, as a set; and of these all that ended just then in one.
local function never_contradicted(runs)
    local before, made_ready = {}, {}
    for node in pairs(runs[1]) do
        before[node], made_ready[node] = {}, {}
        for other in pairs(runs[1]) do
            local always, just_then = other ~= node, false
            for _, run in ipairs(runs) do
                always = always and is_before(run[other], run[node])
                just_then = just_then or run[other].ended_ns == run[node].ready_ns and run[node].ready_ns > 0
            end
            before[node][other] = always or nil
            made_ready[node][other] = always and just_then or nil
        end
    end
    return before, made_ready
end

-- The edges without those that follow from two others, and with what was seen to make its node ready.
local function fewest(before, made_ready)
    local edges = {}
    for node, others in pairs(before) do
        edges[node] = {}
        for other in pairs(others) do
            local follows = false
            for between in pairs(others) do
                follows = follows or before[between][other]
            end
            edges[node][other] = not follows or made_ready[node][other] or nil
        end
    end
    return edges
end

-- By node: all that are before it by these edges.
local function order_of(edges, nodes)
    local all = {}
    local function visit(node)
        if not all[node] then
            all[node] = {}
            for other in pairs(edges[node] or {}) do
                all[node][other] = true
                for earlier in pairs(visit(other)) do
                    all[node][earlier] = true
                end
            end
        end
        return all[node]
    end
    for node in pairs(nodes) do
        visit(node)
    end
    return all
end

-- By node of the log: those that are before it in the workflow, at once and in all.
local function truth(document, log)
    local flow = dofile(log .. "/tracereel.flow.lua")
    local id_of, parents = {}, {}
    for id, node in pairs(flow.nodes) do
        id_of[node.name] = id
    end
    for _, task in ipairs(document.workflow.specification.tasks) do
        local list = {}
        for _, parent in ipairs(task.parents) do
            list[id_of[parent]] = true
        end
        parents[id_of[task.id]] = list
    end
    return parents, order_of(parents, parents)
end

-- How many of the pairs of `of` there are, and how many of them are in `within`.
local function count(of, within)
    local pairs_in_all, shared = 0, 0
    for node, others in pairs(of) do
        for other in pairs(others) do
            pairs_in_all, shared = pairs_in_all + 1, shared + (within[node][other] and 1 or 0)
        end
    end
    return pairs_in_all, shared
end

-- By node: those that it comes after in the guess.
local function guessed(log, ...)
    local ran, edges = helper.run { "flow", "--json", log, ... }, {}
    assert(ran.status == 0, ran.stderr)
    for _, edge in ipairs(tracereel.json_decode(ran.stdout).edges) do
        edges[edge.to] = edges[edge.to] or {}
        edges[edge.to][edge.from] = true
    end
    return edges
end

-- Of each workflow the share of true edges, as docs/flow-files.md has it: the largest that a flow can have which lacks
-- nothing of any order that fits the log, and that of the guess.
local shares = {
    { "blast-chameleon-small-001", 1, 1 },
    { "1000genome-chameleon-2ch-100k-001", 0.23, 0.56 },
    { "srasearch-chameleon-10a-001", 0.41, 1 },
    { "sarek-dirt02-001", 0.46, 0.46 },
    { "rnaseq-dirt02-001", 0.12, 0.23 },
}
local max_difference = 0.1

describe("what a log says of the order of its nodes", function()
    teardown(helper.clean)

    it("is the same, byte for byte, for two workflows of which one has another order", function()
        local document = fixture "sarek-dirt02-001"
        local log = recorded(document)
        local exchanged = fixture "sarek-dirt02-001"
        local other_of, changed = { FASTQC_7 = "GATK4_4", GATK4_4 = "FASTQC_7" }, 0
        for _, task in ipairs(exchanged.workflow.specification.tasks) do
            for index, parent in ipairs(task.parents) do
                changed = changed + (other_of[parent] and 1 or 0)
                task.parents[index] = other_of[parent] or parent
            end
        end
        assert.equal(4, changed)
        local other_log = recorded(exchanged)
        assert.is_true(#imported.bytes(log) > 10000)
        assert.equal(imported.bytes(log), imported.bytes(other_log))
        assert.not_equal(helper.read(log .. "/tracereel.flow.lua"), helper.read(other_log .. "/tracereel.flow.lua"))
    end)

    for _, row in ipairs(shares) do
        local name, bound, guessed_share = table.unpack(row)

        it(("lets a flow of %s that surely lacks nothing have no more true edges than documented"):format(name),
            function()
            local document = fixture(name)
            local log = recorded(document)
            local before, made_ready = never_contradicted(times_of(log))
            local parents, all = truth(document, log)
            local wanted, found = count(all, before)
            assert.equal(wanted, found)
            local edges, true_edges = count(fewest(before, made_ready), parents)
            assert.near(bound, true_edges / edges, max_difference)

            -- What the guess has where nothing is left out is this order, no more and no less.
            local order = order_of(guessed(log, "--min-confidence", "0"), parents)
            local pair_count, kept = count(before, order)
            assert.same({ pair_count, pair_count }, { kept, (count(order, before)) })

            local guess = guessed(log)
            local guessed_edges, guessed_true = count(guess, parents)
            assert.near(guessed_share, guessed_true / guessed_edges, max_difference)
            wanted, found = count(all, order_of(guess, parents))
            assert.is_true(found / wanted >= 0.99, ("%d of %d"):format(found, wanted))
        end)
    end
end)
