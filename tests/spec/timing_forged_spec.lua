-- Partials of timing that somebody has changed, with checksums that are right: merge names the field that is wrong, and
-- none of them is a bug in tracereel.
local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local job = require "tracereel.partial.job"
local partial_file = require "tracereel.partial.file"
local units = require "tracereel.util.units"

local log = "tests/fixtures/logs/restarted"
local directory

local function partial(...)
    local path = directory .. "/sound"
    os.remove(path)
    local ran = helper.run { "timing", log, "--partial", path, ... }
    assert.equal(0, ran.status, ran.stderr)
    return helper.read(path)
end

-- The bytes with what change(header, parts) has made of them.
local function forged(bytes, change)
    local header, value = partial_file.parse(bytes)
    local parts = core.cbor_decode(value)
    parts = change(header, parts) or parts
    header.job = job.hash(header)
    return helper.write(directory .. "/forged", partial_file.bytes(header, parts))
end

local function assert_refused(bytes, pattern, change, more)
    local ran = helper.run { "merge", forged(bytes, change), table.unpack(more or {}) }
    assert.equal(6, ran.status, ran.stderr)
    assert.equal("", ran.stdout)
    assert.matches("/forged: its [^\n]* is not right: [^\n]*" .. pattern, ran.stderr)
end

-- Every place in a value where there is something, in their order.
local function places_of(value, found)
    for key, member in units.sorted(value) do
        found[#found + 1] = { of = value, key = key }
        if type(member) == "table" then
            places_of(member, found)
        end
    end
    return found
end

describe("merge", function()
    before_each(function()
        directory = helper.directory()
    end)
    after_each(helper.clean)

    it("refuses parts of timing whose fields are not what they must be, and names the field", function()
        local by_node, by_hour = partial(), partial("--by", "hour")
        local by_value, by_outcome = partial("--by", "metadata.order"), partial("--by", "outcome")
        for pattern, change in pairs {
            ["result: a list expected, got 5"] = function() return 5 end,
            ["result: 1 parts expected, got 2"] = function(_, parts) parts[2] = parts[1] end,
            ["result%[1%]: an object expected"] = function() return { "part" } end,
            ["result%[1%]%.stats%.records: a count expected, got \"9\""] = function(_, parts)
                parts[1].stats.records = "9"
            end,
            ["result%[1%]%.stats%.gaps: \"flood\" is no kind of gap"] = function(_, parts)
                parts[1].stats.gaps.flood = 1
            end,
            ["result%[1%]: it has a field \"open_options\""] = function(_, parts) parts[1].open_options = {} end,
            ["result%[1%]%.path: \".*restarted\" expected, got \"/etc\""] = function(_, parts)
                parts[1].path = "/etc"
            end,
            ["result%[1%]%.shard: 0/1 expected, got 1/2"] = function(_, parts)
                parts[1].shard = { index = 1, count = 2 }
            end,
            ["result%[1%]%.noted%.names%[1%]%.at: a count expected"] = function(_, parts)
                parts[1].noted.names = { { name = "a", at = -1 } }
            end,
            ["result%[1%]%.groups%.is_counting: false expected"] = function(_, parts)
                parts[1].groups.is_counting = true
            end,
            ["result%[1%]%.whole: a timing: has no traces"] = function(_, parts) parts[1].whole.traces = nil end,
            ["header%.options: it has a field \"flow\""] = function(header) header.options.flow = "x.lua" end,
            ["header%.options%.by: \"hour\" is no kind"] = function(header)
                header.options.by = { by = "hour", kind = "window", window_ns = 0 }
            end,
            ["header%.options%.sort: \"size\" is no column"] = function(header) header.options.sort = "size" end,
            ["header%.options%.top: a count expected, got \"3\""] = function(header) header.options.top = "3" end,
            ["header%.options%.top: 1 to 1000 expected, got 1001"] = function(header) header.options.top = 1001 end,
            ["header%.options%.since%.time_ns: an integer expected"] = function(header)
                header.options.since = { time_ns = "now" }
            end,
            ["header%.options%.node%[1%]: a string expected"] = function(header) header.options.node = { {} } end,
        } do
            assert_refused(by_node, pattern, change)
        end
        assert_refused(by_hour, "groups%.timings: \"=a\" is no group by hour", function(_, parts)
            parts[1].groups.timings["=a"] = parts[1].whole
        end)
        assert_refused(by_hour, "groups%.timings%[%d+%]: a timing: has no traces", function(_, parts)
            local _, first = next(parts[1].groups.timings)
            first.traces = nil
        end)
        assert_refused(by_outcome, "groups%.timings: \"vanished\" is no group by outcome", function(_, parts)
            parts[1].groups.timings.vanished = parts[1].whole
        end)
        assert_refused(by_value, "groups%.counts: lacks \"=a\"", function(_, parts)
            parts[1].groups.timings["=a"] = parts[1].whole
        end)
        assert_refused(by_value, "groups%.floor: only windows have one", function(_, parts)
            parts[1].groups.floor = 4
        end, { "--partial", directory .. "/again" })
    end)

    it("has an answer in its table of statuses for any change of a part, and no traceback", function()
        local random = 20261128
        local function draw(count)
            random = random * 6364136223846793005 + 1442695040888963407
            return (random >> 33) % count + 1
        end
        local others = { "", "=x", -1, 0, 3, math.mininteger, math.maxinteger, 1.5, true, false, core.null }
        for _, view in ipairs { "node", "hour", "outcome", "metadata.order", "trace" } do
            local bytes = partial("--by", view)
            for _ = 1, tonumber(os.getenv("FORGED_COUNT")) or 5 do
                local path = forged(bytes, function(header, parts)
                    local places = places_of(draw(4) == 1 and header.options or parts, {})
                    local place = places[draw(#places)]
                    local other = others[draw(#others + 1)]
                    if other == nil and draw(2) == 1 then
                        other = {}
                    end
                    place.of[place.key] = other
                end)
                local ran = helper.run({ "merge", path }, { before = "ulimit -t 10;" })
                assert.is_true(ran.status == 0 or ran.status == 6 or ran.status == 2, ran.status .. ran.stderr)
                assert.is_nil(ran.stderr:find("bug in tracereel", 1, true) or ran.stderr:find("traceback", 1, true),
                    ran.stderr)
            end
        end
    end)
end)
