-- `tracereel import`: logs of other engines, read by importers.
local detection = require "tracereel.import.detection"
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local flow_file = require "tracereel.import.flow_file"
local host = require "tracereel.host"
local import_input = require "tracereel.import.input"
local import_out = require "tracereel.import.out"
local importer = require "tracereel.import.importer"
local limits = require "tracereel.cli.limits"
local listing = require "tracereel.script.listing"
local new_directory = require "tracereel.cli.new_directory"
local new_file = require "tracereel.cli.new_file"
local options = require "tracereel.cli.options"
local output = require "tracereel.cli.output"
local progress = require "tracereel.cli.progress"
local script_arguments = require "tracereel.script.arguments"
local starter = require "tracereel.import.starter"
local text = require "tracereel.util.text"
local tracereel = require "tracereel"

local import = { name = "import" }

function import.define(command)
    command:argument("inputs", "Files, directories of files, or - for standard input."):argname("<INPUT>"):args("*")
    command:option("--from", "The format, by the name of its importer (--list), or an importer's file. "
        .. "Default: what the input shows."):argname(
        "<FORMAT|FILE.lua>")
    command:option("-o --output", "The directory for the log, which must not exist."):argname("<DIR>")
    options.json(command)
    command:flag("--list", "List the bundled importers with their arguments.")
    command:option("--new", "Write a starter importer, which works as it is."):argname("<FILE.lua>")
    command:flag("--strict", "Fail, and write nothing, where anything was dropped or bent. What is left out on purpose "
        .. "is neither.")
    limits.define(command)
end

local function list(parsed)
    for _, name in ipairs(importer.names(host.list_directory)) do
        listing.print("importer", name, importer.load(name), parsed.json)
    end
    return exit_codes.ok
end

local function write_starter(parsed)
    local name = parsed.new
    new_file.check_starter("importer", name)
    new_file.create(name, starter.text(name))
    output.say("wrote %s", name)
    return exit_codes.ok
end

-- The files that are meant: of a directory, those in it, by name.
local function input_paths(words)
    local paths = {}
    local function add(path)
        if path ~= "-" and files.is_directory(path) then
            local names, problem = host.list_directory(path)
            if not names then
                failure.raise("io", "cannot list %s", problem)
            end
            table.sort(names)
            for _, name in ipairs(names) do
                if name:sub(1, 1) ~= "." then
                    add(path:gsub("(.)/+$", "%1") .. "/" .. name)
                end
            end
        else
            paths[#paths + 1] = path
        end
    end
    for _, word in ipairs(words) do
        add(word)
    end
    return paths
end

local function write_kinds(word, kinds)
    for _, one in ipairs(kinds) do
        output.wrapped(text.clean(("%s: %d %s%s"):format(word, one.count, one.kind, one.example and "; first: "
            .. one.example or "")))
    end
end

local function print_report(parsed, stats, report)
    if parsed.json then
        output.line(tracereel.json { directory = stats.is_whole and parsed.output or nil, format = stats.format,
            traces = stats.traces, records = stats.records, nodes = #stats.nodes, dropped = report.dropped,
            bent = report.bent, left_out = report.left_out })
        return
    end
    output.line(("%s %s: %d records of %d traces, %d nodes"):format(stats.is_whole and "wrote" or "did not write",
        parsed.output, stats.records, stats.traces, #stats.nodes))
    write_kinds("dropped", report.dropped)
    write_kinds("bent", report.bent)
    write_kinds("left out on purpose", report.left_out)
end

-- Shows how far the reading is. Returns what inputs tell how much of them was read; nil where nobody looks.
local function watcher(imported)
    if not progress.is_shown() then
        return nil
    end
    local share, records = "", 0
    local function show()
        progress.show("reading%s, %d records", share, records)
    end
    imported:watch(function(events)
        records = events
        show()
    end)
    return function(read_bytes, file_bytes)
        share = file_bytes and (": %d %%"):format(math.min(100, read_bytes * 100 // file_bytes))
            or (": %d MB"):format(read_bytes // 1000000)
        records = imported:events()
        show()
    end
end

-- Reads the inputs, of which the first may be open already. Returns their names.
local function read_inputs(paths, first, loaded, values, imported, watch)
    local names = {}
    for index, path in ipairs(paths) do
        local input = index == 1 and first or import_input.open(path, watch)
        progress.set_prefix(#paths > 1 and ("input %d of %d: "):format(index, #paths) or "")
        names[index] = input.name:match("[^/]+$") or input.name
        imported:set_place(function()
            return input:where()
        end)
        loaded:import(input, imported.out, values)
        imported:set_place(nil)
        import_input.close(input)
    end
    progress.set_prefix("")
    loaded:finish(imported.out, values)
    return names
end

local function write_flow(directory, flow, loaded, names)
    flow.name = flow.name or loaded.name
    local written, problem = files.write(directory.work_path .. "/" .. flow_file.name, flow_file.text(flow, {
        format = loaded.name, rule = flow.rule or loaded.name, tool = "tracereel " .. tracereel.version,
        inputs = names,
    }))
    if not written then
        failure.raise("io", "cannot write %s", problem)
    end
end

-- The importer, and the first input, which it may be found by.
local function choose(parsed, paths, watch)
    if parsed.from then
        return importer.load(parsed.from, parsed.unsafe)
    end
    local formats = detection.new(importer.names(host.list_directory))
    local input = import_input.open(paths[1], watch)
    local loaded = formats:importer(input)
    formats:check_same(loaded, paths, function(path)
        return path ~= "-" and not files.is_special(path) and import_input.open(path) or nil
    end, import_input.close)
    return loaded, input
end

-- Returns the counts and the report. With --strict, where something was dropped or bent, nothing is written.
local function write_log(parsed, paths)
    local imported = import_out.new()
    local _ <close> = progress.open()
    local watch = watcher(imported)
    local loaded, first = choose(parsed, paths, watch)
    local given = limits.given(parsed)
    script_arguments.check_given({ loaded }, given)
    local values = script_arguments.values(loaded.name, loaded.arguments, given)
    local directory = new_directory.open(parsed.output)
    local names = read_inputs(paths, first, loaded, values, imported, watch)
    local stats = imported:write(directory.work_path, function(records, max_records)
        progress.show("writing: %d records of at most %d", records, max_records)
    end)
    write_flow(directory, imported:flow(stats.nodes), loaded, names)
    stats.format = loaded.name
    if not parsed.strict or imported.report:is_faithful() then
        directory:finish()
        stats.is_whole = true
    else
        directory:drop()
    end
    return stats, imported.report
end

local function check_options(parsed)
    if #parsed.inputs == 0 then
        failure.raise("usage", "no input: give a file, a directory of files, or - for standard input")
    elseif not parsed.output then
        failure.raise("usage", "no directory for the log: give -o DIR")
    end
end

---@param parsed table
---@return integer exit code
function import.run(parsed)
    if parsed.list then
        return list(parsed)
    elseif parsed.new then
        return write_starter(parsed)
    end
    check_options(parsed)
    if files.exists(parsed.output) then
        output.say("%s exists already; the log is written into a new directory", parsed.output)
        return exit_codes.refused
    end
    local paths = input_paths(parsed.inputs)
    if #paths == 0 then
        failure.raise("usage", "no input: there are no files in %s", table.concat(parsed.inputs, ", "))
    end
    limits.set(parsed)
    local stats, report
    limits.guarded(function()
        stats, report = write_log(parsed, paths)
    end, "interrupted: nothing was written")
    print_report(parsed, stats, report)
    return stats.is_whole and exit_codes.ok or exit_codes.check_failed
end

return import
