-- What `--partial` adds to reading a log: whether it was done before, and the file at the end.
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local header = require "tracereel.partial.header"
local output = require "tracereel.cli.output"
local partial_output = require "tracereel.partial.output"

local task = {}

local Task = {}
Task.__index = Task

function task.define(command)
    command:option("--partial", "Write the result to this file, for merge, and print nothing. A damaged log ends with "
        .. "status 0 then: the file says it, and merge ends with 3."):argname("<FILE>")
end

---Raises where a command line asks for what no partial can be of.
---@param parsed table
function task.check_usage(parsed)
    if #parsed.logs > 1 then
        failure.raise("usage", "--partial is of one log: write one for each, and merge them")
    elseif parsed.logs[1] == "-" then
        failure.raise("usage", "--partial: a pipe cannot be known again; give a file, or --segments-from")
    elseif parsed.follow or parsed.speed and parsed.speed ~= 0 then
        failure.raise("usage", "--partial is of a log that is read to its end, at once: it excludes %s",
            parsed.follow and "--follow" or "--speed")
    elseif parsed.jobs and parsed.jobs > 1 then
        failure.raise("usage", "--partial is what one process does: --shard shares a log out, and -j is left out")
    end
end

---@param parsed table with partial, and one log
---@param said table of header.new
---@return table|nil task nil where the file is there already
function task.begin(parsed, said)
    local log = header.log(parsed.logs[1], parsed)
    log.shards = { parsed.shard and parsed.shard.index or 0 }
    said.logs = { log }
    if partial_output.is_done(parsed.partial, said) then
        return nil
    end
    return setmetatable({ parsed = parsed, header = said, log = log, messages = output.hear() }, Task)
end

---Takes the result of the log.
function Task:take(result, log)
    self.result, self.statistics = result, log:stats()
end

---Writes the file, where the log was read to its end.
---@param code integer how reading ended
---@return integer exit code of the command
function Task:finish(code)
    if code ~= exit_codes.ok and code ~= exit_codes.damaged then
        return code
    end
    header.complete(self.log, self.statistics, self.messages, code)
    header.check_unchanged(self.log, header.log(self.parsed.logs[1], self.parsed))
    return partial_output.write(self.parsed.partial, self.header, function()
        return self.result
    end)
end

return task
