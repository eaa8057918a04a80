-- The HTML report as a person meets it: in a browser.
local Browser = require "tests.browser.browser"
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local page_scripts = require "tests.browser.page_scripts"

local hostile_name = [[</script><img src=x onerror="document.title='run'">]]

local flow_text = ([[return { name = "orders & <b>more</b>", nodes = {
    [0] = { name = "trigger" }, [1] = { name = %q, after = { 0 } }, [2] = { name = "fraud_check", after = { 1 } },
    [3] = { name = "charge", after = { 2 } }, [4] = { name = "approve", after = { 3 } },
    [5] = { name = "ship", after = { 3, 7 } }, [6] = { name = "a name that is much too long for any column of a page",
    after = { 5 } }, [7] = { name = "reserve_stock", after = { 1 } }, [8] = { name = "retry_loop", after = { 2 } },
} }]]):format(hostile_name)

describe("the page of tracereel timing --html", function()
    local browser, directory, report

    local function page_path()
        return directory .. "/report.html"
    end

    lazy_setup(function()
        directory = helper.directory()
        local log, flow = directory .. "/log", helper.write(directory .. "/flow.lua", flow_text)
        local generated = helper.run { "generate", log, "--traces", "300", "--seed", "11", "--crash-after", "90s" }
        assert.are.equal(0, generated.status)
        assert.are.equal(0, helper.run({ "timing", log, "--flow", flow, "--html", page_path() }).status)
        report = dkjson.decode(helper.run({ "timing", log, "--flow", flow, "--json" }).stdout)
        browser = Browser.open()
    end)

    lazy_teardown(function()
        if browser then
            browser:close()
        end
        helper.clean()
    end)

    before_each(function()
        browser:resize(1280, 900)
        browser:prefer("light")
        browser:visit(page_path())
    end)

    -- Node ids in the order of a value of the report; nodes without one at the end, all ties in the order of the page.
    local function ids_in_order(value_of, is_ascending)
        local ids, values, places = {}, {}, {}
        for place, text in ipairs(browser:run(page_scripts.column, "Node")) do
            places[math.tointeger(tonumber(text:match("^%d+")))] = place
        end
        for index, node in ipairs(report.nodes) do
            ids[index], values[node.id] = node.id, value_of(node)
        end
        table.sort(ids, function(a, b)
            if values[a] == values[b] then
                return places[a] < places[b]
            elseif not values[a] or not values[b] then
                return values[a] ~= nil
            end
            return (values[a] < values[b]) == (is_ascending == true)
        end)
        return ids
    end

    local function ids_shown()
        local ids = {}
        for index, text in ipairs(browser:run(page_scripts.column, "Node")) do
            ids[index] = math.tointeger(tonumber(text:match("^%d+")))
        end
        return ids
    end

    local function p99_of(node)
        return node.run.count > 0 and node.run.p99_ns or nil
    end

    it("opens from disk without console messages, and loads nothing but itself", function()
        assert.are.same({}, browser:console())
        assert.are.same({ "file://" .. page_path() }, browser:requests())
    end)

    it("sorts a column by its values, and in reverse at the second click", function()
        local button = browser:run(page_scripts.button, "p99")
        local expected = ids_in_order(p99_of)
        browser:click(button)
        assert.are.same(expected, ids_shown())
        assert.are.equal("p99 descending", browser:run(page_scripts.sort_state))
        local reversed = ids_in_order(p99_of, true)
        browser:click(button)
        assert.are.same(reversed, ids_shown())
        assert.are.equal("p99 ascending", browser:run(page_scripts.sort_state))
        assert.are.same({}, browser:console())
    end)

    it("shows the values of the report, with the largest on top after sorting", function()
        browser:click(browser:run(page_scripts.button, "Done"))
        local most = 0
        for _, node in ipairs(report.nodes) do
            most = math.max(most, node.count)
        end
        assert.are.equal(("%d"):format(most), browser:run(page_scripts.column, "Done")[1])
        browser:click(browser:run(page_scripts.button, "max"))
        local longest = 0
        for _, node in ipairs(report.nodes) do
            longest = math.max(longest, node.run.max_ns)
        end
        local number, unit = browser:run(page_scripts.column, "max")[1]:match("^([%d.]+) (%a+)$")
        local ns = tonumber(number) * ({ ms = 1e6, s = 1e9 })[unit]
        assert.is_true(math.abs(ns - longest) <= longest * 0.005)
    end)

    it("begins with the busiest node, and says so", function()
        assert.are.same(ids_in_order(function(node)
            return node.run_ns + node.retry_ns
        end), ids_shown())
        assert.are.equal("Busy descending", browser:run(page_scripts.sort_state))
    end)

    it("can be sorted with the keyboard", function()
        local expected = ids_in_order(function(node)
            return node.error_count
        end)
        browser:type(browser:run(page_scripts.button, "Errors"), "\u{E007}")
        assert.are.same(expected, ids_shown())
        assert.are.equal("Errors descending", browser:run(page_scripts.sort_state))
    end)

    it("shows more columns on demand", function()
        local is_shown = "return Array.from(document.querySelectorAll('#nodes-table th.extra'))"
            .. ".filter(cell => cell.checkVisibility()).length"
        assert.are.equal(0, browser:run(is_shown))
        browser:click("button.toggle")
        assert.is_true(browser:run(is_shown) >= 8)
        assert.are.equal("true", browser:run("return document.querySelector('.toggle').getAttribute('aria-pressed')"))
    end)

    it("opens the trace that a link in the table leads to", function()
        local last = report.worst_traces[math.min(#report.worst_traces, 10)]
        browser:visit(page_path(), "trace-" .. last.trace_id)
        assert.is_true(browser:run("return document.getElementById('trace-' + arguments[0]).open", last.trace_id))
    end)

    it("shows hostile names literally, and runs none of them", function()
        assert.is_not_nil(browser:run("return document.body.textContent"):find(hostile_name, 1, true))
        assert.are.equal("Timing of orders & <b>more</b>", browser:run("return document.title"))
        assert.are.equal(0, browser:run("return document.images.length"))
    end)

    it("would not run a script that had passed the escaping", function()
        browser:run([[document.body.insertAdjacentHTML("beforeend",
            "<img src=x onerror=\"document.title='run'\"><b onclick=\"document.title='run'\" id=bait>bait</b>");
            document.getElementById("bait").click();]])
        assert.are.equal("Timing of orders & <b>more</b>", browser:run("return document.title"))
        assert.is_true(#browser:console() > 0)
        assert.are.same({ "file://" .. page_path() }, browser:requests())
    end)

    it("fits a phone, where only the tables of nodes and traces scroll, in their own boxes", function()
        browser:resize(390, 844)
        browser:visit(page_path())
        local widths = browser:run(page_scripts.widths)
        assert.are.equal(390, widths.window)
        assert.is_true(widths.page <= 390, "the page is " .. widths.page .. " pixels wide")
        assert.are.equal(2, widths.scrolling)
    end)

    for _, width in ipairs { 390, 768, 1280 } do
        it(("has no overlapping labels at %d pixels"):format(width), function()
            browser:resize(width, 900)
            browser:run("document.querySelectorAll('details').forEach(each => { each.open = true; })")
            assert.are.same({}, browser:run(page_scripts.colliding_labels))
        end)
    end

    for _, scheme in ipairs { "light", "dark" } do
        it("is readable in " .. scheme .. " colours", function()
            browser:prefer(scheme)
            local luminance = browser:run(page_scripts.ground_luminance)
            assert.is_true((luminance < 0.2) == (scheme == "dark"))
            browser:click("button.toggle")
            assert.are.same({}, browser:run(page_scripts.faint_texts))
        end)
    end

    it("prints black on white, and nothing wider than the sheet", function()
        browser:resize(718, 1000) -- A4 less its margins
        browser:prefer("dark", "print")
        local widths = browser:run(page_scripts.widths)
        assert.is_true(widths.page <= 718, "the page is " .. widths.page .. " pixels wide")
        assert.are.equal(0, widths.scrolling)
        assert.is_true(browser:run(page_scripts.ground_luminance) > 0.99)
        assert.are.same({}, browser:run(page_scripts.faint_texts))
    end)
end)
