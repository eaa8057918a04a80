-- The text format of Prometheus, for the textfile collector: counters, gauges and histograms over whole logs.
local numbers = require "tracereel.export.numbers"
local tracereel = require "tracereel"
local units = require "tracereel.util.units"
local valid_utf8 = require "tracereel.export.valid_utf8"

local prometheus = { place = 5, note = "text" }

local Prometheus = {}
Prometheus.__index = Prometheus

-- Upper bounds in seconds, as they are written, and in nanoseconds.
local bounds = {}
for seconds in ("0.0001 0.0005 0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 30 60 300 1800 3600 21600 "
    .. "86400"):gmatch("%S+") do
    bounds[#bounds + 1] = { text = seconds, ns = assert(units.parse_duration(seconds .. "s")) }
end

-- In the order in which they are written: name after "tracereel_", type, help.
local families = {
    { "attempts_total", "counter", "Attempts of a node that ended, by how they did." },
    { "attempts_open", "gauge", "Attempts of a node that had not ended at the end of the log." },
    { "attempt_seconds", "histogram", "Run time of ended attempts, less what they were suspended; start says whether "
        .. "it was written or estimated. Without traces that were open across damage." },
    { "suspensions_total", "counter", "Suspensions at a node that ended." },
    { "suspended_seconds_total", "counter", "Time that traces were suspended at a node until resumed." },
    { "traces_total", "counter", "Traces that closed, by status." },
    { "trace_seconds", "histogram", "Time from start to end of closed traces. Without traces that were "
        .. "open across damage or whose start is not known." },
    { "traces_open", "gauge", "Traces that are open at the end of the log, by status." },
    { "traces_tainted", "gauge", "Traces that were open where the log is damaged." },
    { "records_total", "counter", "Records that were read." },
    { "violations_total", "counter", "Records that do not follow from those before them, by code." },
    { "gaps_total", "counter", "Stretches of the log that could not be read, by class." },
    { "gap_bytes_total", "counter", "Bytes that could not be read." },
    { "log_damaged", "gauge", "1 where something durable was lost, 0 where not." },
    { "log_last_timestamp_seconds", "gauge", "The latest timestamp in the log, Unix time." },
}

local escapes = { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }

local function escaped(value)
    return value:find('[\\"\n\x80-\xFF]') and valid_utf8(value):gsub('[\\"\n]', escapes) or value
end

-- "{a="1",b="2"" of alternating names and values, without the brace that closes it.
local function labels_of(...)
    local parts = {}
    for index = 1, select("#", ...), 2 do
        local name, value = select(index, ...)
        if value then
            parts[#parts + 1] = name .. '="' .. escaped(value) .. '"'
        end
    end
    return "{" .. table.concat(parts, ",")
end

-- A family's series are kept by their labels.
function Prometheus:series(family, labels, new)
    local of_family = self.families[family] or {}
    self.families[family] = of_family
    local series = of_family[labels]
    if series == nil then
        series = new and new() or 0
        of_family[labels] = series
    end
    return series, of_family
end

function Prometheus:add(family, labels, amount)
    local value, of_family = self:series(family, labels)
    of_family[labels] = numbers.add(value, amount)
end

function Prometheus:set(family, labels, value)
    local _, of_family = self:series(family, labels)
    of_family[labels] = value
end

local function new_histogram()
    return { count = 0, sum_ns = 0, buckets = {} }
end

function Prometheus:observe(family, labels, ns)
    local histogram = self:series(family, labels, new_histogram)
    histogram.count = histogram.count + 1
    histogram.sum_ns = numbers.add(histogram.sum_ns, ns)
    local low, high = 1, #bounds + 1
    while low < high do
        local middle = (low + high) // 2
        if math.ult(bounds[middle].ns, ns) then
            low = middle + 1
        else
            high = middle
        end
    end
    if low <= #bounds then
        histogram.buckets[low] = (histogram.buckets[low] or 0) + 1
    end
end

-- The texts with a value between the two, each made once.
local function remembered(before, after)
    return setmetatable({}, { __index = function(texts, value)
        texts[value] = before .. value .. after
        return texts[value]
    end })
end

-- The labels of a node in the log that is read, each made once: with an outcome, and with how the start is known.
function Prometheus:labels_of_node(node_id)
    local made = self.node_labels[node_id]
    if not made then
        local of_node = labels_of("log", self.context.path, "node", tostring(node_id), "name",
            self.context.node_name(node_id))
        made = { plain = of_node, outcome = remembered(of_node .. ',outcome="', '"'),
            written = remembered(of_node .. ',outcome="', '",start="written"'),
            estimated = remembered(of_node .. ',outcome="', '",start="estimated"') }
        self.node_labels[node_id] = made
    end
    return made
end

function Prometheus:add_node(node, trace)
    local labels, is_tainted = self:labels_of_node(node.id), trace.tainted
    for _, attempt in ipairs(node.attempts) do
        if attempt.is_open then
            self:add("attempts_open", labels.plain, 1)
        else
            self:add("attempts_total", labels.outcome[attempt.outcome], 1)
        end
        if not attempt.is_open and not attempt.is_cut and not is_tainted then
            local of_start = attempt.is_estimated and labels.estimated or labels.written
            self:observe("attempt_seconds", of_start[attempt.outcome], attempt.duration_ns)
        end
    end
    for _, suspension in ipairs(node.suspensions) do
        if not suspension.is_open then
            self:add("suspensions_total", labels.plain, 1)
            self:add("suspended_seconds_total", labels.plain, suspension.end_ns - suspension.start_ns)
        end
    end
end

-- The labels of a log's nodes are made once.
function Prometheus:log_begins()
    self.node_labels = {}
end

---@param trace_stats tracereel.export.stats
function Prometheus:trace(trace_stats)
    local trace, log = trace_stats.trace, self.context.path
    local labels = labels_of("log", log, "status", trace.held and "held" or trace.status)
    self:add(trace.open and "traces_open" or "traces_total", labels, 1)
    self:add("traces_tainted", labels_of("log", log), trace.tainted and 1 or 0)
    if not trace.open and trace_stats.is_start_known and not trace.tainted then
        self:observe("trace_seconds", labels, trace.duration_ns)
    end
    for _, node in ipairs(trace_stats.nodes) do
        self:add_node(node, trace)
    end
end

---@param log tracereel.log
function Prometheus:log_ends(log)
    local path, statistics = self.context.path, log:stats()
    local labels = labels_of("log", path)
    self:add("traces_tainted", labels, 0)
    for _, status in ipairs { "running", "suspended" } do
        self:add("traces_open", labels_of("log", path, "status", status), 0)
    end
    self:add("records_total", labels, statistics.records)
    self:add("gap_bytes_total", labels, statistics.gap_bytes)
    self:set("log_damaged", labels, statistics.damaged and 1 or 0)
    self:set("log_last_timestamp_seconds", labels, statistics.now_ns)
    for class, count in pairs(statistics.gaps) do
        self:add("gaps_total", labels_of("log", path, "class", class), count)
    end
    for code, count in pairs(statistics.violations) do
        self:add("violations_total", labels_of("log", path, "code", code), count)
    end
end

function Prometheus:write_histogram(name, labels, histogram)
    local write, cumulative = self.context.write, 0
    for index, bound in ipairs(bounds) do
        cumulative = cumulative + (histogram.buckets[index] or 0)
        write(name, "_bucket", labels, ',le="', bound.text, '"} ', tostring(cumulative), "\n")
    end
    write(name, "_bucket", labels, ',le="+Inf"} ', tostring(histogram.count), "\n")
    write(name, "_sum", labels, "} ", numbers.seconds(histogram.sum_ns), "\n")
    write(name, "_count", labels, "} ", tostring(histogram.count), "\n")
end

local function value_text(name, value)
    return name:find("seconds") and numbers.seconds(value) or tracereel.unsigned(value)
end

function Prometheus:finish()
    for _, family in ipairs(families) do
        local short_name, type_name, help = table.unpack(family)
        local name = "tracereel_" .. short_name
        if self.families[short_name] then
            self.context.write("# HELP ", name, " ", help, "\n# TYPE ", name, " ", type_name, "\n")
        end
        for labels, series in units.sorted(self.families[short_name] or {}) do
            if type_name == "histogram" then
                self:write_histogram(name, labels, series)
            else
                self.context.write(name, labels, "} ", value_text(name, series), "\n")
            end
        end
    end
end

function prometheus.new(context)
    return setmetatable({ context = context, families = {}, node_labels = {} }, Prometheus)
end

return prometheus
