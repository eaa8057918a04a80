-- What tracereel wrote is not measured: whatever a plan or its undo wrote, the reports are those of what ran.
local files = require "tests.spec.recovery_files"
local helper = require "tests.spec.helper"
local reel = require "tracereel"
local simulation_logs = require "tests.spec.simulation_logs"

-- Every kind of decision, and a mixture; those that a log has no trace for change nothing in it.
local scripts = {
    mixed = files.mixed_script,
    restart = "return { api = 1, recover = function() return tracereel.restart() end }",
    retry = "return { api = 1, recover = function() return tracereel.retry { 3 } end }",
    hold = [[return { api = 1, recover = function() return tracereel.hold("look at it") end }]],
    await = [[return { api = 1, recover = function(trace)
        return trace.suspended_at and tracereel.await(trace.suspended_at, { timeout_secs = 5 })
    end }]],
    fail = [[return { api = 1, recover = function() return tracereel.fail("given up") end }]],
    complete = "return { api = 1, recover = function() return tracereel.complete() end }",
    skip = [[return { api = 1, recover = function(_, default)
        return default:skip(77, { offset = 128, size = 4, schema_hash = 1 })
    end }]],
    rerun = [[return { api = 1, recover = function(trace, default)
        return trace:node(7) and trace:node(7).completed and default:rerun { 7 } or nil
    end }]],
}

-- Of the log itself: how many records and segments it has, and where it is.
local function without_log(text, directory)
    text = text:gsub(directory:gsub("%p", "%%%0"), "LOG")
    return (text:gsub('"log":(%b{})', '"log":{}'))
end

-- Every format shows that a plan holds a trace, in place of its status.
local function without_held(text)
    text = text:gsub('"held":null', ""):gsub('"held":"[^"]*"', ""):gsub("tracereel_traces_open[^\n]*\n", "")
    text = text:gsub('{"key":"tracereel.held","value":{"stringValue":"[^"]*"}},?', "")
    text = text:gsub(",running,", ",open,"):gsub(",suspended,", ",open,"):gsub(",held,", ",open,")
    for _, status in ipairs { "running", "suspended", "held" } do
        text = text:gsub(('<string key="tracereel.status" value="%s"/>'):format(status), "<open/>")
    end
    return (text:gsub(",+", ","))
end

local function output_of(directory, arguments)
    local ran = helper.run(arguments)
    return ("status %d\n%s"):format(ran.status, without_log(ran.stdout, directory))
end

local function exported(directory, format)
    local text = output_of(directory, { "export", "--format", format, directory })
    -- Counters of the log's own records, by which a collector sees that it grows.
    return without_held(text:gsub("tracereel_records_total[^\n]*\n", ""))
end

-- What is measured of a log, command by command; or only that from which the rest is made.
local function measures(directory, is_short)
    local found = {
        timing = output_of(directory, { "timing", "--json", directory }),
        jsonl = exported(directory, "jsonl"),
    }
    if is_short then
        return found
    end
    found.by_outcome = output_of(directory, { "timing", "--json", "--by", "outcome", directory })
    found.latest = output_of(directory, { "timing", "--json", "--since", "-1s", directory })
    found.flow = output_of(directory, { "flow", directory })
    for _, format in ipairs(helper.export_formats()) do
        -- A database has the plan's records among its own; the rest of it is what jsonl has.
        found[format] = format ~= "sqlite" and (found[format] or exported(directory, format)) or nil
    end
    local simulated, ran = simulation_logs.simulate("return {}", directory)
    assert.are.equal(0, ran.status, ran.stderr)
    found.simulate = helper.shell(("cd %s && sha256sum *"):format(simulated))
    return found
end

local function assert_same_measures(wanted, directory, words, is_short)
    for name, text in pairs(measures(directory, is_short)) do
        assert.are.equal(wanted[name], text, name .. " " .. words)
    end
end

-- Of a log as it is among the fixtures, once for all tests.
local measures_of_log = {}
local function measures_before(log, directory)
    measures_of_log[log] = measures_of_log[log] or measures(directory)
    return measures_of_log[log]
end

-- How many records a plan writes.
local function apply(directory, script)
    local plan = files.plan(directory, script)
    local result = helper.run { "apply", plan, directory }
    assert.are.equal(0, result.status, result.stderr)
    local count = 0
    for _, one in ipairs(files.plan_object(plan).traces) do
        count = count + #one.records
    end
    return plan, count
end

local function undo(directory, plan)
    local result = helper.run { "undo", plan, directory }
    assert.are.equal(0, result.status, result.stderr)
end

describe("records of a plan are not measured:", function()
    after_each(helper.clean)

    for _, log in ipairs { "orders", "done-only", "restarted", "edge", "all-complete" } do
        for name, script in reel.sorted(log == "orders" and scripts or { mixed = scripts.mixed }) do
            it(("%s has the same measures before a plan of %s, after it, and after its undo"):format(log, name),
                function()
                    local directory, is_short = files.copy(log), name ~= "mixed"
                    local before = measures_before(log, directory)
                    local plan, count = apply(directory, script)
                    assert_same_measures(before, directory, "after the plan", is_short)
                    if count > 0 then
                        undo(directory, plan)
                        assert_same_measures(before, directory, "after the undo", is_short)
                    end
                end)
        end
    end

    it("a plan, its undo and another plan change no measure of orders, and cause no shift from a baseline", function()
        local directory = files.copy("orders")
        local before = measures_before("orders", directory)
        undo(directory, (apply(directory, scripts.restart)))
        apply(directory, scripts.mixed)
        assert_same_measures(before, directory, "after three")
        local ran = helper.run { "timing", "--json", "--baseline", helper.log("orders"), directory }
        assert.are.equal(0, ran.status, ran.stderr)
        local comparison = helper.objects(ran.stdout)[1].comparison
        assert.is_true(#comparison.shifts > 0)
        for _, shift in ipairs(comparison.shifts) do
            assert.are.equal(shift.before, shift.after)
        end
    end)

    it("a trace that a plan closed counts as open at the end, and timing counts these traces", function()
        local directory = files.copy("orders")
        local _, count = apply(directory, scripts.fail)
        local found = helper.run({ "timing", directory }).stdout
        assert.truthy(found:find(("of the open ones a plan has closed %d\n"):format(count), 1, true), found)
        local log = helper.objects(helper.run({ "timing", "--json", directory }).stdout)[1].log
        assert.are.equal(("#%d"):format(count), log.closed_by_plan_count)
    end)
end)
