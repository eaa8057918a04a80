-- The file that --partial names: written once, and recognized when the same work is done again.
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local header = require "tracereel.partial.header"
local job = require "tracereel.partial.job"
local new_file = require "tracereel.cli.new_file"
local output = require "tracereel.cli.output"
local partial_file = require "tracereel.partial.file"

local partial_output = {}

local function difference(there, wanted)
    if there.job ~= wanted.job then
        return "it is of another job: " .. job.difference(wanted, there)
    elseif header.content(there) ~= header.content(wanted) then
        return "it is of another log or shard, or the log has changed since"
    end
end

---Is the partial there already? Raises "refused" where something else is.
---@param path string
---@param wanted table a header
---@return boolean
function partial_output.is_done(path, wanted)
    if not files.exists(path) then
        return false
    elseif files.is_special(path) then
        failure.raise("usage", "--partial: %s is %s, and a partial is a file", path, files.kind(path))
    end
    local problem = difference(partial_file.header(path), wanted)
    if problem then
        failure.raise("refused", "%s exists: %s; nothing is written: name another file, or remove it", path, problem)
    end
    new_file.clear(path)
    output.say("%s is already done", path)
    return true
end

---Writes a partial, where it is not there already. Another process may be doing the same work: who is last finds it
---done.
---@param path string
---@param said table a header
---@param make_result fun(): any
---@return integer exit code
function partial_output.write(path, said, make_result)
    if partial_output.is_done(path, said) then
        return exit_codes.ok
    end
    local bytes = partial_file.bytes(said, make_result())
    local written, problem = failure.pcall(partial_file.write, path, bytes)
    if not written and not (files.exists(path) and partial_output.is_done(path, said)) then
        error(problem, 0)
    end
    return exit_codes.ok
end

return partial_output
