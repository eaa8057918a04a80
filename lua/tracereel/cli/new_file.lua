-- A file that is replaced as a whole. It is written beside its place and renamed into it, so that a reader sees the old
-- one or the new one. What is no file, a device or a pipe, is written to directly.
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local unfinished = require "tracereel.log.unfinished"

local new_file = {}

local NewFile = {}
NewFile.__index = NewFile

local locked_errno, exists_errno = 11, 17
local max_cleared_writers = 16

-- Its own name for the first process that writes a file now, one with a number for each other.
local function work_path(place, number)
    return unfinished.beside(number == 1 and place or ("%s.%d"):format(place, number))
end

---Takes away what processes have left that were killed while they wrote a file that is whole now. What others are
---writing stays.
---@param path string
function new_file.clear(path)
    local place = core.without_links(path)
    for number = 1, place and max_cleared_writers or 0 do
        local name = work_path(place, number)
        local held, file
        if core.file_kind(name) then -- what cannot be looked at stays: the file itself is whole
            held, file = core.unfinished_file(name, path)
        end
        if held then
            file:close()
            held:drop()
        end
    end
end

---Writes texts, or raises. After a failure `problem` says what it was, and nothing can be written any more.
function NewFile:write(...)
    self:check("write", self.file:write(...))
end

function NewFile:check(what, done, problem)
    if not done then
        self.problem = ("cannot %s %s: %s"):format(what, self.path, failure.reason(problem))
        failure.raise("io", "%s", self.problem)
    end
    return done
end

---Makes what was written the file, durably.
function NewFile:commit()
    self:check("write", self.file:flush())
    if self.held then
        local done, problem, errno, state = self.held:finish(self.place, self.may_replace)
        if not done and errno == exists_errno then
            problem = "it exists already, and is not overwritten"
        end
        self:check("make", done, state and problem .. "; " .. state or problem)
        self.held = nil
        new_file.clear(self.path)
    end
    local file = self.file
    self.file = nil
    self:check("write", file:close())
end

---Leaves the place as it was. Allowed after commit, where it does nothing.
---@return boolean was there anything to leave?
function NewFile:abandon()
    local held = self.held
    self.held = nil
    if self.file then
        self.file:close()
        self.file = nil
    end
    if held then
        held:drop()
    end
    return held ~= nil
end

local function open_directly(path)
    local self = setmetatable({ path = path }, NewFile)
    self.file = self:check("write", io.open(path, "wb"))
    return self
end

local function hold(self)
    local number = 1
    while true do
        local held, file, errno = core.unfinished_file(work_path(self.place, number), self.path)
        if held then
            self.held, self.file = held, file
            return
        elseif errno ~= locked_errno then
            self:check("write", nil, file)
        end
        number = number + 1
    end
end

---@param path string where the file is a link, what it leads to is written
---@param may_replace boolean whether a file may be there already: its owner and permissions stay, and other names of
---  it keep what was in it
function new_file.open(path, may_replace)
    local place, problem = core.without_links(path)
    if place == false or files.is_special(path) then
        return open_directly(path)
    end
    local self = setmetatable({ path = path, place = place, may_replace = may_replace }, NewFile)
    self:check("write", place, problem)
    if may_replace and files.exists(place) then
        -- Who may not write to it may not replace it.
        self:check("write", io.open(place, "r+b")):close()
    end
    hold(self)
    self.file:setvbuf("full", 65536)
    return self
end

---Writes a whole text, in place of what the file held.
---@param path string
---@param text string
function new_file.replace(path, text)
    local self = new_file.open(path, true)
    self:write(text)
    self:commit()
end

---Raises where `--new` may not write a starter under that name.
---@param kind string what it starts: "script"
---@param name string
function new_file.check_starter(kind, name)
    if not name:match("%.lua$") then
        failure.raise("usage", "--new: the %s's name must end in .lua", kind)
    elseif files.exists(name) then
        failure.raise("usage", "%s exists already; it is not overwritten", name)
    end
end

---Writes a whole text to a file that is not there yet.
---@param path string
---@param text string
function new_file.create(path, text)
    if files.exists(path) then
        failure.raise("io", "%s exists already; it is not overwritten", path)
    end
    local self = new_file.open(path, false)
    self:write(text)
    self:commit()
end

return new_file
