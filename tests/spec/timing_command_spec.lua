-- What users of `tracereel timing` rely on beside its numbers: options, forms of output, exit codes.
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local function timing(...)
    return helper.run { "timing", ... }
end

local function report_of(...)
    return assert(tracereel.json_decode(timing("--json", ...).stdout))
end

local function ids_of(nodes)
    local ids = {}
    for index, node in ipairs(nodes) do
        ids[index] = node.id
    end
    return ids
end

-- The traces of a sample log: id, start, last time.
local function traces_of(name)
    local traces = {}
    for line in helper.run({ "traces", "--json", helper.log(name) }).stdout:gmatch("[^\n]+") do
        traces[#traces + 1] = tracereel.json_decode(line)
    end
    return traces
end

local function count_of(report)
    local traces = report.traces
    return traces.complete_count + traces.failed_count + traces.open_count
end

describe("tracereel timing", function()
    after_each(helper.clean)

    it("--since and --until keep traces that started in between: RFC 3339, nanoseconds, before the end", function()
        local starts, last_ns = {}, 0
        for _, trace in ipairs(traces_of("orders")) do
            starts[#starts + 1] = trace.start_ns
            last_ns = math.max(last_ns, trace.last_ns)
        end
        table.sort(starts)
        local middle_ns = starts[#starts // 2]
        local from_middle = #starts - #starts // 2 + 1
        assert.are.equal(from_middle, count_of(report_of("--since", ("%d"):format(middle_ns), helper.log("orders"))))
        assert.are.equal(from_middle,
            count_of(report_of("--since", tracereel.time(middle_ns), helper.log("orders"))))
        assert.are.equal(#starts - from_middle,
            count_of(report_of("--until", tracereel.time(middle_ns), helper.log("orders"))))
        local before_end = ("-%dns"):format(last_ns - middle_ns)
        local report = report_of("--since", before_end, helper.log("orders"))
        assert.are.equal(from_middle, count_of(report))
        assert.are.equal(middle_ns, report.log.since_ns)
        assert.are.equal(#starts, count_of(report_of("--since", "-2h", helper.log("orders"))))
        assert.are.equal(2, timing("--since", "-1ns", "--until", "-2h", helper.log("orders")).status)
        assert.are.equal(2, timing("--since", "yesterday", helper.log("orders")).status)
    end)

    it("reads a pipe, but not for a time before its end", function()
        local bytes = helper.read(helper.log("all-complete") .. "/wal_0000000000000000.log")
        local ran = helper.run({ "timing", "--json", "-" }, { stdin = bytes })
        assert.are.equal(0, ran.status)
        assert.is_true(count_of(tracereel.json_decode(ran.stdout)) > 0)
        ran = helper.run({ "timing", "--since=-2h", "-" }, { stdin = bytes })
        assert.are.equal(2, ran.status)
        assert.is_truthy(ran.stderr:find("a pipe can be read only once: save the log to a file", 1, true))
        ran = helper.run({ "timing", "--baseline", "-", "-" }, { stdin = bytes })
        assert.are.equal(2, ran.status)
        assert.is_truthy(ran.stderr:find("standard input can be the log or the baseline, not both", 1, true))
    end)

    it("--trace keeps the traces with the given beginnings of ids", function()
        local trace = traces_of("orders")[1]
        local report = report_of("--trace", trace.trace_id:sub(1, 8), "--by", "trace", helper.log("orders"))
        assert.are.equal(1, count_of(report))
        assert.are.equal(trace.trace_id, report.worst_traces[1].trace_id)
    end)

    it("--node, --sort and --top choose rows without changing any number", function()
        local all = report_of("--sort", "id", helper.log("orders"))
        assert.are.same({ 0, 1, 2, 3, 4, 5, 6, 7, 8 }, ids_of(all.nodes))
        local chosen = report_of("--node", "3,5", "--sort", "id", helper.log("orders"))
        assert.are.same({ all.nodes[4], all.nodes[6] }, chosen.nodes)
        for key, field in pairs { p99 = "p99_ns", max = "max_ns", mean = "mean_ns" } do
            local sorted = report_of("--sort", key, helper.log("orders")).nodes
            for index = 2, #sorted do
                assert.is_true(sorted[index - 1].run[field] >= sorted[index].run[field])
            end
        end
        -- None of these has a loop: they are in the order of their ids.
        assert.are.same({ 0, 1, 2, 3, 4, 5, 6, 7 }, ids_of(report_of("--sort", "loop", "--node", "0,7,1,2,6,3,4,5",
            helper.log("orders")).nodes))
        assert.are.same({ 3, 2 }, ids_of(report_of("--top", "2", helper.log("orders")).nodes))
        assert.are.equal(2, timing("--top", "0", helper.log("orders")).status)
        assert.are.equal(2, timing("--sort", "beauty", helper.log("orders")).status)
    end)

    it("--by outcome and --by hour split the whole into parts", function()
        for _, by in ipairs { "outcome", "hour" } do
            local report = report_of("--by", by, helper.log("orders"))
            local runs, traces = 0, 0
            for _, group in ipairs(report.groups) do
                traces = traces + count_of(group)
                for _, node in ipairs(group.nodes) do
                    runs = runs + node.count
                end
            end
            for _, node in ipairs(report.nodes) do
                runs = runs - node.count
            end
            assert.are.equal(0, runs)
            assert.are.equal(count_of(report), traces)
            assert.are.equal(by, report.by)
        end
        local groups = report_of("--by", "outcome", helper.log("orders")).groups
        assert.are.equal("complete failed open", groups[1].key .. " " .. groups[2].key .. " " .. groups[3].key)
        local hour = report_of("--by", "hour", helper.log("orders")).groups[1]
        assert.are.equal("2025-11-24T16:00:00Z", hour.key)
        assert.are.equal(hour.key, (tracereel.time(hour.first_ns):gsub("%.0+Z", "Z")))
    end)

    it("makes one report of several logs, and names those that it cannot read", function()
        local one, other = report_of(helper.log("orders")), report_of(helper.log("done-only"))
        local both = report_of(helper.log("orders"), helper.log("done-only"))
        assert.is_true(report_of(helper.log("bit-flip-payload"), helper.log("done-only")).log.damaged)
        assert.are.equal(count_of(one) + count_of(other), count_of(both))
        assert.are.equal(one.log.records + other.log.records, both.log.records)
        assert.are.same({ helper.log("orders"), helper.log("done-only") }, both.log.paths)
        local ran = timing("--json", helper.log("no-segments"), helper.log("orders"))
        assert.are.equal(4, ran.status)
        assert.is_truthy(ran.stderr:find("no-segments", 1, true))
        assert.are.same(one, tracereel.json_decode(ran.stdout))
        assert.are.equal("", timing(helper.log("no-segments")).stdout)
    end)

    it("--csv prints the same rows and numbers", function()
        local lines = {}
        for line in timing("--csv", "--sort", "id", helper.log("orders")).stdout:gmatch("[^\n]+") do
            lines[#lines + 1] = line
        end
        local names, index = {}, 0
        for name in lines[1]:gmatch("[^,]+") do
            index = index + 1
            names[name] = index
        end
        for row, node in ipairs(report_of("--sort", "id", helper.log("orders")).nodes) do
            local cells = {}
            for cell in (lines[row + 1] .. ","):gmatch("([^,]*),") do
                cells[#cells + 1] = cell
            end
            assert.are.equal(index, #cells)
            for name, value in pairs {
                id = node.id, count = node.count, run_p99_ns = node.run.p99_ns, queue_ns = node.queue_ns,
                critical_ns = node.critical_ns, worst_trace_id = node.worst and node.worst.trace_id or "",
            } do
                assert.are.equal(tostring(value), cells[names[name]], name)
            end
        end
        -- What the critical paths waited for has no id; the column adds up to 1.
        local sum, waits = 0, {}
        for row = 2, #lines do
            local cells = {}
            for cell in (lines[row] .. ","):gmatch("([^,]*),") do
                cells[#cells + 1] = cell
            end
            sum = sum + tonumber(cells[names.critical_share])
            waits[#waits + 1] = cells[names.id] == "" and cells[names.name] or nil
        end
        assert.is_true(math.abs(sum - 1) < 1e-9)
        assert.are.same({ "(queue)", "(gap)" }, waits)
        local by_trace = timing("--csv", "--by", "trace", "--top", "3", helper.log("orders")).stdout
        assert.are.equal(4, select(2, by_trace:gsub("\n", "\n")))
        assert.are.equal(2, timing("--csv", "--json", helper.log("orders")).status)
    end)

    it("--html writes a whole page or nothing", function()
        local path = helper.directory() .. "/page.html"
        assert.are.equal(0, timing("--html", path, helper.log("orders")).status)
        assert.is_truthy(helper.read(path):find("</html>%s*$"))
        local ran = timing("--html", path .. "/no/such", helper.log("orders"))
        assert.are.equal(4, ran.status)
        assert.is_truthy(ran.stderr:find("page.html/no/such", 1, true))
    end)

    it("--flow names the nodes, and refuses an unusable file with the reason", function()
        local directory = helper.directory()
        local path = helper.write(directory .. "/flow.lua",
            'return { name = "orders", nodes = { [2] = {}, [7] = {}, [3] = { name = "charge", after = { 2, 7 } } } }')
        local report = report_of("--flow", path, "--node", "3", helper.log("orders"))
        assert.are.equal("charge", report.nodes[1].name)
        assert.are.equal("orders", report.flow_name)
        assert.is_truthy(timing("--flow", path, helper.log("orders")).stdout:find("\n3 charge ", 1, true))
        local wrong = {
            ["return { nodes = { [3] = { after = { 9 } } } }"] = "node 3: it comes after 9, which is not in",
            ["return os.exit(0)"] = "only return a table",
            ["return 7"] = "a flow is a table like",
            ["return }"] = "unexpected symbol",
            ["\27Lua"] = "binary chunk",
            ["return { nodes = { [1] = { after = {2} }, [2] = { after = {1} } } }"] = "in a circle: 1 after 2 after 1",
            ["while true do end"] = "only return a table: it does not come to an end",
            ["while true do pcall = nil end"] = "only return a table: it does not come to an end",
        }
        for text, message in pairs(wrong) do
            local ran = timing("--flow", helper.write(path, text), helper.log("orders"))
            assert.are.equal(2, ran.status, text)
            assert.is_truthy(ran.stderr:find(message, 1, true), ran.stderr)
            assert.is_truthy(ran.stderr:find(path, 1, true), ran.stderr)
        end
        assert.are.equal(4, timing("--flow", directory .. "/none.lua", helper.log("orders")).status)
    end)

    it("gives the same bytes every time", function()
        for _, form in ipairs { "--json", "--csv" } do
            assert.are.equal(timing(form, helper.log("orders")).stdout, timing(form, helper.log("orders")).stdout)
        end
    end)
end)

describe("tracereel flow", function()
    after_each(helper.clean)

    local pipeline = {
        [0] = {}, [1] = { 0 }, [2] = { 1 }, [7] = { 1 }, [3] = { 2, 7 }, [4] = { 3 }, [5] = { 3 }, [6] = { 5 },
    }

    for _, name in ipairs { "orders", "done-only" } do
        it("infers the order of the pipeline from " .. name .. ", with and without written starts", function()
            local guessed = tracereel.json_decode(helper.run({ "flow", "--json", helper.log(name) }).stdout)
            local after = {}
            for id, node in pairs(guessed.nodes) do
                after[math.tointeger(tonumber(id)) or id] = node.after
            end
            -- Keys of a JSON object are texts; where all are 0 to n it still is one.
            assert.are.same(pipeline, after)
        end)
    end

    it("writes a file that --flow reads, from which the same order is inferred again", function()
        local path = helper.directory() .. "/orders.flow"
        local ran = helper.run { "flow", "--name", "an \"order\"", "-o", path, helper.log("orders") }
        assert.are.equal(0, ran.status)
        assert.are.equal("", ran.stdout)
        assert.are.equal('an "order"', report_of("--flow", path, helper.log("orders")).flow_name)
        local loaded = load(helper.read(path), "flow", "t", {})()
        for id, after in pairs(pipeline) do
            assert.are.same(after, loaded.nodes[id].after)
        end
    end)

    it("makes a node after an optional one wait for that one's predecessors, too", function()
        local directory = helper.directory()
        local writer = tracereel.writer(directory)
        for number, nodes in ipairs { { 1, 2, 3 }, { 1, 3 }, { 1, 2, 3 } } do
            local id = ("00000000-0000-0000-0000-%012x"):format(number)
            writer:append(tracereel.record.trace_start { trace_id = id, timestamp_ns = 0 })
            for index, node in ipairs(nodes) do
                writer:append(tracereel.record.node_done { trace_id = id, node_id = node, timestamp_ns = index * 10 })
            end
        end
        writer:close()
        local guessed = load(helper.run({ "flow", directory }).stdout)()
        assert.are.same({ 1, 2 }, guessed.nodes[3].after)
        assert.are.same({ 1 }, guessed.nodes[2].after)
        assert.are.same({}, guessed.nodes[1].after)
    end)

    -- One trace in which so many nodes ran one after the other.
    local function chain(count)
        local directory = helper.directory()
        local writer = tracereel.writer(directory)
        local id = "00000000-0000-0000-0000-000000000001"
        writer:append(tracereel.record.trace_start { trace_id = id, timestamp_ns = 0 })
        for node = 1, count do
            writer:append(tracereel.record.node_done { trace_id = id, node_id = node, timestamp_ns = node * 10 })
        end
        writer:close()
        return directory
    end

    it("infers a long chain quickly, and refuses more nodes than it can compare in pairs", function()
        local guessed = load(helper.run({ "flow", chain(300) }, { before = "timeout 5" }).stdout)()
        for node = 2, 300 do
            assert.are.same({ node - 1 }, guessed.nodes[node].after)
        end
        local ran = helper.run({ "flow", chain(20000) }, { before = "timeout 5" })
        assert.are.equal(6, ran.status)
        assert.is_truthy(ran.stderr:find("20000 nodes in one trace", 1, true), ran.stderr)
    end)

    it("reports a log from which nothing can be inferred", function()
        local ran = helper.run { "flow", helper.log("empty") }
        assert.are.equal(6, ran.status)
        assert.is_truthy(ran.stderr:find("nothing can be inferred", 1, true))
    end)
end)
