-- HTML from Lua: everything that comes from outside is escaped here, once, on its way into the page.
local text = require "tracereel.util.text"
local units = require "tracereel.util.units"

local html = {}

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

---Any bytes as text of a page, good between tags and inside a quoted attribute. Control characters, and those that turn
---the direction of writing, are shown as escapes; what is not UTF-8 is U+FFFD.
---@param bytes any
---@return string
function html.escape(bytes)
    return (text.clean(tostring(bytes)):gsub("[&<>\"']", entities))
end

-- Elements without an end tag.
local void_elements = { meta = true, br = true }

local function attributes_text(attributes)
    local parts = {}
    for name, value in units.sorted(attributes) do
        if value == true then
            parts[#parts + 1] = " " .. name
        elseif value then
            parts[#parts + 1] = (' %s="%s"'):format(name, html.escape(value))
        end
    end
    return table.concat(parts)
end

---One element. `attributes` are escaped; a value of true is an attribute without a value, false leaves it out.
---The contents are HTML already: escape what is text.
---@param name string
---@param attributes table<string, string|number|boolean>|nil
---@param ... string|string[] HTML; tables are joined
---@return string
function html.element(name, attributes, ...)
    local parts = {}
    for index = 1, select("#", ...) do
        local content = select(index, ...)
        parts[#parts + 1] = type(content) == "table" and table.concat(content) or content
    end
    local opening = "<" .. name .. (attributes and attributes_text(attributes) or "") .. ">"
    if void_elements[name] then
        return opening
    end
    return opening .. table.concat(parts) .. "</" .. name .. ">"
end

---A span of time: "12.9 ms". A page can show the Greek letter everywhere.
---@param ns integer
---@return string
function html.duration(ns)
    return (units.rounded_duration(ns):gsub(" us$", " µs"))
end

---A whole number with its thousands apart: "2,150,000".
---@param number integer
---@return string
function html.count(number)
    local digits = ("%d"):format(number)
    local head = #digits % 3
    local grouped = digits:sub(1, head) .. digits:sub(head + 1):gsub("%d%d%d", ",%0")
    return (grouped:gsub("^,", ""))
end

---A share of a whole: "12.3 %", and "<0.1 %" where it is not nothing.
---@param part number
---@param whole number
---@return string "–" where there is no whole
function html.share(part, whole)
    if whole <= 0 then
        return "–"
    end
    local percent = 100.0 * part / whole
    if percent > 0 and percent < 0.05 then
        return "<0.1 %"
    end
    return ("%.1f %%"):format(percent)
end

---"3 traces", "1 trace".
function html.counted(number, singular, plural)
    return html.count(number) .. " " .. (number == 1 and singular or plural or singular .. "s")
end

return html
