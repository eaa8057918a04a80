-- Texts for a terminal whose locale has no UTF-8: each sign that is drawn, such as bars and arrows, as ASCII of the
-- same width, and what else is not ASCII as question marks.
local text = require "tracereel.util.text"

local ascii = {}

-- Signs of one table or picture stay apart from each other. A replacement of two characters takes the blank after the
-- sign, where there is one, so that columns stay where they are.
local replacements = {
    ["±"] = "+-", ["µ"] = "u", ["·"] = ".", ["×"] = "x", ["–"] = "-", ["−"] = "-", ["•"] = "o", ["…"] = "~",
    ["→"] = "->", ["≤"] = "<=", ["≥"] = ">=", ["●"] = "*", ["✗"] = "x",
    ["│"] = "|", ["┊"] = ":", ["┌"] = ",", ["└"] = "`", ["├"] = "+", ["─"] = "-",
    ["▁"] = "_", ["▂"] = ".", ["▃"] = "-", ["▄"] = "=", ["▅"] = "+", ["▆"] = "*", ["▇"] = "%", ["█"] = "#",
    ["▉"] = "#", ["▊"] = "#", ["▋"] = "=", ["▌"] = "=", ["▍"] = "=", ["▎"] = "-", ["▏"] = "-",
    ["░"] = ".", ["▒"] = ":", ["▞"] = "/",
}

local function replaced(sign, blank)
    local replacement = replacements[sign]
    if not replacement then
        return ("?"):rep(utf8.len(sign) and text.width(sign) or 1) .. blank
    end
    return #replacement == 2 and replacement or replacement .. blank
end

---The text in ASCII.
---@param words string
---@return string
function ascii.of(words)
    if not words:find("[\x80-\xFF]") then
        return words
    end
    return (words:gsub("([\xC2-\xF4][\x80-\xBF]+)( ?)", replaced):gsub("[\x80-\xFF]", "?"))
end

return ascii
