-- Recordings of other engines, for `import`: for each bundled importer the fixtures, those in recordings/ that have its
-- name, and what `export` writes in a format of its name; each as it should be, or nearly so.
local campaign = require "tests.fuzz.parts.campaign"
local files = require "tests.fuzz.parts.files"
local mutation = require "tests.fuzz.parts.mutation"
local random = require "tests.fuzz.parts.random"

local recordings = {}

-- Fixtures whose names do not begin with the importer's.
local beginnings = { wfformat = "wf-", csv = "consulta" }

local formats, sources_of = {}, {}

local function list(command)
    local lines = {}
    for line in files.shell(command .. " 2>/dev/null || true"):gmatch("[^\n]+") do
        lines[#lines + 1] = line
    end
    return lines
end

local function add_exported(format, directory)
    local path = ("%s/exported.%s"):format(directory, format)
    files.shell(("ASAN_OPTIONS=detect_leaks=0 %s export --format %s tests/fixtures/logs/restarted >%s"):format(
        files.quote(campaign.program), format, path))
    table.insert(sources_of[format], path)
end

---Learns what importers the program has.
---@param directory string for recordings that are made now
function recordings.learn(directory)
    for _, path in ipairs(list("ls lua/tracereel/importers/*.lua")) do
        local format = path:match("([%w_]+)%.lua$")
        formats[#formats + 1] = format
        sources_of[format] = list(("ls tests/fixtures/foreign/%s* tests/fuzz/parts/recordings/%s[.-]*"):format(
            beginnings[format] or format, format))
        if #list(("ls lua/tracereel/export/formats/%s.lua"):format(format)) > 0 then
            add_exported(format, directory)
        end
        assert(#sources_of[format] > 0, "no recording of " .. format)
    end
end

---Puts one or two recordings of a format into a directory.
---@param directory string
---@return { format: string, paths: string[] } recorded paths: within the directory
function recordings.put(directory)
    local format = random.one(formats)
    local recorded = { format = random.chance(0.9) and format or random.one(formats), paths = {} }
    for index = 1, random.one({ 1, 1, 1, 2 }) do
        local source = random.one(sources_of[format])
        local text = assert(files.read(source))
        recorded.paths[index] = ("recorded%d.%s"):format(index, source:match("%w+$"))
        files.write(directory .. "/" .. recorded.paths[index], random.chance(0.8) and mutation.text(text) or text)
    end
    return recorded
end

return recordings
