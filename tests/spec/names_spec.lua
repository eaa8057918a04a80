-- Names that live with a log: tracereel.flow.lua among its segments, read by every command and by the module.
local flow = require "tracereel.flow"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local names = {
    [0] = "trigger", "validate", "fraud check", "charge the customer's card", "approve", "ship", "notify", "reserve",
    "payment attempts",
}

local function flow_value(changes)
    local nodes = {}
    for id, name in pairs(names) do
        nodes[id] = { name = name }
    end
    local order = { [1] = { 0 }, [2] = { 1 }, [3] = { 2, 7 }, [4] = { 3 }, [5] = { 3, 4 }, [6] = { 5 }, [7] = { 1 } }
    for id, after in pairs(order) do
        nodes[id].after = after
    end
    local value = { name = "orders", nodes = nodes }
    for key, item in pairs(changes or {}) do
        value[key] = item
    end
    return assert(flow.check(value))
end

-- A copy of a sample log, with a flow file.
local function named_log(text, log)
    local directory = helper.directory() .. "/log"
    helper.shell(("cp -r %s %s"):format(log or helper.log "orders", directory))
    if text ~= false then
        helper.write(directory .. "/tracereel.flow.lua", text or flow.text(flow_value()))
    end
    return directory
end

-- What a command writes about a copy with names, the directory's name left out.
local function output_of(directory, ...)
    local words = { ... }
    words[#words + 1] = directory
    local run = helper.run(words)
    assert.equal(0, run.status, run.stderr)
    return (run.stdout:gsub(directory:gsub("%p", "%%%0"), "LOG"))
end

describe("a log with tracereel.flow.lua", function()
    local log
    setup(function()
        log = named_log()
    end)
    teardown(helper.clean)

    it("has its names in show, and numbers beside them with --numbers", function()
        local id = helper.objects(helper.run({ "traces", "--json", "--status", "suspended", log }).stdout)[1].trace_id
        local shown = helper.run({ "show", id, log }).stdout
        assert.matches("┌ charge the customer's card\n", shown, 1, true)
        assert.matches("└ fraud check done, %d+ bytes", shown)
        assert.matches("loop payment attempts, iteration 0", shown, 1, true)
        assert.matches("approve suspended: waits for", shown, 1, true)
        assert.matches("\n  approve: suspended for", shown, 1, true)
        assert.is_nil(shown:find("node 3", 1, true))
        local numbered = helper.run({ "show", "--numbers", id, log }).stdout
        assert.matches("charge the customer's card (3)\n", numbered, 1, true)
        assert.matches("loop payment attempts (8), iteration 0", numbered, 1, true)
    end)

    it("has the output without names, but for the names, in show, traces, dump and debug", function()
        local plain = named_log(false)
        local id = helper.objects(helper.run({ "traces", "--json", log }).stdout)[1].trace_id
        local short = id:sub(1, 8)
        -- Back to numbers, as they stand without a flow; longest names first.
        local order = { 3, 8, 2, 1, 7, 0, 4, 6, 5 }
        local function numbered(text)
            for _, node in ipairs(order) do
                local name = names[node]:gsub("%p", "%%%0")
                text = text:gsub("loop " .. name, "loop " .. node):gsub("([┌├└✗│] )" .. name, "%1node " .. node)
                    :gsub("(at )" .. name, "%1" .. node):gsub("(in )" .. name, "%1" .. node)
            end
            return text
        end
        local function closed_traces(directory)
            return output_of(directory, "traces", "--status", "failed", "--status", "complete")
        end
        assert.equal(closed_traces(plain), closed_traces(log))
        assert.equal(output_of(plain, "show", short), numbered(output_of(log, "show", short)))
        assert.equal(output_of(plain, "dump", "--json"), output_of(log, "dump", "--json"))
        assert.equal(output_of(plain, "check"), output_of(log, "check"))
    end)

    it("is dumped with a column that fits the names, and no two of which look the same where they are cut", function()
        local lines = {}
        for line in output_of(log, "dump", "--type", "node_done"):gmatch("[^\n]+") do
            lines[#lines + 1] = line
        end
        assert.matches("^%S+ 0:%d+ +node_done +trigger + %x+ ", lines[2])
        local columns = {}
        for index = 2, #lines do
            columns[#columns + 1] = utf8.len(lines[index]:match("^(.* )%x%x%x%x%x%x%x%x "))
        end
        for _, column in ipairs(columns) do
            assert.equal(columns[1], column)
        end
        local long = named_log(flow.text(flow_value { nodes = {
            [3] = { name = "send the notification e-mail to the customer" },
            [5] = { name = "send the notification e-mail to the shop" },
        } }))
        local shown = output_of(long, "dump", "--type", "node_done", "--node", "3,5")
        assert.matches("send the notificatio…(3) ", shown, 1, true)
        assert.matches("send the notificatio…(5) ", shown, 1, true)
    end)

    it("shows the number where two nodes have one name", function()
        local same = named_log(flow.text(flow_value { nodes = { [3] = { name = "step" }, [5] = { name = "step" } } }))
        assert.matches(" step (3) ", output_of(same, "dump", "--node", "3"), 1, true)
        local both = output_of(same, "dump", "--json", "--type", "node_done", "--node", "step")
        assert.equal(output_of(same, "dump", "--json", "--type", "node_done", "--node", "3,5"), both)
        assert.matches("%S", both)
        local log_of_both = reel.open(same)
        local _, trace = log_of_both:records { types = "node_done", nodes = 3 }()
        assert.error_matches(function()
            trace:node("step")
        end, "several nodes are called")
    end)

    it("lets --node call nodes by their names", function()
        for _, command in ipairs { "dump", "export", "timing" } do
            local words = { command, "--json" }
            if command == "export" then
                words = { command, "--format", "csv" }
            end
            local function of(node)
                local all = table.move(words, 1, #words, 1, {})
                table.move({ "--node", node }, 1, 2, #all + 1, all)
                return output_of(log, table.unpack(all))
            end
            assert.equal(of "3,5", of "charge the customer's card,ship")
            assert.are_not.equal(of "3,5", of "3")
        end
        local run = helper.run { "dump", "--node", "chrage", log }
        assert.equal(2, run.status)
        assert.matches('no node is called "chrage"; known are trigger, validate, fraud check,', run.stderr, 1, true)
        run = helper.run { "dump", "--node", "charge", helper.log "orders" }
        assert.equal(2, run.status)
        assert.matches('"charge" is not a node number, and the log has no names of nodes', run.stderr, 1, true)
    end)

    it("names nodes in timing, whose column is as wide as they need, in its page and in exports", function()
        local page = helper.directory() .. "/page.html"
        local report = output_of(log, "timing", "--html", page)
        assert.matches("\n3 charge the customer's card  ", report, 1, true)
        assert.matches(">charge the customer's card<", (helper.read(page):gsub("&#39;", "'"):gsub("<b>3</b> ", "")))
        assert.matches(",3,charge the customer's card,", output_of(log, "export", "--format", "csv"), 1, true)
        assert.matches('"name":"charge the customer\'s card"', output_of(log, "export", "--format", "jsonl"), 1, true)
    end)

    it("names nodes in the debugger, and takes names there", function()
        local run = helper.run({ "debug", log }, { stdin = "goto 4\nnode validate\nprint rec.node_name\n" })
        assert.matches("node_start validate trace", run.stdout, 1, true)
        assert.matches("\nvalidate: running, 1 attempt", run.stdout, 1, true)
        assert.matches("\nvalidate\n$", run.stdout)
    end)

    it("gives scripts names in records, nodes, filters and trace:node", function()
        local script = helper.write(helper.directory() .. "/names.lua", [[
            local seen, count = {}, 0
            return {
                api = 1, nodes = { "charge the customer's card", 5 }, types = { "node_done" },
                node_done = function(rec, trace)
                    local node = trace:node(rec.node_name)
                    assert(node.id == rec.node_id and node.name == rec.node_name)
                    assert(trace:node("validate").id == 1 and trace:node("no such node") == nil)
                    seen[rec.node_name], count = (seen[rec.node_name] or 0) + 1, count + 1
                end,
                finish = function() seen.count = count return seen end,
            }]])
        local run = helper.run { "run", "--json", script, log }
        assert.equal(0, run.status, run.stderr)
        local expected, in_json = { count = 0 }, {}
        for rec in reel.open(helper.log "orders"):records { types = "node_done", nodes = { 3, 5 } } do
            local name = names[rec.node_id]
            expected[name], expected.count = (expected[name] or 0) + 1, expected.count + 1
        end
        for name, count in pairs(expected) do
            in_json[name] = "#" .. count
        end
        assert.same(in_json, helper.objects(run.stdout)[1].result)
        assert.is_true(expected.count > 10)
    end)

    it("is refused a name in a script where there are no names, or not that one", function()
        local function problem_of(directory, text)
            local script = helper.write(helper.directory() .. "/a.lua", text)
            local run = helper.run { "run", script, directory }
            assert.equal(1, run.status)
            return run.stderr
        end
        assert.matches("no names of nodes are known (the log has no tracereel.flow.lua): a node number expected",
            problem_of(helper.log "orders", "return { api = 1, node_done = function(_, t) t:node('x') end }"), 1, true)
        assert.matches("nodes: no node of the log's flow is called \"x\"",
            problem_of(log, "return { api = 1, nodes = 'x', node_done = function() end }"), 1, true)
    end)

    it("is read by the module, which takes another flow, or none", function()
        local function name_of_first(options)
            local rec, trace = reel.open(log, options):records { types = "node_done", nodes = 3 }()
            return rec.node_name, trace:node(3).name, trace.nodes[1].name
        end
        assert.same({ names[3], names[3], "trigger" }, { name_of_first() })
        assert.same({}, { name_of_first { flow = false } })
        local other = helper.write(helper.directory() .. "/other.lua", 'return { nodes = { [3] = { name = "pay" } } }')
        assert.same({ "pay", "pay" }, { name_of_first { flow = other } })
        -- A record that names no node has none, and neither has one that a script makes.
        assert.is_nil(reel.open(log):records { types = "trace_start" }().node_name)
        assert.is_nil(reel.record.node_done { trace_id = ("0"):rep(32), node_id = 3 }.node_name)
        -- Traces keep their names where they are put.
        local state = reel.state()
        local trace = state:put(reel.open(log):traces()[1])
        assert.equal("trigger", trace:node(0).name)
        assert.error_matches(function()
            reel.open(log, { flow = 3 })
        end, "flow is the path of a flow file, or false, got 3")
    end)

    it("is the flow of a single segment, too, and --flow replaces it", function()
        local segment = log .. "/wal_0000000000000000.log"
        assert.matches(" fraud check ", helper.run({ "dump", segment }).stdout, 1, true)
        local other = helper.write(helper.directory() .. "/other.lua", 'return { nodes = { [2] = { name = "look" } } }')
        local shown = helper.run({ "dump", "--flow", other, log }).stdout
        assert.matches(" look ", shown, 1, true)
        assert.is_nil(shown:find("fraud check", 1, true))
        assert.matches(" 3    %x+ ", shown)
    end)

    it("gives a simulation names and order, and passes them on to the new log", function()
        local scenario = helper.write(helper.directory() .. "/scenario.lua",
            'return { api = 1, node = { ["charge the customer\'s card"] = { time = 0.5 } } }')
        local by_number = helper.write(helper.directory() .. "/number.lua",
            "return { api = 1, node = { [3] = { time = 0.5 } } }")
        local directory = helper.directory()
        local run = helper.run { "simulate", scenario, log, "-o", directory .. "/a" }
        assert.equal(0, run.status, run.stderr)
        assert.matches("\ncharge the customer's card\n +%d", run.stdout)
        assert.equal(run.stdout, helper.run({ "simulate", by_number, log, "-o", directory .. "/b" }).stdout)
        assert.equal(helper.read(log .. "/tracereel.flow.lua"), helper.read(directory .. "/a/tracereel.flow.lua"))
        local swept = helper.run { "simulate", by_number, log, "--sweep", "node.ship.time=1,2" }
        assert.equal(0, swept.status, swept.stderr)
        assert.equal((helper.run { "simulate", by_number, log, "--sweep", "node.5.time=1,2" }.stdout
            :gsub("node%.5", "node.ship")), swept.stdout)
        local wrong = helper.write(directory .. "/wrong.lua", "return { api = 1, node = { x = { time = 1 } } }")
        run = helper.run { "simulate", wrong, log, "-o", directory .. "/c" }
        assert.equal(2, run.status)
        assert.matches('node["x"]: no node is called "x"', run.stderr, 1, true)
    end)

    it("goes on with numbers where its flow is broken, and says where", function()
        local broken = named_log("return {\n  nodes = { [3] = { name = os.getenv('HOME') } },\n}\n")
        for _, words in ipairs { { "traces" }, { "dump" }, { "check" }, { "timing" }, { "dump", "--json" } } do
            words[#words + 1] = broken
            local run = helper.run(words)
            assert.equal(0, run.status, run.stderr)
            assert.matches("tracereel.flow.lua:2: a value (a text, a number, true, false, nil or a table) expected, "
                .. "got os; only data can stand in it, nothing is run; going on with numbers", run.stderr, 1, true)
            words[#words] = helper.log "orders"
            assert.equal(helper.run(words).stdout:gsub(helper.log("orders"):gsub("%p", "%%%0"), "LOG"),
                run.stdout:gsub(broken:gsub("%p", "%%%0"), "LOG"))
        end
        local scenario = helper.write(helper.directory() .. "/scenario.lua", "return { api = 1 }")
        for _, words in ipairs {
            { "recover", broken }, { "simulate", scenario, broken, "--rank" }, { "crashtest", "safe_start", broken },
        } do
            local run = helper.run(words)
            assert.equal(6, run.status, words[1])
            assert.equal("", run.stdout)
            assert.matches("tracereel.flow.lua:2: .*what is done here depends on it: mend it", run.stderr)
        end
        local checked = named_log("return { nodes = { [3] = { name = 7 } } }")
        assert.matches('tracereel.flow.lua: node 3: "name" must be a string, is a number; going on with numbers',
            helper.run({ "dump", checked }).stderr, 1, true)
        assert.error_matches(function()
            reel.open(broken)
        end, "tracereel.flow.lua:2:")
        assert.equal("node_done", reel.open(broken, { flow = false }):records { types = "node_done" }().type)
    end)

    it("with names alone says nothing of the order", function()
        local only_names = { nodes = {} }
        for id, name in pairs(names) do
            only_names.nodes[id] = { name = name }
        end
        local plain, with_names = named_log(false), named_log(flow.text(assert(flow.check(only_names))))
        local function forecasts(directory)
            local list = {}
            for index, object in ipairs(helper.objects(output_of(directory, "traces", "--json", "--open"))) do
                list[index] = object.engine
            end
            return list
        end
        assert.same(forecasts(plain), forecasts(with_names))
        assert.is_true(#forecasts(plain) > 3)
    end)

    it("passes names, types, pools and origin on to the flow that is guessed of it", function()
        local given = flow_value { origin = { format = "x", rule = "x" }, pools = { people = { nodes = { 4, 9 },
            capacity = 2 } }, nodes = { [3] = { name = "pay", type = "a task" }, [4] = { name = "ask" }, [9] = {} } }
        local known = named_log(flow.text(given))
        local path = helper.directory() .. "/guessed.lua"
        assert.equal(0, helper.run({ "flow", known, "-o", path }).status)
        local guessed, plain = flow.load(path), helper.directory() .. "/plain.lua"
        assert.equal(0, helper.run({ "flow", helper.log "orders", "-o", plain }).status)
        assert.same({ "pay", "a task", "ask", "node_5" }, { guessed.nodes[3].name, guessed.nodes[3].type,
            guessed.nodes[4].name, guessed.nodes[5].name })
        assert.same({ "orders", given.origin, { people = { nodes = { 4 }, capacity = 2 } } },
            { guessed.name, guessed.origin, guessed.pools })
        for id, node in pairs(flow.load(plain).nodes) do
            assert.same(node.after, guessed.nodes[id].after)
        end
    end)

    it("is refused beside another that calls a node differently, where both make one report", function()
        local other = named_log(flow.text(flow_value { nodes = { [3] = { name = "pay" } } }))
        local run = helper.run { "timing", log, other }
        assert.equal(2, run.status)
        assert.matches('call node 3 differently ("charge the customer\'s card", "pay")', run.stderr, 1, true)
        assert.equal(0, helper.run({ "timing", log, named_log() }).status)
        assert.equal(0, helper.run({ "export", "--format", "csv", log, other }).status)
    end)

    it("can have 100,000 nodes, in a chain, in seconds", function()
        local lines = { "return { nodes = {" }
        for id = 0, 99999 do
            lines[#lines + 1] = ("[%d] = { name = %q, after = {%s} },"):format(id, "the name of node " .. id,
                id > 0 and id - 1 or "")
        end
        lines[#lines + 1] = "} }"
        local large = named_log(table.concat(lines, "\n"))
        local rec = reel.open(large):records { types = "node_done", nodes = "the name of node 3" }()
        assert.same({ 3, "the name of node 3" }, { rec.node_id, rec.node_name })
        assert.matches("the name of node 7 ", helper.run({ "dump", "--type", "node_done", large }).stdout, 1, true)
    end)
end)

describe("a flow", function()
    it("keeps origin and pools in its text, and refuses what they cannot be", function()
        local value = flow_value {
            origin = { format = "temporal", rule = "temporal", tool = "reel \"0.9\"\n", inputs = { "a.json", "b" } },
            pools = { approvers = { nodes = { 4 }, capacity = 3 }, ["the \"others\""] = { nodes = { 5, 6 } } },
        }
        local path = helper.write(helper.directory() .. "/flow.lua", flow.text(value))
        assert.same(value, flow.load(path))
        local log = named_log(flow.text(value))
        assert.same(value, require "tracereel.flow.beside".load(log))
        for expected, changes in pairs {
            ['"origin": unknown key "x"; known are format, inputs, rule, tool'] = { origin = { x = 1 } },
            ['"origin": "rule" must be a string, is a number'] = { origin = { rule = 1 } },
            ['"origin": an input must be a text, is 7'] = { origin = { inputs = { 7 } } },
            ['pool "a": unknown key "size"; known are capacity, nodes'] = { pools = { a = { size = 1 } } },
            ['pool "a" has no "nodes"'] = { pools = { a = {} } },
            ['pool "a" has node 9, which is not in "nodes" of the flow'] = { pools = { a = { nodes = { 9 } } } },
            ['pool "a": 4 occurs twice in "nodes"'] = { pools = { a = { nodes = { 4, 4 } } } },
            ['pool "a": "capacity" must be a whole number from 1, is 0'] =
                { pools = { a = { nodes = { 4 }, capacity = 0 } } },
            ['"pools": a name must be a text, is 1'] = { pools = { { nodes = { 4 } } } },
        } do
            local nodes = { [4] = {} }
            local checked, problem = flow.check { nodes = nodes, origin = changes.origin, pools = changes.pools }
            assert.is_nil(checked)
            assert.equal(expected, problem)
        end
        helper.clean()
    end)
end)
