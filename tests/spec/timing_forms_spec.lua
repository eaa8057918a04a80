-- How `tracereel timing` writes its numbers: whole 64 bits, words that hold, lines that fit the terminal.
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local function timing(...)
    return helper.run { "timing", ... }
end

-- A log of records { type, node_id, time, trace number }.
local function log_of(steps)
    local directory = helper.directory()
    local writer = tracereel.writer(directory)
    for _, step in ipairs(steps) do
        writer:append(tracereel.record[step[1]] {
            trace_id = ("00000000-0000-0000-0000-%012x"):format(step[4]), node_id = step[2], timestamp_ns = step[3],
            iteration = step[5],
        })
    end
    writer:close()
    return directory
end

describe("the forms of a timing report", function()
    after_each(helper.clean)

    it("show times above 2^63 unsigned in JSON and CSV", function()
        local ran = timing("--json", helper.log("edge"))
        assert.is_truthy(ran.stdout:find('"last_ns":18446744073709551615', 1, true))
        assert.is_nil(ran.stdout:find('_ns":-', 1, true))
        -- 2^63 + 5 ns at node 1, 100 ns at node 2.
        local log = log_of {
            { "trace_start", 0, 0, 1 }, { "node_start", 1, 0, 1 }, { "node_done", 1, math.mininteger + 5, 1 },
            { "trace_complete", 0, math.mininteger + 5, 1 },
            { "trace_start", 0, 0, 2 }, { "node_start", 2, 0, 2 }, { "node_done", 2, 100, 2 },
            { "trace_complete", 0, 100, 2 },
        }
        local rows = {}
        for line in timing("--csv", "--sort", "max", log).stdout:gmatch("[^\n]+") do
            rows[#rows + 1] = line
        end
        assert.is_truthy(rows[2]:find("^1,.*,9223372036854775813,.*,9223372036854775813,0,0,0,0,0,1,0,0,0$"))
        assert.is_truthy(rows[3]:find("^2,.*,100,0,0,0,0,0,1,0,0,0$"))
        assert.are.equal("id", rows[1]:match("^%w+"))
    end)

    it("do not present the sampled maximum of traces in flight as the true one", function()
        -- Three traces of 10 ns, at one time, in an hour: no moment that is looked at need lie in those 10 ns.
        local steps = {}
        for number = 1, 3 do
            steps[#steps + 1] = { "trace_start", 0, 1000000000001, number }
        end
        for number = 1, 3 do
            steps[#steps + 1] = { "trace_complete", 0, 1000000000011, number }
        end
        for index, time in ipairs { 5, 3600000000000 } do
            steps[#steps + 1] = { "trace_start", 0, time, 9 + index }
            steps[#steps + 1] = { "trace_complete", 0, time + 10, 9 + index }
        end
        local shown = timing(log_of(steps)).stdout
        assert.is_nil(shown:find("at most", 1, true), shown)
        local orders = timing(helper.log("orders")).stdout
        assert.is_truthy(orders:find("highest 26, looked at every 2.10 ms", 1, true), orders)
    end)

    it("have no throughput if no time has passed", function()
        local log = log_of { { "trace_start", 0, 7, 1 }, { "trace_complete", 0, 7, 1 } }
        assert.is_truthy(timing(log).stdout:find("throughput  not known: no time has passed", 1, true))
    end)

    it("fit a terminal of 80 columns, even with long lists of nodes", function()
        local function width(...)
            local widest = 0
            for line in timing(...).stdout:gmatch("[^\n]+") do
                widest = math.max(widest, utf8.len(line))
            end
            return widest
        end
        local steps = { { "trace_start", 0, 0, 1 } }
        for node = 1000, 1040 do
            steps[#steps + 1] = { "node_done", node, node, 1 }
        end
        local many = log_of(steps)
        -- Iterations of 1111, 2222, ... us.
        local loop = { { "trace_start", 0, 0, 1 } }
        for iteration = 0, 19 do
            loop[iteration + 2] = { "loop_iteration", 8, iteration * (iteration + 1) // 2 * 1111000, 1, iteration }
        end
        assert.is_true(width(log_of(loop)) <= 80)
        assert.is_true(width("--baseline", helper.log("done-only"), helper.log("orders")) <= 80)
        assert.is_true(width("--baseline", helper.log("orders"), many) <= 80)
        assert.is_truthy(timing("--baseline", helper.log("orders"), many).stdout:find("1040", 1, true))
    end)

    it("have every percentile in a wide terminal, and the total of loops", function()
        local shown = timing(helper.log("orders")).stdout
        assert.is_truthy(shown:find("\nNODE +COUNT +MEAN +P50 +P90 +P99 +MAX\n"))
        -- 106 iterations, which took 77.8 ms each on average.
        assert.is_truthy(shown:find(" COUNT   TOTAL     P50     P99 MEAN TREND\n", 1, true))
        assert.is_truthy(shown:find("\n8 +106  8.24 s 73.9 ms  135 ms █▇█ 81.4 ms–84.7 ms\n"))
        for _, columns in ipairs { 104, 140 } do
            local wide = helper.on_terminal(("stty cols %d; %s timing %s"):format(columns, helper.program,
                helper.log("orders")), "NO_COLOR=1") or pending("no terminal here")
            assert.is_truthy(wide:find("NODE +COUNT +MIN +MEAN +P50 +P90 +P95 +P99 +P99%.9 +MAX\r"))
            for line in wide:gmatch("[^\r\n]+") do
                assert.is_true(utf8.len(line) <= columns, line)
            end
        end
    end)

    it("give every row of a CSV file the same number of fields, even for traces without nodes", function()
        local log = log_of { { "trace_start", 0, 0, 1 }, { "node_done", 1, 5, 1 }, { "trace_complete", 0, 6, 1 },
            { "trace_start", 0, 8, 2 } }
        local field_counts, rows = {}, 0
        for line in timing("--csv", "--by", "outcome", log).stdout:gmatch("[^\n]+") do
            rows = rows + 1
            field_counts[select(2, line:gsub(",", ","))] = true
        end
        assert.are.equal(4, rows) -- heading, complete: node 1 and the gap of 1 ns after it, open
        assert.is_nil(next(field_counts, (next(field_counts))))
    end)

    it("name the only iteration of a loop once", function()
        local log = log_of { { "trace_start", 0, 0, 1 }, { "loop_iteration", 8, 5, 1, 0 }, { "loop_exit", 8, 7, 1, 1 } }
        local path = helper.directory() .. "/page.html"
        timing("--html", path, log)
        assert.are.equal(1, select(2, helper.read(path):match('<div class="figures">(1st[^<]*)'):gsub("1st", "")))
    end)

    it("are quickly made for a trace of very many nodes, in whatever order they ran", function()
        local steps = { { "trace_start", 0, 0, 1 } }
        for index = 1, 40000 do
            steps[index + 1] = { "node_done", 1000000 - index, index, 1 }
        end
        local ran = helper.run({ "timing", "--sort", "id", "--top", "1", log_of(steps) }, { before = "timeout 8" })
        assert.are.equal(0, ran.status)
        assert.is_truthy(ran.stdout:find("\n960000 ~", 1, true))
    end)

    it("say if there was nothing to compare", function()
        local nothing = log_of { { "trace_start", 0, 7, 1 } }
        local shown = timing("--baseline", nothing, nothing).stdout
        assert.is_nil(shown:find("no shift that is more than chance", 1, true))
        assert.is_truthy(shown:find("nothing is in both logs", 1, true))
    end)
end)
