-- Which importer `tracereel import` takes without --from, where the beginning of an input does not say it, or says two.
local helper = require "tests.spec.helper"

local function import(inputs, ...)
    local words = { "import", "-o", helper.directory() .. "/log", "--json", ... }
    return helper.run(table.move(inputs, 1, #inputs, #words + 1, words))
end

local function format_of(inputs, ...)
    local result = import(inputs, ...)
    assert.equal(0, result.status, result.stderr)
    return helper.objects(result.stdout)[1].format
end

describe("import without --from", function()
    after_each(helper.clean)

    it("goes by the extension where no beginning is known, also of what is compressed", function()
        local directory = helper.directory()
        local file = helper.write(directory .. "/t.CSV", "x;y;z\n1;a;2016-02-01 00:00:00Z\n")
        helper.shell(("gzip -k %s"):format(helper.quote(file)))
        for _, name in ipairs { file, file .. ".gz" } do
            assert.equal("csv", format_of({ name }, "-a", "case=x", "-a", "activity=y", "-a", "time=z"))
        end
    end)

    it("says which importers an input could be for, and takes none of them", function()
        local directory = helper.directory()
        for content, names in pairs {
            ['{"traceEvents":[],"resourceSpans":[]}'] = "chrome, otlp",
            ["{}"] = "chrome, github, otlp, temporal, wfformat",
        } do
            local result = import { helper.write(directory .. "/t.json", content) }
            assert.equal(2, result.status)
            local expected = ("it could be for each of %s; name one with --from"):format(names)
            assert.truthy(result.stderr:gsub("%s+", " "):find(expected, 1, true), result.stderr)
        end
    end)

    it("takes an input that could be of several formats as one of the first input's", function()
        local directory = helper.directory()
        assert.equal("chrome", format_of {
            helper.write(directory .. "/1.json",
                '{"traceEvents":[{"ph":"X","name":"a","ts":1,"dur":1,"pid":1,"tid":1}]}'),
            helper.write(directory .. "/2.json", '{"traceEvents":[],"resourceSpans":[]}'),
        })
    end)
end)
