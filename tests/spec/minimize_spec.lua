-- extract --minimize: the smallest log for which a script still fails.
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local smallest = require "tracereel.extract.smallest"

local function minimize(script, log, ...)
    local directory = helper.directory()
    return helper.run { "extract", log, "-o", directory, "--minimize", script, ... }, directory
end

local twice_failed = [[
    return { api = 1, summary = "no node fails twice", node_error = function(rec, trace)
        if trace and #trace.errors >= 2 and rec.node_id == 3 then
            error("two errors in " .. trace.id)
        end
    end }
]]

local function records_of(directory)
    local list = {}
    for rec in reel.open(directory):records() do
        list[#list + 1] = rec
    end
    return list
end

describe("delta debugging", function()
    it("finds the items that are needed, whichever they are, and no more", function()
        math.randomseed(33)
        for _ = 1, 200 do
            local items, needed, count = {}, {}, math.random(0, 40)
            for index = 1, count do
                items[index] = index
                if math.random(10) == 1 then
                    needed[#needed + 1] = index
                end
            end
            assert.same(needed, smallest.part(items, function(some)
                local found = {}
                for _, item in ipairs(some) do
                    found[item] = true
                end
                for _, item in ipairs(needed) do
                    if not found[item] then
                        return false
                    end
                end
                return true
            end))
        end
    end)
end)

describe("extract --minimize", function()
    after_each(helper.clean)

    it("leaves what the failure takes, and each record of it is needed", function()
        local script = helper.script(twice_failed)
        for _, name in ipairs { "orders", "lost-page" } do
            local result, directory = minimize(script, helper.log(name))
            assert.equal(0, result.status, result.stderr)
            assert.truthy(result.stdout:find("two errors in", 1, true), result.stdout)
            local records, types = records_of(directory), {}
            for index, rec in ipairs(records) do
                types[index] = rec.type
                assert.equal(records[1].trace_id, rec.trace_id)
            end
            assert.same({ "trace_start", "node_error", "node_error" }, types)
            assert.equal("sound", helper.run({ "check", "--json", directory }).stdout:match('"verdict":"(%a+)"'))
        end
    end)

    it("keeps damage that the script fails for", function()
        local script = helper.script [[
            return { api = 1, summary = "no open trace is tainted", finish = function(log)
                for _, trace in ipairs(log:traces()) do
                    assert(not trace.tainted, "tainted")
                end
            end }
        ]]
        local result, directory = minimize(script, helper.log("garbage-middle"))
        assert.equal(3, result.status, result.stderr)
        local records = records_of(directory)
        assert.same({ 1, "trace_start" }, { #records, records[1].type })
        assert.equal("damaged", helper.run({ "check", "--json", directory }).stdout:match('"verdict":"(%a+)"'))
    end)

    it("looks within the traces that are meant, and covers texts at the end", function()
        local script = helper.script(twice_failed)
        local _, directory = minimize(script, helper.log("orders"), "--where", "not open", "--redact",
            "errors,metadata")
        local records = records_of(directory)
        assert.equal(3, #records)
        assert.truthy(records[3].error_message:find("^x+ x+ x+ x+ x+$"))
        local outcome = helper.run({ "traces", "--json", "--where", ('id == "%s"'):format(records[1].trace_id),
            helper.log("orders") }).stdout:match('"outcome":"(%a+)"')
        assert.equal("complete", outcome)
    end)

    it("writes nothing where the script does not fail, cannot be loaded, or goes by covered texts", function()
        local directory = helper.directory()
        for text, message in pairs {
            ['return { api = 1, summary = "s", node_done = function() end }'] = "the script does not fail for",
            ["return {"] = "expected",
            [twice_failed:gsub("rec.node_id == 3", 'rec.error_message:find("attempt")')] = "does not fail as it did",
        } do
            local result = helper.run { "extract", helper.log("orders"), "-o", directory, "--redact", "errors",
                "--minimize", helper.script(text) }
            assert.is_true(result.status ~= 0)
            assert.truthy(result.stderr:find(message, 1, true), result.stderr)
            assert.equal("", (helper.shell("ls -A " .. directory)))
        end
    end)
end)
