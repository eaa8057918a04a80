-- Small logs in a directory of their own: one trace's history as the only segment, and whatever an interrupted command
-- has left beside it.
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local host = require "tracereel.host"
local temporary_directory = require "tracereel.util.temporary_directory"

local small_log = { first_segment = "wal_0000000000000000.log", second_segment = "wal_0000000000000001.log" }

local function made(path)
    local is_made, problem = host.make_directory(path)
    if not is_made then
        failure.raise("io", "cannot make a directory for small logs: %s", problem)
    end
    return path
end

local function write_file(path, bytes)
    local written, problem = files.write(path, bytes)
    if not written then
        failure.raise("io", "cannot write %s", problem)
    end
end

---Puts files into a directory, in place of those that were there.
---@param contents table<string, string> by name
function small_log.fill(directory, contents)
    temporary_directory.clear(directory)
    for name, bytes in pairs(contents) do
        write_file(directory .. "/" .. name, bytes)
    end
end

---The bytes of the first `count` records.
---@param records tracereel.rec[]
function small_log.bytes(records, count)
    local parts = {}
    for index = 1, count or #records do
        parts[index] = records[index]:bytes()
    end
    return table.concat(parts)
end

---A new directory that stays, with a log in it.
function small_log.write(path, bytes)
    made(path)
    write_file(path .. "/" .. small_log.first_segment, bytes)
end

small_log.make_directory = made
small_log.write_file = write_file

return small_log
