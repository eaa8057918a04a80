-- Machines to log in to: the loopback addresses 127.0.0.1 to 127.0.0.4, each with a name, served by an sshd of its own
-- that needs no other setting of this machine and is gone afterwards.
local helper = require "tests.spec.helper"

local ssh_machines = {}

local names = { "node1", "node2", "node3", "node4" }

local server_text = [[
Port %d
ListenAddress 127.0.0.1
ListenAddress 127.0.0.2
ListenAddress 127.0.0.3
ListenAddress 127.0.0.4
HostKey %s/host_key
AuthorizedKeysFile %s/key.pub
PidFile %s/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
MaxStartups 100
MaxSessions 100
SetEnv PATH=%s
]]

local client_text = [[
Host %s
    HostName 127.0.0.%d
    Port %d
    User %s
    IdentityFile %s/key
    UserKnownHostsFile %s/known_hosts
    StrictHostKeyChecking accept-new
    LogLevel ERROR
]]

local function write_client(directory, port)
    local user = helper.shell("id -un"):match("%S+")
    local texts = {}
    for number, name in ipairs(names) do
        texts[number] = client_text:format(name, number, port, user, directory, directory)
    end
    return helper.write(directory .. "/ssh_config", table.concat(texts))
end

---Starts the server.
---@param path string the PATH of who logs in
---@return table { client: string the ssh command that knows the machines, names: string[], directory: string }
function ssh_machines.start(path)
    local directory = helper.directory()
    local port = 20000 + math.random(20000)
    helper.shell(("ssh-keygen -q -t ed25519 -N '' -f '%s/key'; ssh-keygen -q -t ed25519 -N '' -f '%s/host_key'")
        :format(directory, directory))
    helper.write(directory .. "/sshd_config", server_text:format(port, directory, directory, directory, path))
    write_client(directory, port)
    -- sshd asks root for this directory, which a running service makes.
    helper.shell("[ \"$(id -u)\" != 0 ] || mkdir -p -m 755 /run/sshd")
    local said, status = helper.shell(("/usr/sbin/sshd -f '%s/sshd_config' -E '%s/sshd.log' 2>&1")
        :format(directory, directory))
    assert(status == 0, said)
    local client = ("ssh -F %s/ssh_config"):format(directory)
    for _ = 1, 50 do
        if select(2, helper.shell(client .. " node4 true 2>/dev/null")) == 0 then
            return { client = client, names = names, directory = directory }
        end
        helper.shell("sleep 0.1")
    end
    error("nobody can log in: " .. helper.read(directory .. "/sshd.log"))
end

---Ends all that runs on a machine, as a lost connection does: the server's processes for it.
function ssh_machines.drop_connections(machines)
    local parent = helper.read(machines.directory .. "/sshd.pid"):match("%d+")
    return helper.shell(("pkill -KILL -P %s; true"):format(parent))
end

function ssh_machines.stop(machines)
    helper.shell(("kill $(cat '%s/sshd.pid')"):format(machines.directory))
end

return ssh_machines
