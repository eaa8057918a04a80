-- Outputs of nodes, where the arenas are: a file trace_<uuid>.bin for each trace. The format: a 128-byte header, then
-- data; a node's output is the bytes that its node_done names. The engine reads what is before the header's write
-- position, and writes new outputs from there on. Everything is bounded by the file that is there; every number of 64
-- bits is read as unsigned.
local completion = require "tracereel.log.completion"
local core = require "tracereel.core"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local spans = require "tracereel.log.spans"

local arenas = { header_bytes = 128, write_position_offset = 56, alignment_bytes = 8 }

local magic = 0x584552564152454E
local beside_log, around_log = "LOG/../arenas", "LOG/.."
local version = 1

---@class tracereel.arena_header
---@field write_position_bytes integer the engine reads up to there, and writes from there on
---@field capacity_bytes integer as the header says; the file may have another size
---@field file_bytes integer

---@alias tracereel.arena_problem "absent"|"unreadable"|"damaged"
-- Of a damaged one, where the engine does something else than refuse it: it panics, and it takes it for the trace's.
-- Of an unreadable one, where it is the medium that fails, and not a permission that is missing.
---@alias tracereel.arena_cause "short"|"foreign"|"medium"

---@param directory string
---@param trace_id string
---@return string
function arenas.path(directory, trace_id)
    return ("%s/trace_%s.bin"):format(directory, trace_id)
end

-- ---- where they are ----

-- The directory that a log's directory is in. As it is written, because the engine joins names in the same way: a link
-- named wal has its arenas beside the link.
local function parent_of(path)
    local trimmed = path:gsub("(.)/+$", "%1")
    local parent, name = trimmed:match("^(.*/)([^/]+)$")
    name = name or trimmed
    if name == "." or name == ".." or name == "/" then
        return trimmed .. "/.."
    end
    return parent and parent:gsub("(.)/+$", "%1") or "."
end

local function inside(directory, name)
    return directory == "." and name or (directory:gsub("/$", "")) .. "/" .. name
end

---The directory of a place that arenas.find has returned; any other place is itself a directory.
---@param log_directory string
---@param place string "LOG/../arenas", "LOG/.." or a path
---@return string
function arenas.at(log_directory, place)
    if place == beside_log then
        return inside(parent_of(log_directory), "arenas")
    end
    return place == around_log and parent_of(log_directory) or place
end

---The directory of a log's arenas: the one that was given, or where the engine keeps them. A directory that is given is
---not looked at.
---@param log_path string a directory of segments, or one segment
---@param given string|nil the value of --arenas
---@return string|nil directory nil where the engine's places have none
---@return "--arenas"|"LOG/../arenas"|"LOG/.."|nil found_as
---@return string|nil problem where that cannot be found out
function arenas.find(log_path, given)
    if given then
        return given, "--arenas"
    elseif log_path == "-" then
        return nil
    end
    local kind = files.kind(log_path)
    local log_directory = (kind == nil or kind == "a directory") and log_path or parent_of(log_path)
    local beside, around = arenas.at(log_directory, beside_log), arenas.at(log_directory, around_log)
    local kind_beside, problem = core.file_kind(beside)
    if kind_beside == "a directory" then
        return beside, beside_log
    elseif not kind_beside and problem then
        return nil, nil, problem
    end
    local has_arenas, listing_problem = core.has_entry(around, "trace_", ".bin")
    if has_arenas then
        return around, around_log
    end
    return nil, nil, listing_problem
end

---"arenas: DIR (LOG/../arenas)": what a command says of the directory that it uses; nil where it uses none.
---@param directory string|nil as arenas.find returns it
---@param found_as string|nil
---@return string|nil
function arenas.words(directory, found_as)
    return directory and ("arenas: %s (%s)"):format(directory, found_as)
end

-- ---- one arena ----

local function id_text(bytes)
    return (bytes:gsub(".", function(byte)
        return ("%02x"):format(byte:byte())
    end):gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)", "%1-%2-%3-%4-"))
end

-- Why these are not the first bytes of the trace's arena; nil where they are.
local function header_problem(header, trace_id)
    if #header < arenas.header_bytes then
        return ("it has %d bytes, fewer than an arena's header (%d)"):format(#header, arenas.header_bytes), "short"
    end
    local found_magic, found_version = ("<I8I4"):unpack(header)
    if found_magic ~= magic then
        return ("it does not begin as an arena: %016x expected at offset 0, found %016x"):format(magic, found_magic)
    elseif found_version ~= version then
        return ("version %d of an arena expected at offset 8, found %d"):format(version, found_version)
    end
    local found_id = id_text(header:sub(17, 32))
    if found_id ~= trace_id then
        return ("it is the arena of another trace (offset 16: %s)"):format(found_id), "foreign"
    end
end

---What the first bytes of an arena say.
---@param trace_id string
---@param bytes string the first 128 bytes; fewer where the file has fewer
---@param file_bytes integer
---@return tracereel.arena_header|nil
---@return string|nil problem without the file's name
---@return tracereel.arena_cause|nil cause
function arenas.parse_header(trace_id, bytes, file_bytes)
    local problem, cause = header_problem(bytes, trace_id)
    if problem then
        return nil, problem, cause
    end
    local position, capacity = ("<I8I8"):unpack(bytes, arenas.write_position_offset + 1)
    if math.ult(capacity, position) then
        return nil, ("its write position (%s, offset 56) is beyond its capacity (%s, offset 64)"):format(
            core.unsigned(position), core.unsigned(capacity))
    end
    return { write_position_bytes = position, capacity_bytes = capacity, file_bytes = file_bytes }
end

local function read_at(file, offset, bytes)
    local start, problem = file:seek("set", offset)
    if not start then
        return nil, problem
    end
    return file:read(bytes)
end

-- An open arena and its header. The caller closes the file.
local function open_arena(directory, trace_id)
    local path = arenas.path(directory, trace_id)
    local file, problem, errno = core.open_file(path, true)
    if not file then
        -- What is no file the engine cannot open either, as whichever user it runs.
        local kind = files.is_absent(errno) and "absent" or errno == 0 and "damaged" or "unreadable"
        return nil, problem, kind, core.is_of_medium(errno) and "medium" or nil
    end
    local bytes, size, wrong = nil, file:seek("end")
    if size then
        bytes, wrong = read_at(file, 0, arenas.header_bytes)
    end
    if wrong then
        file:close()
        return nil, ("%s: %s"):format(path, wrong), "unreadable", "medium"
    end
    local header, cause
    header, wrong, cause = arenas.parse_header(trace_id, bytes or "", size)
    if not header then
        file:close()
        return nil, ("%s: %s"):format(path, wrong), "damaged", cause
    end
    return file, header
end

---The header of a trace's arena. The engine's directory is not listed: the file is opened by its name.
---@param directory string
---@param trace_id string
---@return tracereel.arena_header|nil
---@return string|nil problem begins with the file's path
---@return tracereel.arena_problem|nil kind absent: there is no file; damaged: the engine would not open it either, or
---  would read another trace's outputs
---@return tracereel.arena_cause|nil cause
function arenas.header(directory, trace_id)
    local file, header, kind, cause = open_arena(directory, trace_id)
    if not file then
        return nil, header, kind, cause
    end
    file:close()
    return header
end

-- ---- outputs ----

---Would the engine read a node's output from an arena with this header? An output of no bytes is read as well.
---@param header tracereel.arena_header
---@param output tracereel.output
---@return boolean
function arenas.is_within(header, output)
    local finish = spans.finish(output.offset, output.size)
    return not math.ult(header.write_position_bytes, finish) and not math.ult(header.file_bytes, finish)
end

-- The stretches that were written, each with the nodes whose output it is. A routing node passes its input on: its
-- output is at the same place, and has no schema or the same. With another schema it was written anew.
local function written_stretches(completed_nodes, order)
    local written, last_at = {}, {}
    for rank, node in ipairs(order) do
        local output = completed_nodes[node]
        local place = ("%d:%d"):format(output.offset, output.size)
        local before = last_at[place]
        if output.offset == 0 then
            last_at[place] = nil
        elseif before and (output.schema_hash == 0 or output.schema_hash == before.schema_hash) then
            before.nodes[#before.nodes + 1] = node
        else
            last_at[place] = { start = output.offset, finish = spans.finish(output.offset, output.size), rank = rank,
                nodes = { node }, schema_hash = output.schema_hash }
            written[#written + 1] = last_at[place]
        end
    end
    return written
end

---Which of the outputs overlap: the earlier one was overwritten. An output that another node passed on, as
---a switch does, is not.
---@param completed_nodes table<integer, tracereel.output>
---@param order integer[] those nodes, the one that was done first in front (completion.order of the trace)
---@return { node: integer, by: integer }[] each node whose output was overwritten once, ordered by node; `by` was done
---  later than the node that wrote it
function arenas.overlaps(completed_nodes, order)
    local overwritten = {}
    for _, pair in ipairs(spans.covered(written_stretches(completed_nodes, order))) do
        for _, node in ipairs(pair.under.nodes) do
            overwritten[#overwritten + 1] = { node = node, by = pair.over.nodes[1] }
        end
    end
    table.sort(overwritten, function(a, b)
        return a.node < b.node
    end)
    return overwritten
end

---Where the last of the outputs ends: before that, the engine does not read them all.
---@param completed_nodes table<integer, tracereel.output>
---@return integer bytes unsigned; 0 where no node has an output
function arenas.finish_of_outputs(completed_nodes)
    local last = 0
    for _, output in pairs(completed_nodes) do
        local finish = output.offset ~= 0 and spans.finish(output.offset, output.size) or 0
        last = math.ult(last, finish) and finish or last
    end
    return last
end

---The next multiple of 8, which the engine's write positions are.
---@param bytes integer unsigned
---@return integer bytes unsigned; 2^64 - 8 for what is beyond that
function arenas.round_up(bytes)
    local largest = -arenas.alignment_bytes
    return math.ult(largest, bytes) and largest or (bytes + arenas.alignment_bytes - 1) & largest
end

---Where `repair --arenas` sets the write position after outputs that end at `finish`: rounded up, within the arena.
---@return integer|nil position unsigned; nil where the arena ends before that
---@return integer limit where the arena ends
function arenas.position_after(header, finish)
    local limit = math.ult(header.capacity_bytes, header.file_bytes) and header.capacity_bytes or header.file_bytes
    local rounded = arenas.round_up(finish)
    return not math.ult(limit, finish) and (math.ult(limit, rounded) and limit or rounded) or nil, limit
end

-- The node that has overwritten the output of `node`, or nil. Most outputs touch no other: then no order is needed.
local function overwriter(trace, completed_nodes, node)
    local start = completed_nodes[node].offset
    local finish = spans.finish(start, completed_nodes[node].size)
    local is_touched = false
    for other, output in pairs(completed_nodes) do
        is_touched = is_touched or other ~= node
            and spans.overlap(start, finish, output.offset, spans.finish(output.offset, output.size))
    end
    for _, one in ipairs(is_touched and arenas.overlaps(completed_nodes, completion.order(trace)) or {}) do
        if one.node == node then
            return one.by
        end
    end
end

local function read_span(file, output, file_bytes)
    if math.ult(file_bytes, output.offset) or math.ult(file_bytes - output.offset, output.size) then
        return nil, ("the output is %d bytes at %s, the file has %d"):format(output.size,
            core.unsigned(output.offset), file_bytes)
    end
    local bytes, problem = "", nil
    if output.size > 0 then
        bytes, problem = read_at(file, output.offset, output.size)
    end
    if #(bytes or "") ~= output.size then
        return nil, problem or "it became shorter while it was read"
    end
    return bytes
end

local function read_output(directory, trace_id, output)
    local file, header = open_arena(directory, trace_id)
    if not file then
        return nil, header
    end
    local bytes, wrong = read_span(file, output, header.file_bytes)
    file:close()
    if not bytes then
        return nil, ("%s: %s"):format(arenas.path(directory, trace_id), wrong)
    end
    return bytes
end

local forms = {
    bytes = function(bytes)
        return bytes
    end,
    json = function(bytes)
        local value, problem = core.json_decode(bytes)
        return value, problem and "the output is not JSON: " .. problem
    end,
}

local function output_of(directory, trace, node_id)
    local completed_nodes = trace.completed_nodes
    local output = completed_nodes[node_id]
    if not output then
        return nil, ("node %d is not done"):format(node_id)
    elseif output.offset == 0 then
        return nil, ("node %d has no output"):format(node_id)
    end
    local by = overwriter(trace, completed_nodes, node_id)
    if by then
        return nil, ("%s: the output of node %d was overwritten by node %d"):format(arenas.path(directory, trace.id),
            node_id, by)
    end
    return read_output(directory, trace.id, output)
end

---Raises where there is no such directory.
---@param directory string
function arenas.check(directory)
    local as_directory, reason = io.open(directory .. "/.", "rb")
    if not as_directory then
        failure.raise("io", "%s: cannot be opened as a directory of arenas: %s", directory, failure.reason(reason))
    end
    as_directory:close()
end

---Makes trace:output read the arenas in a directory; nil: nowhere.
---@param directory string|nil
---@param note_use nil|fun() called once, before the first output is read
function arenas.open(directory, note_use)
    if directory == nil then
        core.set_output_reader(nil)
        return
    end
    files.check_path("arenas", directory)
    arenas.check(directory)
    core.set_output_reader(function(trace, node_id, form)
        local convert = forms[form or "bytes"]
        if not convert then
            error(('output: "bytes" or "json" expected, got %s'):format(failure.got(form)), 2)
        end
        if note_use then
            note_use()
            note_use = nil
        end
        local bytes, problem = output_of(directory, trace, node_id)
        if not bytes then
            return nil, problem
        end
        return convert(bytes)
    end)
end

---For a command: makes trace:output read the arenas that were given, or those where the engine keeps them.
---Of the latter it is said that they are used, once a script reads them.
---@param log_path string
---@param given string|nil the value of --arenas
---@param say fun(format: string, ...)
---@return string|nil directory
---@return string|nil found_as
function arenas.use(log_path, given, say)
    local directory, found_as, problem = arenas.find(log_path, given)
    local _ = problem and say("whether there are arenas cannot be told: %s; name them with --arenas", problem)
    arenas.open(directory, directory and not given and function()
        say("%s", arenas.words(directory, found_as))
    end or nil)
    return directory, found_as
end

return arenas
