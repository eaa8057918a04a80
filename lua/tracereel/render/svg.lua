-- Charts as SVG that stretch with the page while their text does not: places across are percentages of the width,
-- heights are pixels. Only the insides of svg.stretched scale as a whole, and they hold no text.
local html = require "tracereel.render.html"

local svg = {}

-- Three decimals of a percent are a hundredth of a pixel on a wide screen; fewer bytes, and the same everywhere.
local function number_text(number)
    return (("%.3f"):format(number):gsub("0+$", ""):gsub("%.$", ""))
end

---A share of the width, 0 to 1, as "12.5%".
function svg.percent(share)
    return number_text(100.0 * math.max(0.0, math.min(1.0, share))) .. "%"
end

---A chart of that height. `label` says in words what it shows; without one it is decoration beside a text.
function svg.chart(class, height, label, ...)
    local attributes = {
        class = "chart " .. class,
        width = "100%",
        height = height,
        role = label and "img",
        ["aria-label"] = label,
        ["aria-hidden"] = not label and "true",
    }
    return html.element("svg", attributes, ...)
end

local function titled(title)
    return title and html.element("title", nil, html.escape(title)) or ""
end

---A rectangle from one share of the width to another. It is `least` pixels wide, so that nothing vanishes.
function svg.bar(class, from, to, top, height, title)
    from = math.max(0.0, math.min(1.0, from))
    to = math.max(from, math.min(1.0, to))
    return html.element("rect", {
        class = class,
        x = svg.percent(from),
        width = svg.percent(to - from),
        y = top,
        height = height,
    }, titled(title))
end

---A line across or down.
function svg.line(class, from_x, from_y, to_x, to_y)
    return html.element("line", {
        class = class,
        x1 = svg.percent(from_x),
        y1 = from_y,
        x2 = svg.percent(to_x),
        y2 = to_y,
    })
end

---A text whose anchor is "start", "middle" or "end".
function svg.text(class, x, y, anchor, words)
    return html.element("text", { class = class, x = svg.percent(x), y = y, ["text-anchor"] = anchor },
        html.escape(words))
end

-- How wide a character of a label is, and how far labels are apart, in pixels.
local character_width, label_distance = 6.8, 8

-- Which labels have room on a chart of that width: earlier ones first.
local function fitting(labels, width)
    local taken, fits = {}, {}
    for _, item in ipairs(labels) do
        local length = utf8.len(item.label) * character_width + label_distance
        local left = math.max(0, math.min(item.position * width - length / 2, width - length))
        local has_room = true
        for _, other in ipairs(taken) do
            has_room = has_room and (left >= other[2] or left + length <= other[1])
        end
        if has_room then
            taken[#taken + 1] = { left, left + length }
            fits[item] = true
        end
    end
    return fits
end

---The labels of an axis, as many as there is room for: on a wide screen those that fit `wide` pixels, on a narrow one
---those of them that fit `narrow` pixels.
---@param labels { position: number, label: string, class: string|nil }[] the most important first
---@param y integer
---@param wide number
---@param narrow number
function svg.labels(labels, y, wide, narrow)
    local fits = fitting(labels, wide)
    local kept, parts = {}, {}
    for _, item in ipairs(labels) do
        kept[#kept + 1] = fits[item] and item or nil
    end
    local fits_narrow = fitting(kept, narrow)
    for _, item in ipairs(kept) do
        local half = utf8.len(item.label) * character_width / 2 / narrow
        local anchor = item.position < half and "start" or item.position > 1 - half and "end" or "middle"
        local class = (item.class or "tick") .. (fits_narrow[item] and "" or " minor")
        parts[#parts + 1] = svg.text(class, item.position, y, anchor, item.label)
    end
    return table.concat(parts)
end

---A point, `radius` in pixels.
function svg.dot(class, x, y, radius, title)
    return html.element("circle", { class = class, cx = svg.percent(x), cy = y, r = radius }, titled(title))
end

---Draws its contents on a plane of 1000 by 1000, stretched to the given place; lines keep their thickness.
function svg.stretched(top, height, ...)
    return html.element("svg", {
        x = 0,
        y = top,
        width = "100%",
        height = height,
        viewBox = "0 0 1000 1000",
        preserveAspectRatio = "none",
    }, ...)
end

-- Points of stairs: { share of the width where a step begins, height 0 to 1 }, the last until `end_x`.
local function stair_points(steps, end_x)
    local parts = {}
    local last
    for index, step in ipairs(steps) do
        local next_x = steps[index + 1] and steps[index + 1][1] or end_x
        local height = number_text(1000.0 - 1000.0 * step[2])
        if height ~= last then
            parts[#parts + 1] = ("%s%s V%s"):format(#parts == 0 and "M" or "H", number_text(1000.0 * step[1])
                .. (#parts == 0 and ",1000" or ""), height)
            last = height
        end
        if index == #steps then
            parts[#parts + 1] = "H" .. number_text(1000.0 * next_x)
        end
    end
    return table.concat(parts, " ")
end

---Stairs on the plane of svg.stretched, filled to the ground.
---@param class string
---@param steps number[][] { share of the width where it begins, height 0 to 1 }, from left to right
---@param end_x number where the last one ends
function svg.stairs(class, steps, end_x)
    if #steps == 0 then
        return ""
    end
    return html.element("path", { class = class, d = stair_points(steps, end_x) .. " V1000 Z" })
end

---A line on the plane of svg.stretched through points { x, y }, each a share from 0 to 1, y upwards.
---@param class string
---@param points number[][]
function svg.through(class, points)
    local parts = {}
    for index, point in ipairs(points) do
        parts[index] = ("%s%s,%s"):format(index == 1 and "M" or "L", number_text(1000.0 * point[1]),
            number_text(1000.0 - 1000.0 * point[2]))
    end
    return html.element("path", { class = class, d = table.concat(parts, " ") })
end

return svg
