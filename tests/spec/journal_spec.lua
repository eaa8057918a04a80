-- The journal beside a log: what an interrupted command left is found out from the segment that it was about.
local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local journal = require "tracereel.recovery.journal"

local name = "wal_0000000000000000.log"

-- What the journal needs of a held log: lines at the end of a file.
local function held_in(directory)
    return {
        sync = function() end,
        append_line = function(_, file_name, line)
            local file = assert(io.open(directory .. "/" .. file_name, "ab"))
            assert(file:write(line, "\n"))
            assert(file:close())
        end,
    }
end

local function content_of(bytes)
    return { size_bytes = #bytes, sha256 = core.sha256(bytes) }
end

describe("what an interrupted repair left", function()
    after_each(helper.clean)

    -- The repair takes the torn end away: the original begins with all that it keeps.
    local kept, torn = ("whole record "):rep(9), "torn rec"

    local function state_with(bytes_in_place)
        local directory = helper.directory()
        local held = held_in(directory)
        local entry = content_of(kept)
        entry.action, entry.segment, entry.replaces = "repair", name, content_of(kept .. torn)
        journal.open(held, entry)
        if bytes_in_place then
            helper.write(directory .. "/" .. name, bytes_in_place)
        end
        local finished = journal.finish_interrupted(held, directory, "now")
        assert.are.equal(1, #finished)
        assert.are.same({}, journal.finish_interrupted(held, directory, "later"))
        local entries = journal.read(directory)
        assert.are.equal(finished[1].state, entries[#entries].state)
        return finished[1].state
    end

    it("has not taken place while the original exists, nor if neither file exists", function()
        assert.are.equal("abandoned", state_with(kept .. torn))
        assert.are.equal("abandoned", state_with(nil))
        assert.are.equal("abandoned", state_with(kept:sub(1, -2)))
    end)

    it("has taken place if the new segment exists, even after the engine has appended to it", function()
        assert.are.equal("done", state_with(kept))
        assert.are.equal("done", state_with(kept .. "the next record"))
    end)
end)
