-- The files that a case's commands work on: a log with its arenas, and what is given beside it, each as it should be or
-- nearly so.
local files = require "tests.fuzz.parts.files"
local mutation = require "tests.fuzz.parts.mutation"
local random = require "tests.fuzz.parts.random"

local workspace = {}

local function list(command)
    local lines = {}
    for line in files.shell(command):gmatch("[^\n]+") do
        lines[#lines + 1] = line
    end
    return lines
end

local logs = list("find tests/fixtures examples -name 'wal_*' -printf '%h\\n' | LC_ALL=C sort -u")
local flows_lua = { "examples/killed/orders.flow.lua" }
local flows_yaml = list("ls tests/fixtures/logs-engine/*.yaml examples/killed/*.yaml")
local scenarios = list("ls tests/fuzz/parts/scenarios/*.lua examples/rush_hour.lua")
local scripts = list("ls lua/tracereel/scripts/*.lua examples/*.lua tests/fuzz/parts/scripts/*.lua | grep -v rush_hour")
local debug_commands = { "tests/fixtures/debug/orders.commands" }

-- That it is a directory, or is not there, is a case, too.
local function put(directory, name, sources, share)
    local text = assert(files.read(random.one(sources)))
    files.write(directory .. "/" .. name, random.chance(share) and mutation.text(text) or text)
end

local function change_segments(directory)
    for _, path in ipairs(files.below(directory)) do
        if random.chance(0.5) then
            local whole = directory .. "/" .. path
            local bytes = files.read(whole)
            local change = path:find("%.log$") and mutation.segment or path:find("%.snap$") and mutation.text
                or mutation.bytes
            files.write(whole, change(bytes))
        end
    end
end

-- A file more, of a name that means something.
local function add_file(directory)
    local name = random.one({ "wal_00.log", "wal_ffffffffffffffff.log", "wal_0000000000000005.log",
        "wal_0000000000000001.log.gz", "wal_.log", "tracereel.journal", "wal_0000000000000003.log.new",
        "wal_0000000000000000.log.zst", "notes.txt" })
    local bytes = files.read(directory .. "/wal_0000000000000000.log") or ""
    files.write(directory .. "/" .. name, random.one({ "", bytes, mutation.bytes(bytes), "{}\n",
        '{"id":"x","state":"intent","action":"apply","segment":"wal_0000000000000005.log"}\n' }))
end

local function change_arenas(directory)
    for _, path in ipairs(files.below(directory)) do
        if random.chance(0.2) then
            local whole = directory .. "/" .. path
            files.write(whole, mutation.bytes(files.read(whole)))
        end
    end
end

---Fills an empty directory: wal, arenas (sometimes), flow.lua, flow.yaml, scenario.lua, script.lua, script2.lua, input,
---and out for what is written.
---@param directory string
function workspace.fill(directory)
    local from = files.absolute(random.one(logs))
    local has_arenas = files.shell(("cd %s && mkdir out && cp -R %s wal && [ -d %s/../arenas ] && cp -R %s/../arenas . "
        .. "&& echo yes || true"):format(files.quote(directory), from, from, from)) ~= ""
    if random.chance(0.7) then
        change_segments(directory .. "/wal")
    end
    if random.chance(0.15) then
        add_file(directory .. "/wal")
    end
    if has_arenas and random.chance(0.5) then
        change_arenas(directory .. "/arenas")
    end
    put(directory, "flow.lua", flows_lua, 0.5)
    put(directory, "flow.yaml", flows_yaml, 0.6)
    put(directory, "scenario.lua", scenarios, 0.6)
    put(directory, "script.lua", scripts, 0.2)
    put(directory, "script2.lua", scripts, 0.2)
    put(directory, "input", debug_commands, 0.7)
end

-- The last line of a plan names the SHA-256 of what is before it.
local function sealed(text, directory)
    local body = text:match('^(.*\n)"sha256":')
    if not body then
        return text
    end
    files.write(directory .. "/plan.body", body)
    local sum = files.shell(("sha256sum <%s"):format(files.quote(directory .. "/plan.body"))):match("%x+")
    os.remove(directory .. "/plan.body")
    return ('%s"sha256":"%s"}\n'):format(body, sum)
end

---Changes what a command before has written there.
---@param directory string
---@param path string
function workspace.change(directory, path)
    local text = files.read(directory .. "/" .. path)
    if text then
        text = mutation.text(text)
        files.write(directory .. "/" .. path, path:find("plan") and random.chance(0.8) and sealed(text, directory)
            or text)
    end
end

-- The UUID of a record's 16 bytes.
local function id_text(bytes)
    return (("%02x"):rep(16):format(bytes:byte(1, 16)):gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)",
        "%1-%2-%3-%4-"))
end

---The ids of a log's traces, as far as they are in the beginnings of its segments; at least one.
---@param directory string
---@return string[]
function workspace.trace_ids(directory)
    local ids, seen = {}, {}
    for _, path in ipairs(files.below(directory .. "/wal")) do
        local bytes = path:find("%.log$") and files.read(directory .. "/wal/" .. path) or ""
        for _, record in ipairs(mutation.records(bytes)) do
            local id = id_text(record:sub(10, 25))
            if not seen[id] then
                seen[id] = true
                ids[#ids + 1] = id
            end
        end
    end
    return #ids > 0 and ids or { "00000000-0000-0000-0000-000000000000" }
end

return workspace
