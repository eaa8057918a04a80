-- What exports are put together from: numbers, objects and blocks of text.
local core = require "tracereel.core"
local json_text = require "tracereel.export.json_text"
local numbers = require "tracereel.export.numbers"

describe("texts of exports", function()
    it("are exact decimals over all 64 unsigned bits", function()
        for ns, expected in pairs {
            [0] = "0.000", [1] = "0.001", [999] = "0.999", [1000] = "1.000", [1234567] = "1234.567",
            [math.maxinteger] = "9223372036854775.807", [math.mininteger] = "9223372036854775.808",
            [-1] = "18446744073709551.615",
        } do
            assert.are.equal(expected, numbers.microseconds(ns))
        end
        assert.are.equal("0.001234567", numbers.seconds(1234567))
        assert.are.equal("18446744073.709551615", numbers.seconds(-1))
        assert.are.equal('"18446744073709551615"', json_text.digits(-1))
        assert.are.equal('"0"', json_text.digits(0))
    end)

    it("are JSON objects whose keys keep their order, without those of nil and false", function()
        assert.are.equal("{}", json_text.object())
        assert.are.equal("{}", json_text.object("a", nil, "b", false))
        assert.are.equal('{"b":1,"a":"x","c":{}}',
            json_text.object("b", 1, "no", nil, "a", '"x"', "nor", false, "c", "{}", "last", nil))
        local long = '"' .. ("x"):rep(5000) .. '"'
        assert.are.equal('{"long":' .. long .. ',"more":' .. long .. "}",
            json_text.object("long", long, "more", long))
        assert.has_error(function()
            json_text.object("a", {})
        end)
    end)

    it("are handed over in blocks, in the order in which they were written, and each byte once", function()
        local blocks, expected = {}, {}
        local write, flush = core.block_writer(function(block)
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
        local write, flush = core.block_writer(function(block)
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
