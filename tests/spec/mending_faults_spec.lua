-- Every system call that repair --arenas, its undo and apply --repair make on a log's directory and on its arenas is
-- made to fail, and the program is killed at every one that changes something. Whatever happens, each arena is as
-- before or as after, the same command again leads to the same end, and undo --arenas leads back to the beginning.
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local killed_run = require "tests.spec.killed_run"
local reel = require "tracereel"
local system_calls = require "tests.spec.system_calls"

local segment = "wal_0000000000000000.log"

-- A killed run with three of its stale arenas, and a torn end.
local function small_run()
    local directory = killed_run.copy("orders-killed")
    local names = helper.shell(("ls %s/arenas | grep -v -e _1e49 -e _207e -e _68f1"):format(directory))
    for name in names:gmatch("[^\n]+") do
        helper.shell(("rm %s/arenas/%s"):format(directory, name))
    end
    local path = directory .. "/wal/" .. segment
    local whole = helper.read(path)
    helper.write(path, whole .. whole:sub(1, 50))
    return directory
end

-- Each case: what is there before, and the command's words for a copy of it.
local cases = {
    repair = function()
        return small_run(), function(path)
            return { "repair", "--yes", "--arenas", path .. "/arenas", path .. "/wal" }
        end
    end,
    undo = function()
        local directory = small_run()
        assert.are.equal(0, helper.run({ "repair", "--yes", "--arenas", directory .. "/wal" }).status)
        return directory, function(path)
            return { "undo", "--arenas", path .. "/wal" }
        end
    end,
    apply = function()
        local directory = small_run()
        local plan = files.plan(directory .. "/wal", [[return { api = 1, recover = function(trace)
            if trace.id:sub(1, 2) == "da" then
                return tracereel.fail("given up")
            end
        end }]])
        return directory, function(path)
            return { "apply", "--repair", plan, path .. "/wal" }
        end
    end,
}

local function fresh_copy(case)
    local path = case.scratch .. "/run"
    helper.shell(("rm -rf %s; cp -r %s %s"):format(path, case.directory, path))
    return path
end

local function prepare(make)
    local case = { scratch = helper.directory() }
    case.directory, case.arguments = make()
    case.arenas_before = files.contents(case.directory .. "/arenas")
    case.views_before = files.views(case.directory .. "/wal")
    local path = fresh_copy(case)
    local status
    case.calls, status = system_calls.list(case.arguments(path), path)
    assert.are.equal(0, status)
    case.arenas_after = files.contents(path .. "/arenas")
    case.views_after = files.views(path .. "/wal")
    assert.are_not.same(case.arenas_before, case.arenas_after)
    return case
end

local function explain(call, fault, words)
    return ("%s at %s: %s"):format(fault, call.line, words)
end

-- How many arenas are as after; each must be one of the two.
local function check_arenas(case, path, call, fault)
    local changed = 0
    local contents = files.contents(path .. "/arenas")
    for name, before in pairs(case.arenas_before) do
        local after = case.arenas_after[name]
        assert.truthy(contents[name] == before or contents[name] == after, explain(call, fault, name .. " is neither"))
        changed = changed + (contents[name] == after and before ~= after and 1 or 0)
        contents[name] = nil
    end
    assert.is_nil(next(contents))
    return changed
end

local function is_one_of(value, a, b)
    return pcall(assert.are.same, a, value) or pcall(assert.are.same, b, value)
end

local function check_again(case, path, call, fault, name)
    local result = helper.run(case.arguments(path))
    assert.truthy(result.status == 0 or result.status == 6, explain(call, fault, result.stderr))
    assert.are.same(case.arenas_after, files.contents(path .. "/arenas"), explain(call, fault, result.stderr))
    assert.are.same(case.views_after, files.views(path .. "/wal"))
    local states = {}
    for line in helper.read(path .. "/wal/tracereel.journal"):gmatch("[^\n]+") do
        local entry = reel.json_decode(line)
        if entry then
            states[entry.id] = entry.state
        end
    end
    for id, state in pairs(states) do
        assert.are_not.equal("intent", state, explain(call, fault, id))
    end
    if name ~= "undo" then
        result = helper.run { "undo", "--arenas", path .. "/wal" }
        assert.are.equal(0, result.status, explain(call, fault, result.stderr))
        assert.are.same(case.arenas_before, files.contents(path .. "/arenas"), explain(call, fault, "not undone"))
    end
end

local function check_fault(case, call, fault, name)
    local path = fresh_copy(case)
    local status, stderr = system_calls.run_with_fault(case.arguments(path), call, fault)
    local changed = check_arenas(case, path, call, fault)
    assert.truthy(is_one_of(files.views(path .. "/wal"), case.views_before, case.views_after),
        explain(call, fault, "the traces are neither as before nor as after"))
    if status == 0 then
        -- apply goes on with its records where an arena cannot be mended, and names it.
        local is_named = name == "apply" and stderr:find("tracereel: refused: ", 1, true)
        assert.truthy(changed == 3 or is_named, explain(call, fault, "it claims success"))
    elseif status < 128 then
        assert.truthy(stderr:find("tracereel: ", 1, true) or status == 6, explain(call, fault, stderr))
    end
    if system_calls.is_changing(call) then
        check_again(case, path, call, fault, name)
    end
    return changed
end

describe("a fault while arenas are mended:", function()
    teardown(helper.clean)

    for name, make in pairs(cases) do
        it(name .. ": a failure of any system call leaves each arena unchanged or fully updated", function()
            local case = prepare(make)
            local seen = {}
            for _, call in ipairs(system_calls.sample(system_calls.without_repetitions(case.calls))) do
                local is_write = call.name == "write" or call.name == "pwrite64"
                seen[check_fault(case, call, is_write and "error=ENOSPC" or "error=EIO", name)] = true
            end
            assert.truthy(seen[0] and seen[3] and (seen[1] or not system_calls.is_whole))
        end)

        it(name .. ": a kill at any changing call leaves each arena unchanged or fully updated", function()
            local case = prepare(make)
            local seen = {}
            for _, call in ipairs(system_calls.sample(system_calls.changing(case.calls))) do
                seen[check_fault(case, call, "signal=SIGKILL", name)] = true
            end
            assert.truthy(seen[0] and seen[3] and (seen[1] and seen[2] or not system_calls.is_whole))
        end)
    end
end)
