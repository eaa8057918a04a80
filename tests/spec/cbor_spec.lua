-- Values as bytes for another process. Expected bytes are those of RFC 8949's appendix A and of its rules (4.2.1), or
-- what the standard of floats says, put together here.
local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local function bytes_of(hex)
    return (hex:gsub("%s", ""):gsub("%x%x", function(pair)
        return string.char(tonumber(pair, 16))
    end))
end

local function hex_of(bytes)
    return (bytes:gsub(".", function(byte)
        return ("%02x"):format(byte:byte())
    end))
end

-- Of appendix A: what a Lua value can be. `undefined` of a whole value is nil.
local examples = {
    { 0, "00" }, { 1, "01" }, { 10, "0a" }, { 23, "17" }, { 24, "1818" }, { 25, "1819" }, { 100, "1864" },
    { 1000, "1903e8" }, { 1000000, "1a000f4240" }, { 1000000000000, "1b000000e8d4a51000" },
    { -1, "20" }, { -10, "29" }, { -100, "3863" }, { -1000, "3903e7" },
    { 0.0, "f90000" }, { -0.0, "f98000" }, { 1.0, "f93c00" }, { 1.1, "fb3ff199999999999a" }, { 1.5, "f93e00" },
    { 65504.0, "f97bff" }, { 100000.0, "fa47c35000" }, { 3.4028234663852886e+38, "fa7f7fffff" },
    { 1.0e+300, "fb7e37e43c8800759c" }, { 5.960464477539063e-8, "f90001" }, { 0.00006103515625, "f90400" },
    { -4.0, "f9c400" }, { -4.1, "fbc010666666666666" }, { math.huge, "f97c00" }, { -math.huge, "f9fc00" },
    { false, "f4" }, { true, "f5" }, { tracereel.null, "f6" },
    { "", "60" }, { "a", "6161" }, { "IETF", "6449455446" }, { "\"\\", "62225c" }, { "\u{fc}", "62c3bc" },
    { "\u{6c34}", "63e6b0b4" }, { "\u{10151}", "64f0908591" },
    { {}, "80" }, { { 1, 2, 3 }, "83010203" }, { { 1, { 2, 3 }, { 4, 5 } }, "8301820203820405" },
    { { a = 1, b = { 2, 3 } }, "a26161016162820203" },
    { { "a", { b = "c" } }, "826161a161626163" },
    { { a = "A", b = "B", c = "C", d = "D", e = "E" }, "a56161614161626142616361436164614461656145" },
    { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25 },
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819" },
}

-- The same type, too: 1 and 1.0 are not one value here.
local function is_same(a, b)
    if math.type(a) ~= math.type(b) or type(a) ~= type(b) then
        return false
    elseif type(a) == "number" and a == 0 then
        return 1 / a == 1 / b
    elseif type(a) ~= "table" or a == tracereel.null then
        return a == b or a ~= a and b ~= b
    end
    for key, value in pairs(a) do
        if not is_same(value, b[key]) then
            return false
        end
    end
    for key in pairs(b) do
        if a[key] == nil then
            return false
        end
    end
    local one, other = getmetatable(a), getmetatable(b)
    return (one and one.__jsontype) == (other and other.__jsontype)
end

describe("cbor", function()
    it("writes the values of RFC 8949's examples as they stand there, and reads them", function()
        for _, example in ipairs(examples) do
            local value, hex = example[1], example[2]
            assert.are.equal(hex, hex_of(core.cbor_encode(value)))
            local read, problem = core.cbor_decode(bytes_of(hex))
            assert.is_nil(problem)
            assert.is_true(is_same(value, read), hex)
        end
    end)

    it("takes nil alone as undefined", function()
        assert.are.equal("f7", hex_of(core.cbor_encode(nil)))
        assert.are.same({ nil, n = 1 }, table.pack(core.cbor_decode("\xf7")))
        assert.are.equal(2, select("#", core.cbor_decode("\x81\xf7")))
    end)

    it("carries integers of 64 bits, the largest and the smallest", function()
        -- RFC 8949: n is major 0; -1 - n is major 1.
        assert.are.equal("1b7fffffffffffffff", hex_of(core.cbor_encode(math.maxinteger)))
        assert.are.equal("3b7fffffffffffffff", hex_of(core.cbor_encode(math.mininteger)))
        assert.are.equal(math.mininteger, core.cbor_decode(core.cbor_encode(math.mininteger)))
        -- 2^63, and -2^63 - 1
        assert.matches("64 bits", select(2, core.cbor_decode(bytes_of "1b8000000000000000")))
        assert.matches("64 bits", select(2, core.cbor_decode(bytes_of "3b8000000000000000")))
    end)

    it("keeps NaN's sign and payload, in the shortest form that holds them", function()
        for _, case in ipairs {
            { "7ff8000000000000", "f97e00" }, { "fff8000000000000", "f9fe00" }, { "7ff8000020000000", "fa7fc00001" },
            { "7ff8000000000001", "fb7ff8000000000001" },
        } do
            local number = (">d"):unpack(bytes_of(case[1]))
            assert.are.equal(case[2], hex_of(core.cbor_encode(number)))
            assert.are.equal(case[1], hex_of((">d"):pack(core.cbor_decode(bytes_of(case[2])))))
        end
    end)

    it("reads and writes every half float", function()
        for bits = 0, 0xffff do
            local sign, exponent, mantissa = bits >> 15, bits >> 10 & 0x1f, bits & 0x3ff
            local expected = exponent == 31 and (mantissa == 0 and math.huge or 0 / 0)
                or exponent == 0 and mantissa * 2.0 ^ -24 or (1 + mantissa / 1024) * 2.0 ^ (exponent - 15)
            local bytes = "\xf9" .. (">I2"):pack(bits)
            local read = core.cbor_decode(bytes)
            assert(expected ~= expected and read ~= read or read == (sign == 1 and -expected or expected), bits)
            assert(core.cbor_encode(read) == bytes, bits)
        end
    end)

    it("writes a float in 32 bits where they hold it", function()
        local next_number = 12345
        for _ = 1, 20000 do
            next_number = next_number * 6364136223846793005 + 1442695040888963407
            local bytes = (">I8"):pack(next_number)
            local number = (">d"):unpack(bytes)
            local narrow = (">f"):unpack((">f"):pack((">f"):unpack(bytes:sub(1, 4))))
            local encoded = core.cbor_encode(number)
            assert(encoded == "\xfb" .. bytes or #encoded < 9 and core.cbor_decode(encoded) == number)
            -- One of 32 bits is never written in 64. NaN is above.
            assert(narrow ~= narrow or #core.cbor_encode(narrow) <= 5)
            assert(narrow ~= narrow or core.cbor_decode(core.cbor_encode(narrow)) == narrow)
        end
    end)

    it("writes a string that is not UTF-8 as bytes", function()
        assert.are.equal("4201ff", hex_of(core.cbor_encode("\1\xff")))
        assert.are.equal("\1\xff", core.cbor_decode(bytes_of "4201ff"))
        assert.matches("UTF%-8", select(2, core.cbor_decode(bytes_of "4161")))
        assert.matches("not UTF%-8", select(2, core.cbor_decode(bytes_of "61ff")))
    end)

    it("keeps 1 and \"1\" and 1.5 and true apart as keys, in the order of their bytes", function()
        local value = { [1] = "a", ["1"] = "b", [-1] = "c", [1.5] = "d", [true] = "e", [300] = "f", ["\xff"] = "g" }
        -- 01, 19 01 2c, 20, 41 ff, 61 31, f5, f9 3e 00
        local expected = "a7" .. "016161" .. "19012c6166" .. "206163" .. "41ff6167" .. "61316162" .. "f56165"
            .. "f93e006164"
        assert.are.equal(expected, hex_of(core.cbor_encode(value)))
        assert.is_true(is_same(value, core.cbor_decode(bytes_of(expected))))
    end)

    it("writes a shorter text key before a longer one", function()
        assert.are.equal("a2" .. "617a01" .. "62616102", hex_of(core.cbor_encode { z = 1, aa = 2 }))
    end)

    it("keeps a table with holes, and one that starts elsewhere, a map", function()
        for _, value in ipairs { { [1] = 1, [3] = 3 }, { [0] = 0, [1] = 1 }, { [2] = 2 } } do
            local bytes = core.cbor_encode(value)
            assert.are.equal(0xa0, bytes:byte() & 0xe0)
            assert.is_true(is_same(value, core.cbor_decode(bytes)))
        end
    end)

    it("keeps what JSON is to make of a table", function()
        for _, jsontype in ipairs { "object", "array" } do
            for _, content in ipairs { {}, { 1, 2 }, { a = 1 } } do
                local value = setmetatable(content, { __jsontype = jsontype })
                local read = core.cbor_decode(core.cbor_encode(value))
                assert.is_true(is_same(value, read))
                assert.are.equal(tracereel.json(value), tracereel.json(read))
            end
        end
    end)

    it("names the field of what cannot be said", function()
        local cycle = {}
        cycle.a = { cycle }
        for _, case in ipairs {
            { { rows = { {}, { f = print } } }, "^result%.rows%[2%]%.f: a function cannot" },
            { { ["a b"] = coroutine.create(print) }, '^result%["a b"%]: a thread cannot' },
            { { setmetatable({}, { __index = {} }) }, "^result%[1%]: a table with a metatable" },
            { { [tracereel.null] = 1 }, "^result: a table as a key" },
            { io.stdout, "^result: a FILE%* cannot" },
            { cycle, "^result%.a%[1%]%.a.*%.%.%..*deeper than 1000 levels" },
        } do
            local called, problem = pcall(core.cbor_encode, case[1], "result")
            assert.is_false(called)
            assert.are.equal("script", problem.kind)
            assert.matches(case[2], problem.message)
        end
    end)

    it("reads back what is nested as deeply as can be written", function()
        local value = {}
        for _ = 2, 1000 do
            value = { value }
        end
        local bytes = core.cbor_encode(value)
        assert.are.equal(bytes, core.cbor_encode(core.cbor_decode(bytes)))
        assert.is_false(pcall(core.cbor_encode, { value }))
        assert.matches("deeper", select(2, core.cbor_decode("\x81" .. bytes)))
        assert.matches("deeper", select(2, core.cbor_decode(("\x81"):rep(1000000))))
    end)

    it("refuses what has another form", function()
        for _, case in ipairs {
            { "", "ends" }, { "18", "ends" }, { "1817", "shortest" }, { "190018", "shortest" },
            { "1a00000100", "shortest" }, { "1b0000000001000000", "shortest" }, { "1900ff", "shortest" },
            { "5801ff", "shortest" }, { "fa3f800000", "shortest" }, { "fb3ff8000000000000", "shortest" },
            { "fb47efffffe0000000", "shortest" }, { "6261", "ends" }, { "8201", "ends" }, { "a101", "ends" },
            { "9fff", "no meaning" }, { "5f4100ff", "no meaning" }, { "1c", "no meaning" }, { "f0", "no meaning" },
            { "f818", "no meaning" }, { "f8ff", "no meaning" }, { "ff", "no meaning" }, { "0000", "follow" },
            { "a0", "array" }, { "a10102", "array" }, { "a2616201616101", "order" },
            { "a2616101616102", "order" }, { "a1f601", "key" }, { "a1f701", "no meaning" }, { "a18001", "key" },
            { "a1f93c0001", "whole" }, { "a1f97e0001", "NaN" }, { "81f7", "no meaning" }, { "c11a514b67b0", "tag" },
            { "da7472000180", "such" }, { "da74720002a0", "array" }, { "da7472000201", "such" },
            { "9b7fffffffffffffff", "ends" }, { "bb7fffffffffffffff", "ends" }, { "7b7fffffffffffffff61", "ends" },
        } do
            local value, problem = core.cbor_decode(bytes_of(case[1]))
            assert.is_nil(value, case[1])
            assert.matches(case[2], problem or "", nil, nil, case[1])
        end
    end)

    it("reads bytes with any bit changed to another value, or says that they are wrong", function()
        local value = { a = { 1, -2, 3.25, "text", "\xff" }, [7] = { [true] = tracereel.null }, b = 1e300,
            c = setmetatable({}, { __jsontype = "object" }) }
        local bytes = core.cbor_encode(value)
        for at = 1, #bytes do
            local cut, problem = core.cbor_decode(bytes:sub(1, at - 1))
            assert.is_nil(cut)
            assert.is_string(problem)
            for bit = 0, 7 do
                local changed = bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 1 << bit) .. bytes:sub(at + 1)
                local read, wrong = core.cbor_decode(changed)
                if not wrong then
                    assert.are.equal(changed, core.cbor_encode(read))
                end
            end
        end
    end)

    it("hand histograms and timings on, in tables and by themselves", function()
        local histogram, timing = tracereel.histogram(), tracereel.timing(nil, 2)
        for value = 1, 300 do
            histogram:add(value * value)
        end
        tracereel.open(helper.log("orders")):replay { timing = timing }
        local given = { [3] = histogram, none = tracereel.histogram(), timing = timing }
        local bytes = core.cbor_encode(given)
        local taken = core.cbor_decode(bytes)
        assert.are.equal(bytes, core.cbor_encode(taken))
        assert.are.equal(tostring(histogram), tostring(taken[3]))
        assert.are.equal(0, taken.none.count)
        assert.are.equal(tracereel.json(timing:report()), tracereel.json(taken.timing:report()))
        assert.are.equal(histogram:quantile(0.7), core.cbor_decode(core.cbor_encode(histogram)):quantile(0.7))
    end)

    it("are refused where no histogram has such fields, or tags are within them", function()
        local tag = "da74720003"
        for hex, problem in pairs {
            [tag .. "a1636d617801"] = "buckets and numbers are not those of any values",
            [tag .. "a1" .. "636d6178" .. "f4"] = "max must be an integer",
            [tag .. "83010203"] = "is not of such a value",
            [tag .. "01"] = "is not of such a value",
            [tag .. "a1" .. "676275636b657473" .. "da7472000280"] = "is within an object",
            [tag .. "a1" .. "676275636b657473" .. "80"] = "must be a list",
        } do
            local value, found = core.cbor_decode(bytes_of(hex))
            assert.is_nil(value)
            assert.is_truthy(found:find(problem, 1, true), found)
        end
        assert.are.equal(0, core.cbor_decode(bytes_of(tag .. "80")).count)
    end)

    it("are refused, or taken as they are, where a byte of a timing's is another", function()
        local timing = tracereel.timing(nil, 1)
        tracereel.open(helper.log("restarted")):replay { timing = timing }
        local bytes = core.cbor_encode(timing)
        local refused = 0
        for at = 1, #bytes, 5 do
            local changed = bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 1 << at % 8) .. bytes:sub(at + 1)
            local taken = core.cbor_decode(changed)
            refused = refused + (taken == nil and 1 or 0)
            assert.is_true(taken == nil or core.cbor_encode(taken) == changed, at)
        end
        assert.is_true(refused > 100)
    end)
end)
