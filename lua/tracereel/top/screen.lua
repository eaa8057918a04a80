-- A screen of lines: it is drawn over itself, and what the terminal showed before comes back at the end.
local output = require "tracereel.cli.output"
local text = require "tracereel.util.text"

local screen = {}

local alternate, normal = "\27[?1049h\27[?25l", "\27[?25h\27[?1049l"
local codes = { heading = "\27[1m", selected = "\27[7m", foot = "\27[2m" }

function screen.begin()
    output.write(alternate)
end

function screen.finish()
    output.write(normal)
    output.flush()
end

---@param lines { words: string, style: string|nil }[] clean, as many as the screen has at most
function screen.draw(lines)
    local columns, parts = output.columns(), { "\27[H" }
    for index, line in ipairs(lines) do
        local words = text.cut(line.words, columns)
        if line.style == "selected" then
            words = text.pad_right(words, columns)
        end
        local code = codes[line.style]
        parts[#parts + 1] = (code or "") .. words .. (code and "\27[0m" or "") .. "\27[K"
            .. (index < #lines and "\r\n" or "\27[J")
    end
    output.write(table.concat(parts))
    output.flush()
end

return screen
