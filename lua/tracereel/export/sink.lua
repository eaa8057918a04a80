-- Where an export is written: standard output, or a file that appears whole or not at all. It is written beside its
-- place and renamed into it, so that whoever reads the file meanwhile sees the old one or the new one.
local failure = require "tracereel.failure"
local files = require "tracereel.files"
local output = require "tracereel.output"

local sink = {}

local FileSink = {}
FileSink.__index = FileSink

---Writes texts, or raises. After a failure `problem` says what it was, and nothing can be written any more.
function FileSink:write(...)
    self:check("write", self.file:write(...))
end

function FileSink:check(what, done, problem)
    if not done then
        self.problem = ("cannot %s %s: %s"):format(what, self.path, problem:gsub("^.*: ", ""))
        failure.raise("io", "%s", self.problem)
    end
end

---Makes what was written the file.
function FileSink:commit()
    local file = self.file
    self.file = nil
    self:check("write", file:close())
    if self.temporary_path then
        self:check("make", os.rename(self.temporary_path, self.path))
        self.temporary_path = nil
    end
end

---Leaves the place as it was. Allowed after commit, where it does nothing.
---@return boolean was there anything to leave?
function FileSink:abandon()
    local path = self.temporary_path
    self.temporary_path = nil
    if self.file then
        self.file:close()
        self.file = nil
    end
    if path then
        os.remove(path)
    end
    return path ~= nil
end

local function open_file(path)
    -- A device or a pipe is written to: a rename would put a file in its place.
    local is_special = files.is_special(path)
    -- Lua cannot ask for a new file; the address of a new table differs between programs that run at the same time.
    local temporary_path = not is_special
        and ("%s.%s.part"):format(path, tostring({}):match("0x(%x+)")) or nil
    local self = setmetatable({ path = path, temporary_path = temporary_path }, FileSink)
    local file, problem = io.open(temporary_path or path, "wb")
    if not file then
        self.temporary_path = nil
    end
    self:check("write", file, problem)
    self.file = file
    file:setvbuf("full", 65536)
    return self
end

local standard_output = {
    write = function(_, ...)
        output.write(...)
    end,
    commit = function() end,
    abandon = function()
        return false
    end,
}

---@param path string|nil nil or "-" for standard output
function sink.open(path)
    if not path or path == "-" then
        return standard_output
    end
    return open_file(path)
end

---Writes a whole text, in place of what the file held.
---@param path string|nil nil or "-" for standard output
---@param text string
function sink.replace(path, text)
    local target = sink.open(path)
    local written, problem = pcall(function()
        target:write(text)
        target:commit()
    end)
    if not written then
        target:abandon()
        error(problem, 0)
    end
end

return sink
