-- What is measured of one part of a log, by the definitions of docs/timing.md.
local all_traces = require "tracereel.timing.all_traces"
local base = require "tracereel.base"
local hypothesis = require "tracereel.timing.hypothesis"
local timing_report = require "tracereel.timing.report"
local units = require "tracereel.util.units"

local observation = {}

---What is measured where no trace begins.
---@param flow tracereel.flow|nil which nodes follow which
---@return tracereel.timing
function observation.none(flow)
    return assert(timing_report.new(flow, 0))
end

---Measures the traces that begin in a part of a log, as they are where it ends.
---@param path string
---@param part { from: tracereel.position|nil, to: tracereel.position|nil }
---@param flow tracereel.flow|nil which nodes follow which
---@return tracereel.timing
function observation.timing(path, part, flow)
    local timing = observation.none(flow)
    all_traces.add(timing, path, part)
    return timing
end

---Where the first trace_start of the n-th trace of a log is; nil where it has fewer.
---@param path string
---@param number integer
---@return tracereel.position|nil
function observation.start_of(path, number)
    local count = 0
    for rec, trace in base.open(path):records { types = "trace_start" } do
        count = count + (trace.restart_count == 0 and 1 or 0)
        if count == number then
            return { sequence = rec.sequence, offset = rec.offset }
        end
    end
end

---@class tracereel.backtest_value a measure of one part: of times a distribution, of a rate or a share a number
---@field name string
---@field node integer|nil
---@field kind "times"|"rate"|"share"
---@field count integer how many values; of a share, of what
---@field number number|nil
---@field distribution tracereel.distribution|nil

local function times(name, node, distribution)
    return { name = name, node = node, kind = "times", count = distribution.count, distribution = distribution }
end

local function share(name, node, part, whole)
    return { name = name, node = node, kind = "share", count = whole, number = whole > 0 and part / whole or 0.0 }
end

---The measures of a part, in a fixed order: of the traces, then of each node in the order of their ids.
---@param timing tracereel.timing
---@param span_ns integer how much time the part has
---@param rounds integer|nil of how many such parts it is the sum
---@return tracereel.backtest_value[]
function observation.values(timing, span_ns, rounds)
    local report = timing:report()
    local traces = report.traces
    local closed = traces.complete_count + traces.failed_count
    local values = {
        times("makespan", nil, traces.makespan),
        { name = "throughput", kind = "rate", count = closed,
            number = closed / (rounds or 1) / (units.magnitude(span_ns) / 1e9) },
        share("errors", nil, traces.failed_count, closed),
    }
    for _, node in ipairs(report.nodes) do
        for _, name in ipairs { "run", "queue", "suspended" } do
            values[#values + 1] = node[name].count > 0 and times(name, node.id, node[name]) or nil
        end
        local ended = node.count + node.error_count
        values[#values + 1] = ended > 0 and share("errors", node.id, node.error_count, ended) or nil
    end
    return values
end

---How far apart two distributions are: the largest difference of the shares of values up to a time (Kolmogorov and
---Smirnov), looked at where buckets of the histograms end.
---@param a tracereel.distribution
---@param b tracereel.distribution
---@return number from 0 to 1
function observation.distance(a, b)
    local below_a, below_b, largest = 0, 0, 0.0
    for _, bucket in ipairs(hypothesis.pool(a, b)) do
        below_a, below_b = below_a + bucket.a, below_b + bucket.b
        largest = math.max(largest, math.abs(below_a / a.count - below_b / b.count))
    end
    return largest
end

return observation
