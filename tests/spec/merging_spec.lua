-- Results of parts that are put together: tracereel.merge, and every script that says it can.
local helper = require "tests.spec.helper"
local runner = require "tracereel.script.runner"
local script = require "tracereel.script"
local tracereel = require "tracereel"

local merge = tracereel.merge

describe("tracereel.merge", function()
    it("adds numbers, also in tables that have other keys", function()
        assert.are.equal(7, merge.sum(3, 4))
        assert.are.same({ a = 3, b = { x = 7, y = 1 }, c = 9 },
            merge.sum({ a = 1, b = { x = 3 } }, { a = 2, b = { x = 4, y = 1 }, c = 9 }))
        assert.are.equal("integer", math.type(merge.sum(1 << 53, 1)))
        assert.are.equal((1 << 53) + 1, merge.sum(1 << 53, 1))
    end)

    it("puts lists one after the other", function()
        assert.are.same({ 1, 2, 2, 3 }, merge.list({ 1, 2 }, { 2, 3 }))
        assert.are.same({}, merge.list({}, {}))
    end)

    it("keeps the first ones of two lists in which the largest come first", function()
        assert.are.same({ 9, 7, 6 }, merge.top(3)({ 9, 6, 5 }, { 7, 4 }))
        assert.are.same({ 9, 7, 6, 5, 4 }, merge.top(9)({ 9, 6, 5 }, { 7, 4 }))
        assert.are.same({}, merge.top(0)({ 1 }, { 2 }))
        local by_time = merge.top(3, "ns")
        assert.are.same({ { ns = 4, of = "b" }, { ns = 3, of = "a" }, { ns = 3, of = "b" } },
            by_time({ { ns = 3, of = "a" } }, { { ns = 4, of = "b" }, { ns = 3, of = "b" }, { ns = 1 } }))
    end)

    it("adds histograms and timings", function()
        local a, b = tracereel.histogram(), tracereel.histogram()
        a:add(3)
        b:add(5, 2)
        local both = merge.by_key(merge.histogram)({ [1] = a }, { [1] = b, [2] = b })
        assert.are.same({ 3, 2 }, { both[1].count, both[2].count })
        local timing = tracereel.timing()
        tracereel.open(helper.log("orders")):replay { timing = timing }
        local once = timing:report().nodes[1].count
        assert.are.equal(once, merge.timing(tracereel.timing(), timing):report().nodes[1].count)
    end)

    it("leaves what is there as it is where the other one is not", function()
        for _, one in ipairs { merge.sum, merge.list, merge.top(3), merge.histogram, merge.timing,
            merge.by_key(merge.sum) } do
            local value = {}
            assert.are.equal(value, one(value, nil))
            assert.are.equal(value, one(nil, value))
            assert.is_nil(one(nil, nil))
        end
    end)

    it("says what it expected", function()
        assert.has_error(function()
            merge.sum("1", 2)
        end, "merge.sum: a number, or a table of numbers as the other is expected, got \"1\"")
        assert.has_error(function()
            merge.histogram(tracereel.histogram(), {})
        end, "merge.histogram: a tracereel.histogram expected, got a table")
        assert.has_error(function()
            merge.list({}, 1)
        end, "merge.list: a table expected, got 1")
        assert.has_error(function()
            merge.by_key(3)
        end, "merge.by_key: a function expected, got 3")
        assert.has_error(function()
            merge.top(-1)
        end, "merge.top: how many, from 0, expected, got -1")
    end)

    it("is each script's own in the sandbox: what one changes does not reach another", function()
        local first = helper.script([[tracereel.merge.sum = 1 return { api = 1 }]], "first.lua")
        local second = helper.script([[
            return { api = 1, finish = function() return tracereel.merge.sum(20, 3) end }]], "second.lua")
        assert.are.equal("23\n", helper.run({ "run", first, second, helper.log("orders") }).stdout:match("[^\n]*\n$"))
    end)
end)

local function paths_of(pattern)
    local paths = {}
    for path in helper.shell("ls " .. pattern):gmatch("[^\n]+") do
        paths[#paths + 1] = path
    end
    return paths
end

-- The result of a script on a log or on a shard of it, as it is merged: before `show`.
local function result_of(path, log, given, shard)
    local one = script.load(path)
    return runner.replay({ one }, tracereel.open(log, { shard = shard }), given, {})[1], one
end

local function shown(one, result, given)
    return tracereel.json(one:shown(result, given) or tracereel.null)
end

local function parts_of(path, log, given, count)
    local parts = {}
    for index = 0, count - 1 do
        parts[#parts + 1] = result_of(path, log, given, { index = index, count = count })
    end
    return parts
end

-- From the left to the right; and by twos, and these by twos, where what is merged can be merged again.
local function folded(one, parts, given)
    local all = parts[1]
    for index = 2, #parts do
        all = one:merge(all, parts[index], given)
    end
    return all
end

local function by_twos(one, parts, given)
    while #parts > 1 do
        local halves = {}
        for index = 1, #parts, 2 do
            halves[#halves + 1] = parts[index + 1] ~= nil and one:merge(parts[index], parts[index + 1], given)
                or parts[index]
        end
        parts = halves
    end
    return parts[1]
end

local arguments = { ["waiting.lua"] = { limit = "1ns" }, ["stuck.lua"] = { limit = "1ns" } }

describe("every script that can be shared out", function()
    local logs, scripts = {}, {}

    setup(function()
        for _, name in ipairs { "orders", "bit-flip-payload", "snapshot", "restarted", "edge", "empty" } do
            logs[#logs + 1] = helper.log(name)
        end
        for seed = 1, 2 do
            local log = helper.directory() .. "/log"
            assert.are.equal(0, helper.run({ "generate", log, "--seed", tostring(seed), "--traces", "120" }).status)
            logs[#logs + 1] = log
        end
        for _, path in ipairs(paths_of("lua/tracereel/scripts/*.lua examples/*.lua")) do
            -- What is for simulate does not say api = 1.
            local text = helper.read(path)
            if text:find("\n    api = 1", 1, true) and text:find("\n    finish = ", 1, true) then
                scripts[#scripts + 1] = { path = path, given = arguments[path:match("[^/]+$")] or {} }
            end
        end
    end)

    teardown(helper.clean)

    it("is every one that has a result, but throughput, whose ticks are of all traces", function()
        local without = {}
        for _, one in ipairs(scripts) do
            local loaded = script.load(one.path)
            if not (loaded:can_merge() and loaded:can_shard() and loaded:is_associative()) then
                without[#without + 1] = loaded.name
            end
        end
        assert.are.same({ "throughput" }, without)
        assert.is_true(#scripts >= 7, #scripts)
    end)

    local function each_script(visit)
        for _, one in ipairs(scripts) do
            if script.load(one.path):can_shard() then
                visit(one.path, one.given)
            end
        end
    end

    it("gives the same whole and in any number of shards, merged from the left or by twos", function()
        local with_rows = {}
        each_script(function(path, given)
            for _, log in ipairs(logs) do
                local whole, one = result_of(path, log, given)
                local expected = shown(one, whole, given)
                with_rows[path] = with_rows[path] or #expected > 100
                for _, count in ipairs { 1, 2, 5 } do
                    assert.are.equal(expected, shown(one, folded(one, parts_of(path, log, given, count), given), given),
                        ("%s of %s in %d"):format(path, log, count))
                end
                assert.are.equal(expected, shown(one, by_twos(one, parts_of(path, log, given, 7), given), given), path)
            end
            assert.is_true(with_rows[path], path .. " has nothing to show of any log")
        end)
    end)

    it("gives the same for several logs, however they are put together", function()
        each_script(function(path, given)
            local function parts()
                local results = {}
                for _, log in ipairs(logs) do
                    results[#results + 1] = result_of(path, log, given)
                end
                return results
            end
            local _, one = result_of(path, logs[1], given)
            assert.are.equal(shown(one, folded(one, parts(), given), given),
                shown(one, by_twos(one, parts(), given), given), path)
        end)
    end)

    it("gives a result that another process can be handed", function()
        local core = require "tracereel.core"
        each_script(function(path, given)
            local whole, one = result_of(path, logs[1], given)
            local handed = core.cbor_decode(core.cbor_encode(whole))
            assert.are.equal(shown(one, whole, given), shown(one, handed, given), path)
        end)
    end)
end)
