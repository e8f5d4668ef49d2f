"""The work of one import job: from the rows of its file to the rows of an object.

Partial success is the rule: a bad row is noted, and the others are imported.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from gainsight_sandbox.behaviour.operations import Operation
from gainsight_sandbox.behaviour.quirk_choices import ErrorForm, ManyMatches, MultiSelectForm
from gainsight_sandbox.imports.csv_file import BadFileError, Cells, batches, count_rows, read_header
from gainsight_sandbox.tenant.stamps import Stamps
from gainsight_sandbox.writes.rows import RowWriter
from gainsight_sandbox.writes.rules import ErrorCode, absent_message, exact_field, required_fields
from gainsight_sandbox.writes.validation import (
    FieldError,
    InvalidValueError,
    many_matches,
    missing_key,
    text_parser,
    value_parser,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path
    from threading import Event
    from typing import IO

    from gainsight_sandbox.behaviour.clock import Clock
    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.tenant.schema import Field, ObjectSchema
    from gainsight_sandbox.tenant.store import Store, StoredRow

_BATCH_ROWS = 2000


class RowError(msgspec.Struct, frozen=True):
    """What is wrong with a row (counted from 0), or with the whole file if `row` is None."""

    message: str
    field: str | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class ImportTask:
    """What to do with the rows of a file."""

    schema: ObjectSchema
    operation: Operation
    keys: tuple[Field, ...]


@dataclass(slots=True)
class Progress:
    """How many rows a job has done; `refused` if its whole file was."""

    total: int = 0
    inserted: int = 0
    updated: int = 0
    failed: int = 0
    refused: bool = False

    @property
    def succeeded(self) -> int:
        """Rows that were imported."""
        return self.inserted + self.updated

    @property
    def processed(self) -> int:
        """Rows that were looked at."""
        return self.succeeded + self.failed


class RefusedFileError(ValueError):
    """A file that cannot be imported as a whole."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.error = RowError(message, field)


class _BadRowError(ValueError):
    def __init__(self, *errors: FieldError) -> None:
        super().__init__()
        self.errors = errors


def run_import(
    task: ImportTask,
    upload: Path,
    errors: Path,
    progress: Progress,
    *,
    store: Store,
    clock: Clock,
    quirks: Quirks,
    closing: Event,
) -> None:
    """Import the file `upload`; its errors go to the file `errors`, a JSON object a line."""
    with errors.open("wb") as log:
        try:
            columns = _columns(task, read_header(upload), quirks)
            progress.total = count_rows(upload)
        except (RefusedFileError, BadFileError) as error:
            refusal = getattr(error, "error", None) or RowError(str(error))
            log.write(msgspec.json.encode(refusal) + b"\n")
            progress.refused = True
            return
        if task.keys:
            store.index_by(task.schema, [key.name for key in task.keys])
        stamps = Stamps(task.schema, clock, milliseconds=quirks.write_milliseconds)
        worker = _RowImport(task, columns, quirks, stamps)
        for batch in batches(upload, _BATCH_ROWS):
            if closing.is_set():
                return
            with store.writing() as connection:
                worker.run(connection, batch, progress, log)


def _columns(task: ImportTask, header: Cells, quirks: Quirks) -> tuple[Field, ...]:
    """The fields that a header names; raises RefusedFileError for one that cannot be imported."""
    columns = []
    for name in header:
        field = exact_field(task.schema, name)
        if field is None:
            raise RefusedFileError(f"{task.schema.name} has no field {name}.", name)
        if not (task.schema.is_writable(field) or field in task.keys):
            raise RefusedFileError(f"{name} is read-only.", name)
        if field in columns:
            raise RefusedFileError(f"{name} is there twice.", name)
        columns.append(field)
    absent = [key.name for key in task.keys if key not in columns]
    if task.operation is Operation.INSERT and quirks.import_absent_fails_job:
        names = {field.name for field in columns}
        absent += [name for name in required_fields(task.schema) if name not in names]
    if absent:
        raise RefusedFileError(absent_message(absent), absent[0])
    return tuple(columns)


def _worded(error: FieldError, form: ErrorForm) -> str:
    match form:
        case ErrorForm.CODE:
            return f"{error.code}: {error.message}"
        case ErrorForm.CODE_VALUE:
            return f"{error.code}: {error.description}"
        case _:
            return error.description


class _RowImport:
    """Imports the rows of a file in their order: of two rows with equal keys the later wins."""

    def __init__(
        self, task: ImportTask, columns: tuple[Field, ...], quirks: Quirks, stamps: Stamps
    ) -> None:
        self._task = task
        self._columns = columns
        quirks = replace(quirks, write_multiselect=MultiSelectForm.BOTH)
        self._parsers = [text_parser(field, quirks) for field in columns]
        self._never_null = [i for i, field in enumerate(columns) if field.required]
        self._checkers = [value_parser(field, quirks) for field in columns]
        self._names = tuple(field.name for field in columns)
        self._keys = tuple(key.name for key in task.keys)
        self._key_positions = [columns.index(key) for key in task.keys]
        self._absent = [name for name in required_fields(task.schema) if name not in self._names]
        self._error_form = quirks.import_error_form
        self._errors_by_row = quirks.import_errors_by_row
        self._many_matches = quirks.many_matches
        self._stamps = stamps
        self._writer = RowWriter(
            task.schema, self._names, self._keys, stamps, fold_keys=quirks.keys_ignore_case
        )

    def run(
        self, connection: sqlite3.Connection, batch: list[Cells], progress: Progress, log: IO[bytes]
    ) -> None:
        """Import some rows."""
        self._stamps.renew()
        for cells in batch:
            try:
                if self._import(connection, cells):
                    progress.updated += 1
                else:
                    progress.inserted += 1
            except _BadRowError as error:
                for line in self._lines(error.errors, progress.processed):
                    log.write(msgspec.json.encode(line) + b"\n")
                progress.failed += 1

    def _lines(self, errors: Sequence[FieldError], number: int) -> list[RowError]:
        """The entries for a bad row in the list of errors."""
        texts = [_worded(error, self._error_form) for error in errors]
        if self._errors_by_row:
            field = errors[0].field if len(errors) == 1 else None
            return [RowError(" ".join(texts), field, number)]
        return [
            RowError(text, error.field, number) for text, error in zip(texts, errors, strict=True)
        ]

    def _import(self, connection: sqlite3.Connection, cells: Cells) -> bool:
        """Import a row; returns whether it updated a record."""
        row = self._parse(cells)
        if self._task.operation is Operation.INSERT:
            self._refuse_absent()
            self._writer.insert(connection, row)
            return False
        rowids = self._writer.find(connection, row)
        if len(rowids) > 1 and self._many_matches is ManyMatches.ERROR:
            raise _BadRowError(many_matches(self._keys, self._key_values(row)))
        if self._many_matches is ManyMatches.FIRST:
            rowids = rowids[:1]
        for rowid in rowids:
            self._writer.update(connection, rowid, row)
        if not rowids:
            self._refuse_new(row)
            self._writer.insert(connection, row)
        return bool(rowids)

    def _refuse_new(self, row: StoredRow) -> None:
        """Raise unless a row that matches no record may become one."""
        if self._task.operation is Operation.UPDATE or self._task.schema.key in self._keys:
            values = ", ".join(map(str, self._key_values(row)))
            message = "No entity matches the given criteria."
            raise _BadRowError(
                FieldError(ErrorCode.NO_ENTITY, message, ",".join(self._keys), values)
            )
        self._refuse_absent()

    def _refuse_absent(self) -> None:
        """Raise if the file lacks a column that a new record must have."""
        if self._absent:
            message = absent_message(self._absent)
            raise _BadRowError(FieldError(ErrorCode.ABSENT, message, self._absent[0]))

    def _key_values(self, row: StoredRow) -> list[str | None]:
        return [row[position] for position in self._key_positions]

    def _parse(self, cells: Cells) -> StoredRow:
        """The texts to be stored; an empty cell clears its field."""
        if len(cells) != len(self._columns):
            message = f"The row has {len(cells)} values, the header {len(self._columns)}."
            raise _BadRowError(FieldError(ErrorCode.INVALID, message, self._names[0]))
        try:
            # The way of nearly all rows, and of millions of cells: no function for an empty one.
            row = tuple(
                [parse(cell) if cell else None for parse, cell in zip(self._parsers, cells)]  # noqa: B905
            )
        except InvalidValueError:
            raise _BadRowError(*self._all_errors(cells)) from None
        if any(row[position] is None for position in self._never_null):
            raise _BadRowError(*self._all_errors(cells))
        missing = [key for key in self._key_positions if row[key] is None]
        if missing:
            raise _BadRowError(*(missing_key(self._columns[key]) for key in missing))
        return row

    def _all_errors(self, cells: Cells) -> list[FieldError]:
        errors = []
        for name, check, cell in zip(self._names, self._checkers, cells, strict=True):
            try:
                check(cell or None)
            except InvalidValueError as error:
                errors.append(FieldError(error.code, error.message, name, cell))
        return errors
