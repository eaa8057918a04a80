-- When Lua closes it runs finalizers, the latest object's first. One that was made before a log, a state and so on is
-- finalized after them, and may still look at them: they then say that they are gone.
local helper = require "tests.spec.helper"

-- Each is made, and looked at by a finalizer that runs after its own.
local objects = {
    ["a log's statistics"] = { "reel.open(path):replay {}", "it:stats()" },
    ["a log's gaps"] = { "reel.open(path):replay {}", "it:gaps()" },
    ["a log's segments"] = { "reel.open(path)", "it.segments" },
    ["a log's position"] = { "reel.open(path)", "it:position()" },
    ["a log's traces"] = { "reel.open(path):replay {}", "it:traces()" },
    ["a log that was not read"] = { "reel.open(path)", "it:replay {}" },
    ["a history"] = { "reel.open(path):history()", "it:life(1)" },
    ["a history's length"] = { "reel.open(path):history()", "#it" },
    ["a future"] = { "reel.open(path):history():future(1)", "it.record_count" },
    ["a future's records"] = { "reel.open(path):history():future(1)", "it:records()" },
    ["times"] = { "reel.open(path):history():future(1).node_done", "it[1]" },
    ["a state"] = { "reel.state()", "it:traces()" },
    ["a state's words"] = { "reel.state()", "tostring(it)" },
    ["a histogram"] = { "reel.histogram()", "it:quantile(0.5)" },
    ["a timing"] = { "reel.timing()", "it:report()" },
}

describe("while the Lua state closes", function()
    for name, texts in pairs(objects) do
        it(name .. " that is used raises an error that it was finalized", function()
            local program = ([[
                local reel, path, it = require "tracereel", %q, nil
                kept = setmetatable({}, { __gc = function() print(pcall(function() return %s end)) end })
                it = %s]]):format(helper.log("orders"), texts[2], texts[1])
            local answer, status = helper.shell("lua5.4 -e " .. helper.quote(program) .. " 2>&1")
            assert.are.equal(0, status)
            assert.truthy(answer:find("^false\t.* was finalized"), answer)
        end)
    end

    it("a loop over log:records ends", function()
        local program = ([[
            local reel, pull = require "tracereel", nil
            kept = setmetatable({}, { __gc = function() print(pcall(function() return pull() end)) end })
            pull = reel.open(%q):records()
            pull()]]):format(helper.log("orders"))
        assert.are.equal("true\n", (helper.shell("lua5.4 -e " .. helper.quote(program) .. " 2>&1")))
    end)
end)
