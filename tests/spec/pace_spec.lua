-- Replay at a pace, and of a stretch of log time: the same calls in the same order, only when they are due.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local function problem_of(callee, ...)
    local called, problem = pcall(callee, ...)
    assert.is_false(called)
    return tostring(problem)
end

local function now_seconds()
    return tonumber((helper.shell("date +%s.%N")))
end

-- The records of a sample log as they are expected, each with the log's time then.
local function expected_moments(name)
    local moments, latest = {}, 0
    for index, record in ipairs(helper.expected(name, "records")) do
        latest = math.max(latest, math.tointeger(tonumber(record.timestamp_ns:match("%d+"))))
        moments[index] = latest
    end
    return moments
end

-- What is called, as texts, when a log is replayed so.
local function calls_of(name, how)
    local calls, log = {}, reel.open(helper.log(name))
    local handlers = {
        record = function(rec, trace)
            calls[#calls + 1] = ("%s %s %s %s"):format(rec.type, rec.trace_id, rec.timestamp_ns, trace and trace.status)
        end,
        gap = function(gap) calls[#calls + 1] = "gap " .. gap.class end,
        tick = function(now_ns) calls[#calls + 1] = "tick " .. now_ns end,
        every = "10ms",
    }
    log:replay(handlers, how)
    return calls, log
end

describe("replay at a pace", function()
    teardown(helper.clean)

    it("makes the same calls in the same order as a replay without a pace", function()
        for _, name in ipairs { "orders", "restarted", "snapshot" } do
            assert.are.same(calls_of(name), calls_of(name, { speed = 100 }))
        end
    end)

    it("takes the log's time divided by the speed", function()
        local moments = expected_moments("orders")
        local span_seconds = (moments[#moments] - moments[1]) / 1e9
        local begin = now_seconds()
        calls_of("orders", { speed = 2 })
        local taken = now_seconds() - begin
        assert.is_true(taken >= span_seconds / 2 - 0.01, taken)
        assert.is_true(taken < span_seconds / 2 + 20, taken)
    end)

    it("shows a tick only what came before it", function()
        local log, ticks = reel.open(helper.log("orders")), 0
        log:replay({
            tick = function(now_ns)
                ticks = ticks + 1
                assert.is_true(ticks == 1 or log:stats().now_ns <= now_ns + 10000000)
            end,
            every = "10ms",
        }, { speed = 50 })
        assert.is_true(ticks > 60)
    end)

    it("shows a period of log time, with state built from the beginning", function()
        local moments = expected_moments("orders")
        local from_ns, to_ns = moments[1] + 200000000, moments[1] + 500000000
        local wanted, first = 0, nil
        for index, moment in ipairs(moments) do
            if moment >= from_ns and moment < to_ns then
                wanted, first = wanted + 1, first or index
            end
        end
        assert.is_true(wanted > 100 and first > 100)
        local seen, known = 0, 0
        local log = reel.open(helper.log("orders"))
        log:replay({
            record = function(_, trace)
                seen = seen + 1
                known = known + (trace and trace.record_count > 1 and trace.start_ns < from_ns and 1 or 0)
            end,
        }, { from_ns = from_ns, to_ns = to_ns })
        assert.are.equal(wanted, seen)
        assert.is_true(known > 0)
        assert.is_true(log:stats().now_ns < to_ns)
        assert.are.equal(log:stats().open_traces, #log:traces())
    end)

    it("names a wrong option", function()
        local log = reel.open(helper.log("orders"))
        assert.truthy(problem_of(log.replay, log, {}, { speed = 0 }):find("speed must be a number above 0", 1, true))
        assert.truthy(problem_of(log.replay, log, {}, { speed = "1x" }):find("speed must be a number", 1, true))
        assert.truthy(problem_of(log.replay, log, {}, { speed = 1, sped = 1 }):find("no option 'sped'", 1, true))
    end)
end)

describe("run at a pace", function()
    teardown(helper.clean)

    local counting = [[
        local count = 0
        return {
            api = 1,
            record = function() count = count + 1 end,
            finish = function() return ("%d seen"):format(count) end,
        }]]

    it("accepts times and positions in --from, and times in --to", function()
        local moments = expected_moments("orders")
        local after = 0
        local time = reel.time(moments[1] + 300000000)
        for _, moment in ipairs(moments) do
            after = after + (moment >= moments[1] + 300000000 and 1 or 0)
        end
        local from = helper.run_script(counting, { arguments = { "--from", time } })
        assert.are.equal(("%d seen\n"):format(after), from.stdout)
        local to = helper.run_script(counting, { arguments = { "--to", time } })
        assert.are.equal(("%d seen\n"):format(#moments - after), to.stdout)
        local ago = ("-%dns"):format(moments[#moments] - moments[1] - 300000000)
        local last = helper.run_script(counting, { arguments = { "--from", ago } })
        assert.are.equal(("%d seen\n"):format(after), last.stdout)
        local second = helper.run({ "run", helper.script(counting), "--from", "2:0", helper.log("orders") })
        local segment = helper.run({ "dump", "--stats", "--json", helper.log("orders") .. "/wal_0000000000000002.log" })
        local records = helper.objects(segment.stdout)[1].records
        assert.are.equal(records:sub(2) .. " seen\n", second.stdout)
    end)

    it("shows nothing with --to 0, even of records with timestamp 0", function()
        local log = reel.open(helper.log("edge"))
        log:replay({ record = function() error "a record" end }, { to_ns = 0 })
        assert.same({}, log:traces())
    end)

    it("can be interrupted while it waits, and then calls finish", function()
        local text = helper.shell(("timeout --foreground -s INT 1 %s run %s --speed 0.0001x %s; echo $?"):format(
            helper.program, helper.script(counting), helper.log("orders")))
        assert.truthy(text:find("^%d+ seen\n"))
    end)

    it("refuses options that contradict each other", function()
        local script = helper.script(counting)
        local orders = helper.log("orders")
        for _, arguments in ipairs {
            { "--speed", "0x" }, { "--speed", "fast" }, { "--speed", "-1x" }, { "--follow", "--speed", "1x" },
            { "--follow", orders }, { "--from", "yesterday" }, { "--to", "1:0" },
            { "--from", "2025-11-25", "--to", "2025-11-24" },
        } do
            local refused = helper.run { "run", script, orders, table.unpack(arguments) }
            assert.are.equal(2, refused.status, table.concat(arguments, " ") .. refused.stderr)
            assert.are.equal("", refused.stdout)
        end
    end)
end)
