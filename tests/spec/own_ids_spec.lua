-- A source's own id, as an import keeps it, names its trace wherever a trace is named.
local helper = require "tests.spec.helper"
local reel = require "tracereel"

local second = 1000000000
local start_ns = 1764000000 * second

-- Worked out by Python's uuid: uuid5(uuid5(NAMESPACE_DNS, "tracereel"), text).
local uuid_of = {
    ["order 12"] = "7fedbb1b-1d55-516a-bc72-5e81be79526e",
    ["a,b"] = "d3666b5c-ccfb-5125-a9de-00fc2bf6a013",
    ["1234"] = "5dccaed3-177e-55e0-af97-1397b27520c6",
    ["Überweisung 7"] = "4e6dddab-1808-5f19-953c-77847a6132c2",
    -- A text that is the beginning of another's UUID.
    ["e0"] = "7a8ef4fc-f0af-59fa-9018-bd888039c395",
}
local other = "e0e0e0e0-1111-2222-3333-444444444444"
local texts = { "order 12", "a,b", "1234", "Überweisung 7", "e0" }

local function flow_text(rule)
    return ('return { name = "jobs", nodes = { [1] = { name = "run" } }, origin = { rule = %q } }'):format(rule)
end

-- Each trace runs one node for some seconds; the last one is open.
local function own_log(rule)
    local directory = helper.directory() .. "/log"
    local writer = reel.writer(directory)
    local function add(type, id, seconds, more)
        local fields = { trace_id = id, timestamp_ns = start_ns + seconds * second }
        for key, value in pairs(more or {}) do
            fields[key] = value
        end
        writer:append(reel.record[type](fields))
    end
    for index, text in ipairs(texts) do
        add("trace_start", uuid_of[text], index, { metadata = reel.json { id = text, name = "job" } })
    end
    add("trace_start", other, 9)
    for index, text in ipairs(texts) do
        add("node_start", uuid_of[text], 10 + index, { node_id = 1 })
        add("node_done", uuid_of[text], 20 + 2 * index, { node_id = 1 })
        add("trace_complete", uuid_of[text], 40 + 3 * index)
    end
    add("node_start", other, 60, { node_id = 1 })
    writer:close()
    helper.write(directory .. "/tracereel.flow.lua", flow_text(rule or "jobs"))
    return directory
end

describe("a source's own id of a trace", function()
    local log
    setup(function()
        log = own_log()
    end)
    teardown(helper.clean)

    it("is a UUID v5 of tracereel's namespace, and a UUID is itself", function()
        for text, id in pairs(uuid_of) do
            assert.equal(id, reel.trace_id_of(text))
        end
        assert.equal(other, reel.trace_id_of(other))
        assert.equal(other, reel.trace_id_of((other:gsub("-", ""):upper())))
    end)

    it("names it for show, also where it is the beginning of another trace's id", function()
        for _, text in ipairs(texts) do
            local shown = helper.output_of("show", text, log)
            local header = ("trace %s\n  id        %s\n  name      job\n"):format(uuid_of[text], text)
            assert.equal(header, shown:sub(1, #header))
            assert.equal(helper.output_of("show", uuid_of[text], log), shown)
        end
        assert.matches("^trace " .. other:gsub("-", "%%-"), helper.output_of("show", "e0e", log))
        local run = helper.run { "show", "order 13", log }
        assert.equal(2, run.status)
        assert.matches('no trace that is called "order 13"', run.stderr, 1, true)
    end)

    it("names it for --trace of dump, export, timing and run, alone and in a list with commas", function()
        local commands = {
            { "dump", "--json" }, { "export", "--format", "jsonl" }, { "timing", "--by", "trace", "--csv" },
        }
        for _, command in ipairs(commands) do
            local function of(...)
                local words = table.move(command, 1, #command, 1, {})
                for _, text in ipairs { ... } do
                    words[#words + 1], words[#words + 2] = "--trace", text
                end
                words[#words + 1] = log
                return helper.output_of(table.unpack(words))
            end
            assert.equal(of(uuid_of["order 12"], uuid_of["a,b"]), of("order 12", "a,b"))
            assert.equal(of(uuid_of["order 12"], uuid_of["Überweisung 7"]), of "order 12,Überweisung 7")
            assert.equal(of(uuid_of["1234"]), of "1234")
            assert.are_not.equal(of(uuid_of["1234"]), of "order 12")
        end
        local script = helper.write(helper.directory() .. "/ids.lua", [[
            local ids = {}
            return { api = 1, trace_start = function(rec) ids[#ids + 1] = rec.trace_id end,
                finish = function() return table.concat(ids, " ") end }]])
        assert.equal(uuid_of["order 12"], (helper.output_of("run", script, "--trace", "order 12", log):gsub("\n", "")))
    end)

    it("names it for scripts, and for the debugger", function()
        local ids = {}
        for rec in reel.open(log):records { traces = { "order 12", "a,b" }, types = "trace_start" } do
            ids[#ids + 1] = rec.trace_id
        end
        assert.same({ uuid_of["order 12"], uuid_of["a,b"] }, ids)
        local run = helper.run({ "debug", log },
            { stdin = 'goto 6\nprint log:trace("1234").text_id\ntrace order 12\n' })
        assert.matches("\n1234\ntrace " .. uuid_of["order 12"]:gsub("-", "%%-") .. ": running", run.stdout)
        run = helper.run({ "debug", log, "a,b" }, { stdin = "" })
        assert.matches("before the first of 4 records", run.stdout, 1, true)
    end)

    it("stands beside the trace's id in traces, and in its place among timing's longest and in exports", function()
        local listed = helper.output_of("traces", log)
        assert.matches("^TRACE     ID +STATUS", listed)
        assert.matches("\n7fedbb1b  order 12  +complete ", listed)
        assert.matches("\n4e6dddab  Überweisung 7  +complete ", listed)
        assert.matches("\ne0e0e0e0   +running ", listed)
        local worst = helper.output_of("timing", "--by", "trace", log)
        assert.matches("\nÜberweisung 7  +complete", worst)
        assert.matches(" WORST IN TRACE\n1 run [^\n]+ 15%.0 s e0\n", worst)
        local page = helper.directory() .. "/page.html"
        helper.output_of("timing", "--html", page, log)
        assert.matches("<code>Überweisung 7</code>", helper.read(page), 1, true)
        assert.matches('<code title="' .. uuid_of.e0 .. '">e0</code>', helper.read(page), 1, true)
        local own = {}
        for _, object in ipairs(helper.objects(helper.output_of("export", "--format", "jsonl", log))) do
            own[object.trace_id] = object.id
        end
        for text, id in pairs(uuid_of) do
            assert.equal(text, own[id])
        end
        assert.is_nil(own[other])
        assert.matches('"job Überweisung 7"', helper.output_of("export", "--format", "chrome", log), 1, true)
    end)

    it("is a word like any other in the metadata of a log without an origin", function()
        os.remove(log .. "/tracereel.flow.lua")
        assert.matches("^TRACE     STATUS", helper.output_of("traces", log))
        assert.is_nil(helper.output_of("show", uuid_of["order 12"], log):find("\n  id  ", 1, true))
        for _, words in ipairs { { "show", "order 12" }, { "dump", "--trace", "order 12" }, { "debug" } } do
            words[#words + 1] = log
            words[#words + 1] = words[1] == "debug" and "order 12" or nil
            local run = helper.run(words)
            assert.equal(2, run.status)
            assert.matches('"order 12" is neither a trace id nor the beginning of one', run.stderr, 1, true)
        end
        assert.is_nil(helper.output_of("export", "--format", "jsonl", log):find('"id":', 1, true))
        helper.write(log .. "/tracereel.flow.lua", flow_text "jobs")
    end)
end)
