-- What `tracereel recover` is given at three in the morning: decisions that a script has spoilt, a script that fails
-- only when it is asked again, a log through a pipe, a directory of arenas that is not there, a file in the way.
local helper = require "tests.spec.helper"

local function recover(...)
    return helper.run { "recover", ... }
end

local function deciding(body)
    return helper.script(("return { api = 1, recover = function(trace, default) %s end }"):format(body))
end

local function assert_says(text, ...)
    for _, words in ipairs { ... } do
        assert.truthy(text:find(words, 1, true), ("%q is not in:\n%s"):format(words, text))
    end
end

describe("a decision that the script has changed by hand", function()
    after_each(helper.clean)

    for _, body in ipairs {
        'local d = tracereel.fail("x") d.kind = "bogus" return d',
        "local d = tracereel.retry { 1 } d.nodes = { 'x' } return d",
        "local d = tracereel.retry { 1 } d.nodes[1] = 1.5 return d",
        "local d = tracereel.retry { 1 } d.nodes = nil return d",
        "local d = tracereel.retry { 1 } d.skipped = nil return d",
        "local d = tracereel.await(3) d.node = -1 return d",
        "local d = tracereel.await(3) d.options = 3 return d",
        "local d = tracereel.await(3) d.options.hook_id = print return d",
        "local d = default:skip(3) d.skipped[1].output.size = 1 << 40 return d",
        "local d = default:rerun { 3 } d.forgotten = 3 return d",
        'local d = tracereel.hold("x") d.reason = 3 return d',
    } do
        it("is an error of the script, for that trace: " .. body, function()
            local script = deciding(body)
            local result = recover(script, helper.log("orders"))
            assert.are.equal(1, result.status, result.stderr)
            assert_says(result.stderr, "trace 069c3653-bb1c-452a-9a32-5636524207c0 is held: recover: the decision was "
                .. "changed after it was made")
            result = helper.run { "crashtest", script, helper.log("orders") }
            assert.are.equal(1, result.status, result.stderr)
            assert_says(result.stderr, "the decision was changed after it was made")
        end)
    end

    for _, body in ipairs {
        'default.kind = "fail" return default',
        'default.kind = "fail"',
        "default.node = 3",
        "default.skipped[1] = { node = 3, output = { offset = 0, size = 0, schema_hash = 0 } }",
    } do
        it("is not taken for the engine's own, and does not affect other traces: " .. body, function()
            local script = deciding(("if default.action == 'await_resume' then %s end"):format(body))
            local result = recover(script, helper.log("orders"))
            assert.are.equal(1, result.status)
            assert_says(result.stderr, "is held: script: ", "a decision cannot be changed; :skip")
            assert_says(result.stdout, "runs node 3 again, from the beginning of the node (retry_nodes 3, 3)")
        end)
    end
end)

describe("tracereel recover", function()
    after_each(helper.clean)

    it("names the trace for which a script fails only when it is asked again", function()
        local path = helper.directory() .. "/plan.json"
        local result = recover(deciding [[
            if trace.suspended_at == 9 then error("boom") end
            return tracereel.await(9, { skips = true })]], helper.log("orders"), "-o", path)
        assert.are.equal(6, result.status)
        assert_says(result.stderr, "does not converge: for trace 069c3653-bb1c-452a-9a32-5636524207c0 it first "
            .. "decides: await 9, skipping it; and asked again: script: ", "boom")
        assert.is_nil(io.open(path))
    end)

    it("reports a script's wrong answer in the same words each time", function()
        local script = deciding "return { kind = 'fail' }"
        local first, second = recover(script, helper.log("orders")), recover(script, helper.log("orders"))
        assert.are.equal(1, first.status)
        assert_says(first.stderr, "a decision expected (default, tracereel.fail(reason), ...), got a table")
        assert.are.equal(first.stderr, second.stderr)
        assert.are.equal(first.stdout, second.stdout)
    end)

    it("shows what the engine would do with a log from a pipe", function()
        local bytes = helper.shell("cat " .. helper.log("orders") .. "/wal_*.log")
        local result = helper.run({ "recover", "-" }, { stdin = bytes })
        assert.are.equal(0, result.status, result.stderr)
        assert.are.equal(recover(helper.log("orders")).stdout, result.stdout)
    end)

    it("refuses a directory of arenas that does not exist", function()
        local script = deciding "return tracereel.fail(tostring(trace:output(1)))"
        for _, command in ipairs { "recover", "crashtest" } do
            local result = helper.run { command, script, helper.log("orders"), "--arenas", "/nowhere/arenas" }
            assert.are.equal(4, result.status, result.stderr)
            assert_says(result.stderr, "/nowhere/arenas: cannot be opened as a directory of arenas")
        end
    end)

    it("shows the beginning of a long reason, and all of it with --full", function()
        local script = deciding 'return tracereel.fail(("a long reason "):rep(500) .. "with an end")'
        local result = recover(script, helper.log("orders"))
        assert.is_nil(result.stdout:find("with an end", 1, true))
        assert_says(result.stdout, "…\n    - trace        open")
        assert.truthy(#result.stdout < 20000)
        assert_says(recover(script, helper.log("orders"), "--full").stdout, "with an end")
    end)

    it("reports a plan that exceeds a limit on the size of files, and leaves nothing", function()
        local directory = helper.directory()
        local arguments = { "recover", "hold_node", "--arg", "node=3", helper.log("orders"), "-o",
            directory .. "/plan.json" }
        local result = helper.run(arguments, { before = "ulimit -f 2;" })
        assert.are.equal(4, result.status, result.stderr)
        assert_says(result.stderr, "cannot write " .. directory .. "/plan.json", "File too large")
        assert.are.equal("", (helper.shell("ls " .. directory)))
    end)

    it("writes no plan to a file named `-`", function()
        local result = recover(helper.log("orders"), "-o", "-")
        assert.are.equal(2, result.status)
        assert_says(result.stderr, "-o: a plan is a file, give its name (--json prints the decisions)")
    end)

    it("does not touch a file with the temporary name of the plan", function()
        local path = helper.directory() .. "/plan.json"
        helper.write(path .. ".new", "somebody's")
        assert.are.equal(0, recover(helper.log("orders"), "-o", path).status)
        assert.are.equal("somebody's", helper.read(path .. ".new"))
        assert_says(helper.read(path), '"schema_version":1')
    end)

    it("retries a long list of nodes without a walk over all of them for each", function()
        local began = os.clock()
        local result = recover(deciding [[
            local nodes = {}
            for node = 1, 5000 do nodes[node] = node end
            return tracereel.retry(nodes)]], helper.log("orders"), "--max-time", "8s")
        assert.are.equal(0, result.status, result.stderr)
        assert.truthy(os.clock() - began < 8)
    end)
end)

describe("give_up_errors", function()
    after_each(helper.clean)

    it("keeps no state of closed traces", function()
        local log = helper.directory() .. "/log"
        helper.run { "generate", "--traces", "20000", "--dropped-share", "0", log }
        local result = recover("give_up_errors", log, "--max-memory", "2MiB")
        assert.are.equal(0, result.status, result.stderr)
    end)
end)
