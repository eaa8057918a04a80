-- What went wrong: each error message (numbers in it do not count), how often, in how many traces, and how many of
-- those traces got over it.
local digests = {}

local function digest_of(node, message)
    local text = ("node %d: %s"):format(node, (message or "no message"):gsub("%d+", "#"))
    digests[text] = digests[text] or { count = 0, traces = {} }
    return digests[text]
end

return {
    api = 1,
    shard = "trace",
    associative = true,
    merge = tracereel.merge.sum, -- of all numbers, message by message
    summary = "errors by message, and whether their traces got over them",
    node_error = tracereel.fields("node_id", "error_message", "trace", function(node, message, trace)
        local digest = digest_of(node, message)
        digest.count = digest.count + 1
        if trace then
            digest.traces[trace] = true
        end
    end),
    finish = function()
        local sums = {}
        for text, digest in pairs(digests) do
            local traces, overcome = 0, 0
            for trace in pairs(digest.traces) do
                traces = traces + 1
                overcome = overcome + (trace.status == "complete" and 1 or 0)
            end
            sums[text] = { errors = digest.count, traces = traces, overcome = overcome }
        end
        return sums
    end,
    show = function(sums)
        local rows = { { "errors", "traces", "overcome", "message" } }
        for text, sum in tracereel.sorted(sums) do
            rows[#rows + 1] = { sum.errors, sum.traces, sum.overcome, text }
        end
        return rows
    end,
}
