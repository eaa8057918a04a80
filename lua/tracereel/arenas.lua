-- Outputs of nodes, where the arenas are: a file trace_<uuid>.bin for each trace. The format: an 128-byte header, then
-- data; a node's output is the bytes that its node_done names. Everything is bounded by the file that is there.
local core = require "tracereel.core"
local failure = require "tracereel.failure"
local files = require "tracereel.files"

local arenas = {}

local header_bytes = 128
local magic = 0x584552564152454E

-- Why these are not the first bytes of the trace's arena; nil where they are.
local function header_problem(header, trace_id)
    if #header < header_bytes then
        return ("it has %d bytes, fewer than an arena's header"):format(#header)
    end
    local found_magic, version = ("<I8I4"):unpack(header)
    if found_magic ~= magic then
        return "it does not begin as an arena"
    elseif version ~= 1 then
        return ("version 1 of an arena expected, found %d"):format(version)
    end
    local id = header:sub(17, 32):gsub(".", function(byte)
        return ("%02x"):format(byte:byte())
    end)
    if id ~= trace_id:gsub("-", "") then
        return "it is the arena of another trace"
    end
end

local function read_span(file, offset, size)
    local file_size = file:seek("end")
    if math.ult(file_size, offset) or file_size - offset < size then
        return nil, ("the output is %d bytes at %d, the file has %d"):format(size, offset, file_size)
    end
    file:seek("set", offset)
    local bytes = size > 0 and file:read(size) or ""
    if #(bytes or "") ~= size then
        return nil, "it became shorter while it was read"
    end
    return bytes
end

local function read_output(path, trace_id, output)
    local file, problem = files.open(path)
    if not file then
        return nil, problem
    end
    local wrong = header_problem(file:read(header_bytes) or "", trace_id)
    local bytes
    if not wrong then
        bytes, wrong = read_span(file, output.offset, output.size)
    end
    file:close()
    if not bytes then
        return nil, path .. ": " .. wrong
    end
    return bytes
end

local forms = {
    bytes = function(bytes)
        return bytes
    end,
    json = function(bytes)
        local value, problem = require("tracereel").json_decode(bytes)
        return value, problem and "the output is not JSON: " .. problem
    end,
}

---Makes trace:output read the arenas in a directory; nil: nowhere.
---@param directory string|nil
function arenas.open(directory)
    if directory == nil then
        core.set_output_reader(nil)
        return
    end
    local as_directory, reason = io.open(directory .. "/.", "rb")
    if not as_directory then
        failure.raise("io", "%s: cannot be opened as a directory of arenas: %s", directory, failure.reason(reason))
    end
    as_directory:close()
    core.set_output_reader(function(trace, node_id, form)
        local convert = forms[form or "bytes"]
        if not convert then
            error(('output: "bytes" or "json" expected, got %s'):format(failure.got(form)), 2)
        end
        local output = trace.completed_nodes[node_id]
        if not output then
            return nil, ("node %d is not done"):format(node_id)
        elseif output.offset == 0 then
            return nil, ("node %d has no output"):format(node_id)
        end
        local path = ("%s/trace_%s.bin"):format(directory, trace.id)
        local bytes, problem = read_output(path, trace.id, output)
        if not bytes then
            return nil, problem
        end
        return convert(bytes)
    end)
end

return arenas
