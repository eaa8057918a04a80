-- A plain importer of the bench's table.
return {
    api = 1,
    import = function(input, out)
        local columns = { trace = "case", node = "activity", start = "start", ["end"] = "end", resource = "resource" }
        for _ in out:attempts(input:csv(), columns) do
            out:dropped("rows that are no attempts", input:where())
        end
    end,
}
