-- A fleet of logs in a directory, the program for the machines that replay them, and what one process makes of it.
local helper = require "tests.spec.helper"

local fleet = {}

local function absolute(path)
    return (helper.shell("realpath " .. helper.quote(path)):gsub("\n$", ""))
end

-- The program by the name that the recipes call. Where the directory has a file `slow` a replay takes long enough to be
-- interrupted; `begun` has a line for each.
local program_text = [[
#!/bin/sh
if [ "$1" != merge ]; then
    echo "$*" >>'%s/begun'
    [ ! -e '%s/slow' ] || sleep 0.4
fi
exec '%s' "$@"
]]

---Makes DIRECTORY/logs/NUMBER for `count` logs and `fleet.list` with them, and DIRECTORY/bin/tracereel.
---@param count integer
---@return table { directory, path: what PATH has to be, run(command), run_alone(arguments) }
function fleet.new(count)
    local self = { directory = helper.directory(), count = count }
    local lines = {}
    helper.shell(("mkdir '%s/logs' '%s/bin'"):format(self.directory, self.directory))
    for number = 1, count do
        local name = ("logs/%d"):format(number)
        if number == 3 then
            helper.shell(("cp -r examples/logs/damaged '%s/%s'"):format(self.directory, name))
        else
            assert(helper.run { "generate", "--traces", "20", "--seed", tostring(number),
                self.directory .. "/" .. name }.status == 0)
        end
        lines[number] = name .. "\n"
    end
    helper.write(self.directory .. "/fleet.list", table.concat(lines))
    local program = self.directory .. "/bin/tracereel"
    helper.write(program, program_text:format(self.directory, self.directory, absolute(helper.program)))
    helper.shell("chmod +x " .. program)
    self.path = self.directory .. "/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return setmetatable(self, { __index = fleet })
end

---Runs a shell command in the fleet's directory, with its program.
---@return string stdout
---@return integer status
function fleet:run(command)
    return helper.shell(("cd '%s' && export PATH='%s' && { %s\n}"):format(self.directory, self.path, command))
end

---What one process says of the whole fleet: standard output and status.
function fleet:alone(script)
    return self:run(("tracereel run %s $(cat fleet.list) 2>one.err"):format(script))
end

---How many replays were begun.
function fleet:begun()
    local file = io.open(self.directory .. "/begun")
    local _, count = (file and file:read("a") or ""):gsub("\n", "")
    if file then
        file:close()
    end
    return count
end

function fleet:slow_down()
    helper.write(self.directory .. "/slow", "")
end

function fleet:speed_up()
    os.remove(self.directory .. "/slow")
end

return fleet
