"""Singer lines for a target: a process of its own, so that what it takes is not counted.

python -m benchmarks.feed LINES REPEATS
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import data
from benchmarks.inputs import REPEAT


def main(lines: str, repeats: str) -> None:
    """A SCHEMA, the lines as often as asked for, each with a key of its own, and a STATE."""
    write = sys.stdout.buffer.write
    schema = {
        "type": "SCHEMA",
        "stream": data.LOADED_OBJECT,
        "schema": data.schema(data.LOADED_KINDS),
        "key_properties": [data.KEY],
    }
    write(json.dumps(schema).encode() + b"\n")
    block = Path(lines).read_bytes()
    for number in range(int(repeats)):
        write(block.replace(REPEAT.encode(), b"%08d" % number))
    state = {"type": "STATE", "value": {"bookmarks": {data.LOADED_OBJECT: {"rows": repeats}}}}
    write(json.dumps(state).encode() + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
