-- Partial results of a script that counts records, and what is asked of them and of their merge.
local assert = require "luassert"
local helper = require "tests.spec.helper"

local partials = {}

-- Order counts: a list of what each log, or each shard, has.
partials.script_text = [[
local counts, first = {}, nil
return { api = 1, shard = "trace", associative = true,
    args = { unit = { type = "string", default = "" } },
    record = function(rec)
        counts[rec.type] = (counts[rec.type] or 0) + 1
        first = first or rec.trace_id
    end,
    finish = function()
        return { counts = counts, parts = { first } }
    end,
    merge = function(a, b)
        for name, count in pairs(b.counts) do
            a.counts[name] = (a.counts[name] or 0) + count
        end
        table.move(b.parts, 1, #b.parts, #a.parts + 1, a.parts)
        return a
    end }
]]

-- What does not depend on how many shards there are.
partials.sum_text = partials.script_text:gsub(", parts = { first }", ", parts = {}")

local directory, script

partials.logs = { "tests/fixtures/logs/orders", "tests/fixtures/logs/restarted", "tests/fixtures/logs/all-complete" }

---For before_each: a new directory, and in it the script, which does not depend on how many shards there are.
---@return string directory
---@return string script
function partials.begin()
    directory = helper.directory()
    script = helper.write(directory .. "/count.lua", partials.sum_text)
    return directory, script
end

function partials.run(...)
    return helper.run({ ... })
end

function partials.partial_of(log, name, ...)
    local path = directory .. "/" .. name
    local ran = partials.run("run", script, log, "--partial", path, ...)
    assert.equal("", ran.stdout)
    assert.equal(0, ran.status, ran.stderr)
    return path
end

function partials.same(expected, got)
    assert.equal(expected.stderr, got.stderr)
    assert.equal(expected.stdout, got.stdout)
    assert.equal(expected.status, got.status)
end

function partials.refused(pattern, ran, status)
    assert.equal(status or 6, ran.status, ran.stderr)
    assert.equal("", ran.stdout)
    assert.matches(pattern, ran.stderr)
end

-- A log of one segment that can be added to.
function partials.copy_of(log, name)
    local path = directory .. "/" .. name
    helper.shell(("cp -r %s %s"):format(log, path))
    return path
end

return partials
