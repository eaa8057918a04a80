-- Spans, points of time, sizes and positions, as people write them.
package.path = "lua/?.lua;" .. package.path
local units = require "tracereel.util.units"

describe("units: a rate", function()
    it("takes eight columns at most, low or high", function()
        for rate, said in pairs { [0] = "0/s", [12.345] = "12.35/s", [0.1] = "0.1/s", [9999] = "9999/s",
            [12345] = "12345/s", [999999] = "999999/s", [2.5e6] = "2e+06/s", [0.05] = "0.0500/s",
            [0.012345] = "0.0123/s", [1 / 3600] = "1/h", [1 / 86400] = "1/d", [1e-7] = "9e-03/d" } do
            assert.equal(said, units.rate(rate))
        end
    end)
end)

describe("durations", function()
    it("are printed with three digits, and in two units from a minute on", function()
        for ns, text in pairs {
            [0] = "0 ns", [999] = "999 ns", [1000] = "1.00 us", [9999] = "10.0 us", [99950] = "100 us",
            [340000] = "340 us", [1254000] = "1.25 ms", [999499999] = "999 ms", [999500000] = "1.00 s",
            [59900000000] = "59.9 s", [59999999999] = "1m00s", [125000000000] = "2m05s", [7500000000000] = "2h05m",
            [90000000000000] = "1d01h", [-1500] = "-1.50 us",
            -- 106751 days, 23 hours, 47 minutes: to the nearest day.
            [math.maxinteger] = "106752d", [math.mininteger] = "-106752d",
            [1000 * 86400000000000] = "1000d", [999 * 86400000000000] = "999d00h",
        } do
            assert.are.equal(text, units.duration(ns))
        end
    end)

    it("are read back in every unit", function()
        for text, ns in pairs {
            ["250ms"] = 250000000, ["1.5s"] = 1500000000, ["2h"] = 7200000000000, ["1h30m"] = 5400000000000,
            ["5us"] = 5000, ["5µs"] = 5000, ["7ns"] = 7, ["1d"] = 86400000000000, ["0s"] = 0, ["1m 30s"] = 90000000000,
            ["0.000000001s"] = 1,
        } do
            assert.are.equal(ns, units.parse_duration(text))
        end
    end)

    it("with wrong text are refused with an example", function()
        for _, text in ipairs { "", "5", "1.5", "s", "5y", "-5s", "5s!", "1e3s" } do
            local ns, problem = units.parse_duration(text)
            assert.is_nil(ns)
            assert.truthy(problem:find(text, 1, true) and problem:find("250ms", 1, true))
        end
        assert.are.equal('"500" is not a duration, it has no unit; write 250ms, 1.5s, or 500ns '
            .. '(units ns us ms s m h d)', select(2, units.parse_duration("500")))
        assert.truthy(select(2, units.parse_duration("110000d")):find("longer than 292 years", 1, true))
    end)
end)

describe("an argument that is no number or no text", function()
    it("is refused at the caller's line", function()
        for expression, expected in pairs {
            ["duration(1.5)"] = "duration: nanoseconds must be a whole number, got 1.5",
            ["duration()"] = "duration: nanoseconds must be a whole number, got nil",
            ["time('noon')"] = "time: nanoseconds must be a whole number, got \"noon\"",
            ["duration({})"] = "duration: nanoseconds must be a whole number, got a table",
            ["sorted(0/0)"] = "sorted: a table expected, got nan",
            ["parse_duration(5)"] = "parse_duration: a text expected, got a number",
        } do
            local called, problem = pcall(load("local units = ... local _ = units." .. expression, "=script"), units)
            assert.is_false(called)
            assert.are.equal("script:1: " .. expected, problem)
        end
    end)
end)

describe("points of time", function()
    it("are printed as RFC 3339 with nanoseconds, over the whole unsigned range", function()
        for ns, text in pairs {
            [0] = "1970-01-01T00:00:00.000000000Z",
            [1764000000005674000] = "2025-11-24T16:00:00.005674000Z",
            [951782400000000000] = "2000-02-29T00:00:00.000000000Z",
            [-1] = "2554-07-21T23:34:33.709551615Z",
        } do
            assert.are.equal(text, units.time(ns))
        end
    end)

    it("agree with date(1)", function()
        for _, seconds in ipairs { 1, 68169600, 951868799, 1709164800, 4102444799, 7289654399 } do
            local process = io.popen("date -u -d @" .. seconds .. " +%Y-%m-%dT%H:%M:%S")
            assert.are.equal(process:read("l") .. ".000000000Z", units.time(seconds * 1000000000))
            process:close()
        end
    end)

    it("are read with and without a zone, as a date, and as nanoseconds", function()
        for text, ns in pairs {
            ["2025-11-24T16:00:00Z"] = 1764000000000000000,
            ["2025-11-24T16:00:00.005674Z"] = 1764000000005674000,
            ["2025-11-24T17:30:00+01:30"] = 1764000000000000000,
            ["2025-11-24 16:00"] = 1764000000000000000,
            ["2025-11-24"] = 1763942400000000000,
            ["1764000000000000001"] = 1764000000000000001,
        } do
            assert.are.equal(ns, units.parse_time(text))
        end
    end)

    it("that do not exist are refused", function()
        for _, text in ipairs { "2025-02-30", "2025-13-01", "2025-11-24T24:00:00Z", "2025-11-24T16:60Z", "noon", "",
            "1960-01-01", "2300-01-01", "99999999999999999999" } do
            assert.is_nil((units.parse_time(text)))
        end
    end)
end)

describe("sizes and positions", function()
    it("are read in the forms that people write", function()
        for text, bytes in pairs { ["4096"] = 4096, ["512MiB"] = 512 << 20, ["1GiB"] = 1 << 30, ["1.5k"] = 1536 } do
            assert.are.equal(bytes, units.parse_size(text))
        end
        assert.is_nil((units.parse_size("lots")))
        assert.is_nil((units.parse_size("9999999999G")))
        for text, position in pairs {
            ["1:3088"] = { sequence = 1, offset = 3088 },
            ["0x1f:0"] = { sequence = 31, offset = 0 },
            ["wal_00000000000000ff.log:5"] = { sequence = 255, offset = 5 },
            ["wal_00000000000000ff.log.gz:5"] = { sequence = 255, offset = 5 },
            ["wal_00000000000000ff.log.zst:5"] = { sequence = 255, offset = 5 },
        } do
            assert.are.same(position, units.parse_position(text))
        end
        for _, text in ipairs { "", "1", "x:1", "1:x", "-1:1", "1:-1", "1.5:1" } do
            assert.is_nil((units.parse_position(text)))
        end
    end)
end)

describe("sorted", function()
    it("visits numbers first, then strings, in order", function()
        local keys = {}
        for key in units.sorted { b = 1, a = 2, [10] = 3, [2] = 4, [1.5] = 5 } do
            keys[#keys + 1] = key
        end
        assert.are.same({ 1.5, 2, 10, "a", "b" }, keys)
    end)
end)
