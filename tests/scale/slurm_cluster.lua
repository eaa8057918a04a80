-- A Slurm cluster of four nodes on this machine: a slurmctld, four slurmd and a munged, in a directory and on ports of
-- their own. Nothing of it is left afterwards.
local helper = require "tests.spec.helper"

local slurm_cluster = {}

local nodes = { "n0", "n1", "n2", "n3" }

-- Waits are short: a lost node is noticed after ten seconds.
local config_text = [[
ClusterName=tracereel
SlurmctldHost=HOST(127.0.0.1)
SlurmctldPort=PORT
AuthType=auth/munge
AuthInfo=socket=DIRECTORY/munge/socket
SlurmUser=USER
SlurmdUser=USER
StateSaveLocation=DIRECTORY/state
SlurmdSpoolDir=DIRECTORY/spool.%n
SlurmctldPidFile=DIRECTORY/slurmctld.pid
SlurmdPidFile=DIRECTORY/%n.pid
SlurmctldLogFile=DIRECTORY/slurmctld.log
SlurmdLogFile=DIRECTORY/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=10
JobRequeue=1
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
]]

local node_text = "NodeName=%s NodeHostname=HOST NodeAddr=127.0.0.1 Port=%d CPUs=1\n"

local function write_config(directory, port)
    local parts = { config_text }
    for number, name in ipairs(nodes) do
        parts[#parts + 1] = node_text:format(name, port + number)
    end
    parts[#parts + 1] = "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"
    local words = {
        HOST = helper.shell("hostname -s"):match("%S+"), USER = helper.shell("id -un"):match("%S+"),
        DIRECTORY = directory, PORT = tostring(port),
    }
    helper.write(directory .. "/slurm.conf", (table.concat(parts):gsub("%u%u%u%u+", words)))
end

local Cluster = {}
Cluster.__index = Cluster

local function run(command)
    local said, status = helper.shell(command .. " 2>&1")
    assert(status == 0, command .. ": " .. said)
    return said
end

function Cluster:start_node(name)
    run(("SLURM_CONF='%s/slurm.conf' /usr/sbin/slurmd -N %s -c"):format(self.directory, name))
end

---Starts the cluster, and waits until all its nodes are idle.
---@return table { directory, config: what SLURM_CONF has to be, nodes: string[] }
function slurm_cluster.start()
    local directory = helper.directory()
    local self = setmetatable({ directory = directory, config = directory .. "/slurm.conf", nodes = nodes }, Cluster)
    write_config(directory, 20000 + math.random(20000))
    run(("mkdir '%s/munge' '%s/state'; head -c 1024 /dev/urandom >'%s/key'; chmod 400 '%s/key'"):format(directory,
        directory, directory, directory))
    run(("chmod 711 '%s'; /usr/sbin/munged --force --key-file='%s/key' --socket='%s/munge/socket' "
        .. "--pid-file='%s/munged.pid' --log-file='%s/munge/log' --seed-file='%s/munge/seed'"):gsub("%%s", directory))
    run(("SLURM_CONF='%s' /usr/sbin/slurmctld -c"):format(self.config))
    for _, name in ipairs(nodes) do
        self:start_node(name)
    end
    for _ = 1, 60 do
        if self:shell("sinfo -h -o %T"):find("^idle\n$") then
            return self
        end
        helper.shell("sleep 0.5")
    end
    error("the nodes do not become idle: " .. helper.read(directory .. "/slurmctld.log"))
end

---Runs a shell command that talks to the cluster.
function Cluster:shell(command)
    return helper.shell(("export SLURM_CONF='%s'; %s"):format(self.config, command))
end

---Kills the daemons of a node and all that runs there, as a power failure does.
function Cluster:kill_node(name)
    run(([[
        kill -KILL $(cat '%s/%s.pid')
        exec 2>/dev/null # processes end meanwhile
        for process in /proc/[0-9]*; do
            tr '\0' '\n' <"$process/environ" | grep -qx 'SLURMD_NODENAME=%s' || continue
            parent=$(awk '$1 == "PPid:" { print $2 }' "$process/status")
            case $(cat "/proc/$parent/comm") in slurmstepd*) kill -KILL "$parent" ;; esac
            kill -KILL "${process#/proc/}"
        done; true]]):format(self.directory, name, name))
end

---Waits until no job is left, at most so many seconds.
function Cluster:wait(max_seconds)
    for _ = 1, max_seconds do
        if self:shell("squeue -h") == "" then
            return
        end
        helper.shell("sleep 1")
    end
    error("jobs are left: " .. self:shell("squeue; sinfo"))
end

function Cluster:stop()
    self:shell("scancel -u $(id -un) 2>/dev/null; sleep 1")
    helper.shell(("all=$(cat '%s'/*.pid 2>/dev/null); kill $all; for i in $(seq 50); do kill -0 $all || break; "
        .. "sleep 0.1; done 2>/dev/null"):format(self.directory))
end

return slurm_cluster
