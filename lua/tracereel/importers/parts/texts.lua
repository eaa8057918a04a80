-- Texts that several importers need.
local texts = {}

---A value of JSON as a text; nil where it is none, or an empty one. Ids are numbers in some recordings.
---@return string|nil
function texts.of(value)
    if math.type(value) == "integer" then
        return tostring(value)
    end
    return type(value) == "string" and value ~= "" and value or nil
end

---What an input is called without its folder and without .json and what compressed it.
---@param name string
---@return string
function texts.file_stem(name)
    return (name:match("([^/]+)$"):gsub("%.gz$", ""):gsub("%.zst$", ""):gsub("%.json$", ""))
end

---The only key of a table; nil where it has none or several.
function texts.only_key(set)
    local key = next(set)
    if key ~= nil and next(set, key) == nil then
        return key
    end
end

return texts
