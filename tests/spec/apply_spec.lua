local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local given_up = 'return { api = 1, recover = function() return tracereel.fail("given up") end }'

local function apply(plan, directory, ...)
    return helper.run { "apply", plan, directory, ... }
end

local function journal(directory)
    return helper.objects(helper.read(directory .. "/tracereel.journal"))
end

-- Holds a segment's lock as the engine does, while a command runs.
local function while_held(segment, arguments)
    return helper.run(arguments, { before = "flock --exclusive --nonblock " .. helper.quote(segment) })
end

local function refuses(result, words, directory, before)
    assert.are.equal(6, result.status, result.stderr)
    assert.truthy(result.stderr:find(words, 1, true), result.stderr)
    assert.are.equal("", result.stdout)
    assert.are.same(before, files.contents(directory))
end

describe("tracereel apply", function()
    after_each(helper.clean)

    for _, name in ipairs { "orders", "restarted", "torn-tail", "zero-tail", "done-only", "snapshot", "edge" } do
        it("leads every trace of " .. name .. " to the state that the plan names, and changes no record", function()
            local directory = files.copy(name)
            local plan = files.plan(directory, name == "snapshot" and given_up or nil)
            local before = files.segments(directory)
            local result = apply(plan, directory, "--repair")
            assert.are.equal(0, result.status, result.stderr)
            assert.are.same(files.plan_views(plan, "after"), files.views(directory))
            for segment, bytes in pairs(files.segments(directory)) do
                local old = before[segment]
                assert.truthy(old == nil or old:sub(1, #bytes) == bytes or name == "restarted")
            end
            assert.truthy(files.strict_log(directory))
        end)
    end

    it("applies and undoes a plan for a trace that waits with metadata that is not UTF-8, byte for byte", function()
        local directory = helper.directory() .. "/log"
        local writer = reel.writer(directory)
        local metadata = '{"hook_id":"\xff\xfe","timeout_secs":60}'
        local waiting = { trace_id = "6b7452b3-0000-4000-8000-000000000001", timestamp_ns = 1764000000000000000 }
        writer:append(reel.record.trace_start(waiting))
        waiting.node_id, waiting.metadata = 4, metadata
        writer:append(reel.record.trace_suspended(waiting))
        writer:close()
        local before = files.views(directory)
        local plan = files.plan(directory, 'return { api = 1, recover = function() return tracereel.hold("look") end }')
        local result = apply(plan, directory)
        assert.are.equal(0, result.status, result.stderr)
        local held = reel.open(directory):traces()[1].suspension_metadata
        local start = '{"hook_id":"\xff\xfe","timeout_secs":null,"held":"look","tracereel":'
        assert.are.equal(start, held:sub(1, #start))
        local undone = helper.run { "undo", plan, directory }
        assert.are.equal(0, undone.status, undone.stderr)
        assert.are.same(before, files.views(directory))
        assert.are.equal(metadata, reel.open(directory):traces()[1].suspension_metadata)
    end)

    it("refuses a plan whose metadata in bytes is not the metadata that it shows", function()
        local plan_view = require "tracereel.recovery.plan_view"
        local seen = plan_view.to_plan { open = true, status = "suspended", started_nodes = {}, completed_nodes = {},
            suspended_at = 4, suspension_metadata = "\xff a" }
        assert.are.equal("ff2061", seen.suspension_metadata_bytes)
        seen.suspension_metadata = "\u{FFFD} a"
        assert.are.equal("\xff a", plan_view.from_plan(seen).suspension_metadata)
        for _, other in ipairs { "ff2062", "ff206", "xx", 5 } do
            seen.suspension_metadata_bytes = other
            assert.is_nil(plan_view.from_plan(seen))
        end
    end)

    it("writes one segment with the next number, and says what it wrote", function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        local result = apply(plan, directory, "--json", "--operator", "ada")
        local answer = helper.objects(result.stdout)[1]
        local bytes = helper.read(directory .. "/wal_0000000000000003.log")
        assert.are.equal("wal_0000000000000003.log", answer.segment)
        assert.are.equal("#" .. #files.strict_records(bytes), answer.records)
        assert.are.equal("#" .. #bytes, answer.size_bytes)
        assert.are.equal(files.plan_object(plan).id, answer.plan)
        assert.is_true(answer.done)
    end)

    it("says in the journal and in the records who did it, when, by which plan and with what", function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        apply(plan, directory, "--operator", "ada")
        local lines = journal(directory)
        assert.are.equal("intent", lines[1].state)
        assert.are.equal("done", lines[2].state)
        assert.are.equal(lines[1].id, lines[2].id)
        for _, line in ipairs(lines) do
            assert.are.equal("ada", line.operator)
            assert.are.equal(files.plan_object(plan).id, line.plan)
            assert.are.equal(files.plan_object(plan).sha256, line.plan_sha256)
            assert.truthy(line.tool:find("^tracereel %d"))
            assert.truthy(line.time:find("^20%d%d%-"))
        end
        local signed, suspended = 0, 0
        for _, object in ipairs(helper.objects(helper.run({ "dump", "--json", "--from", "3:0", directory }).stdout)) do
            local provenance = object.metadata ~= "#null" and object.metadata:find('"operator":"ada"', 1, true)
            signed = signed + (provenance and 1 or 0)
            if object.type == "trace_suspended" then
                suspended = suspended + 1
                assert.falsy(provenance, "the engine reads this metadata")
            end
        end
        assert.truthy(signed > 0 and suspended > 0)
    end)

    it("ignores journal lines that it did not write", function()
        local directory = files.copy("orders")
        local lines = '{"id":"a","state":"intent"}\n{"id":"b","state":"intent","action":[],"segment":"x"}\n'
            .. '{"id":"c","state":"intent","action":"apply","segment":7}\n\0\0\0\n[]\n{"id":"d","sta'
        helper.write(directory .. "/tracereel.journal", lines)
        local result = apply(files.plan(directory), directory)
        assert.are.equal(0, result.status, result.stderr)
        assert.are.equal("", result.stderr)
        local kept = helper.read(directory .. "/tracereel.journal")
        assert.are.equal(lines .. "\n", kept:sub(1, #lines + 1))
        assert.are.equal(2, select(2, kept:sub(#lines + 2):gsub("\n", "")))
    end)

    it("--dry-run checks everything and writes nothing", function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        local before = files.contents(directory)
        local result = apply(plan, directory, "--dry-run")
        assert.are.equal(0, result.status)
        assert.truthy(result.stdout:find("would write wal_0000000000000003.log", 1, true))
        assert.are.same(before, files.contents(directory))
    end)

    it("writes nothing where every decision is the engine's own", function()
        local directory = files.copy("orders")
        local plan = files.plan(directory, "return { api = 1, recover = function() end }")
        local before = files.contents(directory)
        local result = apply(plan, directory)
        assert.are.equal(0, result.status)
        assert.truthy(result.stdout:find("nothing to write", 1, true))
        assert.are.same(before, files.contents(directory))
    end)

    it("refuses a log of which another process has locked any segment", function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        local before = files.contents(directory)
        for _, segment in ipairs { "wal_0000000000000002.log", "wal_0000000000000000.log" } do
            for _, extra in ipairs { "--dry-run", "--json" } do
                local result = while_held(directory .. "/" .. segment, { "apply", plan, directory, extra })
                refuses(result, segment .. ": another process holds it", directory, before)
            end
        end
    end)

    -- strace stops the program before, and after, the moment at which the new segment appears.
    for moment, segments in pairs {
        delay_enter = { "wal_0000000000000002.log" },
        delay_exit = { "wal_0000000000000002.log", "wal_0000000000000003.log" },
    } do
        it("keeps an engine from starting while it writes (" .. moment .. ")", function()
            local directory = files.copy("orders")
            local plan = files.plan(directory)
            local tries = {}
            for index, segment in ipairs(segments) do
                tries[index] = ("flock --exclusive --nonblock %s/%s true; echo $?"):format(directory, segment)
            end
            local seen = moment == "delay_enter" and "tracereel.new" or segments[2]
            local text = helper.shell(([[
                strace -o /dev/null -e trace=renameat2 -e inject=renameat2:%s=1000000 \
                    %s apply %s %s >/dev/null 2>&1 &
                for try in $(seq 500); do [ -e %s/%s ] && break; sleep 0.02; done
                %s; wait
            ]]):format(moment, helper.traced_program, plan, directory, directory, seen, table.concat(tries, "; ")))
            assert.are.equal(("1\n"):rep(#segments), text)
            assert.are.same(files.plan_views(plan, "after"), files.views(directory))
        end)
    end

    it("refuses a log that has grown, was cut, or changed since the plan", function()
        local changes = {
            { "has grown", "wal_0000000000000002.log had", "cp LOG/wal_0000000000000001.log LOG/x; "
                .. "head -c 12 LOG/x >> LOG/wal_0000000000000002.log; rm LOG/x" },
            { "was cut", "wal_0000000000000001.log had", "truncate -s 100 LOG/wal_0000000000000001.log" },
            { "has a new segment", "wal_0000000000000003.log is new", ": > LOG/wal_0000000000000003.log" },
            { "has lost one", "wal_0000000000000000.log is not there", "rm LOG/wal_0000000000000000.log" },
            { "has other last bytes", "last bytes", "cd LOG; head -c 20000 wal_0000000000000002.log > x; "
                .. "printf X >> x; tail -c +20002 wal_0000000000000002.log >> x; mv x wal_0000000000000002.log" },
        }
        for _, change in ipairs(changes) do
            local directory = files.copy("orders")
            local plan = files.plan(directory)
            helper.shell((change[3]:gsub("LOG", directory)))
            refuses(apply(plan, directory), change[2], directory, files.contents(directory))
        end
    end)

    it("refuses the plan of another log", function()
        local plan = files.plan(files.copy("done-only"))
        local directory = files.copy("orders")
        refuses(apply(plan, directory), "the plan is for another log", directory, files.contents(directory))
    end)

    it("refuses a plan that was edited, one with a later schema, and a file that is no plan", function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        local text = helper.read(plan)
        local before = files.contents(directory)
        for words, changed in pairs {
            ["nested too deeply"] = '{"x":' .. ("["):rep(300000),
            ["was edited"] = text:gsub('"reason":"given up"', '"reason":"given  up"', 1),
            ["edited, or written only in part"] = text:gsub('"sha256":"%x+"}\n$', '"sha256":"00"}\n', 1),
            ["schema version 2"] = text:gsub('"schema_version":1', '"schema_version":2', 1),
            ["not a plan"] = "{}",
        } do
            assert.are_not.equal(text, changed)
            refuses(apply(helper.write(plan .. ".changed", changed), directory), words, directory, before)
        end
        local absent = apply(plan .. ".absent", directory)
        assert.are.equal(4, absent.status)
        assert.are.equal("tracereel: " .. plan .. ".absent: No such file or directory\n", absent.stderr)
    end)

    it("refuses a log that ends in a torn record, and offers the repair", function()
        for _, name in ipairs { "torn-tail", "zero-tail" } do
            local directory = files.copy(name)
            refuses(apply(files.plan(directory), directory), "--repair", directory, files.contents(directory))
        end
    end)

    it("warns that the engine will not open a log with a torn record inside, and leaves the record", function()
        local directory = files.copy("restarted")
        local before = files.contents(directory)
        local result = apply(files.plan(directory), directory)
        assert.are.equal(0, result.status)
        assert.truthy(result.stderr:find("would refuse to recover from this log", 1, true))
        assert.truthy(result.stderr:find("tracereel repair", 1, true))
        local name = "wal_0000000000000000.log"
        assert.are.equal(before[name], files.contents(directory)[name])
    end)

    it("refuses to apply a plan twice, and says that nothing is left to do", function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        apply(plan, directory)
        refuses(apply(plan, directory), "applied already", directory, files.contents(directory))
    end)

    it("refuses a plan that was undone, and says that a new one is needed", function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        apply(plan, directory)
        helper.run { "undo", plan, directory, "--operator", "night shift" }
        local result = apply(plan, directory)
        refuses(result, "this plan was undone: at 20", directory, files.contents(directory))
        assert.truthy(result.stderr:find("by night shift, as " .. directory .. "/wal_0000000000000004.log; make a new "
            .. "plan with tracereel recover", 1, true), result.stderr)
    end)

    it("--dry-run says that an interrupted command must be repeated first", function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        apply(plan, directory)
        local lines = helper.read(directory .. "/tracereel.journal")
        helper.write(directory .. "/tracereel.journal", lines:match("^[^\n]+\n"))
        refuses(apply(plan, directory, "--dry-run"), "an earlier apply was interrupted; without --dry-run this command "
            .. "finds out what became of it", directory, files.contents(directory))
        assert.are.equal(0, apply(plan, directory).status)
    end)

    it("--dry-run --repair does not warn of what the repair would cut", function()
        local directory = files.copy("torn-tail")
        local result = apply(files.plan(directory), directory, "--dry-run", "--repair", "--no-arenas")
        assert.are.equal(0, result.status)
        assert.truthy(result.stdout:find("would repair wal_0000000000000002.log", 1, true))
        assert.are.equal("", result.stderr)
    end)

    it("refuses a log whose last segment has the largest number", function()
        local directory = files.copy("all-complete")
        local names = { "wal_0000000000000000.log", "wal_ffffffffffffffff.log" }
        helper.shell(("mv %s/%s %s/%s"):format(directory, names[1], directory, names[2]))
        local orders = helper.read(helper.log("orders") .. "/wal_0000000000000002.log")
        local file = assert(io.open(directory .. "/" .. names[2], "ab"))
        file:write(helper.read(helper.log("orders") .. "/" .. names[1]), orders)
        file:close()
        local plan = files.plan(directory)
        refuses(apply(plan, directory), "largest number", directory, files.contents(directory))
    end)

    it("appends a new segment after a compressed last one", function()
        local directory = files.copy("archived")
        helper.shell(("cd %s && gunzip wal_0000000000000001.log.gz && gzip wal_0000000000000002.log"):format(directory))
        local plan = files.plan(directory)
        assert.are.equal(0, apply(plan, directory).status)
        assert.truthy(helper.read(directory .. "/wal_0000000000000003.log"))
        local views = files.engine_views(directory)
        assert.truthy(next(views))
        assert.are.same(files.plan_views(plan, "after"), views)
    end)

    it("writes nothing to a fully archived log, of which the engine knows no trace", function()
        local directory = files.copy("archived")
        helper.shell("gzip " .. directory .. "/wal_0000000000000002.log")
        local plan = files.plan(directory)
        local before = files.contents(directory)
        local result = apply(plan, directory)
        assert.are.equal(0, result.status)
        assert.truthy(result.stdout:find("0 traces of 0 to change", 1, true), result.stdout)
        assert.are.same(before, files.contents(directory))
    end)

    it("does not offer repair as a way to recover unreadable bytes", function()
        local directory = files.copy("orders")
        helper.shell("mkdir " .. directory .. "/wal_0000000000000003.log")
        local result = apply(files.plan(directory), directory)
        assert.are.equal(3, result.status)
        assert.truthy(result.stderr:find("the engine would refuse to recover from this log: it cannot read "
            .. "wal_0000000000000003.log: that is a directory; "
            .. "`tracereel repair` shows what can be done about it", 1, true), result.stderr)
    end)

    it("still reports damage that was there before", function()
        local directory = files.copy("bit-flip-payload")
        local plan = files.plan(directory)
        local result = apply(plan, directory)
        assert.are.equal(3, result.status)
        local words = directory .. " is damaged: 1 corrupt; `tracereel check` lists what was lost"
        assert.truthy(result.stderr:find(words, 1, true), result.stderr)
        assert.are.same(files.plan_views(plan, "after"), files.views(directory))
        result = helper.run { "undo", plan, directory }
        assert.are.equal(3, result.status)
        assert.truthy(result.stderr:find(words, 1, true), result.stderr)
    end)

    it("gives the new segment the owner and the permissions of the last one", function()
        local directory = files.copy("orders")
        helper.shell("chmod 640 " .. directory .. "/wal_0000000000000002.log")
        apply(files.plan(directory), directory)
        assert.are.equal("640\n", (helper.shell("stat -c %a " .. directory .. "/wal_0000000000000003.log")))
    end)

    it("refuses a single segment, a pipe and a file that is no log, each with its own message", function()
        local plan = files.plan(files.copy("orders"))
        for _, path in ipairs { helper.log("orders") .. "/wal_0000000000000000.log", "-", helper.log("no-segments") } do
            local result = apply(plan, path)
            assert.are.equal(4, result.status)
            assert.truthy(result.stderr:find("segment", 1, true))
        end
    end)
end)

describe("tracereel apply on a large log", function()
    after_each(helper.clean)

    it("writes a plan for two thousand traces in seconds", function()
        local directory = helper.directory() .. "/log"
        local writer = reel.writer(directory)
        for number = 1, 2000 do
            writer:append(reel.record.trace_start { trace_id = ("%08x-0000-4000-8000-000000000000"):format(number),
                timestamp_ns = number })
        end
        writer:close()
        local plan = files.plan(directory, given_up)
        local began = os.time()
        local result = apply(plan, directory)
        assert.are.equal(0, result.status, result.stderr)
        assert.truthy(os.time() - began < 30)
        assert.truthy(result.stdout:find("2000 traces of 2000 to change", 1, true))
        assert.are.same({}, files.views(directory))
    end)
end)
