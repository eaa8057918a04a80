-- Every command, with mixed options, on logs, arenas, plans, journals, flows, scenarios, scripts, recordings of other
-- engines and debugger's commands that are nearly right: each ends within its time, with a status of the table, without
-- a traceback, a sanitizer's report or a word of a bug; what it reads stays as it was; what it writes as JSON is JSON;
-- a log is written as a whole or not at all; and the same command on the same files gives the same bytes.
--
--     FUZZ_BUILD=build/fuzz lua5.4 tests/fuzz/command_line_fuzz.lua [FINDING...]
--
-- A finding is a directory: `files` as they were before the command, and its words in `command`, one a line.
package.path = "./?.lua;" .. package.path

local attempts = require "tests.fuzz.parts.attempts"
local campaign = require "tests.fuzz.parts.campaign"
local files = require "tests.fuzz.parts.files"
local random = require "tests.fuzz.parts.random"
local recordings = require "tests.fuzz.parts.recordings"
local words = require "tests.fuzz.parts.words"
local workspace = require "tests.fuzz.parts.workspace"

local name = "command_line"
local all = attempts.new(name, 0.3)

-- A plan is made, changed, applied, taken back.
local function try_plan(directory, context)
    local line = words.of("recover", context)
    table.insert(line, 2, "--output=plan.json")
    all:try(line)
    for _, step in ipairs { "apply", "undo", "apply" } do
        if random.chance(0.5) then
            workspace.change(directory, random.one({ "plan.json", "plan.json", "wal/tracereel.journal" }))
        end
        all:try(words.of(step, context))
    end
end

-- What is imported is a log without damage.
local function try_import(directory, context)
    local line = words.of("import", context)
    local status = all:try(line)
    -- There may be another -o after it.
    if status == 0 and files.shell(("ls -d %s/out/imported 2>/dev/null || true"):format(directory)) ~= "" then
        all:try({ "check", "out/imported" }, 0)
        for _ = 1, 2 do
            line = words.of(random.one({ "timing", "traces", "flow", "export", "simulate" }), context)
            for index, word in ipairs(line) do
                line[index] = word == "wal" and "out/imported" or word
            end
            all:try(line)
        end
    end
end

local function try_case()
    local directory = all:clear()
    workspace.fill(directory)
    local context = { ids = workspace.trace_ids(directory), recorded = recordings.put(directory) }
    if random.chance(0.3) then
        try_plan(directory, context)
    elseif random.chance(0.4) then
        try_import(directory, context)
    end
    for _ = 1, 4 do
        all:try(words.of(random.one(words.commands), context))
    end
end

words.learn()
recordings.learn(all.place)
campaign.run(name, all, try_case)
