local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"

local function dump(...)
    return helper.run { "dump", ... }
end

local function count_lines(text)
    local _, count = text:gsub("\n", "")
    return count
end

describe("tracereel dump", function()
    after_each(helper.clean)

    for _, name in ipairs(helper.log_names()) do
        local expected = helper.expected(name, "records")
        if expected then
            it("--json prints exactly the expected records of " .. name, function()
                local result = dump("--json", helper.log(name))
                assert.are.same(expected, helper.objects(result.stdout))
                assert.are.equal(0, result.status)
            end)
        end
    end

    it("reads a segment given by itself, and the same bytes from a pipe", function()
        local segment = helper.log("orders/wal_0000000000000001.log")
        local from_file = dump("--json", segment)
        local from_pipe = helper.run({ "dump", "--json", "-" }, { stdin = helper.read(segment) })
        assert.are.equal(0, from_file.status)
        assert.is_true(count_lines(from_file.stdout) > 100)
        assert.is_true(from_file.stdout == from_pipe.stdout)
    end)

    it("shows only the types, nodes and traces asked for", function()
        local expected, id = {}, "068c8572-2625-43e3-9f65-6aef96a530e4"
        for _, record in ipairs(helper.expected("orders", "records")) do
            if record.type == "node_error" and record.node_id == "#3" and record.trace_id == id then
                expected[#expected + 1] = record
            end
        end
        assert.are.equal(2, #expected)
        for _, trace in ipairs { id, "068c", "068C8572-2625", (id:gsub("-", "")) } do
            local result = dump("--json", "--type", "node_error,node_done", "--type", "node_error", "--node", "3",
                "--trace", trace, helper.log("orders"))
            local errors = {}
            for _, record in ipairs(helper.objects(result.stdout)) do
                if record.type == "node_error" then
                    errors[#errors + 1] = record
                end
                assert.are.equal("#3", record.node_id)
                assert.are.equal(id, record.trace_id)
            end
            assert.are.same(expected, errors)
        end
    end)

    it("shows records since a time, and until before a time", function()
        local records = helper.expected("orders", "records")
        local ns = tonumber(records[500].timestamp_ns:sub(2))
        local before, later = 0, 0
        for _, record in ipairs(records) do
            if tonumber(record.timestamp_ns:sub(2)) < ns then
                before = before + 1
            else
                later = later + 1
            end
        end
        local digits = records[500].timestamp_ns:sub(2)
        assert.are.equal(later, count_lines(dump("--json", "--since", digits, helper.log("orders")).stdout))
        assert.are.equal(before, count_lines(dump("--json", "--until", digits, helper.log("orders")).stdout))
        local rfc3339 = "2025-11-24T16:00:00Z"
        assert.are.equal(#records, count_lines(dump("--json", "--since", rfc3339, helper.log("orders")).stdout))
        assert.are.equal(0, count_lines(dump("--json", "--until", rfc3339, helper.log("orders")).stdout))
    end)

    it("starts at a position that names the segment by number or by file name", function()
        local last = dump("--json", helper.log("orders/wal_0000000000000002.log")).stdout
        assert.is_true(last == dump("--json", "--from", "2:0", helper.log("orders")).stdout)
        assert.is_true(last == dump("--json", "--from", "0x2:0", helper.log("orders")).stdout)
        assert.is_true(last == dump("--json", "--from", "wal_0000000000000002.log:0", helper.log("orders")).stdout)
    end)

    it("cuts lines to a terminal's width", function()
        local text = helper.on_terminal(("stty cols 80; %s dump %s"):format(helper.quote(helper.program),
            helper.log("edge")), "NO_COLOR=1")
        if not text then
            pending("no terminal can be made here")
            return
        end
        local count = 0
        for line in text:gmatch("[^\r\n]+") do
            count = count + 1
            assert.is_true(utf8.len(line) <= 80, line)
        end
        assert.is_true(count > 20)
    end)

    it("prints whole lines into a pipe, and with --full", function()
        local piped = dump(helper.log("edge")).stdout
        assert.truthy(piped:find(("x"):rep(5000), 1, true))
        local full = dump("--full", helper.log("edge")).stdout
        assert.truthy(full:find(("x"):rep(5000), 1, true))
        assert.truthy(full:find("metadata={\"hook_id\": not json", 1, true))
    end)

    it("shows one line for each record, with its time, place, type, node, trace and error", function()
        local text = dump(helper.log("orders")).stdout
        assert.are.equal(#helper.expected("orders", "records") + 1, count_lines(text))
        assert.truthy(text:find("-- 2025-11-24 (UTC)\n16:00:00.005674 0:0       trace_start       - a00aaafd {\"pipe",
            1, true))
        assert.truthy(text:find("node_error        3 6b7452b3 card declined\n", 1, true))
    end)

    it("escapes control characters from the log", function()
        for _, option in ipairs { "--full", "--json" } do
            assert.is_nil(dump(option, helper.log("edge")).stdout:find("[%z\1-\9\11-\31\127]"))
        end
    end)

    it("--json tells a gap after the records before it, where output and messages go to one place", function()
        local function records_before_gaps(...)
            local words = { helper.quote(helper.program), ... }
            local text = helper.shell(table.concat(words, " ") .. " " .. helper.log("garbage-middle") .. " 2>&1")
            local counts, count = {}, 0
            for line in text:gmatch("[^\n]+") do
                if line:find("^tracereel: wal_") then
                    counts[#counts + 1] = count
                elseif line:find('^{"error_message":') or line:find("^[%d:.]+ %d+:%d+ ") then
                    count = count + 1
                end
            end
            return counts, count
        end
        local expected, total = records_before_gaps("dump")
        assert.is_true(#expected > 0 and expected[1] > 0 and expected[1] < total)
        local counts, records = records_before_gaps("dump", "--json")
        assert.are.same(expected, counts)
        assert.are.equal(total, records)
    end)

    it("--stats counts types, nodes, bytes and time", function()
        local types, nodes, bytes = {}, {}, 0
        for _, record in ipairs(helper.expected("orders", "records")) do
            types[record.type] = (types[record.type] or 0) + 1
            if record_bytes.meanings[record.type].node then
                local node = record.node_id:sub(2)
                nodes[node] = (nodes[node] or 0) + 1
            end
        end
        for sequence = 0, 2 do
            bytes = bytes + #helper.read(helper.log("orders/wal_%016x.log"):format(sequence))
        end
        local function as_texts(counts)
            local texts = {}
            for key, count in pairs(counts) do
                texts[key] = "#" .. count
            end
            return texts
        end
        local result = dump("--stats", "--json", helper.log("orders"))
        local object = helper.objects(result.stdout)[1]
        assert.are.same(as_texts(types), object.types)
        assert.are.same(as_texts(nodes), object.nodes)
        assert.are.equal("#" .. bytes, object.bytes)
        assert.are.equal("#12", object.open_traces)
        assert.are.equal("2025-11-24T16:00:00.005674000Z", object.first_time)
        local text = dump("--stats", helper.log("orders")).stdout
        assert.truthy(text:find(("1171 records, %d bytes, 3 segments"):format(bytes), 1, true))
        assert.truthy(text:find("  node_error +%d+\n"))
    end)

    it("reports each gap with its position on standard error, and ends with 3 if it is damage", function()
        local result = dump("--json", helper.log("bit-flip-payload"))
        assert.are.equal(3, result.status)
        local gap = helper.expected("bit-flip-payload", "damage")[1]
        assert.truthy(result.stderr:find(("%s:%s: corrupt, %s bytes: "):format(gap.segment, gap.offset:sub(2),
            gap.length:sub(2)), 1, true))
        assert.are.equal(0, dump("--json", helper.log("torn-tail")).status)
        assert.truthy(dump("--json", helper.log("torn-tail")).stderr:find("torn_tail", 1, true))
    end)

    it("--mode prefix stops before the first damage, and --mode strict fails there", function()
        local salvage = dump("--json", helper.log("garbage-middle"))
        local prefix = dump("--json", "--mode", "prefix", helper.log("garbage-middle"))
        local strict = dump("--json", "--mode", "strict", helper.log("garbage-middle"))
        assert.are.equal(3, prefix.status)
        assert.are.equal(3, strict.status)
        assert.is_true(prefix.stdout == strict.stdout)
        assert.is_true(prefix.stdout == salvage.stdout:sub(1, #prefix.stdout))
        assert.is_true(#prefix.stdout < #salvage.stdout and #prefix.stdout > 0)
        assert.truthy(strict.stderr:find("wal_0000000000000001.log", 1, true))
    end)

    it("reads several logs one after the other, and names each", function()
        local orders, edge = helper.log("orders"), helper.log("edge")
        local text = dump(orders, edge).stdout
        assert.truthy(text:find("== " .. orders .. " ==\n", 1, true))
        assert.truthy(text:find("\n\n== " .. edge .. " ==\n", 1, true))
        local objects = helper.objects(dump("--json", orders, edge).stdout)
        assert.are.equal(orders, objects[1].log)
        assert.are.equal(edge, objects[#objects].log)
        objects[#objects].log = nil
        local expected = helper.expected("edge", "records")
        assert.are.same(expected[#expected], objects[#objects])
    end)
end)
