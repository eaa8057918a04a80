-- `timing --by` with `--baseline`: each group against the same group.
local helper = require "tests.spec.helper"
local timing_groups = require "tests.spec.timing_groups"

local day_ns, minute_ns, millisecond_ns = 86400 * 1000000000, 60 * 1000000000, 1000000

local timing, report_of, log_of = timing_groups.run, timing_groups.report_of, timing_groups.log_of

-- `count` traces of each of the customers, all as long but for those of one.
local function customers(names, slow, count)
    local traces = {}
    for number = 1, count do
        for _, name in ipairs(names) do
            local run_ns = (10 + number % 7) * millisecond_ns * (name == slow and 3 or 1)
            traces[#traces + 1] = { #traces * minute_ns, run_ns, ('{"customer":"%s"}'):format(name) }
        end
    end
    return log_of(traces)
end

local function significant(part)
    local found = {}
    for _, shift in ipairs(part.shifts) do
        found[#found + 1] = shift.significant and (shift.node_id and "node " .. shift.node_id or "traces") .. " "
            .. shift.metric or nil
    end
    table.sort(found)
    return table.concat(found, ", ")
end

describe("timing --by with --baseline", function()
    after_each(helper.clean)

    it("timing --by --baseline: finds the one group that became slower, and which groups only one side has", function()
        local before = customers({ "a", "b", "gone" }, nil, 60)
        local after = customers({ "a", "b", "new" }, "b", 60)
        local compared = report_of("--by", "metadata.customer", "--baseline", before, after).comparison
        assert.are.equal(2, #compared.groups)
        assert.are.equal("a", compared.groups[1].key)
        assert.are.equal("", significant(compared.groups[1]))
        assert.are.equal("b", compared.groups[2].key)
        for _, shift in ipairs { "node 1 mean", "node 1 p50", "traces mean", "traces p50" } do
            assert.is_truthy(significant(compared.groups[2]):find(shift, 1, true))
        end
        assert.are.same({ "new" }, compared.new_groups)
        assert.are.same({ "gone" }, compared.vanished_groups)
        assert.are.equal(1, compared.vanished_group_count)
        local count = #compared.shifts
        for _, group in ipairs(compared.groups) do
            count = count + #group.shifts
        end
        assert.are.equal(count, compared.tests)
        local path = helper.directory() .. "/page.html"
        local shown = timing("--by", "metadata.customer", "--baseline", before, "--html", path, after).stdout
        assert.is_truthy(shown:find("\n  in b\n    node 1                p50     13.0 ms to 39", 1, true), shown)
        assert.is_truthy(shown:find("\n  2 groups compared with the same of the baseline; in 1 no", 1, true), shown)
        assert.is_truthy(shown:find("\n  not in the baseline: group new\n  only in the baseline: group gone", 1, true))
        local page = helper.read(path)
        assert.is_truthy(page:find("<summary>b</summary><ul class=\"shifts\">", 1, true))
        assert.is_truthy(page:find("Groups that are only in the baseline: gone</li>", 1, true))
    end)

    it("timing --by --baseline: a group's shifts are between the numbers of both logs' groups", function()
        local before, after = helper.log("done-only"), helper.log("orders")
        local function groups_of(log)
            local by_key = {}
            for _, group in ipairs(report_of("--by", "outcome", log).groups) do
                by_key[group.key] = group
            end
            return by_key
        end
        local old, new = groups_of(before), groups_of(after)
        local fields = { p50 = "p50_ns", p90 = "p90_ns", p95 = "p95_ns", p99 = "p99_ns", ["p99.9"] = "p999_ns",
            mean = "mean_ns" }
        local tested = 0
        for _, group in ipairs(report_of("--by", "outcome", "--baseline", before, after).comparison.groups) do
            for _, shift in ipairs(group.shifts) do
                if not shift.node_id and fields[shift.metric] then
                    assert.are.equal(old[group.key].traces.makespan[fields[shift.metric]], shift.before)
                    assert.are.equal(new[group.key].traces.makespan[fields[shift.metric]], shift.after)
                    tested = tested + 1
                end
            end
        end
        assert.are.equal(12, tested) -- of complete and of failed traces
    end)

    it("timing --by --baseline: a window is compared with that of the same time of another day", function()
        local function day(number, first_minute, slow_minute)
            local traces = {}
            for minute = first_minute, 59 do
                for index = 1, 3 do
                    traces[#traces + 1] = { number * day_ns + minute * minute_ns + index,
                        (10 + index) * (minute >= slow_minute and 5 or 1) * millisecond_ns }
                end
            end
            return log_of(traces)
        end
        local before, after = day(20000, 0, 60), day(20003, 20, 40)
        local compared = report_of("--by", "20m", "--baseline", before, after).comparison
        assert.are.equal(2, #compared.groups)
        for index, minute in ipairs { 20, 40 } do
            assert.are.equal(20003 * day_ns + minute * minute_ns, compared.groups[index].first_ns)
            assert.are.equal(20000 * day_ns + minute * minute_ns, compared.groups[index].baseline_first_ns)
            assert.are.equal(minute == 40, significant(compared.groups[index]):find("node 1 p50", 1, true) ~= nil)
        end
        assert.are.same({ "2024-10-04T00:00:00Z" }, compared.vanished_groups)
        assert.are.same({}, compared.new_groups)
        assert.is_truthy(timing("--by", "20m", "--baseline", before, after).stdout:find(
            "\n  in 2024-10-07 00:40, against 2024-10-04 00:40\n", 1, true))
        local refused = timing("--by", "7h", "--baseline", before, after)
        assert.are.equal(2, refused.status)
        assert.is_truthy(refused.stderr:find("windows of 7h do not divide a day", 1, true))
        -- Whole days are compared in their order.
        assert.are.equal(20000 * day_ns,
            report_of("--by", "1d", "--baseline", before, after).comparison.groups[1].baseline_first_ns)
    end)

    it("timing --by --baseline: the values of the log are compared, however rare they are in the baseline", function()
        local before = customers({ "b", "c", "d", "e", "a" }, nil, 5)
        local after = log_of { { 1, 5, '{"customer":"a"}' }, { 2, 5, '{"customer":"a"}' },
            { 3, 5, '{"customer":"b"}' } }
        local compared = report_of("--by", "metadata.customer", "--limit", "1", "--baseline", before, after).comparison
        assert.are.equal(1, #compared.groups)
        assert.are.equal("a", compared.groups[1].key)
        assert.are.same({}, compared.new_groups)
        assert.are.same({ "c", "d", "e" }, compared.vanished_groups)
    end)

    it("timing --by --baseline: --fail-on holds for every group, and names it", function()
        local before, after = customers({ "a", "b" }, nil, 60), customers({ "a", "b" }, "b", 60)
        local ran = timing("--by", "metadata.customer", "--fail-on", "p50>150%", "--baseline", before, after)
        assert.are.equal(7, ran.status)
        assert.are.equal("b", ran.stderr:match("p50>150%%: (%w+), node 1: p50 "))
        assert.are.equal(0, timing("--by", "metadata.customer", "--fail-on", "p50>250%", "--baseline", before,
            after).status)
    end)
end)
