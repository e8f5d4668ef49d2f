"""Whether all programs that are compared write the same rows: else comparing them says nothing.

python -m benchmarks.check ROWS PLACE PLACE...
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import data
from benchmarks.cases import BATCHES, MANY, PIPES
from benchmarks.measured.targets import PER_CALL
from benchmarks.measuring import measure, python
from benchmarks.running import remove
from gainsight_api.objects.datatypes import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.running import Runner

_GROUPS = (
    ("target:bulk", "sdk-target:csv", *(case.program for case in MANY)),
    ("target:rest", "sdk-target:rest"),
    ("tap", "sdk", "http", "sdk-http", *(rate.program for rate in BATCHES)),
    ("http", *(case.program for case in PIPES)),
)
"""Programs that write the same rows."""
_FILE_BEGINS, _FILE_ENDS = b"Content-Type: text/csv\r\n\r\n", b"\r\n--"
_KINDS = {**data.KINDS, **data.LOADED_KINDS}
_OF_THE_SDK = "_sdc_"

_Row = dict[str, Any]


def check(runner: Runner, programs: set[str], rows: int = data.PAGE_ROWS) -> None:
    """Compare what programs write for the same rows.

    Raises:
        SystemExit: It is not the same.
    """
    for group in _GROUPS:
        wanted = [name for name in group if name in programs]
        if len(wanted) < 2:  # noqa: PLR2004 - nothing to compare
            continue
        places = [runner.folder / _plain_name(name) for name in wanted]
        for name, place in zip(wanted, places, strict=True):
            print(f"check: {name}", file=sys.stderr, flush=True)
            runner.run(name, rows, place)
        # In a process of its own: what it takes would count among the programs' peak memory.
        found = [
            f"{runner.loaders.postgres()}#{place.name}" if _is_table(name) else str(place)
            for name, place in zip(wanted, places, strict=True)
        ]
        measure(python("-m", "benchmarks.check", str(rows), *found))
        for place in places:
            remove(place)


def _plain_name(program: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in program)


def _is_table(program: str) -> bool:
    return program.endswith("+target-postgres")


def main(rows: str, first: str, *others: str) -> None:
    """Compare places: files, folders of files, or an address and a schema behind a `#`.

    Raises:
        SystemExit: They do not hold the same rows.
    """
    expected = _sorted(first)
    if len(expected) != int(rows):
        raise SystemExit(f"{first} holds {len(expected)} rows, not {rows}")
    for other in others:
        if _sorted(other) != expected:
            raise SystemExit(f"{first} and {other} do not hold the same rows")


def _sorted(place: str) -> list[_Row]:
    """The rows of a place by their keys."""
    key = data.KEY
    return sorted(map(_by_value, _rows(place)), key=lambda row: str(row.get(key) or row["Gsid"]))


def _rows(place: str) -> Iterator[_Row]:
    if place.startswith("postgresql"):
        return _stored(*place.split("#"))
    path = Path(place)
    if path.is_dir():
        return (row for file in path.iterdir() for row in _in_file(file))
    return _in_file(path)


def _in_file(path: Path) -> Iterator[_Row]:
    """The rows of a file of one of the kinds that programs write."""
    with path.open("rb") as file:
        begins = file.read(10)
    kinds = {
        b'{"type"': _messages,
        b'{"records"': _posted,
        b"{": _lines,
        b"\x1f\x8b": _lines,
        b"PAR1": _columns,
        b"--": _uploaded,
    }
    read = next((read for mark, read in kinds.items() if begins.startswith(mark)), _written)
    return read(path)


def _messages(path: Path) -> Iterator[_Row]:
    """The records of Singer messages."""
    for message in _lines(path):
        if message["type"] == "RECORD":
            yield message["record"]


def _lines(path: Path) -> Iterator[_Row]:
    """Rows in JSON, one a line."""
    open_it = gzip.open if path.suffix == ".gz" else open
    with open_it(path, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield json.loads(line, parse_float=Decimal)


def _columns(path: Path) -> Iterator[_Row]:
    """The rows of a parquet file."""
    from pyarrow import parquet

    yield from parquet.read_table(path).to_pylist()


def _stored(url: str, schema: str) -> Iterator[_Row]:
    """The rows of a table of a PostgreSQL server."""
    import psycopg
    from psycopg import sql
    from psycopg.rows import dict_row

    address = url.replace("+psycopg2", "")
    with psycopg.connect(address, row_factory=dict_row) as connection:
        table = sql.Identifier(schema, data.OBJECT)
        yield from connection.execute(sql.SQL("SELECT * FROM {}").format(table))


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
    """A row whose values are equal if they mean the same, without the loaders' own columns."""
    return {
        name: _value(_KINDS[name], value, multiple=name.startswith(data.MULTIPLE))
        for name, value in row.items()
        if not name.startswith(_OF_THE_SDK)
    }


def _value(kind: Kind, value: Any, *, multiple: bool) -> Any:
    if value in (None, ""):
        return None
    match kind:
        case Kind.NUMBER:
            return Decimal(str(value))
        case Kind.BOOLEAN:
            return str(value).lower()
        case Kind.DATETIME:
            moment = datetime.fromisoformat(str(value))
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        case _:
            # Our tap takes the `;` off that some tenants end multi-selects with.
            return str(value).removesuffix(";" if multiple else "")


if __name__ == "__main__":
    main(*sys.argv[1:])
