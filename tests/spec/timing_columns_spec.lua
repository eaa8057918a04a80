-- The table of a timing report's columns: what it says is what the report has and what docs/timing.md says.
local columns = require "tracereel.timing.columns"
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local section_titles = {
    run = "Run time", shares = "Where the time went", critical = "Critical path", trouble = "Errors and retries",
    kinds = "Kinds of errors", left_out = "Left out", loops = "Loops",
}

local function quoted(text)
    return text and "`" .. text .. "`" or "-"
end

-- A column's row in docs/timing.md.
local function documented(column)
    local text, page = column.text, column.page
    return ("| `%s` | %s | %s | %s | %s |"):format(column.of and column.of .. "." .. column.field or column.field,
        quoted(column.sort), quoted(column.csv and columns.name(column)),
        text and section_titles[text.section] .. ", " .. text.title or "-",
        page and page.title .. (page.is_extra and " (on demand)" or "") or "-")
end

local function report_of(log)
    return tracereel.json_decode(helper.run({ "timing", "--json", log }).stdout)
end

describe("the table of timing columns", function()
    teardown(helper.clean)

    it("timing columns: docs/timing.md lists each of them with its keys and titles, in order", function()
        local expected = {}
        for _, column in ipairs(columns.list) do
            expected[#expected + 1] = column.field and documented(column)
        end
        local section = helper.read("docs/timing.md"):match("\n## Columns\n(.-)\n## ")
        local found = {}
        for line in section:gmatch("[^\n]+") do
            found[#found + 1] = line:match("^| `.*$")
        end
        assert.are.equal(table.concat(expected, "\n"), table.concat(found, "\n"))
    end)

    it("timing columns: every number and text of a node in the report is one", function()
        local is_column = {}
        for _, column in ipairs(columns.list) do
            is_column[column.of or column.field or ""] = true
        end
        local missing = {}
        for _, node in ipairs(report_of(helper.log("orders")).nodes) do
            for field, value in pairs(node) do
                if type(value) ~= "boolean" and field ~= "queue" and field ~= "suspended" and not is_column[field] then
                    missing[field] = true
                end
            end
        end
        assert.are.same({}, missing)
    end)

    it("timing columns: the CSV has each at its place, none missing and none twice", function()
        local heading = helper.run({ "timing", "--csv", helper.log("orders") }).stdout:match("^[^\n]+")
        local names, count = {}, 0
        for name in heading:gmatch("[^,]+") do
            names[#names + 1] = name
        end
        for _, column in ipairs(columns.list) do
            if column.csv then
                assert.are.equal(names[column.csv], columns.name(column))
                count = count + 1
            end
        end
        assert.are.equal(#names, count)
    end)

    it("timing columns: each with a key sorts the nodes by its own values, the largest first", function()
        local report = report_of(helper.log("orders"))
        for _, column in ipairs(columns.list) do
            if column.sort and column.kind ~= "node" then
                local before
                for _, node in ipairs(tracereel.json_decode(helper.run({ "timing", "--json", "--sort", column.sort,
                    helper.log("orders") }).stdout).nodes) do
                    local part = column.of and node[column.of] or node
                    local value = part[column.field]
                    assert.is_true(before == nil or before >= value, column.sort)
                    before = value
                end
            end
        end
        assert.is_true(#report.nodes > 1)
    end)
end)
