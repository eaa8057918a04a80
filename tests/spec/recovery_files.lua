-- What the specs of apply, undo and repair share: copies of the sample logs, plans made for them, what a log says, read
-- by the state machine, and read by a strict reader that shares no code with the program.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local files = {}

-- One trace of each kind of decision, chosen by the last digit of its id.
files.mixed_script = [[
    return {
      api = 1,
      recover = function(trace, default)
        local choice = tonumber(trace.id:sub(-1), 16) % 5
        return choice == 0 and tracereel.fail("given up")
          or choice == 1 and tracereel.hold("look at it")
          or choice == 2 and tracereel.restart()
          or choice == 3 and tracereel.complete()
          or tracereel.retry { 3 }
      end,
    }
]]

---A copy of a sample log, which may be written to.
function files.copy(name)
    local directory = helper.directory() .. "/log"
    helper.shell(("cp -r %s %s"):format(helper.quote(helper.log(name)), directory))
    return directory
end

---Decides by a script (the mixed one where none is given) and returns the path of the plan.
function files.plan(directory, script, ...)
    local path = helper.directory() .. "/plan.json"
    local arguments = { "recover", helper.script(script or files.mixed_script), directory, "-o", path, ... }
    local result = helper.run(arguments)
    assert(result.status == 0 or result.status == 3, result.stderr)
    return path
end

---Every file of a directory: name to bytes.
function files.contents(directory)
    local contents = {}
    for name in helper.shell("find " .. directory .. " -maxdepth 1 -type f -printf '%f\\n'"):gmatch("[^\n]+") do
        contents[name] = helper.read(directory .. "/" .. name)
    end
    return contents
end

---Only the segments.
function files.segments(directory)
    local segments = {}
    for name, bytes in pairs(files.contents(directory)) do
        if name:find("^wal_%x+%.log$") then
            segments[name] = bytes
        end
    end
    return segments
end

function files.write_all(directory, contents)
    for name, bytes in pairs(contents) do
        helper.write(directory .. "/" .. name, bytes)
    end
end

-- ---- views: what the engine would see of a trace, in one form ----

local function output_text(output)
    return ("%s+%s:%s"):format(reel.unsigned(output.offset), reel.unsigned(output.size),
        reel.unsigned(output.schema_hash))
end

local function view_of(trace)
    local completed = {}
    for node, output in pairs(trace.completed_nodes) do
        completed[node] = output_text(output)
    end
    return {
        status = trace.status,
        started = table.concat(trace.started_nodes, ","),
        completed = completed,
        last = trace.last_completed_node,
        suspended_at = trace.suspended_at,
        suspension_metadata = trace.suspended_at and trace.suspension_metadata or nil,
    }
end

local function views_of(log)
    local views = {}
    for _, trace in ipairs(log:traces()) do
        views[trace.id] = view_of(trace)
    end
    return views
end

---The open traces of a log: id to view.
function files.views(directory)
    return views_of(reel.open(directory))
end

---The same of what the engine reads: of plain segments only.
function files.engine_views(directory)
    return views_of(reel.open(directory, { compressed = false }))
end

-- A number of exact_json's, "#12", as an integer.
local function number_of(text)
    return text ~= "#null" and math.tointeger(tonumber(text:sub(2))) or nil
end

local function view_of_plan(object)
    local started, completed = {}, {}
    for index, node in ipairs(object.started_nodes) do
        started[index] = number_of(node)
    end
    for _, one in ipairs(object.completed_nodes) do
        completed[number_of(one.node)] = ("%s+%s:%s"):format(one.offset, one.size:sub(2), one.schema_hash)
    end
    local suspended_at = number_of(object.suspended_at)
    return {
        status = object.status,
        started = table.concat(started, ","),
        completed = completed,
        last = number_of(object.last_completed_node),
        suspended_at = suspended_at,
        suspension_metadata = suspended_at and object.suspension_metadata or nil,
    }
end

---What a plan says of the traces that are open in the state `key`, "before" or "after".
function files.plan_views(plan_path, key)
    local views = {}
    for _, one in ipairs(files.plan_object(plan_path).traces) do
        if one[key].open then
            views[one.trace_id] = view_of_plan(one[key])
        end
    end
    return views
end

function files.plan_object(plan_path)
    return require "tests.spec.exact_json"(helper.read(plan_path))
end

-- ---- a strict reader ----

local crc_table = {}
for byte = 0, 255 do
    local value = byte
    for _ = 1, 8 do
        value = value & 1 == 1 and 0xEDB88320 ~ value >> 1 or value >> 1
    end
    crc_table[byte] = value
end

local function crc32(bytes)
    local value = 0xFFFFFFFF
    for position = 1, #bytes do
        value = crc_table[(value ~ bytes:byte(position)) & 0xFF] ~ value >> 8
    end
    return value ~ 0xFFFFFFFF
end

files.crc32 = crc32

---The records of a segment's bytes, each as its bytes; nil and the offset of the first byte that is in no valid record.
function files.strict_records(bytes)
    local records, offset = {}, 0
    while offset < #bytes do
        local left = #bytes - offset
        local length, sum, kind = 0, 0, 0
        if left >= 69 then
            length, sum, kind = ("<I4I4I1"):unpack(bytes, offset + 1)
        end
        if length < 69 or length > left or kind > 10
            or crc32(bytes:sub(offset + 30, offset + length)) ~= sum then
            return nil, offset
        end
        records[#records + 1] = bytes:sub(offset + 1, offset + length)
        offset = offset + length
    end
    return records
end

---Every record of a log, in order of the segments' names, read strictly.
---@return string[]|nil records
---@return string|nil where reading stopped
function files.strict_log(directory)
    local segments, names, all = files.segments(directory), {}, {}
    for name in pairs(segments) do
        names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
        local records, offset = files.strict_records(segments[name])
        if not records then
            return nil, name .. ":" .. offset
        end
        table.move(records, 1, #records, #all + 1, all)
    end
    return all
end

return files
