-- --where, --sort and --top: which traces or records are meant, and in what order (docs/where.md).
local failure = require "tracereel.util.failure"
local options = require "tracereel.cli.options"
local text = require "tracereel.util.text"

local where = {}

---@param command table
---@param what string "traces" or "records"
function where.define(command, what)
    command:option("--where", ("Only %s for which this expression is true, as in '%s' (docs/where.md).")
        :format(what, what == "traces" and 'duration > 5s and error ~ "declined"' or 'type == "node_error"'))
        :argname("<EXPR>")
end

---@param command table
---@param what string
function where.define_order(command, what)
    command:option("--sort", ("Sort the %s by this field: the largest, longest or latest first, texts from A; "
        .. "FIELD:asc and FIELD:desc say which."):format(what)):argname("<FIELD>")
    command:option("--top", ("Only the first N %s of that order."):format(what)):argname("<N>")
        :convert(options.whole(1, math.maxinteger))
end

-- Around the place that is meant, so many columns of a long expression are shown before and after it.
local max_shown_before, max_shown_after = 40, 30

-- The expression, and below it a caret under the byte that is meant.
local function marked(expression, at)
    local first = at > max_shown_before and utf8.len(expression) and utf8.offset(expression, -max_shown_before, at)
    local head = expression:sub(first or 1, at - 1)
    local tail = expression:sub(at)
    local start = text.clean(head)
    if first and first > 1 then
        start = "…" .. start
    end
    return ("  %s%s\n  %s^"):format(start, text.cut(text.clean(tail), max_shown_after), (" "):rep(text.width(start)))
end

-- `what` the compiler is to make: "test" or "value". It is loaded where there is something to compile.
local function compiled(what, option, expression, ...)
    local done, made, more = failure.pcall(require("tracereel.where.compiler")[what], expression, ...)
    if done then
        return made, more
    elseif type(made) ~= "table" or not made.at then
        error(made, 0)
    end
    local column = text.width(text.clean(expression:sub(1, made.at - 1))) + 1
    failure.raise("usage", "%s", ("--%s, column %d: %s\n%s"):format(option, column, made.message,
        marked(expression, made.at)))
end

---Raises where what was asked for cannot be: before any log is read.
---@param parsed table
---@param scope "trace"|"record"
function where.check(parsed, scope)
    if parsed.where then
        compiled("test", "where", parsed.where, scope, false)
    end
    if parsed.sort then
        where.order(parsed, scope)
    end
end

---The test of --where; nil where it is not given. The names of nodes are those of the log in use.
---@param parsed table
---@param scope "trace"|"record"
---@return nil|fun(subject: table, trace?: table): boolean
function where.test(parsed, scope)
    return parsed.where and compiled("test", "where", parsed.where, scope, true) or nil
end

---@class tracereel.where_order
---@field key fun(subject: table, trace?: table): any
---@field is_unsigned boolean
---@field is_ascending boolean|nil nil: texts are, numbers are not

---@param parsed table with sort
---@param scope "trace"|"record"
---@param has_names boolean|nil
---@return tracereel.where_order
function where.order(parsed, scope, has_names)
    local field, direction = parsed.sort:match("^(.*):(%a+)$")
    if direction and direction ~= "asc" and direction ~= "desc" then
        failure.raise("usage", "--sort %s: FIELD:asc or FIELD:desc expected", parsed.sort)
    end
    local key, is_unsigned = compiled("value", "sort", field or parsed.sort, scope, has_names or false)
    local is_ascending
    if direction then
        is_ascending = direction == "asc"
    end
    return { key = key, is_unsigned = is_unsigned, is_ascending = is_ascending }
end

---Where what is to be shown goes, to be taken out in its order; nil where it is shown as it comes.
---@param parsed table
---@param scope "trace"|"record"
---@return tracereel.where_ranking|nil
function where.ranking(parsed, scope)
    if parsed.sort or parsed.top then
        return require("tracereel.where.ranking").new(parsed.sort and where.order(parsed, scope, true), parsed.top)
    end
end

return where
