-- Checks what no compiler does: which file includes and requires which, and how long files are. One line for each
-- offence, exit 1 if there is any. Run from the root: lua5.4 tools/check_layers.lua

-- The engine's layers, lowest first. A file belongs to the layer that lists its name without the ending, and may
-- include its own layer and those below.
local layers = {
    { "status", "fail" },
    { "bytes", "pool", "utf8", "span_crc", "digest" },
    { "record", "record_view" },
    { "json", "json_reader" },
    { "source", "mapping", "descriptor", "new_file", "segment_file", "segment_list" },
    { "snapshot", "snapshot_store" },
    { "log", "gap", "segment_reader", "segment_walk", "follow", "log_open", "log_state" },
    { "trace", "trace_json", "trace_store", "started_nodes", "traces", "transition", "shape" },
    { "replay", "history" },
    { "histogram", "activity" },
    { "timing", "spans", "timing_merge", "timing_parts", "worst_traces" },
    { "writer" },
    { "held_log" },
    { "simulation", "spool", "event_queue", "recording", "program", "simulated_log", "simulation_parts",
        "simulation_rules", "simulation_steps", "simulation_events", "simulation_faults", "simulation_crash",
        "watched_trace", "node_views", "loop_draft", "loops", "loop_parts", "loop_bodies", "loop_change",
        "simulation_loops" },
}

-- The order alone would allow these: only replay sees both a log and traces.
local strangers = {
    trace = { log = true, source = true },
    writer = { trace = true, replay = true },
    held_log = { trace = true, replay = true, writer = true },
    histogram = { log = true, trace = true, replay = true },
}

local longest_file = 400

-- Headers that few files may include: pattern of the header, patterns of the files.
local reserved = {
    { "^zlib%.h$", { "^src/source%.c$", "^tests/c/log_fixture%.h$" } }, -- the tests compute CRCs by other code
    { "^lua%.h$", { "^src/lua/", "^src/main%.c$" } },
    { "^lauxlib%.h$", { "^src/lua/", "^src/main%.c$" } },
    { "^lualib%.h$", { "^src/lua/", "^src/main%.c$" } },
}

-- Lua modules that few files may require, in the same way.
local reserved_modules = {
    { "^tracereel%.core$", { "^lua/tracereel/[^/]*%.lua$", "^lua/tracereel/recovery/", "^tests/" },
        "commands and scripts use the public API" },
    { "^tracereel%.", { "^lua/tracereel/", "^tests/" }, "examples use what every script has: require \"tracereel\"" },
}

local offences = 0

local function report(path, line_number, text, ...)
    offences = offences + 1
    print(("%s:%d: " .. text):format(path, line_number, ...))
end

local function list(command)
    local paths = {}
    for path in assert(io.popen(command)):lines() do
        paths[#paths + 1] = path
    end
    return paths
end

local function matches_any(text, patterns)
    for _, pattern in ipairs(patterns) do
        if text:find(pattern) then
            return true
        end
    end
    return false
end

local rank_of, layer_of = {}, {}
for rank, names in ipairs(layers) do
    for _, name in ipairs(names) do
        rank_of[name], layer_of[name] = rank, names[1]
    end
end

local function base_name(path)
    return path:match("([^/]+)%.%w+$")
end

local function check_engine_include(path, line_number, header)
    local name, included = base_name(path), base_name(header)
    if not rank_of[name] or not rank_of[included] then
        return -- said once, by check_has_layer
    end
    local stranger = strangers[layer_of[name]]
    if rank_of[included] > rank_of[name] or stranger and stranger[layer_of[included]] then
        report(path, line_number, "%s (layer %s) may not include %s (layer %s)", name, layer_of[name], header,
            layer_of[included])
    end
end

local function check_has_layer(path)
    if path:find("^src/[^/]*$") and path ~= "src/main.c" or path:find("^include/") then
        if not rank_of[base_name(path)] then
            report(path, 1, "belongs to no layer: add it to the table in tools/check_layers.lua")
        end
    end
end

local function exists(path)
    local file = io.open(path)
    return file ~= nil and file:close()
end

local function check_quoted(path, line_number, header)
    if header:find("..", 1, true) then
        report(path, line_number, "include %s from include/ or src/, not by way of ..", header)
    elseif path:find("^src/lua/") then
        if not header:find("^tracereel/") and not exists("src/lua/" .. header:gsub("^lua/", "")) then
            report(path, line_number, "src/lua uses the public headers and its own, not %s", header)
        end
    elseif path:find("^include/") then
        if not header:find("^tracereel/") then
            report(path, line_number, "a public header includes public headers only, not %s", header)
        end
        check_engine_include(path, line_number, header)
    elseif path:find("^src/[^/]*$") and path ~= "src/main.c" then
        check_engine_include(path, line_number, header)
    elseif path:find("^tests/bench/") and not header:find("^tracereel/") then
        report(path, line_number, "a benchmark uses what every C program has, the public headers, not %s", header)
    end
end

local function check_reserved(path, line_number, name, rules)
    for _, rule in ipairs(rules) do
        if name:find(rule[1]) and not matches_any(path, rule[2]) then
            report(path, line_number, "may not use %s%s", name, rule[3] and ": " .. rule[3] or "")
        end
    end
end

local function check_c_line(path, line_number, line)
    local open, header = line:match('^%s*#%s*include%s*([<"])([^>"]+)')
    if open == '"' then
        check_quoted(path, line_number, header)
    elseif open == "<" then
        check_reserved(path, line_number, header, reserved)
    end
end

local function check_lua_line(path, line_number, line)
    for name in line:gmatch('require%s*%(?%s*["\']([%w_.]+)["\']') do
        check_reserved(path, line_number, name, reserved_modules)
    end
end

local function check_file(path, check_line)
    local line_number = 0
    for line in assert(io.open(path)):lines() do
        line_number = line_number + 1
        check_line(path, line_number, line)
    end
    if line_number > longest_file then
        report(path, line_number, "a file has at most %d lines", longest_file)
    end
end

local c_files = list("find include src tests -name '*.[ch]' | sort")
for _, path in ipairs(c_files) do
    check_has_layer(path)
    check_file(path, check_c_line)
end
for _, path in ipairs(list("find lua examples tests tools -name '*.lua' ! -name '*.d.lua' | sort")) do
    check_file(path, check_lua_line)
end

if offences > 0 or #c_files == 0 then
    os.exit(1)
end
