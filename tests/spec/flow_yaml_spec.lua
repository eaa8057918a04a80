-- The engine's flow files in YAML: what of them is read, and what is refused, with the line.
local flow = require "tracereel.flow"
local helper = require "tests.spec.helper"

local function read(text)
    local path = helper.write(helper.directory() .. "/flow.yaml", text)
    local is_read, result = pcall(flow.definition, path)
    return is_read and result or nil, not is_read and tostring(result):gsub(path, "FILE", 1) or nil
end

-- A flow of the nodes a and b, and more lines.
local function with(lines)
    return "name: f\nnodes:\n  a: {type: t}\n  b: {type: t}\n" .. lines
end

describe("a flow file in YAML", function()
    teardown(helper.clean)

    it("gives triggers and nodes in its order, without disabled ones, and edges with their ports", function()
        local definition = read [[
name: order_processing
version: "1.0"
triggers:
  - {id: off, type: cron, enabled: false, params: {schedule: "* * * * *"}}
  - id: api_webhook
    type: webhook
    params: &shared {port: 8080}
nodes:
  fraud_check: {type: "std::switch", config: *shared, retry: {max_attempts: 3}, anything: else}
  skipped: {type: "std::log", enabled: false}
  ship: {type: "std::log"}
edges:
  - {from: api_webhook, to: fraud_check.in}
  - {from: fraud_check.true, to: ship, condition: "${fraud_check.risk} < 1"}
  - {from: ship, to: fraud_check, loop_back: true}
settings: {debug: false}
]]
        assert.equal("order_processing", definition.name)
        assert.equal(1, definition.trigger_count)
        assert.same({ { name = "api_webhook", type = "trigger::webhook", line = 5 },
            { name = "fraud_check", type = "std::switch", line = 9 }, { name = "ship", type = "std::log", line = 11 } },
            definition.members)
        assert.same({ { from = 1, port = "out", to = 2, loop_back = false },
            { from = 2, port = "true", to = 3, loop_back = false },
            { from = 3, port = "out", to = 2, loop_back = true } }, definition.edges)
    end)

    it("splits node and port as the engine does: a short word after the last dot is the port", function()
        local definition = read [[
name: f
nodes: {a.b: {type: t}, "a.b.c d": {type: t}, a.12345678901234567890: {type: t}, z: {type: t}}
edges:
  - {from: a.b.true, to: z}
  - {from: a.b.c d, to: z}
  - {from: a.12345678901234567890, to: z}
]]
        local ports = {}
        for index, edge in ipairs(definition.edges) do
            ports[index] = definition.members[edge.from].name .. " " .. edge.port
        end
        assert.same({ "a.b true", "a.b.c d out", "a.12345678901234567890 out" }, ports)
    end)

    it("is refused with file and line if the engine could not read it", function()
        local deep = "name: f\nmetadata: " .. ("["):rep(200) .. ("]"):rep(200)
        for text, expected in pairs {
            ["name: f\nnodes: [1\n"] = "flow FILE:3: no YAML: did not find expected ',' or ']'",
            ["name: f\n\tnodes: {}"] = "flow FILE:2: no YAML: found a tab character",
            ["name: f\nx: \1"] = "no YAML: control characters are not allowed",
            ["name: f\ndescription: \xff\xfe"] = "flow FILE:2: not UTF-8",
            [""] = "flow FILE: the file is empty",
            ["- 1"] = "flow FILE:1: a flow must be a mapping, is a list",
            ["name: f"] = "neither triggers nor nodes",
            ["nodes: {a: {type: t}}"] = 'flow FILE:1: the flow has no "name"',
            ["name: f\nnode: {}"] = 'flow FILE:2: the flow has an unknown key "node"; known are description, edges,',
            ["name: f\nnodes: [a]"] = 'flow FILE:2: the flow: "nodes" must be a mapping, is a list',
            ["name: f\nnodes: {a: t}"] = 'flow FILE:2: node "a" must be a mapping, is a text',
            ["name: f\nnodes:\n  a: {config: {}}"] = 'flow FILE:3: node "a" has no "type"',
            ["name: f\nnodes:\n  a: {type: t, enabled: maybe}"] = '"enabled" must be true or false',
            ["name: f\ntriggers: [{id: a, type: manual}]\nnodes:\n  a: {type: t}"] =
                'flow FILE:4: node "a": "a" is the name of another one, in line 2',
            [with "  a: {type: t}"] = 'flow FILE:5: "a" is defined again; first defined in line 3',
            [with "edges: [{from: a, to: c}]"] = 'flow FILE:5: edges[1]: "to" names "c", which is neither',
            [with "edges: [{from: c.true, to: a}]"] = '"from" names "c" (port "true"), which is neither a node nor',
            [with "  c: {type: t, enabled: false}\nedges: [{from: a, to: c}]"] = '"c", which is not enabled',
            [with "edges: [{from: a}]"] = 'flow FILE:5: edges[1] has no "to"',
            [with "edges: [{from: a, to: b, loopback: true}]"] = 'edges[1] has an unknown key "loopback"',
            [with "edges: [a]"] = "flow FILE:5: edges[1] must be a mapping, is a text",
            [with "edges: [{from: a, to: b}, {from: b, to: a}]"] =
                "flow FILE: nodes wait for each other in a circle: a after b after a; the engine refuses that",
            [with "edges: *nowhere"] = "flow FILE:5: *nowhere: no such anchor comes before it",
            [with "metadata: &x [*x]"] = "flow FILE:5: *x: no such anchor comes before it",
            [with "---\nname: g"] = "flow FILE:5: a second document begins here",
            [deep] = "flow FILE:2: nested more than 100 levels deep",
            [(" "):rep(1 << 20) .. "name: f"] = "larger than 1048576 bytes",
        } do
            local definition, problem = read(text)
            assert.is_nil(definition, text)
            assert.is_truthy(problem:find(expected, 1, true), problem)
        end
    end)

    it("with nested aliases costs time for what is written, not for its expansion", function()
        local lines = { "name: f", "nodes: {a: {type: t}}", "metadata:", "  l0: &l0 [x, x, x, x, x, x, x, x, x]" }
        for level = 1, 40 do
            local before = ("*l%d"):format(level - 1)
            lines[#lines + 1] = ("  l%d: &l%d [%s]"):format(level, level, (before .. ", "):rep(8) .. before)
        end
        local started = os.clock()
        assert.is_truthy(read(table.concat(lines, "\n")))
        assert.is_true(os.clock() - started < 1)
    end)

    it("has at most as many nodes and edges as the engine accepts, and is then read quickly", function()
        local nodes, edges = {}, {}
        for index = 1, 1000 do
            nodes[index] = ("  n%d: {type: t}"):format(index)
            for distance = 1, index > 5 and 5 or 0 do
                edges[#edges + 1] = ("  - {from: n%d, to: n%d}"):format(index - distance, index)
            end
        end
        local function text(more_nodes, more_edges)
            return ("name: f\nnodes:\n%s\n%sedges:\n%s\n%s"):format(table.concat(nodes, "\n"), more_nodes,
                table.concat(edges, "\n"), more_edges)
        end
        local started = os.clock()
        assert.equal(4975, #read(text("", "")).edges)
        assert.is_true(os.clock() - started < 2)
        assert.matches("1001 nodes; the engine takes at most 1000",
            select(2, read(text("  z: {type: t}\n", ""))), 1, true)
        assert.matches("5001 edges; the engine takes at most 5000",
            select(2, read(text("", ("  - {from: n1, to: n9}\n"):rep(26)))), 1, true)
    end)

    -- What flow.definition says where C modules are searched for only there.
    local function loaded_without(places, path)
        return (helper.shell(("lua5.4 -e %s %s 2>&1"):format(helper.quote(("package.cpath = %q\n"
            .. "print(pcall(require('tracereel.flow').definition, arg[1]))"):format(places)), "/dev/null " .. path)))
    end

    it("names the missing package without lua-yaml, which no other flow file needs", function()
        local path = helper.write(helper.directory() .. "/flow.yaml", "name: f\nnodes: {a: {type: t}}")
        local output = loaded_without(("%s/lua/?.so"):format(os.getenv("TRACEREEL_BUILD") or "build"), path)
        assert.matches("apt-get install lua-yaml", output, 1, true)
        local lua_flow = helper.write(helper.directory() .. "/flow.lua", "return { nodes = { [1] = {} } }")
        assert.is_truthy(flow.load(lua_flow))
    end)

    it("gives the system's words for a lua-yaml that is there and cannot be loaded", function()
        local place = helper.directory()
        helper.write(place .. "/yaml.so", "no library")
        local path = helper.write(place .. "/flow.yaml", "name: f\nnodes: {a: {type: t}}")
        local output = loaded_without(("%s/lua/?.so;%s/?.so"):format(os.getenv("TRACEREEL_BUILD") or "build", place),
            path)
        assert.equal(("false\tflow %s: Debian's lua-yaml cannot be loaded: %s/yaml.so: file too short\n"):format(path,
            place), output)
    end)

    it("has no node numbers, so that it is refused as a flow without a log", function()
        local is_read, problem = pcall(flow.load, "tests/fixtures/logs-engine/orders.flow.yaml")
        assert.is_false(is_read)
        assert.matches("a flow in YAML has no numbers; `tracereel flow --yaml", tostring(problem), 1, true)
    end)
end)
