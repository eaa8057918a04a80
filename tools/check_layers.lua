-- Checks what no compiler does: which file includes which, and how long files are. One line for each
-- offence, exit 1 if there is any. Run from the root: lua5.4 tools/check_layers.lua

-- The engine's layers, lowest first: the folders of src. A file may include those of its own folder and of those below.
-- A public header belongs to the folder of the .c that has its name.
local layers = {
    "bytes", "record", "json", "files", "snapshot", "log", "trace", "replay", "histogram", "aggregate",
    "timing", "writing", "import", "simulation",
}

-- The order alone would allow these: only replay sees both a log and traces.
local strangers = {
    trace = { log = true, files = true },
    writing = { trace = true, replay = true },
    histogram = { log = true, trace = true, replay = true },
    aggregate = { json = true, files = true, snapshot = true, log = true, trace = true, replay = true },
}

-- What the Lua binding may include of the engine beside the public headers.
local binding_headers = {
    ["aggregate/aggregate.h"] = true,
    ["aggregate/group_table.h"] = true,
    ["aggregate/packed.h"] = true,
    ["bytes/digest.h"] = true,
    ["bytes/digits.h"] = true,
    ["bytes/pool.h"] = true,
    ["files/command.h"] = true,
    ["files/descriptor.h"] = true,
    ["files/file_kind.h"] = true,
    ["files/temporary.h"] = true,
    ["bytes/utf8.h"] = true,
    ["import/csv.h"] = true,
    ["import/draft.h"] = true,
    ["import/input_stream.h"] = true,
    ["import/name_table.h"] = true,
    ["import/otlp_document.h"] = true,
    ["import/otlp_span.h"] = true,
    ["import/row_attempt.h"] = true,
    ["import/time_text.h"] = true,
    ["import/trace_text.h"] = true,
    ["import/waiting_spans.h"] = true,
    ["json/json_reader.h"] = true,
    ["json/lines.h"] = true,
    ["json/room.h"] = true,
    ["record/text.h"] = true,
    ["trace/shape.h"] = true,
}

local max_file_lines = 400

-- Headers that few files may include: pattern of the header, patterns of the files.
local reserved = {
    -- The tests compute CRCs by other code.
    { "^zlib%.h$", { "^src/files/inflater%.c$", "^tests/c/log_fixture%.h$" } },
    { "^lua%.h$", { "^src/lua/", "^src/main%.c$", "^tests/c/failing_memory_module%.c$" } },
    { "^lauxlib%.h$", { "^src/lua/", "^src/main%.c$", "^tests/c/failing_memory_module%.c$" } },
    { "^lualib%.h$", { "^src/lua/", "^src/main%.c$" } },
}

-- Lua modules that few files may require, in the same way.
local reserved_modules = {
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

local rank_of = {}
for rank, layer in ipairs(layers) do
    rank_of[layer] = rank
end

-- The layer of a file, or of a header as it is included; nil outside the engine.
-- By name; of a header that has types only, and so no .c, it stands here.
local layer_of_public = { scenario = "simulation" }
local function layer_of(path)
    local layer = path:gsub("^src/", ""):match("^([%w_]+)/")
    return rank_of[layer] and layer or layer_of_public[path:match("tracereel/([%w_]+)%.h$")]
end

local function check_engine_include(path, line_number, header)
    local layer, included = layer_of(path), layer_of(header)
    if not layer or not included then
        return -- said once, by check_has_layer
    end
    local stranger = strangers[layer]
    if rank_of[included] > rank_of[layer] or stranger and stranger[included] then
        report(path, line_number, "the layer %s may not include %s, of the layer %s", layer, header, included)
    end
end

local function is_engine(path)
    return path:find("^src/") and path ~= "src/main.c" and not path:find("^src/lua/")
end

-- For programs that use the library: the engine's own files include what they need.
local header_of_all = "tracereel/tracereel.h"

local function check_has_layer(path)
    local is_header_of_all = path == "include/" .. header_of_all
    if (is_engine(path) or path:find("^include/")) and not is_header_of_all and not layer_of(path) then
        report(path, 1, "belongs to no layer: its folder, or that of the .c with its name, is not in the table of "
            .. "tools/check_layers.lua")
    end
end

local function exists(path)
    local file = io.open(path)
    return file ~= nil and file:close()
end

local function check_quoted(path, line_number, header)
    if header == header_of_all then
        report(path, line_number, "%s is for programs that use the library: include the headers that are used", header)
    elseif header:find("..", 1, true) then
        report(path, line_number, "include %s from include/ or src/, not by way of ..", header)
    elseif path:find("^src/lua/") then
        if not header:find("^tracereel/") and not exists("src/lua/" .. header:gsub("^lua/", ""))
            and not binding_headers[header]
        then
            report(path, line_number, "src/lua uses the public headers, its own and those of the table binding_headers "
                .. "in tools/check_layers.lua, not %s", header)
        end
    elseif path:find("^include/") then
        if not header:find("^tracereel/") then
            report(path, line_number, "a public header includes public headers only, not %s", header)
        end
        check_engine_include(path, line_number, header)
    elseif is_engine(path) then
        check_engine_include(path, line_number, header)
    elseif path:find("^tests/bench/") and not header:find("^tracereel/") and not exists(path:match("^.*/") .. header)
    then
        report(path, line_number, "a benchmark uses its own headers and the public ones, which every C program has, "
            .. "not %s", header)
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
    if line_number > max_file_lines then
        report(path, line_number, "a file has at most %d lines", max_file_lines)
    end
end

local c_files = list("find include src tests -name '*.[ch]' | sort")
for _, path in ipairs(c_files) do
    if is_engine(path) and path:find("%.c$") then
        layer_of_public[path:match("([%w_]+)%.c$")] = layer_of(path)
    end
end
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
