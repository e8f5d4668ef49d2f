"""CSV files of import jobs."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gainsight_api.errors import GainsightError
from target_gainsight.bulk.csv_file import CsvWriter
from target_gainsight.rows.blocks import Row, in_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


CELLS = st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20), st.integers(10, 200))
def test_csv_files_read_back_and_keep_to_their_size(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[Any, Any]], most: int
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    writer = CsvWriter(folder, "x", ("A", "B"), most)
    for block in in_blocks(Row({"A": a, "B": b}, [i]) for i, (a, b) in enumerate(cells)):
        writer.add(block)
    read: list[list[str]] = []
    sources: list[int] = []
    for file in writer.finish():
        content = file.path.read_bytes()
        assert len(content) <= most or len(file.sources) == 1
        lines = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
        assert lines[0] == ["A", "B"]
        read += lines[1:]
        indexes = range(len(file.sources))
        sources += [source for index in indexes for source in file.sources[index]]
        rows = file.rows(indexes)
        assert [list(row.values()) for row in rows.values()] == [
            [cell or None for cell in line] for line in lines[1:]
        ]
    assert read == [_as_texts(pair) for pair in cells]
    assert sources == list(range(len(cells)))


def test_a_full_disk_is_an_error_that_names_the_folder(tmp_path: Path) -> None:
    writer = CsvWriter(tmp_path, "x", ("A",), 10**6)
    (tmp_path / "x-0.csv").symlink_to("/dev/full")
    (block,) = in_blocks([Row({"A": "a"}, [0])])
    with pytest.raises(GainsightError, match=r"No space left on device.*TMPDIR"):
        writer.add(block)


WIRES = st.none() | st.booleans() | st.text(st.sampled_from("a ,\"\n\r\té;\x00'"), min_size=1)


def _as_texts(values: Iterable[Any]) -> list[str]:
    return ["" if v is None else str(v).lower() if isinstance(v, bool) else v for v in values]


def _expected(columns: list[str], rows: list[tuple[Any, ...]]) -> str:
    """Lines whose columns are quoted as a whole, but for what is empty, or not at all."""
    written = []
    for column in zip(*rows, strict=True):
        cells = _as_texts(column)
        minimal = [io.StringIO(newline="") for _ in cells]
        for cell, text in zip(cells, minimal, strict=True):
            csv.writer(text, lineterminator="\r\n").writerow([cell, ""])
        quoted = any(
            text.getvalue() != f"{cell},\r\n" for cell, text in zip(cells, minimal, strict=True)
        )
        written.append(['"{}"'.format(c.replace('"', '""')) if c and quoted else c for c in cells])
    if len(columns) == 1:
        written = [[cell or '""' for cell in written[0]]]
    lines = [columns, *zip(*written, strict=True)]
    return "".join(f"{','.join(line)}\r\n" for line in lines)


@given(st.integers(1, 3).flatmap(lambda n: st.lists(st.tuples(*[WIRES] * n), max_size=8)))
@example([(None,)])
@example([("a", 'b"c'), (None, None), ("d", ""), ("", "e")])
def test_a_column_is_quoted_where_a_cell_of_it_needs_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]
) -> None:
    columns = ["A", "B", "C"][: len(rows[0]) if rows else 1]
    writer = CsvWriter(tmp_path_factory.mktemp("csv"), "x", columns, 10**6)
    for block in in_blocks(Row(dict(zip(columns, row, strict=True)), [0]) for row in rows):
        writer.add(block)
    written = [file.path.read_bytes().decode() for file in writer.finish()]
    assert written == ([_expected(columns, rows)] if rows else [])
    for text in written:
        read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert read == [columns, *(_as_texts(row) for row in rows)]


def test_rows_without_marks_are_what_the_csv_module_writes(tmp_path: Path) -> None:
    rows = [("a b", True, None), ("é;\x00'", None, "-1.50"), ("", False, " ")]
    writer = CsvWriter(tmp_path, "x", ("A", "B", "C"), 10**6)
    for block in in_blocks(Row(dict(zip("ABC", row, strict=True)), [0]) for row in rows):
        writer.add(block)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(["ABC", *map(_as_texts, rows)])
    assert [file.path.read_bytes() for file in writer.finish()] == [text.getvalue().encode()]
