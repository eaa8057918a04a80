-- A plan about some of the open traces: recover --trace and --limit, the plan that says so, apply and undo of it, and
-- what a script is told that does not settle. Expected states come from tests/fixtures/logs/expected.
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local hold_all = 'return { api = 1, recover = function() return tracereel.hold("look") end }'

local function recover(...)
    return helper.run { "recover", ... }
end

local function object_of(plan)
    return reel.json_decode(helper.read(plan))
end

-- Ids of the open traces of a sample log, oldest first.
local function oldest_first(name)
    local traces = reel.open(helper.log(name)):traces()
    table.sort(traces, function(a, b)
        return a.start_ns < b.start_ns or a.start_ns == b.start_ns and a.id < b.id
    end)
    local ids = {}
    for index, trace in ipairs(traces) do
        ids[index] = trace.id
    end
    return ids
end

local function set_of(list, first, last)
    local set = {}
    for index = first, last do
        set[list[index]] = true
    end
    return set
end

local function held_ids(directory)
    local held = {}
    for _, trace in ipairs(reel.open(directory):traces()) do
        held[trace.id] = trace.held and true or nil
    end
    return held
end

local function apply(plan, directory)
    local result = helper.run { "apply", plan, directory }
    assert.are.equal(0, result.status, result.stderr)
    return result.stdout
end

describe("recover --limit", function()
    after_each(helper.clean)

    it("changes the oldest traces, leaves the others out and names them, and goes on with the next ones", function()
        local directory = files.copy "orders"
        local ids = oldest_first "orders"
        local plan = files.plan(directory, hold_all, "--limit", "5")
        local object = object_of(plan)
        assert.are.same({ limit = 5 }, object.selection)
        assert.are.equal(5, object.summary.changed)
        assert.are.equal(7, object.summary.left_out)
        local left_out = set_of(ids, 6, 12)
        assert.are.equal(7, #object.left_out)
        for index, id in ipairs(object.left_out) do
            assert.is_true(left_out[id])
            assert.is_true(index == 1 or object.left_out[index - 1] < id)
        end
        assert.truthy(apply(plan, directory):find("5 traces of 12 to change", 1, true))
        assert.are.same(set_of(ids, 1, 5), held_ids(directory))

        apply(files.plan(directory, hold_all, "--limit", "5"), directory)
        assert.are.same(set_of(ids, 1, 10), held_ids(directory))
        local last = files.plan(directory, hold_all, "--limit", "5")
        assert.are.equal(2, object_of(last).summary.changed)
        assert.are.equal(0, object_of(last).summary.left_out)
        apply(last, directory)
        assert.are.same(set_of(ids, 1, 12), held_ids(directory))
    end)

    it("counts what is left out, and names it with --full", function()
        local script = helper.script(hold_all)
        local short = recover(script, helper.log("orders"), "--limit", "10").stdout
        local shown = recover(script, helper.log("orders"), "--limit", "10", "--full").stdout
        local ids = oldest_first "orders"
        assert.falsy(short:find("left out, as they are", 1, true))
        assert.truthy(short:find(", 2 left out\n", 1, true))
        assert.truthy(shown:find("left out, as they are: 2 traces\n", 1, true), shown)
        assert.truthy(shown:find("\n  " .. ids[11] .. "\n", 1, true) and shown:find("\n  " .. ids[12] .. "\n", 1, true))
        assert.truthy(shown:find("12 open traces, 10 changed by 10 records, 2 left out\n", 1, true))
        local objects = helper.objects(recover("--json", script, helper.log("orders"), "--limit", "10").stdout)
        assert.are.equal(11, #objects)
        assert.are.equal(2, #objects[11].left_out)
        assert.are.equal("#2", objects[11].summary.left_out)
    end)

    it("takes no trace that does not change: those stay in the plan", function()
        local plan = files.plan(helper.log("orders"), [[return { api = 1, recover = function(trace, default)
            return trace.suspended_at and default or tracereel.hold("look") end }]], "--limit", "1")
        local object = object_of(plan)
        local waiting = 0
        for _, state in ipairs(helper.expected("orders", "states")) do
            waiting = waiting + (state.recovery.action == "await_resume" and 1 or 0)
        end
        assert.are.equal(waiting + 1, #object.traces)
        assert.are.equal(12 - waiting - 1, #object.left_out)
    end)

    it("is asked for the traces of the batch alone when it is asked again", function()
        local result = recover(helper.script [[
            local asked = 0
            return { api = 1, recover = function(trace, default)
                asked = asked + 1
                if trace.held then
                    assert(asked <= 3, "asked for more than the batch")
                end
                return tracereel.hold("look")
            end }]], helper.log("orders"), "--limit", "3")
        assert.are.equal(0, result.status, result.stderr)
    end)

    it("wants a number of at least one", function()
        for _, wrong in ipairs { "0", "-1", "ten" } do
            assert.are.equal(2, recover(helper.log("orders"), "--limit", wrong).status)
        end
    end)
end)

describe("recover --trace", function()
    after_each(helper.clean)
    local meant = { "9fb1e7f9-a6fa-4e99-bf09-233f8cd79d04", "085aed24-6ec3-4491-ad2e-44cf42895778" }

    it("asks for these traces alone: ids, beginnings of ids, lists with commas", function()
        local script = helper.script [[return { api = 1, recover = function(trace)
            return tracereel.hold(trace.id)
        end }]]
        for _, given in ipairs { { "--trace", "9FB1,085" }, { "--trace", meant[1], "--trace", "085aed246e,085" } } do
            local path = helper.directory() .. "/plan.json"
            local result = recover(script, helper.log("orders"), "-o", path, table.unpack(given))
            assert.are.equal(0, result.status, result.stderr)
            local object = object_of(path)
            assert.are.equal(2, #object.traces)
            assert.are.equal(meant[2], object.traces[1].trace_id)
            assert.are.equal(meant[1], object.traces[2].trace_id)
            assert.are.same({ traces = { meant[2], meant[1] } }, object.selection)
            assert.are.equal(10, #object.left_out)
        end
    end)

    it("is refused where no open trace has that id, and through a pipe", function()
        local result = recover(helper.log("orders"), "--trace", "9fb1,ffffffff")
        assert.are.equal(2, result.status)
        assert.truthy(result.stderr:find("--trace ffffffff: no open trace has that id", 1, true), result.stderr)
        assert.are.equal(2, recover(helper.log("orders"), "--trace", "xyz").status)
        assert.are.equal(2, recover(helper.log("orders"), "--trace", ",").status)
        assert.are.equal(2, helper.run({ "recover", "-", "--trace", "9f" }, { stdin = "" }).status)
    end)

    it("and --limit name the plan: it is another one than that of all traces, which has neither key", function()
        local all = object_of(files.plan(helper.log("orders"), hold_all))
        local some = object_of(files.plan(helper.log("orders"), hold_all, "--trace", meant[1]))
        local few = object_of(files.plan(helper.log("orders"), hold_all, "--limit", "1"))
        assert.is_nil(all.selection)
        assert.is_nil(all.left_out)
        assert.is_nil(all.summary.left_out)
        assert.is_true(all.id ~= some.id and some.id ~= few.id and all.id ~= few.id)
    end)

    it("makes a plan that apply holds against the log, and that undo takes back", function()
        local directory = files.copy "orders"
        local before = files.views(directory)
        local plan = files.plan(directory, hold_all, "--trace", meant[1])
        apply(plan, directory)
        assert.are.same({ [meant[1]] = true }, held_ids(directory))
        assert.are.equal(0, helper.run({ "undo", plan, directory }).status)
        assert.are.same(before, files.views(directory))
    end)

    it("makes a plan that is refused where it does not name every open trace, or names one twice", function()
        local core, plan = require "tracereel.core", require "tracereel.recovery.plan"
        local text = helper.read(files.plan(helper.log("orders"), hold_all, "--trace", meant[1]))
        local function changed(from, to)
            local body = text:match('^(.*\n)"sha256"'):gsub(from, to)
            return plan.parse(body .. ('"sha256":"%s"}\n'):format(core.sha256(body)))
        end
        local missing = '"069c3653%-bb1c%-452a%-9a32%-5636524207c0",'
        local _, counted = changed(missing, "")
        assert.truthy(counted:find("its summary is not the one of its traces", 1, true))
        local function verify(from, to)
            local read = assert(changed(from, to))
            local _, problem = plan.verify(read, reel.open(helper.log("orders")))
            return problem
        end
        assert.is_nil(verify("", ""))
        for _, wrong in ipairs { '"069c3653-bb1c-452a-9a32-563652420000",',
            '"50869bc3-09fe-4ba8-8ceb-653d0a641dbf",' } do
            assert.truthy(verify(missing, wrong):find("the plan knows 12 open traces", 1, true))
        end
    end)
end)

describe("a script that does not settle", function()
    after_each(helper.clean)

    it("is told why, what to do, and where that is written", function()
        local result = recover(helper.script [[
            local count = 0
            return { api = 1, recover = function(trace, default)
                if trace.suspended_at then return default end
                count = count + 1
                return count <= 2 and tracereel.hold("look") or default
            end }]], helper.log("orders"))
        assert.are.equal(6, result.status)
        for _, words in ipairs { "does not settle: for trace ",
            "it first decides: default; and asked again behind that: hold (trace_suspended)", "as if its own records stood in the log", "counts its decisions", "--limit N",
            "trace.planned", "docs/recovery.md" } do
            assert.truthy(result.stderr:find(words, 1, true), words .. "\n" .. result.stderr)
        end
        assert.truthy(helper.read("docs/recovery.md"):find("### A script must settle", 1, true))
    end)
end)
