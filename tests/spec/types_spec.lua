-- Every function of the module and of its objects is called with values of the types that editors show, and what it
-- gives is held against them. That the names are those that exist is in library_spec.lua.
local helper = require "tests.spec.helper"
local luacats = require "tests.spec.luacats"
local reel = require "tracereel"

local classes = luacats.read()
local checker = luacats.checker(classes)

local function orders()
    return reel.open(helper.log("orders"))
end

-- A trace that is open at the end of a log.
local function open_trace()
    return orders():traces()[1]
end

local function record()
    return orders():records()()
end

local function filled_histogram()
    local histogram = reel.histogram()
    histogram:add(10)
    histogram:add(2000, 3)
    return histogram
end

local function replayed_history()
    return orders():history(2)
end

local function ordered(count)
    return { key = { "type", "node_id" }, value = { "timestamp_ns", "trace_id" }, count = count,
        where = { type = { "node_done", "node_error" }, node_id = { min = 0, max = 5 } } }
end

local trace_id = "0190a0b0-0000-7000-8000-000000000001"
local merged = reel.merge

-- Of each class: what it is, or how to make one.
local objects = {
    [""] = reel,
    log = orders,
    rec = record,
    trace = open_trace,
    histogram = filled_histogram,
    timing = function() return reel.timing() end,
    aggregate = function()
        local aggregate = reel.top_by(ordered(2))
        orders():replay { aggregates = { top = aggregate } }
        return aggregate
    end,
    state = function()
        local state = reel.state()
        state:put(open_trace())
        return state
    end,
    writer = function() return reel.writer(helper.directory()) end,
    history = replayed_history,
    future = function() return replayed_history():future(1) end,
    decision = function() return reel.resume_from(1) end,
    script = function()
        local script = reel.script(helper.script([[
            return { api = 1, summary = "counts", finish = function() return { n = 1 } end,
                recover = function() return tracereel.fail("x") end }]]))
        script:run(orders())
        return script
    end,
}

local flow = { nodes = { [0] = { name = "a" }, { name = "b", after = { { 0, port = "true" } } } } }

-- Calls of each class's functions: a list of arguments each, or a function that makes it.
local calls = {
    [""] = {
        open = { { helper.log("orders") }, { helper.log("orders"), { mode = "salvage", snapshot = true } },
            { helper.log("orders"), { shard = { index = 0, count = 2 }, flow = false } } },
        decode = { function() return { record():bytes() } end, { "no record" }, { "xx", 2 } },
        script = { function() return { helper.script("return { api = 1 }"), {} } end },
        fields = { { "type", "node.duration_ns", function() end } },
        histogram = { {} },
        count_by = { { {} }, { { key = "node_id", where = { type = "node_done" } } } },
        sum_by = { { { key = { "node_id" }, value = "timestamp_ns" } } },
        histogram_by = { { { value = "output_size" } } },
        top_by = { { ordered(3) } },
        first_by = { { ordered() } },
        last_by = { { ordered() } },
        timing = { {}, { flow, 3 } },
        writer = { function() return { helper.directory(), { max_segment_bytes = 4096 } } end },
        json = { { { 1, "x", reel.null } }, { 1.5 }, function() return { open_trace() } end },
        json_decode = { { '{"a":[1,null]}' }, { "no JSON" } },
        unsigned = { { -1 } },
        trace_id_of = { { "order 7" } },
        duration = { { 1250000 } },
        time = { { 1764000000000000000 } },
        parse_duration = { { "1h30m" }, { "soon" } },
        sorted = { { { b = 1, a = 2, [3] = true } } },
        state = { {} },
        arenas = { { nil }, function() return { helper.directory() } end, { nil } },
        fail = { { "gone" } },
        complete = { {} },
        await = { { 3 }, { 3, { hook_id = "h", skips = true, timeout_secs = 60, timeout_action = "fail" } } },
        hold = { { "look" } },
        release = { {} },
        resume_from = { { 0 } },
        retry = { { { 1, 2 } } },
        restart = { {} },
    },
    log = {
        replay = { { { record = function() end } }, { { types = { "node_done" }, nodes = { 1 } }, { speed = 1e12 } },
            { { aggregates = { n = reel.count_by {} }, every = "1s", tick = function() end } } },
        records = { {}, { { types = "trace_start", since_ns = 0 } } },
        traces = { {} },
        gaps = { {} },
        stats = { {} },
        record_count = { {} },
        position = { {} },
        history = { {}, { 3 } },
        pick = { { { 1, 5 } } },
    },
    rec = {
        bytes = { {} }, json = { {} }, with_metadata = { { "{}" } },
        copy = { { { node_id = 7, error_message = "late" } } },
    },
    trace = {
        node = { { 0 }, { 1 }, { 99 }, { 1, "none" } },
        recovery = { {} },
        output = { function()
            reel.arenas(helper.directory())
            return { 0, "bytes" }
        end },
        json = { {} },
    },
    histogram = {
        add = { { 5 }, { 5, 2 } }, merge = { function() return { filled_histogram() } end },
        quantile = { { 0 }, { 0.5 }, { 1 } }, buckets = { {} },
    },
    timing = {
        add = { function() return { open_trace(), { { start_ns = 1, end_ns = 2 } } } end,
            function() return { open_trace() } end },
        add_child = { function() return { open_trace(), true, 4, { start_ns = 1, end_ns = 2 }, {} } end },
        merge = { function() return { reel.timing() } end },
        report = { {} },
    },
    aggregate = { result = { {} } },
    state = {
        put = { function() return { open_trace() } end },
        apply = { { reel.record.trace_start { trace_id = trace_id } }, { reel.record.checkpoint {} } },
        note_damage = { {} },
        trace = { { trace_id } },
        traces = { {} },
    },
    writer = {
        append = { { reel.record.trace_start { trace_id = trace_id } }, function() return { record():bytes() } end },
        sync = { {} }, close = { {} },
    },
    history = {
        future = { { 1 } },
        at = { function() return { 1, open_trace(), true } end },
        life = { { 1 }, { 1, 1 } },
        has_run = { { 1, 0 }, { 1, 0, true } },
        asker = { { function() end, nil } },
    },
    future = { records = { {} } },
    decision = {
        skip = { { 2 }, { 2, { offset = 64, size = 8 } } }, rerun = { { { 1 } } }, because = { { "so" } },
    },
    script = {
        run = { function() return { orders(), { types = "node_done" } } end },
        recover = { function() return { open_trace() } end },
    },
}

-- What only an importer has; its functions are called by the specs of import.
local function is_of_importers(class)
    return class:find("^import") ~= nil
end

local function made(value)
    if type(value) == "function" then
        return value()
    end
    return value
end

local function check_call(class, name, arguments)
    local object = made(objects[class])
    local list = made(arguments)
    local size = select("#", table.unpack(list))
    local place = class .. (class == "" and "" or ":") .. name
    local problem = checker:call(classes[class].signatures[name], place, object[name], class ~= "" and object or nil,
        table.unpack(list, 1, size))
    assert.is_nil(problem)
end

describe("the types for editors", function()
    after_each(function()
        reel.arenas(nil)
        helper.clean()
    end)

    it("are those of what every function of the module takes and gives", function()
        for class, described in pairs(classes) do
            for name in pairs(is_of_importers(class) and {} or described.signatures) do
                assert.truthy(calls[class] and calls[class][name], "never called: " .. class .. ":" .. name)
                for _, arguments in ipairs(calls[class][name]) do
                    check_call(class, name, arguments)
                end
            end
        end
    end)

    it("are those of every field of the records and traces in the sample logs", function()
        local count = 0
        for _, name in ipairs(helper.log_names()) do
            local log = reel.open(helper.log(name))
            for rec, trace in log:records() do
                count = count + 1
                if count % 20 == 0 then -- of traces at all stages of their lives
                    assert.is_nil(checker:class_problem(rec, "rec", name .. ": a record"))
                    assert.is_nil(trace and luacats.checker(classes):class_problem(trace, "trace", name .. ": a trace"))
                end
            end
            assert.is_nil(checker:class_problem(log, "log", name .. ": the log"))
            assert.is_nil(checker:class_problem(log:stats(), "statistics", name .. ": its statistics"))
        end
        assert.is_true(count > 1000)
    end)

    it("are those of what the handlers of gaps and violations get, and of failures", function()
        local gaps, violations = 0, 0
        for _, name in ipairs(helper.log_names()) do
            reel.open(helper.log(name)):replay {
                gap = function(gap)
                    gaps = gaps + 1
                    assert.is_nil(checker:class_problem(gap, "gap", name .. ": a gap"))
                end,
                violation = function(rec, _, code)
                    violations = violations + 1
                    assert.is_nil(checker:class_problem(rec, "rec", name .. ": a record"))
                    assert.is_string(reel.violations[code])
                end,
            }
        end
        assert.is_true(gaps > 0 and violations > 0)
        local _, problem = pcall(reel.open, "no such log")
        assert.is_nil(checker:class_problem(problem, "failure", "a failure"))
    end)

    it("are those of a timing report with all its nodes", function()
        local timing = reel.timing(flow)
        orders():replay { timing = timing }
        assert.is_nil(checker:class_problem(timing:report(), "timing_report", "the report"))
    end)

    it("are those of each constructor and of what merges results", function()
        checker.generic = nil
        for name, kind in pairs(classes.constructors.types) do
            local rec = reel.record[name] { trace_id = trace_id }
            assert.is_nil(checker:results_problem(table.pack(rec), kind.results, name))
        end
        local a, b = { { n = 3 }, { n = 1 } }, { { n = 2 } }
        local given = {
            sum = merged.sum(1, 2), list = merged.list(a, b), top = merged.top(2, "n"), first = merged.first("n"),
            last = merged.last { "n" }, histogram = merged.histogram(filled_histogram(), filled_histogram()),
            timing = merged.timing(reel.timing(), reel.timing()), by_key = merged.by_key(merged.sum),
            each = merged.each { n = merged.sum },
        }
        for name, kind in pairs(classes.merge.types) do
            assert.is_nil(checker:results_problem(table.pack(given[name]), kind.results, name))
        end
    end)

    it("notice a value of another type, a missing field, and a result too many", function()
        local one = classes[""].signatures
        assert.matches("result 1 of f is 1, declared as string", checker:call(one.time, "f", function() return 1 end,
            nil, 5), 1, true)
        assert.matches("argument ns of f is \"5\", declared as integer", checker:call(one.time, "f", tostring, nil,
            "5"), 1, true)
        assert.matches("f has 2 results, declared are 1", checker:call(one.time, "f", function() return "x", 2 end, nil,
            5), 1, true)
        assert.matches("p.sequence is nil, declared as integer", checker:class_problem({ offset = 1 }, "position", "p"),
            1, true)
    end)
end)
