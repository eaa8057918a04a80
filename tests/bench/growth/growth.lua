-- The table of `make growth`: every command on a log of every shape, at 1, 10 and 100 times its base. How to read it:
-- docs/benchmarks.md. Run in the root of the source tree:
--
--   lua5.4 tests/bench/growth/growth.lua BUILD [DIMENSIONS [COMMANDS]]
--
-- DIMENSIONS are names with commas; COMMANDS is a Lua pattern that a command's name contains.
local commands = require "tests.bench.growth.commands"
local measured = require "tests.bench.growth.measured"
local shapes = require "tests.bench.growth.shapes"

local MAX_SECONDS = 120
-- What costs less than this at 100 times is not measured: the noise would be, and buffers that are full at 100 times
-- only (an OTLP line takes up to 1 MiB).
local MIN_SECONDS, MIN_KIB = 0.04, 4096
-- n log n between 10 and 100 times a base of a hundred has the exponent 1.12; the rest is for noise.
local MAX_EXPONENT = 1.3
local FACTORS = { 1, 10, 100 }
local MAX_TRIES = 4

local build, chosen_dimensions, chosen_commands = arg[1], arg[2] or "", arg[3] or ""
local allowed = { [0] = true, [3] = true, [7] = true }

local shell, measure = measured.shell, measured.runner(build, MAX_SECONDS)
local directory = shell("mktemp -d"):match("[^\n]+")

-- The words of a command that works on fresh copies of what it changes, and the file for its standard input.
local function prepare(command, case)
    local scratch = directory .. "/scratch"
    shell(("rm -rf %s; mkdir %s"):format(scratch, scratch))
    local log = case.log
    if command.writes then
        log = scratch .. "/log"
        shell(("cp -r %s %s"):format(command.applied and case.applied or case.log, log))
    end
    local input
    if command.input then
        input = scratch .. "/input"
        local file = assert(io.open(input, "w"))
        assert(file:write(command.input))
        assert(file:close())
    end
    return command.words { log = log, trace = shapes.id_of(1), scratch = scratch, plan = case.plan }, input
end

-- What the command takes once, or the status that it may not have.
local function spent_by(command, case)
    local seconds, kib, status = measure(prepare(command, case))
    local is_allowed = allowed[status] or status == command.status
    return { seconds = seconds, kib = kib, status = not is_allowed and status or nil }
end

-- a + b n^k through three points whose n are in the ratio 1 : 10 : 100: 10^k + 1 = (third - first) / (second - first).
local function exponent_of(first, second, third, noise)
    if third - first < noise then
        return nil
    end
    return math.log(math.max((third - first) / math.max(second - first, noise / 40) - 1, 1), 10)
end

-- Measures a cell; what grows too fast is measured again before that is said.
local function cell_of(command, cases)
    local spent, cell = {}, nil
    for tries = 1, MAX_TRIES do
        for index, case in ipairs(cases) do
            local again = spent_by(command, case)
            if again.status then
                local words = again.status == 137 and ("ended after %d s"):format(MAX_SECONDS)
                    or "status " .. again.status
                return { problem = ("%s at %d times"):format(words, FACTORS[index]) }
            end
            local before = spent[index]
            spent[index] = before and { seconds = math.min(before.seconds, again.seconds),
                kib = math.min(before.kib, again.kib) } or again
        end
        cell = { seconds = spent[3].seconds, kib = spent[3].kib,
            time = exponent_of(spent[1].seconds, spent[2].seconds, spent[3].seconds, MIN_SECONDS),
            memory = exponent_of(spent[1].kib, spent[2].kib, spent[3].kib, MIN_KIB) }
        cell.too_fast = (cell.time or 0) > MAX_EXPONENT or (cell.memory or 0) > MAX_EXPONENT
        if not cell.too_fast or tries > 1 and spent[3].seconds > 10 then
            break
        end
    end
    return cell
end

local function number(value)
    return value and ("%.2f"):format(value) or "-"
end

local function print_cell(name, cell)
    if cell.problem then
        print(("  %-22s FAILED: %s"):format(name, cell.problem))
    else
        print(("  %-22s %9.3f %6s %9.1f %6s%s"):format(name, cell.seconds, number(cell.time), cell.kib / 1024,
            number(cell.memory), cell.too_fast and "  TOO FAST" or ""))
    end
    io.flush()
end

-- The logs of a dimension, and the plans for them.
local function make_cases(shape)
    local cases = {}
    for index, factor in ipairs(FACTORS) do
        local home = ("%s/%s-%d"):format(directory, shape.name, factor)
        local case = { home = home, log = home .. "/log/wal", plan = home .. "/plan.json",
            applied = home .. "/applied" }
        shell(("mkdir -p %s/log"):format(home))
        shape.write(case.log, shape.base * factor)
        cases[index] = case
    end
    return cases
end

-- Returns whether there is a plan for each case, and a log that it was applied to.
local function plan_cases(cases)
    for _, case in ipairs(cases) do
        local _, _, decided = measure { "recover", "-o", case.plan, "-a", "empty=true", "safe_start", case.log }
        shell(("cp -r %s %s"):format(case.log, case.applied))
        local _, _, applied = measure { "apply", "--repair", case.plan, case.applied }
        if not allowed[decided] or not allowed[applied] then
            return false
        end
    end
    return true
end

local function is_chosen(shape)
    return chosen_dimensions == "" or ("," .. chosen_dimensions .. ","):find("," .. shape.name .. ",", 1, true)
end

local function measure_shape(shape)
    local cases, bad, has_plans = make_cases(shape), 0, nil
    print(("\n%s: %d, %d, %d %s"):format(shape.name, shape.base, shape.base * 10, shape.base * 100, shape.words))
    print(("  %-22s %9s %6s %9s %6s"):format("command", "seconds", "grows", "peak MiB", "grows"))
    for _, command in ipairs(commands) do
        if command.name:find(chosen_commands) then
            if command.planned and has_plans == nil then
                has_plans = plan_cases(cases)
            end
            local cell = command.planned and not has_plans and { problem = "no plan" } or cell_of(command, cases)
            bad = bad + ((cell.too_fast or cell.problem) and 1 or 0)
            print_cell(command.name, cell)
        end
    end
    for _, case in ipairs(cases) do
        shell("rm -rf " .. case.home)
    end
    return bad
end

local bad = 0
local ok, problem = xpcall(function()
    for _, shape in ipairs(shapes.list) do
        if is_chosen(shape) then
            bad = bad + measure_shape(shape)
        end
    end
end, debug.traceback)
shell("rm -rf " .. directory)
if not ok then
    error(problem, 0)
end
print(("\n%d cells grow faster than n log n or could not be measured"):format(bad))
os.exit(bad == 0 and 0 or 1)
