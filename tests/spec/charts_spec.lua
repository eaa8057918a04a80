-- Scales and texts of charts.
local axis = require "tracereel.render.axis"
local folded_time = require "tracereel.render.folded_time"
local html = require "tracereel.render.html"
local svg = require "tracereel.render.svg"

local ms = 1000000

local function labels_of(scale)
    local labels = {}
    for index, tick in ipairs(scale.ticks) do
        labels[index] = tick.label
    end
    return labels
end

local function about(expected, actual)
    assert.is_true(math.abs(expected - actual) < 1e-9, ("%s is not %s"):format(actual, expected))
end

describe("charts", function()
    it("have a logarithmic scale with equal distances for equal ratios, labelled at powers of ten", function()
        local scale = axis.logarithmic(1000, 10000 * ms)
        assert.are.same({ "1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s" }, labels_of(scale))
        about(scale.position(10 * ms) - scale.position(ms), scale.position(ms) - scale.position(ms // 10))
        assert.are.equal(0.0, scale.position(0))
        assert.is_true(scale.position(1000) > 0 and scale.position(10000 * ms) < 1)
    end)

    it("have finer labels where a scale spans little", function()
        assert.are.same({ "5 ms", "10 ms", "20 ms" }, labels_of(axis.logarithmic(8 * ms, 12 * ms)))
    end)

    it("label clock times at round seconds and minutes", function()
        local start = 1764000000 * 1000 * ms -- 2025-11-24T16:00:00Z
        assert.are.same({ "16:00:00", "16:00:10", "16:00:20", "16:00:30", "16:00:40", "16:00:50", "16:01:00",
            "16:01:10" }, labels_of(axis.clock(start - 5, start + 70001 * ms)))
        assert.are.same({ "16:00:00.00", "16:00:00.02", "16:00:00.04", "16:00:00.06", "16:00:00.08", "16:00:00.10" },
            labels_of(axis.clock(start - 5 * ms, start + 110 * ms)))
        assert.are.same({ "11-25 00:00", "11-25 12:00", "11-26 00:00", "11-26 12:00", "11-27 00:00", "11-27 12:00" },
            labels_of(axis.clock(start, start + 3 * 86400000 * ms)))
        assert.are.same({ "2025-11-25", "2025-11-26", "2025-11-27", "2025-11-28", "2025-11-29" },
            labels_of(axis.clock(start, start + 5 * 86400000 * ms)))
    end)

    it("accept the times of a broken clock", function()
        local scale = axis.clock(0, -1)
        assert.are.equal(1.0, scale.position(-1))
        about(0.5, scale.position(math.mininteger))
        assert.are.equal(1, #scale.ticks)
        assert.are.equal(1, #axis.clock(7, 7).ticks)
    end)

    it("count up to a round number", function()
        assert.are.same({ 400, { 0, 100, 200, 300, 400 } }, { axis.counts(305) })
        assert.are.same({ 1, { 0, 1 } }, { axis.counts(1) })
        assert.are.same({ 1, { 0, 1 } }, { axis.counts(0) })
    end)

    it("fold a long wait, and keep all work at one scale", function()
        local scale = folded_time.scale {
            start_ns = 1000,
            makespan_ns = 3600100 * ms,
            spans = {
                { node_id = 1, start_ns = 1000, end_ns = 1000 + 50 * ms },
                -- Suspended for an hour in its middle.
                { node_id = 2, start_ns = 1000 + 50 * ms, end_ns = 1000 + 3600080 * ms },
                { node_id = 3, start_ns = 1000 + 3600080 * ms, end_ns = 1000 + 3600100 * ms },
            },
            suspensions = { { node_id = 2, start_ns = 1000 + 60 * ms, end_ns = 1000 + 3600060 * ms } },
        }
        assert.are.equal(1, #scale.folds)
        assert.are.equal(3600000 * ms, scale.folds[1].length_ns)
        about(scale.folds[1].left, scale.position(60 * ms))
        about(scale.folds[1].right, scale.position(3600060 * ms))
        about(scale.position(10 * ms) - scale.position(0), scale.position(3600090 * ms) - scale.position(3600080 * ms))
        assert.are.equal(0.0, scale.position(0))
        about(1.0, scale.position(3600100 * ms))
        assert.is_true(scale.folds[1].right - scale.folds[1].left < 0.2)
    end)

    it("do not fold a trace that works all the time, nor a short pause", function()
        local scale = folded_time.scale { start_ns = 0, makespan_ns = 100, suspensions = {}, spans = {
            { node_id = 1, start_ns = 0, end_ns = 50 }, { node_id = 2, start_ns = 70, end_ns = 100 } } }
        assert.are.equal(0, #scale.folds)
        about(0.6, scale.position(60))
    end)

    it("accept a trace without any work, and one that took no time", function()
        local waited = folded_time.scale { start_ns = 0, makespan_ns = 100, suspensions = {}, spans = {} }
        assert.are.equal(100, waited.folds[1].length_ns)
        about(0.5, waited.position(50))
        local nothing = folded_time.scale { start_ns = 5, makespan_ns = 0, suspensions = {},
            spans = { { node_id = 1, start_ns = 5, end_ns = 5 } } }
        assert.are.equal(0.0, nothing.position(0))
    end)

    it("leave out labels that have no room, the later ones first", function()
        local labels = { { position = 0.5, label = "middle" }, { position = 0.52, label = "no room" },
            { position = 0.9, label = "far" } }
        local wide = svg.labels(labels, 10, 600, 600)
        assert.is_nil(wide:find("no room", 1, true))
        assert.is_not_nil(wide:find(">far<", 1, true))
        local _, hidden_on_phones = svg.labels(labels, 10, 600, 80):gsub("minor", "")
        assert.are.equal(1, hidden_on_phones)
    end)

    it("draw steps down to the base line", function()
        assert.are.equal('<path class="c" d="M0,1000 V500 H500 V0 H1000 V1000 Z"></path>',
            svg.stairs("c", { { 0.0, 0.5 }, { 0.25, 0.5 }, { 0.5, 1.0 } }, 1.0))
        assert.are.equal("", svg.stairs("c", {}, 1.0))
    end)
end)

describe("numbers on a page", function()
    it("separate thousands", function()
        assert.are.same({ "0", "999", "1,000", "2,150,000" },
            { html.count(0), html.count(999), html.count(1000), html.count(2150000) })
    end)

    it("never show a share above zero as zero", function()
        assert.are.same({ "<0.1 %", "0.0 %", "33.3 %", "–" },
            { html.share(1, 100000), html.share(0, 5), html.share(1, 3), html.share(1, 0) })
    end)
end)
