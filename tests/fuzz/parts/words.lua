-- Command lines: every command with any of the options that its help names, and values for them that are right, nearly
-- right, or nothing of the kind. What a new command or option is called is learnt from the help.
local campaign = require "tests.fuzz.parts.campaign"
local files = require "tests.fuzz.parts.files"
local random = require "tests.fuzz.parts.random"

local words = {}

local odd = { "", "-", "--", "-1", "0", "x", "\255", "%s", "é", "a\nb", "0x10", "1e5", "nan", "inf", "1,,2", ",", "*",
    "18446744073709551616", "--json", ("9"):rep(400), ("a,"):rep(300) }

local outputs = { "out/new", "out/new", "out/new", "out/deep/new", "out", "", "out/plan.json",
    "out/partial" }

-- By what the help calls a value; `context.ids` are the log's traces, `context.recorded` is of recordings.put.
local values = {
    ["<FILE>"] = { "flow.lua", "flow.lua", "flow.yaml", "flow.yaml", "script.lua", "wal", "none" },
    ["<DIR>"] = { "arenas", "arenas", "wal", "none", "flow.lua" },
    ["<LOG>"] = { "wal", "wal", "none", "flow.lua" },
    ["<NODE>"] = { "0", "1", "2", "3", "4", "3,4", "7", "4294967295", "4294967296" },
    ["<TIME>"] = { "2025-11-24T16:00:00.5Z", "1764000000500000000", "-2h", "-1s", "-500ms", "0", "1s", "24h",
        "9999-12-31T23:59:59Z", "18446744073709551615", "2025-11-24T16:00:01Z", "never" },
    ["<POSITION>"] = { "0:0", "1:100", "0:99999", "0x1:0", "wal_0000000000000001.log:0", "2:0", "0:75", "9:0",
        "18446744073709551615:18446744073709551615", "2025-11-24T16:00:00.5Z" },
    ["<N>"] = { "0", "1", "2", "3", "5", "20", "1.5", "-3" },
    ["<PLAN.json>"] = { "plan.json", "out/plan.json", "wal", "" },
    ["<NAME>"] = { "somebody", "", "é" },
    ["<NAME=VALUE>"] = { "node=3", "now_ns=1764000002000000000", "age=1s", "rate=50", "limit=0s", "charge=3", "x=1",
        "validate=1", "empty=yes", "arenas=no", "slower_than=1ms", "zone=+01:00", "zone=x", "dates=dmy", "single=end",
        "delimiter=;", "delimiter=tab", "case=x", "case=case", "activity=Activity", "cores=2", "times=schedule",
        "times=recorded", "workflow_tasks=true" },
    ["<KEY=VALUES>"] = { "node.3.time=0.5,1,2", "arrivals.rate=10,20", "seed=1,2", "x=1", "node.1.fail=0,1",
        "limits.nodes=1,2", "arrivals.every=10ms,1s", "traces=1,5" },
    ["<CONDITION>"] = { "p99>20%", "mean>1ms", "p50>0%", "x>1" },
    ["<ROWS>"] = { "node", "trace", "hour", "outcome", "10ms", "1ns", "7h", "1d", "metadata.customer", "metadata.a.b",
        "metadata.", "0s" },
    ["<COLUMN>"] = { "count", "p99", "id", "queue" },
    ["<FORMAT>"] = {},
    ["<SIZE>"] = { "1GiB", "64MiB", "3MiB", "1", "0" },
    ["<DURATION>"] = { "10s", "5s", "1ms" },
    ["<PACE>"] = { "max", "1000x", "100x", "0x" },
    ["<SHARE>"] = { "0", "1", "0.5", "2", "nan", "-1", "1e-300" },
    ["<BYTES>"] = { "1KiB", "4096", "100", "0", "64MiB", "1e9" },
    ["<POINT>"] = { "30s", "100", "0", "1", "1ms" },
    ["<TEXT>"] = { "{}", "", "é", "\255", '{"a":1}' },
    ["<KINDS>"] = { "error", "lost", "error,lost,delay,crash", "x" },
    ["<NAME.lua>"] = { "out/new.lua", "out/new", "script.lua/x.lua" },
    ["<COUNT>"] = { "0", "1", "2", "100", "-1" },
}
values["<FILE.lua>"] = values["<NAME.lua>"]
values["<FORMAT|FILE.lua>"] = { "csv", "temporal", "wfformat", "script.lua", "scenario.lua", "none.lua", "none" }
values["<POSITION|TIME>"] = values["<POSITION>"]
for name in io.popen("LC_ALL=C ls lua/tracereel/export/formats"):read("a"):gmatch("([^\n]+)%.lua") do
    table.insert(values["<FORMAT>"], name)
end
values["<name>"] = values["<NAME>"]

-- Where a value is a place to write to, it stays in the directory for that.
local is_output = { ["-o"] = true, ["--output"] = true, ["--svg"] = true, ["--html"] = true, ["--save"] = true,
    ["--new"] = true, ["--partial"] = true }

---What comes between a command and its options.
local positionals = {
    show = function(context)
        local id = random.one(context.ids)
        return { random.chance(0.8) and id or id:sub(1, math.random(0, 12)), "wal" }
    end,
    run = function()
        return random.one({ { "script.lua", "wal" }, { "script.lua", "script2.lua", "wal" }, { "script.lua" },
            { "script.lua", "wal", "wal" }, { "throughput", "stuck", "errors", "wal" }, {} })
    end,
    merge = function()
        return random.one({ { "out/partial" }, { "flow.lua" }, { "none", "wal" }, {} })
    end,
    debug = function(context)
        return random.chance(0.5) and { "wal" } or { "wal", random.one(context.ids) }
    end,
    simulate = function()
        return { "scenario.lua", "wal" }
    end,
    recover = function()
        return random.one({ { "script.lua", "wal" }, { "wal" }, { "safe_start", "wal" }, { "script2.lua", "wal" } })
    end,
    apply = function()
        return { "plan.json", "wal" }
    end,
    undo = function()
        return random.chance(0.7) and { "plan.json", "wal" } or { "wal" }
    end,
    crashtest = function()
        return { random.one({ "script.lua", "safe_start" }), "wal" }
    end,
    generate = function()
        return { "out/generated" }
    end,
    import = function(context)
        return random.chance(0.9) and context.recorded.paths
            or random.one({ { "wal" }, { "none" }, { "-" }, {}, { "." } })
    end,
}

local function of_log()
    return random.one({ { "wal" }, { "wal" }, { "wal" }, { "wal/wal_0000000000000000.log" }, { "-" }, { "none" },
        { "wal", "wal" }, { "flow.yaml" } })
end

-- One of a list of choices in braces.
local function choice(braces)
    local all = {}
    for one in braces:gmatch("[^{},]+") do
        all[#all + 1] = one
    end
    return random.one(all)
end

local function value_of(option, context)
    if random.chance(0.06) and not is_output[option.name] then
        return random.one(odd)
    elseif option.value:sub(1, 1) == "{" then
        return choice(option.value)
    elseif option.value == "<ID>" then
        local id = random.one(context.ids)
        return random.one({ id, id, id:sub(1, 3), id .. "," .. random.one(context.ids), "zz", "" })
    elseif is_output[option.name] and not option.value:find("PLAN") and not option.value:find("lua") then
        return random.one(outputs)
    end
    return random.one(values[option.value] or odd)
end

-- What the help of a command has between "Usage:" and the empty line, as { name, value or nil } for each option.
local function read_options(usage)
    local options = {}
    for name, place in usage:gmatch("%f[%-](%-%-?[%a][%w-]*)()") do
        local value = usage:match("^%s+(%b{})", place) or usage:match("^%s+(%b<>)", place)
            or usage:match("^%s+%[(%b<>)%]", place)
        options[#options + 1] = { name = name, value = value }
    end
    return options
end

local function usage_of(program, command)
    local help = files.shell(("%s %s --help"):format(program, command))
    return assert(help:match("^(Usage:.-)\n\n"), help)
end

---Learns what commands and options the program has.
function words.learn()
    local program = "ASAN_OPTIONS=detect_leaks=0 " .. files.quote(campaign.program)
    words.commands, words.options = {}, {}
    local help = files.shell(program .. " --help")
    for name in help:match("\nCommands:(\n.-)\n\n"):gmatch("\n   (%l[%l-]*)") do
        words.commands[#words.commands + 1] = name
        words.options[name] = read_options(usage_of(program, name))
    end
    assert(#words.commands > 10, "the help does not list the commands as it did")
end

-- A command that runs scripts ends by itself: what a changed script does can last for ever.
local function add_limit(arguments, options)
    for _, option in ipairs(options) do
        if option.name == "--max-time" then
            table.insert(arguments, 2, "--max-time=6s")
            return
        end
    end
end

local function add_options(arguments, options, context)
    for _ = 1, random.one({ 0, 1, 1, 2, 3, 6 }) do
        local option = random.one(options)
        if option.name ~= "-h" and option.name ~= "--max-time" then
            arguments[#arguments + 1] = option.name
            arguments[#arguments + 1] = option.value and value_of(option, context)
        end
    end
end

-- Without these a command says only that they are missing.
local function add_needed(arguments, name, context)
    if name == "export" then
        arguments[#arguments + 1] = "--format=" .. random.one(values["<FORMAT>"])
    elseif name == "simulate" and random.chance(0.6) then
        arguments[#arguments + 1] = random.one({ "-o=out/simulated", "--rank", "--explore", "--sweep=seed=1,2" })
            :gsub("^%-o=", "--output=")
    elseif name == "recover" and random.chance(0.4) then
        arguments[#arguments + 1] = "--output=plan.json"
    elseif name == "import" then
        arguments[#arguments + 1] = random.chance(0.9) and "--from=" .. context.recorded.format or nil
        arguments[#arguments + 1] = random.chance(0.95) and "--output=out/imported" or nil
    elseif name == "repair" and random.chance(0.6) then
        arguments[#arguments + 1] = "--yes"
    end
end

---The words of a command.
---@param name string
---@param context { ids: string[], recorded: { format: string, paths: string[] } }
---@return string[]
function words.of(name, context)
    local options = words.options[name]
    local arguments = { name }
    add_limit(arguments, options)
    add_needed(arguments, name, context)
    add_options(arguments, options, context)
    for _, word in ipairs((positionals[name] or of_log)(context)) do
        arguments[#arguments + 1] = random.chance(0.02) and random.one(odd) or word
    end
    return arguments
end

return words
