-- Logs that nobody wrote: records that need not fit, in any order, and damage.
local helper = require "tests.spec.helper"
local record_bytes = require "tests.spec.record_bytes"
local reel = require "tracereel"

local random_log = {}

---A log of random records of some traces, with bytes between them that are none.
---@param seed integer
---@return string directory
function random_log.write(seed)
    math.randomseed(seed)
    local ids, pieces, now_ns = {}, {}, 1764000000000000000
    for index = 1, math.random(1, 12) do
        ids[index] = ("%08x-%04x-4000-8000-%012x"):format(math.random(0, 0xFFFFFFFF), math.random(0, 0xFFFF), index)
    end
    local texts = { "", "", '{"a":1}', '{"tracereel":{"plan":"p","action":"apply"}}', "no JSON", '{"instance":"a"}',
        '{"instance":"b"}' }
    for index = 1, math.random(0, 250) do
        now_ns = now_ns + math.random(-100, 1000)
        local piece = record_bytes.encode {
            type = reel.types[math.random(#reel.types)], trace_id = ids[math.random(#ids)], timestamp_ns = now_ns,
            node_id = math.random(0, 5), iteration = math.random(0, 3), metadata = texts[math.random(#texts)],
            error_message = math.random(4) == 1 and texts[math.random(#texts)] or nil,
        }
        local damage = math.random(40)
        pieces[index] = damage == 1 and piece:sub(1, math.random(#piece - 1))
            or damage == 2 and ("\255"):rep(math.random(200)) or piece
    end
    local directory = helper.directory()
    helper.write(directory .. "/wal_0000000000000000.log", table.concat(pieces))
    return directory
end

return random_log
