-- Damage that a scenario asks for: reported with its places, with which what a reader finds can be compared.
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

local orders = helper.log "orders"

local function number(text)
    return math.tointeger(tonumber((text:gsub("^#", ""))))
end

-- The files of a log by name.
local function files_of(directory)
    local files = {}
    for name in helper.shell("ls " .. directory):gmatch("wal_[^\n]+") do
        files[name] = helper.read(directory .. "/" .. name)
    end
    return files
end

-- Simulates with `--json`; answers with the directory and what was done, its numbers as integers.
local function damaged(scenario, log, arguments)
    local directory, ran = simulation_logs.simulate("return " .. scenario, log,
        { "--json", table.unpack(arguments or {}) })
    assert(ran.status == 0, ran.stderr)
    local runs = helper.objects(ran.stdout)[1].runs
    for _, run in ipairs(runs) do
        for _, one in ipairs(run.damage) do
            for _, key in ipairs { "offset", "length", "bit" } do
                one[key] = one[key] and number(one[key])
            end
        end
    end
    return directory, runs[1].damage, runs
end

-- The files with the reported damage done to them.
local function as_told(files, list)
    local changed = {}
    for name, bytes in pairs(files) do
        changed[name] = bytes
    end
    for _, one in ipairs(list) do
        local bytes = changed[one.segment]
        local before = one.offset and bytes:sub(1, one.offset)
        if one.kind == "missing_segment" then
            assert.equal(#bytes, one.length)
            changed[one.segment] = nil
        elseif one.kind == "lost_page" then
            changed[one.segment] = before .. ("\0"):rep(one.length) .. bytes:sub(one.offset + one.length + 1)
        else
            local flipped = bytes:byte(one.offset + 1) ~ (1 << one.bit)
            changed[one.segment] = before .. string.char(flipped) .. bytes:sub(one.offset + 2)
        end
    end
    return changed
end

-- Would a reader notice, by docs/damage.md: another length, checksum or payload, or a type that does not exist?
local function is_noticed(before, after)
    return before:sub(1, 8) ~= after:sub(1, 8) or before:sub(30) ~= after:sub(30) or after:byte(9) > 10
end

-- The gaps that the changes make, as "segment:offset:length": neighbouring broken records are one.
local function expected_gaps(files, changed)
    local gaps = {}
    for name, bytes in pairs(files) do
        local offset, begin = 0, nil
        if not changed[name] then
            gaps[#gaps + 1] = name
            bytes = ""
        end
        while offset < #bytes do
            local length = ("<I4"):unpack(bytes, offset + 1)
            local is_broken = length > #bytes - offset or is_noticed(bytes:sub(offset + 1, offset + length),
                changed[name]:sub(offset + 1, offset + length))
            if is_broken then
                begin = begin or offset
            elseif begin then
                gaps[#gaps + 1], begin = ("%s:%d:%d"):format(name, begin, offset - begin), nil
            end
            offset = offset + length
        end
        gaps[#gaps + 1] = begin and ("%s:%d:%d"):format(name, begin, #bytes - begin)
    end
    table.sort(gaps)
    return gaps
end

local function found_gaps(directory)
    local gaps = {}
    local objects = helper.objects(helper.run({ "check", "--json", directory }).stdout)
    assert.truthy(table.remove(objects).summary)
    for _, gap in ipairs(objects) do
        gaps[#gaps + 1] = gap.class == "missing_segment" and gap.segment or
            ("%s:%d:%d"):format(gap.segment, number(gap.offset), number(gap.length))
    end
    table.sort(gaps)
    return gaps
end

describe("damage", function()
    after_each(helper.clean)

    -- An empty scenario gives the log back: what is damaged is a copy of `orders`.
    local files = files_of(orders)

    for seed = 1, 6 do
        it("is exactly what is reported and what check finds, for seed " .. seed, function()
            local directory, list = damaged("{ damage = { bit_flips = 9, lost_pages = 2, missing_segments = 1 } }",
                orders, { "--seed", tostring(seed) })
            local changed = as_told(files, list)
            assert.equal(12, #list)
            assert.same(changed, files_of(directory))
            assert.same(expected_gaps(files, changed), found_gaps(directory))
        end)
    end

    it("of a page is zeros from one multiple of page_bytes to the next, or to the segment's end", function()
        local directory, list = damaged("{ damage = { page_bytes = 512, lost_pages = { "
            .. "{ segment = 2, offset = 22016 }, { segment = 0, offset = 8192 } } } }", orders)
        assert.same({
            { kind = "lost_page", segment = "wal_0000000000000000.log", offset = 8192, length = 512 },
            { kind = "lost_page", segment = "wal_0000000000000002.log", offset = 22016, length = 11 },
        }, list)
        assert.same(as_told(files, list), files_of(directory))
    end)

    it("at the page that the sample log has lost gives that sample", function()
        local directory = damaged("{ damage = { lost_pages = { { segment = 0, offset = 8192 } } } }", orders)
        assert.same(files_of(helper.log("lost-page")), files_of(directory))
        directory = damaged("{ damage = { missing_segments = {1} } }", orders)
        assert.same(files_of(helper.log("missing-segment")), files_of(directory))
    end)

    it("of bits can be given by place, or as a share of all bits", function()
        local _, list = damaged("{ damage = { bit_flips = { { segment = 1, offset = 29, bit = 7 } } } }", orders)
        assert.same({ { kind = "bit_flip", segment = "wal_0000000000000001.log", offset = 29, bit = 7 } }, list)
        _, list = damaged("{ damage = { bit_flips = 1e-4 } }", orders)
        assert.equal(70, #list) -- of 87517 * 8 = 700136 bits
    end)

    it("of bits avoids lost pages and missing segments, where it could not be seen", function()
        for seed = 1, 3 do
            local _, list = damaged("{ damage = { page_bytes = 4096, bit_flips = 3000, lost_pages = 10, "
                .. "missing_segments = 1 } }", orders, { "--seed", tostring(seed) })
            local is_lost, flips = {}, 0
            for _, one in ipairs(list) do
                if one.kind == "bit_flip" then
                    flips = flips + 1
                    assert.is_nil(is_lost[one.segment])
                    assert.is_nil(is_lost[one.segment .. one.offset // 4096])
                else
                    is_lost[one.segment .. (one.offset and one.offset // 4096 or "")] = true
                end
            end
            assert.equal(3000, flips)
        end
    end)

    it("is done to what a crash has left", function()
        local _, _, cut = simulation_logs.play("return { crash = { record = 100, torn = 40 } }", orders)
        local directory, list = damaged("{ crash = { record = 100, torn = 40 }, damage = { bit_flips = 2 } }", orders)
        assert.same(as_told(files_of(cut), list), files_of(directory))
    end)

    it("is the same for the same seed, and different for each run", function()
        local scenario = "{ damage = { bit_flips = 3, lost_pages = 1 } }"
        local first, first_list = damaged(scenario, orders)
        local second = damaged(scenario, orders)
        assert.same(files_of(first), files_of(second))
        local several, _, runs = damaged(scenario, orders, { "--runs", "2" })
        assert.same(first_list, runs[1].damage)
        assert.is_false(reel.json(runs[1].damage) == reel.json(runs[2].damage))
        assert.same(files_of(first), files_of(several .. "/run-1"))
        assert.same(as_told(files, runs[2].damage), files_of(several .. "/run-2"))
    end)

    it("of one kind does not depend on other kinds asked for", function()
        local _, alone = damaged("{ damage = { lost_pages = 2 } }", orders)
        local _, list = damaged("{ damage = { lost_pages = 2, bit_flips = 3 } }", orders)
        assert.same(alone, table.move(list, 1, 2, 1, {}))
    end)

    it("reaches every part of a log, and every bit of a byte", function()
        local _, _, runs = damaged("{ damage = { bit_flips = 1 } }", simulation_logs.one_node(), { "--runs", "80" })
        local quarters, bits = {}, {}
        for _, run in ipairs(runs) do
            quarters[run.damage[1].offset // 69] = true -- four records of 69 bytes
            bits[run.damage[1].bit] = true
        end
        assert.equal(3, #quarters)
        assert.is_true(quarters[0])
        assert.equal(7, #bits)
        assert.is_true(bits[0])
    end)

    it("is reported in the text, and does not change the status", function()
        local _, ran = simulation_logs.simulate(
            "return { damage = { missing_segments = {1}, lost_pages = { { segment = 0, offset = 4096 } } } }", orders)
        assert.equal(0, ran.status)
        assert.equal("", ran.stderr)
        assert.matches("  damage: missing segment wal_0000000000000001.log, 32742 bytes\n"
            .. "  damage: lost page wal_0000000000000000.log:4096, 4096 bytes\n", ran.stdout)
    end)
end)

describe("damage that cannot be done", function()
    after_each(helper.clean)

    local before = {
        { "{}", "at least one of bit_flips, lost_pages and missing_segments" },
        { "{ bits = 1 }", 'damage: unknown key "bits"' },
        { "{ bit_flips = 0 }", "damage%.bit_flips: a whole number from 1" },
        { "{ bit_flips = 1.5 }", "damage%.bit_flips: a whole number from 1" },
        { "{ bit_flips = {} }", "damage%.bit_flips: a number or a list" },
        { "{ bit_flips = { { segment = 0, offset = 1, bit = 8 } } }", "flips%[1%]%.bit: a whole number from 0 to 7" },
        { "{ bit_flips = { { segment = 0, offset = -1, bit = 0 } } }", "offset: a whole number from 0" },
        { "{ bit_flips = { { segment = 0, offset = 1, bit = 0 }, { segment = 0, offset = 1, bit = 0 } } }", "twice" },
        { "{ lost_pages = { { segment = 0, offset = 5 } } }", "5 is not where a page begins" },
        { "{ lost_pages = { { segment = 0, offset = 0 } }, bit_flips = { { segment = 0, offset = 9, bit = 0 } } }",
            "it is within one of lost_pages" },
        { "{ page_bytes = 10, lost_pages = 1 }", "page_bytes: a whole number from 512" },
        { "{ missing_segments = {0} }", "segment 0 is the first.*no reader can notice" },
        { "{ missing_segments = {1, 1} }", "twice" },
        { "{ missing_segments = {1}, lost_pages = { { segment = 1, offset = 0 } } }", "one of missing_segments" },
    }
    for _, case in ipairs(before) do
        it("is refused before anything runs: " .. case[1], function()
            local directory, ran = simulation_logs.simulate(("return { damage = %s }"):format(case[1]), orders)
            assert.equal(2, ran.status, ran.stderr)
            assert.matches(case[2], ran.stderr)
            assert.equal("", (helper.shell("ls " .. directory .. " 2>/dev/null")))
        end)
    end

    local behind = {
        { "{ missing_segments = 2 }", "2 asked for, but of 3 segments 1 lie between the first and the last" },
        { "{ missing_segments = {2} }", "segment 2 is the last.*no reader can notice" },
        { "{ missing_segments = {7} }", "no segment 7: it has 3" },
        { "{ missing_segments = 1, bit_flips = { { segment = 1, offset = 0, bit = 0 } } }", "0 lie between" },
        { "{ lost_pages = 1, bit_flips = { { segment = 0, offset = 99999, bit = 0 } } }", "99999 is after the end" },
        { "{ lost_pages = 23 }", "23 asked for, of 22 pages" },
        { "{ lost_pages = 22, bit_flips = 1 }", "bit_flips: 1 asked for; there are 0 bits" },
    }
    for _, case in ipairs(behind) do
        it("is refused once the log's size is known, and leaves no log: " .. case[1], function()
            local directory, ran = simulation_logs.simulate(("return { damage = %s }"):format(case[1]), orders)
            assert.equal(2, ran.status, ran.stderr)
            assert.matches(case[2], ran.stderr)
            assert.equal("", (helper.shell("ls " .. directory:match("^(.*)/"))))
        end)
    end
end)
