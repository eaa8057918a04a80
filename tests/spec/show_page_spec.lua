-- The page that `tracereel show --html` writes, read as text. tests/browser opens it.
local assets = require "tracereel.render.page.assets"
local dkjson = require "dkjson"
local helper = require "tests.spec.helper"
local tracereel = require "tracereel"

local function page_of(log, trace, ...)
    local path = helper.directory() .. "/trace.html"
    local ran = helper.run { "show", trace, log, "--html", path, ... }
    assert.are.equal(0, ran.status, ran.stderr)
    return helper.read(path)
end

local function data_of(page)
    return dkjson.decode((page:match('id="page%-data">(.-)</script>')))
end

describe("the page of tracereel show", function()
    after_each(helper.clean)

    it("show --html: the scripts are told every attempt that the log has, with its times and its error", function()
        local log = helper.log("orders")
        local compared = 0
        local traces = helper.objects(helper.output_of("traces", log, "--json"))
        for place = 1, #traces, 4 do
            local trace = traces[place]
            local data = data_of(page_of(log, trace.trace_id)).traces[1]
            local starts, errors, begin_ns = {}, {}, nil
            for rec in tracereel.open(log):records { traces = trace.trace_id } do
                begin_ns = begin_ns or rec.timestamp_ns
                if rec.type == "node_start" then
                    starts[#starts + 1] = { node = rec.node_id, at = rec.timestamp_ns - begin_ns }
                elseif rec.type == "node_error" then
                    errors[rec.error_message] = true
                end
            end
            local at, found = 0, {}
            for _, span in ipairs(data.spans) do
                at = at + (span[2] or 0)
                found[("%d %d"):format(data.lanes[(span[1] or 0) + 1][1], at)] = true
                if span[8] and span[8] > 0 then
                    assert.is_true(errors[data.errors[span[8]]])
                end
            end
            for _, start in ipairs(starts) do
                assert.is_true(found[("%d %d"):format(start.node, start.at)], trace.trace_id)
                compared = compared + 1
            end
        end
        assert.is_true(compared > 20)
    end)

    it("show --html: a node that waits is said to be suspended, not to have run, as its bar shows", function()
        local page = page_of("examples/logs/orders", "c77823a7")
        local row = page:match('aria%-label="Node 4: .-</div></div>')
        assert.is_truthy(row:find('<rect class="suspended"', 1, true))
        -- Its node_start is 9 us before the trace is suspended; then it waits until the end of the log.
        local words = row:match('aria%-label="([^"]+)"')
        assert.is_truthy(words:find("^Node 4: ran for %d+[%d.]* µs in 1 attempt, suspended for 641 ms$"), words)
        assert.is_truthy(row:find("<small>suspended </small><b>641 ms</b>", 1, true), row)
    end)

    it("show --html: is below 2 MB for very many attempts, and says how many are left out", function()
        local directory, count = helper.directory() .. "/log", 40500
        local writer = tracereel.writer(directory)
        local id, now_ns = "00000000-0000-4000-8000-000000000001", 1764000000000000000
        local function add(kind, fields)
            fields.trace_id, fields.timestamp_ns, now_ns = id, now_ns, now_ns + 1000
            writer:append(tracereel.record[kind](fields))
        end
        add("trace_start", {})
        for node = 1, count do
            add("node_start", { node_id = node % 700 })
            add("node_done", { node_id = node % 700 })
        end
        writer:close()
        local page = page_of(directory, id, "--json")
        assert.is_true(#page < 2000000, #page)
        assert.are.equal(count - 40000, data_of(page).traces[1].left)
        assert.is_truthy(page:find("Not in this table: the 80,001 records in the middle", 1, true))
    end)

    it("show --html: names and metadata are text, and nothing of them can end the data", function()
        local directory = helper.directory() .. "/log"
        local writer = tracereel.writer(directory)
        local id = "00000000-0000-4000-8000-000000000001"
        local hostile = "</script><script>alert(1)</script><!--"
        writer:append(tracereel.record.trace_start { trace_id = id, timestamp_ns = 1764000000000000000,
            metadata = hostile })
        writer:append(tracereel.record.node_error { trace_id = id, timestamp_ns = 1764000000000001000, node_id = 1,
            error_message = hostile })
        writer:close()
        local page = page_of(directory, id)
        assert.are.equal(2, select(2, page:gsub("<script", "")))
        assert.is_nil(page:find("<!--", 1, true))
        assert.are.equal(hostile, data_of(page).traces[1].meta)
        assert.are.equal(hostile, data_of(page).traces[1].errors[1])
    end)

    it("show --html: the client side of all pages together is less than 60 kB", function()
        local bytes = 0
        for name in helper.shell("ls lua/tracereel/render/page/"):gmatch("%S+%.[jc]ss?%f[%s]") do
            bytes = bytes + #assets.text(name)
        end
        assert.is_true(bytes > 40000 and bytes < 60000, bytes)
    end)

    it("show --html: is refused for several logs, of which only one could be in the file", function()
        local ran = helper.run { "show", "00", helper.log("orders"), helper.log("edge"), "--html", "x.html" }
        assert.are.equal(2, ran.status)
        assert.is_truthy(ran.stderr:find("give the logs one by one", 1, true))
    end)
end)
