-- The types that editors show are what there is: every function and field that they document exists, and nothing else.
local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local imported_log = require "tests.spec.imported_log"
local luacats = require "tests.spec.luacats"
local reel = require "tracereel"

local classes, library_text = luacats.read()

local function names_in(text)
    local names = {}
    for name in text:gmatch("[%a_][%w_]*") do
        names[name] = true
    end
    return names
end

local function keys_of(t)
    local keys = {}
    for key in pairs(t) do
        keys[key] = true
    end
    return keys
end

local function joined(...)
    local all = {}
    for _, names in ipairs { ... } do
        for name in pairs(names) do
            all[name] = true
        end
    end
    return all
end

local function set_of(list)
    local set = {}
    for _, name in ipairs(list) do
        set[name] = true
    end
    return set
end

-- The names that an error lists: "a record has no field 'x'; it has a, b, c".
local function listed_by(callee, ...)
    local called, problem = pcall(callee, ...)
    assert.is_false(called)
    return names_in(assert(tostring(problem):match("; it has (.*)$"), problem))
end

-- Methods that only the program's own commands use.
local own_methods = { log = { history = true, pick = true } }

-- Calls visit(log) for each sample log, read to its end.
local function each_log(visit)
    for _, name in ipairs(helper.log_names()) do
        local log = reel.open(helper.log(name), { snapshot = true })
        log:replay {}
        visit(log)
    end
end

-- Calls visit(trace) for the last state of every trace that closed, and of every one that is open, in all sample logs.
local function each_trace(visit)
    local paths = { imported_log.write() }
    for _, name in ipairs(helper.log_names()) do
        paths[#paths + 1] = helper.log(name)
    end
    for _, path in ipairs(paths) do
        local log = reel.open(path)
        local function closed(_, trace)
            if trace then
                visit(trace)
            end
        end
        log:replay { trace_complete = closed, trace_failed = closed, trace_suspended = closed }
        for _, trace in ipairs(log:traces()) do
            visit(trace)
        end
    end
    helper.clean()
end

-- How to meet tables of a class: call meet(t) for each.
local samples = {
    position = function(meet)
        meet(reel.open(helper.log("orders")):position())
    end,
    segment = function(meet)
        each_log(function(log)
            for _, segment in ipairs(log.segments) do
                meet(segment)
            end
        end)
    end,
    unread_segment = function(meet)
        local directory = helper.directory()
        helper.shell(("cp %s/* %s; cd %s && cp wal_0000000000000000.log wal_0.log"):format(helper.log("orders"),
            directory, directory))
        meet(reel.open(directory).unread[1])
        helper.clean()
    end,
    statistics = function(meet)
        each_log(function(log)
            meet(log:stats())
        end)
    end,
    script = function(meet)
        meet(reel.script(helper.script("return { api = 1 }")))
        helper.clean()
    end,
    gap = function(meet)
        each_log(function(log)
            for _, gap in ipairs(log:gaps()) do
                meet(gap)
            end
        end)
    end,
    attempt = function(meet)
        each_trace(function(trace)
            for _, node in ipairs(trace.nodes) do
                for _, attempt in ipairs(node.attempts) do
                    meet(attempt)
                end
            end
        end)
    end,
    trace_error = function(meet)
        each_trace(function(trace)
            for _, problem in ipairs(trace.errors) do
                meet(problem)
            end
        end)
    end,
    suspension = function(meet)
        each_trace(function(trace)
            if trace.suspension then
                meet(trace.suspension)
            end
        end)
    end,
    past_suspension = function(meet)
        each_trace(function(trace)
            for _, suspension in ipairs(trace.suspensions) do
                meet(suspension)
            end
        end)
    end,
    output = function(meet)
        each_trace(function(trace)
            for _, output in pairs(trace.completed_nodes) do
                meet(output)
            end
        end)
    end,
    recovery = function(meet)
        each_trace(function(trace)
            meet(trace:recovery())
        end)
    end,
    failure = function(meet)
        local log = reel.open(helper.log("orders"))
        local _, problem = pcall(log.replay, log, { record = function() error("x") end })
        meet(problem)
    end,
}

describe("the types for editors", function()
    it("have the module's own names, and no others", function()
        assert.are.same(joined(classes[""].fields, classes[""].functions), keys_of(reel))
        for name in pairs(classes[""].functions) do
            assert.are.equal("function", type(reel[name]), name)
        end
        assert.are.same(classes.constructors.fields, keys_of(reel.record))
    end)

    it("say which names a script does not have", function()
        local left_out = library_text:match("global `tracereel`, without (.-)%.\n")
        left_out = names_in(left_out:gsub("`and`", ""):gsub(" and", ""):gsub("%-%-%-", ""))
        local result = helper.run_script([[
            return { api = 1, finish = function()
                local names = {}
                for name in tracereel.sorted(tracereel) do names[#names + 1] = name end
                return table.concat(names, " ")
            end }]])
        assert.are.equal(0, result.status, result.stderr)
        local in_script = names_in(result.stdout)
        for name in pairs(left_out) do
            assert.is_nil(in_script[name], name)
        end
        assert.are.same(keys_of(reel), joined(in_script, left_out))
    end)

    it("have the fields and methods of every object, and no others", function()
        local log = reel.open(helper.log("orders"))
        local rec, trace = log:records()()
        local directory = helper.directory()
        local writer = reel.writer(directory)
        local objects = {
            rec = rec,
            trace = trace,
            node = reel.open(helper.log("orders")):traces()[1].nodes[1],
            log = log,
            histogram = reel.histogram(),
            timing = reel.timing(),
            aggregate = reel.count_by {},
            state = reel.state(),
            writer = writer,
        }
        for name, object in pairs(objects) do
            local known = listed_by(function() return object.no_such_field end)
            local documented = joined(classes[name].fields, classes[name].functions)
            assert.are.same(joined(documented, own_methods[name] or {}), known, name)
            for method in pairs(classes[name].functions) do
                assert.are.equal("function", type(object[method]), name .. ":" .. method)
            end
            for field in pairs(classes[name].fields) do
                assert.are_not.equal("function", type(object[field]), name .. "." .. field)
            end
        end
        writer:close()
        helper.clean()
    end)

    it("have the fields of a future, and no others", function()
        local future = reel.open(helper.log("orders")):history():future(1)
        assert.are.same(joined(classes.future.fields, classes.future_times.fields, classes.future.functions),
            listed_by(function() return future.no_such_field end))
    end)

    it("have the keys of every table that the module returns, and no others", function()
        for class, each in pairs(samples) do
            local met = {}
            each(function(t)
                met = joined(met, keys_of(t))
            end)
            assert.are.same(classes[class].fields, met, class)
        end
    end)

    it("have the keys of a timing report's nodes and distributions, and no others", function()
        local node_keys, distribution_keys = {}, {}
        local flow = "examples/killed/orders.flow.lua" -- nodes have names
        local report = reel.json_decode(helper.run({ "timing", "--json", "--flow", flow, helper.log("orders") }).stdout)
        for _, node in ipairs(report.nodes) do
            node_keys = joined(node_keys, keys_of(node))
            distribution_keys = joined(distribution_keys, keys_of(node.run))
        end
        assert.are.same(joined(classes.timing_node.fields, classes.timing_node_measures.fields), node_keys)
        assert.are.same(classes.distribution.fields, distribution_keys)
    end)

    it("have the keys of every table that the module accepts, and no others", function()
        local fields = listed_by(reel.record.node_done, { no_such_field = 1 })
        fields.type = nil -- only rec:copy changes it
        assert.are.same(classes.fields.fields, fields)
        assert.are.same(classes.open_options.fields, listed_by(reel.open, helper.log("orders"), { no_such_key = 1 }))
        assert.are.same(classes.writer_options.fields, listed_by(reel.writer, "none", { no_such_key = 1 }))
        local log = reel.open(helper.log("orders"))
        assert.are.same(classes.replay_options.fields, listed_by(log.replay, log, {}, { speed = 1, no_such_key = 1 }))
        local ordered = joined(classes.counted.fields, classes.ordered.fields)
        local wrong, fields_of = { no_such_key = 1 }, classes.measured.fields
        assert.are.same(classes.counted.fields, listed_by(reel.count_by, wrong))
        assert.are.same(joined(classes.counted.fields, fields_of), listed_by(reel.sum_by, wrong))
        assert.are.same(joined(classes.counted.fields, fields_of), listed_by(reel.histogram_by, wrong))
        assert.are.same(ordered, listed_by(reel.first_by, wrong))
        assert.are.same(ordered, listed_by(reel.last_by, wrong))
        assert.are.same(joined(ordered, classes.top_ordered.fields), listed_by(reel.top_by, wrong))
        assert.are.same(joined(classes.handlers.fields, classes.record_handlers.fields, classes.filter.fields),
            set_of(core.handler_keys))
    end)

    it("have the methods of a decision", function()
        local decision = reel.await(4, { hook_id = "x" })
        for method in pairs(classes.decision.functions) do
            assert.are.equal("function", type(decision[method]), method)
        end
        assert.are.equal("await", decision.kind)
    end)

    -- Every name in the code within a page's sentences; where `blocks_too`, also in its blocks of code.
    local function names_of_page(path, blocks_too)
        local named = {}
        local page = helper.read(path):gsub("```(.-)```", function(block)
            return blocks_too and "`" .. block:gsub("`", " ") .. "`" or ""
        end)
        for code in page:gsub("\n", " "):gmatch("`([^`]+)`") do
            for name in pairs(names_in(code)) do
                named[name] = true
            end
        end
        return named
    end

    it("have no field and no function that docs/scripting.md does not name, and docs/import.md those of importers",
        function()
            -- Of other pages: decisions, flows, timing reports, and what a crashtest's check is given.
            local elsewhere = set_of { "decision", "engine", "flow", "flow_node", "flow_edge", "flow_origin",
                "flow_pool", "history", "future", "future_record", "fields", "group_comparison" }
            local in_scripting, in_import = names_of_page("docs/scripting.md"), names_of_page("docs/import.md", true)
            local count = 0
            for class, members in pairs(classes) do
                local is_report = class:find("^tim[ei]") and class ~= "timing" or class:find("^distribution")
                    or class:find("^in_flight") or class:find("^iteration_") or class:find("^worst_")
                if not elsewhere[class] and not is_report then
                    local named = class:find("^import") and in_import or in_scripting
                    for name in pairs(joined(members.fields, members.functions)) do
                        assert.is_true(named[name], class .. "." .. name)
                        count = count + 1
                    end
                end
            end
            assert.is_true(count > 150, count .. " names")
        end)

    it("refer only to classes that they define", function()
        for line in library_text:gmatch("[^\n]+") do
            local is_annotation = line:find("^%-%-%-@")
            for class in (is_annotation and line or ""):gmatch("tracereel%.([%a_]+)[^%w_(]") do
                assert.truthy(classes[class] or reel[class], line)
            end
        end
    end)
end)
