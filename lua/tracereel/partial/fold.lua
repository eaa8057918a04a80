-- The results of partials as one: those of a log's shards first, then those of the logs, from the left, as one process
-- does it.
local order = require "tracereel.partial.order"
local partial_file = require "tracereel.partial.file"

local fold = {}

---A left fold: each call adds a result and returns what there is so far.
---@param merge fun(a: any, b: any): any
---@return fun(result: any): any
function fold.joiner(merge)
    local has_any, joined = false, nil
    return function(result)
        if has_any then
            joined = merge(joined, result)
        else
            has_any, joined = true, result
        end
        return joined
    end
end

---Calls take(result, sources) with the result of each log that has partials of its own, and of each partial of several
---logs, in their order. Each is read when it is its turn.
---@param sources tracereel.partial_source[] as order.of has sorted them
---@param merge fun(a: any, b: any): any
---@param take fun(result: any, sources: tracereel.partial_source[])
function fold.each(sources, merge, take)
    local index = 1
    while index <= #sources do
        local key = order.only_log(sources[index])
        local add, of_log = fold.joiner(merge), {}
        local result
        repeat
            local source = sources[index]
            result = add(partial_file.result(source.path, source.sha256))
            of_log[#of_log + 1] = source
            index = index + 1
        until not key or not sources[index] or order.only_log(sources[index]) ~= key
        take(result, of_log)
    end
end

return fold
