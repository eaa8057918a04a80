-- A plain importer of the bench's table.
return {
    api = 1,
    import = function(input, out)
        for row in input:csv() do
            local trace = out:trace { id = row.case }
            trace:start(row.activity, { at = input.time(row.start), resource = row.resource })
            trace:done(row.activity, { at = input.time(row["end"]) })
        end
    end,
}
