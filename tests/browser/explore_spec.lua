-- Looking around in a page: its filter, zoom and stretch of time, and the values that it says, in a browser.
local Browser = require "tests.browser.browser"
local axe = require "tests.browser.axe"
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local page_scripts = require "tests.browser.page_scripts"
local pages = require "tests.browser.pages"

local arrow = { left = "\u{E012}", up = "\u{E013}", right = "\u{E014}", down = "\u{E015}" }

describe("looking around in the pages", function()
    local browser, made

    lazy_setup(function()
        made = pages.make()
        browser = Browser.open()
    end)

    lazy_teardown(function()
        if browser then
            browser:close()
        end
        helper.clean()
    end)

    -- Whatever was done, no script has failed.
    after_each(function()
        assert.are.same({}, browser:console())
    end)

    local function open(name, anchor)
        browser:resize(1280, 900)
        browser:prefer("light")
        browser:visit(made[name], anchor)
    end

    local function shown(selector)
        return browser:run("return Array.from(document.querySelectorAll(arguments[0])).filter(each => "
            .. "!each.closest('.filtered-out')).map(each => each.textContent)", selector)
    end

    -- Types into the filter, and waits until it has been applied.
    local function filter(words)
        browser:type("#filter", words)
        browser:in_session("/execute/async", { script = "setTimeout(arguments[0], 150)",
            args = setmetatable({}, { __jsontype = "array" }) })
    end

    it("pages: every link in them leads to something that is there, and opens it", function()
        for _, name in ipairs(pages.names) do
            open(name)
            assert.are.same({}, browser:run([[return Array.from(document.querySelectorAll("a[href]"))
                .filter(link => !document.getElementById(decodeURIComponent(link.hash.slice(1))))
                .map(link => link.href)]]))
            assert.are.same({}, browser:console(), name)
        end
        open("timing")
        local links = browser:run("return Array.from(document.querySelectorAll('#nodes-table a'), link => link.hash)")
        assert.are.equal(8, #links) -- the worst trace of each node that has run, which the loop has not
        browser:run("document.querySelector('#nodes-table a').click()")
        assert.is_true(browser:run("return document.getElementById(location.hash.slice(1)).open"))
    end)

    it("filter: an error's words leave the traces that had it, and the nodes that failed with it", function()
        open("timing")
        local expected = 0
        for _, trace in ipairs(made.traces) do
            expected = expected + (trace.has_timeout and 1 or 0)
        end
        filter("gateway timeout")
        local rows = shown("#traces-table tbody tr")
        assert.is_true(#rows > 3 and #rows <= expected)
        for _, id in ipairs(shown("#traces-table tbody th")) do
            assert.is_true(made:find(id).has_timeout, id)
        end
        assert.are.same({ "3" }, shown("#nodes-table tbody th"))
        assert.are.equal(#rows, #shown("details.trace"))
        assert.are.same({ "3" }, shown("#distributions > .distributions .row[data-node] .label .node-name"))
        assert.is_truthy(browser:text("#filter-count"):find(("^%d of %%d+ traces, 1 of 9 nodes"):format(#rows)))
    end)

    it("filter: an id leaves its trace and the nodes of it; no words leave all", function()
        open("timing")
        local all = #shown("#traces-table tbody tr")
        local id = made.report.worst_traces[1].trace_id
        filter("id:" .. id)
        assert.are.equal(1, #shown("#traces-table tbody tr"))
        assert.are.equal(1, #shown("details.trace"))
        local nodes = {}
        for _, span in ipairs(made.report.worst_traces[1].spans) do
            nodes[("%d"):format(span.node_id)] = true
        end
        local has_run = false
        for _, node in ipairs(shown("#nodes-table tbody th")) do
            has_run = has_run or nodes[node]
        end
        assert.is_true(has_run)
        filter(("\u{E003}"):rep(#id + 3))
        assert.are.equal(all, #shown("#traces-table tbody tr"))
        assert.are.equal("", browser:text("#filter-count"))
    end)

    it("filter: the metadata finds a trace", function()
        open("timing")
        filter("meta:" .. made.order)
        assert.are.equal(1, #shown("#traces-table tbody tr"))
        assert.is_truthy(shown("#traces-table tbody tr")[1]:find(made.order, 1, true))
    end)

    -- The longest trace's waterfall.
    local function lanes()
        return "#trace-" .. made.report.worst_traces[1].trace_id .. " .lanes"
    end

    local function details()
        local text = browser:run("return document.querySelector(arguments[0]).closest('.picture')"
            .. ".querySelector('.details').innerText", lanes())
        return (text:gsub("%s+", " "))
    end

    it("waterfall: arrow keys go over attempts, and say what each was", function()
        open("timing")
        browser:type(lanes(), arrow.down)
        local first = made.report.worst_traces[1].spans[1]
        assert.is_truthy(details():find("Node 0 ", 1, true), details())
        assert.is_truthy(details():find("Outcome done", 1, true))
        local ran = helper.output_of("timing", made.log, "--trace", made.report.worst_traces[1].trace_id, "--json")
        assert.are.equal(first.run_ns, dkjson.decode(ran).worst_traces[1].spans[1].run_ns)
        assert.is_truthy(details():find("Ran " .. pages.duration(first.run_ns), 1, true), details())
        browser:type(lanes(), arrow.down:rep(4))
        assert.is_truthy(details():find("Node 3 ", 1, true), details())
        assert.is_truthy(details():find("Outcome failed", 1, true), details())
        assert.is_truthy(details():find("Error payment gateway timeout", 1, true), details())
    end)

    local function ticks()
        return browser:run("return Array.from(document.querySelector(arguments[0]).parentElement"
            .. ".querySelectorAll('.scale text'), each => each.textContent)", lanes())
    end

    it("waterfall: keys, buttons and the wheel zoom, and 0 shows all again", function()
        open("timing")
        local all = ticks()
        browser:type(lanes(), "+++")
        assert.are_not.same(all, ticks())
        browser:type(lanes(), "0")
        assert.are.same(all, ticks())
        local tools = "#trace-" .. made.report.worst_traces[1].trace_id .. " .view-tools "
        browser:click(tools .. "button:nth-child(2)")
        local zoomed = ticks()
        assert.are_not.same(all, zoomed)
        browser:click(tools .. "button:nth-child(3)")
        assert.are.same(all, ticks())
        browser:run([[const box = document.querySelector(arguments[0]), at = box.getBoundingClientRect();
            box.dispatchEvent(new WheelEvent("wheel", { deltaY: -300, ctrlKey: true, bubbles: true, cancelable: true,
              clientX: at.left + at.width / 2, clientY: at.top + 10 }));]], lanes())
        assert.are_not.same(all, ticks())
    end)

    -- Draws over a part of an element, from one share of its width to another.
    local function drag(selector, from, to, kind)
        browser:run([[const box = document.querySelector(arguments[0]), at = box.getBoundingClientRect();
            const event = (name, share, target) => target.dispatchEvent(new PointerEvent(name, { bubbles: true,
              pointerId: 7, pointerType: arguments[3], clientX: at.left + share * at.width, clientY: at.top + 40 }));
            event("pointerdown", arguments[1], box);
            event("pointermove", (arguments[1] + arguments[2]) / 2, window);
            event("pointermove", arguments[2], window);
            event("pointerup", arguments[2], window);]], selector, from, to, kind or "mouse")
    end

    it("in flight: a stretch that is drawn lists only the traces that were open in it", function()
        open("timing")
        local all = #shown("#traces-table tbody tr")
        drag(".in-flight-view", 0.75, 1)
        local points = made.report.traces.in_flight.points
        local first_ns, last_ns = points[1].time_ns, points[#points].time_ns
        local from_ns = first_ns + (last_ns - first_ns) * 3 // 4
        local left = shown("#traces-table tbody tr")
        assert.is_true(#left > 0 and #left < all)
        for _, id in ipairs(shown("#traces-table tbody th")) do
            local trace = made:find(id)
            assert.is_true(trace.status ~= "complete" or trace.last_ns >= from_ns - 1e6, id)
        end
        browser:click("#whole-time")
        assert.are.equal(all, #shown("#traces-table tbody tr"))
    end)

    it("in flight: arrow keys read the points of the report", function()
        open("timing")
        browser:type(".in-flight-view", arrow.right:rep(3))
        local point = made.report.traces.in_flight.points[3]
        local text = browser:text("#in-flight p.readout")
        assert.is_truthy(text:find((": %d open"):format(point.count), 1, true), text)
    end)

    it("charts: what a bar or a distribution is worth is said where the pointer is and where the focus is", function()
        open("timing")
        browser:run("document.querySelector('#distributions svg[role=img]').focus()")
        assert.is_truthy(browser:text(".tip"):find("Distribution of the makespan of traces: p50 ", 1, true))
        browser:type("#distributions svg[role=img]", arrow.down)
        assert.is_truthy(browser:text(".tip"):find("Distribution of the run time of node ", 1, true))
        browser:run([[const bar = document.querySelector("#nodes-table .busy-bar rect");
            const at = bar.getBoundingClientRect();
            bar.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, pointerType: "touch",
              clientX: at.left + 1, clientY: at.top + 1 }));]])
        assert.is_truthy(browser:text(".tip"):find("^run [%d.]+ "), browser:text(".tip"))
    end)

    for _, name in ipairs(pages.names) do
        it(("pages: %s has nothing that axe finds fault with, in light, dark and on a phone"):format(name), function()
            local source = axe.source()
            if not source then
                pending("axe-core is not here: make test-browser installs it where npm can")
                return
            end
            for _, look in ipairs { { 1400, "light" }, { 390, "dark" } } do
                open(name)
                browser:resize(look[1], 900)
                browser:prefer(look[2])
                assert.are.same({}, axe.violations(browser, source), look[2])
            end
            browser:resize(390, 900)
            assert.is_true(browser:run(page_scripts.widths).page <= 390)
        end)
    end

    it("pages: one of 30,000 nodes, and one of a trace of 30,000, is there within two seconds of work", function()
        for _, path in ipairs(pages.make_large()) do
            assert.is_true(#helper.read(path) < 2000000, path)
            browser:devtools("Performance.enable", { timeDomain = "threadTicks" })
            local function seconds()
                for _, metric in ipairs(browser:devtools("Performance.getMetrics").metrics) do
                    if metric.name == "TaskDuration" then
                        return metric.value
                    end
                end
            end
            browser:visit(path)
            assert.is_true(seconds() < 4, path .. ": " .. seconds())
            assert.are.same({}, browser:console())
            assert.is_truthy(browser:run("return document.body.textContent"):find("29,500 nodes no busier", 1, true)
                or path:find("show", 1, true))
        end
    end)
end)
