local helper = require "tests.spec.helper"
local reel = require "tracereel"
local small_log = require "tests.spec.small_log"

local function traces(...)
    return helper.run { "traces", ... }
end

local function only_keys_of(object, pattern)
    local kept = {}
    for key in pairs(pattern) do
        kept[key] = object[key]
    end
    return kept
end

describe("tracereel traces", function()
    after_each(helper.clean)

    for _, name in ipairs(helper.log_names()) do
        it("--open --json has the expected state of every open trace of " .. name, function()
            local expected = helper.expected(name, "states") or {}
            local objects = helper.objects(traces("--open", "--json", "--snapshot", helper.log(name)).stdout)
            for index, state in ipairs(expected) do
                objects[index] = only_keys_of(objects[index] or {}, state)
            end
            assert.are.same(expected, objects)
        end)
    end

    it("lists closed traces in the order in which they closed, then the open ones by id", function()
        local expected, open = {}, {}
        for _, record in ipairs(helper.expected("orders", "records")) do
            if record.type == "trace_complete" or record.type == "trace_failed" then
                expected[#expected + 1] = record.trace_id
            end
        end
        for _, state in ipairs(helper.expected("orders", "states")) do
            open[#open + 1] = state.trace_id
        end
        table.move(open, 1, #open, #expected + 1, expected)
        local listed = {}
        for _, object in ipairs(helper.objects(traces("--json", helper.log("orders")).stdout)) do
            listed[#listed + 1] = object.trace_id
        end
        assert.are.same(expected, listed)
    end)

    it("shows what each trace waits for or runs", function()
        local text = traces(helper.log("orders")).stdout
        assert.truthy(text:find("6b7452b3  failed [^\n]* E201: node_3"))
        assert.truthy(text:find("\n9fb1e7f9  running [^\n]* in 3 %(2 times%): "))
        assert.truthy(text:find("\n085aed24  suspended [^\n]* at 4 for 437 ms: "))
        assert.truthy(text:find("\ne9993d64  running [^\n]* after 3: "))
        assert.truthy(text:find("\n5 running, 7 suspended, 45 complete, 3 failed\n"))
    end)

    it("prints into a pipe all that the engine will do with each open trace, in the words of recover", function()
        for _, log in ipairs { helper.log("orders"), "examples/killed/wal" } do
            local reasons, lines = {}, {}
            for _, object in ipairs(helper.objects(helper.run({ "recover", log, "--json" }).stdout)) do
                reasons[#reasons + 1] = object.engine
                    and object.trace_id:sub(1, 8) .. " " .. object.engine.reason or nil
            end
            for line in traces("--open", log).stdout:gmatch("[^\n]+") do
                for _, reason in ipairs(reasons) do
                    local id, words = reason:match("^(%x+) (.*)$")
                    if line:sub(1, 8) == id and line:sub(-#words) == words then
                        lines[#lines + 1] = line
                    end
                end
            end
            assert.is_true(#reasons > 0)
            assert.are.equal(#reasons, #lines)
        end
    end)

    it("cuts lines to a terminal's width, and prints whole lines into a pipe", function()
        local long = ("what went wrong "):rep(20) .. "end"
        local directory = helper.directory()
        local writer = reel.writer(directory)
        local id = "00000000-0000-0000-0000-000000000001"
        writer:append(reel.record.trace_start { trace_id = id, timestamp_ns = 1764000000000000000 })
        writer:append(reel.record.trace_failed { trace_id = id, timestamp_ns = 1764000000000000001,
            error_message = long })
        writer:close()
        local piped = traces(directory).stdout
        assert.truthy(piped:find(long, 1, true), piped)
        assert.truthy(piped:find("00000000  failed     2025-11-24 16:00:00Z ", 1, true), piped)
        local text = helper.on_terminal(("stty cols 80; %s traces %s"):format(helper.quote(helper.program), directory),
            "NO_COLOR=1")
        if not text then
            pending("no terminal can be made here")
            return
        end
        assert.truthy(text:find("what went", 1, true), text)
        for line in text:gmatch("[^\r\n]+") do
            assert.is_true(utf8.len(line) <= 80, line)
        end
    end)

    it("--status keeps only those traces", function()
        for _, object in ipairs(helper.objects(traces("--json", "--status", "failed", helper.log("orders")).stdout)) do
            assert.are.equal("failed", object.status)
        end
        local suspended = helper.objects(traces("--json", "--status", "suspended", helper.log("orders")).stdout)
        local expected = 0
        for _, state in ipairs(helper.expected("orders", "states")) do
            expected = expected + (state.recovery.action == "await_resume" and 1 or 0)
        end
        assert.are.equal(expected, #suspended)
    end)

    it("says what no trace has, where none is like that", function()
        for words, arguments in pairs {
            ["no trace has the outcome cancelled or timed_out"] = { "--outcome", "cancelled,timed_out" },
            ["no trace has the status held"] = { "--status", "held" },
            ["no open trace has the status held and the outcome failed"] =
                { "--open", "--status", "held", "--outcome", "failed" },
        } do
            local result = traces(helper.log("orders"), table.unpack(arguments))
            assert.are.equal(0, result.status)
            assert.truthy(("\n" .. result.stdout):find("\n" .. words .. "\n", 1, true), result.stdout)
        end
    end)

    it("marks traces that were open across damage", function()
        local tainted = 0
        for _, object in ipairs(helper.objects(traces("--open", "--json", helper.log("bit-flip-payload")).stdout)) do
            tainted = tainted + (object.tainted and 1 or 0)
        end
        assert.is_true(tainted > 0)
        assert.truthy(traces(helper.log("bit-flip-payload")).stdout:find("TAINTED", 1, true))
        assert.is_nil(traces(helper.log("orders")).stdout:find("TAINTED", 1, true))
    end)

    it("prints no time that a snapshot does not contain", function()
        local directory = small_log.add_snapshot(
            small_log.write { { "trace_start", 0, 2 }, { "trace_complete", 5000000000, 2 } },
            { [1] = '"last_completed_node":3,"suspended_at":4,"started_nodes":[],"completed_nodes":{}' })
        local text = traces("--full", "--snapshot", directory).stdout
        assert.truthy(text:find("suspended  in a snapshot +%-  [^\n]* at 4 since before the snapshot: "), text)
        text = helper.run({ "show", "--snapshot", small_log.id(1), directory }).stdout
        assert.truthy(text:find("node 4: suspended since before the snapshot;", 1, true), text)
    end)

    it("prints done and touched nodes, and the time to the trace's own last record", function()
        local text = traces(small_log.write {
            { "trace_start", 0, 1 }, { "node_start", 10, 1, { node_id = 1 } }, { "node_done", 20, 1, { node_id = 1 } },
            { "loop_iteration", 30, 1, { node_id = 8 } }, { "node_start", 2000000, 1, { node_id = 3 } },
            { "trace_start", 3000000, 2 }, { "trace_complete", 900000000, 2 },
        }).stdout
        assert.truthy(text:find("\n00000000  running    2025%-11%-24 16:00:00Z +2.00 ms +1/2 +0  in 3: "), text)
    end)

    it("shows a trace as failed at a node only while nothing else in it runs", function()
        local function stands(...)
            local text = traces(small_log.write { { "trace_start", 0, 1 }, { "node_start", 1, 1, { node_id = 2 } },
                { "node_error", 10, 1, { node_id = 3, error_message = "no" } }, ... }).stdout
            return text:match("\n00000000  [^\n]- 1  ([^\n]*): runs [^\n]*\n")
        end
        assert.are.equal("in 2", stands())
        assert.are.equal("failed at 3: no", stands({ "node_done", 20, 1, { node_id = 2 } }))
    end)

    it("refuses --no-snapshot, which is the default, and says so", function()
        local result = traces("--open", "--no-snapshot", helper.log("snapshot"))
        assert.are.equal(2, result.status)
        assert.are.equal("", result.stdout)
        assert.truthy(result.stderr:find("--no-snapshot: this is what happens now, leave it out", 1, true))
        assert.is_nil(traces("--help").stdout:find("--no-snapshot", 1, true))
        assert.truthy(traces("--help").stdout:find("--snapshot", 1, true))
    end)

    it("refuses --snapshot together with --open", function()
        for _, command in ipairs { "recover", "apply", "undo", "crashtest", "repair" } do
            local result = helper.run { command, "--snapshot", "a", "b" }
            assert.are.equal(2, result.status)
            assert.truthy(result.stderr:find("unknown option '--snapshot'", 1, true), result.stderr)
        end
    end)
end)

describe("tracereel run --outcome", function()
    after_each(helper.clean)

    it("gives a script the traces of which both the outcome and the id are those that were asked for", function()
        local failed = {}
        for _, record in ipairs(helper.expected("orders", "records")) do
            if record.type == "trace_failed" then
                failed[#failed + 1] = record.trace_id
            end
        end
        assert.is_true(#failed > 1)
        local script = helper.script [[
            local ids = {}
            return { api = 1, trace_start = function(rec) ids[#ids + 1] = rec.trace_id end,
                finish = function() table.sort(ids) return table.concat(ids, "\n") end }
        ]]
        local function ids_of(...)
            return (helper.output_of("run", script, helper.log("orders"), ...):gsub("%s+$", ""))
        end
        table.sort(failed)
        assert.equal(table.concat(failed, "\n"), ids_of("--outcome", "failed"))
        assert.equal(failed[2], ids_of("--outcome", "failed", "--trace", failed[2]))
        assert.equal("", ids_of("--outcome", "complete", "--trace", failed[2]))
    end)
end)
