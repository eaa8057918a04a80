-- What commands do with --where, --sort and --top, against what the records of the log say.
local exact_json = require "tests.spec.exact_json"
local helper = require "tests.spec.helper"

local orders = helper.log("orders")

local function traces(...)
    return helper.run { "traces", ... }
end

-- What the records of the log say of its traces.
local function by_trace()
    local found = {}
    for line in helper.run({ "dump", "--json", orders }).stdout:gmatch("[^\n]+") do
        local record = exact_json(line)
        local one = found[record.trace_id] or { first = line:match('"timestamp_ns":(%d+)') }
        found[record.trace_id] = one
        one.last = line:match('"timestamp_ns":(%d+)')
        one.took_ns = math.tointeger(one.last) - math.tointeger(one.first)
        one.customer = one.customer or record.metadata:match('"customer":"([^"]*)"')
    end
    return found
end

local function ids_of(text)
    local ids = {}
    for id in text:gmatch('"trace_id":"([^"]+)"') do
        ids[#ids + 1] = id
    end
    return ids
end

describe("--where of commands", function()
    after_each(helper.clean)

    it("traces: shows those of which it is true, sorted, the first of them", function()
        local expected, all = {}, by_trace()
        for id, one in pairs(all) do
            if one.took_ns > 100000000 and one.customer:find("2", 1, true) then
                expected[#expected + 1] = id
            end
        end
        assert.is_true(#expected > 3)
        table.sort(expected, function(a, b)
            return all[a].took_ns > all[b].took_ns
        end)
        local expression = 'duration > 100ms and metadata.customer ~ "2"'
        local result = traces("--json", "--where", expression, "--sort", "duration", orders)
        assert.same(expected, ids_of(result.stdout))
        assert.equal(0, result.status)
        local top = traces("--json", "--where", expression, "--sort", "duration", "--top", "2", orders)
        assert.same({ expected[1], expected[2] }, ids_of(top.stdout))
        local rows = traces("--where", expression, "--sort", "duration", "--top", "2", orders).stdout
        assert.truthy(rows:find(("\n%s .*\n%s .*; the first 2 of these are shown\n$"):format(expected[1]:sub(1, 8),
            expected[2]:sub(1, 8))))
    end)

    it("dump: keeps records, by their trace too, and is the same as without where all pass", function()
        local lines, open = {}, {}
        for id in traces("--json", "--where", "open", orders).stdout:gmatch('"trace_id":"([^"]+)"') do
            open[id] = true
        end
        local whole = helper.run({ "dump", "--json", orders }).stdout
        for line in whole:gmatch("[^\n]+") do
            local record = exact_json(line)
            if record.type == "node_error" and record.error_message:lower():find("timeout", 1, true)
                and open[record.trace_id] then
                lines[#lines + 1] = line
            end
        end
        assert.is_true(#lines > 1)
        -- Of an open trace every record leaves it open; of a closed one, too, but for its last.
        local result = helper.run { "dump", "--json", "--where", 'error ~ "timeout" and trace.open', orders }
        local found = {}
        for line in result.stdout:gmatch("[^\n]+") do
            found[#found + 1] = open[exact_json(line).trace_id] and line or nil
        end
        assert.same(lines, found)
        assert.is_true(whole == helper.run({ "dump", "--json", "--where", "true", orders }).stdout)
        assert.equal(helper.run({ "dump", "--stats", "--type", "node_error", orders }).stdout,
            helper.run({ "dump", "--stats", "--where", 'type == "node_error"', orders }).stdout)
    end)

    it("timing and export: the traces are those that traces --where shows", function()
        local ids = ids_of(traces("--json", "--where", "error and not open", orders).stdout)
        assert.is_true(#ids > 5)
        local list = table.concat(ids, ",")
        local shown = helper.run({ "timing", "--json", "--where", "error and not open", orders })
        assert.equal(helper.run({ "timing", "--json", "--trace", list, orders }).stdout, shown.stdout)
        assert.equal(helper.run({ "timing", "--json", "-j", "2", "--where", "error and not open", orders }).stdout,
            shown.stdout)
        assert.equal(helper.run({ "export", "--format", "csv", "--trace", list, orders }).stdout,
            helper.run({ "export", "--format", "csv", "--where", "error and not open", orders }).stdout)
        local rows = helper.run({ "export", "--format", "csv", "--sort", "duration", "--top", "3", orders }).stdout
        local first = traces("--json", "--sort", "duration", "--top", "3", orders).stdout
        local seen, last = {}, nil
        for id in rows:gmatch("\n[^,\n]*,([%x-]+),") do
            seen[#seen + 1] = id ~= last and id or nil
            last = id
        end
        assert.same(ids_of(first), seen)
    end)

    it("timing: a partial of another expression is another job", function()
        local directory = helper.directory()
        local function partial(name, shard, expression)
            return helper.run { "timing", "--partial", directory .. "/" .. name, "--shard", shard, "--where",
                expression, orders }
        end
        assert.equal(0, partial("a", "0/2", "error").status)
        assert.equal(0, partial("b", "1/2", "error").status)
        assert.equal(0, partial("c", "1/2", "not error").status)
        local merged = helper.run { "merge", directory .. "/a", directory .. "/b" }
        assert.equal(helper.run({ "timing", "--where", "error", orders }).stdout, merged.stdout)
        local other = helper.run { "merge", directory .. "/a", directory .. "/c" }
        assert.equal(6, other.status)
        assert.truthy(other.stderr:find("option where", 1, true), other.stderr)
    end)

    it("names a node by the log's names, and says which there are", function()
        local log = "examples/logs/orders"
        local directory = helper.directory()
        helper.shell(("cp %s/* %s"):format(log, directory))
        helper.write(directory .. "/tracereel.flow.lua", 'return { nodes = { [3] = { name = "charge" } } }\n')
        local named = traces("--json", "--where", 'node["charge"].error_count >= 2', directory)
        assert.equal("", named.stderr:gsub("[^\n]*torn_tail[^\n]*\n", ""))
        local numbered = traces("--json", "--where", "node[3].error_count >= 2", directory)
        assert.is_true(#ids_of(named.stdout) > 3)
        assert.equal(numbered.stdout, named.stdout)
        local wrong = traces("--where", 'node["chrge"]', directory)
        assert.equal(2, wrong.status)
        assert.truthy(wrong.stderr:find('no node is called "chrge"; known are charge', 1, true), wrong.stderr)
    end)

    it("refuses a mistake before it reads, with a caret below it, in wide letters too", function()
        for command, options in pairs { traces = {}, dump = {}, timing = {}, export = { "--format", "csv" } } do
            local result = helper.run { command, "no/log", "--where", '"ü漢" == eror', table.unpack(options) }
            assert.equal(2, result.status)
            assert.truthy(result.stderr:find("--where, column 10: ", 1, true), result.stderr)
            assert.truthy(result.stderr:find('\n  "ü漢" == eror\n           ^\n', 1, true), result.stderr)
        end
        local sorted = traces("--sort", "duration:up", orders)
        assert.equal(2, sorted.status)
        assert.truthy(sorted.stderr:find("FIELD:asc or FIELD:desc", 1, true))
    end)
end)
