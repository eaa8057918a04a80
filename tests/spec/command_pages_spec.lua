-- The pages that `recover --html` and `crashtest --html` write, against what --json says of the same. tests/browser
-- opens them.
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"

local function with_html(words)
    local path = helper.directory() .. "/page.html"
    local arguments = table.move(words, 1, #words, 1, {})
    table.move({ "--html", path, "--json" }, 1, 3, #arguments + 1, arguments)
    local ran = helper.run(arguments)
    local objects = {}
    for line in ran.stdout:gmatch("[^\n]+") do
        objects[#objects + 1] = dkjson.decode(line)
    end
    return helper.read(path), objects, ran
end

describe("the pages of recover and crashtest", function()
    after_each(helper.clean)

    it("recover --html: has every trace with its reason, those that are changed first, and their states", function()
        local page, objects = with_html { "recover", "examples/recover_approvals.lua", "examples/killed/wal" }
        local summary = objects[#objects].summary
        local order, changed = {}, {}
        for id in page:gmatch('<details class="trace"[^>]* id="trace%-([%x-]+)"') do
            order[#order + 1] = id
        end
        assert.are.equal(summary.traces, #order)
        for _, object in ipairs(objects) do
            if object.trace_id then
                changed[object.trace_id] = #object.records > 0
                local part = page:match('id="trace%-' .. object.trace_id:gsub("%-", "%%-") .. '".-</details>')
                assert.is_truthy(part:find(object.reason:gsub("&", "&amp;"):gsub("'", "&#39;"):gsub('"', "&quot;"), 1,
                    true), object.reason)
                assert.are.equal(#object.records > 0, part:find("<ins>", 1, true) ~= nil)
            end
        end
        for place, id in ipairs(order) do
            assert.are.equal(place <= summary.changed, changed[id], id)
        end
        assert.is_true(summary.changed > 3)
    end)

    it("recover --html: a log without an open trace has a page that says so", function()
        local page = with_html { "recover", helper.log("all-complete") }
        assert.is_truthy(page:find("No open trace: there is nothing to recover", 1, true))
    end)

    it("crashtest --html: has each finding with its count, reason and places, and status 7 as before", function()
        local page, objects, ran = with_html { "crashtest", "examples/recover_charge_once.lua", "examples/killed/wal" }
        assert.are.equal(7, ran.status)
        local count = 0
        for index, object in ipairs(objects) do
            local finding = object.finding
            if finding then
                count = count + 1
                local part = page:match('id="finding%-' .. index .. '".-</details>')
                assert.is_truthy(part:find(finding.first.reason, 1, true))
                local shortest = finding.shortest
                assert.is_truthy(part:find(("%s:%d"):format(shortest.segment, shortest.offset), 1, true))
                assert.is_truthy(part:find(finding.shortest.trace_id, 1, true))
                assert.is_truthy(page:find(('<td data-value="%d">'):format(finding.count), 1, true))
            end
        end
        assert.is_true(count > 0)
        local points = objects[#objects].summary.crash_points
        assert.is_truthy(page:find(">" .. points.after + points.inside + points.lost .. "</dd>", 1, true))
    end)
end)
