-- The heat map of the page that `timing --by` writes, as a person meets it: in a browser.
local Browser = require "tests.browser.browser"
local helper = require "tests.spec.helper"
local page_scripts = require "tests.browser.page_scripts"

local readout = "return document.querySelector('#heat-makespan .readout').textContent"

describe("the heat map of tracereel timing --by", function()
    local browser, directory

    lazy_setup(function()
        directory = helper.directory()
        local log = directory .. "/log"
        helper.output_of("generate", log, "--traces", "300", "--seed", "11", "--crash-after", "90s")
        helper.output_of("timing", log, "--by", "5s", "--node", "3", "--html", directory .. "/time.html")
        helper.output_of("timing", log, "--by", "metadata.customer", "--html", directory .. "/values.html")
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
        browser:visit(directory .. "/time.html")
    end)

    local function start()
        return browser:run([[
            const plot = document.querySelector("#heat-makespan .heat-plot");
            return { columns: JSON.parse(plot.dataset.columns), rows: JSON.parse(plot.dataset.rows),
                     at: plot.dataset.start.split(",").map(Number) };]])
    end

    local function words(map, column, row)
        return map.columns[column] .. ", " .. map.rows[row] .. ": "
    end

    it("heat map: arrow keys move over its cells, and what the cell holds is said", function()
        local map = start()
        local column, row = map.at[1] + 1, map.at[2] + 1
        browser:run("document.querySelector('#heat-makespan .heat-plot').focus()")
        local most = browser:run(readout)
        assert.are.equal(words(map, column, row), most:match("^.*: "))
        assert.is_truthy(most:find("%d traces?$"), most)
        browser:type("#heat-makespan .heat-plot", "\u{E013}") -- up
        assert.are.equal(words(map, column, row - 1), browser:run(readout):match("^.*: "))
        browser:type("#heat-makespan .heat-plot", ("\u{E013}"):rep(#map.rows + 2))
        assert.are.equal(words(map, column, 1), browser:run(readout):match("^.*: "))
        browser:type("#heat-makespan .heat-plot", "\u{E011}") -- home
        assert.is_truthy(browser:run(readout):find(map.columns[1], 1, true))
        browser:type("#heat-makespan .heat-plot", "\u{E010}") -- end
        assert.is_truthy(browser:run(readout):find(map.columns[#map.columns], 1, true))
        browser:run("document.activeElement.blur()")
        assert.are.equal("", browser:run(readout))
        assert.are.same({}, browser:console())
    end)

    it("heat map: the pointer shows the same cells as the tooltips", function()
        local wrong = browser:run([[
            const wrong = [], said = document.querySelector("#heat-makespan .readout");
            const plot = document.querySelector("#heat-makespan .heat-plot");
            plot.querySelectorAll("rect > title").forEach(title => {
              const box = title.parentElement.getBoundingClientRect();
              plot.dispatchEvent(new PointerEvent("pointermove", { bubbles: true,
                clientX: box.left + box.width / 2, clientY: box.top + 8 }));
              if (said.textContent !== title.textContent) { wrong.push(title.textContent + " / " + said.textContent); }
            });
            return wrong;]])
        assert.are.same({}, wrong)
    end)

    it("heat map: its colours differ in lightness, from the ground and each other, on screen and in print", function()
        for _, look in ipairs { { "light", "screen" }, { "dark", "screen" }, { "dark", "print" } } do
            browser:prefer(look[1], look[2])
            local steps = browser:run([[
                const grounds = [getComputedStyle(document.body).backgroundColor];
                for (let level = 1; level <= 7; level++) {
                  const swatch = document.createElement("span");
                  swatch.className = "swatch heat-" + level;
                  document.body.append(swatch);
                  grounds.push(getComputedStyle(swatch).backgroundColor);
                }
                return grounds.map(colour => {
                  const linear = colour.match(/[\d.]+/g).slice(0, 3).map(value => {
                    const share = value / 255;
                    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
                  });
                  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
                });]])
            local is_dark = look[1] == "dark" and look[2] == "screen"
            for level = 2, #steps do
                local high, low = steps[level - 1], steps[level]
                if is_dark then
                    high, low = low, high
                end
                assert.is_true((high + 0.05) / (low + 0.05) > 1.2, table.concat(look, ", ") .. ": " .. level - 1)
            end
        end
    end)

    for _, name in ipairs { "time", "values" } do
        it(("heat map: the page of %s fits a phone, is readable, and no labels overlap"):format(name), function()
            for _, width in ipairs { 390, 1400 } do
                browser:resize(width, 900)
                browser:visit(directory .. "/" .. name .. ".html")
                assert.is_true(browser:run(page_scripts.widths).page <= width)
                assert.are.same({}, browser:run(page_scripts.colliding_labels))
            end
            for _, scheme in ipairs { "light", "dark" } do
                browser:prefer(scheme)
                assert.are.same({}, browser:run(page_scripts.faint_texts))
            end
            assert.are.same({}, browser:console())
        end)
    end
end)
