-- What people rely on who replay a fleet with Slurm by the recipes of docs/scale.md.
local fleet = require "tests.scale.fleet"
local helper = require "tests.spec.helper"
local recipes = require "tests.scale.recipes"
local slurm_cluster = require "tests.scale.slurm_cluster"

local log_count = 12

describe("a fleet on Slurm", function()
    local cluster

    setup(function()
        cluster = slurm_cluster.start()
    end)

    teardown(function()
        cluster:stop()
        helper.clean()
    end)

    local function submit()
        local logs = fleet.new(log_count)
        recipes.write(logs.directory, { "submit.sh", "replay.sbatch", "merge.sbatch" })
        return logs, function()
            local said, status = logs:run(("SLURM_CONF='%s' sh ./submit.sh 2>&1"):format(cluster.config))
            assert.are.equal(0, status, said)
        end
    end

    local function check_equal(logs)
        assert.are.equal((logs:alone("node_times")), helper.read(logs.directory .. "/result.txt"),
            helper.shell(("cat '%s'/*.txt"):format(logs.directory)))
    end

    it("gives the bytes of one process, by an array of jobs and a merge that depends on it", function()
        local logs, begin = submit()
        begin()
        cluster:wait(120)
        assert.are.equal(log_count, logs:begun())
        check_equal(logs)
    end)

    it("gives the same bytes where a node is lost and its jobs are queued again", function()
        local logs, begin = submit()
        logs:slow_down()
        begin()
        while logs:begun() < 3 do
            helper.shell("sleep 0.1")
        end
        cluster:kill_node("n1")
        cluster:wait(400)
        check_equal(logs)
        cluster:start_node("n1")
    end)

    it("replays nothing that is done where it is submitted again", function()
        local logs, begin = submit()
        begin()
        cluster:wait(120)
        os.remove(logs.directory .. "/result.txt")
        begin()
        cluster:wait(120)
        check_equal(logs)
        assert.is_truthy(helper.read(logs.directory .. "/replay.0.txt"):find("already done", 1, true))
    end)
end)
