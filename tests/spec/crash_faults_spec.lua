-- Every system call that apply, repair and undo make on the log's directory is made to fail, and the program is killed
-- at every one that changes something. The log is then unchanged or fully updated, and running the command again leads
-- to the same end.
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local system_calls = require "tests.spec.system_calls"

-- The records of a segment, without their checksums and without the time at which the command ran.
local function timeless(bytes)
    local records = assert(files.strict_records(bytes))
    for index, record in ipairs(records) do
        records[index] = record:sub(9):gsub('"time":"[%d:.TZ-]+"', "")
    end
    return records
end

local function is_side_file(name)
    return name == "tracereel.journal" or name == "tracereel.new" or name:find("^wal_%x+%.log%.original$")
        or name:find("^wal_%x+%.log%.cut$")
end

-- ---- the three commands: what is there before, what they are called with, and how a state is recognised ----

-- "before", "after", or nil: something between.
local function state_of_added(case, contents)
    local added
    for name, bytes in pairs(contents) do
        if name:find("^wal_%x+%.log$") and not case.before[name] then
            if added or name ~= case.added_name then
                return nil
            end
            added = bytes
        end
    end
    for name, bytes in pairs(case.before) do
        if name:find("^wal_") and contents[name] ~= bytes then
            return nil
        end
    end
    if not added then
        return "before"
    end
    assert.are.same(timeless(case.after[case.added_name]), timeless(added))
    return "after"
end

-- Each segment is the old one, or the new one with the old one kept.
local function state_of_replaced(case, contents)
    local replaced, whole = 0, 0
    for name, bytes in pairs(case.before) do
        if name:find("^wal_%x+%.log$") then
            local is_new = contents[name] == case.after[name] and bytes ~= case.after[name]
            if contents[name] ~= bytes and not is_new then
                return nil
            elseif is_new and contents[name .. ".original"] ~= bytes then
                return nil
            end
            replaced = replaced + (is_new and 1 or 0)
            whole = whole + (bytes ~= case.after[name] and 1 or 0)
        end
    end
    return replaced == whole and "after" or "before"
end

local cases = {
    apply = function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        return { directory = directory, state_of = state_of_added, added_name = "wal_0000000000000003.log",
            arguments = function(path)
                return { "apply", plan, path }
            end }
    end,
    undo = function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        assert.are.equal(0, helper.run({ "apply", plan, directory }).status)
        return { directory = directory, state_of = state_of_added, added_name = "wal_0000000000000004.log",
            arguments = function(path)
                return { "undo", plan, path }
            end }
    end,
    repair = function()
        local directory = files.copy("torn-tail")
        helper.shell(("cp %s/wal_0000000000000000.log %s"):format(helper.log("restarted"), directory))
        return { directory = directory, state_of = state_of_replaced,
            arguments = function(path)
                return { "repair", "--yes", path }
            end }
    end,
}

local function fresh_copy(case)
    local path = case.scratch .. "/log"
    helper.shell(("rm -rf %s; cp -r %s %s"):format(path, case.directory, path))
    return path
end

-- Adds what the command does when nothing goes wrong.
local function prepare(make)
    local case = make()
    case.scratch = helper.directory()
    case.before = files.contents(case.directory)
    case.views_before = files.views(case.directory)
    local path = fresh_copy(case)
    local status
    case.calls, status = system_calls.list(case.arguments(path), path)
    assert.are.equal(0, status)
    case.after = files.contents(path)
    case.views_after = files.views(path)
    assert.are.equal("after", case.state_of(case, case.after))
    return case
end

local function explain(call, fault, words)
    return ("%s at %s: %s"):format(fault, call.line, words)
end

local function check_state(case, path, call, fault)
    local contents = files.contents(path)
    local state = case.state_of(case, contents)
    assert.truthy(state, explain(call, fault, "the log is neither as before nor as after"))
    for name in pairs(contents) do
        assert.truthy(case.before[name] or case.after[name] or is_side_file(name), name)
    end
    assert.are.same(state == "before" and case.views_before or case.views_after, files.views(path))
    return state
end

local function check_again(case, path, call, fault)
    local result = helper.run(case.arguments(path))
    assert.truthy(result.status == 0 or result.status == 6, explain(call, fault, result.stderr))
    assert.are.equal("after", check_state(case, path, call, fault .. ", and again"))
    for line in helper.read(path .. "/tracereel.journal"):gmatch("[^\n]+") do
        assert.truthy(reel.json_decode(line) or fault:find("ENOSPC"), line)
    end
end

local function check_fault(case, call, fault)
    local path = fresh_copy(case)
    local status, stderr = system_calls.run_with_fault(case.arguments(path), call, fault)
    local state = check_state(case, path, call, fault)
    if status == 0 then
        assert.are.equal("after", state, explain(call, fault, "it claims success"))
    elseif status < 128 then
        assert.truthy(stderr:find("^tracereel: "), explain(call, fault, "no reason given: " .. stderr))
    end
    if system_calls.is_changing(call) then
        check_again(case, path, call, fault)
    end
    return state
end

describe("a fault in", function()
    teardown(helper.clean)

    for _, command in ipairs { "apply", "undo", "repair" } do
        it(command .. ": a kill after the rename is recognised, and the same command completes its work", function()
            local case = prepare(cases[command])
            local last
            for _, call in ipairs(case.calls) do
                last = call.name:find("^rename") and call or last
                if last and call.name == "fsync" and not last.next_sync then
                    last.next_sync = call
                end
            end
            local path = fresh_copy(case)
            assert.are.equal(137, (system_calls.run_with_fault(case.arguments(path), last.next_sync, "signal=SIGKILL")))
            assert.are.equal("after", check_state(case, path, last, "SIGKILL"))
            local result = helper.run(case.arguments(path))
            assert.are.equal(0, result.status, result.stderr)
            assert.truthy(result.stderr:find(("an earlier %s was interrupted; it had taken place"):format(command), 1,
                true), result.stderr)
            assert.are.equal("after", check_state(case, path, last, "again"))
            local lines = helper.objects(helper.read(path .. "/tracereel.journal"))
            assert.are.equal("done", lines[#lines].state)
            assert.are.equal(lines[#lines - 1].id, lines[#lines].id)
        end)
    end

    for name, make in pairs(cases) do
        it(name .. ": a failure of any system call leaves the log unchanged or fully updated", function()
            local case = prepare(make)
            local seen = { before = 0, after = 0 }
            for _, call in ipairs(system_calls.sample(system_calls.without_repetitions(case.calls))) do
                local fault = call.name == "write" and "error=ENOSPC" or "error=EIO"
                local state = check_fault(case, call, fault)
                seen[state] = seen[state] + 1
            end
            assert.truthy(seen.before > 0 and seen.after > 0)
            assert.truthy(seen.before > 10 and seen.after > 2 or not system_calls.is_whole)
        end)

        it(name .. ": a kill at any call that changes something leaves the log unchanged or fully updated", function()
            local case = prepare(make)
            local seen = { before = 0, after = 0 }
            for _, call in ipairs(system_calls.sample(system_calls.changing(case.calls))) do
                local state = check_fault(case, call, "signal=SIGKILL")
                seen[state] = seen[state] + 1
            end
            assert.truthy(seen.before > 0 and seen.after > 0)
            assert.truthy(seen.before > 5 and seen.after > 2 or not system_calls.is_whole)
        end)
    end
end)
