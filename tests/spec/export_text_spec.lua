-- What exports are put together from: layouts, numbers and blocks of text.
local core = require "tracereel.core"
local layout = require "tracereel.export.layout"
local numbers = require "tracereel.export.numbers"

-- What a layout with these items writes for these values.
local function filled(names, items, ...)
    local texts = {}
    local _, flush, block = core.text_block(function(text)
        texts[#texts + 1] = text
    end)
    local bytes = layout.new(names, table.unpack(items))(block, ...)
    flush()
    local text = table.concat(texts)
    assert.are.equal(#text, bytes)
    return text
end

local function as(kind, value)
    return filled({ "it" }, { { kind, "it" } }, value)
end

describe("texts of exports", function()
    it("are exact decimals over all 64 unsigned bits", function()
        for ns, expected in pairs {
            [0] = "0.000", [1] = "0.001", [999] = "0.999", [1000] = "1.000", [1234567] = "1234.567",
            [math.maxinteger] = "9223372036854775.807", [math.mininteger] = "9223372036854775.808",
            [-1] = "18446744073709551.615",
        } do
            assert.are.equal(expected, as("microseconds", ns))
        end
        local since = { { "microseconds", "to", "from" } }
        assert.are.equal("-18446744073709551.615", filled({ "from", "to" }, since, -1, 0))
        assert.are.equal("0.001", filled({ "from", "to" }, since, math.maxinteger, math.mininteger))
        assert.are.equal("0.001234567", numbers.seconds(1234567))
        assert.are.equal("18446744073.709551615", numbers.seconds(-1))
        assert.are.equal("18446744073709551615", as("plain", -1))
        assert.are.equal("ffffffffffffffff", as("hexadecimal", -1))
        assert.are.equal("00000000000000a1", as("hexadecimal", 0xa1))
    end)

    it("are times as tracereel.time writes them, over all 64 unsigned bits", function()
        local units = require "tracereel.util.units"
        local day_ns = 86400 * 1000000000
        for _, ns in ipairs { 0, 1, 999999999, 1764000000059333097, 59 * day_ns - 1, 59 * day_ns, 789 * day_ns,
            11016 * day_ns, math.maxinteger, math.mininteger, -1 } do
            assert.are.equal(units.time(ns), as("time", ns))
        end
        for day = 0, 213503, 365 do
            assert.are.equal(units.time(day * day_ns), as("time", day * day_ns))
        end
    end)

    it("are values of JSON, of CSV and of XML, in which what is not UTF-8 is replaced", function()
        local value = 'a"\xFF,\n\1\u{FFFE}\u{1F600}<&\xE2\x82'
        assert.are.equal(core.json(value), as("json", value))
        assert.are.equal('"a""\u{FFFD},\n\1\u{FFFE}\u{1F600}<&\u{FFFD}"', as("csv", value))
        assert.are.equal("a&quot;\u{FFFD},&#10;\u{FFFD}\u{FFFD}\u{1F600}&lt;&amp;\u{FFFD}", as("xml", value))
        assert.are.equal(value, as("plain", value))
        assert.are.equal("plain <text>", as("csv", "plain <text>"))
        assert.are.equal("\u{FFFD}", as("csv", "\xC0"))
        assert.are.same({ "null", "true", "7", "", "false" },
            { as("json", nil), as("json", true), as("json", 7), as("csv", nil), as("csv", false) })
        local long = ("x\n"):rep(50000)
        assert.are.equal('"' .. long .. '"', as("csv", long))
    end)

    it("have items for a condition and for each value of a list", function()
        local row = layout.object {
            { "a", { "json", "one.a" } },
            { "b", { "json", "one.b" }, "one.b" },
            { "list", layout.array("one.list", "item", "<",
                { "each", "item.inner", "one", { { "plain", "one" } }, "+" }, { "if", "one.b", { "b" }, { "-" } },
                ">") },
            { "last", { "plain", "name" } },
        }
        local one = { a = "x", list = { { inner = { 1, 2 } }, { inner = {} } } }
        assert.are.equal('{"a":"x","list":[<1+2->,<->],"last":y}', filled({ "one", "name" }, { row }, one, "y"))
        one.b, one.list = "z", {}
        assert.are.equal('{"a":"x","b":"z","list":[],"last":y}', filled({ "one", "name" }, { row }, one, "y"))
    end)

    it("have a layout that knows its names and kinds, and values that it can write", function()
        for expected, items in pairs {
            ["nothing is called \"other.a\""] = { { "plain", "other.a" } },
            ["no item is called 'pretty'"] = { { "pretty", "it" } },
            ["a path expected, got nil"] = { { "if" } },
        } do
            assert.error_matches(function()
                core.layout({ "it" }, items)
            end, expected)
        end
        assert.error_matches(function()
            as("plain", nil)
        end, "nil cannot be written")
        assert.error_matches(function()
            as("time", "noon")
        end, "string cannot be written")
        assert.error_matches(function()
            filled({ "it" }, { { "json", "it.a" } }, { a = {} })
        end, "table cannot be written, in the field a")
        local nested = { { "plain", "it" } }
        for _ = 1, 300 do
            nested = { { "if", "it", nested } }
        end
        assert.error_matches(function()
            core.layout({ "it" }, nested)
        end, "more than %d+ steps")
    end)

    it("are written whole or not at all", function()
        local texts = {}
        local write, flush, block = core.text_block(function(text)
            texts[#texts + 1] = text
        end)
        local fill = layout.new({ "it" }, "begun ", { "plain", "it" }, ";")
        fill(block, 1)
        assert.has_error(function()
            fill(block, nil)
        end)
        write("written;")
        assert.has_error(function()
            write("begun ", {})
        end)
        flush()
        fill(block, 2)
        flush()
        assert.are.same({ "begun 1;written;", "begun 2;" }, texts)
    end)

    it("are sorted by unsigned numbers, and what is equal keeps its order", function()
        local list = {}
        for index = 1, 400 do
            list[index] = { a = index * 7919 % 5 - 2, b = index * 104729 % 3, index = index }
        end
        local expected = table.move(list, 1, #list, 1, {})
        table.sort(expected, function(x, y)
            if x.a ~= y.a then
                return math.ult(x.a, y.a)
            elseif x.b ~= y.b then
                return x.b > y.b
            end
            return x.index < y.index
        end)
        numbers.sort_by(list, "a", "-b")
        assert.are.same(expected, list)
        assert.error_matches(function()
            numbers.sort_by({ { a = 1 }, {} }, "a")
        end, "an integer expected in the field a, got nil")
    end)

    it("are handed over in blocks, in the order in which they were written, and each byte once", function()
        local blocks, expected = {}, {}
        local write, flush = core.text_block(function(block)
            blocks[#blocks + 1] = block
        end)
        for index = 1, 3000 do
            expected[#expected + 1] = ("%d,"):format(index):rep(index % 50)
            write(expected[#expected], "\n")
            expected[#expected + 1] = "\n"
        end
        expected[#expected + 1] = ("y"):rep(200000)
        write(expected[#expected])
        write("z", "")
        flush()
        flush()
        assert.are.equal(table.concat(expected) .. "z", table.concat(blocks))
        local count = #blocks
        assert.is_true(count > 4 and count < 20)
    end)

    it("are not kept where they were refused", function()
        local taken, refuses = {}, true
        local write, flush = core.text_block(function(block)
            if refuses then
                error("full", 0)
            end
            taken[#taken + 1] = block
        end)
        write("lost")
        assert.has_error(flush, "full")
        refuses = false
        write("kept")
        flush()
        assert.are.same({ "kept" }, taken)
    end)
end)
