local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local id = "00112233-4455-6677-8899-aabbccddeeff"
local nil_id = "00000000-0000-0000-0000-000000000000"

local function message_of(called, problem)
    assert.is_false(called)
    return tostring(problem)
end

local function assert_says(text, ...)
    for _, part in ipairs { ... } do
        assert.truthy(text:find(part, 1, true), ("%q does not say %q"):format(text, part))
    end
end

describe("a record", function()
    local number_fields = { "node_id", "timestamp_ns", "output_offset", "output_size", "schema_hash", "iteration" }

    for _, name in ipairs { "orders", "edge" } do
        it("of " .. name .. " has the fields that were written", function()
            local index = 0
            local expected = helper.expected(name, "records")
            for rec in reel.open(helper.log(name)):records() do
                index = index + 1
                local wanted = expected[index]
                assert.are.equal(wanted.type, rec.type)
                assert.are.equal(wanted.trace_id, rec.trace_id)
                for _, field in ipairs(number_fields) do
                    assert.are.equal("integer", math.type(rec[field]))
                    assert.are.equal(wanted[field], "#" .. reel.unsigned(rec[field]), field)
                end
                assert.are.same(wanted, helper.objects(rec:json())[1])
            end
            assert.are.equal(#expected, index)
        end)
    end

    it("gives texts as raw bytes, UTF-8 or not", function()
        local raw = "caf\xc3\xa9 \xff\xfe\0 end"
        local rec = reel.decode(record_bytes.encode { type = "node_error", trace_id = id, error_message = raw,
            metadata = "\0" })
        assert.are.equal(raw, rec.error_message)
        assert.are.equal("\0", rec.metadata)
        assert_says(rec:json(), '"café \u{FFFD}\u{FFFD}\\u0000 end"', [["metadata":"\u0000"]])
    end)

    it("has nil for an absent text, and for its position if it came from no log", function()
        local rec = reel.decode(record_bytes.encode { type = "node_done", trace_id = id })
        for _, field in ipairs { "error_message", "metadata", "segment", "sequence", "offset" } do
            assert.is_nil(rec[field])
        end
        assert.is_false(rec.suspect)
    end)

    it("knows its position in the log, where its bytes are", function()
        local segments = {}
        for rec in reel.open(helper.log("orders")):records() do
            segments[rec.segment] = segments[rec.segment] or helper.read(helper.log("orders") .. "/" .. rec.segment)
            assert.are.equal(rec:bytes(), segments[rec.segment]:sub(rec.offset + 1, rec.offset + #rec))
            assert.are.equal(tonumber(rec.segment:match("%x%x%x+"), 16), rec.sequence)
        end
        assert.is_not_nil(next(segments))
    end)

    it("stays readable after its log is gone", function()
        local kept, expected = {}, {}
        do
            local log = reel.open(helper.log("orders"))
            for rec in log:records() do
                kept[#kept + 1] = rec
                expected[#expected + 1] = rec:bytes() .. rec.segment .. rec.offset
            end
        end
        collectgarbage()
        collectgarbage()
        for index, rec in ipairs(kept) do
            assert.are.equal(expected[index], rec:bytes() .. rec.segment .. rec.offset)
        end
    end)

    it("is equal to another with the same bytes, and has their length", function()
        local bytes = record_bytes.encode { type = "node_done", trace_id = id, node_id = 3 }
        local first, second = reel.decode(bytes), reel.decode(bytes)
        assert.is_true(first == second)
        assert.is_false(rawequal(first, second))
        assert.is_false(first == first:copy { node_id = 4 })
        assert.is_false(first == reel.histogram())
        assert.are.equal(#bytes, #first)
    end)

    it("is shown as one line by tostring", function()
        local line = tostring(reel.decode(record_bytes.encode { type = "node_error", trace_id = id, node_id = 3,
            error_message = "first\nsecond" }))
        assert_says(line, "node_error", id, "node_id=3", "first.second")
        assert.is_nil(line:find("%c"))
    end)

    it("raises an error for an unknown field that lists the known ones", function()
        local rec = reel.decode(record_bytes.encode { type = "node_done", trace_id = id })
        assert_says(message_of(pcall(function() return rec.nodeid end)), "'nodeid'", "node_id", "timestamp_ns", "copy")
        assert_says(message_of(pcall(function() return rec[1] end)), "'1'")
        assert_says(message_of(pcall(function() return rec[{}] end)), "table")
    end)

    it("cannot be changed, and its metatable is out of reach", function()
        local rec = reel.decode(record_bytes.encode { type = "node_done", trace_id = id })
        assert_says(message_of(pcall(function() rec.node_id = 4 end)), "'node_id'", "read-only")
        assert.are.equal("string", type(getmetatable(rec)))
        assert.is_false(pcall(setmetatable, rec, {}))
    end)

    it("refuses to have its methods called on other values", function()
        local rec = reel.decode(record_bytes.encode { type = "node_done", trace_id = id })
        assert.is_false(pcall(rec.bytes, {}))
        assert.is_false(pcall(rec.bytes, reel.histogram()))
        assert.is_false(pcall(rec.copy, rec))
    end)
end)

describe("a record's constructor", function()
    it("makes exactly the bytes of the format, for each type", function()
        for number, type_name in ipairs(reel.types) do
            assert.are.equal(number - 1, record_bytes.types[type_name])
            local fields = { trace_id = id, node_id = 0xFFFFFFFF, timestamp_ns = -1, output_offset = 128,
                output_size = 77, schema_hash = math.mininteger, iteration = 5, error_message = "no\0 card",
                metadata = '{"a":1}' }
            local rec = reel.record[type_name](fields)
            fields.type = type_name
            assert.are.equal(record_bytes.encode(fields), rec:bytes())
            assert.are.equal(type_name, rec.type)
        end
    end)

    it("accepts a UUID in either case, with or without dashes", function()
        assert.are.equal(id, reel.record.node_done { trace_id = id:upper() }.trace_id)
        assert.are.equal(id, reel.record.node_done { trace_id = (id:gsub("-", "")) }.trace_id)
    end)

    it("uses the present time by default, and the nil UUID for a checkpoint", function()
        local before = os.time()
        local rec = reel.record.checkpoint {}
        local seconds = rec.timestamp_ns // 1000000000
        assert.is_true(seconds >= before and seconds <= os.time())
        assert.are.equal(nil_id, rec.trace_id)
    end)

    it("names a wrong field, and what is wrong with it", function()
        local function problem_of(fields)
            return message_of(pcall(reel.record.node_done, fields))
        end
        assert_says(problem_of {}, "trace_id")
        assert_says(problem_of { trace_id = "no id" }, "trace_id", "UUID", "no id")
        assert_says(problem_of { trace_id = id, node = 3 }, "'node'", "node_id")
        assert_says(problem_of { trace_id = id, node_id = -1 }, "node_id", "4294967295", "-1")
        assert_says(problem_of { trace_id = id, node_id = 2 ^ 32 | 0 }, "node_id", "4294967296")
        assert_says(problem_of { trace_id = id, output_size = 1.5 }, "output_size", "1.5")
        assert_says(problem_of { trace_id = id, schema_hash = "12" }, "schema_hash", "12")
        assert_says(problem_of { trace_id = id, metadata = 12 }, "metadata", "12")
        assert_says(problem_of { trace_id = id, type = "node_start" }, "type")
        assert.is_false(pcall(reel.record.node_done))
    end)
end)

describe("rec:copy", function()
    local rec = reel.decode(record_bytes.encode { type = "node_error", trace_id = id, node_id = 3, timestamp_ns = 99,
        error_message = "declined", metadata = "{}", extra = "later" })

    it("changes the given fields and keeps the rest, including bytes after the known fields", function()
        local copy = rec:copy { node_id = 4, type = "node_done", error_message = false }
        assert.are.equal(record_bytes.encode { type = "node_done", trace_id = id, node_id = 4, timestamp_ns = 99,
            metadata = "{}", extra = "later" }, copy:bytes())
        assert.are.equal(3, rec.node_id)
        assert.is_true(rec == rec:copy {})
    end)

    it("gives a record without a position", function()
        local from_log = reel.open(helper.log("orders")):records()()
        assert.is_not_nil(from_log.segment)
        assert.is_nil(from_log:copy {}.segment)
        assert.is_nil(from_log:copy {}.offset)
    end)

    it("accepts metadata alone as a short form", function()
        assert.is_true(rec:with_metadata("[]") == rec:copy { metadata = "[]" })
        assert.is_nil(rec:with_metadata(false).metadata)
        assert.is_false(pcall(rec.with_metadata, rec))
    end)

    it("names a wrong change", function()
        assert_says(message_of(pcall(rec.copy, rec, { type = "node_ended" })), "node_ended")
        assert_says(message_of(pcall(rec.copy, rec, { when = 1 })), "'when'")
    end)
end)

describe("decode", function()
    local bytes = record_bytes.encode { type = "node_done", trace_id = id, metadata = "{}" }

    it("reads one record after another", function()
        local text = bytes .. bytes:rep(1) .. record_bytes.encode { type = "checkpoint", trace_id = nil_id }
        local position, types = 1, {}
        while position <= #text do
            local rec
            rec, position = reel.decode(text, position)
            types[#types + 1] = rec.type
        end
        assert.are.same({ "node_done", "node_done", "checkpoint" }, types)
    end)

    local function problem_of(text, position)
        local rec, problem = reel.decode(text, position)
        assert.is_nil(rec)
        return problem
    end

    it("says what the field expects and what was found", function()
        assert_says(problem_of(""), "69", "0")
        assert_says(problem_of(bytes:sub(1, 60)), "69", "60")
        assert_says(problem_of(bytes:sub(1, 70)), "truncated", "71", "70")
        assert_says(problem_of(string.pack("<I4", 68) .. bytes:sub(5)), "69", "68")
        assert_says(problem_of(bytes:sub(1, 8) .. "\xFF" .. bytes:sub(10)), "type",
            ("%d"):format(#reel.types - 1), "255")
        assert_says(problem_of(bytes:sub(1, 61) .. "\xFF" .. bytes:sub(63)), "255", "2")
        local crc = ("<I4"):unpack(bytes, 5)
        assert_says(problem_of(bytes:sub(1, -2) .. "!"):lower(), "crc", ("%08x"):format(crc))
        assert_says(problem_of(bytes, #bytes + 1), "69", "0")
    end)

    it("refuses a position outside of the text", function()
        assert.is_false(pcall(reel.decode, bytes, 0))
        assert.is_false(pcall(reel.decode, bytes, #bytes + 2))
    end)
end)
