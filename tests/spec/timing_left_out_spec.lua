-- Attempts with estimated starts beside exact ones of the same node: in no time, and counted.
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local base_ns = 1764000000000000000

-- Adds the trace of a log of records { type, node_id, time } to a timing.
local function add(timing, steps, number)
    local directory = helper.directory()
    local writer = tracereel.writer(directory)
    for _, step in ipairs(steps) do
        writer:append(tracereel.record[step[1]] {
            trace_id = ("00000000-0000-0000-0000-%012x"):format(number), node_id = step[2],
            timestamp_ns = base_ns + step[3],
        })
    end
    writer:close()
    tracereel.open(directory):replay { timing = timing }
end

local function report_of(steps)
    local timing = tracereel.timing()
    add(timing, steps, 1)
    return timing:report()
end

local function nodes_of(report)
    local nodes = {}
    for _, node in ipairs(report.nodes) do
        nodes[node.id] = node
    end
    return nodes
end

local function trace_of(...)
    return { { "trace_start", 0, 0 }, ... }
end

describe("a timing of written and estimated starts", function()
    after_each(helper.clean)

    -- As in an excerpt of BPI Challenge 2012, where W_Completeren aanvraag ran 44 times, 363 s on average, and one of
    -- its ends has no start: counted from the event before, it lasted 21 days.
    it("leaves one estimate of days out of the mean of 44 runs of minutes, and says so", function()
        local steps, sum = {}, 0
        for number = 1, 44 do
            local run = 300 + 3 * (number % 44)
            sum = sum + run
            steps[#steps + 1] = { "node_start", 1, number * 1000 }
            steps[#steps + 1] = { "node_done", 1, number * 1000 + run }
        end
        local estimated_start = 44 * 1000 + 300 -- of the node_done before
        steps[#steps + 1] = { "node_done", 1, estimated_start + 1800000 }
        steps[#steps + 1] = { "trace_complete", 0, estimated_start + 1800000 }
        local report = report_of(trace_of(table.unpack(steps)))
        local node = nodes_of(report)[1]
        assert.are.same({ 45, 44, 1, 44 }, { node.count, node.run.count, node.left_out_count, node.exact_count })
        assert.are.same({ (sum + 22) // 44, sum, 300 + 3 * 43 },
            { node.run.mean_ns, node.run_ns, node.run.max_ns })
        assert.are.equal(node.run.max_ns, node.worst.run_ns)
        assert.is_false(node.estimated)
        assert.are.same({ sum, 44 }, { node.critical_ns, node.critical_count })
        assert.are.equal(1800000, report.traces.critical_path.left_out_ns)
    end)

    it("marks a node of which no start was written, and leaves none of it out", function()
        local node = nodes_of(report_of(trace_of({ "node_done", 1, 5 }, { "node_error", 1, 9 }, { "node_done", 1, 10 },
            { "trace_complete", 0, 11 })))[1]
        assert.are.same({ 2, 5 + 1, 4, 0 }, { node.run.count, node.run_ns, node.retry_ns, node.left_out_count })
        assert.is_true(node.estimated)
    end)

    it("keeps estimated runs where only an attempt that failed has a written start", function()
        local report = report_of(trace_of({ "node_done", 1, 5 }, { "node_error", 1, 9 }, { "node_start", 1, 10 },
            { "node_error", 1, 12 }, { "node_done", 1, 20 }, { "trace_complete", 0, 20 }))
        local node = nodes_of(report)[1]
        assert.are.same({ 2, 5 + 8, 1, 2, 1 },
            { node.run.count, node.run_ns, node.failed_count, node.retry_ns, node.left_out_count })
        assert.is_true(node.estimated)
        -- On the path: of the estimated ones 5, 4 and 8, of the other one 2.
        assert.are.same({ 2, 17 }, { node.critical_ns, report.traces.critical_path.left_out_ns })
    end)

    it("leaves out the same, in whatever parts and order traces are added", function()
        local function trace(number)
            local steps = {}
            for step = 1, number % 5 + 1 do
                local node, now = (number + step) % 3, step * 100 + number
                if number % 4 == 0 or number > 20 and step % 2 == 0 then
                    steps[#steps + 1] = { "node_start", node, now }
                end
                steps[#steps + 1] = { (number + step) % 7 == 0 and "node_error" or "node_done", node, now + number }
            end
            steps[#steps + 1] = { "trace_complete", 0, 1000 + number }
            return trace_of(table.unpack(steps))
        end
        local function timing_of(from, to)
            local timing = tracereel.timing()
            for number = from, to do
                add(timing, trace(number), number)
            end
            return timing
        end
        local whole = timing_of(1, 30):report()
        local left_out = 0
        for _, node in ipairs(whole.nodes) do
            left_out = left_out + node.left_out_count
        end
        assert.is_true(left_out > 20)
        local parts = { timing_of(1, 3), timing_of(4, 19), timing_of(20, 22), timing_of(23, 30) }
        for _, order in ipairs { { 1, 2, 3, 4 }, { 4, 3, 2, 1 }, { 2, 4, 1, 3 } } do
            local merged = tracereel.timing()
            for _, place in ipairs(order) do
                merged:merge(parts[place])
            end
            assert.are.same(whole, merged:report())
        end
    end)

    it("is told of in every form: the text, the page, CSV and JSON, and by node_times", function()
        local directory = helper.directory() .. "/log"
        local writer = tracereel.writer(directory)
        for _, step in ipairs(trace_of({ "node_start", 1, 10 }, { "node_done", 1, 20 }, { "node_done", 1, 1000020 },
            { "node_done", 2, 1000100 }, { "trace_complete", 0, 1000100 })) do
            writer:append(tracereel.record[step[1]] { trace_id = ("%08x-0000-4000-8000-000000000000"):format(1),
                node_id = step[2], timestamp_ns = base_ns + step[3] })
        end
        writer:close()
        local page = helper.directory() .. "/page.html"
        local text = helper.output_of("timing", directory, "--html", page)
        assert.matches("\n1                      1   10 ns ", text, 1, true)
        assert.matches("\n2 ~                    1   80 ns ", text, 1, true)
        assert.matches("\nLeft out  estimated attempts, of nodes that have exact ones\n"
            .. "NODE                EXACT LEFT OUT\n1                       1        1\n", text, 1, true)
        assert.matches("\n- left out          100%", text, 1, true)
        assert.matches("1 exact, 2 estimated (~: the log has no node_start for them)\n"
            .. "              1 of the estimated left out: their nodes have exact ones\n", text, 1, true)
        local html = helper.read(page)
        assert.matches("<b>1 attempt is left out</b> of all times", html, 1, true)
        assert.matches("<b>1 of 3 durations are estimated</b>", html, 1, true)
        assert.is_truthy(html:find('aria%-label="left out: [%d.]+.-%% of the critical paths, 1.00 ms"'))
        local csv = helper.output_of("timing", "--csv", "--sort", "id", directory)
        local names, rows = {}, {}
        for line in csv:gmatch("[^\n]+") do
            local cells, place = {}, 0
            for cell in (line .. ","):gmatch("([^,]*),") do
                place = place + 1
                cells[names[place] or place] = cell
            end
            if #names == 0 then
                names = cells
            else
                rows[#rows + 1] = cells
            end
        end
        assert.are.same({ "1", "2", "1", "10" }, { rows[1].left_out_count, rows[1].count, rows[1].run_count,
            rows[1].run_mean_ns })
        assert.are.same({ "", "(left out)", "1000000" }, { rows[#rows].id, rows[#rows].name, rows[#rows].critical_ns })
        local object = helper.objects(helper.output_of("timing", "--json", directory))[1]
        assert.are.equal("#1", object.log.left_out_count)
        local times = helper.output_of("run", "node_times", directory)
        assert.matches("\n1 +1 +10 ns +10 ns +10 ns +10 ns\n2 +1 +80 ns", times)
        assert.matches("1 runs are estimated: no node_start was written", times, 1, true)
        assert.matches("1 more would be estimated: left out", times, 1, true)
    end)
end)
