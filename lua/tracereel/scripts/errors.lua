-- Errors, grouped by node and by what their messages have in common: digits, and ids, do not make two errors different.
local groups = {}

-- The trace that was first, with the smallest id among those of one time, so that the order of parts does not matter.
local function is_earlier(one, other)
    if one.time_ns ~= other.time_ns then
        return math.ult(one.time_ns, other.time_ns)
    end
    return one.example < other.example
end

local function joined(a, b)
    local first = is_earlier(b, a) and b or a
    return { node = a.node, shape = a.shape, count = a.count + b.count, example = first.example,
        time_ns = first.time_ns }
end

local function shape(message)
    local text = message or "(no message)"
    text = text:gsub("%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x+", "<id>")
    return (text:gsub("%d+", "N"))
end

local function note(node, message, trace_id, time_ns)
    local key = node .. "\0" .. shape(message)
    local one = { node = node, shape = shape(message), count = 1, example = trace_id, time_ns = time_ns }
    groups[key] = groups[key] and joined(groups[key], one) or one
end

return {
    api = 1,
    shard = "trace",
    associative = true,
    merge = tracereel.merge.by_key(joined),
    summary = "errors by node and kind of message, most frequent first, with a trace that has each",

    node_error = tracereel.fields("node_id", "node_name", "error_message", "trace_id", "timestamp_ns",
        function(id, name, ...)
            note(name or ("%d"):format(id), ...)
        end),

    trace_failed = tracereel.fields("error_message", "trace_id", "timestamp_ns", function(...)
        note("trace", ...)
    end),

    finish = function()
        return groups
    end,

    show = function(all)
        local list = {}
        for _, group in tracereel.sorted(all) do
            list[#list + 1] = group
        end
        table.sort(list, function(a, b)
            if a.count ~= b.count then
                return a.count > b.count
            end
            return a.node .. "\0" .. a.shape < b.node .. "\0" .. b.shape
        end)
        local rows = {}
        for index, group in ipairs(list) do
            rows[index] = { group.count, group.node, group.shape, group.example }
        end
        if #rows > 0 then
            table.insert(rows, 1, { "count", "node", "message", "example" })
        end
        return rows
    end,
}
