-- The plan's file: what docs/recovery-plan.md says of it, and what is refused.
local core = require "tracereel.core"
local engine_view = require "tracereel.log.engine_view"
local exact_json = require "tests.spec.exact_json"
local helper = require "tests.spec.helper"
local plan = require "tracereel.recovery.plan"
local tracereel = require "tracereel"

local script_text = [[
return { api = 1, args = { node = { type = "integer", default = 3 } }, recover = function(trace, default)
    if trace.suspended_at == 4 then return tracereel.restart() end
    if trace.last_completed_node then return tracereel.hold("look at it") end
end }
]]

local function write_plan(log, ...)
    local path = helper.directory() .. "/plan.json"
    local result = helper.run { "recover", helper.script(script_text), "-o", path, "--arg", "node=4", log, ... }
    return path, result
end

local function sha256_of(text)
    local path = helper.write(helper.directory() .. "/bytes", text)
    return (helper.shell("sha256sum " .. path):match("^%x+"))
end

-- A plan's text after a change, with the hash made right again.
local function changed(text, pattern, replacement)
    local body, count = text:match('^(.*\n)"sha256"'):gsub(pattern, replacement, 1)
    assert(count == 1, pattern)
    return body .. ('"sha256":"%s"}\n'):format(sha256_of(body))
end

describe("a plan", function()
    after_each(helper.clean)

    it("names the log, script, arguments and damage that it is made from", function()
        local log = helper.log("bit-flip-payload")
        local object = exact_json(helper.read((write_plan(log))))
        assert.are.equal("#1", object.schema_version)
        assert.are.equal(log, object.log.path)
        local sizes = {}
        for _, segment in ipairs(object.log.segments) do
            sizes[#sizes + 1] = segment.name .. " " .. segment.size_bytes:sub(2) .. "\n"
        end
        assert.are.equal(helper.shell(("cd %s && stat -c '%%n %%s' wal_*"):format(log)), table.concat(sizes))
        local last = object.log.segments[#object.log.segments]
        assert.are.same({ segment = last.name, offset_bytes = last.size_bytes }, object.log.position)
        local tail = helper.shell(("tail -c 4096 %s/%s | gzip -1 | tail -c 8 | od -An -tx4 -N4"):format(log, last.name))
        assert.are.equal(tail:match("%x+"), object.log.last_bytes.crc32)
        assert.are.same({ name = "script", sha256 = sha256_of(script_text) }, object.script)
        assert.are.same({ node = "4" }, object.arguments)
        local damage = helper.expected("bit-flip-payload", "damage")
        assert.are.equal(#damage, #object.damage)
        for index, gap in ipairs(damage) do
            assert.are.equal(gap.offset, object.damage[index].offset_bytes)
            assert.are.equal(gap.class, object.damage[index].class)
        end
    end)

    it("has for each trace the state before and after, the decision, its reason and its records", function()
        local object = exact_json(helper.read((write_plan(helper.log("orders")))))
        local states = helper.expected("orders", "states")
        assert.are.equal(#states, #object.traces)
        for index, state in ipairs(states) do
            local planned = object.traces[index]
            local is_suspended = state.recovery.action == "await_resume"
            assert.are.equal(state.trace_id, planned.trace_id)
            assert.are.same(state.started_nodes, planned.before.started_nodes)
            assert.are.equal(state.last_completed_node, planned.before.last_completed_node)
            assert.are.equal(is_suspended and "restart" or "hold", planned.decision.kind)
            assert.are.equal(is_suspended and "the script decided so" or "look at it", planned.reason)
            assert.are.equal(is_suspended and "trace_start" or "trace_suspended", planned.records[1].record.type)
            assert.are.equal(is_suspended and "resume_from" or "await_resume", planned.after.action.action)
        end
    end)

    it("keeps all 64 bits of outputs and records", function()
        local object = exact_json(helper.read((write_plan(helper.log("orders")))))
        local expected, seen = {}, 0
        for _, state in ipairs(helper.expected("orders", "states")) do
            for node, output in pairs(state.completed_nodes) do
                expected[state.trace_id .. " " .. node] = output.schema_hash
            end
        end
        for _, planned in ipairs(object.traces) do
            for _, one in ipairs(planned.before.completed_nodes) do
                assert.are.equal(expected[planned.trace_id .. " " .. one.node:sub(2)], "#" .. one.schema_hash)
                seen = seen + 1
            end
        end
        assert.is_true(seen > 20)
    end)

    it("has records as bytes that decode to what is shown beside them", function()
        local object = exact_json(helper.read((write_plan(helper.log("done-only")))))
        for _, planned in ipairs(object.traces) do
            for _, one in ipairs(planned.records) do
                local rec = assert(tracereel.decode((one.bytes:gsub("..", function(pair)
                    return string.char(tonumber(pair, 16))
                end))))
                assert.are.same(one.record, exact_json(rec:json()))
                assert.are.equal(object.time_ns, tracereel.unsigned(rec.timestamp_ns))
            end
        end
    end)

    it("has records with a time of one nanosecond after the log's last", function()
        local object = exact_json(helper.read((write_plan(helper.log("orders")))))
        local latest = 0
        for _, record in ipairs(helper.expected("orders", "records")) do
            latest = math.max(latest, math.tointeger(tonumber(record.timestamp_ns:sub(2))))
        end
        assert.are.equal(("%d"):format(latest + 1), object.time_ns)
    end)

    it("is refused if a record has more bytes than it says, even with correct checksums", function()
        local text = helper.read((write_plan(helper.log("orders"))))
        local body = text:match('^(.*\n)"sha256"'):gsub('({"bytes":"%x+)"', "%100\"", 1)
        local read, problem = plan.parse(body .. ('"sha256":"%s"}\n'):format(core.sha256(body)))
        assert.is_nil(read)
        assert.truthy(problem:find("record 1 of trace %x+%-.* is not a record: bytes are left over"), problem)
    end)

    it("is the same, byte for byte, for the same log, script and arguments", function()
        local first, second = write_plan(helper.log("orders")), write_plan(helper.log("orders"))
        assert.are.equal(helper.read(first), helper.read(second))
    end)

    -- A script in a directory with modules: name to text. Decides, and returns the plan's object.
    local function plan_of(directory, ...)
        local path = helper.directory() .. "/plan.json"
        local result = helper.run { "recover", directory .. "/script.lua", "-o", path, helper.log("orders"), ... }
        assert.are.equal(0, result.status, result.stderr)
        return exact_json(helper.read(path)), path
    end

    local function with_modules(text)
        local directory = helper.directory()
        helper.write(directory .. "/script.lua", text)
        helper.shell("mkdir " .. directory .. "/rules")
        helper.write(directory .. "/reasons.lua", "return { age = 'too old' }")
        helper.write(directory .. "/rules/age.lua", "return { reason = require('reasons').age }")
        return directory
    end

    local function sums_of(directory, ...)
        local list = {}
        for index, name in ipairs { ... } do
            local path = directory .. "/" .. name:gsub("%.", "/") .. ".lua"
            list[index] = { name = name, sha256 = helper.shell("sha256sum " .. path):match("^%x+") }
        end
        return list
    end

    for _, when in ipairs { "when it is loaded", "when it recovers" } do
        local text = when == "when it is loaded" and [[
            local age = require "rules.age"
            return { api = 1, recover = function() return tracereel.fail(age.reason) end }]] or [[
            return { api = 1, recover = function(trace, default)
                if default.node == 4 then return tracereel.fail(require("rules.age").reason) end
            end }]]

        it("names the modules that the script requires " .. when .. ", with their hashes", function()
            local directory = with_modules(text)
            local first = plan_of(directory)
            assert.are.same(sums_of(directory, "reasons", "rules.age"), first.script.modules)
            helper.write(directory .. "/reasons.lua", "return { age = 'too old' } --")
            local second, path = plan_of(directory)
            assert.are.same(sums_of(directory, "reasons", "rules.age"), second.script.modules)
            assert.are.equal(first.script.sha256, second.script.sha256)
            assert.are_not.equal(first.id, second.id)
            -- The records name the plan that they are in.
            local records = helper.read(path):match('"traces":%[(.*)$')
            assert.truthy(records:find(second.id, 1, true))
            assert.truthy(plan.verify(assert(plan.read(path)), tracereel.open(helper.log("orders"))))
        end)

        it("names the required modules with --unsafe, too, without those of the program itself, " .. when, function()
            local directory = with_modules('require "argparse"\n' .. text)
            assert.are.same(sums_of(directory, "reasons", "rules.age"), plan_of(directory, "--unsafe").script.modules)
        end)
    end

    it("is not written over an existing file, nor with --dry-run", function()
        local path = write_plan(helper.log("orders"))
        local before = helper.read(path)
        local script = helper.script(script_text)
        local again = helper.run { "recover", script, "-o", path, helper.log("orders") }
        assert.are.equal(4, again.status)
        assert.are.equal(before, helper.read(path))
        local result = helper.run { "recover", script, "--dry-run", "-o", path .. "2", helper.log("orders") }
        assert.are.equal(0, result.status)
        assert.is_nil(io.open(path .. "2"))
    end)

    it("is made only from a whole log, not from a segment or a pipe", function()
        local result = select(2, write_plan(helper.log("orders") .. "/wal_0000000000000000.log"))
        assert.are.equal(2, result.status)
        assert.truthy(result.stderr:find("a plan is for a whole log", 1, true))
        result = select(2, write_plan("-"))
        assert.are.equal(2, result.status)
        assert.truthy(result.stderr:find("save what comes through the pipe", 1, true))
    end)

    it("can be read back and verified", function()
        for _, name in ipairs { "orders", "done-only", "restarted", "torn-tail", "zero-tail", "archived" } do
            local log = helper.log(name)
            local read = assert(plan.read((write_plan(log))))
            assert.is_true(plan.verify(read, engine_view.open(log)))
            assert.is_true(#plan.records(read) >= 5)
        end
    end)
end)

describe("a plan is refused", function()
    after_each(helper.clean)

    local function problem_of(text)
        return select(2, plan.parse(text)) or ""
    end

    it("if any byte of it was changed", function()
        local text = helper.read((write_plan(helper.log("done-only"))))
        for position = 1, #text, 97 do
            local byte = text:byte(position)
            local broken = text:sub(1, position - 1) .. string.char(byte ~ 1) .. text:sub(position + 1)
            assert.is_nil(plan.parse(broken), position)
        end
        for length = 0, #text - 1, 211 do
            assert.is_nil(plan.parse(text:sub(1, length)), length)
        end
    end)

    it("with the reason", function()
        local text = helper.read((write_plan(helper.log("orders"))))
        assert.truthy(problem_of(text:gsub("look at it", "look at me")):find("it was edited", 1, true))
        assert.truthy(problem_of(changed(text, '"schema_version":1', '"schema_version":2'))
            :find("schema version 2; this tracereel reads version 1", 1, true))
        assert.truthy(problem_of(changed(text, '"time_ns":"1', '"time_ns":"2')):find("its id is not", 1, true))
        assert.truthy(problem_of(changed(text, '"bytes":"..', '"bytes":"00')):find("is not a record", 1, true))
        assert.truthy(problem_of(changed(text, '"log":%b{}', '"log":7')):find("are not those of a plan", 1, true))
        assert.truthy(problem_of("{}\n"):find("no schema_version", 1, true))
        assert.truthy(problem_of("nothing"):find("not a plan", 1, true))
        assert.truthy(select(2, plan.read("/nonexistent/plan.json")):find("No such file", 1, true))
    end)

    it("if a field has a value that recover never writes there", function()
        local text = helper.read((write_plan(helper.log("orders"))))
        for pattern, replacement in pairs {
            ['"summary":%b{}'] = '"summary":7',
            ['"changed":%d+'] = '"changed":1',
            ['"changed":%d+,'] = "",
            ['"before":(.-)"suspended_at":4'] = '"before":%1"suspended_at":4.5',
            ['"before":(.-)"last_completed_node":%d+'] = '"before":%1"last_completed_node":"3"',
            ['"before":(.-)"suspension_metadata":".-[^\\\\]"'] = '"before":%1"suspension_metadata":[[]]',
            ['"before":(.-)"status":"suspended"'] = '"before":%1"status":true',
        } do
            local problem = problem_of(changed(text, pattern, replacement))
            assert.truthy(problem:find("summary", 1, true) or problem:find("before or after is not one", 1, true),
                problem)
        end
    end)

    local function copy_of(name)
        local directory = helper.directory() .. "/log"
        helper.shell(("cp -r %s %s"):format(helper.log(name), directory))
        return directory
    end

    it("if the log has grown, was cut, or is another one", function()
        local log = copy_of("orders")
        local read = assert(plan.read((write_plan(log))))
        assert.is_true(plan.verify(read, engine_view.open(log)))
        local last = log .. "/wal_0000000000000002.log"
        local bytes = helper.read(last)
        local cases = {
            ["had %d+ bytes, and has %d+"] = function() helper.write(last, bytes .. "x") end,
            ["segment wal_0000000000000003.log is new"] = function()
                helper.write(last, bytes)
                helper.write(log .. "/wal_0000000000000003.log", "")
            end,
            ["segment wal_0000000000000002.log is not there"] = function()
                os.remove(log .. "/wal_0000000000000003.log")
                os.remove(last)
            end,
        }
        for _, message in ipairs { "had %d+ bytes, and has %d+", "segment wal_0000000000000003.log is new",
            "segment wal_0000000000000002.log is not there" } do
            cases[message]()
            local holds, problem = plan.verify(read, tracereel.open(log))
            assert.is_nil(holds)
            assert.truthy(problem:find(message), problem)
        end
        assert.is_nil((plan.verify(read, tracereel.open(helper.log("done-only")))))
    end)

    it("if its records do not lead to the state after, although its hash is right", function()
        local log = helper.log("orders")
        local text = helper.read((write_plan(log)))
        local read = assert(plan.parse(changed(text,
            '"after":{"action":{"action":"await_resume","node":4294967295}(.-)'
            .. '"suspended_at":4294967295',
            '"after":{"action":{"action":"await_resume","node":4294967295}%1"suspended_at":2')))
        local holds, problem = plan.verify(read, tracereel.open(log))
        assert.is_nil(holds)
        assert.truthy(problem:find("do not lead to the state after: suspended_at: 2 expected, found 4294967295", 1,
            true))
    end)
end)
