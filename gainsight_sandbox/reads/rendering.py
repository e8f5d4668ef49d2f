"""Stored texts as a reply shows them: JSON values of the Query API, cells of an export CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from typing import IO, TYPE_CHECKING, Any, Protocol

import msgspec

from gainsight_sandbox.behaviour.quirk_choices import (
    BooleanForm,
    DateForm,
    LineEnd,
    MultiSelect,
    QueryNull,
    Quoting,
)
from gainsight_sandbox.tenant.schema import Family, Field
from gainsight_sandbox.tenant.values import EPOCH, epoch_milliseconds

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.quirks import Quirks

Row = Sequence[str | None]
Render = Callable[[str], object]

_BOOLEANS = {
    BooleanForm.LOWER: ("true", "false"),
    BooleanForm.UPPER: ("TRUE", "FALSE"),
    BooleanForm.DIGIT: ("1", "0"),
}
_LINE_ENDS = {LineEnd.LF: "\n", LineEnd.CRLF: "\r\n"}
BOM = "\ufeff"


def render_date(text: str, form: DateForm, family: Family) -> str | int:
    """A stored date or date-time in another form."""
    if family is Family.DATE:
        moment = datetime.combine(date.fromisoformat(text), time(), EPOCH.tzinfo)
    else:
        moment = datetime.fromisoformat(text)
    match form:
        case DateForm.EPOCH:
            return epoch_milliseconds(moment)
        case DateForm.SPACE:
            # As java.sql.Timestamp prints itself: at least one digit of the second's fraction.
            milliseconds = f"{moment.microsecond // 1000:03}".rstrip("0") or "0"
            return f"{moment:%Y-%m-%d %H:%M:%S}.{milliseconds}"
        case DateForm.ISO_SHORT if family is Family.DATETIME:
            return text.replace(".000Z", "Z")
        case _:
            return text


def query_record(
    names: Sequence[str], fields: Sequence[Field], quirks: Quirks
) -> Callable[[Row], dict[str, object]]:
    """A function that turns a row into a record of a Query API reply."""
    renders = [_query_render(field, quirks) for field in fields]
    blanks = [_query_blank(field, quirks) for field in fields]

    def record(row: Row) -> dict[str, object]:
        values = (
            blank if text is None else render(text)
            for text, render, blank in zip(row, renders, blanks, strict=True)
        )
        return dict(zip(names, values, strict=True))

    return record


def _query_render(field: Field, quirks: Quirks) -> Render:
    family = field.family
    match family:
        case Family.NUMBER | Family.AMOUNT:
            # A JSON number of exactly the stored digits, past what a float holds.
            return lambda text: msgspec.Raw(text.encode())
        case Family.BOOLEAN:
            return lambda text: text == "true"
        case Family.DATE | Family.DATETIME:
            return lambda text: render_date(text, quirks.query_dates, family)
        case Family.MULTISELECT if quirks.query_multiselect is MultiSelect.LIST:
            return lambda text: text.split(";")
        case Family.MULTISELECT:
            # Live clients see the last ; at times: here, after several items.
            return lambda text: f"{text};" if ";" in text else text
        case _:
            return str


def _query_blank(field: Field, quirks: Quirks) -> object:
    if field.family in {Family.DATE, Family.DATETIME}:
        return None if quirks.query_null_dates is QueryNull.NULL else ""
    if quirks.query_null is QueryNull.NULL:
        return None
    match field.family:
        case Family.TEXT | Family.PICKLIST:
            return ""
        case Family.MULTISELECT:
            return [] if quirks.query_multiselect is MultiSelect.LIST else ""
        case _:
            return None


class CsvWriter(Protocol):
    """The part of a csv.writer that is used here."""

    def writerow(self, row: Iterable[Any], /) -> object:
        """Write one row."""

    def writerows(self, rows: Iterable[Iterable[Any]], /) -> None:
        """Write rows."""


def csv_writer(file: IO[str], quirks: Quirks) -> CsvWriter:
    """A writer of export CSVs; every value in quotes, as the article's sample shows."""
    line_end = _LINE_ENDS[quirks.csv_line_end]
    if quirks.csv_quoting is Quoting.ALL:
        return csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator=line_end)
    # The csv module quotes only the line ends that it writes itself: both, for a cell to be safe.
    return csv.writer(_LineEnds(file, line_end), lineterminator="\r\n")


class _LineEnds:
    """Replaces the line end that the csv module writes."""

    def __init__(self, file: IO[str], line_end: str) -> None:
        self._file = file
        self._line_end = line_end

    def write(self, line: str) -> int:
        return self._file.write(line.removesuffix("\r\n") + self._line_end)


def csv_rows(fields: Sequence[Field], quirks: Quirks) -> Callable[[list[Row]], list[Row]]:
    """A function that turns stored rows into rows of CSV cells.

    With the default quirks the stored texts are the cells.
    """
    renders = {
        index: render
        for index, field in enumerate(fields)
        if (render := _csv_render(field, quirks)) is not None
    }
    if not renders and not quirks.csv_null:
        return lambda rows: rows
    columns = [renders.get(index, str) for index in range(len(fields))]

    def render_rows(rows: list[Row]) -> list[Row]:
        return [
            [
                quirks.csv_null if text is None else str(render(text))
                for text, render in zip(row, columns, strict=True)
            ]
            for row in rows
        ]

    return render_rows


def _csv_render(field: Field, quirks: Quirks) -> Render | None:
    family = field.family
    if family in {Family.DATE, Family.DATETIME} and quirks.csv_dates is not DateForm.ISO:
        return lambda text: render_date(text, quirks.csv_dates, family)
    if family is Family.BOOLEAN and quirks.csv_booleans is not BooleanForm.LOWER:
        true, false = _BOOLEANS[quirks.csv_booleans]
        return lambda text: true if text == "true" else false
    return None
