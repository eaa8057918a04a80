-- What a script's file must be, and that the Lua side works in plain Lua as well.
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"
local reel = require "tracereel"

describe("a script's file", function()
    after_each(helper.clean)

    local wrong = {
        { "return 5", "a script returns a table of handlers; this file returned a number" },
        { "return {}", "api = 1 expected, got nil" },
        { "return { api = 2 }", "api = 1 expected, got 2" },
        { "return { api = 1, node_finished = function() end }", "unknown key node_finished; known are aggregates, " },
        { "return { api = 1, node_done = 5 }", "node_done: a function expected, got a number" },
        { "return { api = 1, summary = {} }", "summary: a string expected, got a table" },
        { "return { api = 1, tick = function() end }", "tick needs `every`" },
        { "return { api = 1, args = { limit = 5 } }", "args.limit: a table expected" },
        { "return { api = 1, args = { limit = { typ = 'number' } } }", "args.limit: unknown key typ; known are" },
        { "return { api = 1, args = { limit = { type = 'float' } } }", "args.limit: unknown type float; known" },
        { "return { api = 1, args = { limit = { type = 'duration', default = 'x' } } }", "args.limit.default: \"x\"" },
        { "return setmetatable({ api = 1 }, { __pairs = error })", "a table without a metatable expected" },
        { "return { api = 1, args = setmetatable({}, {}) }", "args: a table without a metatable expected" },
        { "return { api = 1", "script.lua:1: " },
        { "return { api = 1, every = 'soon', tick = function() end }", "soon" },
        { "return { api = 1, types = 'node_finished', record = function() end }", "node_finished" },
    }
    for _, case in ipairs(wrong) do
        it("with a mistake is refused: " .. case[1], function()
            local result = helper.run_script(case[1])
            assert.are.equal(1, result.status)
            assert.are.equal("", result.stdout)
            assert.truthy(result.stderr:find(case[2], 1, true), result.stderr)
            assert.truthy(result.stderr:find("script", 1, true))
        end)
    end

    it("may begin with a line for the shell", function()
        local result = helper.run_script("#!/usr/bin/env -S tracereel run\nreturn { api = 1,\nfinish = error }")
        assert.are.equal(1, result.status)
        assert.truthy(result.stderr:find("(in finish)", 1, true))
        result = helper.run_script("#!/bin/true\nreturn { api = 1, finish = function() return 1 end }")
        assert.are.equal("1\n", result.stdout)
    end)

    it("can be run by another Lua program with arguments, and asked for its decisions", function()
        local path = helper.script([[
            local by, started = nil, 0
            return { api = 1, args = { by = { type = "duration", default = "2ns" } },
                start = function(args) by = args.by end,
                trace_start = function() started = started + 1 end,
                finish = function() return { by, started, io == nil } end,
                recover = function(trace, default)
                    return trace.status == "running" and tracereel.fail("after " .. by) or default
                end }]], "counting")
        local expected = 0
        for _, record in ipairs(helper.expected("orders", "records")) do
            expected = expected + (record.type == "trace_start" and 1 or 0)
        end
        local log = reel.open(helper.log("orders"))
        local counting = reel.script(path, { by = "3ms" })
        assert.are.equal("counting", counting.name)
        assert.are.same({ 3000000, expected, true }, counting:run(log))
        assert.are.same({ 5, expected, true }, reel.script(path, { by = 5 }):run(reel.open(helper.log("orders"))))
        local kinds = {}
        for _, trace in ipairs(log:traces()) do
            local chosen = counting:recover(trace)
            kinds[chosen.kind] = (kinds[chosen.kind] or 0) + 1
            assert.is_true(chosen.kind ~= "fail" or chosen.reason == "after 3000000")
        end
        assert.are.same({ fail = 5, default = 7 }, kinds) -- 5 run and 7 are suspended at the log's end
        assert.has_error(function() reel.script(path, { bye = 1 }) end)
        assert.has_error(function() reel.script(path .. ".missing") end)
    end)

    it("is not asked by another Lua program about traces that go on by another engine's rule", function()
        local log = importing.log(importing.importer_doing([[
            out:origin { rule = "other" }
            out:trace { id = "t" }:start("a", { at = 1 })
        ]]), "")
        local path = helper.script("return { api = 1, recover = function(_, default) return default end }")
        local one, opened = reel.script(path), reel.open(log)
        one:run(opened)
        local trace = opened:traces()[1]
        local asked, problem = pcall(one.recover, one, trace)
        assert.is_false(asked)
        assert.are.equal("refused", problem.kind)
        assert.truthy(problem.message:find(log .. ': its traces go on by the rule "other"', 1, true), problem.message)
        assert.are.equal("fail", one:recover(trace, reel.fail("no")).kind)
        one:run(reel.open(helper.log("orders")))
        assert.are.equal("default", one:recover(reel.open(helper.log("orders")):traces()[1]).kind)
    end)

    it("can be loaded, checked and run from plain lua5.4", function()
        local path = helper.script("local n = 0 return { api = 1, summary = 's',"
            .. " args = { by = { type = 'integer', default = 2 } }, start = function(args) n = args.by end,"
            .. " finish = function() return n end }")
        local program = ([[
            local script, reel = require "tracereel.script", require "tracereel"
            local one = script.load(%q)
            local log = reel.open(%q)
            one:start({}, log)
            log:replay(one:handlers())
            print(one.name, one.summary, one:finish(log))
        ]]):format(path, helper.log("orders"))
        local text = helper.shell("lua5.4 -e " .. helper.quote(program) .. " 2>&1")
        assert.are.equal("script\ts\t2\n", text)
    end)
end)
