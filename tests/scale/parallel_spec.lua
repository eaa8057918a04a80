-- What people rely on who replay a fleet with GNU parallel or Snakemake by the recipes of docs/scale.md: the bytes that
-- one process gives, also after what these are for has happened.
local fleet = require "tests.scale.fleet"
local helper = require "tests.spec.helper"
local recipes = require "tests.scale.recipes"
local ssh_machines = require "tests.scale.ssh_machines"

local log_count = 12

describe("a fleet on GNU parallel over ssh", function()
    local logs, machines

    before_each(function()
        logs = fleet.new(log_count)
        machines = ssh_machines.start(logs.path)
        recipes.write(logs.directory, { "machines", "fleet.sh", "shards.sh" })
    end)

    after_each(function()
        ssh_machines.stop(machines)
        helper.clean()
    end)

    local function recipe(name)
        return logs:run(("PARALLEL_SSH='%s' sh ./%s 2>%s.err"):format(machines.client, name, name))
    end

    local function recipe_in_background(name)
        logs:run(("PARALLEL_SSH='%s' setsid sh ./%s >first.out 2>first.err & echo $! >recipe.pid")
            :format(machines.client, name))
    end

    local function partials()
        local names = helper.shell(("ls '%s/partials' 2>/dev/null"):format(logs.directory))
        return select(2, names:gsub("%f[%w]%d+%.partial\n", ""))
    end

    local function wait_for_partials(count)
        for _ = 1, 300 do
            if partials() >= count then
                return
            end
            helper.shell("sleep 0.05")
        end
        error("no partials: " .. helper.read(logs.directory .. "/first.err"))
    end

    local function check_equal(found, status)
        local whole, whole_status = logs:alone("node_times")
        assert.are.equal(whole, found, helper.shell(("cat '%s'/*.err"):format(logs.directory)))
        assert.are.equal(3, whole_status) -- one of the logs is damaged
        assert.are.equal(3, status)
    end

    it("gives the bytes of one process, and its exit status", function()
        local found, status = recipe("fleet.sh")
        assert.are.equal(log_count, logs:begun())
        check_equal(found, status)
    end)

    it("goes on where it was killed, and replays no log that is done", function()
        logs:slow_down()
        recipe_in_background("fleet.sh")
        wait_for_partials(3)
        logs:run("kill -KILL -$(cat recipe.pid)")
        ssh_machines.drop_connections(machines)
        helper.shell("sleep 1")
        assert.is_true(partials() < log_count)
        logs:speed_up()
        check_equal(recipe("fleet.sh"))
    end)

    it("replays again what was lost with a connection", function()
        logs:slow_down()
        recipe_in_background("fleet.sh")
        wait_for_partials(2)
        ssh_machines.drop_connections(machines)
        logs:run("while kill -0 $(cat recipe.pid) 2>/dev/null; do sleep 0.1; done")
        check_equal(helper.read(logs.directory .. "/first.out"), 3)
    end)

    it("begins anew, and says so, where a log has grown meanwhile", function()
        recipe("fleet.sh")
        logs:run("cp -r logs/2/wal_0000000000000000.log logs/2/wal_00000000000000ff.log")
        local found, status = logs:run("tracereel run node_times logs/2 --partial partials/2.partial 2>&1")
        assert.are.equal(6, status, found)
    end)

    it("reads one log in shards", function()
        local found, status = recipe("shards.sh")
        local whole, whole_status = logs:run("tracereel run node_times logs/1")
        assert.are.equal(whole, found)
        assert.are.equal(whole_status, status)
    end)
end)

describe("a fleet on Snakemake", function()
    teardown(helper.clean)

    it("gives the bytes of one process, and does nothing the second time", function()
        local logs = fleet.new(log_count)
        recipes.write(logs.directory, { "Snakefile" })
        local said, status = logs:run("ls -d logs/* >fleet.list; snakemake --cores 2 2>&1")
        assert.are.equal(0, status, said)
        local begun = logs:begun()
        assert.are.equal(log_count, begun)
        assert.are.equal(0, select(2, logs:run("snakemake --cores 2 >/dev/null 2>&1")))
        assert.are.equal(begun, logs:begun())
        assert.are.equal((logs:alone("node_times")), helper.read(logs.directory .. "/result.txt"))
    end)

    it("makes a partial that was lost again", function()
        local logs = fleet.new(log_count)
        recipes.write(logs.directory, { "Snakefile" })
        logs:run("ls -d logs/* >fleet.list; snakemake --cores 2 >/dev/null 2>&1; rm partials/5.partial result.txt")
        local begun = logs:begun()
        local said, status = logs:run("snakemake --cores 2 2>&1")
        assert.are.equal(0, status, said)
        assert.are.equal(begun + 1, logs:begun())
    end)
end)
