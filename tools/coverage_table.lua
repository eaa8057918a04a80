-- What the tests reach of each folder of src, as a table in Markdown: lines and branches, as gcov and as llvm-cov count
-- them. Fails where a folder is below the line.
--
--   lua5.4 tools/coverage_table.lua GCOVR.json LLVM.json MISSED.txt
--
-- GCOVR.json is `gcovr --json`, LLVM.json is `llvm-cov export -summary-only`. MISSED.txt becomes the list of the lines
-- that gcov saw nobody reach, and of those where a branch was never taken.
local json = require "dkjson"

local min_lines_percent, min_branches_percent = 90, 80

local function read(path)
    local file = assert(io.open(path, "rb"))
    local value = assert(json.decode(file:read("a")), path .. " is not JSON")
    file:close()
    return value
end

---The folder of a file below src, given by a path that ends like it; nil for other files.
local function folder_of(path)
    local inner = ("/" .. path):match(".*/(src/.*)$")
    return inner and inner:match("^(.*)/[^/]*$")
end

---@class counts what was reached and what there is, of lines and branches
local function no_counts()
    return { lines = 0, lines_reached = 0, branches = 0, branches_reached = 0 }
end

local function counts_of(folders, path)
    local folder = folder_of(path)
    if not folder then
        return nil
    end
    folders[folder] = folders[folder] or no_counts()
    return folders[folder]
end

local function line_with_missed(path, line, missed, branches)
    local what = line.count == 0 and "not reached"
        or ("%d of %d branches not taken"):format(missed, branches)
    return ("%s:%d: %s"):format(path, line.line_number, what)
end

---Adds a line of gcovr's report; returns what is missing in it as a text, or nil.
local function add_line(counts, path, line)
    if line["gcovr/noncode"] then
        return nil
    end
    local missed = 0
    for _, branch in ipairs(line.branches) do
        missed = missed + (branch.count == 0 and 1 or 0)
    end
    counts.lines = counts.lines + 1
    counts.lines_reached = counts.lines_reached + (line.count > 0 and 1 or 0)
    counts.branches = counts.branches + #line.branches
    counts.branches_reached = counts.branches_reached + #line.branches - missed
    if line.count == 0 or missed > 0 then
        return line_with_missed(path, line, missed, #line.branches)
    end
end

---@return table<string, counts> folders
---@return string[] missed
local function read_gcovr(path)
    local folders, missed = {}, {}
    for _, file in ipairs(read(path).files) do
        local counts = counts_of(folders, file.file)
        for _, line in ipairs(counts and file.lines or {}) do
            missed[#missed + 1] = add_line(counts, file.file, line)
        end
    end
    return folders, missed
end

---@return table<string, counts> folders
local function read_llvm(path)
    local folders = {}
    for _, file in ipairs(read(path).data[1].files) do
        local counts = counts_of(folders, file.filename)
        if counts then
            local summary = file.summary
            counts.lines = counts.lines + summary.lines.count
            counts.lines_reached = counts.lines_reached + summary.lines.covered
            counts.branches = counts.branches + summary.branches.count
            counts.branches_reached = counts.branches_reached + summary.branches.covered
        end
    end
    return folders
end

local function percent(reached, all)
    return all == 0 and 100 or 100 * reached / all
end

local function is_reached(counts)
    return percent(counts.lines_reached, counts.lines) >= min_lines_percent
        and percent(counts.branches_reached, counts.branches) >= min_branches_percent
end

local function add(total, counts)
    for name, value in pairs(counts) do
        total[name] = total[name] + value
    end
end

local function print_row(name, gcov, llvm)
    print(("| %s | %.1f | %.1f | %.1f | %.1f |"):format(name, percent(gcov.lines_reached, gcov.lines),
        percent(gcov.branches_reached, gcov.branches), percent(llvm.lines_reached, llvm.lines),
        percent(llvm.branches_reached, llvm.branches)))
end

local function sorted_names(folders)
    local names = {}
    for name in pairs(folders) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end

local gcov, missed = read_gcovr(arg[1])
local llvm = read_llvm(arg[2])
local list = assert(io.open(arg[3], "w"))
assert(list:write(table.concat(missed, "\n"), "\n"))
assert(list:close())

print("| folder | lines % (gcov) | branches % (gcov) | lines % (llvm-cov) | branches % (llvm-cov) |")
print("|---|---|---|---|---|")
local passed, failed = 0, {}
local gcov_total, llvm_total = no_counts(), no_counts()
for _, name in ipairs(sorted_names(gcov)) do
    local by_llvm = assert(llvm[name], "llvm-cov says nothing of " .. name)
    print_row("`" .. name .. "`", gcov[name], by_llvm)
    add(gcov_total, gcov[name])
    add(llvm_total, by_llvm)
    if is_reached(gcov[name]) and is_reached(by_llvm) then
        passed = passed + 1
    else
        failed[#failed + 1] = name
    end
end
print_row("all", gcov_total, llvm_total)
for _, name in ipairs(failed) do
    print(("%s: less than %d %% of lines or %d %% of branches; %s lists what is missing"):format(name,
        min_lines_percent, min_branches_percent, arg[3]))
end
print(("%d passed, %d failed"):format(passed, #failed))
os.exit(#failed == 0 and passed > 0)
