-- What a partial says of itself.
local beside = require "tracereel.flow.beside"
local base = require "tracereel.base"
local bundled = require "tracereel.script.bundled"
local exact_json = require "tracereel.partial.exact_json"
local failure = require "tracereel.util.failure"
local files = require "tracereel.util.files"
local job = require "tracereel.partial.job"
local listed_logs = require "tracereel.util.listed_logs"
local options = require "tracereel.cli.options"
local order = require "tracereel.partial.order"
local segment_identity = require "tracereel.log.segment_identity"
local tables = require "tracereel.util.tables"
local units = require "tracereel.util.units"

local header = {}

local function object(values)
    return setmetatable(values, { __jsontype = "object" })
end

local function array(values)
    return setmetatable(values, { __jsontype = "array" })
end

---Where the script of a header is; a bundled one is where the program has it.
---@param script table a header's
---@return string|nil nil where a bundled one is not there
function header.script_path(script)
    return script.path ~= "" and script.path or bundled.path(script.name)
end

---The header of a job: what is known before a log is read.
---@param command string
---@param parsed table
---@param script { name: string, path: string, is_bundled: boolean, modules: table } modules as modules:list() has them
---@param given table<string, string> arguments
function header.new(command, parsed, script, given)
    local self = {
        command = command,
        version = base.version,
        script = { name = script.name, path = script.is_bundled and "" or script.path,
            sha256 = job.content_hash(script.path, "cannot read the script:"), modules = array(script.modules) },
        arguments = object(given),
        options = job.options(parsed),
        flow_sha256 = job.content_hash(parsed.flow, "flow"),
        shard_count = parsed.shard and parsed.shard.count or 1,
    }
    self.job = job.hash(self)
    return self
end

-- A list of segments is known by its text: what a command writes has no size before it has run.
local function identity_of_list(path)
    local text, problem = files.read(path)
    if not text then
        failure.raise("io", "%s", problem)
    end
    return { { name = path:match("[^/]*$"), size_bytes = #text } }, segment_identity.of_bytes(text)
end

---The hash of the flow beside a log; "" where there is none.
---@param path string of the log
---@return string
function header.flow_hash(path)
    local flow_path = beside.path(path)
    return flow_path and files.exists(flow_path) and job.content_hash(flow_path, "flow") or ""
end

---Which log a path is, without reading it.
---@param path string
---@param parsed table
function header.log(path, parsed)
    local segments, last_bytes
    local snapshot = ""
    if listed_logs.has(path) then
        segments, last_bytes = identity_of_list(path)
    else
        local log = base.open(path, options.to_open(parsed, path))
        local statistics = log:stats()
        segments, last_bytes = segment_identity.of(log)
        snapshot = statistics.snapshot_sequence
            and ("%d:%d"):format(statistics.snapshot_sequence, statistics.snapshot_offset) or ""
    end
    return {
        path = path,
        snapshot = snapshot,
        segments = array(segments),
        last_bytes = last_bytes,
        flow_sha256 = header.flow_hash(path),
    }
end

---Adds what was found in reading it.
---@param log table of header.log
---@param statistics table of log:stats()
---@param messages string[] that were said
---@param exit_code integer
function header.complete(log, statistics, messages, exit_code)
    log.records = statistics.records
    log.damage = object {}
    for class, count in units.sorted(statistics.gaps) do
        log.damage[class] = count > 0 and base.gap_classes[class] and count or nil
    end
    log.messages = array(messages)
    log.exit_code = exit_code
end

---How a script differs from that of a header: nil, or one sentence.
---@param said table a header's script
---@param path string
---@param modules { name: string, sha256: string }[]
---@return string|nil
function header.script_difference(said, path, modules)
    if job.content_hash(path, "cannot read the script:") ~= said.sha256 then
        return ("%s is another script now"):format(path)
    elseif exact_json.text(array(modules)) ~= exact_json.text(array(said.modules)) then
        return ("a module of %s is another one now"):format(path)
    end
end

-- Log by log; of one that is in several of them, with the shards of all.
local function joined_logs(sources)
    local list, last = {}, nil
    for _, source in ipairs(sources) do
        for _, log in ipairs(source.header.logs) do
            if last and order.key(last.path) == order.key(log.path) then
                table.move(log.shards, 1, #log.shards, #last.shards + 1, last.shards)
            else
                last = tables.changed(log, { shards = table.move(log.shards, 1, #log.shards, 1, {}) })
                list[#list + 1] = last
            end
        end
    end
    return list
end

---The header of what is merged of several partials.
---@param sources { header: table }[] in their order
function header.merged(sources)
    return tables.changed(sources[1].header, { logs = joined_logs(sources) })
end

---What is in a partial: equal texts where it is the same of the same logs.
---@param self table
---@return string
function header.content(self)
    local said = {}
    for index, log in ipairs(self.logs) do
        said[index] = { log.path, array(log.segments), log.last_bytes, log.flow_sha256, log.snapshot,
            array(log.shards) }
    end
    return exact_json.text(said)
end

---Raises where a log is not what it was when its reading began.
---@param before table of header.log
---@param after table
function header.check_unchanged(before, after)
    local difference = order.log_difference(before, after)
    if difference then
        failure.raise("refused", "%s: %s since it began to be read: no partial is written; read a log that nothing is "
            .. "written to, or a copy", before.path, difference)
    end
end

return header
