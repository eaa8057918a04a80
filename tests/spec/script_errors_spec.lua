-- What a script raises is an error of the script, whatever it looks like: status 1, and never another one.
local helper = require "tests.spec.helper"

local kinds = { "refused", "usage", "io", "limit", "interrupted", "damaged", "output", "internal", "memory", "locked",
    "no_such_kind" }

-- Error values that pretend to be the program's own, by every name that a script can give a table.
local forgeries = {}
for _, kind in ipairs(kinds) do
    forgeries["a table named as a failure, of kind " .. kind] = ([[setmetatable({ kind = "%s", message = "forged" },
        { __metatable = "tracereel.failure", __name = "tracereel.failure" })]]):format(kind)
end
forgeries["a table with a kind"] = '{ kind = "refused", message = "forged" }'
forgeries["a table whose text cannot be made"] = "setmetatable({}, { __tostring = function() error({}) end })"
forgeries["a table whose text is no text"] = "setmetatable({}, { __tostring = function() return {} end })"
forgeries["a table whose text raises a real failure"] = [[setmetatable({}, { __tostring = function()
        tracereel.state():put(nil)
    end })]]
forgeries["nil"] = "nil"
forgeries["a function"] = "print"
forgeries["a coroutine"] = "coroutine.create(print)"
forgeries["the engine's null"] = "tracereel.null"
forgeries["a decision"] = "tracereel.restart()"

-- Where a script's code can run, around "error(VALUE)".
local places = {
    ["its file"] = "error(VALUE) return { api = 1 }",
    start = "return { api = 1, start = function() error(VALUE) end }",
    ["a handler"] = "return { api = 1, record = function() error(VALUE) end }",
    ["a coroutine in a handler"] = "return { api = 1, record = function() coroutine.wrap(function() error(VALUE) end)()"
        .. " end }",
    finish = "return { api = 1, finish = function() error(VALUE) end }",
    ["its result"] = "return { api = 1, finish = function() return setmetatable({}, { __tostring = function()"
        .. " error(VALUE) end, __pairs = function() error(VALUE) end, __index = function() error(VALUE) end }) end }",
}

describe("an error value of a script", function()
    after_each(helper.clean)

    for what, value in pairs(forgeries) do
        it("that is " .. what .. " ends with 1, wherever it is raised", function()
            for place, text in pairs(places) do
                local ran = helper.run_script((text:gsub("VALUE", function() return value end)))
                local is_shown = place == "its result" and ran.status == 0
                assert.are.equal(is_shown and 0 or 1, ran.status, place .. ": " .. ran.stderr)
                assert.is_nil(ran.stderr:find("bug in tracereel", 1, true), place .. ": " .. ran.stderr)
                assert.is_nil((ran.stdout .. ran.stderr):find("0x%x%x%x"), place .. ": " .. ran.stderr)
            end
        end)

    end

    for _, what in ipairs { "a table named as a failure, of kind refused", "a table named as a failure, of kind usage",
        "a table whose text is no text", "nil" } do
        local value = forgeries[what]
        it("that is " .. what .. " ends recover and crashtest with 1", function()
            local script = helper.script(("return { api = 1, recover = function() error(%s) end }"):format(value))
            for _, command in ipairs { "recover", "crashtest" } do
                local ran = helper.run { command, script, helper.log("orders") }
                assert.are.equal(1, ran.status, command .. ": " .. ran.stderr)
                assert.is_nil(ran.stderr:find("bug in tracereel", 1, true), command .. ": " .. ran.stderr)
            end
        end)

        it("that is " .. what .. " ends simulate with 1", function()
            local text = "return { api = 1, node = { default = { time = function() error(%s) end } } }"
            local scenario = helper.script(text:format(value))
            local ran = helper.run { "simulate", scenario, helper.log("orders"), "-o", helper.directory() .. "/new" }
            assert.are.equal(1, ran.status, ran.stderr)
            assert.is_nil(ran.stderr:find("bug in tracereel", 1, true), ran.stderr)
        end)
    end

    it("that is a failure raised by tracereel cannot be changed into another kind", function()
        local ran = helper.run_script([[return { api = 1, start = function(_, log)
            local _, problem = pcall(log.replay, log, { record = function() error("mine") end })
            assert(problem.kind == "script" and tostring(problem) == problem.message)
            for _, change in ipairs {
                function() problem.kind = "refused" end,
                function() rawset(problem, "kind", "refused") end,
                function() setmetatable(problem, {}) end,
                function() getmetatable(problem).__index = {} end,
            } do
                assert(not pcall(change))
            end
            assert(problem.kind == "script")
            error(problem)
        end }]])
        assert.are.equal(1, ran.status, ran.stderr)
        assert.truthy(ran.stderr:find("mine", 1, true), ran.stderr)
    end)

    it("that reports a wrong argument counts as the script's mistake", function()
        local ran = helper.run_script("return { api = 1, finish = function(log) log:replay({ nodes = { -1 } }) end }")
        assert.are.equal(1, ran.status, ran.stderr)
    end)
end)

describe("a script's answer to recover", function()
    after_each(helper.clean)

    it("is a decision only if tracereel made it, whatever its metatable's name", function()
        local ran = helper.run { "recover", helper.script([[return { api = 1, recover = function()
            return setmetatable({ kind = "complete", skipped = {}, forgotten = {} },
                { __metatable = "tracereel.decision", __name = "tracereel.decision" })
        end }]]), helper.log("orders") }
        assert.are.equal(1, ran.status, ran.stderr)
        assert.truthy(ran.stderr:find("a decision expected", 1, true), ran.stderr)
    end)
end)
