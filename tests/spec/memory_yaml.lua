-- For lua5.4 with build/failing_memory.so before it: while a flow in YAML is read, allocation N fails, for each N until
-- none does. Prints what is wrong, a line each; then how many readings ended for want of memory in libyaml, whose own
-- words do not name it.
--
--   LD_PRELOAD=build/failing_memory.so lua5.4 tests/spec/memory_yaml.lua build
local memory = assert(package.loadlib(arg[1] .. "/failing_memory.so", "luaopen_failing_memory"))()
local document = require "tracereel.flow.document"
local failure = require "tracereel.util.failure"
local reel = require "tracereel"

local text = 'name: orders\nnodes:\n  - &a {from: [1, 2, x], to: "as long as it is"}\n  - *a\n  - |\n    lines\n'
local times_of = { once = 1, again = 2, all = 0 }
local whole = reel.json(document.read("f.yaml", text))
local by_libyaml = 0

-- Returns false where nothing was refused any more.
local function try(first, times)
    memory.begin(first, times)
    local is_read, result = pcall(document.read, "f.yaml", text)
    local _, refused = memory.finish()
    if is_read and reel.json(result) ~= whole or not is_read and not failure.is_memory(result) then
        print(("allocation %d, %d times (0: all): %s"):format(first, times, is_read and "another tree"
            or failure.text(result)))
    elseif not is_read and failure.text(result) == "flow f.yaml: out of memory" then
        by_libyaml = by_libyaml + 1
    end
    return refused > 0
end

for _, times in pairs(times_of) do
    local first = 1
    while try(first, times) do
        first = first + 1
    end
end
print(by_libyaml .. " by libyaml")
