-- --shard I/N: one of N parts of a log's traces. Each process that reads another part needs nothing of the others.
local shard = {}

local max_count = 65536

---For argparse.
---@param text string
---@return tracereel.shard|nil
---@return string|nil problem
function shard.parse(text)
    local index, count = text:match("^(%d+)/(%d+)$")
    index, count = math.tointeger(tonumber(index)), math.tointeger(tonumber(count))
    if not index or not count or index >= count or count > max_count then
        return nil, ('"%s" is not a shard: I/N expected, I from 0 to N - 1 and N at most %d, as in 0/16'):format(text,
            max_count)
    end
    return { index = index, count = count }
end

---"0/16".
---@param one tracereel.shard
---@return string
function shard.text(one)
    return ("%d/%d"):format(one.index, one.count)
end

---How many shards there are to be.
---@param text string
---@return integer|nil nil where it is no such number
function shard.parse_count(text)
    local count = text:match("^%d+$") and math.tointeger(tonumber(text))
    return count and count >= 1 and count <= max_count and count or nil
end

---Does the shard speak of what all of them see: of gaps and damage?
---@param one tracereel.shard|nil nil: the whole log
---@return boolean
function shard.speaks(one)
    return one == nil or one.index == 0
end

function shard.define(command)
    command:option("--shard", "Read only the Ith of N parts of each log's traces, from 0: 0/16 is the first of 16.")
        :argname("<I/N>"):convert(shard.parse)
end

return shard
