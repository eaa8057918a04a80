-- The same as import_rows.lua, with calls for each row: what an importer of rows does that are more than attempts.
return {
    api = 1,
    import = function(input, out)
        for row in input:csv { reuse = true } do
            local trace = out:trace { id = row.case }
            local at = input.time(row.start)
            trace:attempt(row.activity, { at = at, duration = input.time(row["end"]) - at, resource = row.resource })
        end
    end,
}
