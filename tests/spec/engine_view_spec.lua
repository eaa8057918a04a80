-- What the engine knows of a log, and what is said of the rest. What it knew of the samples was seen by running it:
-- tests/fixtures/logs-engine/*.engine-states.jsonl. Elsewhere a model in this file says it: plain segments, in order of
-- their names, record after record.
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local small_log = require "tests.spec.small_log"

local seen = {
    archived = helper.log("archived"),
    snapshot = helper.log("snapshot"),
    ["snapshot-ignored"] = "tests/fixtures/logs-engine/snapshot-ignored",
}

local function by_id(list)
    local found = {}
    for _, one in ipairs(list) do
        assert.is_nil(found[one.trace_id], "twice: " .. one.trace_id)
        found[one.trace_id] = one
    end
    return found
end

local function states_of_engine(name)
    return by_id(helper.objects(helper.read(("tests/fixtures/logs-engine/%s.engine-states.jsonl"):format(name))))
end

-- The objects of a command's --json: what the engine knows, by id, and what it does not know.
local function split(objects)
    local known, unknown = {}, {}
    for _, object in ipairs(objects) do
        if object.trace_id then
            assert.is_boolean(object.known_to_engine)
            table.insert(object.known_to_engine and known or unknown, object)
        end
    end
    return by_id(known), by_id(unknown)
end

local function traces(directory)
    local result = helper.run { "traces", "--open", "--json", directory }
    return split(helper.objects(result.stdout))
end

local function recover(directory)
    local result = helper.run { "recover", "--json", directory }
    return split(helper.objects(result.stdout))
end

-- A state of `recover`, in the form of the engine's.
local function state_of_plan(object)
    local completed = {}
    for _, one in ipairs(object.before.completed_nodes) do
        completed[one.node:sub(2)] = { offset = "#" .. one.offset, size = one.size,
            schema_hash = "#" .. one.schema_hash }
    end
    return {
        trace_id = object.trace_id, completed_nodes = completed, started_nodes = object.before.started_nodes,
        last_completed_node = object.before.last_completed_node, suspended_at = object.before.suspended_at,
        suspension_metadata = object.before.suspension_metadata, recovery = object.before.action,
    }
end

-- ---- the model ----

-- Records of one segment's bytes as { type =, id =, node = }; a torn end is left out.
local function parse(bytes)
    local records, offset = {}, 0
    while #bytes - offset >= 69 do
        local length = ("<I4"):unpack(bytes, offset + 1)
        if length < 69 or length > #bytes - offset then
            break
        end
        local kind, id, node = ("<I1c16I4"):unpack(bytes, offset + 9)
        id = id:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end)
        id = id:gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)", "%1-%2-%3-%4-")
        records[#records + 1] = { type = kind, id = id, node = node }
        offset = offset + length
    end
    return records
end

-- Applies segments to a model of traces: open ids to { segment =, done = { node = true } }, and ids with records that
-- no trace was open for.
local function model_of(directory, names)
    local open, orphans, began = {}, {}, {}
    for _, name in ipairs(names) do
        local command = (name:find("%.gz$") and "gzip -dc " or "cat ") .. directory .. "/" .. name
        for _, rec in ipairs(parse((helper.shell(command)))) do
            local trace = open[rec.id]
            if rec.type == 0 then
                open[rec.id], began[rec.id] = { segment = name, done = {} }, true
            elseif rec.type == 4 or rec.type == 5 then
                open[rec.id], orphans[rec.id] = nil, nil
            elseif trace and rec.type == 2 then
                trace.done[rec.node] = true
            elseif not trace and not began[rec.id] and rec.type ~= 8 then
                orphans[rec.id] = (orphans[rec.id] or 0) + 1
            end
        end
    end
    return open, orphans
end

local function names_of(directory, pattern)
    local names = {}
    for name in helper.shell("ls " .. directory):gmatch("[^\n]+") do
        names[#names + 1] = name:find(pattern) and name or nil
    end
    return names
end

local function keys(t)
    local list = {}
    for key in pairs(t) do
        list[#list + 1] = key
    end
    table.sort(list)
    return list
end

describe("what the engine knows", function()
    after_each(helper.clean)

    for name, directory in pairs(seen) do
        it("of " .. name .. " is exactly what traces --open --json lists as known", function()
            local expected, known = states_of_engine(name), traces(directory)
            assert.are.same(keys(expected), keys(known))
            for id, state in pairs(expected) do
                local found = {}
                for key in pairs(state) do
                    found[key] = known[id][key]
                end
                assert.are.same(state, found)
            end
        end)

        it("of " .. name .. " is exactly what recover decides for", function()
            local expected, known = states_of_engine(name), recover(directory)
            assert.are.same(keys(expected), keys(known))
            for id, state in pairs(expected) do
                assert.are.same(state, state_of_plan(known[id]))
            end
        end)

        it("of " .. name .. " is exactly what a script is asked about", function()
            local script = helper.script "return { api = 1, recover = function(trace) print(trace.id) end }"
            local asked = {}
            for id in helper.run({ "recover", script, directory }).stdout:gmatch("[^\n]+") do
                asked[#id == 36 and id or ""] = true
            end
            asked[""] = nil
            assert.are.same(keys(states_of_engine(name)), keys(asked))
        end)
    end

    it("does not depend on the snapshot beside the log", function()
        local directory = files.copy("snapshot")
        helper.shell("rm -r " .. directory .. "/snapshots")
        assert.are.same(recover(helper.log("snapshot")), recover(directory))
    end)

    it("is all that is planned, applied and undone", function()
        local directory = files.copy("archived")
        local given_up = 'return { api = 1, recover = function() return tracereel.fail("given up") end }'
        local plan = files.plan(directory, given_up)
        assert.are.equal(0, helper.run({ "apply", plan, directory }).status)
        local written = {}
        for _, rec in ipairs(parse(helper.read(directory .. "/wal_0000000000000003.log"))) do
            written[rec.id] = rec.type
        end
        assert.are.same(keys(states_of_engine("archived")), keys(written))
        assert.are.same({}, files.engine_views(directory))
        assert.are.equal(0, helper.run({ "undo", plan, directory }).status)
        assert.are.same(files.plan_views(plan, "before"), files.engine_views(directory))
    end)

    it("is all that crashtest tries", function()
        local script = helper.script "return { api = 1, recover = function() end }"
        local result = helper.run { "crashtest", "--json", script, helper.log("archived") }
        local plain = files.copy("archived")
        helper.shell("rm " .. plain .. "/*.gz")
        assert.are.equal(0, result.status, result.stderr)
        assert.are.equal(helper.run({ "crashtest", "--json", script, plain }).stdout, result.stdout)
    end)
end)

describe("a trace that the engine does not know", function()
    after_each(helper.clean)

    it("because it begins in an archived segment is listed separately with the segment's name", function()
        local directory = helper.log("archived")
        local whole = model_of(directory, names_of(directory, "^wal_"))
        local engine = states_of_engine("archived")
        for _, list in ipairs { traces, recover } do
            local _, unknown = list(directory)
            assert.are.equal(7, #keys(unknown))
            for id, trace in pairs(whole) do
                assert.are.equal(engine[id] == nil, unknown[id] ~= nil)
                if unknown[id] then
                    assert.are.equal(("it begins in %s, which the engine does not read"):format(trace.segment),
                        unknown[id].because)
                    assert.are.same(keys(trace.done), keys((function()
                        local done = {}
                        for node in pairs(unknown[id].completed_nodes) do
                            done[math.tointeger(tonumber(node))] = true
                        end
                        return done
                    end)()))
                end
            end
        end
    end)

    it("because its beginning was deleted is listed separately with the count of its records", function()
        local directory = helper.log("snapshot")
        local _, orphans = model_of(directory, names_of(directory, "^wal_"))
        assert.are.equal(9, #keys(orphans))
        for _, list in ipairs { traces, recover } do
            local _, unknown = list(directory)
            assert.are.same(keys(orphans), keys(unknown))
            for id, count in pairs(orphans) do
                assert.are.equal("#" .. count, unknown[id].record_count)
                assert.are.equal("its beginning is in a segment that is gone", unknown[id].because)
            end
        end
    end)

    it("is not one with records after its end, nor one that a later record closes or begins", function()
        local directory = small_log.write {
            { "trace_start", 0, 1 }, { "trace_complete", 10, 1 }, { "node_done", 20, 1, { node_id = 1 } },
            { "node_done", 30, 2, { node_id = 1 } }, { "trace_failed", 40, 2 },
            { "node_done", 50, 3, { node_id = 1 } }, { "trace_start", 60, 3 },
            { "node_done", 70, 4, { node_id = 1 } }, { "trace_resumed", 80, 4 },
            { "trace_complete", 90, 5 },
        }
        local known, unknown = traces(directory)
        assert.are.same({ small_log.id(3) }, keys(known))
        assert.are.same({ small_log.id(4) }, keys(unknown))
        assert.are.equal("#2", unknown[small_log.id(4)].record_count)
        assert.are.equal("its beginning is not in the log", unknown[small_log.id(4)].because)
    end)

    it("because its beginning is damaged is listed with that reason", function()
        local directory = files.copy("done-only")
        local path = directory .. "/wal_0000000000000000.log"
        local bytes, offset, id = helper.read(path), 0, nil
        for _, rec in ipairs(parse(bytes)) do
            if rec.type == 0 and helper.expected("done-only", "states")[1].trace_id == rec.id then
                id = rec.id
                helper.write(path, bytes:sub(1, offset + 40) .. string.char(bytes:byte(offset + 41) ~ 1)
                    .. bytes:sub(offset + 42))
            end
            offset = offset + ("<I4"):unpack(bytes, offset + 1)
        end
        local known, unknown = traces(directory)
        assert.is_nil(known[id])
        assert.are.equal("its beginning is lost where the log is damaged", unknown[id].because)
        local text = helper.run({ "show", id, directory }).stdout
        assert.truthy(text:find("engine    does not know it, will never recover it: its beginning is lost\n", 1, true),
            text)
    end)

    it("is listed in a section of its own, grouped by the reason", function()
        for _, command in ipairs { { "traces", "--open" }, { "recover" } } do
            local text = helper.run({ command[1], helper.log("archived"), command[2] }).stdout
            assert.truthy(text:find("\nunknown to the engine, never recovered: 7 traces\n"
                .. "  it begins in wal_0000000000000000.log.gz, which the engine does not read\n"
                .. "    085aed24-6ec3-4491-ad2e-44cf42895778\n", 1, true), text)
            text = helper.run({ command[1], helper.log("snapshot"), command[2] }).stdout
            assert.truthy(text:find("\nunknown to the engine, never recovered: 9 traces\n"
                .. "  its beginning is in a segment that is gone\n    0633f6b4-11bc-4173-84c1-97003f975591\n", 1, true),
                text)
            for line in text:match("\nunknown to the engine.*"):gmatch("[^\n]+") do
                assert.is_true(utf8.len(line) <= 80, line)
            end
            assert.is_nil(helper.run({ command[1], helper.log("orders"), command[2] }).stdout:find("unknown", 1, true))
        end
    end)

    it("is shown with the reason", function()
        local object = helper.objects(helper.run({ "show", "--json", "085aed24", helper.log("archived") }).stdout)[1]
        assert.is_false(object.known_to_engine)
        assert.are.equal("it begins in wal_0000000000000000.log.gz, which the engine does not read", object.because)
        object = helper.objects(helper.run({ "show", "--json", "9fb1e7f9", helper.log("archived") }).stdout)[1]
        assert.is_true(object.known_to_engine)
        assert.is_nil(object.because)
        local text = helper.run({ "show", "0633f6b4", helper.log("snapshot") }).stdout
        assert.truthy(text:find("engine    does not know it, will never recover it: its beginning is in a\n", 1, true),
            text)
    end)

    it("is not listed if reading begins elsewhere", function()
        for _, option in ipairs { "--snapshot", "--from=2:0" } do
            local result = helper.run { "traces", "--open", "--json", option, helper.log("snapshot") }
            for _, object in ipairs(helper.objects(result.stdout)) do
                assert.is_nil(object.known_to_engine)
            end
        end
    end)
end)

describe("a log with an archived segment between plain ones", function()
    after_each(helper.clean)

    local hidden = "wal_0000000000000001.log.gz"
    local function gapped()
        local directory = files.copy("orders")
        helper.shell("gzip " .. directory .. "/wal_0000000000000001.log")
        return directory
    end

    it("is recovered as the engine sees it, and recover says where the whole log's state differs", function()
        local directory = gapped()
        local engine = model_of(directory, names_of(directory, "^wal_%x+%.log$"))
        local whole = model_of(directory, names_of(directory, "^wal_"))
        local differing, closed = 0, 0
        for _, list in ipairs { traces, recover } do
            local known, unknown = list(directory)
            assert.are.same(keys(engine), keys(known))
            for id, trace in pairs(engine) do
                local because = known[id].because
                if not whole[id] then
                    closed = closed + 1
                    assert.are.equal("in the whole log it is closed: the engine does not read the segment that says so",
                        because)
                else
                    local missed = {}
                    for node in pairs(whole[id].done) do
                        missed[#missed + 1] = not trace.done[node] and node or nil
                    end
                    table.sort(missed)
                    if #missed > 0 then
                        differing = differing + 1
                        assert.are.equal(("for the engine node%s not done as the whole log has it"):format(
                            #missed == 1 and (" %d is"):format(missed[1])
                            or ("s %s are"):format(table.concat(missed, ", "))), because)
                    end
                end
                assert.is_true(known[id].tainted or engine[id].segment > hidden)
            end
            for id in pairs(unknown) do
                assert.are.equal(hidden, whole[id] and whole[id].segment, id)
            end
        end
        assert.is_true(differing > 0 and closed > 0)
    end)

    it("is reported as unread by the engine, not as missing", function()
        local directory = gapped()
        local result = helper.run { "recover", directory }
        assert.are.equal(3, result.status)
        assert.truthy(result.stderr:find(("%s: the engine does not read %s, between segments that it reads"):format(
            directory, hidden), 1, true), result.stderr)
        assert.is_nil(result.stderr:find("is damaged", 1, true))
        assert.truthy(result.stdout:find("\nwith another state in the engine than in the log: ", 1, true))
        assert.are.equal(0, helper.run({ "check", directory }).status)
        assert.is_nil(helper.run({ "traces", directory }).stderr:find("the engine", 1, true))
    end)

    it("has forecasts in traces and show that start from the engine's own state of a trace, if it has one", function()
        local directory = gapped()
        local foreseen = {}
        for _, object in ipairs(helper.objects(helper.run({ "traces", "--open", "--json", directory }).stdout)) do
            foreseen[object.trace_id] = object.known_to_engine and object.engine or "unknown"
        end
        local met = {}
        for _, object in ipairs(helper.objects(helper.run({ "traces", "--json", directory }).stdout)) do
            if object.status == "running" or object.status == "suspended" then
                assert.are.same(foreseen[object.trace_id], object.engine or "unknown", object.trace_id)
                local kind = object.engine and "known" or "unknown"
                met[kind] = (met[kind] or 0) + 1
                if met[kind] <= 3 then
                    local shown = helper.objects(helper.run({ "show", "--json", object.trace_id, directory }).stdout)[1]
                    assert.are.same(foreseen[object.trace_id], shown.engine or "unknown")
                end
            end
        end
        assert.is_true(met.known > 3 and met.unknown > 0)
        assert.truthy(helper.run({ "traces", directory }).stdout:find("never recovered;", 1, true))
    end)

    it("has the reason of a difference in show, too", function()
        local directory = gapped()
        local known = traces(directory)
        local shown = 0
        for id, object in pairs(known) do
            if object.because and shown < 5 then
                shown = shown + 1
                local text = helper.run({ "show", "--json", id, directory }).stdout
                assert.are.equal(object.because, helper.objects(text)[1].because)
            end
        end
        assert.are.equal(5, shown)
    end)
end)
