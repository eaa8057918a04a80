-- Aggregates of scripts: how they are declared and refused, what a script gets of them, and how that is put together.
local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

-- All six, with merges of them.
local everything = [[
local merge = tracereel.merge
local slow = { "node.duration_ns", "trace_id", "node_id" }
local at = { "timestamp_ns", "trace_id", "error_message" }
local errors = { type = "node_error" }
return {
    api = 1,
    shard = "trace",
    associative = true,
    aggregates = {
        types = tracereel.count_by { key = "type" },
        statuses = tracereel.count_by { key = { "type", "trace.status" } },
        records = tracereel.count_by {},
        spent_ns = tracereel.sum_by { key = "node_id", value = "node.duration_ns", where = { type = "node_done" } },
        times = tracereel.histogram_by { key = "node_id", value = "node.duration_ns",
            where = { type = "node_done", ["trace.open"] = true } },
        slowest = tracereel.top_by { key = "node_id", value = slow, count = 3, where = { type = "node_done" } },
        first_error = tracereel.first_by { value = at, where = errors },
        last_errors = tracereel.last_by { key = "node_id", value = at, where = errors },
    },
    merge = merge.each {
        types = merge.sum, statuses = merge.sum, records = merge.sum,
        spent_ns = merge.sum,
        times = merge.by_key(merge.histogram),
        slowest = merge.by_key(merge.top(3, slow)), first_error = merge.first(at),
        last_errors = merge.by_key(merge.last(at)),
    },
    show = function(all)
        local medians = {}
        for node, times in tracereel.sorted(all.times) do medians[node] = times:quantile(0.5) end
        all.times = medians
        return tracereel.json(all)
    end,
}
]]

-- The script's result on the log, as a table.
local function run(text, arguments)
    local words = { "run", helper.script(text) }
    table.move(arguments, 1, #arguments, #words + 1, words)
    local result = helper.run(words)
    assert.are.equal(0, result.status, result.stderr)
    return reel.json_decode(result.stdout), result.stdout
end

describe("a script's aggregates", function()
    after_each(helper.clean)

    it("are the result of a script without finish, and agree with what dump --stats counts", function()
        local all = run(everything, { helper.log("orders") })
        local stats = reel.json_decode(helper.run({ "dump", "--stats", "--json", helper.log("orders") }).stdout)
        assert.are.equal(stats.records, all.records)
        assert.are.same(stats.types, all.types)
        assert.are.equal(stats.types.trace_complete, all.statuses.trace_complete.complete)
        assert.is_nil(all.statuses.trace_complete.running)
    end)

    it("are the second argument of finish, by their names", function()
        local text = [[
            return { api = 1,
                aggregates = { done = tracereel.count_by { where = { type = "node_done" } } },
                finish = function(log, results)
                    return ("%d of %d"):format(results.done, log:stats().records)
                end }]]
        local stats = reel.json_decode(helper.run({ "dump", "--stats", "--json", helper.log("orders") }).stdout)
        assert.are.equal(("%d of %d\n"):format(stats.types.node_done, stats.records), helper.run_script(text).stdout)
        assert.are.equal("nil\n", helper.run_script("return { api = 1, finish = function(_, results) "
            .. "return tostring(results) end }").stdout)
    end)

    it("are the same whole, by shards, by shards in other processes, and from partial results", function()
        for _, name in ipairs { "orders", "garbage-middle" } do
            local script, log = helper.script(everything), helper.log(name)
            local whole = helper.run { "run", script, log }
            assert.truthy(whole.stdout:find('"slowest"', 1, true), whole.stderr)
            assert.are.equal(whole.stdout, helper.run({ "run", script, log, "-j", "3" }).stdout)
            assert.truthy(helper.run({ "run", script, log, "--verify-shards", "5" }).stdout
                :find("5 shards print what the whole log does", 1, true))
            local parts = {}
            for index = 0, 2 do
                parts[index + 1] = helper.directory() .. "/part"
                helper.run { "run", script, log, "--shard", index .. "/3", "--partial", parts[index + 1] }
            end
            assert.are.equal(whole.stdout, helper.run({ "merge", table.unpack(parts) }).stdout)
        end
    end)

    it("look only at records that the script's filter, and the command line's, let pass", function()
        local text = [[return { api = 1, nodes = { 3, 5 },
            aggregates = { counts = tracereel.count_by { key = "node_id", where = { type = "node_done" } } },
            show = function(all) return tracereel.json(all.counts) end, }]]
        local counts = run(text, { helper.log("orders") })
        local expected = {}
        reel.open(helper.log("orders")):replay { types = "node_done", nodes = { 3, 5 }, record = function(rec)
            local key = ("%d"):format(rec.node_id)
            expected[key] = (expected[key] or 0) + 1
        end }
        assert.are.same(expected, counts)
        assert.is_nil(run(text, { helper.log("orders"), "--node", "3" })["5"])
    end)

    it("are each script's own where several share a pass, and handlers see the records all the same", function()
        local with = helper.script([[
            local seen = 0
            return { api = 1, aggregates = { all = tracereel.count_by {} }, node_done = function() seen = seen + 1 end,
                finish = function(_, results) return ("with %d %d"):format(results.all, seen) end }]], "with.lua")
        local other = helper.script([[
            local seen = 0
            return { api = 1, types = "node_done", aggregates = { all = tracereel.count_by {} },
                record = function() seen = seen + 1 end,
                finish = function(_, results) return ("other %d %d"):format(results.all, seen) end }]], "other.lua")
        local stats = reel.json_decode(helper.run({ "dump", "--stats", "--json", helper.log("orders") }).stdout)
        local shown = helper.run({ "run", with, other, helper.log("orders") }).stdout
        assert.truthy(shown:find(("with %d %d\n"):format(stats.records, stats.types.node_done), 1, true), shown)
        assert.truthy(shown:find(("other %d %d\n"):format(stats.types.node_done, stats.types.node_done), 1, true))
    end)

    it("can depend on arguments where start puts them into the table", function()
        local text = [[
            local aggregates = {}
            return { api = 1, aggregates = aggregates, args = { least = { type = "duration", default = "100ms" } },
                start = function(args)
                    aggregates.slow = tracereel.count_by { where = { type = "node_done",
                        ["node.duration_ns"] = { min = args.least } } }
                end }]]
        local expected = 0
        reel.open(helper.log("orders")):replay { node_done = function(rec, trace)
            expected = expected + (trace:node(rec.node_id).duration_ns >= 1000000 and 1 or 0)
        end }
        assert.is_true(expected > 0)
        local result = helper.run { "run", helper.script(text), "--arg", "least=1ms", helper.log("orders") }
        assert.are.equal(("slow: %d\n"):format(expected), result.stdout, result.stderr)
    end)

    it("are refused when the script is loaded, with its line and what is meant", function()
        local function refused(declaration, message)
            local script = helper.script("local wrong =\n    tracereel." .. declaration
                .. "\nreturn { api = 1, aggregates = { wrong = wrong } }")
            local loaded, problem = pcall(reel.script, script)
            assert.is_false(loaded, declaration)
            assert.truthy(tostring(problem):find(script .. ":2: " .. message, 1, true), tostring(problem))
        end
        local result = helper.run_script('return { api = 1, aggregates = { tracereel.count_by { key = "nod" } } }')
        assert.are.equal(1, result.status)
        assert.truthy(result.stderr:find("script.lua:1: count_by: key: an event has no field 'nod'; ", 1, true))
        refused('count_by { key = "node_idd" }',
            "count_by: key: an event has no field 'node_idd'; did you mean node_id?")
        refused('count_by { where = { ["trace.opne"] = true } }',
            "count_by: where: an event has no field 'trace.opne'; did you mean trace.open?")
        refused('count_by { where = { type = "node_dnoe" } }',
            "count_by: where: type: one of trace_start, node_start, ")
        refused('count_by { where = { ["trace.outcome"] = "open" } }',
            "count_by: where: trace.outcome: one of complete, failed, cancelled, ")
        refused('count_by { key = { "trace.nodes" } }',
            "count_by: key: trace.nodes is not one value: a number, a text, ")
        refused('count_by { where = { node_id = "3" } }', 'count_by: where: node_id: a whole number expected, got "3"')
        refused('count_by { where = { node_id = 3.5 } }', "count_by: where: node_id: a whole number expected, got 3.5")
        refused('count_by { where = { node_id = { 3, "4" } } }', "count_by: where: node_id: a whole number expected, ")
        refused('count_by { where = { node_id = { min = 3, 4 } } }', "count_by: where: node_id: a value, a list of ")
        refused('count_by { where = { node_id = { } } }', "count_by: where: node_id: a value, a list of ")
        refused('count_by { where = { node_id = { min = 3, max = 2 } } }', "count_by: where: node_id: min is above max")
        refused('count_by { where = { ["trace.open"] = { min = 1 } } }', "count_by: where: trace.open: only whole ")
        refused('count_by { where = { trace_id = "x" } }', "count_by: where: trace_id must be a UUID like ")
        refused('count_by { where = { "node_done" } }', "count_by: where: the name of a field expected, ")
        refused('count_by { were = { } }', "count_by has no option 'were'; it has key, where")
        refused('count_by { key = "code" }', "count_by: key: a record can have several violations, ")
        refused('count_by()', "count_by: a table expected, such as count_by { key = ")
        refused('sum_by { key = "node_id" }', "sum_by needs `value`, one field, such as ")
        refused('sum_by { value = "trace.status" }', "sum_by: value: trace.status is no number")
        refused('top_by { value = "timestamp_ns" }',
            "top_by needs `count`, how many rows there are at most, from 1 to ")
        refused('top_by { value = "timestamp_ns", count = 0 }', "top_by needs `count`, ")
        refused('first_by { value = {} }', "first_by needs `value`, the fields of a row, such as ")
    end)

    it("are refused where the table has something else than aggregates", function()
        local script = helper.script("return {\n    api = 1,\n    aggregates = { counts = {} },\n}")
        local result = helper.run { "run", script, helper.log("orders") }
        assert.are.equal(1, result.status)
        assert.truthy(result.stderr:find(script .. ":3: aggregates: counts: an aggregate expected, such as "
            .. 'tracereel.count_by { key = "node_id" }, got a table', 1, true), result.stderr)
        assert.has_error(function()
            reel.open(helper.log("orders")):replay { aggregates = { 3 } }
        end, 'aggregates: aggregates expected, such as tracereel.count_by { key = "node_id" }, got 3')
    end)

    it("that need more memory than a script may have end the run as a limit does", function()
        if os.getenv("TRACEREEL_SANITIZED") then
            return
        end
        local log = helper.directory()
        helper.run { "generate", "--traces", "3000", log }
        for _, declaration in ipairs { 'count_by { key = { "timestamp_ns", "offset" } }',
            'histogram_by { key = "offset", value = "timestamp_ns" }',
            'first_by { key = "offset", value = { "trace_id", "timestamp_ns", "type", "node_id" } }' } do
            local script = helper.script("return { api = 1, aggregates = { all = tracereel." .. declaration .. " }, "
                .. "show = function() return 'all' end }")
            local result = helper.run { "run", "--max-memory", "8MiB", script, log }
            assert.are.equal(5, result.status, declaration)
            assert.truthy(result.stderr:find("more memory than --max-memory allows", 1, true), result.stderr)
            assert.are.equal(0, helper.run({ "run", script, log }).status)
        end
    end)

    it("take the values that the types of the library say, and no others", function()
        local owners = { rec = "", trace = "trace.", node = "node." }
        local of_type = { integer = 3, boolean = true, string = "text" }
        local known = {}
        for _, name in ipairs(core.event_field_names()) do
            known[name] = true
        end
        local count, owner = 0
        local files = { "lua/tracereel/library/record.d.lua", "lua/tracereel/library/trace.d.lua" }
        for _, path in ipairs(files) do
            for line in helper.read(path):gmatch("[^\n]+") do
                if line:find("^%-%-%-@class") then
                    owner = owners[line:match("tracereel%.([%w_]+)")]
                end
                local field, type_name = line:match("^%-%-%-@field ([%w_]+)%s+([%a%[%]]+)")
                local name = owner and field and owner .. field
                if name and known[name] and of_type[type_name] then
                    count = count + 1
                    for other, value in pairs(of_type) do
                        local accepted, problem = pcall(reel.count_by, { where = { [name] = value } })
                        -- Some are texts of a set, or ids.
                        local wants_text = tostring(problem):find("one of ", 1, true)
                            or tostring(problem):find("a UUID", 1, true)
                        local is_taken = accepted or other == "string" and wants_text ~= nil
                        assert.are.equal(other == type_name, is_taken, name)
                    end
                end
            end
        end
        assert.is_true(count > 45, count .. " fields")
    end)
end)

describe("an aggregate in plain Lua", function()
    it("adds what each replay shows it, and gives new tables and histograms each time", function()
        local log = helper.log("orders")
        local times = reel.histogram_by { key = "node_id", value = "node.duration_ns", where = { type = "node_done" } }
        local counts = reel.count_by { where = { type = "node_done" } }
        assert.are.same({}, times:result())
        assert.are.equal(0, counts:result())
        local seen = 0
        reel.open(log):replay { aggregates = { times, counts }, node_done = function()
            seen = seen + 1
            assert.are.equal(seen, counts:result()) -- before the handler of the record
        end }
        local once = times:result()
        once[3]:add(1)
        reel.open(log):replay { aggregates = { times, counts } }
        assert.are.equal(2 * seen, counts:result())
        assert.are.equal(2 * (once[3].count - 1), times:result()[3].count)
        assert.are.equal("count_by of 1 groups", tostring(counts))
    end)
end)

describe("tracereel.merge", function()
    local merge = reel.merge

    it("each: what is under each name as its own merge says; a name without one is refused", function()
        local joined = merge.each { count = merge.sum, names = merge.list }
        assert.are.same({ count = 5, names = { "a", "b" } },
            joined({ count = 2, names = { "a" } }, { count = 3, names = { "b" } }))
        assert.are.same({ count = 5, names = { "b" } }, joined({ count = 5 }, { names = { "b" } }))
        assert.has_error(function() joined({}, { other = 1 }) end,
            'merge.each: a merge for each name expected, got "other"')
        assert.has_error(function() merge.each { count = 1 } end,
            "merge.each: a merge, such as merge.sum, under each name expected, got 1")
    end)

    it("first and last: the row with the smaller, and the larger, values, key by key", function()
        local one, other = { at = 5, id = "a" }, { at = 5, id = "b" }
        assert.are.equal(one, merge.first { "at", "id" }(one, other))
        assert.are.equal(one, merge.first { "at", "id" }(other, one))
        assert.are.equal(other, merge.last { "at", "id" }(one, other))
        assert.are.equal(other, merge.last { "at", "id" }(other, one))
        assert.are.equal(one, merge.last("at")(one, other)) -- of equal ones the left one
        assert.are.equal(other, merge.last("at")(nil, other))
        assert.are.equal(other, merge.last { "none", "id" }(one, other))
    end)

    it("top: by several keys one after the other, with nothing before false, true, numbers and texts", function()
        local rows = { { "x" }, { 7 }, { 3, "b" }, { 3, "a" }, { true }, { false }, {} }
        local function list(...)
            local all = {}
            for index, place in ipairs { ... } do
                all[index] = rows[place]
            end
            return all
        end
        local top = merge.top(9, { 1, 2 })
        assert.are.same(rows, top(list(1, 4, 5, 7), list(2, 3, 6)))
        assert.are.same(rows, top(list(2, 3, 6), list(1, 4, 5, 7)))
        assert.are.same(list(1, 2), merge.top(2, { 1, 2 })(list(2, 3, 6), list(1, 4, 5, 7)))
        assert.has_error(function() top({ { {} } }, { { 1 } }) end,
            "merge.top: a number, a text, true, false or nil to compare by expected, got a table")
    end)
end)
