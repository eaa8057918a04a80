-- What the engine does not know of a log, or knows otherwise than the whole log has it, beside what it will recover.
local output = require "tracereel.cli.output"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"

local unknown_traces = {}

local max_shown = 20 -- of one reason, unless all are asked for

---An object's JSON text with `"known_to_engine"` and `"because"` added.
---@param object string
---@param is_known boolean
---@param because string|nil
---@return string
function unknown_traces.mark(object, is_known, because)
    local said = because and ',"because":' .. tracereel.json(because) or ""
    return ('%s%s"known_to_engine":%s%s}'):format(object:sub(1, -2), object == "{}" and "" or ",", is_known, said)
end

---The JSON texts of the unknown traces, in order of ids: of those that the whole log has, all that is known of them.
---@param found { unknown: tracereel.unknown_trace[] } of engine_view.compare
---@return string[]
function unknown_traces.json(found)
    local lines = {}
    for index, one in ipairs(found.unknown) do
        local object = one.trace and one.trace:json() or tracereel.json { trace_id = one.trace_id,
            record_count = one.records }
        lines[index] = unknown_traces.mark(object, false, one.because)
    end
    return lines
end

local function group_by_reason(found)
    local ids_of = {}
    for _, one in ipairs(found.unknown) do
        ids_of[one.because] = ids_of[one.because] or {}
        table.insert(ids_of[one.because], one.trace_id)
    end
    return ids_of
end

local function write_groups(heading, ids_of, is_full)
    output.line("")
    output.line(output.paint("bold", heading))
    for reason, ids in tracereel.sorted(ids_of) do
        output.line("  " .. reason)
        local shown = is_full and #ids or math.min(#ids, max_shown)
        for index = 1, shown do
            output.line("    " .. ids[index])
        end
        if shown < #ids then
            output.line(("    ... and %d more (--full shows them)"):format(#ids - shown))
        end
    end
end

---Writes them for a person; nothing where there are none.
---@param found { unknown: tracereel.unknown_trace[], otherwise: table<string, string> } of engine_view.compare
---@param is_full boolean|nil
function unknown_traces.write(found, is_full)
    if #found.unknown > 0 then
        write_groups(("unknown to the engine, never recovered: %s"):format(text.count(#found.unknown, "trace")),
            group_by_reason(found), is_full)
    end
    local ids_of, count = {}, 0
    for id, reason in tracereel.sorted(found.otherwise) do
        ids_of[reason] = ids_of[reason] or {}
        table.insert(ids_of[reason], id)
        count = count + 1
    end
    if count > 0 then
        write_groups(("with another state in the engine than in the log: %s"):format(text.count(count, "trace")),
            ids_of, is_full)
    end
end

return unknown_traces
