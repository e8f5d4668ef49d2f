"""Whether our target and the SDK's write the same rows: else comparing them says nothing.

python -m benchmarks.check FILE OTHER_FILE
"""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import data
from benchmarks.measuring import measure
from benchmarks.targets import PER_CALL
from gainsight_api.datatypes import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.running import Runner

_ROWS = 2 * data.PAGE_ROWS
_FILE_BEGINS, _FILE_ENDS = b"Content-Type: text/csv\r\n\r\n", b"\r\n--"

_Row = dict[str, Any]


def check(runner: Runner, folder: Path) -> None:
    """Compare what is written for the same lines.

    Raises:
        SystemExit: It is not the same.
    """
    pairs = (("target:bulk", "sdk-target:csv"), ("target:rest", "sdk-target:rest"))
    for pair in pairs:
        paths = [folder / name.replace(":", "-") for name in pair]
        for name, path in zip(pair, paths, strict=True):
            runner.run(name, _ROWS, str(path))
        # In a process of its own: what it takes would count among the programs' peak memory.
        measure(("-m", "benchmarks.check", *map(str, paths)))
        for path in paths:
            path.unlink()


def main(*paths: str) -> None:
    """Compare two files.

    Raises:
        SystemExit: They do not hold the same rows.
    """
    first, second = (
        sorted(map(_by_value, _rows(Path(path))), key=lambda row: str(row[data.KEY]))
        for path in paths
    )
    if len(first) != _ROWS or first != second:
        raise SystemExit(f"{' and '.join(paths)} do not hold the same rows")


def _rows(path: Path) -> Iterator[_Row]:
    """The rows of a CSV file, of the uploads of some, or of the payloads of calls."""
    with path.open("rb") as file:
        begins = file.read(2)
    if begins.startswith(b"{"):
        return _posted(path)
    return _uploaded(path) if begins == b"--" else _written(path)


def _uploaded(path: Path) -> Iterator[_Row]:
    """The CSV files of some uploads, out of their forms."""
    for form in path.read_bytes().split(_FILE_BEGINS)[1:]:
        text = form.partition(_FILE_ENDS)[0].decode()
        yield from csv.DictReader(io.StringIO(text, newline=""))


def _written(path: Path) -> Iterator[_Row]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _posted(path: Path) -> Iterator[_Row]:
    for line in path.read_text(encoding="utf-8").splitlines():
        payload = json.loads(line)
        if len(payload["records"]) > PER_CALL:
            raise SystemExit(f"a call of more than {PER_CALL} records")
        yield from payload["records"]


def _by_value(row: _Row) -> _Row:
    """A row whose values are equal if they mean the same."""
    return {name: _value(data.LOADED_KINDS[name], value) for name, value in row.items()}


def _value(kind: Kind, value: Any) -> Any:
    if value in (None, ""):
        return None
    match kind:
        case Kind.NUMBER:
            return Decimal(str(value))
        case Kind.BOOLEAN:
            return str(value).lower()
        case Kind.DATETIME:
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        case _:
            return value


if __name__ == "__main__":
    main(*sys.argv[1:])
