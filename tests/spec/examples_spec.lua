-- The examples and the README show real output: what stands there is what a reader gets.
local exact_json = require "tests.spec.exact_json"
local helper = require "tests.spec.helper"

local log = "examples/logs/orders"

local function records()
    local list = {}
    for line in helper.run({ "dump", "--json", log }).stdout:gmatch("[^\n]+") do
        list[#list + 1] = exact_json(line)
    end
    return list
end

-- Cuts "    $ command" blocks out of the README: command and the output that is shown under it. What stands behind the
-- debugger's prompt is input.
local function shown_commands(text)
    local blocks, current = {}, nil
    for line in (text .. "\n"):gmatch("(.-)\n") do
        local command = line:match("^    %$ (.+)$")
        if command then
            current = { command = command, lines = {} }
            blocks[#blocks + 1] = current
        elseif current and line:match("^    %(tracereel%) ") then
            current.input = (current.input or "") .. line:match("%) (.*)") .. "\n"
        elseif current and (line:match("^    ") or line == "") then
            current.lines[#current.lines + 1] = line:gsub("^    ", "")
        else
            current = nil
        end
    end
    for _, block in ipairs(blocks) do
        block.output = table.concat(block.lines, "\n"):gsub("\n+$", "") .. "\n"
    end
    return blocks
end

describe("the examples", function()
    after_each(helper.clean)

    for _, name in ipairs { "node_timing", "waiting", "error_digest" } do
        it("give the output that lies beside them: " .. name, function()
            local result = helper.run { "run", ("examples/%s.lua"):format(name), log }
            assert.equal("", result.stderr)
            assert.equal(helper.read(("examples/%s.txt"):format(name)), result.stdout)
            assert.equal(0, result.status)
        end)
    end

    it("count every run of a node once", function()
        local runs = {}
        for _, record in ipairs(records()) do
            if record.type == "node_done" then
                runs[record.node_id] = (runs[record.node_id] or 0) + 1
            end
        end
        local seen = 0
        for node, count in helper.read("examples/node_timing.txt"):gmatch("\n%s*(%d+)%s+(%d+)") do
            assert.equal(runs["#" .. node], math.tointeger(count))
            seen = seen + 1
        end
        assert.equal(8, seen)
    end)

    it("count every error once, and the traces that got over them", function()
        local errors, traces, complete = 0, {}, {}
        for _, record in ipairs(records()) do
            if record.type == "node_error" and record.error_message:find("timeout") then
                errors = errors + 1
                traces[record.trace_id] = true
            end
            complete[record.trace_id] = complete[record.trace_id] or record.type == "trace_complete"
        end
        local trace_count, overcome = 0, 0
        for id in pairs(traces) do
            trace_count = trace_count + 1
            overcome = overcome + (complete[id] and 1 or 0)
        end
        local row = ("%%f[%%d]%d%%s+%d%%s+%d  node 3: payment gateway timeout"):format(errors, trace_count, overcome)
        assert.truthy(helper.read("examples/error_digest.txt"):find(row))
    end)
end)

describe("the README", function()
    local readme = helper.read("README.md")

    after_each(helper.clean)

    it("has a script of ten lines at the most, and its real output", function()
        local script = readme:match("```lua\n(.-)```")
        local _, lines = script:gsub("\n", "\n")
        assert.is_true(lines <= 10)
        local path = helper.write(helper.directory() .. "/slow.lua", script)
        local result = helper.run { "run", path, log }
        assert.equal(shown_commands(readme)[1].output, result.stdout)
    end)

    for index, block in ipairs(shown_commands(readme)) do
        if index > 1 then
            it("shows what the command really prints: " .. block.command, function()
                local words = {}
                for word in block.command:gsub("^tracereel ", ""):gmatch("%S+") do
                    words[#words + 1] = words[#words] == "-o" and helper.directory() .. "/" .. word or word
                end
                assert.equal(block.output, helper.run(words, { stdin = block.input }).stdout)
            end)
        end
    end
end)
