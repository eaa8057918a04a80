# Writes the annotations of a timing report's node: its counts, sums and distributions. Reads include/tracereel/timing.h,
# whose tables TR_NODE_COUNTS, TR_NODE_SUMS and TR_NODE_DISTRIBUTIONS have a row for each, with a comment.
BEGIN {
    print "---@meta"
    print "-- What is counted of each node. Made from the tables in include/tracereel/timing.h."
    print ""
    print "---@class tracereel.timing_node_measures"
}

/^#define TR_NODE_[A-Z]+\(X\)/ {
    table_name = substr($2, 1, index($2, "(") - 1)
    next
}

table_name != "" {
    row = $0
    if (row !~ /^ *X\([a-z0-9_]+, [a-z0-9_]+\) *\/\* .* \*\/ *\\?$/) {
        print FILENAME ":" FNR ": expected X(member, field) /* comment */, found: " row >"/dev/stderr"
        failed = 1
        exit 1
    }
    comment = row
    sub(/^.*\/\* /, "", comment)
    sub(/ \*\/.*$/, "", comment)
    sub(/^ *X\(/, "", row)
    sub(/\).*$/, "", row)
    split(row, argument, ", ")
    if (table_name == "TR_NODE_COUNTS") {
        print "---@field " argument[2] " integer " comment
    } else if (table_name == "TR_NODE_DISTRIBUTIONS") {
        print "---@field " argument[1] " tracereel.distribution " comment
    } else if (argument[2] == "true") {
        print "---@field " argument[1] " integer sum: " comment
    }
    row_count++
}

!/\\$/ {
    table_name = ""
}

END {
    if (!failed && row_count == 0) {
        print FILENAME ": expected the tables of nodes, found none" >"/dev/stderr"
        exit 1
    }
}
