-- What `tracereel import` shows on a terminal while it reads and writes; and what inputs and drafts tell who watches.
local core = require "tracereel.core"
local helper = require "tests.spec.helper"

-- A line for each 64 KiB and a moment for each line, so that a small input lasts.
local slow = [[
return { api = 1, import = function(input, out)
    for line in input:lines() do
        local began = os.clock()
        while os.clock() - began < 0.02 do end
        out:trace { id = #line }:start("a", { at = 1 })
    end
end }
]]

local line = ("x"):rep(65535) .. "\n"

-- What a terminal gets.
local function on_terminal(words, inputs)
    local directory = helper.directory()
    local own = helper.write(directory .. "/own.lua", slow)
    for index, text in ipairs(inputs) do
        inputs[index] = helper.quote(helper.write(("%s/%d"):format(directory, index), text))
    end
    local text = helper.on_terminal(("%s import --unsafe --from %s -o %s/log %s"):format(helper.quote(helper.program),
        own, directory, words:gsub("INPUTS", table.concat(inputs, " ")))) or pending("no terminal here")
    return text
end

describe("import: progress", function()
    after_each(helper.clean)

    it("is the share of a file that was read, and removed at the end", function()
        local text = on_terminal("INPUTS", { line:rep(48) })
        local shares = {}
        for share in text:gmatch("\rreading: (%d+) %%, %d+ records") do
            shares[#shares + 1] = tonumber(share)
        end
        assert.is_true(#shares >= 2, text)
        for index, share in ipairs(shares) do
            assert.is_true(share > (shares[index - 1] or 0) and share <= 100, text)
        end
        assert.matches("\r +\r+wrote ", text)
    end)

    it("names which of several inputs is read", function()
        local text = on_terminal("INPUTS", { line:rep(32), line:rep(32) })
        assert.matches("\rinput 1 of 2: reading: %d+ %%, %d+ records", text)
        assert.matches("\rinput 2 of 2: reading: %d+ %%, %d+ records", text)
    end)

    it("is what was read where nobody knows how much there is", function()
        local directory = helper.directory()
        local own = helper.write(directory .. "/own.lua", slow)
        local input = helper.write(directory .. "/input", line:rep(32))
        local text = helper.on_terminal(("cat %s | %s import --unsafe --from %s -o %s/log -"):format(input,
            helper.quote(helper.program), own, directory)) or pending("no terminal here")
        assert.matches("\rreading: [123] MB, %d+ records", text)
        assert.is_nil(text:find("%", 1, true))
    end)

    it("is told by an input, each time after a MiB or more, also while a whole document is read", function()
        local path = helper.write(helper.directory() .. "/input", ("x"):rep(5 << 20))
        local told = {}
        local stream = core.import_stream(path, function(read_bytes, file_bytes)
            told[#told + 1] = { read_bytes, file_bytes }
        end)
        assert.equal(5 << 20, #stream:text())
        assert.is_true(#told >= 2)
        for index, one in ipairs(told) do
            assert.is_true(one[1] >= (index > 1 and told[index - 1][1] or 0) + (1 << 20))
            assert.equal(5 << 20, one[2])
        end
        assert.equal(5 << 20, told[#told][1])
        stream:close()
    end)

    it("is told by a draft after each 16384 events", function()
        local draft = core.import_draft(function() end)
        local told = {}
        draft:watch(function(events)
            told[#told + 1] = events
        end)
        local trace = draft:functions()(nil, { id = "t" })
        for at = 1, 40000 do
            trace:iteration("a", { at = at, iteration = 1 })
        end
        assert.same({ 16384, 32768, 40000 }, { told[1], told[2], draft:events() })
        assert.equal(2, #told)
        draft:close()
    end)
end)
