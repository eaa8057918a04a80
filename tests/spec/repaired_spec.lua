-- A plan for a log that was repaired since it was made: apply goes on where the journal and the original that was kept
-- prove that only what is torn was cut. So `apply --repair` that was interrupted in between can be given again.
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"

local given_up = 'return { api = 1, recover = function() return tracereel.fail("given up") end }'

local function apply(plan, directory, ...)
    return helper.run { "apply", plan, directory, ... }
end

describe("tracereel apply", function()
    after_each(helper.clean)

    -- A torn log, a plan for it, and the log repaired since.
    local function repaired_since(name, ...)
        local directory = files.copy(name)
        local plan = files.plan(directory, given_up)
        assert.truthy(helper.run({ "repair", "--yes", directory, ... }).status ~= 4)
        return plan, directory
    end

    it("accepts a plan made before a repair that cut only what was torn, and says so", function()
        for name, cut in pairs { ["torn-tail"] = 38, ["zero-tail"] = 4096, restarted = 46 } do
            local plan, directory = repaired_since(name)
            local result = apply(plan, directory)
            assert.are.equal(0, result.status, result.stderr)
            assert.truthy(result.stderr:find("log was repaired since the plan was made (at ", 1, true), result.stderr)
            assert.truthy(result.stderr:find(("the %d bytes that were cut held no record"):format(cut), 1, true))
            assert.are.same({}, files.views(directory))
            assert.are.equal(0, helper.run({ "undo", plan, directory }).status)
            assert.are.same(files.plan_views(plan, "before"), files.views(directory))
        end
    end)

    it("refuses a plan made before a repair that the journal and the original do not prove to be harmless", function()
        local segment = "wal_0000000000000002.log"
        for words, change in pairs {
            ["the journal is gone"] = function(directory)
                os.remove(directory .. "/tracereel.journal")
            end,
            ["the original is gone"] = function(directory)
                os.remove(directory .. "/" .. segment .. ".original")
            end,
            ["the original is another"] = function(directory)
                local path = directory .. "/" .. segment .. ".original"
                local bytes = helper.read(path)
                helper.write(path, bytes:sub(1, 300) .. "X" .. bytes:sub(302))
            end,
            ["the segment has grown"] = function(directory)
                local path = directory .. "/" .. segment
                helper.write(path, helper.read(path) .. helper.read(path):sub(-100))
            end,
            ["the journal names another cut"] = function(directory)
                local path = directory .. "/tracereel.journal"
                helper.write(path, (helper.read(path):gsub('"offset":%d+', '"offset":0')))
            end,
            ["more than what is torn was cut"] = function(directory)
                local path = directory .. "/tracereel.journal"
                helper.write(path, (helper.read(path):gsub("torn_tail", "corrupt")))
            end,
        } do
            local plan, directory = repaired_since("torn-tail")
            change(directory)
            local result = apply(plan, directory)
            assert.are.equal(6, result.status, words)
            assert.truthy(result.stderr:find("segment " .. segment .. " had 21996 bytes, and has 2", 1, true),
                words .. result.stderr)
        end
    end)

    it("refuses a plan made before corrupt stretches were cut", function()
        local plan, directory = repaired_since("garbage-middle", "--cut-corrupt")
        assert.truthy(apply(plan, directory).stderr:find("the log has changed since: segment", 1, true))
    end)
end)
