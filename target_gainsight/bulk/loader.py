"""The bulk loader: rows by CSV file and import job (article "Gainsight CS Bulk API")."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gainsight_api.errors import DataError, GainsightError, RequestError, TooLargeError
from gainsight_api.jobs.imports import Upload
from gainsight_api.objects.records import WRONG_API
from target_gainsight.bulk.csv_file import CsvFile, CsvWriter, file_columns
from target_gainsight.bulk.row_numbers import (
    BASES,
    Telling,
    UnknownBaseError,
    possible_bases,
)
from target_gainsight.loading.loaders import Outcome
from target_gainsight.loading.route import Operation, Route
from target_gainsight.outcomes.problems import Problem, Rejection
from target_gainsight.rows.blocks import Block, Row
from target_gainsight.search.existing import Held

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gainsight_api.jobs.import_replies import ImportJob, RowError
    from target_gainsight.bulk.jobs import Importer
    from target_gainsight.incoming.storage import Storage
    from target_gainsight.rest.history import WriteHistory
    from target_gainsight.rest.loader import RestLoader
    from target_gainsight.rows.blocks import Rows
    from target_gainsight.rows.values import Wire
    from target_gainsight.search.existing import Existing
    from target_gainsight.search.lookups import Resolver
    from target_gainsight.search.unchanged import Unchanged

logger = logging.getLogger(__name__)

_MANY_JOBS = 20
_CODE = re.compile(r"\b(?:GSOBJ|GS|GU)_[A-Z0-9_]*[0-9]\b")


@dataclass(slots=True, kw_only=True)
class BulkLoader:
    """Loads rows by import jobs; each row comes out as confirmed or rejected.

    A file holds rows of one set of fields, since a cell left empty would clear its field.

    Attributes:
        route: Where the rows go.
        importer: Submits the jobs, and waits for them.
        storage: The run's folder of temporary files, among them those to import.
        resolver: Does the lookups.
        existing: Finds the records that Gainsight already holds.
        unchanged: Finds out which rows need not be written.
        rest: Loads the rows of a set of fields that few rows have; None if all rows go by job.
        bulk_threshold_rows: The setting: up to how many rows are few.
        max_bulk_bytes: The setting: the size of a file, at most.
        history: What has become of writes to the object so far.
        bases: The numbers that the errors of jobs may give to the first row.
    """

    route: Route
    importer: Importer
    storage: Storage
    resolver: Resolver
    existing: Existing
    unchanged: Unchanged
    rest: RestLoader | None
    bulk_threshold_rows: int
    max_bulk_bytes: int
    history: WriteHistory
    bases: Sequence[int] = BASES

    def load(self, rows: Rows) -> Outcome:
        """Load rows, each of which has a key of its own unless they are inserted."""
        outcome = Outcome()
        for wave in self.resolver.waves(rows, self.route.object.name):
            outcome += self._load(wave)
        return outcome

    def finish_inserts(self) -> None:
        """Wait for what a killed run is still adding; see `Importer.finish_inserts`."""
        self.importer.finish_inserts(self.route.stream, self.route.object.name)

    def _load(self, rows: Rows) -> Outcome:
        outcome = Outcome()
        with self.storage.subfolder() as folder:
            files = _Files(self, folder)
            resolved = self.resolver.resolved(rows, outcome)
            for block in self.unchanged.changed(resolved, outcome):
                files.add(block)
            finished = files.finish()
            if len(finished) > _MANY_JOBS:
                logger.warning(
                    "stream %s: the records of this batch have so many different sets of "
                    "properties that they take %d import jobs; `load_mode: auto`, or "
                    "`null_handling: send`, may take fewer",
                    self.route.stream,
                    len(finished),
                )
            for file in finished:
                self._import(file, outcome)
        if self.rest and files.rows_for_rest:
            outcome += self.rest.load(files.rows_for_rest)
        return outcome

    def _import(self, file: CsvFile, outcome: Outcome) -> None:
        self.importer.name(self.route.stream, file)
        operation = self.route.operation
        if operation is Operation.UPSERT and self.route.finds_only:
            operation = Operation.UPDATE
        upload = Upload(
            object=self.route.object.name,
            operation=operation,
            keys=() if operation is Operation.INSERT else self.route.keys,
            file=file.path,
            job_id=self.route.job_id,
        )
        try:
            job = self.importer.import_file(
                upload, self.route.stream, completed=not self.route.known_as_new
            )
        except (RequestError, TooLargeError) as exc:
            raise self._refused(upload, exc) from None
        problems = self._failures(job, file)
        outcome.confirmed += file.sources.records
        self.history.has_written |= len(problems) < len(file.sources)
        for index, reasons in problems.items():
            sources = file.sources[index]
            outcome.confirmed -= len(sources)
            outcome.rejections.append(Rejection(sources, reasons))

    def _refused(self, upload: Upload, error: RequestError | TooLargeError) -> GainsightError:
        """Say what was refused; Gainsight's codes are about records, and a file has many."""
        with_keys = f" with the keys {', '.join(upload.keys)}" if upload.keys else ""
        reason = "" if type(error) is RequestError else f": {error.reason}"
        if isinstance(error, TooLargeError):
            reason += "; set `max_bulk_bytes` lower"
        elif error.code == WRONG_API:
            reason += (
                "; if `gainsight check --target` tells that no records can be added to the object, "
                "name another `object`"
            )
        return GainsightError(
            f"stream {self.route.stream}: Gainsight refused the import of {upload.file.name} "
            f"({upload.operation.upper()}) into {upload.object}{with_keys}{reason}; nothing of it "
            "is acknowledged",
            code=error.code,
            request_id=error.request_id,
            status=error.status,
        )

    def _failures(self, job: ImportJob, file: CsvFile) -> dict[int, tuple[Problem, ...]]:
        """Find the rows that a completed job did not write: why they failed, by their index.

        Raises:
            GainsightError: The job does not account for all rows.
        """
        count = len(file.sources)
        if not job.failed and (job.succeeded == count or (job.succeeded, job.failed) == (None, 0)):
            return {}
        api = self.importer.imports
        if not api.names_failures:
            raise GainsightError(
                f"import {job.id} of {file.path.name}: {_count(job.succeeded)} of {count:,} rows "
                f"were written and {_count(job.failed)} failed, and this API does not name them: "
                "look at the job's execution log in Gainsight, fix the rows, and run again"
            )
        errors = self._errors_of(job, file)
        named = {error.row for error in errors if error.row is not None}
        failed = len(named) if job.failed is None else job.failed
        succeeded = count - failed if job.succeeded is None else job.succeeded
        if succeeded + failed != count or len(named) != failed:
            raise GainsightError(
                f"import job {job.id} of {file.path.name} does not account for its {count:,} rows: "
                f"{succeeded:,} written, {failed:,} failed, of which it names {len(named):,}; "
                "nothing of it is acknowledged"
            )
        by_row = [error for error in errors if error.row is not None]
        base = self._base(by_row, file) if by_row else 0
        problems: dict[int, tuple[Problem, ...]] = {}
        for error in by_row:
            index = (error.row or 0) - base
            problem = Problem(_code_of(error), error.message, error.field)
            problems[index] = (*problems.get(index, ()), problem)
        return problems

    def _errors_of(self, job: ImportJob, file: CsvFile) -> list[RowError]:
        try:
            return self.importer.imports.errors(job.id)
        except (RequestError, DataError) as exc:
            raise GainsightError(
                f"import job {job.id} of {file.path.name} is done, but for {_count(job.failed)} of "
                f"its {len(file.sources):,} rows, and its errors, which name them, could not be "
                f"read ({exc}); nothing of it is acknowledged"
            ) from None

    def _base(self, errors: Sequence[RowError], file: CsvFile) -> int:
        """Find out which number the errors give to the first row.

        Raises:
            UnknownBaseError: The base cannot be found out.
        """
        numbers = {error.row for error in errors if error.row is not None}
        bases = possible_bases(numbers, len(file.sources), self.bases)
        if len(bases) > 1:
            telling = Telling.of(errors, bases)
            rows = file.rows(telling.indexes)
            quoting = telling.quoting(rows, bases)
            if self.route.keys:
                # Nothing fits where Gainsight held a row before that it does not take any more.
                bases = telling.fitting(self._held(rows)) or bases
            bases = [base for base in bases if base in quoting]
        base = bases[0] if len(bases) == 1 else None
        if base is None:
            raise UnknownBaseError(
                f"stream {self.route.stream}: it cannot be told which rows of {file.path.name} "
                "failed, because the API does not say what it calls the first row; set "
                "`bulk_row_number_base` to 0, 1 or 2"
            )
        self.bases = (base,)
        return base

    def _held(self, rows: Mapping[int, Mapping[str, Wire]]) -> Held:
        """Which rows Gainsight holds, by their index in the file."""
        indexes = list(rows)
        held = self.existing.by_all_values([Row(dict(values), []) for values in rows.values()])
        return Held(
            {indexes[position] for position in held.by_key},
            {indexes[position] for position in held.by_all_values},
        )


@dataclass(slots=True)
class _Files:
    """Writes rows into files, but for sets of fields that few rows have, which go by REST.

    Attributes:
        loader: The loader.
        folder: Where the files go.
        rows_for_rest: The rows that go by REST; known once all rows have been added.
    """

    loader: BulkLoader
    folder: Path
    rows_for_rest: list[Row] = field(default_factory=list)
    _waiting: dict[tuple[str, ...], list[Block]] = field(default_factory=dict)
    _writers: dict[tuple[str, ...], CsvWriter] = field(default_factory=dict)

    def add(self, block: Block) -> None:
        fields = self.loader.route.object.fields
        columns = file_columns(block, fields)
        if not columns:  # a file without a column has no rows; all of these are null
            columns = tuple(name for name, each in fields.items() if each.createable)[:1]
            block = Block(columns, [[None] * len(block)] * len(columns), block.sources)
        if columns in self._writers:
            self._writers[columns].add(block)
            return
        waiting = self._waiting.setdefault(columns, [])
        waiting.append(block)
        if self.loader.rest is None or sum(map(len, waiting)) > self.loader.bulk_threshold_rows:
            prefix = f"rows-{len(self._writers)}"
            writer = CsvWriter(self.folder, prefix, columns, self.loader.max_bulk_bytes)
            self._writers[columns] = writer
            for each in self._waiting.pop(columns):
                writer.add(each)

    def finish(self) -> list[CsvFile]:
        self.rows_for_rest = [
            row for blocks in self._waiting.values() for block in blocks for row in block
        ]
        return [file for writer in self._writers.values() for file in writer.finish()]


def _code_of(error: RowError) -> str:
    """The code of a failed row: the one that its message holds, if it holds one."""
    found = _CODE.search(error.message)
    return found.group() if found else "IMPORT_ROW_REJECTED"


def _count(count: int | None) -> str:
    return "an unknown number" if count is None else f"{count:,}"
