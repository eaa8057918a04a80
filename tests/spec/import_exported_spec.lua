-- What `tracereel export` writes as xes, csv and otlp, `tracereel import` reads: exporting that again gives the same,
-- and importing what was exported of an imported log gives the same records.
local helper = require "tests.spec.helper"
local importing = require "tests.spec.importing"
local reel = require "tracereel"

local function export(format, log)
    local result = helper.run { "export", "--format", format, log }
    assert(result.status == 0, result.stderr)
    return result.stdout
end

-- The export in pieces that belong to one trace each, without what names the log itself and its numbers of nodes.
local pieces_of = {
    xes = function(text)
        local pieces = {}
        for piece in text:gmatch("<trace>.-</trace>") do
            pieces[#pieces + 1] = piece
        end
        return pieces
    end,
    csv = function(text)
        local pieces = {}
        local head = text:match("^[^\n]+")
        for line in text:gmatch("[^\n]+") do
            if line ~= head then
                -- log,trace_id,pipeline,trace_status,tainted,node_id,node_name,rest
                local front, node_id, name, rest = line:match("^[^,]*,(.-,.-,.-,.-),(%d+),(.-),(.*)$")
                rest = rest:gsub(",,,,,$", "")
                -- It says nothing of waits that last.
                front = front:gsub(",suspended,", ",running,")
                pieces[#pieces + 1] = ("%s %s %s"):format(front, name ~= "" and name or "node_" .. node_id, rest)
            end
        end
        return pieces
    end,
    otlp = function(text)
        local pieces = {}
        for line in text:gmatch("[^\n]+") do
            -- The span's ids follow from the number of the node.
            line = line:gsub('"[%a]*[sS]panId":"%x+",?', "")
            for _, key in ipairs { "node_id", "log", "records" } do
                line = line:gsub(('{"key":"tracereel.%s","value":{[^}]*}},?'):format(key), "")
            end
            line = line:gsub('{"key":"tracereel.metadata","value":{"stringValue":"(.-)"}}', function(quoted)
                local fields = reel.json_decode(reel.json_decode('"' .. quoted .. '"'))
                return reel.json(fields)
            end)
            pieces[#pieces + 1] = line
        end
        return pieces
    end,
}

local function assert_same_pieces(format, wanted, found)
    wanted, found = pieces_of[format](wanted), pieces_of[format](found)
    assert.is_true(#wanted > 0)
    table.sort(wanted)
    table.sort(found)
    for index = 1, math.max(#wanted, #found) do
        assert.are.equal(wanted[index], found[index])
    end
end

local function records_of(directory)
    return table.concat(importing.lines(directory), "\n")
end

-- A log with all that only imported logs have.
local function imported_log()
    return (importing.log("csv", "case,activity,transition,timestamp,resource,case:kind\n" .. [[
c1,call,schedule,2016-02-01 00:00:01Z,,new
c1,call,start,2016-02-01 00:00:02Z,Al,new
c1,call,start,2016-02-01 00:00:03Z,Bo,new
c1,call,suspend,2016-02-01 00:00:04Z,,new
c1,call,complete,2016-02-01 00:00:09Z,,new
c1,call,ate_abort,2016-02-01 00:00:07Z,,new
c1,call,resume,2016-02-01 00:00:06Z,,new
c1,mail,withdraw,2016-02-01 00:00:09Z,,new
c2,call,pi_abort,2016-02-01 00:00:09Z,,
c3,mail,start,2016-02-01 00:00:09Z,,
]]))
end

describe("import of what was exported", function()
    teardown(helper.clean)

    for _, format in ipairs { "xes", "csv", "otlp" } do
        it("as " .. format .. " is exported again as it was", function()
            for _, name in ipairs { "orders", "restarted", "all-complete" } do
                local first = export(format, helper.log(name))
                local log = importing.log(format, first)
                assert_same_pieces(format, first, export(format, log))
            end
        end)

        it("as " .. format .. " gives a log that is exported and imported without a change", function()
            local directory = importing.log(format, export(format, imported_log()))
            local again = importing.log(format, export(format, directory))
            assert.are.equal(records_of(directory), records_of(again))
        end)
    end

    it("keeps what it can of a file that was changed: unknown outcomes, ends that are missing, waits that are too long",
        function()
            local head = "log,trace_id,trace_status,node_id,attempt,outcome,start_ns,end_ns,suspended_ns\n"
            local rows = "l,one,gone,1,1,done,5,,\nl,two,complete,2,1,done,5,9,99\n"
            local log, report = importing.log("csv", head .. rows)
            local lines = importing.lines(log)
            assert.are.equal(table.concat({ '5 trace_start {"id":"one"}', '5 trace_start {"id":"two"}',
                "5 node_start node_1", "5 node_start node_2", '5 trace_suspended node_2 {"wait":"person"}',
                '9 trace_resumed {"wait":"person"}', "9 node_done node_2", "9 trace_complete" }, "\n"),
                table.concat(lines, "\n"))
            assert.are.same({ "1 attempts that have ended, and have no time of it: they stay open",
                "1 suspensions whose time is not exported: they stand at the end of their attempt",
                "1 traces with an outcome that is not known: they stay open" }, importing.kinds(report.bent))
        end)

    for _, format in ipairs { "xes", "otlp" } do
        it("as " .. format .. " keeps starts that were estimated, as long as they follow from what is there", function()
            local first = export(format, helper.log "done-only")
            local log = importing.log(format, first)
            assert_same_pieces(format, first, export(format, log))
        end)

        it("as " .. format .. " keeps instances, resources, schedules, waits, kinds, outcomes and ids", function()
            local log = imported_log()
            assert.are.equal(records_of(log), records_of((importing.log(format, export(format, log)))))
        end)
    end
end)
