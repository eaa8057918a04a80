-- Which log a plan is for, and what finding that out costs.
local helper = require "tests.spec.helper"
local identity = require "tracereel.recovery.identity"
local reel = require "tracereel"

-- A log that counts how often its list of segments is made.
local function counting(log, counts)
    return setmetatable({}, { __index = function(_, key)
        if key == "segments" then
            counts.segments = counts.segments + 1
        end
        local value = log[key]
        return type(value) ~= "function" and value or function(_, ...)
            return value(log, ...)
        end
    end })
end

describe("the identity of a log", function()
    after_each(helper.clean)

    it("lists the segments as often for two hundred of them as for three", function()
        local made = {}
        for _, segment_size in ipairs { "20000", "200" } do
            local directory = helper.directory() .. "/log"
            helper.run { "generate", "--traces", "12", "--segment-size", segment_size, directory }
            local log = reel.open(directory)
            log:replay {}
            local counts = { segments = 0 }
            local found = identity.of(counting(log, counts))
            assert.equal(#log.segments, #found.segments)
            made[#made + 1] = { segments = #found.segments, looks = counts.segments }
        end
        assert.is_true(made[2].segments > 20 * made[1].segments)
        assert.equal(made[1].looks, made[2].looks)
    end)
end)
