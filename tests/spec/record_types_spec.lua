-- A type of record that only the table of types and its rule know: added to a copy of the tree, which is built, and
-- shown to every command. Held against the program and the log without it.
local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local new_type, new_node, new_metadata = "node_annotation_added", 77, '{"note":"by hand"}'

local plain_program = helper.program
local copy, plain_log, log, added_count -- directories; how many records of the type there are

-- Appends a row to the X-macro of that name, whose rows end in backslashes but for the last.
local function add_row(path, macro, row)
    local text = helper.read(path)
    local first, last = text:find("#define " .. macro .. "%(X%)[ ]+\\\n.-[^\\]\n")
    local rows = assert(first and text:sub(first, last - 1), macro)
    helper.write(path, text:sub(1, first - 1) .. rows .. " \\\n    " .. row .. "\n" .. text:sub(last + 1))
end

local function make(target)
    return helper.shell(("env -u MAKEFLAGS -u MAKELEVEL -u LD_PRELOAD make -C %s --silent -j2 LTO_CFLAGS= CFLAGS=-O0 "
        .. "%s 2>&1"):format(copy, target))
end

local function build_copy()
    copy = helper.directory()
    helper.shell(("cp -r Makefile tools include src lua tracereel.pc.in %s"):format(copy))
    add_row(copy .. "/include/tracereel/record.h", "TR_RECORD_TYPES",
        ("X(%d, NODE_ANNOTATION_ADDED, %s, TR_HAS_TRACE | TR_HAS_NODE | TR_HAS_METADATA)"):format(#reel.types,
            new_type))
    local without_rule = make("build/obj/src/trace/transition.o")
    add_row(copy .. "/src/trace/transition_rules.h", "TRACE_RULES",
        "X(NODE_ANNOTATION_ADDED, RUNNING, SUSPENDED, NO_EVENT, false, 0, 0)")
    local text, status = make("build/tracereel build/lua/tracereel/library/record_types.d.lua")
    assert(status == 0, text)
    return without_rule
end

-- The log "orders", and the same with a record of the new type after every fifth of an open trace, and after each that
-- suspends one.
local function write_logs()
    plain_log, log, added_count = helper.directory(), helper.directory(), 0
    record_bytes.types[new_type] = #reel.types
    local plain, annotated, number = {}, {}, 0
    for rec, trace in reel.open(helper.log("orders")):records() do
        plain[#plain + 1], annotated[#annotated + 1] = rec:bytes(), rec:bytes()
        number = number + 1
        if trace and trace.open and (number % 5 == 0 or rec.type == "trace_suspended") then
            annotated[#annotated + 1] = { type = new_type, trace_id = rec.trace_id, node_id = new_node,
                timestamp_ns = rec.timestamp_ns, metadata = new_metadata }
            added_count = added_count + 1
        end
    end
    record_bytes.write_log(plain_log, plain)
    record_bytes.write_log(log, annotated)
    record_bytes.types[new_type] = nil
end

-- What the new program says of the log with the type, where it succeeds as the other one does without.
local function run(words, options)
    local arguments = {}
    for index, word in ipairs(words) do
        arguments[index] = word == "LOG" and log or word
    end
    helper.program = copy .. "/build/tracereel"
    local called, result = pcall(helper.run, arguments, options)
    helper.program = plain_program
    assert(called, result)
    return result
end

local function run_plain(words, options)
    local arguments = {}
    for index, word in ipairs(words) do
        arguments[index] = word == "LOG" and plain_log or word
    end
    return helper.run(arguments, options)
end

-- Where records are, and how many there are, is different.
local function without_places(text)
    return (text:gsub(log, "LOG"):gsub(plain_log, "LOG"):gsub("%d+ records?", "N records")
        :gsub("%d+ bytes;", "N bytes;"):gsub("records +%d+", "records N"):gsub('("[%w_.]*record[%w_]*"):%d+', "%1:N")
        :gsub('("[%w_.]*offset"):%d+', "%1:N"):gsub('("[%w_.]*bytes"):%d+', "%1:N")
        :gsub('("tracereel.records","value":{"intValue":)"%d+"', "%1N"))
end

local function lines_with(text, part)
    local kept, others = {}, {}
    for line in text:gmatch("[^\n]*\n") do
        local list = line:find(part, 1, true) and kept or others
        list[#list + 1] = line
    end
    return kept, table.concat(others)
end

local script = [[
    local count, by_filter = 0, 0
    return {
        api = 1,
        ]] .. new_type .. [[ = function(rec, trace)
            count = count + (trace.open and rec.node_id == 77 and 1 or 0)
        end,
        finish = function() return ("%d of type %s"):format(count, tracereel.types[#tracereel.types]) end,
    }]]

describe("a record type that is only in the table", function()
    local without_rule

    setup(function()
        without_rule = build_copy()
        write_logs()
    end)
    teardown(function()
        helper.program = plain_program
        helper.clean()
    end)

    it("that is new does not compile without a rule for the state of a trace", function()
        assert.matches("TRACE_RULES has no row for NODE_ANNOTATION_ADDED", without_rule)
    end)

    it("is kept and shown by dump, in each of its forms", function()
        local plain = run_plain { "dump", "--json", "LOG" }.stdout
        local added, others = lines_with(run({ "dump", "--json", "LOG" }).stdout, new_type)
        assert.are.equal(added_count, #added)
        assert.are.equal(plain, others)
        added = lines_with(run({ "dump", "LOG" }).stdout, new_type)
        assert.are.equal(added_count, #added)
        assert.matches(new_type .. "  77 %x+ {\"note\":\"by hand\"}", added[1])
        added = lines_with(run({ "dump", "--full", "LOG" }).stdout, new_type)
        assert.matches(new_type .. " 77 [%x-]+ metadata={", added[1])
        assert.are.equal(added_count, #lines_with(run({ "dump", "--json", "--type", new_type, "LOG" }).stdout, "\n"))
        assert.are.equal(added_count, #lines_with(run({ "dump", "--json", "--node", "77", "LOG" }).stdout, new_type))
        local stats = helper.objects(run({ "dump", "--stats", "--json", "LOG" }).stdout)[1]
        assert.are.equal("#" .. added_count, stats.types[new_type])
        assert.are.equal("#" .. added_count, stats.nodes["77"])
    end)

    it("leaves a suspended trace suspended, and the state of every trace as it was", function()
        for _, words in ipairs { { "traces", "--json", "LOG" }, { "traces", "--open", "--json", "LOG" } } do
            local plain, result = run_plain(words), run(words)
            assert.are.equal(plain.status, result.status)
            assert.are.equal(without_places(plain.stdout), without_places(result.stdout))
        end
        assert.matches('"suspended"', run({ "traces", "--open", "--json", "LOG" }).stdout)
    end)

    it("is shown as a line of its own by show and debug", function()
        local added = helper.objects(run({ "dump", "--json", "--type", new_type, "LOG" }).stdout)
        local id = added[1].trace_id
        local shown, others = lines_with(run({ "show", id, "LOG" }).stdout, new_type)
        assert.is_true(#shown > 0)
        assert.matches(new_type .. " of node 77: {\"note\":\"by hand\"}\n", shown[1])
        assert.are.equal(without_places(run_plain { "show", id, "LOG" }.stdout), without_places(others))
        local debugged = run({ "debug", "LOG", id }, { stdin = ("next\n"):rep(20) })
        assert.matches(new_type .. " node 77 trace " .. id:sub(1, 8) .. ' {"note":"by hand"}\n', debugged.stdout)
        assert.are.equal("", debugged.stderr)
    end)

    it("gets a handler, and is counted by the starter script of `run --new`", function()
        assert.are.equal(("%d of type %s\n"):format(added_count, new_type),
            run({ "run", helper.script(script), "LOG" }).stdout)
        local path = helper.directory() .. "/new.lua"
        assert.are.equal(0, run({ "run", "--new", path, "LOG" }).status)
        assert.matches("    %-%- rec.node_id, rec.metadata\n    " .. new_type .. " = function%(rec%)",
            helper.read(path))
        assert.matches(("%s +%d\n"):format(new_type, added_count), run({ "run", path, "LOG" }).stdout)
    end)

    it("changes no result of the commands that count, time, decide and check", function()
        local judged = helper.script("return { api = 1, recover = function(_, default) return default end }")
        for _, words in ipairs {
            { "check", "LOG" }, { "timing", "--json", "LOG" }, { "flow", "LOG" }, { "recover", "--json", "LOG" },
            { "recover", "safe_start", "--json", "LOG" }, { "run", "errors", "LOG" }, { "run", "node_times", "LOG" },
            { "run", "throughput", "LOG" }, { "export", "--format", "jsonl", "LOG" },
            { "export", "--format", "chrome", "LOG" }, { "export", "--format", "otlp", "LOG" },
            { "export", "--format", "folded", "LOG" },
        } do
            local name, plain, result = table.concat(words, " "), run_plain(words), run(words)
            assert.are.equal(plain.status, result.status, name)
            assert.are.equal(without_places(plain.stdout), without_places(result.stdout), name)
        end
        local tested = run { "crashtest", "--once", "77", judged, "LOG" }
        assert.are.equal("", tested.stderr)
        assert.are.equal(run_plain({ "crashtest", "--once", "77", judged, "LOG" }).status, tested.status)
    end)

    it("is kept in a simulated log, unchanged under an empty scenario, and delays nothing", function()
        local empty = helper.script("return {}", "scenario")
        local out = helper.directory()
        local result = run { "simulate", empty, "LOG", "-o", out .. "/same" }
        assert.are.equal(0, result.status, result.stderr)
        local first = "/wal_0000000000000000.log"
        assert.are.equal(helper.read(log .. first), helper.read(out .. "/same" .. first))
        local slow = helper.script("return { limits = { nodes = 3 }, node = { [3] = { time = 2.5 } } }", "scenario")
        assert.are.equal(0, run({ "simulate", slow, "LOG", "-o", out .. "/slow" }).status)
        assert.are.equal(0, run_plain({ "simulate", slow, "LOG", "-o", out .. "/plain" }).status)
        local added, others = lines_with(run({ "dump", "--json", out .. "/slow" }).stdout, new_type)
        assert.are.equal(added_count, #added)
        assert.are.equal(helper.run({ "dump", "--json", out .. "/plain" }).stdout, others)
    end)

    it("is kept by a plan and its undo", function()
        local plan = helper.directory() .. "/plan.json"
        for _, words in ipairs { { "recover", "give_up_errors", "LOG", "-o", plan }, { "apply", plan, "LOG" },
            { "undo", plan, "LOG" } } do
            local result = run(words)
            assert.are.equal(0, result.status, table.concat(words, " ") .. ": " .. result.stderr)
        end
        assert.are.equal(added_count, #lines_with(run({ "dump", "--json", "LOG" }).stdout, new_type))
    end)

    it("is in the annotations for editors", function()
        local text = helper.read(copy .. "/build/lua/tracereel/library/record_types.d.lua")
        assert.matches("%-%-%-@field " .. new_type .. "%? %(fun%(rec", text)
        assert.matches("%-%-%-@field " .. new_type .. " tracereel.times times by node", text)
    end)
end)
