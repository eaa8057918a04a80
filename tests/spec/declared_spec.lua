-- Handlers that declare their fields, against handlers that take the record and its trace.
local core = require "tracereel.core"
local flow = require "tracereel.flow"
local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local record_types = require "tracereel.log.record_types"
local tracereel = require "tracereel"

local pick = math.random

local function one_of(list)
    return list[pick(#list)]
end

-- ---- random logs ----

local ids = {}
for number = 1, 4 do
    ids[number] = ("%08x-0000-4000-8000-00000000000%x"):format(number * 0x01010101, number)
end

local metadata = {
    false, false, "", "words", "{}",
    '{"id":"order 7","name":"nightly","parent":"bbbbbbbb-0000-4000-8000-00000000000b","parent_node":3,'
        .. '"parent_instance":"b","customer":{"id":9}}',
    '{"instance":"a","scheduled_ns":15,"attempt":2,"resource":"host 7"}', '{"instance":"b","kind":"timed_out"}',
    '{"instance":"a"}', '{"wait":"timer","instance":"a"}', '{"outcome":"cancelled"}', '{"outcome":"continued"}',
    '{"tracereel":{"plan":"p1","action":"apply","operator":"me","time":"2026-01-01T00:00:00Z"}}',
    '{"tracereel":{"plan":"p1"},"held":"ask first"}',
}

local type_names = {}
for name in tracereel.sorted(record_types.meanings) do
    type_names[#type_names + 1] = name
end

local function random_record(timestamp_ns)
    return {
        type = one_of(type_names), trace_id = one_of(ids), timestamp_ns = timestamp_ns, node_id = pick(0, 3),
        output_offset = one_of { 0, 64, -1 }, output_size = pick(0, 9), schema_hash = one_of { 0, math.mininteger, 7 },
        iteration = pick(0, 3), error_message = one_of { false, "card declined", "\0\255" } or nil,
        metadata = one_of(metadata) or nil,
    }
end

-- Some bytes in the middle of records are noise, so that there are gaps, tainted traces and suspect records.
local function random_log()
    local records, now = {}, 1000
    for number = 1, pick(20, 120) do
        now = math.max(1, now + pick(-3, 40))
        records[number] = pick(40) == 1 and ("noise"):rep(pick(30)) or random_record(now)
    end
    for _, id in ipairs(ids) do
        table.insert(records, 1, { type = "trace_start", trace_id = id, timestamp_ns = 900 + pick(99),
            metadata = one_of(metadata) or nil })
    end
    local directory = record_bytes.write_log(helper.directory(), records)
    if pick(2) == 1 then
        helper.write(directory .. "/tracereel.flow.lua",
            flow.text(assert(flow.check { name = "f", nodes = { [0] = { name = "first" }, { name = "second" } } })))
    end
    return directory
end

-- ---- values ----

local node_fields = {}
for _, name in ipairs(core.event_field_names()) do
    node_fields[#node_fields + 1] = name:match("^node%.(.*)")
end

-- What can be compared across passes: a text that tells integers, texts and objects apart.
local function text_of(value)
    if type(value) == "table" then
        return tracereel.json(value)
    elseif type(value) ~= "userdata" then
        return ("%s %s"):format(math.type(value) or type(value), value)
    end
    local text = tostring(value)
    if text:find("^node %d") then
        for _, name in ipairs(node_fields) do
            text = ("%s, %s %s"):format(text, name, text_of(value[name]))
        end
    end
    return text
end

local function described(...)
    local values = table.pack(...)
    for place = 1, values.n do
        values[place] = text_of(values[place])
    end
    return table.concat(values, "\n")
end

-- By the definition: what the record, its trace and the node that it names have.
local function value_of(name, rec, trace, code)
    local has_node = trace and record_types.meanings[rec.type].node
    local objects = { rec = rec, trace = trace, node = has_node and trace:node(rec.node_id) or nil, code = code }
    local object, field = name:match("^(%a+)%.(.*)$")
    if name == "rec" or name == "trace" or name == "node" or name == "code" then
        return objects[name]
    elseif object then
        return objects[object] and objects[object][field]
    end
    return rec[name]
end

-- "node.attempts" makes tables of each node, "trace.nodes" lists of userdata that JSON does not have.
local function comparable(name)
    return name ~= "trace.nodes"
end

local names = {}
for _, name in ipairs(core.event_field_names()) do
    names[#names + 1] = comparable(name) and name or nil
end

local function random_names(with_code)
    local chosen = {}
    for number = 1, one_of { 0, 1, 2, 4, 9, 64 } do
        local name = one_of(names)
        chosen[number] = (name ~= "code" or with_code) and name or "node_id"
    end
    return chosen
end

-- A table of handlers of each form that note the same of the same events.
local function random_handlers(old, new)
    local by_record, by_fields = {}, {}
    local keys = { "record", "violation", table.unpack(type_names) }
    for _ = 1, one_of { 1, 1, 3, 9 } do
        local key = one_of(keys)
        local chosen = random_names(key == "violation")
        by_record[key] = function(rec, trace, code)
            local values = {}
            for place, name in ipairs(chosen) do
                values[place] = value_of(name, rec, trace, code)
            end
            old[#old + 1] = key .. "\n" .. described(table.unpack(values, 1, #chosen))
        end
        local arguments = table.move(chosen, 1, #chosen, 1, {})
        arguments[#arguments + 1] = function(...)
            new[#new + 1] = key .. "\n" .. described(...)
        end
        by_fields[key] = tracereel.fields(table.unpack(arguments))
    end
    if pick(3) == 1 then
        by_record.types = one_of { "node_done", { "node_start", "node_error", "trace_suspended" } }
        by_record.nodes = one_of { 1, { 0, 2 } }
        by_fields.types, by_fields.nodes = by_record.types, by_record.nodes
    end
    return by_record, by_fields
end

describe("a handler that declares its fields", function()
    after_each(helper.clean)

    it("gets what a handler of the record and its trace can read, for random logs, fields and filters", function()
        math.randomseed(20261128)
        local shown = 0
        for _ = 1, 20 do
            local directory = random_log()
            for _ = 1, 5 do
                local old, new = {}, {}
                local by_record, by_fields = random_handlers(old, new)
                tracereel.open(directory):replay(by_record)
                tracereel.open(directory):replay(by_fields)
                assert.same(old, new)
                shown = shown + #old
            end
        end
        assert.is_true(shown > 1500, shown)
    end)

    it("gets the same beside handlers of other tables in one pass, and when it is called as they are", function()
        math.randomseed(7)
        for _ = 1, 12 do
            local old, new, called = {}, {}, {}
            local by_record, by_fields = random_handlers(old, new)
            local as_functions = {}
            for key, handler in pairs(by_fields) do
                as_functions[key] = type(handler) ~= "userdata" and handler or function(rec, trace, code)
                    local before = #new
                    handler(rec, trace, code)
                    called[#called + 1] = table.remove(new, before + 1)
                end
            end
            tracereel.open(random_log()):replay(by_record, by_fields, as_functions)
            assert.same(old, new)
            assert.same(old, called)
        end
    end)

    it("gets the record, the handle and the data of its trace that other handlers of its table get", function()
        local made, count = {}, 0
        tracereel.open(helper.log("orders")):replay {
            node_done = function(rec, trace)
                made = { rec, trace }
                trace.data.done = (trace.data.done or 0) + 1
            end,
            record = tracereel.fields("trace.data", "trace", "rec", "type", function(data, trace, rec, type_name)
                if type_name == "node_done" then
                    assert(rawequal(made[1], rec) and rawequal(made[2], trace) and data == trace.data)
                    count = count + (data.done > 0 and 1 or 0)
                end
            end),
        }
        assert.equal(#helper.expected("orders", "records") > 0, count > 0)
    end)

    it("gets nil for the node of a record that names none, even where its trace has a node of that number", function()
        local log = record_bytes.write_log(helper.directory(), {
            { type = "trace_start", trace_id = ids[1], timestamp_ns = 1 },
            { type = "node_start", trace_id = ids[1], timestamp_ns = 2, node_id = 0 },
            { type = "trace_resumed", trace_id = ids[1], timestamp_ns = 3, node_id = 0 },
        })
        local seen = {}
        tracereel.open(log):replay {
            record = tracereel.fields("type", "node.id", "node", function(name, id, node)
                seen[#seen + 1] = { name, tostring(id), tostring(node) }
            end),
        }
        assert.same({ { "trace_start", "nil", "nil" }, { "node_start", "0", "node 0 running" },
            { "trace_resumed", "nil", "nil" } }, seen)
    end)

    it("looks at a trace's taint as its handle does, so that recovery knows of it", function()
        local looked = {}
        tracereel.open(helper.log("garbage-middle")):replay {
            node_done = tracereel.fields("trace.tainted", "trace", function(tainted, trace)
                looked[#looked + 1] = tainted ~= nil and core.taint_was_read(trace)
            end),
            node_start = function(_, trace)
                looked[#looked + 1] = trace and not core.taint_was_read(trace)
            end,
        }
        assert.is_true(#looked > 10)
        for _, is_right in ipairs(looked) do
            assert.is_true(is_right)
        end
    end)
end)

describe("tracereel.fields", function()
    local handler = function() end

    it("refuses a name that an event does not have, and names those that are near it", function()
        for name, expected in pairs {
            nodeid = "an event has no field 'nodeid'; did you mean node_id or node.id?",
            status = "an event has no field 'status'; did you mean trace.status or node.status?",
            ["node.durationns"] = "an event has no field 'node.durationns'; did you mean node.duration_ns?",
            ["rec.node_id"] = "an event has no field 'rec.node_id'; did you mean node_id?",
        } do
            local called, problem = pcall(tracereel.fields, "type", name, handler)
            assert.is_false(called)
            assert.equal("fields: " .. expected, problem)
        end
        for _, wrong in ipairs { "xyzzyxyzzyxyzzy", "trace.xyzzyxyzzyxyzzy" } do
            local expected = {}
            for _, name in ipairs(core.event_field_names()) do
                expected[#expected + 1] = (wrong:find("^x") or name:find("^trace%.")) and name or nil
            end
            local _, problem = pcall(tracereel.fields, wrong, handler)
            assert.equal(("fields: an event has no field '%s'; it has %s"):format(wrong, table.concat(expected, ", ")),
                problem)
        end
    end)

    it("refuses what is no name, no function, and too much", function()
        local function refusal(...)
            local _, problem = pcall(tracereel.fields, ...)
            return problem
        end
        assert.equal("fields: the name of a field expected, got 3", refusal("type", 3, handler))
        local no_function = "fields: names of fields and after them a function expected, the last is "
        assert.equal(no_function .. '"type"', refusal("type"))
        assert.equal(no_function .. "nothing", refusal())
        assert.matches("no field 'type", refusal("type\0", handler))
        local many = {}
        for number = 1, 65 do
            many[number] = "type"
        end
        many[66] = handler
        assert.equal("fields: 65 names, at most 64 are possible", refusal(table.unpack(many)))
        assert.equal("userdata", type(tracereel.fields(table.unpack(many, 2))))
    end)

    it("is refused by handlers of what is no record, and its code by all but violation", function()
        local log = tracereel.open(helper.log("orders"))
        local with_code, without = tracereel.fields("code", handler), tracereel.fields("type", handler)
        for _, handlers in ipairs { { tick = without, every = "1s" }, { gap = without }, { record = with_code },
            { node_done = with_code } } do
            local key = handlers.tick and "tick" or next(handlers)
            local called, problem = pcall(log.replay, log, handlers)
            assert.is_false(called)
            assert.matches((key == "tick" or key == "gap") and key .. " must be a function: tracereel.fields is for "
                .. "handlers of records" or key .. " cannot take the field 'code', which `violation` alone has",
                tostring(problem))
        end
        log:replay { violation = with_code, record = without }
    end)
end)

-- ---- scripts ----

local by_record = [[
local ns, count = {}, 0
return { api = 1, shard = "trace", associative = true, merge = tracereel.merge.sum,
    node_done = function(rec, trace)
        ns[rec.node_id] = (ns[rec.node_id] or 0) + (trace and trace:node(rec.node_id).duration_ns or 0)
    end,
    violation = function(rec, trace, code) count = count + #code end,
    finish = function() ns.count = count return ns end }
]]
local by_fields = [[
local ns, count = {}, 0
return { api = 1, shard = "trace", associative = true, merge = tracereel.merge.sum,
    node_done = tracereel.fields("node_id", "node.duration_ns", function(node, duration_ns)
        ns[node] = (ns[node] or 0) + (duration_ns or 0)
    end),
    violation = tracereel.fields("code", function(code) count = count + #code end),
    finish = function() ns.count = count return ns end }
]]

describe("a script that declares fields", function()
    after_each(helper.clean)

    it("gives the same in run, in shards, in processes, and beside another script", function()
        local old, new = helper.script(by_record), helper.script(by_fields)
        local orders, edge = helper.log("orders"), helper.log("edge")
        for _, options in ipairs { {}, { "--shard", "1/3" }, { "-j", "2" }, { "--type", "node_done" } } do
            local outputs = {}
            for place, path in ipairs { old, new } do
                local words = { "run", path, table.unpack(options) }
                table.move({ orders, options[1] ~= "--shard" and edge or nil }, 1, 2, #words + 1, words)
                local run = helper.run(words)
                assert.equal(0, run.status, run.stderr)
                outputs[place] = run.stdout
            end
            assert.equal(outputs[1], outputs[2])
            assert.matches("count", outputs[1])
        end
        local verified = helper.run { "run", new, orders, "--verify-shards", "3" }
        assert.matches("3 shards print what the whole log does", verified.stdout)
    end)

    it("is refused when it is loaded, with its line", function()
        local function refusal(text)
            local run = helper.run_script(text)
            assert.equal(1, run.status)
            return run.stderr
        end
        assert.matches("script.lua:3: fields: an event has no field 'node_di'; did you mean node_id?",
            refusal('return { api = 1,\n\nnode_done = tracereel.fields("node_di", print) }'), 1, true)
        assert.matches("script.lua:2: gap must be a function: tracereel.fields is for handlers of records",
            refusal('return { api = 1,\ngap = tracereel.fields("node_id", print) }'), 1, true)
        assert.matches("script.lua:2: finish must be a function", refusal(
            'return { api = 1,\nfinish = tracereel.fields("node_id", print) }'), 1, true)
        assert.matches("script.lua:3: record cannot take the field 'code'",
            refusal('return { api = 1,\n\nrecord = tracereel.fields("code", print) }'), 1, true)
        assert.matches("script.lua:2: record: a function expected, got a tracereel.histogram",
            refusal('return { api = 1,\nrecord = tracereel.histogram() }'), 1, true)
    end)

    it("is told of an error as any other: its line, the record's place, a traceback", function()
        local function message(handler)
            local run = helper.run_script(("local function f(node)\n    error('no')\nend\n"
                .. "return { api = 1, node_done = %s }"):format(handler))
            assert.equal(1, run.status)
            return run.stderr
        end
        local expected = message("function(rec) f(rec.node_id) end"):gsub("lua_%w+", "lua")
        assert.equal(expected, (message('tracereel.fields("node_id", function(node) f(node) end)')
            :gsub("lua_%w+", "lua")))
        assert.matches("script.lua:2: no %(in node_done at wal_%d+.log offset %d+, node_done of trace ", expected)
        assert.matches("stack traceback", expected)
    end)

    it("is asked again by recovery with the records that its plan writes", function()
        local run = helper.run { "recover", helper.script [[
            local failed = {}
            return { api = 1,
                trace_failed = tracereel.fields("trace_id", "trace.status", function(id, status)
                    failed[id] = status
                end),
                recover = function(trace, default)
                    assert(not failed[trace.id])
                    return tracereel.fail("late")
                end }]], helper.log("orders") }
        assert.equal(0, run.status, run.stderr)
    end)
end)
