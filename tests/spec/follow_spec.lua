-- What people who watch a running engine rely on: every record once, and no alarm about what is only half written.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

-- FOLLOW_SECONDS=30 for a long run.
local seconds = tonumber(os.getenv("FOLLOW_SECONDS") or "3")

local function absolute(path)
    return path:sub(1, 1) == "/" and path or helper.shell("pwd"):match("[^\n]+") .. "/" .. path
end

local script_text = [[
return {
    api = 1,
    record = function(rec) print(rec:json()) end,
    gap = function(gap) print("gap " .. gap.class .. " " .. gap.length) end,
    finish = function(log) return ("finished after %d records"):format(log:stats().records) end,
}]]

local function lines_of(text)
    local lines = {}
    for line in text:gmatch("[^\n]+") do
        lines[#lines + 1] = line
    end
    return lines
end

-- Follows a directory while a writer fills it from a sample log, then interrupts the program.
local function follow(name, writer_seconds, awaited_lines)
    local directory, results = helper.directory(), helper.directory()
    helper.shell("touch " .. directory .. "/wal_0000000000000000.log")
    local command = ([[
        '%s' run '%s' '%s' --follow >%s/out 2>%s/err &
        pid=$!
        lua5.4 tests/spec/follow_writer.lua '%s' '%s' %s %d
        for i in $(seq 300); do [ "$(wc -l <%s/out)" -ge %d ] && break; sleep 0.1; done
        kill -INT $pid
        wait $pid
        echo $?]]):format(helper.program, helper.script(script_text), directory, results, results,
        helper.log(name), directory, writer_seconds, #name, results, awaited_lines)
    local status = tonumber((helper.shell(command)))
    return lines_of(helper.read(results .. "/out")), helper.read(results .. "/err"), status
end

describe("run --follow", function()
    teardown(helper.clean)

    it("shows every record once, in order, of a log that grows in random pieces and rotates", function()
        local records = helper.expected("orders", "records")
        local whole = lines_of(helper.run({ "dump", "--json", helper.log("orders") }).stdout)
        assert.are.equal(#records, #whole)
        local found, problems, status = follow("orders", seconds, #whole)
        assert.are.equal("finished after " .. #whole .. " records", table.remove(found))
        assert.are.same(whole, found)
        assert.are.equal("", problems)
        assert.are.equal(130, status)
    end)

    it("reports a torn write once, after a restarted writer has continued", function()
        local records = helper.expected("restarted", "records")
        local gap = helper.expected("restarted", "damage")[1]
        local found, _, status = follow("restarted", 1, #records + 1)
        local gaps = {}
        for _, line in ipairs(found) do
            gaps[#gaps + 1] = line:match("^gap .*")
        end
        assert.are.same({ "gap torn_write " .. gap.length:sub(2) }, gaps)
        assert.are.equal(#records + 2, #found)
        assert.are.equal(130, status)
    end)

    it("never reports a torn tail", function()
        local whole = lines_of(helper.run({ "dump", "--json", helper.log("torn-tail") }).stdout)
        local found, problems, status = follow("torn-tail", 1, #whole)
        assert.are.equal("finished after " .. #whole .. " records", table.remove(found))
        assert.are.same(whole, found)
        assert.are.equal("", problems)
        assert.are.equal(130, status)
    end)

    -- A dashboard is often started before the engine.
    it("waits for a log that does not exist yet, and says so", function()
        local place = helper.directory()
        for _, make in ipairs { "true", ("mkdir '%s/log'"):format(place) } do
            local text, status = helper.shell(([[
                cd '%s' && rm -rf log out err && { %s; }
                timeout --foreground 30 '%s' run '%s' log --follow >out 2>err & pid=$!
                for i in $(seq 600); do [ -s err ] && break; sleep 0.05; done
                cp -r '%s' made && mkdir -p log && mv made/wal_* log && rm -r made
                for i in $(seq 600); do [ "$(wc -l <out)" -ge 604 ] && break; sleep 0.05; done
                kill -INT $pid; wait $pid]]):format(place, make, absolute(helper.program), helper.script(script_text),
                absolute("examples/logs/orders")))
            assert.equal("", text)
            assert.equal(130, status)
            assert.equal("finished after 604 records", helper.read(place .. "/out"):match("([^\n]*)\n$"))
            assert.equal("tracereel: log: no segments there yet; waiting for the first\n", helper.read(place .. "/err"))
        end
    end)

    it("can be interrupted while it waits for a log, and reports a wrong script before that", function()
        local place = helper.directory()
        local absent = place .. "/absent"
        local _, status = helper.shell(([[
            timeout --foreground 30 '%s' run '%s' '%s' --follow 2>%s/err & pid=$!
            for i in $(seq 600); do [ -s %s/err ] && break; sleep 0.05; done
            kill -INT $pid; wait $pid]]):format(helper.program, helper.script(script_text), absent, place, place))
        assert.equal(130, status)
        assert.matches("interrupted before the log was there", helper.read(place .. "/err"))
        local wrong = helper.run({ "run", helper.script("return { api = 2 }"), absent, "--follow" },
            { before = "timeout 10" })
        assert.equal(1, wrong.status)
        local limited = helper.run({ "run", helper.script(script_text), absent, "--follow", "--max-time", "200ms" },
            { before = "timeout 10" })
        assert.equal(5, limited.status)
    end)

    -- The last moment that a timestamp can name: nothing is later, and the clock does not advance.
    it("sleeps while it waits, even after a record with the largest timestamp", function()
        local directory, record = helper.directory(), reel.record
        local trace_id = ("0"):rep(31) .. "1"
        local writer = reel.writer(directory)
        writer:append(record.trace_start { trace_id = trace_id, timestamp_ns = -1 })
        writer:close()
        helper.shell(("timeout 20 strace -e trace=clock_nanosleep -o %s/sleeps "
            .. "%s run %s %s --follow --max-time 700ms 2>&1"):format(directory, helper.traced_program,
            helper.script(script_text), directory))
        local sleeps = helper.read(directory .. "/sleeps")
        assert.matches("clock_nanosleep%(.-tv_nsec=50000000", sleeps)
        assert.is_nil(sleeps:find("{tv_sec=0, tv_nsec=0}, NULL", 1, true))
    end)

    it("reads a pipe to its end", function()
        local segment = helper.log("orders") .. "/wal_0000000000000000.log"
        local text, status = helper.shell(("cat %s | %s run %s - --follow"):format(segment, helper.program,
            helper.script(script_text)))
        local whole = lines_of(helper.run({ "dump", "--json", segment }).stdout)
        whole[#whole + 1] = ("finished after %d records"):format(#whole)
        assert.are.same(whole, lines_of(text))
        assert.are.equal(0, status)
    end)
end)

describe("log:replay with follow", function()
    teardown(helper.clean)

    local function problem_of(...)
        local called, problem = pcall(...)
        assert.is_false(called)
        return tostring(problem)
    end

    it("continues to tick without new records, from the last record's time", function()
        local log = reel.open(helper.log("orders"))
        local last_ns, ticks = 0, {}
        local problem = problem_of(log.replay, log, {
            record = function(rec) last_ns = math.max(last_ns, rec.timestamp_ns) end,
            tick = function(now_ns)
                ticks[#ticks + 1] = now_ns
                if now_ns > last_ns + 100000000 then
                    error("enough")
                end
            end,
            every = "20ms",
        }, { follow = true })
        assert.truthy(problem:find("enough (in tick at a time between two records)", 1, true))
        for index = 2, #ticks do
            assert.are.equal(20000000, ticks[index] - ticks[index - 1])
        end
    end)

    it("ends at once for a compressed segment, to which nothing is appended", function()
        local count = 0
        local archive = helper.directory() .. "/wal_0000000000000000.log.gz"
        helper.shell(("gzip -c %s/wal_0000000000000000.log >%s"):format(helper.log("orders"), archive))
        reel.open(archive):replay({ record = function() count = count + 1 end }, { follow = true })
        local expected = 0
        reel.open(helper.log("orders") .. "/wal_0000000000000000.log"):replay {
            record = function() expected = expected + 1 end,
        }
        assert.are.equal(expected, count)
    end)

    it("ends at to_ns even without a later record, and ticks no further", function()
        local log = reel.open(helper.log("orders"))
        local last_ns, tick_ns, count = 0, 0, 0
        local function record(rec)
            count, last_ns = count + 1, math.max(last_ns, rec.timestamp_ns)
        end
        log:replay { record = record }
        local whole, end_ns = count, last_ns + 300000000
        count = 0
        log:replay({ record = record, tick = function(now_ns) tick_ns = now_ns end, every = "20ms" },
            { follow = true, to_ns = end_ns })
        assert.are.equal(whole, count)
        assert.are.equal((end_ns - 1) // 20000000 * 20000000, tick_ns)
    end)

    it("refuses a value other than true and false", function()
        local log = reel.open(helper.log("orders"))
        local problem = problem_of(log.replay, log, {}, { follow = "no" })
        assert.truthy(problem:find("follow must be true or false, is \"no\"", 1, true))
    end)

    it("is refused together with a speed", function()
        local log = reel.open(helper.log("orders"))
        local problem = problem_of(log.replay, log, {}, { follow = true, speed = 1 })
        assert.truthy(problem:find("cannot have a speed", 1, true))
    end)
end)
