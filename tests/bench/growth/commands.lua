-- The commands of `make growth` and `make bench-scale`. Each gives the words after the program's name for a case: `log`
-- is the log, `trace` the id of the trace that is looked at, `scratch` an empty directory, `plan` a plan of safe_start
-- for the log. What `writes` to the log gets a copy of it; what is `planned` needs the plan, and `applied` a log that
-- it was applied to; `input` is what the command reads from standard input; `status` is one that it may have beside 0,
-- 3 and 7.
local commands = {}

local function add(name, words, options)
    local command = options or {}
    command.name, command.words = name, words
    commands[#commands + 1] = command
end

local function of_log(...)
    local before = { ... }
    return function(case)
        local words = table.move(before, 1, #before, 1, {})
        words[#words + 1] = case.log
        return words
    end
end

add("check", of_log("check"))
add("traces", of_log("traces"))
add("traces --open --json", of_log("traces", "--open", "--json"))
add("dump", of_log("dump"))
add("dump --json", of_log("dump", "--json"))
add("dump --stats", of_log("dump", "--stats"))
add("show", function(case) return { "show", case.trace, case.log } end)
add("show --json", function(case) return { "show", "--json", case.trace, case.log } end)
add("timing", of_log("timing"))
add("timing --by trace", of_log("timing", "--by", "trace"))
add("timing --by 15m", of_log("timing", "--by", "15m"))
add("timing --by metadata.order", of_log("timing", "--by", "metadata.order"))
add("timing --json", of_log("timing", "--json"))
add("timing --csv", of_log("timing", "--csv"))
add("timing --html", function(case) return { "timing", "--html", case.scratch .. "/page.html", case.log } end)
add("timing --baseline", function(case) return { "timing", "--baseline", case.log, case.log } end)
add("flow", of_log("flow"), { status = 6 }) -- the order of more than 1000 nodes is not guessed
add("run, every record", of_log("run", "tests/bench/every_record.lua"))
add("run errors", of_log("run", "errors"))
add("run stuck", of_log("run", "stuck"))
add("recover", of_log("recover"))
add("recover --json", of_log("recover", "--json"))
add("recover safe_start", function(case)
    return { "recover", "-o", case.scratch .. "/plan.json", "-a", "empty=true", "safe_start", case.log }
end)
add("recover --full", of_log("recover", "--full", "examples/recover_start_over.lua"))
add("apply", function(case) return { "apply", "--repair", case.plan, case.log } end, { writes = true, planned = true })
add("undo", function(case) return { "undo", case.plan, case.log } end,
    { writes = true, planned = true, applied = true })
add("repair", of_log("repair", "--yes", "--cut-corrupt"), { writes = true })
for format in io.popen("LC_ALL=C ls lua/tracereel/export/formats"):read("a"):gmatch("([^\n]+)%.lua") do
    add("export " .. format, of_log("export", "--format", format))
end
add("debug", of_log("debug"), {
    input = "goto end\ntrace\nnode 0\nback 3\nprint #log:traces()\n"
        .. "break rec.type == 'loop_exit'\ngoto start\ncontinue\n"
})
add("simulate", function(case)
    return { "simulate", "-o", case.scratch .. "/new", "tests/bench/growth/faster.lua", case.log }
end)
add("simulate --rank", of_log("simulate", "--rank", "--top", "3", "tests/bench/simulate_empty.lua"))
add("backtest", of_log("backtest"), { status = 6 }) -- too few closed traces
add("crashtest", of_log("crashtest", "tests/bench/crash_points.lua"))

return commands
