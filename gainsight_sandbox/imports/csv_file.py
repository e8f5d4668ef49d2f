"""The CSV file of an import job: RFC 4180 in UTF-8, its first line names the fields."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Cells = list[str]

# Rich text and JSON may be longer than the csv module expects of a cell.
csv.field_size_limit(max(csv.field_size_limit(), 1 << 27))


class BadFileError(ValueError):
    """A file that is no CSV."""


@contextmanager
def open_rows(path: Path) -> Iterator[Iterator[Cells]]:
    """All rows, header included; empty lines are skipped."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield filter(None, csv.reader(file, strict=True))


def read_header(path: Path) -> Cells:
    """The names in the first row."""
    with open_rows(path) as rows, _readable():
        return next(rows, [])


def count_rows(path: Path) -> int:
    """How many rows follow the header; reads all, so that no later reading can fail."""
    with open_rows(path) as rows, _readable():
        return sum(1 for _ in islice(rows, 1, None))


def batches(path: Path, size: int) -> Iterator[list[Cells]]:
    """The rows after the header, `size` at a time."""
    with open_rows(path) as rows:
        next(rows, None)
        while batch := list(islice(rows, size)):
            yield batch


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise BadFileError("The file is not in UTF-8.") from error
    except csv.Error as error:
        raise BadFileError(f"The file is not CSV: {error}.") from error
