-- The warnings of gcc 12's -fanalyzer that are wrong, each with the reason. tools/check_analyzer.lua holds the source
-- to this list: a warning that is not on it fails `make lint`, and so does a line of it that gcc gives no more.
--
-- What it gets wrong, every time: after a realloc it loses track of what is stored through an index that it does not
-- know, and calls that leaked; and it does not know that what a first loop adds, a second one finds.
return {
    { file = "src/files/segment_list.c", within = "tr_segment_list_add", warning = "leak of 'copy'",
        reason = "the name is kept in the list, and tr_segment_list_clear frees it, also where listing fails" },
    { file = "src/histogram/histogram.c", within = "count_in", warning = "leak of '<unknown>'",
        reason = "the chunk is kept in the histogram's table, and free_table frees it" },
    { file = "src/simulation/making.c", within = "tr_making_note_end", warning = "leak of '<unknown>'",
        reason = "the ends are kept in the maker, and tr_program_maker_free frees them" },
    { file = "src/simulation/making.c", within = "tr_making_note_end", warning = "leak of '<unknown>'",
        reason = "at the second place, too: the ends are kept in the maker, and tr_program_maker_free frees them" },
    { file = "src/simulation/making.c", within = "wait_for_ends", warning = "leak of '<unknown>'",
        reason = "the steps waited for are kept in the program, and tr_program_free frees them" },
    { file = "src/simulation/making.c", within = "wait_for_latest", warning = "leak of '<unknown>'",
        reason = "the steps waited for are kept in the program, and tr_program_free frees them" },
    { file = "src/timing/timing.c", within = "insert_node", warning = "leak of '<unknown>'",
        reason = "the node is kept in timing->nodes, and tr_timing_free frees it" },
    { file = "src/timing/worst_traces.c", within = "tr_worst_traces_restore", warning = "leak of 'restored.spans'",
        reason = "the trace is kept in worst->items, and tr_worst_traces_free frees what it has" },
    { file = "src/timing/worst_traces.c", within = "tr_worst_traces_restore",
        warning = "leak of 'restored.suspensions'",
        reason = "the trace is kept in worst->items, and tr_worst_traces_free frees what it has" },
    { file = "src/trace/shape.c", within = "tr_shapes_of", warning = "leak of '<unknown>'",
        reason = "the bits are kept in the slot of the trace, and tr_shapes_free frees them" },
    { file = "src/trace/transition.c", within = "suspend", warning = "dereference of NULL 'entry'",
        reason = "the rule of trace_suspended has an event of a node, so apply_to_node has added the node" },
    { file = "src/trace/started_nodes.c", within = "tr_started_add", warning = "dereference of NULL 'node'",
        reason = "copy_contents has copied every node before tr_started_copy looks for those that are started" },
}
