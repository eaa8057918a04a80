-- What a person looks at in `tracereel top`, and what keys do to it.
local keys = require "tracereel.top.keys"
local text = require "tracereel.util.text"
local trace_view = require "tracereel.top.trace_view"
local units = require "tracereel.util.units"
local views = require "tracereel.top.views"

local session = {}

local Session = {}
Session.__index = Session

local help_lines = {
    "1 2 3 4, Tab   nodes, open traces, waiting ones, errors",
    "s, S           sort by the next, the previous column",
    "r              turn the order round",
    "/              show only rows with a text; Enter keeps it, Escape drops it",
    "up, down       choose a row; also Page Up, Page Down, Home, End",
    "Enter          open the trace of the row; Escape goes back",
    "Space          hold the screen; the log is read on",
    "q              quit",
    "",
    "RUNNING and WAITING count open traces; LOAD is the run time of the attempts",
    "that ended in the last minute of the log, over that minute: how many ran",
    "at a time. PER MIN is their count. P50 and P95 are of all attempts so far.",
    "Times are the log's, UTC.",
}

---@param log tracereel.log that is read
---@param board table of top.board
---@param path string
function session.new(log, board, path)
    local self = setmetatable({
        log = log, board = board, path = text.clean(path), selected = 1, filter = "", orders = {},
        tick_ns = 0, -- log time, which goes on where no record comes
    }, Session)
    self:choose_view(1)
    return self
end

function Session:choose_view(number)
    self.number, self.view = number, views.all[number]
    self.order = self.orders[number] or { column = self.view.sorted_by, is_reversed = false }
    self.orders[number] = self.order
    self.selected = 1
end

-- ---- keys ----

local function move_by(rows)
    return function(self)
        self.selected = self.selected + rows
    end
end

local function sort_by(step)
    return function(self)
        local count = #self.view.columns
        self.order.column = (self.order.column - 1 + step) % count + 1
        self.selected = 1
    end
end

local actions = {
    q = function(self)
        self.is_over = true
    end,
    tab = function(self)
        self:choose_view(self.number % #views.all + 1)
    end,
    back_tab = function(self)
        self:choose_view((self.number - 2) % #views.all + 1)
    end,
    s = sort_by(1), S = sort_by(-1),
    r = function(self)
        self.order.is_reversed = not self.order.is_reversed
    end,
    up = move_by(-1), down = move_by(1), page_up = move_by(-10), page_down = move_by(10),
    home = move_by(-math.maxinteger // 2), ["end"] = move_by(math.maxinteger // 2),
    ["/"] = function(self)
        self.is_typing, self.filter = true, ""
    end,
    ["?"] = function(self)
        self.has_help = true
    end,
    [" "] = function(self)
        self.is_held = not self.is_held
    end,
    enter = function(self)
        self.opened_id = self.chosen_id
    end,
    escape = function(self)
        self.filter = ""
    end,
}
for number in ipairs(views.all) do
    actions[tostring(number)] = function(self)
        self:choose_view(number)
    end
end

local function type_filter(self, key)
    if key == "enter" or key == "escape" then
        self.is_typing = false
        self.filter = key == "enter" and self.filter or ""
    elseif key == "backspace" then
        self.filter = self.filter:gsub("[^\x80-\xBF][\x80-\xBF]*$", "")
    elseif utf8.len(key) == 1 then
        self.filter = self.filter .. key
    end
    self.selected = 1
end

---@param bytes string as typed
function Session:take(bytes)
    for _, key in ipairs(keys.names(bytes)) do
        if self.is_typing then
            type_filter(self, key)
        elseif key == "q" then
            self.is_over = true
        elseif self.has_help then
            self.has_help = false
        elseif self.opened_id and (key == "escape" or key == "enter" or key == "backspace") then
            self.opened_id, self.opened = nil, nil
        elseif not self.opened_id and actions[key] then
            actions[key](self)
        end
    end
end

-- ---- what is shown ----

local function time_of(self)
    local now_ns = self.log:stats().now_ns
    return math.ult(now_ns, self.tick_ns) and self.tick_ns or now_ns
end

-- The log, its time and how much was read, in two lines.
local function head(self, traces, now_ns, rate)
    local statistics = self.log:stats()
    local waiting = 0
    for _, trace in ipairs(traces) do
        waiting = waiting + (trace.suspended_at and 1 or 0)
    end
    local time = now_ns ~= 0 and units.time(now_ns):gsub("^([%d-]+)T([%d:]+).*$", "%1 %2Z") or "no records yet"
    return {
        ("%s  %s%s"):format(self.path, time, statistics.damaged and "  DAMAGED (tracereel check says where)" or ""),
        ("%s%s  %s open, %d of them waiting; %d complete, %d failed"):format(text.count(statistics.records, "record"),
            rate and (", %s"):format(units.rate(rate)) or "", text.count(#traces, "trace"), waiting,
            self.board.complete, self.board.failed),
    }
end

-- The rows of the view that are meant, in their order.
local function rows_of(self, traces, now_ns)
    local columns = self.view.columns
    local rows = views.filter(self.view.rows(self.board, traces, now_ns), columns, self.filter)
    views.sort(rows, columns[self.order.column], self.order.is_reversed)
    return rows
end

local function tabs(self)
    local words, column = {}, self.view.columns[self.order.column]
    for number, view in ipairs(views.all) do
        words[number] = (number == self.number and "[%d %s]" or " %d %s "):format(number, view.name)
    end
    return ("%s  by %s%s%s"):format(table.concat(words, " "), column.title,
        self.order.is_reversed and " reversed" or "", self.filter ~= "" and ("  with %q"):format(self.filter) or "")
end

-- The opened trace; as it was last where it has closed.
local function opened_lines(self, traces, now_ns)
    for _, trace in ipairs(traces) do
        if trace.id == self.opened_id then
            self.opened = trace_view.lines(trace, now_ns)
            return self.opened
        end
    end
    local lines = table.move(self.opened or {}, 1, self.opened and #self.opened or 0, 2, {})
    lines[1] = self.opened and "It is closed. It was last:"
        or ("trace %s is closed: tracereel show has all of it"):format(self.opened_id)
    return lines
end

local function put_list(self, lines, traces, now_ns, height)
    local rows = rows_of(self, traces, now_ns)
    self.selected = math.max(1, math.min(self.selected, #rows))
    self.chosen_id = rows[self.selected] and rows[self.selected].trace_id
    local first = math.max(1, math.min(self.selected - height // 2, #rows - height + 1))
    local heading, row_lines = views.lines(self.view.columns, table.move(rows, first, first + height - 1, 1, {}))
    lines[#lines + 1] = { words = heading, style = "heading" }
    if #rows == 0 then
        lines[#lines + 1] = { words = self.filter ~= "" and "nothing has that text" or self.view.none }
    end
    for index, words in ipairs(row_lines) do
        lines[#lines + 1] = { words = words, style = first + index - 1 == self.selected and "selected" or nil }
    end
end

local function foot(self)
    if self.is_typing then
        return "/" .. self.filter .. "_"
    elseif self.opened_id then
        return "Escape back  q quit"
    end
    return (self.is_held and "HELD (Space)  " or "") .. "? help  Tab next list  s sort  / filter  Enter open  q quit"
end

---@param height integer lines of the screen
---@param rate number|nil records a second
---@return { words: string, style: string|nil }[] lines clean, at most `height`; the last is the foot
function Session:lines(height, rate)
    local now_ns, traces = time_of(self), self.log:traces()
    local lines = {}
    for _, words in ipairs(head(self, traces, now_ns, rate)) do
        lines[#lines + 1] = { words = words }
    end
    lines[#lines + 1] = { words = tabs(self) }
    local room = height - #lines - 2
    if self.has_help or self.opened_id then
        for index, words in ipairs(self.has_help and help_lines or opened_lines(self, traces, now_ns)) do
            lines[#lines + 1] = index <= room + 1 and { words = words } or nil
        end
    else
        put_list(self, lines, traces, now_ns, room)
    end
    while #lines < height - 1 do
        lines[#lines + 1] = { words = "" }
    end
    lines[#lines + 1] = { words = foot(self), style = "foot" }
    return lines
end

---Everything at once, for a reader who presses no keys: what each list shows, with at most so many rows.
---@param max_rows integer
---@return string[] clean lines
function Session:summary(max_rows)
    local now_ns, traces = time_of(self), self.log:traces()
    local lines = head(self, traces, now_ns)
    for number, view in ipairs(views.all) do
        self:choose_view(number)
        local rows = rows_of(self, traces, now_ns)
        local heading, row_lines = views.lines(view.columns, table.move(rows, 1, max_rows, 1, {}))
        lines[#lines + 1] = ""
        lines[#lines + 1] = #rows > 0 and heading or view.none
        table.move(row_lines, 1, #row_lines, #lines + 1, lines)
        lines[#lines + 1] = #rows > max_rows and ("... and %d more"):format(#rows - max_rows) or nil
    end
    return lines
end

return session
