-- A new SQLite database, filled row by row through Debian's binding (lua-sql-sqlite3), which knows SQL texts only: rows
-- are gathered into one INSERT for some hundreds of them.
local failure = require "tracereel.util.failure"
local tracereel = require "tracereel"
local valid_utf8 = require "tracereel.export.valid_utf8"

local database = {}

local max_rows, max_bytes = 500, 262144

-- Nobody reads the file before it is whole: a crash may leave it half-written.
local settings = { "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA locking_mode = EXCLUSIVE" }

local Database = {}
Database.__index = Database

local function binding()
    local found, sqlite = pcall(require, "luasql.sqlite3")
    if not found then
        failure.raise("io", "--format sqlite needs SQLite for Lua 5.4, which is not installed: "
            .. "apt install lua-sql-sqlite3")
    end
    return sqlite
end

---@param path string where nothing is yet
function database.create(path)
    local self = setmetatable({ path = path, rows = {} }, Database)
    local environment = binding().sqlite3()
    self.environment = environment
    self.connection = self:check(environment:connect(path))
    self:execute_all(settings)
    self:execute("BEGIN")
    return self
end

function Database:check(done, problem)
    if not done then
        failure.raise("io", "cannot write the database %s (TMPDIR says where): %s", self.path,
            tostring(problem):gsub("^LuaSQL: ", ""))
    end
    return done
end

---@param statement string
function Database:execute(statement)
    local done, problem = self.connection:execute(statement)
    if type(done) == "userdata" then -- the rows of a PRAGMA
        done:close()
    end
    self:check(done, problem)
end

---@param statements string[]
function Database:execute_all(statements)
    for _, statement in ipairs(statements) do
        self:execute(statement)
    end
end

---A text as SQL; NULL for nil. What is not UTF-8 is shown with U+FFFD.
function database.text(value)
    if value == nil then
        return "NULL"
    end
    value = valid_utf8(value)
    if value:find("\0", 1, true) then -- SQLite reads a statement up to the first zero byte
        return "CAST(x'" .. value:gsub(".", function(byte)
            return ("%02x"):format(byte:byte())
        end) .. "' AS TEXT)"
    end
    return "'" .. value:gsub("'", "''") .. "'"
end

---An integer of unsigned 64 bits as SQL: digits in a text where SQLite's are too small for it; NULL for nil and false.
function database.unsigned(value)
    if not value then
        return "NULL"
    end
    return value < 0 and "'" .. tracereel.unsigned(value) .. "'" or tostring(value)
end

function database.boolean(value)
    return value and "1" or "0"
end

---@param name string of a table
---@param ... string a row's values as SQL
function Database:insert(name, ...)
    local rows = self.rows[name]
    if not rows then
        rows = { bytes = 0 }
        self.rows[name] = rows
    end
    local row = "(" .. table.concat({ ... }, ",") .. ")"
    rows[#rows + 1], rows.bytes = row, rows.bytes + #row
    if #rows == max_rows or rows.bytes > max_bytes then
        self:flush(name)
    end
end

function Database:flush(name)
    local rows = self.rows[name]
    self.rows[name] = nil
    if rows then
        self:check(self.connection:execute("INSERT INTO " .. name .. " VALUES" .. table.concat(rows, ",")))
    end
end

---Writes all rows that were gathered.
function Database:flush_all()
    local names = {}
    for name in pairs(self.rows) do
        names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
        self:flush(name)
    end
end

---Closes it: the file is whole then.
---@param is_shrunk boolean whether rows were removed from it: their room is given back
function Database:finish(is_shrunk)
    self:execute("COMMIT")
    if is_shrunk then
        self:execute("VACUUM")
    end
    self.connection:close()
    self.environment:close()
end

return database
