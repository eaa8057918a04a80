-- Scales of charts: the position of a value (0 to 1), and which values are labelled.
local html = require "tracereel.render.html"
local units = require "tracereel.util.units"

local axis = {}

local second_ns = 1000000000
local minute_ns, day_ns = 60 * second_ns, 86400 * second_ns

---An integer read as unsigned 64 bits, as a float.
function axis.unsigned_float(n)
    return n >= 0 and n + 0.0 or n + 2.0 ^ 64
end

local function decade_label(ns)
    for _, unit in ipairs { { second_ns, "s" }, { 1000000, "ms" }, { 1000, "µs" } } do
        if ns >= unit[1] then
            return html.count(ns // unit[1]) .. " " .. unit[2]
        end
    end
    return ns .. " ns"
end

---A logarithmic scale of durations, a little wider than its values. 0 ns is at its left end.
---@param low_ns number
---@param high_ns number
---@return table scale `position(ns)` -> 0 to 1; `ticks`: { position, label }
function axis.logarithmic(low_ns, high_ns)
    local low = math.log(math.max(low_ns, 1), 10)
    local high = math.log(math.max(high_ns, 1), 10)
    -- At least a tenth of a decade more at either end, and a decade in all.
    low, high = low - 0.1, high + 0.1
    if high - low < 1 then
        local middle = (low + high) / 2
        low, high = middle - 0.5, middle + 0.5
    end
    local scale = { ticks = {} }
    function scale.position(ns)
        if ns <= 0 then
            return 0.0
        end
        return math.max(0.0, math.min(1.0, (math.log(ns, 10) - low) / (high - low)))
    end
    local factors = high - low > 2.5 and { 1 } or high - low > 1.3 and { 1, 3 } or { 1, 2, 5 }
    for decade = math.floor(math.max(low, 0)), math.min(math.floor(high), 18) do
        for _, factor in ipairs(factors) do
            local ns = math.tointeger(10 ^ decade) * factor
            if math.log(ns, 10) >= low and math.log(ns, 10) <= high then
                table.insert(scale.ticks, { position = scale.position(ns), label = decade_label(ns) })
            end
        end
    end
    return scale
end

---A round span of time without its zeros: "20 ms", "1 s", "3h".
function axis.round_duration(ns)
    local words = html.duration(ns):gsub("%.0+ ", " "):gsub("(%.%d-)0+ ", "%1 ")
    return (words:gsub("(%a)00%a$", "%1"))
end

---A point on an axis that counts from 0 in such steps: with as many digits as its neighbours differ in.
function axis.offset_label(ns, step_ns)
    if ns == 0 then
        return "0"
    elseif ns >= second_ns and ns < minute_ns and step_ns < second_ns then
        local digits = 9 - math.floor(math.log(step_ns, 10) + 1e-9)
        return ("%." .. digits .. "f s"):format(ns / second_ns)
    elseif ns >= minute_ns and step_ns < second_ns then
        local digits = 9 - math.floor(math.log(step_ns, 10) + 1e-9)
        return ("%dm%0" .. digits + 3 .. "." .. digits .. "fs"):format(ns // minute_ns, ns % minute_ns / second_ns)
    end
    return axis.round_duration(ns)
end

local round_steps_ns = {}
for _, unit_ns in ipairs { 1, 1000, 1000000 } do
    for _, factor in ipairs { 1, 2, 5, 10, 20, 50, 100, 200, 500 } do
        table.insert(round_steps_ns, factor * unit_ns)
    end
end
for _, step in ipairs { 1, 2, 5, 10, 15, 30 } do
    table.insert(round_steps_ns, step * second_ns)
end
for _, step in ipairs { 1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720 } do
    table.insert(round_steps_ns, step * minute_ns)
end
for _, step in ipairs { 1, 2, 7, 14, 28, 90, 180, 365, 1826, 3652, 7305, 18262 } do
    table.insert(round_steps_ns, step * day_ns)
end

---The smallest round step of time that gives a span at most `max_ticks`; nil where the span is longer than all allow.
function axis.round_step(span_ns, max_ticks)
    for _, step_ns in ipairs(round_steps_ns) do
        if span_ns / step_ns <= max_ticks then
            return step_ns
        end
    end
    return nil
end

local function clock_label(ns, step_ns, span)
    local date, clock, fraction = units.time(ns):match("^([%d-]+)T([%d:]+)%.(%d+)Z$")
    if step_ns >= day_ns then
        return date
    elseif span >= day_ns then
        return date:sub(6) .. " " .. clock:sub(1, 5)
    elseif step_ns >= minute_ns then
        return clock:sub(1, 5)
    elseif step_ns >= second_ns then
        return clock
    end
    local digits = 9 - math.floor(math.log(step_ns, 10) + 1e-9)
    return clock .. "." .. fraction:sub(1, digits)
end

---A linear scale of points of time, both unsigned. Labels are UTC.
---@return table scale `position(ns)` -> 0 to 1; `ticks`: { position, label }
function axis.clock(first_ns, last_ns)
    local span_ns = last_ns - first_ns
    local span = math.max(axis.unsigned_float(span_ns), 1.0)
    local scale = { ticks = {} }
    function scale.position(ns)
        return math.ult(ns, first_ns) and 0.0 or math.min(1.0, axis.unsigned_float(ns - first_ns) / span)
    end
    local step_ns = axis.round_step(span, 8)
    if not step_ns or span_ns <= 0 then
        scale.ticks = { { position = 0.0, label = clock_label(first_ns, day_ns, span) } }
        return scale
    end
    local offset_ns = (step_ns - select(2, units.unsigned_divide(first_ns, step_ns))) % step_ns
    while offset_ns >= 0 and offset_ns <= span_ns do
        table.insert(scale.ticks, {
            position = offset_ns / span,
            label = clock_label(first_ns + offset_ns, step_ns, span),
        })
        offset_ns = offset_ns + step_ns
    end
    return scale
end

---The round step (1, 2 or 5 times a power of ten) that cuts a span of numbers into at most so many.
---@param span number above 0
---@param max_ticks integer
---@return number
function axis.number_step(span, max_ticks)
    local power = 10.0 ^ math.floor(math.log(span / max_ticks, 10))
    for _, factor in ipairs { 1, 2, 5 } do
        if span / (factor * power) <= max_ticks * (1 + 1e-9) then
            return factor * power
        end
    end
    return 10 * power
end

---A linear scale of counts from 0 to a round number that is not below `most`.
---@return integer top
---@return integer[] labelled from 0 to top
function axis.counts(most)
    local step = 1
    for power = 0, 18 do
        for _, factor in ipairs { 1, 2, 5 } do
            step = factor * math.tointeger(10 ^ power)
            if most / step <= 4 then
                goto found
            end
        end
    end
    ::found::
    local top = math.max(step, (most + step - 1) // step * step)
    local labelled = {}
    for value = 0, top, step do
        labelled[#labelled + 1] = value
    end
    return top, labelled
end

return axis
