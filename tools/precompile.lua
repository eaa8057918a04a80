-- Compiles the program's Lua files into one, which src/lua/host_precompiled.c reads. The paths in it are those at which
-- the program will find the files.
--
--     lua5.4 tools/precompile.lua OUTPUT DIRECTORY [FILE...]
--
-- DIRECTORY: of the Lua files, as the program writes it in front of tracereel/...; FILE: lua/tracereel/... in this
-- tree. argparse is compiled, too.
local output, directory = arg[1], arg[2]

local crc_table = {}
for byte = 0, 255 do
    local value = byte
    for _ = 1, 8 do
        value = value & 1 == 1 and value >> 1 ~ 0xEDB88320 or value >> 1
    end
    crc_table[byte] = value
end

local function crc32(text)
    local crc = 0xFFFFFFFF
    for first = 1, #text, 4096 do
        for _, byte in ipairs { text:byte(first, math.min(first + 4095, #text)) } do
            crc = crc >> 8 ~ crc_table[(crc ~ byte) & 0xFF]
        end
    end
    return crc ~ 0xFFFFFFFF
end

local function read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("a")
    file:close()
    return text
end

local entries = {}

local function add(path, read_from)
    local source = read(read_from)
    local chunk = string.dump(assert(load(source, "@" .. path, "t")))
    entries[#entries + 1] = { crc = crc32(path .. "\0" .. source), bytes = #source, chunk = chunk }
end

-- Scripts and importers are compiled in their sandbox; library/ is for editors.
for index = 3, #arg do
    local name = arg[index]:match("^lua/(tracereel/.*%.lua)$")
    local room = name and name:match("^tracereel/(%w+)/")
    if name and room ~= "library" and room ~= "scripts" and room ~= "importers" then
        add(directory .. "/" .. name, arg[index])
    end
end
local argparse = package.searchpath("argparse", package.path)
if argparse and argparse:sub(1, 1) == "/" then
    add(argparse, argparse)
end
table.sort(entries, function(a, b)
    return a.crc < b.crc
end)

local process = assert(io.popen("lua5.4 -v", "r"))
local release = process:read("a"):match("^Lua %d+%.%d+%.%d+")
process:close()
local rows, chunks, offset = {}, {}, 40 + 20 * #entries
for index, one in ipairs(entries) do
    rows[index] = ("I4I4I4I4I4"):pack(one.crc, one.bytes, offset, #one.chunk, crc32(one.chunk))
    chunks[index] = one.chunk
    offset = offset + #one.chunk
end
rows = table.concat(rows)
local file = assert(io.open(output, "wb"))
assert(file:write(("c8c24I4I4"):pack("trclua01", release, #entries, crc32(rows)), rows, table.concat(chunks)))
assert(file:close())
