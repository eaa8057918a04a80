-- A loss of power while apply, repair and undo run. What they do to the log's directory is recorded; then every set of
-- files is enumerated that a disk may hold when the power goes after any of their calls: what was not made durable may
-- be lost, in part or all of it, and in any combination. Each set is read back: the log is unchanged or fully updated.
local core = require "tracereel.core"
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local system_calls = require "tests.spec.system_calls"

-- ---- what a file system holds ----

-- An inode: `length` bytes were written, `durable` of them are safe; `bytes` is all that it will ever hold.
-- A directory: `entries` name to inode, and the changes to it that are not durable yet, in order.

local function new_disk(before)
    local disk = { entries = {}, durable_entries = {}, pending = {}, inodes = {}, open = {} }
    for name, bytes in pairs(before) do
        local inode = { bytes = bytes, length = #bytes, durable = #bytes }
        disk.inodes[#disk.inodes + 1] = inode
        disk.entries[name], disk.durable_entries[name] = inode, inode
    end
    return disk
end

local apply_change = {
    set = function(entries, change)
        entries[change.name] = change.inode
    end,
    remove = function(entries, change)
        entries[change.name] = nil
    end,
    rename = function(entries, change)
        entries[change.name] = nil
        entries[change.to] = change.inode
    end,
}

local function change_directory(disk, change)
    apply_change[change.kind](disk.entries, change)
    disk.pending[#disk.pending + 1] = change
end

local function open_file(disk, name, descriptor)
    local inode = disk.entries[name]
    if not inode then
        inode = { length = 0, durable = 0 }
        disk.inodes[#disk.inodes + 1] = inode
        change_directory(disk, { kind = "set", name = name, inode = inode })
    end
    disk.open[descriptor] = inode
end

-- By the name of a call: what it does, from its line. A call that failed does nothing.
local effects = {
    openat = function(disk, line)
        local name, descriptor = line:match('^openat%([^,]*, "([^"]*)", [^)]*O_CREAT.*%) = (%d+)')
        if name then
            open_file(disk, name, descriptor)
        end
    end,
    write = function(disk, line)
        local descriptor, length = line:match("^write%((%d+)<.*%) += (%d+)$")
        local inode = disk.open[descriptor]
        inode.length = inode.length + tonumber(length)
    end,
    fsync = function(disk, line)
        local inode = disk.open[line:match("^fsync%((%d+)<")]
        if inode then
            inode.durable = inode.length
            return
        end
        disk.pending, disk.durable_entries = {}, {}
        for name, entry in pairs(disk.entries) do
            disk.durable_entries[name] = entry
        end
    end,
    linkat = function(disk, line)
        local from, to = line:match('"([^"]*)".*"([^"]*)"')
        change_directory(disk, { kind = "set", name = to, inode = disk.entries[from] })
    end,
    renameat = function(disk, line)
        local from, to = line:match('"([^"]*)".*"([^"]*)"')
        change_directory(disk, { kind = "rename", name = from, to = to, inode = disk.entries[from] })
    end,
    unlinkat = function(disk, line)
        change_directory(disk, { kind = "remove", name = line:match('"([^"]*)"') })
    end,
    close = function(disk, line)
        disk.open[line:match("^close%((%d+)<")] = nil
    end,
}
effects.renameat2 = effects.renameat

local without_effect = { fchown = true, fchmod = true }

local function advance(disk, call)
    if call.line:find("= %-1 ") then
        return
    end
    local effect = effects[call.name]
    assert(effect or without_effect[call.name] or not system_calls.is_changing(call), call.line)
    if effect then
        effect(disk, call.line)
    end
end

-- ---- what may be left of it ----

-- Every directory that any part of the changes that are not durable leads to.
local function possible_directories(disk)
    local directories = {}
    for chosen = 0, (1 << #disk.pending) - 1 do
        local entries = {}
        for name, inode in pairs(disk.durable_entries) do
            entries[name] = inode
        end
        for index, change in ipairs(disk.pending) do
            if chosen >> (index - 1) & 1 == 1 then
                apply_change[change.kind](entries, change)
            end
        end
        directories[#directories + 1] = entries
    end
    return directories
end

-- There are thousands of sets, made of few different texts: each of these is kept once, under its digest.
local digests, texts = {}, {}

local function kept(bytes)
    local digest = core.sha256(bytes)
    texts[digest] = texts[digest] or bytes
    digests[texts[digest]] = digest
    return texts[digest]
end

-- What may be read from a file whose last bytes are not durable: all, none or half of them, or zeros in their place.
local function possible_contents(inode)
    local bytes, durable, length = inode.bytes, inode.durable, inode.length
    if durable == length then
        return { kept(bytes:sub(1, length)) }
    end
    local half = durable + (length - durable) // 2
    return {
        kept(bytes:sub(1, length)), kept(bytes:sub(1, durable)), kept(bytes:sub(1, half)),
        kept(bytes:sub(1, durable) .. ("\0"):rep(length - durable)),
        kept(bytes:sub(1, half) .. ("\0"):rep(length - half)),
    }
end

local function key_of(contents)
    local parts = {}
    for name, bytes in pairs(contents) do
        parts[#parts + 1] = #name .. ":" .. name .. (digests[bytes] or core.sha256(bytes))
    end
    table.sort(parts)
    return table.concat(parts)
end

-- Adds every set of files that the entries may hold, each once.
local function add_states(states, entries)
    local names = {}
    for name in pairs(entries) do
        names[#names + 1] = name
    end
    local function choose(index, contents)
        if index > #names then
            local key = key_of(contents)
            if not states[key] then
                local copied = {}
                for name, bytes in pairs(contents) do
                    copied[name] = bytes
                end
                states[key] = true
                states[#states + 1] = copied
            end
            return
        end
        for _, bytes in ipairs(possible_contents(entries[names[index]])) do
            contents[names[index]] = bytes
            choose(index + 1, contents)
        end
    end
    choose(1, {})
end

-- What every inode will have held at the end: files that grow keep what they have.
local function fill_bytes(calls, before, after)
    local disk = new_disk(before)
    for _, call in ipairs(calls) do
        advance(disk, call)
    end
    for name, inode in pairs(disk.entries) do
        inode.bytes = after[name]
    end
    local bytes_of = {}
    for index, inode in ipairs(disk.inodes) do
        bytes_of[index] = inode.bytes
    end
    return bytes_of
end

local function all_states(calls, before, after)
    local bytes_of = fill_bytes(calls, before, after)
    local disk, states = new_disk(before), {}
    local function note()
        for index, inode in ipairs(disk.inodes) do
            inode.bytes = bytes_of[index]
        end
        for _, entries in ipairs(possible_directories(disk)) do
            add_states(states, entries)
        end
    end
    note()
    for _, call in ipairs(calls) do
        advance(disk, call)
        if system_calls.is_changing(call) then
            note()
        end
    end
    return states
end

-- ---- what a reader finds ----

local function segments_of(contents)
    local segments = {}
    for name, bytes in pairs(contents) do
        segments[name] = name:find("^wal_%x+%.log$") and bytes or nil
    end
    return segments
end

-- For a repair of several segments: each is the old one or the new one.
local function is_mixture(before, after, found)
    for name, bytes in pairs(found) do
        if bytes ~= before[name] and bytes ~= after[name] then
            return false
        end
    end
    return key_of(found) ~= key_of(before) and key_of(found) ~= key_of(after)
end

local cases = {
    apply = function()
        local directory = files.copy("orders")
        return directory, { "apply", files.plan(directory), directory }
    end,
    undo = function()
        local directory = files.copy("orders")
        local plan = files.plan(directory)
        helper.run { "apply", plan, directory }
        return directory, { "undo", plan, directory }
    end,
    repair = function()
        local directory = files.copy("torn-tail")
        helper.shell(("cp %s/wal_0000000000000000.log %s"):format(helper.log("restarted"), directory))
        return directory, { "repair", "--yes", directory }
    end,
}

-- "before", "after", "mixed" (repair only), or false.
local function state_of(name, old, new, contents)
    local found = segments_of(contents)
    return key_of(found) == key_of(old) and "before" or key_of(found) == key_of(new) and "after"
        or name == "repair" and is_mixture(old, new, found) and "mixed"
end

local function check_originals(old, contents)
    for segment, bytes in pairs(old) do
        assert.truthy(contents[segment] == bytes or contents[segment .. ".original"] == bytes,
            "the original of " .. segment .. " is lost")
    end
end

describe("a loss of power during", function()
    after_each(helper.clean)

    for name, make in pairs(cases) do
        it(name .. " leaves the log unchanged or fully updated, whatever has reached the disk", function()
            local directory, arguments = make()
            local before, views_before = files.contents(directory), files.views(directory)
            local calls, status = system_calls.list(arguments, directory)
            assert.are.equal(0, status)
            local after, views_after = files.contents(directory), files.views(directory)
            local old, new = segments_of(before), segments_of(after)
            local seen = { before = 0, after = 0, mixed = 0 }
            for number, contents in ipairs(all_states(calls, before, after)) do
                local state = state_of(name, old, new, contents)
                assert.truthy(state, "state " .. number .. " is neither")
                seen[state] = seen[state] + 1
                if name == "repair" then
                    check_originals(old, contents)
                end
                if name ~= "repair" or number % 4 == 0 then
                    helper.shell("rm -f " .. directory .. "/*")
                    files.write_all(directory, contents)
                    assert.are.same(state == "after" and views_after or views_before, files.views(directory))
                    -- The command is given again, and goes on to the end.
                    local result = helper.run(arguments)
                    assert.truthy(result.status == 0 or state == "after" and result.status == 6, result.stderr)
                    assert.are.same(views_after, files.views(directory))
                end
            end
            assert.truthy(seen.before >= 8 and seen.after >= 3)
            assert.truthy(name ~= "repair" or seen.mixed >= 5)
        end)

        it(name .. " would leave a partial update if the new file were not made durable first", function()
            local directory, arguments = make()
            local before = files.contents(directory)
            local calls = {}
            for _, call in ipairs(system_calls.list(arguments, directory)) do
                calls[#calls + 1] = not call.line:find("^fsync%(%d+<[^>]*tracereel%.new>") and call or nil
            end
            local after = files.contents(directory)
            local broken = 0
            for _, contents in ipairs(all_states(calls, before, after)) do
                broken = broken + (state_of(name, segments_of(before), segments_of(after), contents) and 0 or 1)
            end
            assert.truthy(broken > 0)
        end)
    end
end)
