-- What the fuzzers in Lua have in common: the corpus first, then one case after the other until the time is over, each
-- with its own draws; what is found is kept, with the seed and the case that show it again.
--
--     FUZZ_SECONDS   how long (60)
--     FUZZ_SEED      which draws (the time where it is not given)
--     FUZZ_CASE      only this case of the seed
local files = require "tests.fuzz.parts.files"
local random = require "tests.fuzz.parts.random"

local campaign = {
    seed = math.tointeger(tonumber(os.getenv("FUZZ_SEED") or "")) or os.time(),
    build = os.getenv("FUZZ_BUILD") or "build/fuzz", -- with sanitizers
    max_findings = 20,
    findings = 0,
    inputs = 0, -- commands that were run
}

campaign.program = files.absolute(campaign.build .. "/tracereel")

-- For a lua5.4 that was not built with it.
campaign.sanitizer_library = os.getenv("FUZZ_SANITIZER_LIBRARY")
    or files.shell("clang -print-file-name=libclang_rt.asan-$(uname -m).so"):match("[^\n]+")

local seconds = tonumber(os.getenv("FUZZ_SECONDS") or "") or 60
local only_case = math.tointeger(tonumber(os.getenv("FUZZ_CASE") or ""))

local function monotonic_seconds()
    local file = assert(io.open("/proc/uptime"))
    local now = file:read("n")
    file:close()
    return now
end

---A new empty directory, in memory where there is such a place. campaign.run removes it.
---@return string
function campaign.directory()
    local template = "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)/tracereel-fuzz-XXXXXX"
    return (files.shell("mktemp -d " .. template):gsub("\n", ""))
end

---Keeps what is in a directory, and says what is wrong with it.
---@param name string the fuzzer's
---@param directory string
---@param problem string
function campaign.found(name, directory, problem)
    campaign.findings = campaign.findings + 1
    local place = ("%s/found/%s-%d-%d-%d"):format(campaign.build, name, campaign.seed, campaign.case,
        campaign.findings)
    files.shell(("mkdir -p %s/found && rm -rf %s && cp -R %s %s"):format(campaign.build, place, directory, place))
    files.write(place .. "/problem", problem .. "\n")
    print(("FUZZ_SEED=%d FUZZ_CASE=%d: %s: %s"):format(campaign.seed, campaign.case, place, problem))
end

---The cases that are kept.
---@param name string the fuzzer's
---@return string[] directories
function campaign.corpus(name)
    local directories = {}
    for path in files.shell(("ls -d tests/fuzz/corpus/%s/*/ 2>/dev/null || true"):format(name)):gmatch("[^\n]+") do
        directories[#directories + 1] = path
    end
    return directories
end

---Runs a fuzzer, or, where the command line names directories of findings, these alone. Ends the process.
---@param name string the fuzzer's
---@param all table of tests.fuzz.parts.attempts
---@param try_case fun() a new case
function campaign.run(name, all, try_case)
    io.stdout:setvbuf("line")
    local started = monotonic_seconds()
    campaign.case = 0
    for _, directory in ipairs(#arg > 0 and arg or campaign.corpus(name)) do
        all:again((directory:gsub("/$", "")))
    end
    while #arg == 0 and monotonic_seconds() - started < seconds and campaign.findings < campaign.max_findings do
        campaign.case = only_case or campaign.case + 1
        random.begin(campaign.seed, campaign.case)
        try_case()
        if only_case then
            break
        end
    end
    print(("seed %d: %d inputs, %d findings"):format(campaign.seed, campaign.inputs, campaign.findings))
    files.shell("rm -rf " .. files.quote(all.place))
    os.exit(campaign.findings == 0)
end

return campaign
