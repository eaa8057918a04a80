-- What is typed at each command, for its help and its manual page: { a command line, what it answers }. Each is typed
-- by a test, in this order, where `wal` is the log of an engine that was killed, and `month` a log of 30,000 records.
return {
    check = {
        { "tracereel check wal", "Can the engine open this log, and what is lost?" },
        { "tracereel check --json -j 4 wal month", "Two logs, for a program." },
    },
    traces = {
        { "tracereel traces --open wal", "What hangs, and what becomes of it at the next start?" },
        { "tracereel traces --status failed --json month", "The traces that failed, for a program." },
    },
    show = {
        { "tracereel show 2a08 wal", "What happened in the trace whose id begins with 2a08?" },
        { "tracereel show 2a08 wal --flow orders.flow.lua", "The same with the names of its nodes." },
    },
    dump = {
        { "tracereel dump --trace 2a08 wal", "The records of a trace." },
        { "tracereel dump --type node_error,trace_failed --json month", "Every error, for a program." },
        { "tracereel dump --stats month", "How many records are there of each type?" },
    },
    top = {
        { "tracereel top wal", "What runs, waits and fails now? Keys sort, filter and open traces; `q` ends." },
        { "tracereel top --once wal", "The same once, as text." },
    },
    run = {
        { "tracereel run --list", "The bundled scripts and their arguments." },
        { "tracereel run errors month", "Which errors came how often?" },
        { "tracereel run stuck -a limit=1s wal", "What has waited for over a second?" },
        { "tracereel run --new mine.lua wal", "Write a script to begin with." },
        { "tracereel run mine.lua wal", "Run it." },
        { "tracereel run node_times month --partial month.partial", "Keep a result, to merge it with others." },
    },
    merge = {
        { "tracereel merge month.partial", "What several partials say together." },
    },
    debug = {
        { "tracereel debug wal 2a08", "Step through a trace; `help` lists what can be typed." },
    },
    timing = {
        { "tracereel timing month", "Where does the time go?" },
        { "tracereel timing month --top 3 --sort p99", "The three slowest nodes." },
        { "tracereel timing month --html report.html", "The same as a page." },
        { "tracereel timing wal --baseline month", "What changed against another log?" },
    },
    flow = {
        { "tracereel flow wal", "In which order do the nodes run?" },
        { "tracereel flow --yaml orders.yaml wal -o orders.lua", "Which number has each node of a pipeline?" },
    },
    simulate = {
        { "tracereel simulate fewer.lua month -o simulated", "What if fewer nodes could run at once?" },
        { "tracereel simulate fewer.lua month --sweep limits.nodes=2,4", "How many are enough?" },
        { "tracereel simulate fewer.lua month --rank", "Which node is worth speeding up?" },
    },
    backtest = {
        { "tracereel backtest month", "Does the first half of a log predict the second?" },
    },
    capacity = {
        { "tracereel capacity month", "How many nodes could run at once?" },
    },
    recover = {
        { "tracereel recover wal", "What will the engine do with each open trace?" },
        { "tracereel recover safe_start wal -o plan.json", "Decide that, and write it into a plan." },
    },
    apply = {
        { "tracereel apply plan.json wal --dry-run", "What would be written?" },
        { "tracereel apply plan.json wal --operator ana", "Append the plan's records to the log." },
    },
    undo = {
        { "tracereel undo plan.json wal --dry-run", "Can the plan be taken back?" },
        { "tracereel undo plan.json wal", "Take it back." },
    },
    repair = {
        { "tracereel repair wal --dry-run", "Which torn records are in the log?" },
        { "tracereel repair wal --yes", "Cut them out, without asking." },
    },
    crashtest = {
        { "tracereel crashtest give_up_errors wal", "What would a script do after every possible crash?" },
        { "tracereel crashtest give_up_errors wal --json", "The same, for a program." },
    },
    export = {
        { "tracereel export --format chrome wal -o wal.json", "A file for Perfetto and Speedscope." },
        { "tracereel export --format csv month", "A table for a spreadsheet." },
    },
    diff = {
        { "tracereel diff wal 2a08 03c0", "Two traces of a log." },
        { "tracereel diff wal 2a08 --with wal", "A trace, and the same in a copy or a simulation of its log." },
    },
    extract = {
        { "tracereel extract wal -o small --where error --redact metadata,errors",
            "The failed traces, to show to somebody else." },
        { "tracereel extract wal -o today --since -24h", "The traces of the last day." },
    },
    import = {
        { "tracereel import --list", "What can be read." },
        { "tracereel import history.json -o imported", "A Temporal history as a log." },
    },
    generate = {
        { "tracereel generate made --traces 100 --seed 7", "A log to try things on." },
        { "tracereel generate broken --traces 100 --torn", "One whose last record is torn." },
    },
}
