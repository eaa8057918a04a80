-- Errors, grouped by node and by what their messages have in common: digits, and ids, do not make two errors different.
local groups = {}

local function shape(message)
    local text = message or "(no message)"
    text = text:gsub("%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x+", "<id>")
    return (text:gsub("%d+", "N"))
end

local function note(node, rec)
    local key = node .. "\0" .. shape(rec.error_message)
    local group = groups[key]
    if not group then
        group = { node = node, shape = shape(rec.error_message), count = 0, example = rec.trace_id }
        groups[key] = group
    end
    group.count = group.count + 1
end

return {
    api = 1,
    summary = "errors by node and kind of message, most frequent first, with a trace that has each",

    node_error = function(rec)
        note(rec.node_name or ("%d"):format(rec.node_id), rec)
    end,

    trace_failed = function(rec)
        note("trace", rec)
    end,

    finish = function()
        local list = {}
        for _, group in tracereel.sorted(groups) do
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
