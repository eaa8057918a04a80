local core = require "tracereel.core"
local helper = require "tests.spec.helper"
local simulation_logs = require "tests.spec.simulation_logs"

-- More than 0.3 seconds for some 600 records, on any machine.
local slow = [[return { traces = 30, on_event = function(_, trace)
    local began = os.clock()
    while os.clock() - began < 0.0006 do end
end }]]

-- What a terminal gets, and what it shows in the end.
local function on_terminal(arguments)
    local words = { helper.quote(helper.program), "simulate", "--unsafe" }
    for _, argument in ipairs(arguments) do
        words[#words + 1] = helper.quote(argument)
    end
    local text = helper.on_terminal(table.concat(words, " ")) or pending("no terminal here")
    local screen = {}
    for line in text:gsub("\r\n", "\n"):gmatch("[^\n]*") do
        local shown = ""
        for piece in line:gmatch("[^\r]+") do
            shown = piece .. shown:sub(#piece + 1)
        end
        screen[#screen + 1] = (shown:gsub(" +$", ""))
    end
    return text, table.concat(screen, "\n")
end

describe("progress of a long simulation", function()
    after_each(helper.clean)

    it("is shown in one line of a terminal, and removed at the end", function()
        local directory = helper.directory() .. "/out"
        local text, screen = on_terminal { helper.script(slow, "scenario"), helper.log("orders"), "-o",
            directory }
        local records, share = text:match("\rsimulating: (%d+) records, (%d+) %% of 30 traces have arrived")
        assert.is_true(tonumber(records) >= 256 and tonumber(records) <= 700)
        assert.is_true(tonumber(share) > 0 and tonumber(share) <= 100)
        assert.is_nil(screen:find("simulating:", 1, true))
        assert.equal(1, screen:find("simulated 30 traces, ", 1, true))
    end)

    it("names the current one of several runs", function()
        local text = on_terminal { helper.script(slow, "scenario"), helper.log("orders"), "-o",
            helper.directory() .. "/out", "--runs", "2" }
        assert.matches("\rrun 2 of 2: simulating: %d+ records", text)
    end)

    it("is removed before an error message", function()
        local failing = slow:gsub("end }$", "if trace.number == 28 then error 'oops' end end }")
        local _, screen = on_terminal { helper.script(failing, "scenario"), helper.log("orders"), "-o",
            helper.directory() .. "/out" }
        assert.matches("^tracereel: [^\n]*oops", screen)
    end)

    it("counts the futures of an exploration, too", function()
        local scenario = helper.script([[return { goal = function()
            local began = os.clock()
            while os.clock() - began < 0.01 do
            end
            return true
        end }]], "scenario")
        local text, screen = on_terminal { scenario, helper.log("orders"), "--explore", "--max-faults", "1" }
        assert.matches("\rexploring: %d+ futures of 10000 at most, faults in each: 1", text)
        assert.is_nil(screen:find("exploring:", 1, true))
        assert.matches("^trace ", screen)
    end)

    it("is not shown where standard error is no terminal", function()
        local _, ran = simulation_logs.simulate(slow, helper.log("orders"), { "--unsafe" })
        assert.equal("", ran.stderr)
    end)

    it("is also shown while the log is read", function()
        local directory = helper.directory()
        helper.shell(("for i in $(seq 1 500); do cat %s/wal_*; done > %s/wal_0000000000000000.log"):format(
            helper.log("all-complete"), directory))
        local told = {}
        local recording = core.recording(directory, function(records)
            told[#told + 1] = records
        end)
        assert.equal(500 * 217, recording:stats().records)
        assert.same({ 65536, 500 * 217 }, told)
    end)
end)
