-- Arenas: where they are found, what their header says, which outputs lie over each other, and what trace:output reads.
-- Logs of killed engine runs are the judge; the rest is built from the format.
local arenas = require "tracereel.log.arenas"
local completion = require "tracereel.log.completion"
local helper = require "tests.spec.helper"
local spans = require "tracereel.log.spans"
local tracereel = require "tracereel"

local id = "6b7452b3-0102-4304-8506-0708090a0b0c"
local id_bytes = id:gsub("-", ""):gsub("..", function(pair)
    return string.char(tonumber(pair, 16))
end)

local function engine_log(name)
    return ("tests/fixtures/logs-engine/%s/wal"):format(name)
end

-- The 128 bytes of a header, as the format has them.
local function header_bytes(position, capacity, change)
    local fields = { magic = 0x584552564152454E, version = 1, id = id_bytes }
    for key, value in pairs(change or {}) do
        fields[key] = value
    end
    return ("<I8I4I4c16I8I4I4I8I8I8I8I8I4I4"):pack(fields.magic, fields.version, 0, fields.id, 128, 0, 0, 128, position,
        capacity, 1795779513, 0, 0, 0) .. ("\0"):rep(32)
end

local function put(directory, bytes)
    helper.write(("%s/trace_%s.bin"):format(directory, id), bytes)
    return directory
end

after_each(function()
    tracereel.arenas(nil)
    helper.clean()
end)

describe("the directory of a log's arenas", function()
    local function make(...)
        local directory = helper.directory()
        for _, name in ipairs { ... } do
            helper.shell("mkdir -p " .. helper.quote(directory .. "/" .. name))
        end
        return directory
    end

    it("is the given one, whatever lies beside the log", function()
        local directory, found_as = arenas.find(engine_log("overlap"), "/somewhere")
        assert.are.same({ "/somewhere", "--arenas" }, { directory, found_as })
    end)

    it("defaults to the directory `arenas` beside the log's", function()
        local directory = make("wal", "arenas")
        put(directory, "")
        for _, path in ipairs { "/wal", "/wal/", "/wal//" } do
            assert.are.same({ directory .. "/arenas", "LOG/../arenas" }, { arenas.find(directory .. path) })
        end
        helper.write(directory .. "/wal/wal_0000000000000000.log", "")
        assert.are.equal(directory .. "/arenas", (arenas.find(directory .. "/wal/wal_0000000000000000.log")))
        assert.are.equal(directory .. "/wal/./../arenas", (arenas.find(directory .. "/wal/.")))
    end)

    it("is the log's parent directory if it holds arenas, and unknown if not", function()
        local directory = make("wal")
        assert.is_nil(arenas.find(directory .. "/wal"))
        helper.write(directory .. "/trace_.txt", "")
        helper.write(directory .. "/arenas", "a file of that name is no directory")
        assert.is_nil(arenas.find(directory .. "/wal"))
        put(directory, "")
        assert.are.same({ directory, "LOG/.." }, { arenas.find(directory .. "/wal") })
        assert.is_nil(arenas.find("-"))
    end)

    it("is found from a name without a directory before it", function()
        local directory = make("wal", "arenas")
        local code = [[local arenas = require "tracereel.log.arenas"
            print(arenas.find("wal")) print((arenas.find(".")))]]
        local found = helper.shell(("d=$PWD; cd %s && LUA_PATH=\"$d/lua/?.lua\" "
            .. "LUA_CPATH=\"$TRACEREEL_BUILD/lua/?.so\" lua5.4 -e %s"):format(helper.quote(directory),
            helper.quote(code)))
        assert.are.equal("arenas\tLOG/../arenas\nnil\n", found)
    end)
end)

describe("an arena's header", function()
    local function parsed(...)
        return arenas.header(put(helper.directory(), ...), id)
    end

    it("gives the position up to which the engine reads, and the capacity", function()
        assert.are.same({ write_position_bytes = 408, capacity_bytes = 65536, file_bytes = 65536 },
            arenas.header("tests/fixtures/logs-engine/overlap/arenas", "161cf2aa-9dfc-4847-8215-92f1fcf7c2cf"))
        assert.are.same({ write_position_bytes = -2, capacity_bytes = -1, file_bytes = 128 },
            parsed(header_bytes(0xFFFFFFFFFFFFFFFE, 0xFFFFFFFFFFFFFFFF)))
    end)

    it("with wrong fields is refused with the offset and the value found", function()
        for _, case in ipairs {
            { "", "it has 0 bytes, fewer than an arena's header (128)" },
            { header_bytes(128, 4096):sub(1, 127), "it has 127 bytes, fewer than an arena's header (128)" },
            { header_bytes(128, 4096, { magic = 7 }), "584552564152454e expected at offset 0, found 0000000000000007" },
            { header_bytes(128, 4096, { version = 2 }), "version 1 of an arena expected at offset 8, found 2" },
            { header_bytes(128, 4096, { id = ("\1"):rep(16) }),
                "another trace (offset 16: 01010101-0101-0101-0101-010101010101)" },
            { header_bytes(4097, 4096), "write position (4097, offset 56) is beyond its capacity (4096, offset 64)" },
            { header_bytes(0xFFFFFFFFFFFFFFFF, 4096), "(18446744073709551615, offset 56) is beyond its capacity" },
        } do
            local header, problem, kind = parsed(case[1])
            assert.is_nil(header)
            assert.are.equal("damaged", kind)
            assert.truthy(problem:find("/trace_" .. id .. ".bin: ", 1, true), problem)
            assert.truthy(problem:find(case[2], 1, true), problem)
        end
    end)

    it("is absent if there is no file, and damaged if something other than a file has its name", function()
        local directory = helper.directory()
        local path = arenas.path(directory, id)
        local header, problem, kind = arenas.header(directory, id)
        assert.are.same({ "absent", path .. ": No such file or directory" }, { kind, problem, header })
        for _, case in ipairs {
            { "mkfifo %s", "expected a file, found a pipe" },
            { "mkdir %s", "expected a file, found a directory" },
            { "ln -s loop %s && ln -s . " .. helper.quote(directory .. "/loop"), "expected a file, found a directory" },
        } do
            helper.shell(case[1]:format(helper.quote(path)))
            header, problem, kind = arenas.header(directory, id)
            assert.is_nil(header)
            assert.are.same({ "damaged", path .. ": " .. case[2] }, { kind, problem })
            helper.shell("rm -rf " .. helper.quote(path))
        end
    end)
end)

describe("outputs in an arena", function()
    local function completed(nodes)
        local outputs, order = {}, {}
        for index, one in ipairs(nodes) do
            outputs[one[1]] = { offset = one[2], size = one[3], schema_hash = one[4] or 7 }
            order[index] = one[1]
        end
        return outputs, order
    end

    local function overlaps(...)
        local words = {}
        for index, one in ipairs(arenas.overlaps(completed { ... })) do
            words[index] = ("%d by %d"):format(one.node, one.by)
        end
        return table.concat(words, ", ")
    end

    it("overlap where a later one was written over an earlier one", function()
        assert.are.equal("", overlaps({ 0, 128, 86 }, { 1, 214, 94 }, { 2, 0, 0 }, { 3, 150, 0 }))
        assert.are.equal("0 by 1", overlaps({ 0, 128, 87 }, { 1, 214, 94 }))
        assert.are.equal("1 by 0", overlaps({ 1, 214, 94 }, { 0, 128, 87 }))
        assert.are.equal("0 by 3, 1 by 3", overlaps({ 0, 128, 86 }, { 1, 216, 94 }, { 3, 128, 274 }))
        assert.are.equal("5 by 6", overlaps({ 5, -16, 400 }, { 6, -8, 8 }), "an end beyond 2^64")
    end)

    it("shared by a node and its input are not overwritten by that node, but lost together", function()
        assert.are.equal("", overlaps({ 0, 128, 94, 7 }, { 2, 128, 94, 0 }))
        assert.are.equal("0 by 3, 2 by 3", overlaps({ 0, 128, 94, 7 }, { 2, 128, 94, 0 }, { 3, 128, 200, 7 }))
        assert.are.equal("0 by 3, 2 by 3", overlaps({ 0, 128, 94, 7 }, { 3, 128, 200, 7 }, { 2, 128, 94, 0 }))
        assert.are.equal("0 by 2", overlaps({ 0, 128, 94, 7 }, { 2, 128, 94, 8 }))
    end)

    it("overlap exactly where a comparison of all pairs finds it", function()
        math.randomseed(20260101)
        for _ = 1, 3000 do
            local list, wanted = {}, {}
            for rank = 1, math.random(0, 9) do
                local start = math.random(0, 30)
                list[rank] = { start = start, finish = start + math.random(0, 8), rank = rank }
            end
            for _, a in ipairs(list) do
                for _, b in ipairs(list) do
                    wanted[a] = wanted[a]
                        or b.rank > a.rank and math.max(a.start, b.start) < math.min(a.finish, b.finish)
                end
            end
            local found = {}
            for _, pair in ipairs(spans.covered(table.move(list, 1, #list, 1, {}))) do
                assert.is_nil(found[pair.under])
                found[pair.under] = true
                assert.is_true(pair.over.rank > pair.under.rank)
            end
            for _, span in ipairs(list) do
                assert.are.equal(wanted[span], found[span] or false)
            end
        end
    end)

    local function end_of_outputs(outputs)
        return arenas.round_up(arenas.finish_of_outputs(outputs))
    end

    it("end at the engine's write position, rounded up to a multiple of 8", function()
        assert.are.equal(0, end_of_outputs(completed { { 1, 0, 0 }, { 2, 0, 9 } }))
        assert.are.equal(216, end_of_outputs(completed { { 0, 128, 86 }, { 1, 0, 0 } }))
        assert.are.equal(216, end_of_outputs(completed { { 0, 128, 88 } }))
        assert.are.equal(-8, end_of_outputs(completed { { 0, 128, 88 }, { 1, -4, 88 } }))
        assert.are.equal(math.mininteger, end_of_outputs(completed { { 0, 0x7fffffffffffffff, 1 } }))
    end)

    it("of killed runs end where an orderly close would have set the write position", function()
        -- Traces that wait had their position brought up to date; their last output ends there.
        local checked = 0
        for _, name in ipairs { "orders-killed", "orders-killed-late" } do
            local log = engine_log(name)
            for _, trace in ipairs(tracereel.open(log):traces()) do
                local header = arenas.header(arenas.find(log), trace.id)
                if header and trace.status == "suspended" and header.write_position_bytes ~= 128 then
                    assert.are.equal(header.write_position_bytes, end_of_outputs(trace.completed_nodes))
                    checked = checked + 1
                end
            end
        end
        assert.is_true(checked > 5)
    end)

    it("are read by the engine only before its write position, and only where the file has them", function()
        local header = { write_position_bytes = 408, capacity_bytes = 65536, file_bytes = 400 }
        assert.is_true(arenas.is_within(header, { offset = 128, size = 272 }))
        assert.is_false(arenas.is_within(header, { offset = 128, size = 273 }))
        assert.is_false(arenas.is_within({ write_position_bytes = 128, file_bytes = 512 }, { offset = 128, size = 1 }))
        assert.is_false(arenas.is_within(header, { offset = -1, size = 2 }))
    end)
end)

describe("trace:output", function()
    it("names the node that has overwritten an output, and reads that node's own", function()
        local log = engine_log("overlap")
        tracereel.arenas((arenas.find(log)))
        for _, trace in ipairs(tracereel.open(log):traces()) do
            if trace.id == "161cf2aa-9dfc-4847-8215-92f1fcf7c2cf" then
                for _, node in ipairs { 0, 1, 7 } do
                    local output, problem = trace:output(node)
                    assert.is_nil(output)
                    assert.truthy(problem:find(("node %d was overwritten by node 3"):format(node), 1, true), problem)
                end
                assert.are.equal("table", type(trace:output(3, "json")))
                assert.are.equal("table", type(trace:output(2, "json")))
                assert.are.equal(5, #completion.order(trace))
            end
        end
    end)

    it("reads what a switch passes on", function()
        local log = engine_log("switch-killed")
        tracereel.arenas((arenas.find(log)))
        local passed_on = 0
        for _, trace in ipairs(tracereel.open(log):traces()) do
            if trace:node(2) and trace:node(2).completed then
                assert.are.equal(assert(trace:output(1)), trace:output(2))
                passed_on = passed_on + 1
            end
        end
        assert.are.equal(8, passed_on)
    end)
end)
