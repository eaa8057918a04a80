-- Each call by which a command reads a log, its arenas, a flow or a script fails: once, and with all that follow.
-- Either the answer is the one without a failure, because the command could do without what the call gives, or the
-- status is 4 and the message has the system's words. A sample of the calls; with TRACEREEL_ALL_MEMORY
-- (make test-memory) all.
local failing_reads = require "tests.spec.failing_reads"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local is_whole = os.getenv("TRACEREEL_ALL_MEMORY") ~= nil

local sampled_commands = { check = true, traces = true, ["a script"] = true, recover = true, ["a flow in YAML"] = true }
local runs_of_sample = 10

local script = [[
    return { api = 1,
      node_done = function(rec, trace)
          local _, problem = trace:output(rec.node_id)
          if problem then print(problem) end
      end,
      finish = function() return 1 end }
]]

-- A log with arenas, a flow and scripts beside it.
local function make_place()
    local place = helper.directory()
    helper.shell(("cp -r examples/killed/. %s; cp examples/recover_dead_orders.lua examples/rush_hour.lua %s"):format(
        place, place))
    helper.write(place .. "/script.lua", script)
    helper.shell(("cp -r %s %s/torn"):format(helper.log("torn-tail"), place))
    return place
end

local function commands_at(place)
    local log = place .. "/wal"
    local opened = reel.open(log)
    opened:replay {}
    return {
        check = { "check", log },
        ["check of a segment"] = { "check", log .. "/wal_0000000000000000.log" },
        traces = { "traces", "--json", log },
        show = { "show", opened:traces()[1].id, log },
        dump = { "dump", "--json", log },
        ["a script"] = { "run", place .. "/script.lua", log },
        ["a bundled script"] = { "run", "--json", "errors", log },
        timing = { "timing", "--json", log },
        ["a flow in YAML"] = { "timing", "--flow", place .. "/orders.yaml", log },
        ["a flow in Lua"] = { "timing", "--flow", place .. "/orders.flow.lua", log },
        flow = { "flow", log },
        export = { "export", "--format", "otlp", log },
        recover = { "recover", "safe_start", log },
        crashtest = { "crashtest", place .. "/recover_dead_orders.lua", log },
        debug = { "debug", log },
        repair = { "repair", log },
        ["repair of a torn log"] = { "repair", place .. "/torn" },
    }
end

-- A call in its kind: the third of a script's opens is another than the first, but that of one arena is as of another.
local function kind_of(call, error_name)
    return ("%s %s %s"):format(call.name, call.path:gsub("trace_[%x-]+", "trace"), error_name)
end

-- What the sample takes: each kind of call on each file, spread over the command's run.
local function failures_of(calls)
    local failures, seen = {}, {}
    local max_seen = is_whole and 24 or 1
    for _, call in ipairs(calls) do
        for _, error_name in ipairs(failing_reads.errors_of[call.name]) do
            local kind = kind_of(call, error_name)
            seen[kind] = (seen[kind] or 0) + 1
            local is_answer_of_arena = error_name == "EACCES" and call.path:find("/arenas/trace_", 1, true)
            if not call.is_writing and seen[kind] <= max_seen and not is_answer_of_arena then
                failures[#failures + 1] = { call = call, error = error_name, times = 1 }
                failures[#failures + 1] = { call = call, error = error_name, times = 0 }
            end
        end
    end
    return failures
end

local function spread(failures, count)
    local kept, step = {}, math.max(1, #failures / count)
    for index = 1, math.min(count, #failures) do
        kept[index] = failures[1 + (index - 1) * step // 1 | 0]
    end
    return kept
end

local function explain(run, problem)
    return ("%s of %s (%d), %s, %d times (0: all): %s: status %d, %s"):format(run.call.name, run.call.path,
        run.call.number, run.error, run.times, problem, run.status, run.stderr)
end

local function check_command(place, arguments)
    local whole = failing_reads.whole_run(arguments, place)
    assert.truthy(whole.status == 0 or whole.status == 3, whole.stderr)
    assert.truthy(#whole.calls > 5)
    local failures, problems = failures_of(whole.calls), {}
    for _, run in ipairs(failing_reads.runs(arguments, place, is_whole and failures or spread(failures,
        runs_of_sample))) do
        local problem = failing_reads.problem(whole, run)
        problems[#problems + 1] = problem and explain(run, problem)
    end
    assert.are.equal("", table.concat(problems, "\n"))
end

-- Each of the first `count` calls of that name on that file fails so, in a run of its own.
local function runs_with(place, arguments, name, path, error_name, count)
    local failures = {}
    for _, call in ipairs(failing_reads.whole_run(arguments, place).calls) do
        if call.name == name and call.path == path and #failures < count then
            failures[#failures + 1] = { call = call, error = error_name, times = 1 }
        end
    end
    assert.are.equal(count, #failures, path)
    return failing_reads.runs(arguments, place, failures)
end

local function run_with(place, arguments, name, path, error_name)
    return runs_with(place, arguments, name, path, error_name, 1)[1]
end

describe("a read that fails:", function()
    teardown(helper.clean)

    if not failing_reads.is_possible then
        return
    end

    local place = make_place()
    local commands = commands_at(place)
    for name in pairs(is_whole and commands or sampled_commands) do
        it(name .. " gives the whole answer, or the system's words with status 4", function()
            check_command(place, commands[name])
        end)
    end

    it("whether a log is unfinished is not denied where it cannot be looked at", function()
        local marker = place .. "/wal/tracereel-unfinished"
        local run = run_with(place, commands.dump, "stat", marker, "EIO")
        assert.are.equal(4, run.status)
        assert.are.equal(("tracereel: %s: Input/output error\n"):format(marker), run.stderr)
    end)

    it("an arena that cannot be read is named in the forecast, and is not absent", function()
        local id = commands.show[2]
        local arena = ("%s/arenas/trace_%s.bin"):format(place, id)
        local run = run_with(place, commands.traces, "open", arena, "EIO")
        assert.are.equal(0, run.status, run.stderr)
        for _, object in ipairs(helper.objects(run.stdout)) do
            if object.trace_id == id then
                local reason = object.engine.reason
                local words = ("the arena cannot be looked at: %s: Input/output error"):format(arena)
                assert.truthy(reason:find(words, 1, true), reason)
                return
            end
        end
        error("the trace is not listed")
    end)

    it("a segment that repair cannot look at is not taken for one that another process holds", function()
        local segment = place .. "/wal/wal_0000000000000000.log"
        local failures = {}
        for _, call in ipairs(failing_reads.whole_run(commands.repair, place).calls) do
            if call.path == segment and (call.name == "fstat" or call.name == "stat") then
                failures[#failures + 1] = { call = call, error = "EIO", times = 1 }
            end
        end
        assert.is_true(#failures > 0)
        for _, run in ipairs(failing_reads.runs(commands.repair, place, failures)) do
            assert.are.equal(4, run.status, run.stderr)
            assert.truthy(run.stderr:find("Input/output error", 1, true), run.stderr)
        end
    end)

    it("a segment that the engine may not open, or look at to append to it, is told by check", function()
        local segment, failures = place .. "/wal/wal_0000000000000000.log", {}
        for _, call in ipairs(failing_reads.whole_run(commands.check, place).calls) do
            if call.path == segment and call.name == "open" then
                failures[#failures + 1] = { call = call, error = "EACCES", times = 1 }
            end
        end
        local expected = { { 4, ": cannot open it for reading: Permission denied\n" },
            { 0, "refuse to recover from this log: it cannot open wal_0000000000000000.log: Permission denied\n" },
            { 0, "it could not append to it: wal_0000000000000000.log: Permission denied\n" } }
        assert.are.equal(#expected, #failures)
        for index, run in ipairs(failing_reads.runs(commands.check, place, failures)) do
            assert.are.equal(expected[index][1], run.status)
            assert.truthy((run.stderr .. run.stdout):find(expected[index][2], 1, true), run.stderr .. run.stdout)
        end
    end)

    it("recover makes no plan of an arena that the disk does not give", function()
        local arena = ("%s/arenas/trace_%s.bin"):format(place, commands.show[2])
        local run = run_with(place, commands.recover, "open", arena, "EIO")
        assert.are.equal(4, run.status)
        assert.are.equal(("tracereel: %s: Input/output error\n"):format(arena), run.stderr)
    end)

    it("an arena that a handler's process has no descriptor for is no failure of the script", function()
        local arena = ("%s/arenas/trace_%s.bin"):format(place, commands.show[2])
        local run = run_with(place, commands["a script"], "open", arena, "EMFILE")
        assert.are.equal(4, run.status)
        assert.truthy(run.stderr:find(("tracereel: %s: Too many open files (in node_done at "):format(arena), 1, true))
        assert.is_nil(run.stderr:find("traceback", 1, true))
    end)

    it("a recovery script that cannot be read again while it is tried is no finding of crashtest", function()
        local script_path = place .. "/recover_dead_orders.lua"
        for _, run in ipairs(runs_with(place, commands.crashtest, "open", script_path, "EACCES", 3)) do
            assert.are.equal(4, run.status)
            assert.are.equal(("tracereel: cannot read the script: %s: Permission denied\n"):format(script_path),
                run.stderr)
        end
    end)

    it("a module of a script that is there and cannot be read is no failure of the script", function()
        helper.write(place .. "/a_module.lua", "return 1")
        local requiring = helper.write(place .. "/requiring.lua", 'require "a_module"\nreturn { api = 1 }')
        local run = run_with(place, { "run", requiring, place .. "/wal" }, "open", place .. "/a_module.lua", "EACCES")
        assert.are.equal(4, run.status, run.stderr)
        assert.truthy(run.stderr:find("a_module.lua: Permission denied", 1, true), run.stderr)
    end)

    it("whether a torn log could be repaired is not claimed where the files for it cannot be looked at", function()
        for _, name in ipairs { "tracereel.journal", "tracereel.new" } do
            local path = ("%s/torn/%s"):format(place, name)
            local run = run_with(place, commands["repair of a torn log"], "stat", path, "EIO")
            assert.are.equal(4, run.status, name)
            assert.truthy(run.stderr:find(path .. ": ", 1, true) and run.stderr:find("Input/output error", 1, true),
                run.stderr)
        end
    end)

    it("a file of the program that cannot be read is named, and is no bug", function()
        local tree = helper.shell(("realpath -z %s/.."):format(helper.quote(os.getenv("TRACEREEL_BUILD"))))
            :sub(1, -2)
        local arguments, failures = { "run", "errors", place .. "/wal" }, {}
        local seen = {}
        for _, call in ipairs(failing_reads.whole_run(arguments, tree).calls) do
            local is_known = call.path:find("/cli%.lua$") or call.path:find("/script/bundled%.lua$")
                or call.path:find("/scripts/errors%.lua$")
            local kind = call.name .. call.path
            if is_known and not seen[kind] and call.name ~= "fstat" then
                seen[kind] = true
                failures[#failures + 1] = { call = call, error = "EIO", times = 0 }
            end
        end
        assert.is_true(#failures >= 6)
        for _, run in ipairs(failing_reads.runs(arguments, tree, failures)) do
            local file = run.call.path:match("[^/]+$")
            assert.are.equal(4, run.status, explain(run, "a wrong status"))
            assert.matches(("^tracereel: [^\n]*%s: Input/output error\n$"):format(file), run.stderr)
            assert.is_nil(run.stderr:find("bug", 1, true))
        end
    end)
end)
