-- The file of a partial result: a line with its format, a header in JSON, the result in CBOR, and a checksum of them.
local core = require "tracereel.core"
local exact_json = require "tracereel.partial.exact_json"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local new_file = require "tracereel.cli.new_file"
local shape = require "tracereel.partial.shape"

local partial_file = {}

local format = 1
local magic = "tracereel-partial "
local sum_bytes = 65 -- digits and the end of their line

---The bytes of a partial. The result, and header.result_bytes, are its CBOR.
---@param header table
---@param result any
---@return string
function partial_file.bytes(header, result)
    local value = core.cbor_encode(result, "the result")
    header.result_bytes = #value
    local body = ("%s%d\n%s\n%s"):format(magic, format, exact_json.text(header), value)
    return body .. core.sha256(body) .. "\n"
end

-- A header and where the result begins; nil and what is wrong.
local function parse_header(bytes)
    local number, at = bytes:match("^" .. magic:gsub("%-", "%%-") .. "(%d+)\n()")
    if not number then
        return nil, bytes == "" and "it is empty" or "it is no partial result of tracereel's"
    elseif number ~= tostring(format) then
        return nil, ("it has the format %s, and this version of tracereel reads %d"):format(number, format)
    elseif #bytes < at - 1 + sum_bytes or bytes:sub(-sum_bytes) ~= core.sha256(bytes:sub(1, -sum_bytes - 1)) .. "\n"
    then
        return nil, "its checksum is wrong: it was cut short or changed"
    end
    local line, start = bytes:match("([^\n]*)\n()", at)
    local header, problem = exact_json.value(line)
    problem = problem or shape.problem(header)
    if problem then
        return nil, "its header is not right: " .. problem
    end
    return header, start
end

---The header and the bytes of the result; nil and what is wrong, in words that go on after the file's name.
---@param bytes string
---@return table|nil header
---@return string result or the problem
function partial_file.parse(bytes)
    local header, start = parse_header(bytes)
    if not header then
        return nil, start
    end
    local value = bytes:sub(start, -sum_bytes - 1)
    if #value ~= header.result_bytes then
        return nil, ("its result has %d bytes, and its header says %d"):format(#value, header.result_bytes)
    end
    return header, value
end

-- What is wrong is said with the way out of it.
local function refuse(path, problem)
    failure.raise("refused", "%s: %s; make it again, under another name or after removing this one", path, problem)
end

-- The bytes of an open file; of one that is no partial, which can be of any size, only the beginning.
local function read_open(file)
    if not file:seek("set") then
        return nil, "partials are read twice, and a pipe can be read only once: save it to a file"
    end
    local beginning, problem = file:read(#magic)
    if beginning ~= magic then
        return beginning or not problem and "", problem
    end
    file:seek("set")
    return file:read("a")
end

local function read_bytes(path)
    local file, problem = files.open(path)
    if not file then
        failure.raise("io", "cannot read the partial: %s", problem)
    end
    local bytes
    bytes, problem = read_open(file)
    file:close()
    return bytes or failure.raise("io", "cannot read the partial: %s: %s", path, problem)
end

---The header of a partial, which was read whole and is right. Raises "refused" where it is not.
---@param path string
---@return table header
---@return string sha256 of the whole file
function partial_file.header(path)
    local bytes = read_bytes(path)
    local header, problem = partial_file.parse(bytes)
    if not header then
        refuse(path, problem)
    end
    return header, core.sha256(bytes)
end

---The result of a partial whose header was read before.
---@param path string
---@param sha256 string of what it was then
---@return any
function partial_file.result(path, sha256)
    local bytes = read_bytes(path)
    if core.sha256(bytes) ~= sha256 then
        failure.raise("refused", "%s: it was changed while partials were merged", path)
    end
    local _, value = partial_file.parse(bytes)
    local result, problem = core.cbor_decode(value)
    if problem then
        refuse(path, "its result is not right: " .. problem)
    end
    return result
end

---Writes a partial that is not there yet; whole and durable, or not at all.
---@param path string
---@param bytes string
function partial_file.write(path, bytes)
    new_file.create(path, bytes)
end

return partial_file
