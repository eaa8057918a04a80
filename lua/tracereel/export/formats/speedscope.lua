-- Speedscope's own file format: the slices of the Chrome trace events as profiles, one for each lane of each trace.
-- Speedscope makes the arguments of Chrome's slices a part of their names; here slices of one name are one frame.
local chrome = require "tracereel.export.formats.chrome"
local layout = require "tracereel.export.layout"
local numbers = require "tracereel.export.numbers"
local tracereel = require "tracereel"

local speedscope = { place = 2, needs_times = true }

local fill_profile = layout.new({ "to", "name", "last_at" }, { "if", "to.has_profiles", { "," } }, "\n",
    '{"type":"evented","name":', { "json", "name" }, ',"unit":"nanoseconds","startValue":0,"endValue":',
    { "plain", "last_at" }, ',"events":[')

local function event(before, kind)
    return layout.new({ "slice", "at" }, before, layout.object {
        { "type", '"' .. kind .. '"' }, { "frame", { "plain", "slice.frame" } }, { "at", { "plain", "at" } },
    })
end

local fill_first_opening, fill_opening, fill_closing = event("", "O"), event(",", "O"), event(",", "C")

local fill_frames = layout.new({ "names" }, layout.object {
    { "frames", layout.array("names", "name", layout.object { { "name", { "json", "name" } } }) },
})

local Speedscope = setmetatable({}, { __index = chrome.class })
Speedscope.__index = Speedscope

function Speedscope:begin()
    if not self.has_begun then
        self.has_begun = true
        self.write('{"$schema":"https://www.speedscope.app/file-format-schema.json","exporter":',
            tracereel.json("tracereel " .. tracereel.version), ',"profiles":[')
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
    return frame
end

function Speedscope:slice(_, _, lane, name, span)
    local slices = self.lanes[lane].slices
    slices[#slices + 1] = { frame = self:frame(name), start_ns = span.start_ns, end_ns = span.end_ns }
end

local function leave_out() end

Speedscope.instant, Speedscope.gap = leave_out, leave_out -- there is no place for these

-- Writes slices that nest as the opening and closing of frames, in the order of their times, counted from `origin_ns`.
local function write_events(block, slices, origin_ns)
    local open, count = {}, 0
    local function close_until(ns)
        while count > 0 and not (ns and math.ult(ns, open[count].end_ns)) do
            fill_closing(block, open[count], open[count].end_ns - origin_ns)
            count = count - 1
        end
    end
    numbers.sort_by(slices, "start_ns", "-end_ns") -- of those that begin together the one that holds the other is first
    for index, slice in ipairs(slices) do
        close_until(slice.start_ns)
        local fill = index > 1 and fill_opening or fill_first_opening
        fill(block, slice, slice.start_ns - origin_ns)
        count = count + 1
        open[count] = slice
    end
    close_until(nil)
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
            fill_profile(self.context.block, self, self.process_name .. ": " .. lane.name, last_ns - origin_ns)
            write_events(self.context.block, lane.slices, origin_ns)
            self.write("]}")
            self.has_profiles = true
        end
    end
end

function Speedscope:finish()
    self:begin()
    self.write('\n],"shared":')
    fill_frames(self.context.block, self.names)
    self.write("}\n")
end

function speedscope.new(context)
    return setmetatable({ context = context, write = context.write, names = {}, frame_of = {} }, Speedscope)
end

return speedscope
