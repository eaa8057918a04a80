-- Which number each node of an engine's flow file has in a log.
local flow = require "tracereel.flow"
local flow_logs = require "tests.spec.flow_logs"
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local engine_logs = "tests/fixtures/logs-engine/"

-- What `tracereel flow --yaml --json` answers, with the numbers by name.
local function found(yaml, log, ...)
    local ran = helper.run { "flow", "--yaml", yaml, log, "--json", ... }
    assert.equal(0, ran.status, ran.stderr)
    local answer = tracereel.json_decode(ran.stdout)
    local numbers, candidates = {}, {}
    for id, node in pairs(answer.nodes) do
        numbers[node.name] = math.tointeger(tonumber(id))
        candidates[node.name] = { numbers[node.name] }
    end
    for _, group in ipairs(answer.ambiguous) do
        for name, list in pairs(group.candidates) do
            candidates[name] = list
        end
    end
    return numbers, candidates, answer, ran
end

-- As the comment in the file says.
local orders = { trigger = 0, validate = 1, fraud = 2, charge = 3, approve = 4, ship = 5, notify = 6, reserve = 7 }

describe("flow --yaml", function()
    teardown(helper.clean)

    for _, name in ipairs { "orders-killed-late", "orders-killed-twice", "overlap" } do
        it("finds the node numbers of " .. name .. ", but for two that the flow does not distinguish", function()
            local numbers, candidates, answer, ran = found(engine_logs .. "orders.flow.yaml",
                engine_logs .. name .. "/wal")
            for node, number in pairs(orders) do
                local expected = (node == "fraud" or node == "reserve") and { 2, 7 } or { number }
                assert.same(expected, candidates[node], node)
            end
            assert.same({ 2, 7 }, { numbers.fraud, numbers.reserve })
            assert.equal(1, #answer.ambiguous)
            assert.matches("indistinguishable: fraud (2 or 7), reserve (2 or 7)", ran.stderr, 1, true)
        end)
    end

    it("reports nodes that never ran as indistinguishable, and writes all that it knows", function()
        local path = helper.directory() .. "/orders.lua"
        local ran = helper.run { "flow", "-o", path, "--yaml", engine_logs .. "orders.flow.yaml",
            engine_logs .. "orders-killed/wal" }
        assert.matches("indistinguishable: ship (5 or 6), notify (5 or 6): none of them ever ran", ran.stderr, 1, true)
        local text = helper.read(path)
        assert.matches("-- Indistinguishable: fraud (2 or 7), reserve (2 or 7).\n", text, 1, true)
        assert.matches("-- not certain: 5 or 6; never ran in the log\n", text, 1, true)
        local loaded = flow.load(path)
        assert.same({ name = "approve", type = "std::wait", after = { 3 }, loop_back = {}, ports = {} },
            loaded.nodes[4])
        assert.is_true(flow.is_entry(loaded, 0))
    end)

    it("uses the numbers given by --number, and what follows from them", function()
        local numbers, _, answer = found(engine_logs .. "orders.flow.yaml", engine_logs .. "orders-killed/wal",
            "--number", "reserve=2", "--number", "ship=6")
        assert.same({}, answer.ambiguous)
        assert.same({ 7, 2, 6, 5 }, { numbers.fraud, numbers.reserve, numbers.ship, numbers.notify })
    end)

    it("draws no conclusion from a branch that ran except what follows from it", function()
        local _, candidates, answer = found(engine_logs .. "switch.flow.yaml", engine_logs .. "switch-killed/wal")
        assert.same({ 2 }, candidates.route)
        -- 4 ran after the switch, and charge would have to be over before notify: 4 is one of the two branches.
        assert.same({ { 3, 4, 5 }, { 3, 4, 5 }, { 3, 5 } }, { candidates.charge, candidates.manual, candidates.notify })
        local numbers, _, sure = found(engine_logs .. "switch.flow.yaml", engine_logs .. "switch-killed/wal",
            "--number", "charge=3")
        assert.same({ 3, 4, 5 }, { numbers.charge, numbers.manual, numbers.notify })
        assert.same({ ["2"] = { "true" } }, sure.nodes["3"].ports)
        assert.equal(1, #answer.ambiguous)
    end)

    it("refuses a log of another flow, and names the records", function()
        local ran = helper.run { "flow", "--yaml", engine_logs .. "switch.flow.yaml",
            engine_logs .. "orders-killed-twice/wal" }
        assert.equal(6, ran.status)
        assert.equal("", ran.stdout)
        -- The first record of node 7.
        assert.matches("node 7 ran (wal_0000000000000000.log:828, trace ae001273", ran.stderr, 1, true)
        assert.matches("the file has nodes for 0 to 5 only", ran.stderr, 1, true)
        -- A chain of three in which the last one runs first.
        local log = flow_logs.writer()
        log.append("trace_start", 1)
        log.append("node_done", 1, { node_id = 2 })
        local _, offset = log.append("node_done", 1, { node_id = 1 })
        local path = flow_logs.yaml({ names = { "t", "a", "b" }, triggers = { t = true },
            edges = { { "t", "out", "a" }, { "a", "out", "b" } } }, helper.directory() .. "/chain.yaml")
        ran = helper.run { "flow", "--yaml", path, log.close() }
        assert.equal(6, ran.status)
        assert.matches(("began when .- %%(wal_0000000000000000.log:%d, trace"):format(offset), ran.stderr)
    end)

    it("refuses impossible numbers with the reason", function()
        local yaml, log = engine_logs .. "orders.flow.yaml", engine_logs .. "orders-killed/wal"
        for arguments, expected in pairs {
            ["nobody=3"] = 'has no node "nobody"', ["fraud=8"] = "has 8 nodes, numbered from 0 to 7",
            ["fraud=0"] = "triggers come first", ["fraud"] = '"fraud" is no NAME=NUMBER',
        } do
            local ran = helper.run { "flow", "--yaml", yaml, log, "--number", arguments }
            assert.equal(2, ran.status)
            assert.matches(expected, ran.stderr, 1, true)
        end
        local ran = helper.run { "flow", "--yaml", yaml, log, "--number", "fraud=3" }
        assert.equal(6, ran.status)
        assert.matches('"fraud" is node 3, as --number says', ran.stderr, 1, true)
        assert.equal(2, helper.run({ "flow", log, "--number", "a=1" }).status)
    end)
end)

-- Every way to number the flow that has each node begin after all that it comes after, and waits wait, by brute force
-- over the records; as a set of numbers for each name.
local function possible(made, directory)
    local traces, waited, done = {}, {}, {}
    for rec in tracereel.open(directory):records() do
        local trace = traces[rec.trace_id] or {}
        traces[rec.trace_id] = trace
        if rec.type == "node_done" or rec.type == "trace_suspended" then
            trace[#trace + 1] = rec.node_id
            local kind = rec.type == "node_done" and done or waited
            kind[rec.node_id] = true
        end
    end
    local function fits(name_of)
        for number, name in pairs(name_of) do
            local waits = made.waits[name] == true
            if waited[number] and not waits or done[number] and waits then
                return false
            end
        end
        for _, trace in pairs(traces) do
            local over = {}
            for _, number in ipairs(trace) do
                for _, edge in ipairs(made.edges) do
                    if edge[3] == name_of[number] and not over[edge[1]] then
                        return false
                    end
                end
                over[name_of[number]] = true
            end
        end
        return true
    end
    local sets, name_of, used = {}, { [0] = made.names[1] }, {}
    local function extend(number)
        if number == #made.names then
            if fits(name_of) then
                for at, name in pairs(name_of) do
                    sets[name] = sets[name] or {}
                    sets[name][at] = true
                end
            end
            return
        end
        for place = 2, #made.names do
            if not used[place] then
                used[place], name_of[number] = true, made.names[place]
                extend(number + 1)
                used[place], name_of[number] = nil, nil
            end
        end
    end
    extend(1)
    return sets
end

-- A flow of 6 nodes with a trigger: edges go from earlier to later ones at random, some nodes wait, one may switch.
local function random_flow(random)
    local made = { names = { "t", "a", "b", "c", "d", "e" }, triggers = { t = true }, edges = {}, waits = {},
        ports = {} }
    local switch = random(3) == 1 and made.names[random(2, 5)]
    for place = 2, #made.names do
        local befores = { [random(place - 1)] = true, [random(place - 1)] = true }
        for before in pairs(befores) do
            local from = made.names[before]
            local port = from == switch and (random(2) == 1 and "true" or "false") or "out"
            table.insert(made.edges, { from, port, made.names[place] })
        end
        made.waits[made.names[place]] = random(5) == 1 and made.names[place] ~= switch or nil
    end
    if switch then
        made.ports[switch] = { "true", "false" }
    end
    return made
end

describe("flow --yaml on flows made at random", function()
    teardown(helper.clean)

    it("leaves each node its true number, and none that brute force over the records rules out", function()
        local seed = 20261127
        math.randomseed(seed)
        local certain = 0
        for round = 1, 60 do
            local made, numbers, number_of = random_flow(math.random), { 1, 2, 3, 4, 5 }, { t = 0 }
            for place = 2, #made.names do
                number_of[made.names[place]] = table.remove(numbers, math.random(#numbers))
            end
            local log = flow_logs.writer()
            flow_logs.run(log, made, number_of, { 1, 2, 3 }, math.random, { [1] = math.random(6) })
            local directory = log.close()
            local path = flow_logs.yaml(made, helper.directory() .. "/made.yaml")
            local definition = flow.definition(path)
            local value, unclear = flow.for_logs(path, { directory })
            local sets, candidates = possible(made, directory), {}
            for id, node in pairs(value.nodes) do
                candidates[node.name] = { id }
            end
            for _, group in ipairs(unclear) do
                for name, list in pairs(group.candidates) do
                    candidates[name] = list
                end
            end
            for index, member in ipairs(definition.members) do
                local has_own = false
                for _, number in ipairs(candidates[member.name]) do
                    has_own = has_own or number == number_of[member.name]
                    assert.is_true(sets[member.name][number], ("round %d: %s is not %d"):format(round, member.name,
                        number))
                end
                assert.is_true(has_own, ("round %d: %s (%d) is %d"):format(round, member.name, index,
                    number_of[member.name]))
                certain = certain + (#candidates[member.name] == 1 and 1 or 0)
            end
        end
        assert.is_true(certain > 180, "only " .. certain .. " of 360 nodes were certain")
    end)

    for shape, edges_of in pairs {
        ["one after the other"] = function(place)
            return { place - 1 }
        end,
        ["side by side"] = function()
            return { 1 }
        end,
        ["in rows of ten"] = function(place)
            return place <= 11 and { 1 } or { place - 10, (place - 2) // 10 * 10 - 8 + place % 7 }
        end,
    } do
        -- The shape whose search is the hardest at full size.
        local node_count = shape == "in rows of ten" and 1000 or 300
        it(("numbers %d nodes %s in seconds"):format(node_count, shape), function()
            math.randomseed(7)
            local made = { names = { "t" }, triggers = { t = true }, edges = {} }
            local numbers, number_of = {}, { t = 0 }
            for place = 2, node_count + 1 do
                made.names[place] = "n" .. place
                numbers[place - 1] = place - 1
            end
            for place = 2, node_count + 1 do
                for _, before in ipairs(edges_of(place)) do
                    table.insert(made.edges, { made.names[before], "out", made.names[place] })
                end
                number_of[made.names[place]] = table.remove(numbers, math.random(#numbers))
            end
            local log = flow_logs.writer()
            for trace = 1, 4 do
                log.append("trace_start", trace)
                for _, name in ipairs(made.names) do
                    log.append("node_done", trace, { node_id = number_of[name] })
                end
                log.append("trace_complete", trace)
            end
            local directory = log.close()
            local ran = helper.run({ "flow", "--json", "--yaml", flow_logs.yaml(made, helper.directory() .. "/k.yaml"),
                directory }, { before = "timeout 20" })
            assert.equal(0, ran.status, ran.stderr)
            local answer, candidates = tracereel.json_decode(ran.stdout), {}
            for id, node in pairs(answer.nodes) do
                candidates[node.name] = { [math.tointeger(tonumber(id))] = true }
            end
            for _, group in ipairs(answer.ambiguous) do
                for name, list in pairs(group.candidates) do
                    for _, number in ipairs(list) do
                        candidates[name][number] = true
                    end
                end
            end
            for name, number in pairs(number_of) do
                assert.is_true(candidates[name][number], name)
            end
        end)
    end

    it("numbers 300 nodes in seconds even if only the first three ever ran", function()
        local made = { names = { "t" }, triggers = { t = true }, edges = {} }
        for place = 2, 301 do
            made.names[place] = "n" .. place
            made.edges[place - 1] = { made.names[place - 1], "out", made.names[place] }
        end
        local log = flow_logs.writer()
        log.append("trace_start", 1)
        for id = 0, 2 do
            log.append("node_done", 1, { node_id = id })
        end
        local ran = helper.run({ "flow", "--json", "--yaml", flow_logs.yaml(made, helper.directory() .. "/k.yaml"),
            log.close() }, { before = "timeout 20" })
        assert.equal(0, ran.status, ran.stderr)
        local nodes = tracereel.json_decode(ran.stdout).nodes
        assert.same({ "t", "n2", "n3" }, { nodes["0"].name, nodes["1"].name, nodes["2"].name })
    end)
end)

describe("--flow with the engine's own file", function()
    teardown(helper.clean)

    it("names the nodes of a log that distinguishes them", function()
        local chain = { names = { "t", "b", "a" }, triggers = { t = true },
            edges = { { "t", "out", "a" }, { "a", "out", "b" } } }
        local log = flow_logs.writer()
        flow_logs.run(log, chain, { t = 0, a = 2, b = 1 }, { 1, 2 }, math.random)
        local directory = log.close()
        local path = flow_logs.yaml(chain, helper.directory() .. "/chain.yml")
        local report = tracereel.json_decode(helper.run({ "timing", "--json", "--flow", path, directory }).stdout)
        local names = {}
        for _, node in ipairs(report.nodes) do
            names[node.id] = node.name
        end
        assert.same({ [0] = "t", [1] = "b", [2] = "a" }, names)
        local rows = helper.run({ "export", "--format", "csv", "--flow", path, directory }).stdout
        assert.matches(",2,a,", rows, 1, true)
    end)

    it("numbers indistinguishable nodes in the file's order, marks their names, and says how to decide",
        function()
            local yaml, log = engine_logs .. "orders.flow.yaml", engine_logs .. "orders-killed-late/wal"
            for _, words in ipairs { { "timing" }, { "export", "--format", "csv" }, { "recover" }, { "traces" } } do
                words[#words + 1] = "--flow"
                words[#words + 1] = yaml
                words[#words + 1] = log
                local ran = helper.run(words)
                assert.equal(0, ran.status, ran.stderr)
                assert.matches("fraud (2 or 7), reserve (2 or 7); taken in the order of the file. `tracereel flow "
                    .. "--yaml " .. yaml, ran.stderr, 1, true)
            end
            local value, unclear = flow.for_logs(yaml, { log })
            assert.equal("fraud?", value.nodes[2].name)
            assert.equal("charge", value.nodes[3].name)
            assert.same({ 2, 7 }, unclear[1].candidates.reserve)
        end)

    it("gives killed runs the same forecasts as the true numbers", function()
        for name, kind in pairs { ["orders-killed"] = "orders", ["orders-killed-late"] = "orders",
            ["orders-killed-twice"] = "orders", ["switch-killed"] = "switch" } do
            local log, yaml = engine_logs .. name .. "/wal", engine_logs .. kind .. ".flow.yaml"
            local numbers = kind == "switch" and { "--number", "charge=3", "--number", "manual=4" }
                or { "--number", "fraud=2" }
            local path = helper.directory() .. "/flow.lua"
            local made = helper.run { "flow", "--yaml", yaml, log, "-o", path, table.unpack(numbers) }
            assert.equal(0, made.status, made.stderr)
            local known = helper.objects(helper.run({ "recover", log, "--flow", path, "--json" }).stdout)
            local read = helper.objects(helper.run({ "recover", log, "--flow", yaml, "--json" }).stdout)
            for index, object in ipairs(known) do
                if object.engine then
                    object.engine.reason, read[index].engine.reason = nil, nil
                    assert.same(object.engine, read[index].engine)
                end
            end
        end
    end)

    it("is refused for a plan if the order of the nodes is uncertain", function()
        local plan = helper.directory() .. "/plan.json"
        local function recover(name, kind)
            return helper.run { "recover", "safe_start", engine_logs .. name .. "/wal", "--flow",
                engine_logs .. kind .. ".flow.yaml", "-o", plan }
        end
        local ran = recover("switch-killed", "switch")
        assert.equal(6, ran.status)
        assert.matches("a plan needs to know which node has which number", ran.stderr, 1, true)
        assert.equal("", ran.stdout)
        -- Two that the file does not distinguish either may have each other's number.
        assert.equal(0, recover("orders-killed-late", "orders").status)
    end)

    it("is refused for a pipe, which cannot be read twice", function()
        local ran = helper.run({ "timing", "--flow", engine_logs .. "orders.flow.yaml", "-" }, { stdin = "" })
        assert.equal(2, ran.status)
        assert.matches("a pipe can be read only once", ran.stderr, 1, true)
    end)
end)
