-- A grid of cells whose colours say how many things they hold: seven steps of one hue, lighter to darker (in the dark
-- the reverse), which differ in lightness alone, so that no eye and no printer confuses them. Each cell's numbers are
-- its tooltip; the page's script shows them of any cell, for the pointer and for arrow keys.
local base = require "tracereel.base"
local html = require "tracereel.render.html"
local svg = require "tracereel.render.svg"
local text = require "tracereel.util.text"

local heat_grid = {}

local row_height, scale_height, level_count = 17, 22, 7

---What is drawn. Rows and columns are counted from 1, from the top and from the left.
---@class tracereel.heat_grid
---@field id string
---@field title string
---@field unit string what is counted: "trace"
---@field column_count integer
---@field row_count integer
---@field ticks { position: number, label: string }[] of the columns
---@field column_words fun(column: integer): string
---@field row_words fun(row: integer): string
---@field row_label fun(row: integer): string HTML
---@field count fun(row: integer, column: integer): integer
---@field is_empty_column nil|fun(column: integer): boolean there was nothing that could be counted
---@field is_wide boolean|nil labels are names, and columns few

-- The smallest count of each level: at most seven, evenly apart on a logarithmic scale up to the largest count.
local function levels_of(max_count)
    local lowest = {}
    for level = 0, level_count - 1 do
        local count = math.max((lowest[#lowest] or 0) + 1, math.ceil(max_count ^ (level / level_count) - 1e-9))
        if count <= max_count then
            lowest[#lowest + 1] = count
        end
    end
    return lowest
end

-- Few levels are spread over all colours.
local function class_of_level(level, count)
    return ("heat-%d"):format(count == 1 and 4 or 1 + math.floor((level - 1) * (level_count - 1) / (count - 1) + 0.5))
end

local function level_of(lowest, count)
    local level = #lowest
    while count < lowest[level] do
        level = level - 1
    end
    return level
end

local function counts_of(grid)
    local counts, sum, max_count = {}, 0, 0
    for row = 1, grid.row_count do
        counts[row] = {}
        for column = 1, grid.column_count do
            local count = grid.count(row, column)
            counts[row][column] = count
            sum, max_count = sum + count, math.max(max_count, count)
        end
    end
    return counts, sum, max_count
end

local function cell(grid, row, column, count, class)
    local title = ("%s, %s: %s"):format(grid.column_words(column), grid.row_words(row), html.counted(count, grid.unit))
    return svg.bar(class, (column - 1) / grid.column_count, column / grid.column_count, (row - 1) * row_height,
        row_height - 1, title)
end

local function empty_columns(grid)
    local parts = {}
    for column = 1, grid.is_empty_column and grid.column_count or 0 do
        if grid.is_empty_column(column) then
            parts[#parts + 1] = svg.bar("heat-none", (column - 1) / grid.column_count, column / grid.column_count, 0,
                grid.row_count * row_height, grid.column_words(column) .. ": no trace started")
        end
    end
    return parts
end

local function cells(grid, counts, lowest)
    local parts = {}
    for row = 1, grid.row_count do
        for column = 1, grid.column_count do
            local count = counts[row][column]
            if count > 0 then
                parts[#parts + 1] = cell(grid, row, column, count,
                    class_of_level(level_of(lowest, count), #lowest))
            end
        end
    end
    for column = 2, grid.is_wide and grid.column_count or 0 do
        local x = (column - 1) / grid.column_count
        parts[#parts + 1] = svg.line("heat-gap", x, 0, x, grid.row_count * row_height)
    end
    return parts
end

local function scale(grid)
    local top = grid.row_count * row_height
    local parts = { svg.line("axis", 0, top, 1, top) }
    for _, tick in ipairs(grid.ticks) do
        parts[#parts + 1] = svg.line("tick", tick.position, top, tick.position, top + 4)
    end
    return table.concat(parts) .. svg.labels(grid.ticks, top + 17, 760, 270)
end

local function legend(grid, lowest, max_count, has_empty)
    local items = {}
    local function add(class, words)
        items[#items + 1] = html.element("li", nil, html.element("span", { class = "swatch " .. class }, ""), words)
    end
    for level, count in ipairs(lowest) do
        local last = (lowest[level + 1] or max_count + 1) - 1
        add(class_of_level(level, #lowest), last > count and html.count(count) .. "–" .. html.counted(last,
            grid.unit) or html.counted(count, grid.unit))
    end
    if has_empty then
        add("heat-none", "no trace started")
    end
    return html.element("ul", { class = "legend" }, items)
end

-- The words of all columns and rows for the script, and where the most are: where the arrow keys begin.
local function data_of(grid, counts, max_count)
    local columns, rows, start = {}, {}, nil
    for column = 1, grid.column_count do
        columns[column] = text.clean(grid.column_words(column))
    end
    for row = 1, grid.row_count do
        rows[row] = text.clean(grid.row_words(row))
        for column = 1, grid.column_count do
            start = start or counts[row][column] == max_count and { column - 1, row - 1 } or nil
        end
    end
    return columns, rows, start
end

local function label_column(grid)
    local parts = {}
    for row = 1, grid.row_count do
        parts[row] = html.element("div", nil, grid.row_label(row))
    end
    return html.element("div", { class = "heat-labels", ["aria-hidden"] = "true" }, parts)
end

---@param grid tracereel.heat_grid
---@return string HTML
function heat_grid.draw(grid)
    local counts, sum, max_count = counts_of(grid)
    local lowest = levels_of(max_count)
    local columns, rows, start = data_of(grid, counts, max_count)
    local words = ("%s: %s in %d columns from %s to %s and %d rows from %s to %s; most, %s, at %s, %s"):format(
        grid.title, html.counted(sum, grid.unit), grid.column_count, columns[1], columns[#columns], grid.row_count,
        rows[1], rows[#rows], html.count(max_count), columns[start[1] + 1], rows[start[2] + 1])
    local height, empty = grid.row_count * row_height, empty_columns(grid)
    return html.element("figure", { class = "heat" .. (grid.is_wide and " heat-wide" or ""), id = grid.id },
        html.element("figcaption", nil, html.element("b", nil, html.escape(grid.title)), " ",
            html.element("span", { class = "readout", role = "status" }, "")), "\n",
        html.element("div", { class = "heat-body" }, label_column(grid),
            html.element("div", { class = "heat-plot", role = "img", ["aria-label"] = words,
                ["data-columns"] = base.json(columns), ["data-rows"] = base.json(rows),
                ["data-unit"] = grid.unit, ["data-row-height"] = row_height,
                ["data-start"] = ("%d,%d"):format(start[1], start[2]) },
                svg.chart("heat-chart", height + scale_height, nil, empty, cells(grid, counts, lowest), scale(grid),
                    html.element("rect", { class = "heat-cursor", width = 0, height = row_height - 1 })))), "\n",
        legend(grid, lowest, max_count, #empty > 0)) .. "\n"
end

return heat_grid
