-- `tracereel merge`: partial results as the one that a single process would have had.
local exit_codes = require "tracereel.cli.exit_codes"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local fold = require "tracereel.partial.fold"
local header = require "tracereel.partial.header"
local limits = require "tracereel.cli.limits"
local logs = require "tracereel.cli.logs"
local order = require "tracereel.partial.order"
local output = require "tracereel.cli.output"
local partial_file = require "tracereel.partial.file"
local partial_output = require "tracereel.partial.output"
local script = require "tracereel.script"
local script_modules = require "tracereel.script.modules"
local script_result = require "tracereel.render.script_result"
local tables = require "tracereel.util.tables"
local timing = require "tracereel.commands.timing"
local timing_parts = require "tracereel.partial.timing_parts"

local merge = { name = "merge" }

function merge.define(command)
    command:argument("files", "Partial results, in the order of their logs."):argname("<FILE>"):args("+")
    command:option("--expect", "The logs that there must be, one on each line, as they were given to run, in the order "
        .. "in which they are merged."):argname("<LIST>")
    command:option("--partial", "Write the result as a partial again, where the script says associative = true; shards "
        .. "may be missing still."):argname("<FILE>")
    command:option("--html", "Also write the report of timing's partials to this file, as one HTML page.")
        :argname("<FILE>")
    command:option("--script", "Where the script is now. Default: where it was for run."):argname("<FILE>")
    limits.define_use(command)
end

local function read_headers(paths)
    local sources = {}
    for index, path in ipairs(paths) do
        local one, sha256 = partial_file.header(path)
        sources[index] = { path = path, header = one, sha256 = sha256 }
    end
    return sources
end

local function read_expected(path)
    if not path then
        return nil
    end
    local text, problem, errno = files.read(path)
    if not text then
        failure.raise(files.is_no_file(errno) and "usage" or "io", "--expect: %s", problem)
    end
    local expected = { path = path, logs = {} }
    for line in text:gmatch("[^\r\n]+") do
        expected.logs[#expected.logs + 1] = line
    end
    if #expected.logs == 0 then
        failure.raise("usage", "--expect: %s lists no log", path)
    end
    return expected
end

-- The script, which must be the one that the partials were made with: not only its name.
local function load_script(parsed, first)
    local said = first.header.script
    if first.header.options.unsafe and not parsed.unsafe then
        failure.raise("refused", "%s: it was made with --unsafe; its script is run only where merge has --unsafe, too",
            first.path)
    end
    local path = parsed.script or header.script_path(said)
    if not path then
        failure.raise("refused", "%s: this tracereel has no script %s; --script says where it is", first.path,
            failure.got(said.name))
    end
    local modules = script_modules.new(parsed.unsafe)
    local one
    output.without_prints(function()
        one = script.load(path, { name = said.name, unsafe = parsed.unsafe, modules = modules })
    end)
    local difference = header.script_difference(said, path, modules:list())
    if difference then
        failure.raise("refused", "%s: %s; run it on all logs again, or give the one that was used with --script",
            first.path, difference)
    end
    return one
end

-- What the results are merged by. It raises where they cannot be.
local function merger(one, given)
    return function(a, b)
        return one:merge(a, b, given)
    end
end

local function check_mergeable(one, sources, known_logs, parsed)
    local needs_merge = #sources > #known_logs or parsed.partial
    if needs_merge and not one:can_merge() then
        failure.raise("refused", "%s: the script %s has no `merge`", sources[1].path, one.name)
    elseif parsed.partial and not one:is_associative() then
        failure.raise("refused", "--partial: the script %s does not say associative = true: what it has merged is not "
            .. "merged again", one.name)
    end
end

local function say_messages(log)
    for _, message in ipairs(log.messages) do
        output.say("%s", message)
    end
end

-- What run prints of each log; where the results are merged, its name alone.
local function write_log(view, index, log, result)
    if view.count > 1 and not view.is_json then
        logs.heading(log.path, index)
    end
    if view.count == 1 or not view.is_merged then
        script_result.write(view.count > 1 and logs.context_of(log.path, view), view.script, result, view)
    end
    say_messages(log)
end

local function write_all(view, result)
    if view.count > 1 and view.is_merged then
        if not view.is_json then
            logs.heading("all logs", view.count + 1)
        end
        script_result.write(nil, view.script, result, view)
    end
end

local function print_results(view, sources, one, given)
    local index, key, all = 0, nil, nil
    local merge_results = merger(one, given)
    local add = fold.joiner(merge_results)
    fold.each(sources, merge_results, function(result, from)
        for _, log in ipairs(from[1].header.logs) do
            local before = key
            key = order.key(log.path)
            if key ~= before then -- the rest of the shards of a log is no other log
                index = index + 1
                write_log(view, index, log, result)
            end
        end
        all = view.is_merged and add(result)
    end)
    write_all(view, all)
end

local function merged_result(sources, one, given)
    local all
    local merge_results = merger(one, given)
    local add = fold.joiner(merge_results)
    fold.each(sources, merge_results, function(result)
        all = add(result)
    end)
    return all
end

-- The gravest code of all logs, in all their shards.
local function gravest(sources)
    local code = exit_codes.ok
    for _, source in ipairs(sources) do
        for _, log in ipairs(source.header.logs) do
            code = exit_codes.graver(code, log.exit_code)
        end
    end
    return code
end

-- The names of nodes are those of the flows beside the logs, which must be what they were.
local function check_flows(sources)
    local first = sources[1].header.logs[1]
    for _, source in ipairs(sources) do
        for _, log in ipairs(source.header.logs) do
            if log.flow_sha256 ~= first.flow_sha256 then
                failure.raise("refused", "%s: %s and %s have different flows beside them; nothing is merged",
                    source.path, log.path, first.path)
            elseif log.flow_sha256 ~= "" and header.flow_hash(log.path) ~= log.flow_sha256 then
                failure.raise("refused", "%s: the flow beside %s is not there, or is another one now; nothing is "
                    .. "merged", source.path, log.path)
            end
        end
    end
end

-- The parts of a report of `timing`, or the report.
local function merge_timing(parsed, sources, known_logs)
    timing_parts.check_options(sources[1])
    if parsed.partial then
        return partial_output.write(parsed.partial, header.merged(sources), function()
            local parts = {}
            timing_parts.each(sources, function(_, packed)
                parts[#parts + 1] = packed
            end)
            return parts
        end)
    end
    check_flows(sources)
    local paths = {}
    for index, known in ipairs(known_logs) do
        paths[index] = known.log.path
    end
    for _, source in ipairs(sources) do
        for _, log in ipairs(source.header.logs) do
            say_messages(log)
        end
    end
    timing.write_merged(tables.joined(sources[1].header.options, { logs = paths, html = parsed.html }), function(take)
        timing_parts.each(sources, take)
    end)
    return gravest(sources)
end

---@param parsed table
---@return integer exit code
function merge.run(parsed)
    if parsed.partial and parsed.html then
        failure.raise("usage", "--partial writes the result for another merge, which writes the page: leave --html out")
    end
    limits.set(parsed)
    local sources = read_headers(parsed.files)
    local known_logs = order.of(sources, read_expected(parsed.expect), parsed.partial ~= nil)
    local first = sources[1].header
    if first.command == timing.name then
        return merge_timing(parsed, sources, known_logs)
    elseif parsed.html then
        failure.raise("usage", "--html is the page of a report of timing, and %s is of run", sources[1].path)
    end
    output.prints_as_talk = first.options.json == true
    local code = gravest(sources)
    local merged, problem = failure.xpcall(limits.guarded, function()
        local one = load_script(parsed, sources[1])
        check_mergeable(one, sources, known_logs, parsed)
        if parsed.partial then
            code = partial_output.write(parsed.partial, header.merged(sources), function()
                return merged_result(sources, one, first.arguments)
            end)
        else
            print_results({ script = one, given = first.arguments, is_json = first.options.json, is_alone = true,
                count = #known_logs, logs = known_logs, is_merged = one:can_merge() }, sources, one, first.arguments)
        end
    end, "interrupted while results were merged")
    return merged and code or exit_codes.graver(code, logs.code_of_failure(problem))
end

return merge
