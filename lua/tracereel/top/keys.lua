-- What a terminal sends for a key, as names: "up", "enter", or the character itself.
local keys = {}

local names_of = {
    ["\27[A"] = "up", ["\27[B"] = "down", ["\27OA"] = "up", ["\27OB"] = "down", ["\27[5~"] = "page_up",
    ["\27[6~"] = "page_down", ["\27[H"] = "home", ["\27[F"] = "end", ["\27OH"] = "home", ["\27OF"] = "end",
    ["\27[1~"] = "home", ["\27[4~"] = "end", ["\r"] = "enter", ["\n"] = "enter", ["\t"] = "tab", ["\27[Z"] = "back_tab",
    ["\127"] = "backspace", ["\8"] = "backspace", ["\27"] = "escape",
}

-- An escape sequence, or a character of UTF-8, or a byte.
local forms = { "^\27%[[%d;]*[@-~]", "^\27O.", "^[\xC2-\xF4][\x80-\xBF]+", "^." }

---@param bytes string what was typed
---@return string[] names in order; sequences that nobody knows are left out
function keys.names(bytes)
    local found, position = {}, 1
    while position <= #bytes do
        local first, last
        for _, form in ipairs(forms) do
            first, last = bytes:find(form, position) -- "^" holds where the search begins
            if first then
                break
            end
        end
        local sequence = bytes:sub(first, last)
        local is_unknown = #sequence > 1 and sequence:byte() == 27 or sequence:byte() < 32
        found[#found + 1] = names_of[sequence] or not is_unknown and sequence or nil
        position = last + 1
    end
    return found
end

return keys
