-- A flow's value: ports, types and loops, and what is asked of it.
local flow = require "tracereel.flow"
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

-- An approval: the switch 2 sends to 3 or 4, the wait 5 is rejected to 6, and 7 loops back to 1.
local function order_flow()
    return {
        name = "orders",
        nodes = {
            [0] = { name = "trigger", type = "trigger::manual" },
            [1] = { name = "validate", type = "std::log", after = { 0 }, loop_back = { { 7, port = "again" } } },
            [2] = { type = "std::switch", after = { 1 } },
            [3] = { after = { { 2, port = "true" } } },
            [4] = { after = { { 2, port = "false" }, 2 } },
            [5] = { type = "std::wait", after = { 3, 4 } },
            [6] = { after = { { 5, port = "rejected" } } },
            [7] = { after = { { 5, port = "out" } } },
            [8] = { after = { { 1, port = "error" } } },
        },
    }
end

local function check(value)
    local checked, problem = flow.check(value)
    assert.is_nil(problem)
    return checked
end

describe("a flow", function()
    teardown(helper.clean)

    it("is normalised to lists of nodes, with ports other than `out` in a table of their own", function()
        local nodes = check(order_flow()).nodes
        assert.same({ after = { 2 }, ports = { [2] = { "true" } }, loop_back = {} }, nodes[3])
        assert.same({ after = { 2 }, ports = { [2] = { "false", "out" } }, loop_back = {} }, nodes[4])
        assert.same({ after = { 5 }, ports = {}, loop_back = {} }, nodes[7])
        assert.same({ name = "validate", type = "std::log", after = { 0 }, loop_back = { 7 },
            ports = { [7] = { "again" } } }, nodes[1])
    end)

    it("is unchanged when checked again, and does not change its source table", function()
        local given = order_flow()
        local once = check(given)
        assert.same(order_flow(), given)
        assert.same(once, check(once))
    end)

    it("is equal to what its text reads as", function()
        local checked = check(order_flow())
        local path = helper.write(helper.directory() .. "/flow.lua", flow.text(checked, { [3] = "a remark" }))
        assert.same(checked, flow.load(path))
        assert.matches('[3] = { after = { { 2, port = "true" } } }, -- a remark', helper.read(path), 1, true)
        assert.matches('[5] = { type = "std::wait", after = {3, 4} },', helper.read(path), 1, true)
    end)

    it("knows which nodes wait, which route and which begin a trace", function()
        local checked = check(order_flow())
        local function those(is)
            local ids = {}
            for id = 0, 9 do
                if is(checked, id) then
                    ids[#ids + 1] = id
                end
            end
            return ids
        end
        assert.same({ 5 }, those(flow.waits))
        -- 5 waits although an edge leaves it by "rejected"; 1 has an edge from "error", which does not make it route.
        assert.same({ 2, 7 }, those(flow.routes))
        assert.same({ 0 }, those(flow.is_entry))
    end)

    it("without types begins at nodes without predecessors, and routes by its ports alone", function()
        local checked = check { nodes = { [1] = {}, [2] = { after = { { 1, port = "high" } } }, [3] = {} } }
        assert.is_true(flow.is_entry(checked, 1) and flow.is_entry(checked, 3))
        assert.is_false(flow.is_entry(checked, 2))
        assert.is_true(flow.routes(checked, 1))
        assert.is_false(flow.routes(checked, 2))
        assert.is_true(flow.routes(check { nodes = { [1] = { type = "std::loop" } } }, 1))
    end)

    it("with a mistake is refused with the node and the mistake", function()
        local cases = {
            { { [1] = { kind = "x" } }, 'node 1: unknown key "kind"; known are after, loop_back, name, ports, type' },
            { { [1] = setmetatable({}, { __pairs = error }) },
                "the flow: nodes[1]: a table without a metatable expected" },
            { { [1] = { type = 7 } }, 'node 1: "type" must be a string, is a number' },
            { { [1] = {}, [2] = { after = { { 1, port = 7 } } } }, 'node 2: a port is a text like "true", not 7' },
            { { [1] = {}, [2] = { after = { { 1, port = "" } } } }, 'node 2: a port is a text like "true", not ""' },
            { { [1] = {}, [2] = { after = { { 1, ports = "a" } } } }, 'node 2: unknown key "ports" in "after"' },
            { { [1] = {}, [2] = { after = { { 3, port = "a" } } } }, "node 2: it comes after 3, which is not in" },
            { { [1] = { loop_back = { 4 } } }, "node 1: it comes after 4, which is not in" },
            { { [1] = {}, [2] = { after = { 1, { 1, port = "out" } } } }, 'node 2: 1 occurs twice in "after"' },
            { { [1] = {}, [2] = { after = { 1, x = 1 } } }, 'node 2: "after" must be a list like {2, 7}' },
            { { [1] = {}, [2] = { ports = { [1] = { "a" } } } }, 'node 2: "ports" has 1, which is not in "after"' },
            { { [1] = {}, [2] = { after = { 1 }, ports = { [1] = "a" } } }, 'node 2: "ports" must be like' },
            { { [1] = { after = { 2 } }, [2] = { after = { { 1, port = "a" } } } },
                "nodes wait for each other in a circle: 1 after 2 after 1" },
        }
        for _, case in ipairs(cases) do
            local checked, problem = flow.check { nodes = case[1] }
            assert.is_nil(checked)
            assert.equal(case[2], problem:sub(1, #case[2]))
        end
    end)

    it("with ports and types is accepted by timing, which merges parts made with it", function()
        local one, other = tracereel.timing(order_flow()), tracereel.timing(order_flow())
        assert.equal("orders", one:merge(other):report().flow_name)
    end)
end)
