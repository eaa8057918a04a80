-- What a script's file must be, and that the Lua side works in plain Lua as well.
local helper = require "tests.spec.helper"

describe("a script's file", function()
    after_each(helper.clean)

    local wrong = {
        { "return 5", "a script returns a table of handlers; this file returned a number" },
        { "return {}", "api = 1 expected, got nil" },
        { "return { api = 2 }", "api = 1 expected, got 2" },
        { "return { api = 1, node_finished = function() end }", "unknown key node_finished; known are api, args, " },
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
        it("is refused where it is wrong: " .. case[1], function()
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
