-- The importer that `tracereel import --new` writes, for a person to change: it reads a table of attempts.
local starter = {}

local text = [[
-- An importer for tracereel, written by `tracereel import --new`. Run it:
--     tracereel import --from %s INPUT.csv -o DIR
--
-- It reads CSV with a header and the columns run, step, begin, end and error, such as
--     run,step,begin,end,error
--     17,load,2025-11-24 16:00:00,2025-11-24 16:00:02.5,
--     17,check,2025-11-24 16:00:02.5,2025-11-24 16:00:03,no such customer
-- Calls may come in any order: the records are sorted by time. docs/import.md has the whole API.
return {
    api = 1,
    summary = "attempts of steps, from a CSV file",
    extensions = { "csv" },

    -- Given on the command line: -a zone=+02:00. Types: string, number, integer, boolean, duration.
    args = {
        zone = { type = "string", default = "Z", help = "the zone of times that name none" },
    },

    -- Called for each input. input also has json(), json_lines(), lines(), xml{ ... } and text().
    import = function(input, out, args)
        for row in input:csv() do
            -- The same id gives the same trace.
            local trace = out:trace { id = row.run }
            if row.begin == "" then
                out:dropped("steps that never began", input:where())
            else
                -- start also takes instance, after = { "load" }, resource, scheduled, attempt, metadata = { ... }.
                trace:start(row.step, { at = input.time(row.begin, args.zone) })
                if row.error ~= "" then
                    trace:error(row.step, { at = input.time(row["end"], args.zone), message = row.error })
                elseif row["end"] ~= "" then
                    trace:done(row.step, { at = input.time(row["end"], args.zone) })
                end
            end
            -- Where the source says that a trace is over: trace:close("complete", { at = ... }).
        end
    end,
}
]]

---@param file_name string
---@return string
function starter.text(file_name)
    return (text:format(file_name))
end

return starter
