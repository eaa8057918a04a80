-- A scenario simulated several times with something changed: --sweep and --rank.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local millisecond = simulation_logs.millisecond

-- Node 1 (1 ms), then 2 (10 ms) beside 3 (20 ms), then 4 (5 ms): 26 ms.
local function diamond()
    return simulation_logs.write {
        { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_done", 1, 1 }, { "node_start", 1, 2 },
        { "node_start", 1, 3 }, { "node_done", 11, 2 }, { "node_done", 21, 3 }, { "node_start", 21, 4 },
        { "node_done", 26, 4 }, { "trace_complete", 26 },
    }
end

local diamond_flow = "flow = { nodes = { [1] = {}, [2] = { after = {1} }, [3] = { after = {1} }, "
    .. "[4] = { after = {2, 3} } } }"

-- Runs `simulate` without -o.
local function run(scenario, log, ...)
    return helper.run({ "simulate", helper.script(scenario, "scenario"), log, ... })
end

local function json(...)
    local ran = run(...)
    assert(ran.status == 0, ran.stderr)
    return assert(dkjson.decode(ran.stdout))
end

-- Makespans of the closed traces, ascending, without the engine's own report.
local function sorted_makespans(directory)
    local start_ns, last_ns, found = {}, {}, {}
    for rec in reel.open(directory):records() do
        local id = rec.trace_id
        start_ns[id] = start_ns[id] or rec.timestamp_ns
        last_ns[id] = math.max(last_ns[id] or 0, rec.timestamp_ns)
        if rec.type == "trace_complete" or rec.type == "trace_failed" then
            found[#found + 1] = last_ns[id] - start_ns[id]
        end
    end
    table.sort(found)
    return found
end

local function same_logs(a, b)
    return (helper.shell(("diff -rq %s %s"):format(a, b)))
end

describe("simulate --rank", function()
    after_each(helper.clean)

    it("gives the effect of a tenth of each node's time: none off the critical path", function()
        local ranked = json(("return { %s }"):format(diamond_flow), diamond(), "--rank", "--json")
        local found = {}
        for index, row in ipairs(ranked.nodes) do
            found[index] = { row.node, row.makespan_p50.change, row.makespan_p99.change }
        end
        assert.same({
            { 3, -2 * millisecond, -2 * millisecond },
            { 4, -0.5 * millisecond, -0.5 * millisecond },
            { 1, -0.1 * millisecond, -0.1 * millisecond },
            { 2, 0, 0 },
        }, found)
        assert.equal(26 * millisecond, ranked.measures.makespan_p50.simulated)
        assert.equal(-2 / 26, ranked.nodes[1].makespan_p50.share)
    end)

    it("tries the nodes that ran longest when recorded where there are more than --top, and says so", function()
        -- In the diamond node 3 runs longest, and node 2 longer than node 4.
        local scenario = ("return { %s }"):format(diamond_flow)
        local function ranked(top)
            local object, ids = json(scenario, diamond(), "--rank", "--json", "--top", top), {}
            for index, row in ipairs(object.nodes) do
                ids[index] = row.node
            end
            return ids, object.left_out_nodes
        end
        local two, left_out = ranked("2")
        assert.same({ 3, 2 }, two)
        assert.equal(2, left_out)
        for _, top in ipairs { "0", "4", "100" } do
            local all, none = ranked(top)
            assert.same({ 4, 0 }, { #all, none })
        end
        local shown = run(scenario, diamond(), "--rank", "--top", "2").stdout
        assert.matches("Tried: the 2 nodes that ran longest when recorded, of 4 %(%-%-top%)%.\n", shown)
    end)

    it("counts what ran in traces that are open at the end among what ran longest", function()
        local log = simulation_logs.write_traces {
            { { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_done", 10, 1 }, { "trace_complete", 10 } },
            { { "trace_start", 0 }, { "node_start", 0, 2 }, { "node_done", 50, 2 } },
        }
        local ranked = json("return {}", log, "--rank", "--json", "--top", "1")
        assert.equal(2, ranked.nodes[1].node)
        assert.equal(1, ranked.left_out_nodes)
    end)

    it("does not wait until its temporary logs are durable, however many segments they have", function()
        local calls = helper.directory() .. "/calls"
        local _, status = helper.shell(("strace -f -o %s -e trace=fsync,fdatasync,unlink %s simulate %s %s --rank"
            .. " 2>&1"):format(calls, helper.traced_program, helper.script("return { traces = 100 }", "scenario"),
            helper.log("orders")))
        assert.equal(0, status)
        local _, removed = helper.read(calls):gsub("unlink%(", "")
        local _, synced = helper.read(calls):gsub("sync%(", "")
        assert.is_true(removed > 30)
        assert.equal(0, synced)
    end)

    it("takes a tenth off a node's time, whatever form the scenario gives it", function()
        local times = { recorded = '"recorded"', factor = "2", fixed = '"40ms"',
            called = "function(ns) return ns + 10000000 end" }
        local expected = { recorded = -2, factor = -4, fixed = -4, called = -3 }
        for kind, time in pairs(times) do
            for _, place in ipairs { "[3]", "default" } do
                local nodes = ("{ %s = { time = %s }, [1] = {}, [2] = {}, [4] = {} }"):format(place, time)
                local ranked = json(("return { %s, node = %s }"):format(diamond_flow, nodes), diamond(), "--rank",
                    "--json")
                assert.equal(3, ranked.nodes[1].node)
                assert.equal(expected[kind] * millisecond, ranked.nodes[1].makespan_p50.change, kind .. place)
            end
        end
    end)

    it("has exact percentiles, paired by seed, with Student's interval of the differences", function()
        local directory = helper.directory() .. "/ranked"
        local scenario = [[return { seed = 5, traces = 150, arrivals = { rate = 30 }, limits = { nodes = 6 },
            node = { [2] = { time = function(ns, _, _, random) return random.exponential(ns) end } } }]]
        local ranked = json(scenario, helper.log("orders"), "--rank", "--runs", "3", "--json", "-o", directory)
        local row
        for _, one in ipairs(ranked.nodes) do
            row = one.node == 2 and one or row
        end
        for name, share in pairs { makespan_p50 = 0.50, makespan_p99 = 0.99 } do
            local differences, sum, squares = {}, 0, 0
            for index = 1, 3 do
                local before = sorted_makespans(("%s/as-it-is/run-%d"):format(directory, index))
                local after = sorted_makespans(("%s/node-2/run-%d"):format(directory, index))
                assert.equal(#before, #after)
                local rank = math.ceil(share * #before)
                differences[index] = after[rank] - before[rank]
                sum = sum + differences[index]
            end
            for _, difference in ipairs(differences) do
                squares = squares + (difference - sum / 3) ^ 2
            end
            assert.is_true(sum ~= 0)
            assert.is_true(math.abs(row[name].change - sum / 3) < 1)
            -- 4.303: Student's t for two degrees of freedom.
            assert.is_true(math.abs(row[name].simulation_error - 4.303 * math.sqrt(squares / 2 / 3)) < 1)
        end
    end)

    it("for the example prints the saved output, and the numbers in its text are right", function()
        local ran = helper.run { "simulate", "examples/which_node.lua", "examples/logs/orders", "--rank" }
        assert.equal("", ran.stderr)
        assert.equal(helper.read("examples/which_node.txt"), ran.stdout)
        assert.matches("\n3 +%-[%d.]+ ms +%-2[0-9]%.", ran.stdout)
        local free = helper.run { "simulate", "examples/which_node.lua", "examples/logs/orders", "--rank", "-a",
            "places=100" }
        assert.matches("\n3 +%-9%.[%d]+ ms +%-[78]%.", free.stdout)
        assert.matches("\n7 +0 ns +0 ns\n", free.stdout)
        local swept = helper.run { "simulate", "examples/which_node.lua", "examples/logs/orders", "--sweep",
            "args.places=5,12" }
        assert.matches("\n5 +2%.[56]%d s ", swept.stdout)
        assert.matches("\n12 +121 ms ", swept.stdout)
    end)
end)

describe("simulate --sweep", function()
    after_each(helper.clean)

    local busy = "return { traces = 30, arrivals = { rate = 50 }, limits = { nodes = 4 } }"

    it("tries a value together with an argument, whichever is named first", function()
        local scenario = "return { args = { f = { type = 'number', default = 1 } }, "
            .. "start = function(args) return { node = { [4] = { time = args.f } } } end, " .. diamond_flow .. " }"
        for _, keys in ipairs { { "node.3.time=0.5", "args.f=2" }, { "args.f=2", "node.3.time=0.5" } } do
            local swept = json(scenario, diamond(), "--sweep", keys[1], "--sweep", keys[2], "--json")
            assert.equal(21 * millisecond, swept.points[1].measures.makespan_p50.simulated)
        end
    end)

    it("has the makespans of whole traces if the scenario damages the log", function()
        local records = {}
        for trace, ms in ipairs { 10, 500, 20 } do
            for _, record in ipairs { { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_done", ms, 1 },
                { "trace_complete", ms } } do
                records[#records + 1] = { record[1], 1000 * trace + record[2], record[3], trace }
            end
        end
        -- A bit of the time of the second trace's node_done, the seventh of twelve records of 69 bytes.
        local swept = json("return { damage = { bit_flips = { { segment = 0, offset = 6 * 69 + 29, bit = 0 } } } }",
            simulation_logs.write(records), "--sweep", "node.1.time=1", "--json")
        assert.equal(20 * millisecond, swept.points[1].measures.makespan_p99.simulated)
        assert.equal(2, swept.points[1].measures.complete.simulated)
    end)

    it("has no interval if no run differs from another", function()
        -- The diamond's throughput is 1 / 26 ms, of which three times the same is not exactly three times as much.
        local swept = json("return {}", diamond(), "--sweep", "node.3.time=0.7,1", "--runs", "3", "--json")
        for _, point in ipairs(swept.points) do
            for name, measure in pairs(point.measures) do
                assert.equal(0, measure.simulation_error, name)
            end
        end
    end)

    it("has the mean queue time, even if the sum of all exceeds 64 bits", function()
        local records = {}
        for _, record in ipairs { { "trace_start", 0, 0 }, { "node_start", 0, 1 }, { "node_start", 0, 2 },
            { "node_done", 1, 1 }, { "node_done", 1, 2 }, { "trace_complete", 1, 0 } } do
            for trace = 1, 8 do
                records[#records + 1] = { record[1], record[2], record[3], trace }
            end
        end
        local swept = json("return { limits = { nodes_per_trace = 1 }, flow = { nodes = { [1] = {}, [2] = {} } } }",
            simulation_logs.write(records), "--sweep", "node.default.time=10ms,36500d", "--json")
        local day_ns = 86400 * 1000 * millisecond
        assert.equal(10 * millisecond, swept.points[1].measures.queue.simulated)
        assert.is_true(math.abs(swept.points[2].measures.queue.simulated / (36500 * day_ns) - 1) < 1e-9)
    end)

    it("finds the effect of each value on the makespan: none where the other branch decides", function()
        local swept = json(("return { %s }"):format(diamond_flow), diamond(), "--sweep",
            "node.3.time=0.25,0.5,0.75,3,120ms,recorded", "--json")
        local found = {}
        for index, point in ipairs(swept.points) do
            found[index] = { point.values["node.3.time"], point.measures.makespan_p99.simulated / millisecond }
        end
        assert.same({ { 0.25, 16 }, { 0.5, 16 }, { 0.75, 21 }, { 3, 66 }, { "120ms", 126 }, { "recorded", 26 } }, found)
    end)

    it("equals a scenario with that value, and changes nothing else in it", function()
        local scenario = [[return { args = { rate = { type = "number", default = 10 } },
            start = function(args) return { arrivals = { rate = args.rate } } end,
            seed = 7, traces = 80, node = { default = { fail = 0.1 }, [3] = { time = %s, fail = 0.2 }%s }%s }]]
        local log = helper.log("orders")
        local function said(key, arguments, ...)
            local directory = helper.directory() .. "/points"
            local ran = run(scenario:format("0.5", "", ""), log, "--sweep", key, "-o", directory)
            assert(ran.status == 0, ran.stderr)
            local expected = simulation_logs.simulate(scenario:format(...), log, arguments)
            assert.equal("", same_logs(directory .. "/" .. key, expected))
        end
        said("node.3.time=1.5", {}, "1.5", "", "")
        said("limits.nodes=3", {}, "0.5", "", ", limits = { nodes = 3 }")
        said("args.rate=25", { "-a", "rate=25" }, "0.5", "", "")
        -- A node without an entry goes on failing as the default says.
        said("node.2.time=4", {}, "0.5", ", [2] = { time = 4, fail = 0.1 }", "")
    end)

    it("tries every combination of two keys, in a table of 80 columns", function()
        local ran = run("return { traces = 30, arrivals = { rate = 50 } }", helper.log("orders"),
            "--sweep", "node.3.time=0.5,1,recorded", "--sweep", "limits.nodes=2,64")
        assert.equal("", ran.stderr)
        local rows = {}
        for first, second in ran.stdout:gmatch("\n(%S+) +(%d+) +[%d.]+ %a?s ") do
            rows[#rows + 1] = first .. " " .. second
        end
        assert.same({ "0.5 2", "0.5 64", "1 2", "1 64", "recorded 2", "recorded 64" }, rows)
        for line in ran.stdout:gmatch("[^\n]+") do
            assert.is_true(utf8.len(line) <= 80, line)
        end
    end)

    it("has the simulation errors under the means of several runs", function()
        local ran = run(busy, helper.log("orders"),
            "--sweep", "node.3.time=0.5,1", "--runs", "2")
        assert.matches("\n0%.5 +[^\n]+\nsim%. ± +[^\n]+\n1 +[^\n]+\nsim%. ± +", ran.stdout)
    end)

    it("draws the curve to a file: three lines, and bars for several runs", function()
        local file = helper.directory() .. "/curve.svg"
        local ran = run(busy, helper.log("orders"),
            "--sweep", "node.3.time=1,0.5", "--runs", "2", "--svg", file)
        assert.equal("", ran.stderr)
        local picture = helper.read(file)
        local _, lines = picture:gsub('class="line s', "")
        local _, bars = picture:gsub('class="interval s', "")
        assert.equal(3, lines)
        assert.is_true(bars >= 1 and bars <= 6)
        -- From the left to the right, however they were asked for.
        assert.matches("p50: from [^.]+%.?%d* m?s at 0%.5 to [^.]+%.?%d* m?s at 1%.", picture)
    end)

    it("leaves no temporary files, however it ends", function()
        local place = helper.directory()
        local function left_by(scenario, status, options, ...)
            options.env = { TMPDIR = place }
            local file = helper.script(scenario, "scenario")
            local ran = helper.run({ "simulate", file, helper.log("orders"), ... }, options)
            assert.equal(status, ran.status, ran.stderr)
            assert.equal("", (helper.shell("ls -A " .. place)))
            return ran
        end
        left_by("return {}", 0, {}, "--sweep", "node.3.time=0.5,1")
        left_by("return {}", 0, {}, "--rank", "--runs", "2")
        left_by("return { node = { [3] = { time = function() error 'oops' end } } }", 1, {}, "--sweep", "traces=10,20")
        local interrupted = left_by("return { arrivals = { rate = 5 } }", 130,
            { before = "timeout --foreground --preserve-status -s INT 1" }, "--sweep", "traces=10,50000000")
        assert.matches("interrupted: the simulation was not finished", interrupted.stderr)
        interrupted = left_by("return { node = { [3] = { time = function() while true do end end } } }", 130,
            { before = "timeout --foreground --preserve-status -s INT 1" }, "--rank")
        assert.matches("interrupted: the simulation was not finished", interrupted.stderr)
        left_by("return { node = { [3] = { time = function() while true do end end } } }", 5, {}, "--rank",
            "--max-time", "300ms")
    end)

    local refused = {
        { "node.3.time=-1", 'node%.3%.time=%-1: .*node%[3%]%.time: %-1 is negative' },
        { "node.3.time=0.5,soon", 'node%.3%.time=soon: .*"soon" is not a duration' },
        { "node.99.time=1", "node%.99%.time=1: .*the log has no node 99" },
        { "nodes.3.time=1", 'nodes%.3%.time=1: .*unknown key "nodes"' },
        { "limits.nodes=1.5", "limits%.nodes=1%.5: .*whole number" },
        { "traces.x=1", "traces%.x=1: traces is a number" },
        { "args.rate=1", "args%.rate=1: .*rate" },
        { "node.3.time", "is not KEY=VALUE" },
        { "node..time=1", "is not KEY=VALUE" },
        { "node.3.time=1,,2", "none empty" },
        { "node.3.time=1,1", "each value once" },
        { "seed=1,2", "same seed" },
    }
    for _, case in ipairs(refused) do
        it(("is refused before anything runs: %s"):format(case[1]), function()
            local directory = helper.directory() .. "/points"
            local ran = run("return { traces = 5 }", helper.log("orders"), "--sweep", case[1], "-o", directory)
            assert.equal(2, ran.status, ran.stderr)
            assert.matches(case[2], ran.stderr)
            assert.equal("", (helper.shell("ls " .. directory .. " 2>/dev/null")))
        end)
    end

    it("is refused together with --rank and --explore", function()
        for _, case in ipairs {
            { { "--rank", "--sweep", "traces=5" }, "%-%-sweep and %-%-rank" },
            { { "--rank", "--explore" }, "%-%-explore and %-%-rank" },
            { { "--rank", "--svg", "x.svg" }, "%-%-svg draws the curve of one %-%-sweep" },
            { { "--sweep", "traces=5", "--sweep", "traces=6" }, "traces twice" },
        } do
            local ran = run("return {}", helper.log("orders"), table.unpack(case[1]))
            assert.equal(2, ran.status)
            assert.matches(case[2], ran.stderr)
        end
    end)
end)
