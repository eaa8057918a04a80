-- Where an export or a picture is written: standard output, or a file that is replaced as a whole.
local new_file = require "tracereel.cli.new_file"
local output = require "tracereel.cli.output"

local output_file = {}

local standard_output = {
    write = function(_, ...)
        output.write_data(...)
    end,
    commit = function() end,
    abandon = function()
        return false
    end,
}

---@param path string|nil nil or "-" for standard output
---@return table out write, commit, abandon; is_terminal where it is one
function output_file.open(path)
    if path and path ~= "-" then
        return new_file.open(path, true)
    end
    standard_output.is_terminal = output.is_terminal(1)
    return standard_output
end

---Writes what `make` says, piece by piece, in place of what the file held.
---@param path string|nil nil or "-" for standard output
---@param make fun(write: fun(...: string))
function output_file.made(path, make)
    local target = output_file.open(path)
    make(function(...)
        target:write(...)
    end)
    target:commit()
end

---Writes a whole text, in place of what the file held.
---@param path string|nil nil or "-" for standard output
---@param text string
function output_file.replace(path, text)
    output_file.made(path, function(write)
        write(text)
    end)
end

return output_file
