-- Memory that runs out anywhere in a command: allocation N fails, once, also when Lua asks again, or with all that
-- follow. Either the answer is the one with memory, or the status is 4 and a message names memory. A sample of the
-- allocations; with TRACEREEL_ALL_MEMORY (make test-memory) all of the program's, and of the unpooled program's the
-- first of every fourth place that allocates.
local failing_memory = require "tests.spec.failing_memory"
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local is_whole = os.getenv("TRACEREEL_ALL_MEMORY") ~= nil
local is_sanitized = os.getenv("TRACEREEL_SANITIZED") ~= nil

local log = "examples/killed/wal"
local script = [[
    local count = 0
    return { api = 1,
      node_done = function(rec, trace) count = count + #trace.id end,
      finish = function() return { count = count, list = { 1, 2, 3 } } end,
    }
]]

-- Small: each of its allocations is one run of the whole command.
local scenario = [[
    return { seed = 1, traces = 3, arrivals = { rate = 40 }, node = { [3] = { time = 0.5 } }, limits = { nodes = 2 } }
]]

local commands = {
    check = { "check", log },
    traces = { "traces", "--json", log },
    show = { "show", "TRACE", log },
    dump = { "dump", "--json", log },
    ["a script"] = { "run", "SCRIPT", log },
    ["a bundled script"] = { "run", "--json", "errors", log },
    timing = { "timing", "--json", log },
    ["timing with a flow in YAML"] = { "timing", "--flow", "examples/killed/orders.yaml", log },
    flow = { "flow", log },
    ["an export to OTLP"] = { "export", "--format", "otlp", log },
    ["an export to Chrome"] = { "export", "--format", "chrome", log },
    recover = { "recover", "safe_start", log },
    crashtest = { "crashtest", "examples/recover_dead_orders.lua", log },
    ["a sweep"] = { "simulate", "--sweep", "arrivals.rate=20,40", "SCENARIO", log },
    debug = { "debug", log },
    ["the help"] = { "--help" },
}

-- Up to so many allocations each fails in all three ways; of a command with more, one of four fails in two of them.
local max_thrice = 1000

-- Left out of the sample: they take long, and little of what they do is not done by another.
local is_for_all_only = { ["a sweep"] = true, crashtest = true, ["an export to Chrome"] = true, dump = true }

-- With what is made here in the place of the words in capitals.
local function arguments_of(words)
    local opened = reel.open(log)
    opened:replay {}
    local made = { SCRIPT = helper.script(script), SCENARIO = helper.script(scenario), TRACE = opened:traces()[1].id }
    local arguments = {}
    for index, word in ipairs(words) do
        arguments[index] = made[word] or word
    end
    return arguments
end

local function stride_over(list, stride, modes, failures)
    for index = 1, #list, stride do
        for _, mode in ipairs(modes) do
            failures[#failures + 1] = { first = list[index], times = failing_memory.modes[mode] }
        end
    end
    return failures
end

local function numbers_to(count)
    local numbers = {}
    for number = 1, count do
        numbers[number] = number
    end
    return numbers
end

-- Which allocations fail: of the unpooled program by their places. `share` of them in a sample.
local function sample_of(whole, share)
    local failures = stride_over(whole.places, is_whole and 4 or #whole.places // share + 1,
        { "again", "all" }, {})
    return stride_over(whole.places, is_whole and 40 or #whole.places // 2 + 1, { "once" }, failures)
end

local function explain(run, problem)
    return ("allocation %d, %d times (0: all): %s: status %d, %s"):format(run.first, run.times, problem, run.status,
        run.stderr)
end

local function check_runs(program, arguments, failures, whole)
    for _, run in ipairs(failing_memory.runs(program, arguments, failures)) do
        local problem = failing_memory.problem(whole, run)
        assert.is_nil(problem, problem and explain(run, problem))
    end
end

local function check_command(arguments)
    local whole = failing_memory.whole_run(failing_memory.program, arguments)
    assert.truthy(whole.status == 0 or whole.status == 3, whole.stderr)
    assert.truthy(#whole.places > 200)
    check_runs(failing_memory.program, arguments, sample_of(whole, 3), whole)
    if is_whole then
        local program = os.getenv("TRACEREEL_BUILD") .. "/tracereel"
        whole = failing_memory.whole_run(program, arguments)
        local numbers = numbers_to(whole.count)
        local failures = stride_over(numbers, 1, { "again" }, {})
        check_runs(program, arguments, stride_over(numbers, whole.count > max_thrice and 4 or 1, { "once", "all" },
            failures), whole)
    end
end

-- What changes a log: what is there before, the command's words for a copy of it, and what is looked at in it.
local changes = {
    apply = function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        return directory, function(path)
            return { "apply", plan, path }
        end, files.views
    end,
    undo = function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        assert.are.equal(0, helper.run({ "apply", plan, directory }).status)
        return directory, function(path)
            return { "undo", plan, path }
        end, files.views
    end,
    repair = function()
        return files.copy("torn-tail"), function(path)
            return { "repair", "--yes", path }
        end, files.segments
    end,
}

local function check_change(make)
    local directory, words, look_at = make()
    local path = helper.directory() .. "/log"
    local arguments = words(path)
    local fresh = ("rm -rf %s; cp -r %s %s"):format(path, directory, path)
    local before = look_at(directory)
    helper.shell(fresh)
    local whole = failing_memory.whole_run(failing_memory.program, arguments)
    assert.are.equal(0, whole.status, whole.stderr)
    local after = look_at(path)
    assert.are_not.same(before, after)
    local keep = ([[cp -r %s "$kept/log"; %s >/dev/null 2>"$kept/again"; cp -r %s "$kept/final"]]):format(path,
        failing_memory.words_of(helper.program, arguments), path)
    local seen = {}
    for _, run in ipairs(failing_memory.runs(failing_memory.program, arguments, sample_of(whole, 4), fresh, keep)) do
        -- Where the journal and the clock are in an answer it differs from run to run.
        local problem = run.status ~= 0 and failing_memory.problem(whole, run)
        assert.falsy(problem, problem and explain(run, problem))
        local found = look_at(run.directory .. "/log")
        local is_after = pcall(assert.are.same, after, found)
        assert.truthy(is_after or pcall(assert.are.same, before, found), explain(run, "neither as before nor as after"))
        assert.truthy(is_after or run.status ~= 0, explain(run, "it claims success"))
        assert.are.same(after, look_at(run.directory .. "/final"),
            explain(run, "the second try: " .. helper.read(run.directory .. "/again")))
        seen[is_after] = true
    end
    assert.truthy(seen[false])
end

-- The commands that write an output: their words for a place.
local outputs = {
    generate = function(path)
        return { "generate", "--traces", "3", path }
    end,
    ["simulate -o"] = function(path)
        return { "simulate", "-o", path, "examples/rush_hour.lua", "examples/logs/orders" }
    end,
    import = function(path)
        local rows = "case,activity,start,end,resource\n"
            .. ("7,pack,2025-11-24T16:00:00Z,2025-11-24T16:00:01Z,a host\n"
            .. "8,\"pay \"\"now\"\"\",2025-11-24T16:00:02Z,2025-11-24T16:00:03Z,another\n"):rep(20)
        return { "import", "--from", "csv", helper.write(helper.directory() .. "/rows.csv", rows), "-o", path }
    end,
    ["recover -o"] = function(path)
        return { "recover", "safe_start", log, "-o", path }
    end,
}

local function contents_of(path)
    return (helper.shell(("cd %s && find . -path './output*' -type f -exec sha256sum {} + | sort"):format(path)))
end

-- Where there is no memory ever after, a directory cannot be read, nor what is in it removed: the last line names it,
-- and its name says what it is.
local function is_left_and_told(run, found)
    local has_other = found:gsub("[^\n]*  %./output%.tracereel%-unfinished[^\n]*\n", "") ~= ""
    local words = "output.tracereel-unfinished is left, and cannot be removed: Cannot allocate memory"
    return not has_other and run.stderr:find(words, 1, true)
end

local function check_output(make)
    local place = helper.directory()
    local arguments = make(place .. "/output")
    local whole = failing_memory.whole_run(failing_memory.program, arguments)
    assert.truthy(whole.status == 0 or whole.status == 3, whole.stderr)
    local expected = contents_of(place)
    assert.are_not.equal("", expected)
    local fresh = ("rm -rf %s/output*"):format(place)
    local keep = ([[cp -r %s/. "$kept"]]):format(place)
    for _, run in ipairs(failing_memory.runs(failing_memory.program, arguments, sample_of(whole, 3), fresh, keep)) do
        local problem = failing_memory.problem(whole, run)
        assert.is_nil(problem, problem and explain(run, problem))
        local found = contents_of(run.directory)
        local is_nothing = run.status ~= whole.status and (found == "" or is_left_and_told(run, found))
        -- Otherwise memory has run out after it was written.
        if not is_nothing then
            assert.are.equal(expected, found, explain(run, "what is written"))
        end
    end
end

describe("when memory runs out,", function()
    teardown(helper.clean)

    if is_sanitized then
        return -- a sanitizer brings its allocator, which refuses nothing
    end

    for name, words in pairs(commands) do
        if is_whole or not is_for_all_only[name] then
            it(name .. " gives the whole answer, or ends with status 4 and says so", function()
                check_command(arguments_of(words))
            end)
        end
    end

    for name, make in pairs(outputs) do
        it(name .. " writes the whole output, or nothing", function()
            check_output(make)
        end)
    end

    for name, make in pairs(changes) do
        it(name .. " leaves the log unchanged or fully updated, and the second try completes it", function()
            check_change(make)
        end)
    end

    it("the module in lua5.4 raises an error or gives the same answer, and leaks no block", function()
        local build = os.getenv("TRACEREEL_BUILD")
        local text, status = helper.shell(("LD_PRELOAD=%s/failing_memory.so lua5.4 tests/spec/memory_module.lua %s %d "
            .. "2>&1"):format(build, build, is_whole and 1 or 89))
        assert.are.equal(0, status, text)
        assert.truthy(tonumber(text:match("^(%d+) tried\n$") or 0) > 200, text)
    end)

    it("a flow in YAML is read, or memory is named, also where libyaml gives no reason", function()
        local build = os.getenv("TRACEREEL_BUILD")
        local text, status = helper.shell(("LD_PRELOAD=%s/failing_memory.so lua5.4 tests/spec/memory_yaml.lua %s 2>&1")
            :format(build, build))
        assert.are.equal(0, status, text)
        assert.truthy(tonumber(text:match("^(%d+) by libyaml\n$") or 0) > 50, text)
    end)
end)
