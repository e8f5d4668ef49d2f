"""Singer lines for a target: a process of its own, so that what it takes is not counted.

python -m benchmarks.measured.feed LINES REPEATS STREAMS
"""

from __future__ import annotations

import json
import sys
from itertools import cycle
from pathlib import Path

from benchmarks import data
from benchmarks.inputs import REPEAT


def main(lines: str, repeats: str, streams: str) -> None:
    """A SCHEMA, the lines as often as asked for, each with a key of its own, and a STATE.

    Of several streams, which share the lines, each gets one in turn.
    """
    write = sys.stdout.buffer.write
    count = int(streams)
    names = [f"{data.LOADED_OBJECT}_{n}" for n in range(count)] if count > 1 else [_STREAM]
    for name in names:
        write(json.dumps(_schema(name)).encode() + b"\n")
    block = Path(lines).read_bytes()
    for number in range(int(repeats)):
        numbered = block.replace(REPEAT.encode(), b"%08d" % number)
        write(numbered if count == 1 else _in_turn(numbered, names))
    state = {"type": "STATE", "value": {"bookmarks": {_STREAM: {"rows": repeats}}}}
    write(json.dumps(state).encode() + b"\n")


_STREAM = data.LOADED_OBJECT


def _schema(name: str) -> dict[str, object]:
    schema = data.schema(data.LOADED_KINDS)
    return {"type": "SCHEMA", "stream": name, "schema": schema, "key_properties": [data.KEY]}


def _in_turn(block: bytes, names: list[str]) -> bytes:
    """The lines with one stream's name after the other in them."""
    named = f'"stream":"{_STREAM}"'.encode()
    lines = zip(block.splitlines(keepends=True), cycle(names), strict=False)
    return b"".join(line.replace(named, f'"stream":"{name}"'.encode(), 1) for line, name in lines)


if __name__ == "__main__":
    main(*sys.argv[1:])
