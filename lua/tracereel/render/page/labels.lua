-- Names and values as all parts of the page write them.
local html = require "tracereel.render.html"
local units = require "tracereel.util.units"

local labels = {}

---"3 charge", or "3" where the flow gives no name. Not escaped.
---@param id integer
---@param name string|nil
function labels.node(id, name)
    return name and ("%d %s"):format(id, name) or ("%d"):format(id)
end

---The same, in an element that shows the whole name where it has no room for it.
function labels.node_label(id, name)
    local label = labels.node(id, name)
    return html.element("span", { class = "node-name", title = label },
        html.element("b", nil, ("%d"):format(id)), name and " " .. html.escape(name) or "")
end

---A duration that says when it was estimated.
function labels.duration(ns, is_estimated)
    return (is_estimated and "~" or "") .. html.duration(ns)
end

---A point in time to the millisecond, as --since takes it.
function labels.time(ns)
    return (units.time(ns):gsub("%d%d%d%d%d%dZ$", "Z"))
end

---HTML of a text that is not to be broken at its end of a line.
function labels.unbroken(text)
    return html.element("span", { class = "nowrap" }, html.escape(text))
end

---The same for several, with points between them.
function labels.listed(...)
    local parts = {}
    for index = 1, select("#", ...) do
        parts[index] = labels.unbroken((select(index, ...)))
    end
    return table.concat(parts, " · ")
end

---A change as "+12.3 %"; "new" where there was nothing before.
function labels.change(change)
    if not change then
        return "new"
    end
    local percent = 100.0 * change
    local form = math.abs(percent) >= 99.95 and "%+.0f %%" or "%+.1f %%"
    return labels.signed(form:format(percent))
end

---A number with its sign as it is written: a true minus, and none for what is rounded to nothing.
function labels.signed(text)
    if not text:find("[1-9]") then
        return text:sub(2)
    end
    return (text:gsub("^%-", "−"))
end

---A section with a heading and what it means.
function labels.section(id, title, note, ...)
    return html.element("section", { id = id, ["aria-labelledby"] = id .. "-title" },
        html.element("h2", { id = id .. "-title" }, html.escape(title)), "\n",
        note and html.element("p", { class = "note" }, note) .. "\n" or "", ...) .. "\n"
end

return labels
