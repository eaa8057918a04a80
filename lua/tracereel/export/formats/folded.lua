-- Folded stacks, for flame graphs: PIPELINE;NODE;OUTCOME and the nanoseconds spent there, added up over all traces.
local numbers = require "tracereel.export.numbers"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"
local valid_utf8 = require "tracereel.export.valid_utf8"

local folded = { place = 4, note = "stacks" }

local Folded = {}
Folded.__index = Folded

-- A frame must hold no separator. What is escaped can be read back: %3B is a semicolon, %20 a space, %25 a per cent
-- sign.
local function frame(name)
    return (valid_utf8(name):gsub("[%c;%% \x7F]", function(character)
        return ("%%%02X"):format(character:byte())
    end))
end

function Folded:add(stack, ns)
    self.total_ns[stack] = numbers.add(self.total_ns[stack] or 0, ns)
end

---@param trace_stats tracereel.export.stats
function Folded:trace(trace_stats)
    local trace = trace_stats.trace
    local root = frame(self.context.pipeline_of(trace)) .. (trace.tainted and "[tainted]" or "")
    for _, node in ipairs(trace_stats.nodes) do
        local of_node = root .. ";" .. frame(self.context.node_label(node.id)) .. ";"
        for _, attempt in ipairs(node.attempts) do
            -- How long an open attempt took, or one that began before the log, is not known.
            if not attempt.is_open and not attempt.is_cut then
                self:add(of_node .. attempt.outcome .. (attempt.is_estimated and "[estimated]" or ""),
                    attempt.duration_ns)
            end
        end
        for _, suspension in ipairs(node.suspensions) do
            if not suspension.is_open then
                self:add(of_node .. "suspended", suspension.end_ns - suspension.start_ns)
            end
        end
    end
end

function Folded:finish()
    for stack, ns in units.sorted(self.total_ns) do
        self.context.write(stack, " ", tracereel.unsigned(ns), "\n")
    end
end

function folded.new(context)
    return setmetatable({ context = context, total_ns = {} }, Folded)
end

return folded
