-- What specs of `timing --by` have in common.
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local timing_groups = {}

---Writes traces { start_ns, makespan_ns, metadata } as a log; answers with its directory. Node 1 runs for the last part
---of each, from `wait_share` of the makespan on; one without a makespan is open, and nothing ran in it.
---@param traces table[]
---@param wait_share number|nil nil: from the beginning
---@return string
function timing_groups.log_of(traces, wait_share)
    local directory = helper.directory()
    local writer = tracereel.writer(directory)
    for number, trace in ipairs(traces) do
        local id = ("00000000-0000-0000-0000-%012x"):format(number)
        local function append(kind, ns, fields)
            fields.trace_id, fields.timestamp_ns = id, trace[1] + ns
            writer:append(tracereel.record[kind](fields))
        end
        append("trace_start", 0, { metadata = trace[3] })
        if trace[2] then
            append("node_start", math.floor(trace[2] * (wait_share or 0)), { node_id = 1 })
            append("node_done", trace[2], { node_id = 1 })
            append("trace_complete", trace[2], {})
        end
    end
    writer:close()
    return directory
end

function timing_groups.run(...)
    return helper.run { "timing", ... }
end

---What `timing --json` prints.
function timing_groups.report_of(...)
    local ran = timing_groups.run("--json", ...)
    assert(ran.status == 0, ran.stderr)
    return assert(tracereel.json_decode(ran.stdout))
end

return timing_groups
