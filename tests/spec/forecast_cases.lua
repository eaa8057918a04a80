-- Logs of one trace, arenas and flows for the specs of forecasts, and what is asked of a forecast.
local assert = require "luassert" -- busted gives it to spec files alone
local flow = require "tracereel.flow"
local forecast = require "tracereel.forecast"
local helper = require "tests.spec.helper"
local small_log = require "tests.spec.small_log"
local tracereel = require "tracereel"

local cases = {}

-- ---- logs and arenas ----

-- A log of one trace: its start, and then the records { type, fields }.
function cases.log_of(...)
    local steps = { { "trace_start", 0, 1 } }
    for index, step in ipairs { ... } do
        steps[#steps + 1] = { step[1], index * 10, 1, step[2] }
    end
    return small_log.write(steps)
end

function cases.done(node, offset, size)
    return { "node_done", { node_id = node, output_offset = offset or 0, output_size = size or 0, schema_hash = node } }
end

function cases.suspended(node, metadata)
    return { "trace_suspended", { node_id = node, metadata = metadata } }
end

cases.resumed = { "trace_resumed" }

-- The arena of a trace, as the format has it; `change` replaces fields of the header, `file_bytes` cuts the file.
function cases.put_arena(directory, position, change, file_bytes)
    local id = small_log.id(1)
    local header = { magic = 0x584552564152454E, version = 1, id = id, capacity = 65536 }
    for key, value in pairs(change or {}) do
        header[key] = value
    end
    local id_bytes = header.id:gsub("-", ""):gsub("..", function(pair)
        return string.char(tonumber(pair, 16))
    end)
    local bytes = ("<I8I4I4c16I8I4I4I8I8I8I8I8I4I4"):pack(header.magic, header.version, 0, id_bytes, 128, 0, 0, 128,
        position, header.capacity, 0, 0, 0, 0) .. ("\0"):rep(32)
    bytes = bytes .. ("\0"):rep(65536 - #bytes)
    helper.write(("%s/trace_%s.bin"):format(directory, id), bytes:sub(1, file_bytes or #bytes))
    return directory
end

function cases.arena(position, change, file_bytes)
    return cases.put_arena(helper.directory(), position, change, file_bytes)
end

function cases.trace_of(log)
    return tracereel.open(log):traces()[1]
end

function cases.checked(nodes)
    return assert(flow.check { nodes = nodes })
end

function cases.engine_of(log, options)
    return forecast.of(cases.trace_of(log), options or {})
end

function cases.says(engine, ...)
    for _, words in ipairs { ... } do
        assert.truthy(engine.reason:find(words, 1, true), ("%q is not in: %s"):format(words, engine.reason))
    end
end

-- Only these keys are compared.
function cases.has(engine, expected)
    for key, value in pairs(expected) do
        if value == tracereel.null then
            assert.is_nil(engine[key], key)
        else
            assert.same(value, engine[key], key)
        end
    end
end

cases.work = "test::work"

-- 0 -> 1 -> 2 (waits) -> 3
function cases.waiting_flow()
    return cases.checked {
        [0] = { type = "trigger::manual" },
        [1] = { type = cases.work, after = { 0 } },
        [2] = { type = "std::wait", after = { 1 }, name = "approve" },
        [3] = { type = cases.work, after = { 2 } },
    }
end

-- 0 -> 1 (a switch) -> 2 or 3, and 4 after both
function cases.switch_flow()
    return cases.checked {
        [0] = { type = "trigger::manual" },
        [1] = { type = "std::switch", after = { 0 } },
        [2] = { type = cases.work, after = { { 1, port = "true" } } },
        [3] = { type = cases.work, after = { { 1, port = "false" } } },
        [4] = { type = cases.work, after = { 2, 3 } },
    }
end

-- Everything lies before the position.
function cases.sound_arena()
    return cases.arena(60000)
end

return cases
