local helper = require "tests.spec.helper"

local counting = [[
local tracereel, counts = require "tracereel", {}
local function count(what) counts[what] = (counts[what] or 0) + 1 end
return {
    api = 1, %s
    record = function(rec, trace) count(rec.type) end,
    gap = function(gap) count(gap.class) end,
    finish = function(log)
        count("finish")
        counts.open = #log:traces()
        return counts
    end,
    merge = function(a, b)
        for key, value in pairs(b) do a[key] = (a[key] or 0) + value end
        return a
    end,
}
]]

local function script_with(words, text)
    return helper.write(helper.directory() .. "/counting.lua", (text or counting):format(words))
end

-- The values of "key: value" lines, added to what is there.
local function add_lines(into, text)
    for key, value in text:gmatch("(%g+): (%d+)\n") do
        into[key] = (into[key] or 0) + math.tointeger(value)
    end
    return into
end

describe("run --shard", function()
    after_each(helper.clean)

    it("the results of all shards add up to the whole's; gaps and damage are told by the first", function()
        local script, log = script_with('shard = "trace",'), helper.log("garbage-middle")
        local whole = helper.run { "run", script, log }
        local expected, found = add_lines({}, whole.stdout), {}
        for index = 0, 3 do
            local one = helper.run { "run", script, log, "--shard", index .. "/4" }
            assert.are.equal(3, one.status)
            assert.are.equal(index == 0 and whole.stderr or "", one.stderr)
            assert.are.equal(index == 0, one.stdout:find("corrupt: 1", 1, true) ~= nil)
            add_lines(found, one.stdout)
        end
        assert.are.equal(4, found.finish)
        expected.finish = 4
        assert.are.same(expected, found)
        assert.is_true(expected.open > 0 and expected.corrupt == 1)
    end)

    it("what is wrong with the log's flow is told by the first shard", function()
        local script, log = script_with('shard = "trace",'), helper.directory()
        helper.shell(("cp %s/*.log %s"):format(helper.log("all-complete"), log))
        helper.write(log .. "/tracereel.flow.lua", "return {")
        assert.has.match("going on with numbers", helper.run({ "run", script, log, "--shard", "0/2" }).stderr)
        assert.are.equal("", helper.run({ "run", script, log, "--shard", "1/2" }).stderr)
    end)

    it("a time to stop at cuts every shard where it cuts the whole", function()
        local script = script_with('shard = "trace",', (counting:gsub("counts%.open = #log:traces%(%)",
            "counts = { ['at ' .. log:stats().now_ns .. ' of ' .. log:stats().records] = 1 }")))
        local log = helper.log("orders")
        local words = { "run", script, log, "--from", "-500ms", "--to", "-200ms" }
        local expected = helper.output_of(table.unpack(words))
        words[8] = "--shard"
        for index = 0, 2 do
            words[9] = index .. "/3"
            assert.are.equal(expected, helper.output_of(table.unpack(words)))
        end
        assert.are_not.equal(expected, helper.output_of("run", script, log))
    end)

    it("is refused for a script without shard, with --follow or --speed, and after the last one", function()
        local script, log = script_with('shard = "trace",'), helper.log("orders")
        local function refusal(...)
            local result = helper.run { "run", ... }
            assert.are.equal(2, result.status)
            return result.stderr
        end
        assert.has.match('counting cannot be run on a shard of a log: a script that can says shard = "trace"',
            refusal(script_with(""), log, "--shard", "0/2"))
        assert.has.match("it excludes %-%-follow", refusal(script, log, "--shard", "0/2", "--follow"))
        assert.has.match("it excludes %-%-speed", refusal(script, log, "--shard", "0/2", "--speed", "2x"))
        for _, text in ipairs { "2/2", "0/0", "-1/2", "1", "0/65537", "0/2/3", "99999999999999999999/2", "x" } do
            assert.has.match("is not a shard: I/N expected", refusal(script, log, "--shard=" .. text))
        end
    end)
end)

describe("run --verify-shards", function()
    after_each(helper.clean)

    local counter = [[
        local count, last = 0, nil
        return {
            api = 1, shard = "trace", args = { how = { type = "string", default = "all" } },
            start = function(args) HOW = args.how end,
            record = function(rec)
                count = count + ((HOW ~= "switches" or rec.trace_id ~= last) and 1 or 0)
                if HOW == "print" and not last then print("first") end
                last = rec.trace_id
            end,
            finish = function(log)
                if HOW == "function" then return { f = { print } } end
                return { "lines", "count " .. count, "last" }
            end,
            merge = function(a, b)
                local function number(of) return math.tointeger(of[2]:match("%d+")) end
                return { a[1], "count " .. number(a) + number(b), a[3] }
            end,
        }
    ]]

    it("finds nothing where the shards' results are merged to the whole's", function()
        local script = script_with('shard = "trace",', (counting:gsub("count%(.finish.%)", "")))
        local log = helper.log("orders")
        local result = helper.run { "run", script, "--verify-shards", log }
        assert.are.equal(log .. ": 4 shards print what the whole log does\n", result.stdout)
        assert.are.equal(0, result.status)
        result = helper.run { "run", script, "--verify-shards", "3", log, helper.log("garbage-middle"), "--json" }
        local objects = helper.objects(result.stdout)
        assert.are.same({ log, true, "#3" }, { objects[1].log, objects[1].same, objects[1].shards })
        assert.are.same({ helper.log("garbage-middle"), true }, { objects[2].log, objects[2].same })
        assert.are.equal(3, result.status) -- damaged
    end)

    it("shows the first line that differs, and ends with 7, where they are not", function()
        local script, log = helper.write(helper.directory() .. "/counter.lua", counter), helper.log("orders")
        assert.are.equal(0, helper.run({ "run", script, "--verify-shards", log }).status)
        local result = helper.run { "run", script, "--verify-shards", log, "-a", "how=switches" }
        assert.are.equal(7, result.status)
        assert.has.match("^" .. log:gsub("%p", "%%%0") .. ": what 4 shards print differs from what the whole log does, "
            .. "first in line 2:\n  whole   count %d+\n  shards  count %d+\n$", result.stdout)
        result = helper.run { "run", script, "--verify-shards", log, "-a", "how=switches", "--json" }
        assert.are.equal("#1", helper.objects(result.stdout)[1].line)
        assert.is_false(helper.objects(result.stdout)[1].same)
        result = helper.run { "run", script, "--verify-shards", "2", log, "-a", "how=print" }
        assert.has.match("first in line 2:\n  whole   lines\n  shards  first\n$", result.stdout)
    end)

    it("tells of a result that no other process can be given", function()
        local script = helper.write(helper.directory() .. "/counter.lua", counter)
        local result = helper.run { "run", script, "--verify-shards", helper.log("orders"), "-a", "how=function" }
        assert.are.equal(1, result.status)
        assert.has.match("counter%.f%[1%]: a function cannot be handed to another process", result.stderr)
    end)

    it("refuses what cannot be read in parts, and no number of shards", function()
        local script, log = script_with('shard = "trace",'), helper.log("orders")
        for problem, words in pairs {
            ["a script that can says"] = { script_with(""), log },
            ["from 1 to 65536 expected, got 0"] = { "0", script, log },
            ["it excludes %-%-follow"] = { script, log, "--follow" },
            ["a pipe can be read only once"] = { script, "-" },
            ["it excludes %-%-shard"] = { script, log, "--shard", "0/2" },
        } do
            local result = helper.run { "run", "--verify-shards", table.unpack(words) }
            assert.are.equal(2, result.status)
            assert.has.match(problem, result.stderr)
        end
    end)
end)

describe("a script's shard", function()
    after_each(helper.clean)

    it("shard and associative are refused where they cannot be, with the line", function()
        local function refusal(text)
            local path = script_with("", text)
            local result = helper.run { "run", path, helper.log("all-complete") }
            assert.are.equal(1, result.status)
            assert.are.equal("tracereel: " .. path, result.stderr:sub(1, 11 + #path))
            return result.stderr:sub(12 + #path)
        end
        local merge = "merge = function(a) return a end"
        assert.are.equal(':3: shard: "trace" expected, got "log"\n',
            refusal("-- shard = 1\nreturn { api = 1, " .. merge .. ',\n  shard = "log" }'))
        assert.are.equal(":2: shard needs `merge`, which puts two results together: merge = function(a, b)\n",
            refusal('return { api = 1,\n shard = "trace" }'))
        assert.are.equal(":1: associative needs `merge`, which puts two results together: merge = function(a, b)\n",
            refusal("return { api = 1, associative = true }"))
        assert.has.match(':2: tick goes with the records of all traces', refusal("return { api = 1, " .. merge
            .. ', shard = "trace", every = "1s",\n tick = function() end }'))
        assert.are.equal(": shard: a string expected, got a number\n", refusal("return { api = 1, " .. merge
            .. ", shard = 4 }"))
        assert.are.equal(": associative: a boolean expected, got a string\n", refusal("return { api = 1, " .. merge
            .. ', associative = "yes" }'))
    end)
end)
