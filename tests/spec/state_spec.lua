-- Traces that records are applied to in memory: tracereel.state, tracereel.arenas and checksums.
local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

describe("a state", function()
    it("shows after every record what a log of these records shows", function()
        for _, name in ipairs { "orders", "done-only", "edge", "all-complete" } do
            local state = tracereel.state()
            for rec, trace in tracereel.open(helper.log(name)):records() do
                local applied = state:apply(rec)
                assert.are.equal(trace and trace:json(), applied and applied:json())
            end
            local from_log, from_state = tracereel.open(helper.log(name)):traces(), state:traces()
            assert.are.equal(#from_log, #from_state)
            for index, trace in ipairs(from_log) do
                assert.are.equal(trace:json(), from_state[index]:json())
                assert.are.equal(#trace.nodes, #from_state[index].nodes)
            end
        end
    end)

    it("continues from a copy of a trace as the original does", function()
        local state, copies, compared = tracereel.state(), {}, 0
        for rec, trace in tracereel.open(helper.log("orders")):records() do
            local copied = copies[rec.trace_id]
            if copied then
                state:apply(rec)
                assert.are.equal(trace:json(), copied:json())
                assert.are.same(#trace.errors, #copied.errors)
                assert.are.same(#trace.suspensions, #copied.suspensions)
                compared = compared + 1
            end
            -- Copied at another point of its life each time.
            if trace and trace.open and trace.record_count % 4 == tonumber(rec.trace_id:sub(1, 1), 16) % 4 then
                copies[rec.trace_id] = state:put(trace)
            elseif trace and not trace.open then
                copies[rec.trace_id] = nil
            end
        end
        assert.is_true(compared > 300, compared)
    end)

    it("does not change the original or its log", function()
        local log = tracereel.open(helper.log("orders"))
        local trace = log:traces()[1]
        local before = trace:json()
        trace.data.mine = "kept"
        local state = tracereel.state()
        local copied = state:put(trace)
        local closed = state:apply(tracereel.record.trace_failed { trace_id = trace.id, error_message = "x" })
        assert.are.equal(copied, closed)
        assert.are.equal("failed", copied.status)
        assert.are.equal("kept", copied.data.mine)
        assert.is_nil(state:trace(trace.id))
        assert.are.equal(before, trace:json())
    end)

    it("replaces a trace with the same id, whose old handle keeps its state", function()
        local state, trace = tracereel.state(), tracereel.open(helper.log("orders")):traces()[1]
        local first = state:put(trace)
        state:apply(tracereel.record.node_done { trace_id = trace.id, node_id = 77 })
        local second = state:put(trace)
        assert.are.equal(77, first.last_completed_node)
        assert.are.equal(trace.last_completed_node, second.last_completed_node)
        assert.are.equal(second, state:trace(trace.id))
        assert.are.equal(1, #state:traces())
        assert.are.equal(second, state:put(second))
    end)

    it("returns violations, reports orphans, and refuses closed traces", function()
        local state = tracereel.state()
        local id = "6b7452b3-0000-4000-8000-000000000001"
        local trace, violations = state:apply(tracereel.record.node_done { trace_id = id, node_id = 1 })
        assert.is_nil(trace)
        assert.are.same({ "trace_not_open" }, violations)
        state:apply(tracereel.record.trace_start { trace_id = id })
        trace = state:apply(tracereel.record.trace_complete { trace_id = id })
        assert.has_error(function() state:put(trace) end)
    end)

    it("keeps a trace tainted", function()
        local state, tainted = tracereel.state(), 0
        for _, trace in ipairs(tracereel.open(helper.log("bit-flip-payload")):traces()) do
            assert.are.equal(trace.tainted, state:put(trace).tainted)
            tainted = tainted + (trace.tainted and 1 or 0)
        end
        assert.is_true(tainted > 0)
    end)

    it("can be collected while handles of its traces are alive", function()
        local handles = {}
        for _ = 1, 50 do
            local state = tracereel.state()
            for _, trace in ipairs(tracereel.open(helper.log("orders")):traces()) do
                handles[#handles + 1] = state:put(trace)
            end
        end
        collectgarbage()
        for _, handle in ipairs(handles) do
            assert.is_true(handle.open)
        end
    end)
end)

describe("trace:output", function()
    local id = "6b7452b3-0102-4304-8506-0708090a0b0c"
    local output = '{"paid":true}'

    -- A trace whose node 3 has its output at 128, in an arena whose bytes the function may change.
    local function setup(change)
        local directory = helper.directory()
        local uuid = id:gsub("-", ""):gsub("..", function(pair)
            return string.char(tonumber(pair, 16))
        end)
        local header = ("<I8I4I4"):pack(0x584552564152454E, 1, 0) .. uuid .. ("\0"):rep(96)
        local bytes = header .. output
        helper.write(("%s/trace_%s.bin"):format(directory, id), change and change(bytes) or bytes)
        tracereel.arenas(directory)
        local state = tracereel.state()
        state:apply(tracereel.record.trace_start { trace_id = id })
        state:apply(tracereel.record.node_done { trace_id = id, node_id = 2 })
        return state:apply(tracereel.record.node_done { trace_id = id, node_id = 3, output_offset = 128,
            output_size = #output })
    end

    after_each(function()
        tracereel.arenas(nil)
        helper.clean()
    end)

    it("returns a node's bytes, or their decoded value", function()
        local trace = setup()
        assert.are.equal(output, trace:output(3))
        assert.are.same({ paid = true }, trace:output(3, "json"))
    end)

    it("returns nil and the reason if there are none", function()
        local function problem_with(node, change)
            local value, problem = setup(change):output(node)
            assert.is_nil(value)
            return problem
        end
        assert.are.equal("node 9 is not done", problem_with(9))
        assert.are.equal("node 2 has no output", problem_with(2))
        for message, change in pairs {
            ["13 bytes at 128, the file has 140"] = function(bytes) return bytes:sub(1, -2) end,
            ["fewer than an arena's header"] = function(bytes) return bytes:sub(1, 90) end,
            ["does not begin as an arena"] = function(bytes) return "X" .. bytes:sub(2) end,
            ["the arena of another trace"] = function(bytes)
                return bytes:sub(1, 16) .. ("\1"):rep(16) .. bytes:sub(33)
            end,
        } do
            assert.truthy(problem_with(3, change):find(message, 1, true))
        end
        local trace = setup()
        helper.clean()
        assert.truthy(select(2, trace:output(3)):find("No such file"))
    end)

    it("raises unless the directory of arenas is known", function()
        local trace = setup()
        tracereel.arenas(nil)
        local _, problem = pcall(trace.output, trace, 3)
        assert.truthy(problem:find("--arenas DIR", 1, true))
    end)

    it("is available to recovery scripts, but the choice of the directory is not", function()
        local directory = helper.directory()
        local script = helper.script([[
            assert(not pcall(function() return tracereel.arenas end))
            assert(not pcall(function() return tracereel.open end))
            return { api = 1, recover = function(trace) print(trace:output(0)) end }]])
        local result = helper.run { "recover", script, "--arenas", directory, helper.log("orders") }
        assert.are.equal(0, result.status, result.stderr)
        assert.truthy(result.stdout:find(directory .. "/trace_", 1, true))
        assert.are.equal(1, helper.run({ "recover", script, helper.log("orders") }).status)
    end)
end)

describe("checksums", function()
    it("are those of the published test vectors", function()
        assert.are.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", core.sha256(""))
        assert.are.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", core.sha256("abc"))
        assert.are.equal(0xCBF43926, core.crc32("123456789"))
        assert.are.equal(0, core.crc32(""))
    end)
end)
