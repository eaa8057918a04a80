-- `tracereel repair --arenas`: stale write positions of arenas are set after the last output that the log names. Logs
-- of killed engine runs with the arenas that lay beside them are the judge; what they do not have is made from them.
local arenas = require "tracereel.log.arenas"
local files = require "tests.spec.recovery_files"
local forecast = require "tracereel.forecast"
local helper = require "tests.spec.helper"
local killed_run = require "tests.spec.killed_run"
local reel = require "tracereel"

local copy, repair, arena_path = killed_run.copy, killed_run.repair, killed_run.arena_path
local position_of, patch = killed_run.position_of, killed_run.patch
local stale_trace, journal_of, assert_says = killed_run.stale_trace, killed_run.journal_of, killed_run.assert_says
local stale_id = killed_run.stale_id

after_each(function()
    reel.arenas(nil)
    helper.clean()
end)

-- A number as helper.objects gives it.
local function number_of(exact)
    return tonumber((exact:gsub("#", "")))
end

local function outputs_of(trace)
    local outputs = {}
    for node, output in pairs(trace.completed_nodes) do
        if output.offset ~= 0 then
            outputs[#outputs + 1] = { node = node, finish = output.offset + output.size }
        end
    end
    return outputs
end

-- The bytes of a file without its write position.
local function without_position(bytes)
    return bytes:sub(1, 56) .. bytes:sub(65)
end

describe("tracereel repair --arenas", function()
    it("sets the write position after every output that the log names, and changes nothing else", function()
        for name, stale in pairs { ["orders-killed"] = 11, ["orders-killed-late"] = 9, ["switch-killed"] = 12 } do
            local directory = copy(name)
            local before = files.contents(directory .. "/arenas")
            local result = repair(directory, "--arenas", "--yes")
            assert.are.equal(0, result.status, result.stderr)
            assert_says(result.stdout, ("arenas: %s/arenas (LOG/../arenas)"):format(directory))
            reel.arenas(directory .. "/arenas")
            for _, trace in ipairs(reel.open(directory .. "/wal"):traces()) do
                for _, output in ipairs(before[("trace_%s.bin"):format(trace.id)] and outputs_of(trace) or {}) do
                    assert.is_string(trace:output(output.node))
                    assert.is_true(output.finish <= position_of(directory, trace.id))
                    assert.are.equal(0, position_of(directory, trace.id) % 8)
                end
            end
            local changed = 0
            for file, bytes in pairs(files.contents(directory .. "/arenas")) do
                assert.are.equal(without_position(before[file]), without_position(bytes))
                changed = changed + (bytes ~= before[file] and 1 or 0)
            end
            assert.are.equal(stale, changed, name)
            helper.clean()
        end
    end)

    it("corrects the arena of each trace of the killed runs for which the engine lost inputs", function()
        local lost = 0
        for _, name in ipairs { "orders-killed", "orders-killed-late", "orders-killed-twice", "switch-killed" } do
            local is_set = {}
            local answer = helper.objects(repair(copy(name), "--arenas", "--yes", "--json").stdout)[1]
            for _, one in ipairs(answer.arenas.set) do
                is_set[one.trace_id] = true
            end
            local text = helper.read(("tests/fixtures/logs-engine/%s.engine.jsonl"):format(name))
            for _, line in ipairs(helper.objects(text)) do
                lost = lost + #(line.without_inputs or {})
                assert.is_true(is_set[line.trace_id] or #(line.without_inputs or {}) == 0, line.trace_id)
            end
        end
        assert.is_true(lost >= 13, tostring(lost))
    end)

    it("only shows what it would do without --yes, and with --dry-run", function()
        local directory = copy("orders-killed")
        local before = files.contents(directory .. "/arenas")
        for _, words in ipairs { {}, { "--yes", "--dry-run" } } do
            local result = repair(directory, "--arenas", table.unpack(words))
            assert.are.equal(0, result.status)
            assert_says(result.stdout, "would set trace_" .. stale_id .. ".bin: write position 128 -> 504")
            assert.are.same(before, files.contents(directory .. "/arenas"))
            assert.is_nil(files.contents(directory .. "/wal")["tracereel.journal"])
        end
    end)

    it("takes the word after --arenas for the log if there is no other", function()
        local directory = copy("orders-killed")
        local result = helper.run { "repair", "--arenas", directory .. "/wal", "--yes" }
        assert_says(result.stdout, "mended: 11 arenas")
        helper.shell(("mv %s/arenas %s/elsewhere"):format(directory, directory))
        assert_says(helper.run({ "repair", "--arenas", directory .. "/elsewhere", directory .. "/wal" }).stdout,
            "nothing to mend: no arena's write position is stale")
    end)

    it("is refused if no arenas are found, or DIR is no directory", function()
        local directory = copy("orders-killed")
        helper.shell(("mv %s/arenas %s/elsewhere"):format(directory, directory))
        local result = repair(directory, "--arenas")
        assert.are.equal(2, result.status)
        assert_says(result.stderr, ("no arenas are where the engine keeps them (%s/arenas, %s/trace_*.bin); give "
            .. "--arenas DIR"):format(directory, directory))
        result = repair(directory, "--arenas", directory .. "/nowhere")
        assert.are.equal(4, result.status)
        assert_says(result.stderr, "/nowhere: cannot be opened as a directory of arenas: No such file or directory")
    end)

    it("writes each old position to the journal before the change, and the result after it", function()
        local directory = copy("orders-killed")
        repair(directory, "--arenas", "--yes", "--operator", "ann")
        local lines = journal_of(directory)
        assert.are.same({ "intent", "done" }, { lines[1].state, lines[2].state })
        assert.are.same({ "ann", "repair", "LOG/../arenas", lines[1].id },
            { lines[2].operator, lines[2].action, lines[2].arenas_place, lines[2].id })
        assert.are.equal(11, #lines[1].arenas)
        assert.are.same({ trace_id = stale_id, from_bytes = "#128", to_bytes = "#504" }, lines[1].arenas[1])
        assert.are.same(lines[1].arenas, lines[2].arenas)
    end)

    it("also cuts a torn end, and reports both in one JSON object", function()
        local directory = copy("orders-killed")
        local path = directory .. "/wal/wal_0000000000000000.log"
        local whole = helper.read(path)
        helper.write(path, whole .. whole:sub(1, 40))
        local result = repair(directory, "--arenas", "--yes", "--json")
        assert.are.equal(0, result.status, result.stderr)
        local object = helper.objects(result.stdout)[1]
        assert.are.same({ true, 40, 11, 0, {} }, { object.done, number_of(object.segments[1].cut_bytes),
            #object.arenas.set, #object.arenas.refused, object.arenas.absent })
        assert.are.equal(whole, helper.read(path))
        assert.are.equal(0, #helper.objects(repair(directory, "--arenas", "--json").stdout)[1].arenas.set)
    end)

    it("leaves an arena with overlapping outputs, names the nodes, and corrects the others", function()
        local directory = copy("orders-killed-twice")
        local before = files.contents(directory .. "/arenas")
        local result = repair(directory, "--arenas", "--yes")
        assert.are.equal(6, result.status)
        for _, case in ipairs { { "3dfa9f00-d55e-4055-9ea9-a2ed9e304126", 7 },
            { "91580545-e972-4168-a33b-5680737c29b5", 2 } } do
            assert_says(result.stdout, ("refused: %s: the output of node 0 was overwritten by node 3, the output of "
                .. "node 1 was overwritten by node 3, the output of node %d was overwritten by node 3"):format(
                arena_path(directory, case[1]), case[2]))
            assert.are.equal(before[("trace_%s.bin"):format(case[1])], helper.read(arena_path(directory, case[1])))
        end
        assert_says(result.stdout, "mended: 7 arenas")
        assert_says(result.stdout, "1 open trace has no arena")
    end)

    it("leaves an arena that another process has locked, and corrects the others", function()
        local directory = copy("orders-killed")
        local id = stale_trace(directory).id
        local result = helper.shell(("flock -x %s %s repair %s/wal --arenas --yes; true"):format(
            arena_path(directory, id), helper.quote(helper.program), directory))
        assert_says(result, ("refused: %s: another process holds it"):format(arena_path(directory, id)))
        assert_says(result, "mended: 10 arenas")
        assert.are.equal(128, position_of(directory, id))
        assert_says(repair(directory, "--arenas", "--yes").stdout, "mended: 1 arena;")
    end)

    it("changes nothing while the log is locked", function()
        local directory = copy("orders-killed")
        local before = files.contents(directory .. "/arenas")
        local text = helper.shell(("flock -x %s/wal/wal_0000000000000000.log %s repair %s/wal --arenas --yes 2>&1; "
            .. "true"):format(directory, helper.quote(helper.program), directory))
        assert_says(text, "another process holds it")
        assert.are.same(before, files.contents(directory .. "/arenas"))
    end)

    -- Each is a change to the arena of the first stale trace; the words name the file.
    for _, case in ipairs {
        { "is empty", "it has 0 bytes, fewer than an arena's header (128)", function(directory, id)
            helper.write(arena_path(directory, id), "")
        end },
        { "is shorter than its header", "it has 100 bytes", function(directory, id)
            helper.write(arena_path(directory, id), helper.read(arena_path(directory, id)):sub(1, 100))
        end },
        { "has another magic number", "it does not begin as an arena", function(directory, id)
            patch(directory, id, 0, "\0")
        end },
        { "is of another trace", "it is the arena of another trace", function(directory, id)
            patch(directory, id, 16, ("\7"):rep(16))
        end },
        { "has a position beyond its capacity", "beyond its capacity (65536, offset 64)", function(directory, id)
            patch(directory, id, 56, ("<I8"):pack(65537))
        end },
        { "has a position beyond the end of the file", "is beyond the end of the file (65536)", function(directory, id)
            patch(directory, id, 56, ("<I8I8"):pack(70000, -1))
        end },
        { "ends before the last output", "an output that ends at 499, beyond its end (400)", function(directory, id)
            helper.write(arena_path(directory, id), helper.read(arena_path(directory, id)):sub(1, 400))
        end },
        { "has less capacity than outputs", "beyond its end (300)", function(directory, id)
            patch(directory, id, 64, ("<I8"):pack(300))
        end },
        { "is a pipe", "expected a file, found a pipe", function(directory, id)
            helper.shell(("rm %s; mkfifo %s"):format(arena_path(directory, id), arena_path(directory, id)))
        end },
        { "is a directory", "expected a file, found a directory", function(directory, id)
            helper.shell(("rm %s; mkdir %s"):format(arena_path(directory, id), arena_path(directory, id)))
        end },
        { "is a symbolic link", "expected a file, found a symbolic link", function(directory, id)
            helper.shell(("mv %s %s/other; ln -s %s/other %s"):format(arena_path(directory, id), directory, directory,
                arena_path(directory, id)))
        end },
    } do
        it("names an arena that " .. case[1] .. ", and corrects the others", function()
            local directory = copy("orders-killed")
            local id = stale_trace(directory).id
            case[3](directory, id)
            local before = files.contents(directory .. "/arenas")[("trace_%s.bin"):format(id)]
            local result = repair(directory, "--arenas", "--yes")
            assert.are.equal(6, result.status, result.stdout)
            assert_says(result.stdout, "refused: " .. arena_path(directory, id) .. ": ")
            assert_says(result.stdout, case[2])
            assert_says(result.stdout, "mended: 10 arenas")
            assert.are.equal(before, files.contents(directory .. "/arenas")[("trace_%s.bin"):format(id)])
        end)
    end

    it("does not round a position up beyond the end of the file", function()
        local directory = copy("orders-killed")
        local trace = stale_trace(directory)
        local finish = arenas.finish_of_outputs(trace.completed_nodes)
        assert.are_not.equal(0, finish % 8)
        helper.write(arena_path(directory, trace.id), helper.read(arena_path(directory, trace.id)):sub(1, finish))
        assert.are.equal(0, repair(directory, "--arenas", "--yes").status)
        assert.are.equal(finish, position_of(directory, trace.id))
        assert_says(repair(directory, "--arenas", "--yes").stdout, "nothing to mend")
    end)

    it("leads to what the forecast said of it, also where it refuses, or ends at the end of the file", function()
        local function forecasts(directory, is_mended)
            local reasons = {}
            for _, trace in ipairs(reel.open(directory .. "/wal"):traces()) do
                local engine = forecast.of(trace, { arenas = directory .. "/arenas", mended = is_mended })
                reasons[trace.id] = engine.reason
            end
            return reasons
        end
        for _, name in ipairs { "orders-killed", "orders-killed-late", "orders-killed-twice", "switch-killed" } do
            local directory = copy(name)
            local trace = stale_trace(directory)
            local path, finish = arena_path(directory, trace.id), arenas.finish_of_outputs(trace.completed_nodes)
            helper.write(path, helper.read(path):sub(1, finish))
            local foreseen = forecasts(directory, true)
            assert.is_not.same(foreseen, forecasts(directory, false))
            repair(directory, "--arenas", "--yes")
            assert.same(foreseen, forecasts(directory, false), name)
        end
    end)
end)
