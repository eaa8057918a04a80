"""What one would write today instead of `tracereel timing`: how often each node ran, and the median and 99th percentile
of its run time, every record's CRC checked. All durations are kept and sorted. Usage: timing_python.py LOG"""

import collections
import glob
import mmap
import struct
import sys
import zlib

HEADER = struct.Struct("<IIB16sIQ")
PAYLOAD_OFFSET = 29
TRACE_START, NODE_START, NODE_DONE, NODE_ERROR = 0, 1, 2, 3
TRACE_ENDS = (4, 5)
MAKES_READY = (TRACE_START, NODE_DONE, NODE_ERROR, 7, 9, 10)


def run_times(path):
    times = collections.defaultdict(list)
    started = {}  # by trace and node
    ready = {}  # by trace: the latest event that can have made a node ready, for logs without node_start
    for segment in sorted(glob.glob(path + "/wal_*.log")):
        with open(segment, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            view = memoryview(data)
            offset, end = 0, len(view)
            while offset + HEADER.size <= end:
                length, crc, record_type, trace_id, node_id, timestamp_ns = HEADER.unpack_from(view, offset)
                if zlib.crc32(view[offset + PAYLOAD_OFFSET : offset + length]) != crc:
                    raise SystemExit(f"{segment}: offset {offset}: wrong CRC")
                if record_type == NODE_START:
                    started[trace_id, node_id] = timestamp_ns
                elif record_type == NODE_DONE:
                    start_ns = started.pop((trace_id, node_id), None)
                    times[node_id].append(timestamp_ns - (ready[trace_id] if start_ns is None else start_ns))
                elif record_type == NODE_ERROR:
                    started.pop((trace_id, node_id), None)
                if record_type in MAKES_READY:
                    ready[trace_id] = timestamp_ns
                elif record_type in TRACE_ENDS:
                    ready.pop(trace_id, None)
                offset += length
            view.release()
    return times


for node, values in sorted(run_times(sys.argv[1]).items()):
    values.sort()
    count = len(values)
    print(node, count, values[(count + 1) // 2 - 1], values[-(-count * 99 // 100) - 1])
