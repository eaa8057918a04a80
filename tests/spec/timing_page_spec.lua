-- The page that `tracereel timing --html` writes, read as text. tests/browser opens it.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local void_elements = { meta = true, br = true }

-- Walks over all tags; returns how many of each there are. Raises where they are not nested as they must be.
local function count_elements(page)
    -- What is in these two is not HTML.
    local text = page:gsub("<style>.-</style>", "<style></style>"):gsub("<script>.-</script>", "<script></script>")
    local open, counts = {}, {}
    for closing, name in text:gmatch("<(/?)([%a][%w]*)") do
        if closing == "/" then
            assert.are.equal(table.remove(open), name)
        else
            counts[name] = (counts[name] or 0) + 1
            if not void_elements[name] then
                open[#open + 1] = name
            end
        end
    end
    assert.are.equal(0, #open)
    return counts
end

local function make(log, ...)
    local path = helper.directory() .. "/report.html"
    local result = helper.run { "timing", log, "--html", path, ... }
    return helper.read(path), result
end

local function report_of(log, ...)
    return dkjson.decode(helper.run({ "timing", log, "--json", ... }).stdout)
end

-- The cells of the table of nodes: by node id a list of { value, text }, as wide as the head.
local function node_cells(page)
    local found = {}
    local body = page:match('id="nodes%-table".-<tbody>(.-)</tbody>')
    for row in body:gmatch("<tr[^>]*>(.-)</tr>") do
        local cells = {}
        for attributes, text in row:gmatch("<t[dh]([^>]*)>(.-)</t[dh]>") do
            cells[#cells + 1] = { value = attributes:match('data%-value="(%d+)"'),
                text = text:gsub("<title>.-</title>", ""):gsub("<[^>]+>", "") }
        end
        found[tonumber(cells[1].value)] = cells
    end
    return found
end

local function column_of(page, title)
    local head = page:match('id="nodes%-table".-<thead>(.-)</thead>')
    local index = 0
    for text in head:gmatch("<th[^>]*>(.-)</th>") do
        index = index + 1
        if text == title then
            return index
        end
    end
    error("there is no column " .. title)
end

-- As it would be named in a policy, computed by other programs.
local function hash_of(text)
    local path = helper.write(helper.directory() .. "/text", text)
    local bytes = helper.shell("sha256sum " .. path):match("^%x+"):gsub("%x%x", function(pair)
        return string.char(tonumber(pair, 16))
    end)
    helper.write(path, bytes)
    return "sha256-" .. helper.shell("base64 " .. path):match("%S+")
end

describe("the page of tracereel timing", function()
    after_each(helper.clean)

    for _, name in ipairs(helper.log_names()) do
        it("is well nested and of moderate size for " .. name, function()
            local page = make(helper.log(name))
            local counts = count_elements(page)
            assert.are.equal(2, counts.script) -- the data and what reads it
            assert.are.equal(1, counts.h1)
            assert.is_true(#page < 1000000)
        end)
    end

    it("has the same bytes each time", function()
        assert.are.equal(make(helper.log("orders")), (make(helper.log("orders"))))
    end)

    it("refers to nothing outside itself", function()
        -- The name of SVG is no address that anything is loaded from.
        local page = make(helper.log("orders")):gsub('"http://www.w3.org/2000/svg"', "")
        for _, sign in ipairs { "https?:", " src=", "@import", "<link", "<iframe", "<object" } do
            assert.is_nil(page:find(sign), sign)
        end
        for target in page:gmatch("url%(([^)]*)%)") do
            assert.are.equal("#hatch", target)
        end
        for target in page:gmatch(' href="([^"]*)"') do
            assert.is_not_nil(page:find(('id="%s"'):format(target:match("^#(.*)")), 1, true))
        end
    end)

    it("allows only its own style and script, by their hashes", function()
        local page = make(helper.log("all-complete"))
        assert.are.equal(("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'")
            :format(hash_of(page:match("<style>(.-)</style>")), hash_of(page:match("<script>(.-)</script>")))
            :gsub("'", "&#39;"), page:match('Content%-Security%-Policy"') and page:match('content="(default[^"]*)"'))
    end)

    it("shows every node's numbers as in the report", function()
        local page = make(helper.log("orders"))
        local cells = node_cells(page)
        local columns = { p50 = "p50_ns", p90 = "p90_ns", p95 = "p95_ns", p99 = "p99_ns", ["p99.9"] = "p999_ns",
            min = "min_ns", mean = "mean_ns", max = "max_ns" }
        local compared = 0
        for _, node in ipairs(report_of(helper.log("orders")).nodes) do
            for title, key in pairs(columns) do
                local cell = cells[node.id][column_of(page, title)]
                if node.run.count > 0 then
                    compared = compared + 1
                    assert.are.equal(("%d"):format(node.run[key]), cell.value)
                    assert.are.equal((tracereel.duration(node.run[key]):gsub(" us$", " µs")), cell.text)
                else
                    assert.is_nil(cell.value)
                    assert.are.equal("–", cell.text)
                end
            end
            assert.are.equal(("%d"):format(node.error_count), cells[node.id][column_of(page, "Errors")].value)
        end
        assert.is_true(compared > 40)
    end)

    it("has the busiest of very many nodes in its table and fewer in its charts, and says so", function()
        local directory, nodes = helper.directory() .. "/log", 3000
        local writer = tracereel.writer(directory)
        local make_record, id, start_ns = tracereel.record, "00000000-0000-4000-8000-000000000001", 1764000000000000000
        writer:append(make_record.trace_start { trace_id = id, timestamp_ns = start_ns })
        for node = 1, nodes do
            writer:append(make_record.node_start { trace_id = id, timestamp_ns = start_ns, node_id = node })
        end
        for node = 1, nodes do
            writer:append(make_record.node_done { trace_id = id, timestamp_ns = start_ns + node * 1000,
                node_id = node })
        end
        writer:close()
        local page = make(directory)
        local function row_count(text)
            return select(2, text:match('id="nodes%-table"(.-)</table>'):gsub('<th class="node" data%-value', ""))
        end
        assert.are.equal(500, row_count(page))
        assert.truthy(page:find('<th class="node" data-value="2501"', 1, true))
        assert.is_nil(page:find('<th class="node" data-value="2500"', 1, true))
        assert.truthy(page:find("Not in this table: 2,500 nodes no busier than these", 1, true))
        assert.are.equal(1000, row_count((make(directory, "--top", "1000"))))
        local charts = page:match('<section[^>]* id="distributions">(.-)</section>')
        -- The busiest is the one that ended last; what is drawn of each is its run.
        assert.truthy(charts:find("run time of node 3000:", 1, true))
        assert.truthy(charts:find("run time of node 2941:", 1, true))
        assert.is_nil(charts:find("run time of node 2940:", 1, true))
        assert.truthy(charts:find("Not drawn: 2,940 nodes no busier than these", 1, true))
        assert.is_true(#page < 1500000, #page)
    end)

    it("marks what is estimated, and says why", function()
        local page = make(helper.log("done-only"))
        local cells = node_cells(page)
        for _, node in ipairs(report_of(helper.log("done-only")).nodes) do
            if node.run.count > 0 then
                assert.are.equal("~", cells[node.id][column_of(page, "p99")].text:sub(1, 1))
            end
        end
        assert.is_not_nil(page:find("durations are estimated</b> and marked with ~", 1, true))
        assert.is_not_nil(page:find('<rect class="estimated"', 1, true))
        local exact = make(helper.log("all-complete"))
        assert.is_nil(exact:find("estimated</b>", 1, true))
        assert.is_nil(exact:find('<rect class="estimated"', 1, true))
        assert.is_nil(exact:find(">~", 1, true))
    end)

    it("warns of damage, but not of what a crash leaves", function()
        local flipped = make(helper.log("bit-flip-payload"))
        assert.is_not_nil(flipped:find("<b>The log is damaged</b> (1 corrupt stretch)", 1, true))
        assert.is_not_nil(make(helper.log("missing-segment")):find("(1 missing segment)", 1, true))
        local torn = make(helper.log("torn-tail"))
        assert.is_nil(torn:find("The log is damaged", 1, true))
        assert.is_not_nil(torn:find("1 torn record at the end", 1, true))
    end)

    it("escapes what comes from the log and from the flow", function()
        local name = [["'><img src=x onerror=alert(1)></script><!-- &amp;]] .. "\u{202E}\7"
        local directory = helper.directory() .. "/log '\"<b>&"
        helper.shell(("cp -r %s %s"):format(helper.log("orders"), helper.quote(directory)))
        local flow = helper.write(helper.directory() .. "/flow.lua",
            ("return { name = %q, nodes = { [3] = { name = %q } } }"):format(name, name))
        local page = make(directory, "--flow", flow)
        local counts = count_elements(page)
        assert.is_nil(counts.img)
        assert.are.equal(2, counts.script) -- the data and what reads it
        assert.is_nil(page:find("<!--", 1, true))
        assert.is_not_nil(page:find("&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;&lt;/script&gt;&lt;!-- &amp;amp;"
            .. "\\u{202e}\\x07", 1, true))
        assert.is_not_nil(page:find("log &#39;&quot;&lt;b&gt;&amp;", 1, true))
    end)

    it("draws the longest traces with a bar for each attempt, marked where it was critical", function()
        local page = make(helper.log("all-complete"))
        local report = report_of(helper.log("all-complete"))
        assert.is_true(#report.worst_traces > 1)
        for _, trace in ipairs(report.worst_traces) do
            local picture = page:match('<details [^>]*id="trace%-' .. trace.trace_id:gsub("%-", "%%-")
                .. '".-</details>')
            local bars, critical, expected_critical = 0, 0, 0
            for class in picture:gmatch('<rect class="(%a+)"') do
                bars = bars + ((class == "run" or class == "retry") and 1 or 0)
                critical = critical + (class == "critical" and 1 or 0)
            end
            for _, span in ipairs(trace.spans) do
                expected_critical = expected_critical + (span.critical and 1 or 0)
            end
            assert.are.equal(#trace.spans, bars)
            assert.are.equal(expected_critical, critical)
            assert.is_not_nil(picture:find("<b>" .. tracereel.duration(trace.makespan_ns) .. "</b>", 1, true))
        end
    end)

    it("names the nodes that were not compared with the baseline, and says if none was", function()
        local page = make(helper.log("orders"), "--baseline", helper.log("done-only"))
        assert.is_truthy(page:find("Times not compared, because starts are written in one of the logs and estimated in "
            .. "the other: node 0, 1, 2, 3, 5, 6, 7<", 1, true))
        page = make(helper.log("empty"), "--baseline", helper.log("orders"))
        assert.is_truthy(page:find("Nothing is in both logs", 1, true))
        assert.is_nil(page:find("No shift is significant", 1, true))
    end)

    it("shows the comparison with a baseline", function()
        local log, before = helper.directory() .. "/log", helper.directory() .. "/before"
        helper.run { "generate", log, "--traces", "300", "--seed", "1" }
        helper.run { "generate", before, "--traces", "300", "--seed", "2" }
        local page = make(log, "--baseline", before)
        count_elements(page)
        assert.is_not_nil(page:find('<section aria-labelledby="comparison-title"', 1, true))
        local compared = report_of(log, "--baseline", before).comparison
        local section = page:match('id="comparison".-</section>')
        local significant = 0
        for _, shift in ipairs(compared.shifts) do
            significant = significant + (shift.significant and 1 or 0)
        end
        local _, listed = section:gsub("<li>", "")
        assert.are.equal(significant, listed)
        assert.are.equal(significant == 0, section:find("No shift is significant", 1, true) ~= nil)
        assert.is_nil(make(log):find('id="comparison"', 1, true))
    end)

    -- A log in which node n runs `runs[n]` times, each for some ms from `ms[n]` on.
    local function log_of_runs(runs, ms)
        local directory = helper.directory() .. "/log"
        local writer = tracereel.writer(directory)
        local number, most = 0, math.max(table.unpack(runs))
        for round = 1, most do
            for node, count in ipairs(runs) do
                number = number + 1
                local id = ("00000000-0000-4000-8000-%012x"):format(number)
                local start_ns = 1764000000000000000 + number * 1000000000
                local function append(kind, after_ns, fields)
                    fields.trace_id, fields.timestamp_ns = id, start_ns + after_ns
                    writer:append(tracereel.record[kind](fields))
                end
                if round <= count then
                    append("trace_start", 0, {})
                    append("node_start", 0, { node_id = node })
                    append("node_done", ms[node] * 1000000 + round * 10000, { node_id = node })
                    append("trace_complete", ms[node] * 1000000 + round * 10000, {})
                end
            end
        end
        writer:close()
        return directory
    end

    it("sorts the nodes by what changed most, says why, and lays the most changed over the baseline", function()
        local before = log_of_runs({ 100, 100, 3 }, { 10, 10, 10 })
        local after = log_of_runs({ 100, 100, 3 }, { 10, 50, 900 })
        local page = make(after, "--baseline", before)
        local rows = {}
        for row in page:match('id="shifts%-table".-<tbody>(.-)</tbody>'):gmatch("<tr.-</tr>") do
            rows[#rows + 1] = { (row:match("<th.->(.-)</th>"):gsub("<[^>]+>", "")), (row:match('words">([^<]*)</td>')) }
        end
        local place = {}
        for index, row in ipairs(rows) do
            place[row[1]] = index
        end
        -- 50 times as slow, but of three runs nobody can tell; four times as slow is significant.
        assert.is_true(place["2"] < place["3"] and place["3"] < place["1"])
        assert.are.equal("significant: 100 runs against 100", rows[place["2"]][2])
        assert.are.equal("not compared: 3 runs", rows[place["3"]][2])
        assert.are.equal("within chance: 100 runs against 100", rows[place["1"]][2])
        assert.are.equal(4, select(2, page:gsub('<path class="baseline"', "")))
    end)

    it("has a table of hours, with the nodes of each", function()
        local page = make(helper.log("orders"), "--by", "hour")
        local report = report_of(helper.log("orders"), "--by", "hour")
        for _, group in ipairs(report.groups) do
            assert.is_not_nil(page:find(">Nodes: " .. group.key:sub(1, 16):gsub("T", " "), 1, true))
        end
        assert.is_true(#report.groups > 0)
    end)
end)
