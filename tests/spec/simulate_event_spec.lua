local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local play = simulation_logs.play

local function differences(a, b)
    return (helper.shell(("diff -rq %s %s"):format(a, b)))
end

-- What a scenario's function printed, line by line.
local function printed(stdout)
    local lines = {}
    for line in stdout:gmatch("event ([^\n]+)\n") do
        lines[#lines + 1] = line
    end
    return lines
end

-- From the first record of each trace to its last one, in ns, and how often it was resumed.
local function makespans(directory)
    local first, spans, resumes = {}, {}, {}
    for rec in reel.open(directory):records() do
        local id = rec.trace_id
        if rec.type == "trace_start" then
            first[id], resumes[id] = rec.timestamp_ns, 0
        elseif rec.type == "trace_resumed" and resumes[id] then
            resumes[id] = resumes[id] + 1
        end
        if first[id] then
            spans[id] = math.max(spans[id] or 0, rec.timestamp_ns - first[id])
        end
    end
    return spans, resumes
end

describe("on_event", function()
    after_each(helper.clean)

    for _, name in ipairs { "orders", "done-only", "edge" } do
        it(("sees each record of %s once, and changes nothing by that"):format(name), function()
            local _, ran, directory = play([[return { on_event = function(event, trace, random)
                random()
                print("event " .. event.type) end }]], helper.log(name))
            assert.equal("", differences(helper.log(name), directory))
            local expected, seen = {}, {}
            for rec in reel.open(helper.log(name)):records() do
                expected[rec.type] = (expected[rec.type] or 0) + 1
            end
            for _, type in ipairs(printed(ran.stdout)) do
                seen[type] = (seen[type] or 0) + 1
            end
            assert.same(expected, seen)
        end)

        it(("that returns the given time reproduces the log %s"):format(name), function()
            local _, _, directory = play("return { on_event = function(event) return event.at_ns end }",
                helper.log(name))
            assert.equal("", differences(helper.log(name), directory))
        end)
    end

    it("is called with what will happen, and when, as soon as that is known", function()
        local log = simulation_logs.write {
            { "trace_start", 0 }, { "node_start", 1, 4 }, { "trace_suspended", 3, 4 }, { "trace_resumed", 103 },
            { "node_done", 104, 4 }, { "loop_iteration", 105, 8 }, { "trace_complete", 106 }, { "node_done", 107, 4 },
        }
        local _, ran = play(([[return { node = { [4] = { fail = function(_, attempt) return attempt == 1 end,
                retry = { max = 1 } } },
            on_event = function(event, trace)
                local function ms(ns) return (ns - %d) / 1000000 end
                print(("event %%s %%s %%s %%g %%g %%s"):format(event.type, event.node, event.attempt, ms(event.now_ns),
                    ms(event.at_ns), trace and trace.number))
            end }]]):format(simulation_logs.start_ns), log)
        assert.same({
            "trace_start nil 1 0 0 1", "node_start 4 1 0 1 1", "trace_suspended 4 1 1 3 1", "trace_resumed 4 1 3 103 1",
            "node_error 4 1 103 104 1", "node_start 4 2 104 104 1", "node_done 4 2 104 107 1",
            "loop_iteration 8 1 107 108 1", "node_done 4 1 107 107 nil", "trace_complete nil 1 108 109 1",
        }, printed(ran.stdout))
    end)

    it("moves a record, and what comes after it", function()
        local log = simulation_logs.one_node()
        local function moved(type, answer)
            return (play(([[return { on_event = function(event)
                if event.type == "%s" then return %s end end }]]):format(type, answer), log))
        end
        assert.same({ "trace_start 0@5", "node_start 1@5", "node_done 1@15", "trace_complete 0@15" },
            moved("trace_start", "event.at_ns + 5000000"))
        assert.same({ "trace_start 0@0", "node_start 1@7", "node_done 1@17", "trace_complete 0@17" },
            moved("node_start", "event.at_ns + 7000000"))
        assert.same({ "trace_start 0@0", "node_start 1@0", "node_done 1@0", "trace_complete 0@0" },
            moved("node_done", "event.now_ns"))
        assert.same({ "trace_start 0@0", "node_start 1@0", "node_done 1@10", "trace_complete 0@11" },
            moved("trace_complete", "event.at_ns + 1000000"))
    end)

    it("moves orphans, too", function()
        local log = simulation_logs.write {
            { "checkpoint", 0 }, { "trace_start", 1 }, { "trace_complete", 2 },
        }
        assert.same({ "trace_start 0@1 #2", "trace_complete 0@2 #2", "checkpoint 0@3" }, (function()
            local lines = play([[return { on_event = function(event, trace)
                if not trace then return event.at_ns + 3000000 end end }]], log)
            return { lines[1] .. " #2", lines[2] .. " #2", (lines[3]:gsub(" #%d", "")) }
        end)())
    end)

    it("that adds an hour to each wait makes each trace longer by exactly that", function()
        local _, _, directory = play([[return { on_event = function(event)
            if event.type == "trace_resumed" then return event.at_ns + 3600 * 1000000000 end end }]],
            helper.log("all-complete"))
        local recorded, resumes = makespans(helper.log("all-complete"))
        local simulated = makespans(directory)
        local resumed_count = 0
        for id, span in pairs(recorded) do
            assert.equal(span + resumes[id] * 3600 * 1000000000, simulated[id])
            resumed_count = resumed_count + resumes[id]
        end
        assert.is_true(resumed_count > 0)
    end)

    it("is called once for a queued node, whose slot comes when it is free", function()
        local log = simulation_logs.write {
            { "trace_start", 0 }, { "node_start", 0, 1 }, { "node_start", 0, 2 }, { "node_done", 10, 1 },
            { "node_done", 10, 2 },
        }
        local lines, ran = play([[return { limits = { nodes = 1 }, on_event = function(event)
            print("event " .. event.type .. " " .. tostring(event.node))
            return event.type == "node_start" and event.at_ns + 5000000 or nil end }]], log)
        assert.same({ "trace_start 0@0", "node_start 1@5", "node_done 1@15", "node_start 2@15", "node_done 2@25" },
            lines)
        assert.equal(5, #printed(ran.stdout))
    end)

    it("draws random numbers of each record's own", function()
        local function drawn(more)
            local _, ran = play([[return { ]] .. more .. [[ on_event = function(event, trace, random)
                print(("event %s %s %s %d"):format(trace and trace.number, event.type, event.node, random(1 << 60)))
            end }]], helper.log("orders"))
            local lines = printed(ran.stdout)
            table.sort(lines)
            return lines
        end
        local lines = drawn ""
        assert.same(lines, drawn "node = { [3] = { time = function(_, _, _, random) return random(1000000) end } },")
        local different, count = {}, 0
        for _, line in ipairs(lines) do
            local number = line:match("%d+$")
            count = count + (different[number] and 0 or 1)
            different[number] = true
        end
        assert.equal(#lines, count)
    end)

    it("may return the last times that a signed integer holds", function()
        local latest_ns = math.maxinteger - 10
        local log = simulation_logs.write {
            { "trace_start", 0, fields = { timestamp_ns = latest_ns } },
            { "trace_complete", 0, fields = { timestamp_ns = latest_ns + 5 } },
        }
        local _, _, moved = play([[return { on_event = function(event)
            return event.type == "trace_complete" and event.at_ns - 1 or nil end }]], log)
        local last_ns
        for rec in reel.open(moved):records { types = "trace_complete" } do
            last_ns = rec.timestamp_ns
        end
        assert.equal(latest_ns + 4, last_ns)
    end)

    for answer, expected in pairs {
        ["event.now_ns - 1"] = "on_event %(node_done of node 1%), trace 0+%-0+%-4.*not before now %(17%d+%) expected, "
            .. "got 16%d+",
        ["-1"] = "on_event %(node_done of node 1%), trace .*, got %-1",
        ["'soon'"] = 'on_event %(node_done of node 1%), trace .*, got "soon"',
        ["error 'oops'"] = "scenario%.lua:%d+: oops %(on_event %(node_done of node 1%), trace .* in .*scenario%.lua%)",
    } do
        it(("that returns %s is an error that names the place"):format(answer), function()
            local _, ran = simulation_logs.simulate(([[return { on_event = function(event)
                if event.type == "node_done" then return %s end end }]]):format(answer), simulation_logs.one_node())
            assert.equal(1, ran.status)
            assert.matches(expected, ran.stderr)
        end)
    end
end)
