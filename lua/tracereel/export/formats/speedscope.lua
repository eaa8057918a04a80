-- Speedscope's own file format: the slices of the Chrome trace events as profiles, one for each lane of each trace.
-- Speedscope makes the arguments of Chrome's slices a part of their names; here slices of one name are one frame.
local chrome = require "tracereel.export.formats.chrome"
local json_text = require "tracereel.export.json_text"
local tracereel = require "tracereel"

local object, text, array = json_text.object, json_text.text, json_text.array

local speedscope = { place = 2, needs_times = true }

local Speedscope = setmetatable({}, { __index = chrome.class })
Speedscope.__index = Speedscope

function Speedscope:begin()
    if not self.has_begun then
        self.has_begun = true
        self.write('{"$schema":"https://www.speedscope.app/file-format-schema.json","exporter":',
            text("tracereel " .. tracereel.version), ',"profiles":[')
    end
end

function Speedscope:new_process(name)
    self.process_name, self.lanes = name, {}
end

function Speedscope:name_lanes(_, first, count, name)
    for index = 1, count do
        local label = count > 1 and ("%s %d"):format(name, index) or name
        self.lanes[first + index - 1] = { name = label, slices = {} }
    end
end

function Speedscope:frame(name)
    local frame = self.frame_of[name]
    if not frame then
        self.names[#self.names + 1] = name
        frame = #self.names - 1
        self.frame_of[name] = frame
    end
    return tostring(frame)
end

function Speedscope:slice(_, lane, name, _, span)
    local slices = self.lanes[lane].slices
    slices[#slices + 1] = { frame = self:frame(name), start_ns = span.start_ns, end_ns = span.end_ns }
end

local function leave_out() end

Speedscope.instant, Speedscope.gap = leave_out, leave_out -- there is no place for these

-- What begins first comes first; of those that begin together the one that holds the other.
local function is_before(a, b)
    if a.start_ns ~= b.start_ns then
        return math.ult(a.start_ns, b.start_ns)
    end
    return math.ult(b.end_ns, a.end_ns)
end

-- Slices that nest as the opening and closing of frames, in the order of their times, counted from `origin_ns`.
local function events_of(slices, origin_ns)
    local events, open = {}, {}
    local function add(kind, slice, ns)
        events[#events + 1] = object("type", kind, "frame", slice.frame, "at", tracereel.unsigned(ns - origin_ns))
    end
    local function close_until(ns)
        while open[1] and not (ns and math.ult(ns, open[#open].end_ns)) do
            local slice = table.remove(open)
            add('"C"', slice, slice.end_ns)
        end
    end
    table.sort(slices, is_before)
    for _, slice in ipairs(slices) do
        close_until(slice.start_ns)
        add('"O"', slice, slice.start_ns)
        open[#open + 1] = slice
    end
    close_until(nil)
    return array(events)
end

local function bounds_of(lanes)
    local first_ns, last_ns
    for _, lane in ipairs(lanes) do
        for _, slice in ipairs(lane.slices) do
            first_ns = (not first_ns or math.ult(slice.start_ns, first_ns)) and slice.start_ns or first_ns
            last_ns = (not last_ns or math.ult(last_ns, slice.end_ns)) and slice.end_ns or last_ns
        end
    end
    return first_ns, last_ns
end

---@param trace_stats tracereel.export.stats
function Speedscope:trace(trace_stats)
    chrome.class.trace(self, trace_stats)
    local origin_ns, last_ns = bounds_of(self.lanes)
    for _, lane in ipairs(self.lanes) do
        if #lane.slices > 0 then
            self.write(self.has_profiles and ",\n" or "\n", object(
                "type", '"evented"', "name", text(self.process_name .. ": " .. lane.name), "unit", '"nanoseconds"',
                "startValue", "0", "endValue", tracereel.unsigned(last_ns - origin_ns),
                "events", events_of(lane.slices, origin_ns)))
            self.has_profiles = true
        end
    end
end

function Speedscope:finish()
    self:begin()
    local frames = {}
    for index, name in ipairs(self.names) do
        frames[index] = object("name", text(name))
    end
    self.write('\n],"shared":', object("frames", array(frames)), "}\n")
end

function speedscope.new(context)
    return setmetatable({ context = context, write = context.write, names = {}, frame_of = {} }, Speedscope)
end

return speedscope
