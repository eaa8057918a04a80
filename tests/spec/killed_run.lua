-- Copies of killed engine runs, with the arenas that lay beside their logs: what the specs of mending arenas share.
local arenas = require "tracereel.log.arenas"
local assert = require "luassert"
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local killed_run = {
    -- The first trace of orders-killed that has a stale arena.
    stale_id = "1e49494f-595a-4837-989c-ce7604ebb91b",
}

---A copy of a killed run: the directory that has wal and arenas.
function killed_run.copy(name)
    local directory = helper.directory() .. "/run"
    helper.shell(("cp -r tests/fixtures/logs-engine/%s %s"):format(name, directory))
    return directory
end

function killed_run.repair(directory, ...)
    return helper.run { "repair", directory .. "/wal", ... }
end

function killed_run.arena_path(directory, trace_id)
    return arenas.path(directory .. "/arenas", trace_id)
end

function killed_run.position_of(directory, trace_id)
    return (("<I8"):unpack(helper.read(killed_run.arena_path(directory, trace_id)), 57))
end

---Puts bytes into an arena, at an offset.
function killed_run.patch(directory, trace_id, offset, bytes)
    local path = killed_run.arena_path(directory, trace_id)
    local whole = helper.read(path)
    helper.write(path, whole:sub(1, offset) .. bytes .. whole:sub(offset + #bytes + 1))
end

---The first open trace whose outputs the engine would not read.
function killed_run.stale_trace(directory)
    for _, trace in ipairs(reel.open(directory .. "/wal"):traces()) do
        local header = arenas.header(directory .. "/arenas", trace.id)
        if header and header.write_position_bytes < arenas.finish_of_outputs(trace.completed_nodes) then
            return trace
        end
    end
end

function killed_run.journal_of(directory)
    return helper.objects(helper.read(directory .. "/wal/tracereel.journal"))
end

function killed_run.assert_says(text, words)
    assert.truthy(text:find(words, 1, true), ("%q expected in:\n%s"):format(words, text))
end

return killed_run
