"""What one would write today: node_done records per node, every record's CRC checked. Usage: count_nodes.py LOG"""

import collections
import glob
import mmap
import struct
import sys
import zlib

HEADER = struct.Struct("<IIB16sI")
PAYLOAD_OFFSET = 29
NODE_DONE = 2


def count_nodes(path):
    done = collections.Counter()
    for segment in sorted(glob.glob(path + "/wal_*.log")):
        with open(segment, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            view = memoryview(data)
            offset, end = 0, len(view)
            while offset + HEADER.size <= end:
                length, crc, record_type, _, node_id = HEADER.unpack_from(view, offset)
                if zlib.crc32(view[offset + PAYLOAD_OFFSET : offset + length]) != crc:
                    raise SystemExit(f"{segment}: offset {offset}: wrong CRC")
                if record_type == NODE_DONE:
                    done[node_id] += 1
                offset += length
            view.release()
    return done


for node, count in sorted(count_nodes(sys.argv[1]).items()):
    print(node, count)
