-- Scripts and importers that call everything they have with values of every kind, and answer with, declare and raise
-- values of every kind, in the program and in a Lua with the module: what tests/fuzz/command_line_fuzz.lua asks of a
-- command holds of these, too, and no message names a line of the program's own.
--
--     FUZZ_BUILD=build/fuzz lua5.4 tests/fuzz/scripts_fuzz.lua [FINDING...]
package.path = "./?.lua;" .. package.path

local attempts = require "tests.fuzz.parts.attempts"
local campaign = require "tests.fuzz.parts.campaign"
local files = require "tests.fuzz.parts.files"
local random = require "tests.fuzz.parts.random"

local name = "scripts"
local all = attempts.new(name, 0.5)

-- The names of all methods and fields that the types declare.
local function api_names()
    local names, seen = {}, {}
    for _, directory in ipairs { "lua/tracereel/library", campaign.build .. "/lua/tracereel/library" } do
        for _, path in ipairs(files.below(directory)) do
            for line in files.read(directory .. "/" .. path):gmatch("[^\n]+") do
                local found = line:match("^%-%-%-@field ([%a_][%w_]*)") or line:match("^function [%w_]+[.:]([%w_]+)%(")
                if found and not seen[found] then
                    seen[found] = true
                    names[#names + 1] = ("%q"):format(found)
                end
            end
        end
    end
    return "return { " .. table.concat(names, ", ") .. " }\n"
end

local api_text = api_names()
local logs = { "tests/fixtures/logs/orders", "tests/fixtures/logs/orders", "tests/fixtures/logs/restarted",
    "tests/fixtures/logs/short-record", "tests/fixtures/logs/bad-type", "tests/fixtures/logs-engine/wait-min/log",
    "tests/fixtures/logs/snapshot", "tests/fixtures/logs/missing-segment" }
local handlers = { "trace_start", "node_start", "node_done", "node_error", "trace_complete", "trace_failed",
    "trace_suspended", "trace_resumed", "checkpoint", "loop_iteration", "loop_exit", "record", "gap", "violation",
    "tick", "start", "merge", "check" }

-- Declarations as a script may write them, right and wrong.
local odd_values = { "nil", "0", "-1", "1e308", "0/0", "1/0", "''", "'\\0'", "'x'", "'1s'", "{}", "{ 1, 2 }", "true",
    "print", "setmetatable({}, { __index = function() error({}) end })", "math.mininteger", "('x'):rep(70000)",
    "tracereel.null", "tracereel.timing()", "{ a = {} }", "coroutine.create(print)", "'node_done'", "2^53", "0.5",
    "setmetatable({ 'x' }, { __tostring = function() return 7 end })" }

local function declaration()
    local parts = {}
    for _, key in ipairs { "type", "default", "choices", "min", "max", "help", "required" } do
        if random.chance(0.4) then
            local kind = ("'%s'"):format(random.one({ "number", "integer", "string", "boolean", "duration" }))
            local value = key == "type" and random.chance(0.8) and kind
                or key == "choices" and random.chance(0.7) and ("{ %s, %s }"):format(random.one(odd_values),
                    random.one(odd_values)) or random.one(odd_values)
            parts[#parts + 1] = key .. " = " .. value
        end
    end
    return "{ " .. table.concat(parts, ", ") .. " }"
end

-- Fields and values of aggregates, mostly such that some record has them.
local field_names = { "'type'", "'node_id'", "'trace_id'", "'timestamp_ns'", "'error_message'", "'segment'",
    "'suspect'", "'trace.status'", "'trace.open'", "'trace.name'", "'trace.held'", "'trace.nodes'",
    "'node.duration_ns'", "'node.error'", "'node.instance'", "'code'", "'x'" }
local field_values = { "'node_done'", "'running'", "3", "true", "false", "{ 3, 4 }", "{ 'node_done', 'node_error' }",
    "{ min = 1 }", "{ min = 0, max = 1 << 40 }", "'3d3a54fc-9c04-448d-a925-81f425329bea'" }

local function some_field()
    return random.one(random.chance(0.1) and odd_values or field_names)
end

-- Arguments of `declared`, below.
local function aggregate()
    local conditions = {}
    for index = 1, random.one({ 0, 1, 1, 2 }) do
        local value = random.one(random.chance(0.2) and odd_values or field_values)
        conditions[index] = ("[%s] = %s"):format(random.one(field_names), value)
    end
    local form = random.one({ "count_by", "sum_by", "histogram_by", "top_by", "first_by", "last_by" })
    local value = form == "count_by" and "nil"
        or form:find("sum") and some_field() or form:find("histogram") and "'node.duration_ns'"
        or ("{ %s, %s }"):format(some_field(), some_field())
    local count = form == "top_by" and random.one({ 1, 2, 0, 1000 }) or "nil"
    return ("declared('%s', { key = { %s, %s }, value = %s, where = { %s }, count = %s })"):format(form, some_field(),
        some_field(), value, table.concat(conditions, ", "), count)
end

local head_form = [[
local draws = require('probe').new(%d, _G)
local calls = 0
local function declared(form, what)
    local is_right, one = pcall(tracereel[form], what)
    return is_right and one or nil
end
return {
    api = 1,
    every = '%s',]]

local handler_form = [[
    %s = function(...)
        calls = calls + 1
        draws:keep((select(draws:draw(2), ...)))
        if calls < 60 then
            draws:some(%d)
        end
        if draws:draw(%d) == 1 then
            error(draws:value(), draws:draw(3) - 1)
        end
        return draws:value()
    end,]]

local recover_form = [[
    recover = function(trace, default)
        calls = calls + 1
        draws:keep(trace)
        draws:keep(default)
        draws:some(calls < 40 and 4 or 0)
        if draws:draw(%d) > 1 then
            return draws:one({ default, tracereel.hold("x"), tracereel.complete(), tracereel.fail("x"),
                default:rerun({}) })
        end
        return draws:value()
    end,]]

local finish_form = [[
    finish = function(log, aggregated)
        draws:keep(log)
        draws:keep(aggregated)
        draws:some(60)
        return draws:value()
    end,]]

local function script_text()
    local lines = { head_form:format(math.random(1, 1 << 30), random.one({ "100ms", "1s", "1h" })) }
    for _, handler in ipairs(handlers) do
        if random.chance(0.3) then
            lines[#lines + 1] = handler_form:format(handler, math.random(0, 6), random.one({ 40, 1000, 1000, 100000 }))
        end
    end
    lines[#lines + 1] = recover_form:format(random.one({ 2, 8, 1000 }))
    lines[#lines + 1] = finish_form
    if random.chance(0.5) then
        lines[#lines + 1] = ("    aggregates = { a = %s, b = %s },"):format(aggregate(), aggregate())
    end
    if random.chance(0.3) then
        lines[#lines + 1] = ("    args = { a = %s, b = %s },"):format(declaration(), declaration())
    end
    if random.chance(0.1) then
        lines[#lines + 1] = ("    %s = %s,"):format(random.one({ "types", "nodes", "traces", "since_ns",
            "until_ns", "every", "timing", "summary", "api", "record", "x" }), random.one(odd_values))
    end
    lines[#lines + 1] = "}\n"
    return table.concat(lines, "\n")
end

-- A scenario whose functions answer with anything.
local scenario_form = [[
local draws = require('probe').new(%d, _G)
local function any(...)
    draws:keep((select(draws:draw(3), ...)))
    draws:some(1)
    return draws:draw(%d) == 1 and draws:value() or %s
end
return { %s }
]]

local scenario_parts = { "node = { [3] = { time = any } }", "node = { [3] = { fail = any } }",
    "suspension = { [4] = { time = any } }", "loop = { [3] = { iterations = any } }", "on_event = any", "goal = any",
    "start = any", "node = { default = { time = any, fail = any, retry = { max = 2 } } }", "traces = 20",
    "arrivals = { rate = draws:value() }", "node = draws:value()", "limits = draws:value()", "flow = draws:value()",
    "crash = draws:value()", "damage = draws:value()", "faults = draws:value()", "seed = draws:value()",
    "args = any()" }

local function scenario_text()
    local parts = {}
    for index = 1, random.one({ 1, 2, 3 }) do
        parts[index] = random.one(scenario_parts)
    end
    return scenario_form:format(math.random(1, 1 << 30), random.one({ 1, 10, 100 }),
        random.one({ "nil", "1000", "true" }), table.concat(parts, ", "))
end

-- An importer whose fields are right mostly, and anything otherwise.
local importer_form = [[
local draws = require('probe').new(%d, _G)
local function any(value)
    return draws:draw(%d) == 1 and draws:value() or value
end
local methods = { "start", "done", "error", "attempt", "wait", "resume", "iteration", "exit", "close" }
local function fields(number)
    local given = { at = any(number * 1000 + draws:draw(900)) }
    for _, one in ipairs {
        { "instance", "i" .. draws:draw(3) }, { "after", { "a", "b" } }, { "resource", "r" }, { "scheduled", number },
        { "attempt", draws:draw(4) }, { "metadata", { a = draws:draw(9) } }, { "duration", 500 }, { "error", "no" },
        { "kind", "timer" }, { "iteration", draws:draw(3) }, { "until", number },
    } do
        if draws:draw(4) == 1 then
            given[one[1] ] = any(one[2])
        end
    end
    return given
end
local function import(input, out)
    for _, value in ipairs { input, out, tracereel } do
        draws:keep(value)
    end
    local traces = {}
    for number = 1, 30 do
        local made, trace = pcall(out.trace, out, any { id = any("t" .. draws:draw(9)), name = any "flow",
            metadata = any { a = number }, parent = traces[draws:draw(90)] })
        if made then
            draws:keep(trace)
            traces[#traces + 1] = trace
        end
        for _ = 1, 4 do
            pcall(function()
                local one, method = draws:one(traces), draws:one(methods)
                return one[method](one, any(method == "close" and "complete" or draws:one { "a", "b", "c" }),
                    any(fields(number)))
            end)
        end
    end
    pcall(out.flow, out, any { name = any "f", nodes = any { a = any { after = any { "b" } } },
        pools = any { p = any { nodes = any { "a" }, capacity = any(2) } } })
    draws:some(%d)
    if draws:draw(%d) == 1 then
        error(draws:value(), draws:draw(3) - 1)
    end
    return draws:value()
end
return { api = 1, import = import, %s }
]]

local importer_parts = { "", "", "finish = function(...) draws:keep((...)); draws:some(20) end",
    "finish = function() error(draws:value()) end", "args = { a = { type = 'number', default = 1 } }",
    "args = draws:value()", "summary = draws:value()", "extensions = draws:value()", "detect = draws:value()",
    "detect = function() return draws:value() end", "x = 1" }

local function importer_text()
    return importer_form:format(math.random(1, 1 << 30), random.one({ 20, 200, 100000 }), random.one({ 0, 20, 60 }),
        random.one({ 2, 20, 1000 }), random.one(importer_parts))
end

local debugger_words = { "print", "print", "watch", "break", "goto", "next", "node" }
local debugger_forms = { "rec", "trace", "log", "rec.type", "trace:node(%s)", "log:traces()", "error(%s)", "%s",
    "rec[%s]", "trace[%s]", "log:pick(%s)", "tracereel.json(%s)", "tracereel.duration(%s)", "string.rep('x', 1e5)",
    "setmetatable({}, { __tostring = function() error(%s) end })", "coroutine.wrap(function() error(%s) end)()" }

-- Lines for a debugger that evaluates expressions.
local function debugger_text()
    local told = {}
    for index = 1, 30 do
        local form = random.one(debugger_forms):gsub("%%s", function()
            return random.one(odd_values)
        end)
        told[index] = random.one(debugger_words) .. " " .. form
    end
    return table.concat(told, "\n") .. "\n"
end

-- What an importer may read.
local recordings = { "", "a,b\n1,2\n", '{"a":[1,{"b":null}]}\n', "[1]\n[2]\n", "<a><b c='d'/>e</a>", "\0\255", '"',
    ("["):rep(3000), "a\r\nb", "a,b\n\"x" }

local commands = {
    { "run", "case.lua", "wal" },
    { "run", "--json", "case.lua", "wal" },
    { "run", "case.lua", "wal", "wal", "-a", "a=1" },
    { "recover", "case.lua", "wal", "-o", "plan.json" },
    { "recover", "case.lua", "wal", "--keep-going", "--json" },
    { "crashtest", "case.lua", "wal" },
    { "crashtest", "case.lua", "wal", "--json" },
    { "simulate", "scenario.lua", "wal", "-o", "out/new" },
    { "simulate", "scenario.lua", "wal", "--explore", "--budget", "50" },
    { "debug", "wal", "--max-memory=100MiB" },
    { "import", "--from=importer.lua", "recorded", "-o", "out/imported" },
    { "import", "--from=importer.lua", "recorded", "-o", "out/imported", "--strict", "--json" },
    { "plain" },
    { "plain" },
}

local function command()
    local chosen = random.one(commands)
    local words = { chosen[1], chosen[1] == "plain" and tostring(math.random(1, 1 << 30)) or "--max-time=6s" }
    return table.move(chosen, 2, #chosen, 3, words)
end

local function try_case()
    local directory = all:clear()
    files.shell(("mkdir %s/out && cp -R %s %s/wal && cd tests/fuzz/parts && cp probe.lua plain.lua %s"):format(
        directory, random.one(logs), directory, directory))
    files.write(directory .. "/api.lua", api_text)
    files.write(directory .. "/case.lua", script_text())
    files.write(directory .. "/scenario.lua", scenario_text())
    files.write(directory .. "/importer.lua", importer_text())
    files.write(directory .. "/recorded", random.one(recordings))
    files.write(directory .. "/input", debugger_text())
    for _ = 1, 3 do
        local words = command()
        local status = all:try(words)
        if words[1] == "import" and status == 0 then
            all:try({ "check", "out/imported" }, 0)
        end
    end
end

campaign.run(name, all, try_case)
