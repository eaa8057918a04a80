-- Commands tried on the files of a place, one after the other; what is wrong is kept with the files as they were.
local campaign = require "tests.fuzz.parts.campaign"
local files = require "tests.fuzz.parts.files"
local random = require "tests.fuzz.parts.random"
local trial = require "tests.fuzz.parts.trial"

local Attempts = {}
Attempts.__index = Attempts

local attempts = {}

---@param name string the fuzzer's
---@param again_share number how many commands are run a second time
---@return table
function attempts.new(name, again_share)
    return setmetatable({ name = name, place = campaign.directory(), again_share = again_share }, Attempts)
end

---Where the files of a new case belong.
---@return string directory empty
function Attempts:clear()
    files.shell(("rm -rf %s/now && mkdir -p %s/now/files"):format(self.place, self.place))
    return self.place .. "/now/files"
end

local function copy(self, from, to)
    files.shell(("cd %s && rm -rf %s && mkdir %s && cp -R %s/files %s"):format(self.place, to, to, from, to))
end

---Runs a command on the files of `now`; `before` and `again` begin with the same files.
---@param line string[] its words
---@param wanted_status integer|nil what it has to end with; any that it may end with where it is not given
---@return integer status
function Attempts:try(line, wanted_status)
    campaign.inputs = campaign.inputs + 1
    copy(self, "now", "before")
    files.write(self.place .. "/before/command", files.from_words(line))
    local outcome = trial.run(self.place .. "/now", line, true)
    local problem = trial.problem(outcome, line)
    local is_chosen = campaign.case == 0 or random.chance(self.again_share)
    if not problem and is_chosen and trial.is_repeatable(outcome, line) then
        copy(self, "before", "again")
        problem = trial.difference(outcome, trial.run(self.place .. "/again", line))
    end
    if not problem and wanted_status and outcome.status ~= wanted_status then
        problem = ("status %d, %d expected: %s%s"):format(outcome.status, wanted_status, outcome.stdout, outcome.stderr)
    end
    if problem then
        files.write(self.place .. "/before/stderr", outcome.stderr .. outcome.reports)
        files.shell(("rm -f %s/now/report*"):format(self.place))
        campaign.found(self.name, self.place .. "/before", table.concat(line, " "):sub(1, 300) .. ": " .. problem)
    end
    return outcome.status
end

---Runs a case that was kept.
---@param directory string
function Attempts:again(directory)
    files.shell(("cd %s && rm -rf now && mkdir now && cp -R %s/files now && mkdir -p now/files/out"):format(self.place,
        files.quote(files.absolute(directory))))
    self:try(files.to_words(assert(files.read(directory .. "/command"))))
end

return attempts
