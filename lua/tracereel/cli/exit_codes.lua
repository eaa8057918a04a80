-- What the program's exit status says. One table, so that the commands, the help and the documents agree.
local core = require "tracereel.core"

local exit_codes = {
    ok = 0,
    script_failed = 1,
    usage = 2,
    damaged = 3,
    io = 4,
    limit = 5,
    refused = 6,
    check_failed = 7,
    interrupted = 130,
}

-- From harmless to grave: a command that reads several logs ends with the gravest of their codes.
local gravity = { "ok", "damaged", "check_failed", "refused", "io", "usage", "script_failed", "limit", "interrupted" }

local rank_of = {}
for rank, name in ipairs(gravity) do
    rank_of[exit_codes[name]] = rank
end

-- Which code the kinds of a tracereel.failure lead to.
local code_of_kind = {
    argument = exit_codes.usage,
    usage = exit_codes.usage,
    damaged = exit_codes.damaged,
    script = exit_codes.script_failed,
    io = exit_codes.io,
    memory = exit_codes.io,
    not_a_log = exit_codes.io,
    invalid = exit_codes.io,
    locked = exit_codes.io,
    output = exit_codes.io,
    limit = exit_codes.limit,
    refused = exit_codes.refused,
    interrupted = exit_codes.interrupted,
}

local meanings = {
    { "ok", "done; what a crash leaves at the end of a log is normal" },
    { "script_failed", "the script failed" },
    { "usage", "wrong usage" },
    { "damaged", "done, but the log is damaged: what was read is correct, what was lost is listed" },
    { "io", "the log cannot be read, there is no log, or the output cannot be written" },
    { "limit", "a limit set for the script was reached" },
    { "refused", "refused, because it would not be safe" },
    { "check_failed", "a check that was asked for did not hold" },
    { "interrupted", "interrupted" },
}

local functions = {}

---The graver of two codes.
function functions.graver(a, b)
    return rank_of[b] > rank_of[a] and b or a
end

---@param failure any what was raised
---@return integer|nil nil where it is no tracereel.failure
function functions.of_failure(failure)
    return core.is_failure(failure) and code_of_kind[failure.kind] or nil
end

---@return { status: integer, meaning: string }[] all codes, ascending
function functions.list()
    local list = {}
    for index, meaning in ipairs(meanings) do
        list[index] = { status = exit_codes[meaning[1]], meaning = meaning[2] }
    end
    return list
end

return setmetatable(exit_codes, { __index = functions })
