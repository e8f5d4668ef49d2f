"""Write a CSV file as a Singer stream: python csv_to_singer.py FILE STREAM KEY…; all is text."""

import csv
import json
import sys
from pathlib import Path

if not sys.argv[2:]:
    sys.exit(__doc__)
file, stream, *keys = sys.argv[1:]
with Path(file).open(newline="", encoding="utf-8-sig") as lines:
    rows = csv.DictReader(lines)
    properties = {name: {"type": ["string", "null"]} for name in rows.fieldnames or []}
    schema = {"type": "object", "properties": properties}
    message = {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": keys}
    sys.stdout.write(json.dumps(message) + "\n")
    for row in rows:
        sys.stdout.write(json.dumps({"type": "RECORD", "stream": stream, "record": row}) + "\n")
