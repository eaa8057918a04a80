"""What one would write today: rows per activity, and spans per name. Usage: import_rows.py FILE.csv|FILE.jsonl"""

import collections
import csv
import json
import sys

count = collections.Counter()
if sys.argv[1].endswith(".csv"):
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        column = next(rows).index("activity")
        for row in rows:
            count[row[column]] += 1
else:
    with open(sys.argv[1], encoding="utf-8") as file:
        for line in file:
            for resource in json.loads(line)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        count[span["name"]] += 1
for name, number in sorted(count.items()):
    print(name, number)
