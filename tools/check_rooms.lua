-- Checks which modules of lua/tracereel require which: rooms in their order, no circle, and who may use what the C side
-- gives. One line for each offence, exit 1 if there is any. Run from the root: lua5.4 tools/check_rooms.lua

-- The rooms, lowest first: the folders of lua/tracereel, and the modules beside them. A module may require those of its
-- own room and of the rooms below.
local rooms = {
    "util", "base", "log", "cli", "flow", "timing", "where", "forecast", "script", "recovery", "render", "partial",
    "export", "extract", "simulation", "backtest", "crashtest", "debugger", "import", "top", "commands",
    "program",
}

-- The modules beside the folders: the room whose neighbours they are.
local room_of_root = {
    ["tracereel.base"] = "base", ["tracereel.api"] = "script", ["tracereel"] = "script", ["tracereel.cli"] = "program",
}

-- Who may use tracereel.core, the engine: all others use tracereel.base or the public module, as scripts do.
local core_users = [[
    api base cli cli.exit_codes cli.new_directory cli.new_file cli.workers crashtest extract.copy
    export.lanes export.layout export.numbers export.stats flow.beside import.input import.out init
    log.arenas log.completion log.engine_reader log.node_names log.record_types log.segment_identity
    partial.file partial.job program.parser recovery recovery.answer
    recovery.journal recovery.plan recovery.repair recovery.repaired recovery.convergence
    recovery.writing script script.decision script.modules script.runner script.sandbox script.text_methods simulation
    timing.gather timing.group_list timing.group_timings timing.grouping timing.node_list timing.report
    util.content_hash util.failure util.files util.traversal
]]

-- Who may use tracereel.host, the program around the Lua state: modules that plain lua5.4 never loads.
local program_modules = [[
    cli.limits cli.new_directory cli.terminal commands.debug commands.dump commands.export commands.import commands.run
    commands.top crashtest.small_log debugger.stops program.completion script.pace simulation.saved_faults
    simulation.workplace util.host util.temporary_directory
]]

-- Who may use tracereel.util.host, which is that or an empty table.
local host_users = [[
    cli.logs cli.output cli.progress cli.workers recovery.mending recovery.positions recovery.writing script.sandbox
    util.files
]]

local offences = 0

local function report(path, line_number, text, ...)
    offences = offences + 1
    print(("%s:%d: " .. text):format(path, line_number, ...))
end

local rank_of = {}
for rank, room in ipairs(rooms) do
    rank_of[room] = rank
end

local function words(text)
    local set = {}
    for word in text:gmatch("%S+") do
        set[word == "init" and "tracereel" or "tracereel." .. word] = true
    end
    return set
end

local reserved = {
    ["tracereel.core"] = words(core_users),
    ["tracereel.host"] = words(program_modules),
    ["tracereel.util.host"] = words(host_users),
}

local function module_of(path)
    return (path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", "."))
end

local function room_of(name)
    return room_of_root[name] or name:match("^tracereel%.([%w_]+)")
end

-- Every module: its room, and which others it requires, each with its line.
local modules = {}
local list = assert(io.popen("find lua/tracereel -name '*.lua' ! -path '*/library/*' ! -path '*/scripts/*' "
    .. "! -path '*/importers/*' | sort"))
for path in list:lines() do
    local one = { path = path, name = module_of(path), requires = {} }
    local line_number = 0
    for line in io.lines(path) do
        line_number = line_number + 1
        for name in (line:match("^%s*%-%-") and "" or line):gmatch('require%s*[,(]?%s*["\'](tracereel[%w_.]*)["\']') do
            one.requires[#one.requires + 1] = { name = name, line = line_number }
        end
    end
    modules[#modules + 1] = one
    modules[one.name] = one
end

local function check_require(one, required)
    local users = reserved[required.name]
    if users then
        if not users[one.name] then
            report(one.path, required.line, "may not use %s: the table in tools/check_rooms.lua says who may",
                required.name)
        end
        return
    end
    local own, other = room_of(one.name), room_of(required.name:gsub("%.$", ""))
    if not rank_of[own] or not rank_of[other] then
        report(one.path, required.line, "the room %s is not in the table of tools/check_rooms.lua",
            rank_of[own] and other or own)
    elseif rank_of[other] > rank_of[own] then
        report(one.path, required.line, "the room %s is below %s, and may not require %s", own, other, required.name)
    elseif not modules[required.name] and not required.name:find("%.$") then
        report(one.path, required.line, "there is no module %s", required.name)
    end
end

-- Depth first: a module that is reached while it is being looked at closes a circle.
local state_of = {}
local function look_for_circle(one, way)
    state_of[one.name] = "open"
    way[#way + 1] = one.name
    for _, required in ipairs(one.requires) do
        local other = modules[required.name]
        if other and state_of[other.name] == "open" then
            report(one.path, required.line, "closes a circle: %s -> %s", table.concat(way, " -> "), other.name)
        elseif other and not state_of[other.name] then
            look_for_circle(other, way)
        end
    end
    way[#way] = nil
    state_of[one.name] = "done"
end

for _, one in ipairs(modules) do
    for _, required in ipairs(one.requires) do
        check_require(one, required)
    end
    if not state_of[one.name] then
        look_for_circle(one, {})
    end
end

-- A name in the tables above that needs it no more is an offence, too.
for module, users in pairs(reserved) do
    for _, one in ipairs(modules) do
        local uses = false
        for _, required in ipairs(one.requires) do
            uses = uses or required.name == module
        end
        if users[one.name] and not uses then
            report("tools/check_rooms.lua", 1, "%s is said to use %s, and does not", one.name, module)
        end
    end
end

if offences > 0 or #modules == 0 then
    os.exit(1)
end
