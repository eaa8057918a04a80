-- A writer as seen by a reader at an unlucky moment: copies a log's segments byte by byte in random pieces, which end
-- anywhere in a record, and makes the next segment when one is full.
--   lua5.4 tests/spec/follow_writer.lua FROM TO SECONDS SEED
local from, to, seconds, seed = arg[1], arg[2], tonumber(arg[3]), math.tointeger(arg[4])
math.randomseed(seed)

local segments, total = {}, 0
for name in io.popen("ls '" .. from .. "'"):lines() do
    if name:find("^wal_%x+%.log$") then
        local file = assert(io.open(from .. "/" .. name, "rb"))
        segments[#segments + 1] = { name = name, bytes = file:read("a") }
        total = total + #segments[#segments].bytes
        file:close()
    end
end

local pause = "sleep 0.01"
local longest = math.max(2 * total // (seconds * 60 // 1), 16)
for _, segment in ipairs(segments) do
    local file = assert(io.open(to .. "/" .. segment.name, "wb"))
    file:setvbuf("no")
    local position = 1
    while position <= #segment.bytes do
        local length = math.random(longest)
        file:write(segment.bytes:sub(position, position + length - 1))
        position = position + length
        os.execute(pause)
    end
    file:close()
end
