-- Partial results that are nearly right: what is changed in the header or in the result has a checksum that is right,
-- so that what reads them meets it, and bytes that are nearly a result. What tests/fuzz/command_line_fuzz.lua asks of a
-- command holds of these, too.
--
--     FUZZ_BUILD=build/fuzz lua5.4 tests/fuzz/partials_fuzz.lua [FINDING...]
package.path = "./?.lua;" .. package.path

local attempts = require "tests.fuzz.parts.attempts"
local campaign = require "tests.fuzz.parts.campaign"
local files = require "tests.fuzz.parts.files"
local mutation = require "tests.fuzz.parts.mutation"
local random = require "tests.fuzz.parts.random"

local name = "partials"
local all = attempts.new(name, 0.3)

local logs = { "tests/fixtures/logs/orders", "tests/fixtures/logs/restarted", "tests/fixtures/logs/missing-segment",
    "tests/fixtures/logs/empty" }

-- Values of every kind that a partial can have.
local script_text = [[
local counts, spans = {}, tracereel.histogram()
return { api = 1, shard = "trace", associative = true,
    record = function(rec)
        counts[rec.type] = (counts[rec.type] or 0) + 1
        spans:add(rec.timestamp_ns)
    end,
    finish = function()
        return { counts = counts, spans = spans, [1] = -1, [1.5] = { 1.5, 1e300, 0 / 0, math.mininteger },
            [true] = tracereel.null, ["\xff"] = { {}, "", "\xff", "text" } }
    end,
    merge = function(a, b)
        for type, count in pairs(b.counts) do
            a.counts[type] = (a.counts[type] or 0) + count
        end
        a.spans:merge(b.spans)
        return a
    end,
    show = function(result)
        result.spans = result.spans.count
        return result
    end }
]]

local function with_sum(place, body)
    files.write(place, body)
    return body .. files.shell("sha256sum < " .. files.quote(place)):match("^%x+") .. "\n"
end

-- A partial with something else in its header or its result.
local function changed(place, bytes)
    local start, header, result = bytes:match("^([^\n]*\n)([^\n]*)\n(.*)$")
    result = result:sub(1, -66)
    if random.chance(0.5) then
        header = mutation.text(header):gsub("\n", " ")
    else
        result = mutation.bytes(result)
        if random.chance(0.9) then
            header = header:gsub('("result_bytes":)%d+', "%1" .. #result)
        end
    end
    return with_sum(place, start .. header .. "\n" .. result)
end

local function commands()
    local paths = random.one({ { "out/p0", "out/p1" }, { "out/p1", "out/p0" }, { "out/p0" }, { "out/p0", "out/p0" } })
    local words = { "merge", "--max-time=6s" }
    table.move(paths, 1, #paths, 3, words)
    words[#words + 1] = random.chance(0.2) and "--partial=out/all" or nil
    words[#words + 1] = random.chance(0.1) and "--unsafe" or nil
    words[#words + 1] = random.chance(0.1) and "--html=out/page.html" or nil
    words[#words + 1] = random.chance(0.1) and "--expect=list" or nil
    return words
end

local function try_case()
    local directory = all:clear()
    files.shell(("mkdir %s/out && cp -R %s %s/wal && cp tests/fuzz/parts/codec.lua %s"):format(directory,
        random.one(logs), directory, directory))
    files.write(directory .. "/case.lua", script_text)
    files.write(directory .. "/list", random.one({ "wal\n", "wal\nwal\n", "none\n", "" }))
    local words = random.one({ { "run", "case.lua", "wal" }, { "timing", "wal", "--by=" .. random.one({ "node",
        "trace", "hour", "outcome", "metadata.order" }) } })
    for index = 0, 1 do
        local made = table.move(words, 1, #words, 1, {})
        made[#made + 1], made[#made + 2] = ("--shard=%d/2"):format(index), "--partial=out/p" .. index
        all:try(made, 0)
    end
    all:try({ "merge", "out/p0", "out/p1" })
    local place = directory .. "/out/p" .. random.one({ 0, 1 })
    local bytes = assert(files.read(place))
    for _ = 1, 6 do
        files.write(place, random.chance(0.9) and changed(place, bytes) or mutation.bytes(bytes))
        all:try(commands())
    end
    all:try({ "run", "case.lua", "wal", "--shard=0/2", "--partial=out/p0" })
    all:try({ "run", "codec.lua", "wal", "--unsafe", "--arg=seed=" .. math.random(1 << 30) })
end

campaign.run(name, all, try_case)
