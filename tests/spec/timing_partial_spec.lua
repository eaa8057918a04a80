-- timing --partial and merge: the report of partials is, byte for byte, the one that timing prints of the logs.
local helper = require "tests.spec.helper"

local logs = { "tests/fixtures/logs/orders", "tests/fixtures/logs/lost-page", "tests/fixtures/logs/restarted" }
local directory

local function run(...)
    return helper.run({ ... })
end

local function partials(paths, shard_count, flags)
    local files = {}
    for _, log in ipairs(paths) do
        for index = 0, shard_count - 1 do
            local file = ("%s/%d"):format(directory, #files + 1)
            local shard = ("%d/%d"):format(index, shard_count)
            local ran = run("timing", log, "--shard", shard, "--partial", file, table.unpack(flags))
            assert.equal(0, ran.status, ran.stderr)
            assert.equal("", ran.stdout)
            files[#files + 1] = file
        end
    end
    return files
end

local function whole(flags)
    local arguments = { "timing", table.unpack(logs) }
    return helper.run(table.move(flags, 1, #flags, #arguments + 1, arguments))
end

local function same(expected, got)
    assert.equal(expected.stderr, got.stderr)
    assert.equal(expected.stdout, got.stdout)
    assert.equal(expected.status, got.status)
end

describe("timing --partial", function()
    before_each(function()
        directory = helper.directory()
    end)
    after_each(helper.clean)

    for _, view in ipairs { "", "--json", "--csv --by hour", "--by metadata.order --limit 7 --json",
        "--by metadata.customer --limit 2", "--by metadata.nope", "--by trace --top 3", "--sort p99 --top 2" } do
        it(("of shards of three logs, one damaged, merges to the report of all (%s)"):format(view), function()
            local flags = {}
            for word in view:gmatch("%S+") do
                flags[#flags + 1] = word
            end
            local expected = whole(flags)
            assert.equal(3, expected.status)
            same(expected, run("merge", table.unpack(partials(logs, 2, flags))))
        end)
    end

    it("has the names of the flow beside the log, and merge refuses another flow", function()
        local log = directory .. "/log"
        helper.shell("cp -r examples/logs/orders " .. log)
        helper.write(log .. "/tracereel.flow.lua", 'return { nodes = { [1] = { name = "first_of_all" } } }')
        local files = partials({ log }, 2, {})
        local expected = run("timing", log)
        assert.matches("first_of_all", expected.stdout)
        same(expected, run("merge", table.unpack(files)))
        helper.write(log .. "/tracereel.flow.lua", "return { nodes = {} }")
        local ran = run("merge", table.unpack(files))
        assert.equal(6, ran.status)
        assert.matches("the flow beside .*/log is not there, or is another one now", ran.stderr)
    end)

    it("is merged in several steps", function()
        local files = partials(logs, 2, {})
        local all = directory .. "/all"
        assert.equal(0, run("merge", "--partial", all, table.unpack(files, 1, 3)).status)
        same(whole {}, run("merge", all, table.unpack(files, 4)))
    end)

    -- A page's sections by their names, without those of traces and without the links to them: a merge has no logs to
    -- ask for more traces than the longest.
    local function sections_of(path)
        local sections, count = {}, 0
        for name, section in helper.read(path):gmatch('<section [^>]*id="([^"]+)">(.-)</section>') do
            if name ~= "traces" and name ~= "worst" then
                sections[name] = section:gsub('<a href="#trace%-[^>]*>(.-)</a>', "%1")
                count = count + 1
            end
        end
        return sections, count
    end

    it("merges to the page that timing writes of all logs, with the longest traces only", function()
        local expected, got = directory .. "/expected.html", directory .. "/got.html"
        whole { "--html", expected }
        local ran = run("merge", "--html", got, table.unpack(partials(logs, 2, {})))
        assert.equal(3, ran.status)
        local sections, count = sections_of(expected)
        assert.is_true(count >= 5)
        assert.same(sections, (sections_of(got)))
        assert.matches("The 10 longest. Their errors", helper.read(got), 1, true)
        local partial = directory .. "/of_run"
        assert.equal(0, run("run", "node_times", logs[1], "--partial", partial).status)
        ran = run("merge", "--html", got .. ".new", partial)
        assert.equal(2, ran.status)
        assert.matches("--html is the page of a report of timing, and .*/of_run is of run", ran.stderr)
        assert.is_nil(io.open(got .. ".new"))
    end)

    it("is done once, and refused where another report is there", function()
        local file = partials({ logs[1] }, 1, {})[1]
        local again = run("timing", logs[1], "--shard", "0/1", "--partial", file)
        assert.equal(0, again.status)
        assert.matches("is already done", again.stderr)
        assert.equal(6, run("timing", logs[1], "--shard", "0/1", "--partial", file, "--json").status)
    end)

    it("refuses what needs the logs again, or all of them", function()
        local file = directory .. "/p"
        for flags, pattern in pairs {
            ["--baseline " .. logs[2]] = "excludes %-%-baseline", ["--html x.html"] = "excludes %-%-html",
            ["--flow x.lua"] = "put the flow beside the log", ["--since -2h"] = "give %-%-since as a time",
        } do
            local arguments = { "timing", logs[1], "--partial", file }
            for word in flags:gmatch("%S+") do
                arguments[#arguments + 1] = word
            end
            local ran = helper.run(arguments)
            assert.equal(2, ran.status, ran.stderr)
            assert.matches(pattern, ran.stderr)
        end
        assert.is_nil(io.open(file))
    end)
end)
