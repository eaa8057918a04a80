local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local id = "00112233-4455-6677-8899-aabbccddeeff"

local function files_of(directory)
    return helper.shell("cd " .. helper.quote(directory) .. " && ls")
end

local function failure_of(callee, ...)
    local called, problem = pcall(callee, ...)
    assert.is_false(called)
    return problem
end

describe("a writer", function()
    after_each(helper.clean)

    it("writes its records byte for byte, and returns the position of each", function()
        local directory = helper.directory() .. "/new"
        local writer = reel.writer(directory)
        local original = helper.read(helper.log("edge") .. "/wal_0000000000000000.log")
        for rec in reel.open(helper.log("edge")):records() do
            local sequence, offset = writer:append(rec)
            assert.are.same({ 0, rec.offset }, { sequence, offset })
        end
        writer:sync()
        writer:close()
        writer:close()
        assert.are.equal("wal_0000000000000000.log\n", files_of(directory))
        assert.are.equal(original, helper.read(directory .. "/wal_0000000000000000.log"))
    end)

    it("starts a new segment before a record would exceed the maximum size", function()
        local directory = helper.directory()
        local writer <close> = reel.writer(directory, { max_segment_bytes = 150 })
        local places = {}
        for index = 1, 5 do
            local sequence, offset = writer:append(reel.record.node_done { trace_id = id, node_id = index })
            places[index] = sequence .. ":" .. offset
        end
        assert.are.same({ "0:0", "0:69", "1:0", "1:69", "2:0" }, places)
        writer:close()
        local nodes = {}
        for rec in reel.open(directory):records() do
            nodes[#nodes + 1] = rec.node_id
        end
        assert.are.same({ 1, 2, 3, 4, 5 }, nodes)
    end)

    it("appends to an existing log only if asked to", function()
        local directory = record_bytes.write_log(helper.directory(), { { type = "trace_start", trace_id = id } })
        assert.are.equal("argument", failure_of(reel.writer, directory).kind)
        local writer = reel.writer(directory, { append = true })
        assert.are.same({ 0, 69 }, { writer:append(record_bytes.encode { type = "trace_complete", trace_id = id }) })
        writer:close()
        assert.are.equal(2, reel.open(directory):replay({}):stats().records)
    end)

    it("locks the log while it is open, and unlocks it when closed or dropped", function()
        local directory = helper.directory()
        local writer = reel.writer(directory)
        writer:append(reel.record.checkpoint {})
        assert.are.equal("locked", failure_of(reel.writer, directory, { append = true }).kind)
        assert.truthy(tostring(writer):find("writer", 1, true))
        writer = nil
        collectgarbage()
        collectgarbage()
        reel.writer(directory, { append = true }):close()
        assert.are.equal(1, reel.open(directory):replay({}):stats().records)
        assert.is_nil(writer)
    end)

    it("refuses what is no record, unknown options, and use after closing", function()
        local directory = helper.directory()
        assert.truthy(failure_of(reel.writer, directory, { appending = true }):find("'appending'", 1, true))
        assert.is_false(pcall(reel.writer, directory, { max_segment_bytes = "big" }))
        assert.truthy(tostring(failure_of(reel.writer, directory .. "/a/b")):find(directory .. "/a/b", 1, true))
        local writer = reel.writer(directory)
        assert.is_false(pcall(writer.append, writer, 7))
        assert.is_false(pcall(writer.append, writer, reel.histogram()))
        assert.is_false(pcall(writer.append, writer, "no record"))
        assert.is_false(pcall(function() return writer.path end))
        pcall(writer.close, writer)
        assert.truthy(failure_of(writer.append, writer, reel.record.checkpoint {}):find("closed", 1, true))
        assert.truthy(tostring(writer):find("closed", 1, true))
    end)

    it("raises when the system refuses a write", function()
        local program = [[local reel = require "tracereel"
            local writer = reel.writer(%q)
            local rec = reel.record.node_done { trace_id = %q, metadata = ("x"):rep(1000) }
            local called, problem = true, nil
            for _ = 1, 2000 do
                called, problem = pcall(writer.append, writer, rec)
                if not called then break end
            end
            if called then called, problem = pcall(writer.sync, writer) end
            print(called, problem.kind)
            print(pcall(writer.append, writer, rec))]]
        local command = "ulimit -f 100; trap '' XFSZ; lua5.4 -e " ..
            helper.quote(program:format(helper.directory(), id)) .. " 2>&1"
        local text = helper.shell(command)
        assert.are.equal("false\tio", text:match("^[^\n]*"))
        assert.are.equal("false", text:match("\n(%w+)"))
    end)
end)
