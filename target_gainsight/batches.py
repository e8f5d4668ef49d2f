"""A batch of received records, and what becomes of it before it is sent: merged, in order."""

from __future__ import annotations

import tempfile
import weakref
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from gainsight_api.datatypes import json_decoder
from target_gainsight.mapping import DELETED_AT, GSID, Misfit, Problem, RecordMap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from target_gainsight.values import Wire

_IN_MEMORY = 1 << 24
_decode = json_decoder().decode
_decode_raw = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(slots=True)
class Row:
    """What is sent of one or more records of one key.

    Attributes:
        values: The values by field.
        key: The values of the key fields.
        sources: The records, by their place in the batch.
    """

    values: dict[str, Wire]
    key: tuple[str, ...]
    sources: list[int]


@dataclass(slots=True)
class Deletion:
    """A record to delete: by its Gsid, else by its keys; see `Row` for `sources`."""

    gsid: str | None
    values: dict[str, Wire]
    sources: list[int]
    rewritten: bool = False


@dataclass(slots=True)
class Rejection:
    """Records that are not loaded, by their place in the batch, and why."""

    sources: list[int]
    problems: tuple[Problem, ...]
    request_id: str | None = None


@dataclass(slots=True)
class Outcome:
    """What has become of records: each one is counted as loaded, or is in a rejection.

    Attributes:
        loaded: Received records whose row Gainsight has confirmed.
        rejections: The others.
    """

    loaded: int = 0
    rejections: list[Rejection] = field(default_factory=list)

    def load(self, done: Iterable[Row | Deletion]) -> None:
        """Count rows as loaded."""
        self.loaded += sum(len(row.sources) for row in done)

    def reject(
        self, row: Row | Deletion, *problems: Problem, request_id: str | None = None
    ) -> None:
        """Reject a row's records."""
        self.rejections.append(Rejection(row.sources, problems, request_id))

    @property
    def accounted(self) -> int:
        """Records that have come out, one way or the other."""
        return self.loaded + sum(len(rejection.sources) for rejection in self.rejections)


class Batch:
    """Records as received, in order; a large batch is kept on disk.

    Attributes:
        numbers: Each record's number among all of the run.
        spoiled: The records that cannot be sent, by their place, and why.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._closing = weakref.finalize(self, self._file.close)
        self._ends = array("Q")
        self.numbers = array("Q")
        self.spoiled: dict[int, tuple[Problem, ...]] = {}

    def __len__(self) -> int:
        return len(self._ends)

    @property
    def size(self) -> int:
        """The size of the records as JSON."""
        return self._ends[-1] if self._ends else 0

    def append(self, record: bytes, number: int, problems: tuple[Problem, ...] = ()) -> None:
        """Add a record's JSON text and number; one with problems is to be rejected for them."""
        if problems:
            self.spoiled[len(self._ends)] = problems
        self._file.write(record)
        self._ends.append(self.size + len(record))
        self.numbers.append(number)

    def raw(self, place: int) -> bytes:
        """The JSON text of one record."""
        start = self._ends[place - 1] if place else 0
        self._file.seek(start)
        return self._file.read(self._ends[place] - start)

    def records(self, places: range) -> Iterator[tuple[int, dict[str, Any]]]:
        """Records of successive places, read anew each time; the spoiled ones left out."""
        for place, text in self._texts(places):
            yield place, _decode(text)

    def parts(self, places: range, names: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """The same with some properties alone, which is much faster."""
        wanted = tuple(names)
        for place, text in self._texts(places):
            found = _decode_raw(text)
            yield place, {name: _decode(found[name]) for name in wanted if name in found}

    def _texts(self, places: range) -> Iterator[tuple[int, bytes]]:
        position = self._ends[places.start - 1] if places.start else 0
        for place in places:
            self._file.seek(position)
            text = self._file.read(self._ends[place] - position)
            position = self._ends[place]
            if place not in self.spoiled:
                yield place, text

    def close(self) -> None:
        """Give the memory and the file back."""
        self._closing()


@dataclass(slots=True)
class Work:
    """What is to be done for a part of a batch, in this order.

    Attributes:
        deletions: What is deleted first.
        rows: What is written then; made while it is walked through.
        rejections: What cannot be sent; complete once `rows` has been walked through.
        ignored: How many records were marked as deleted, where that is ignored.
    """

    deletions: list[Deletion] = field(default_factory=list)
    rows: Iterable[Row] = ()
    rejections: list[Rejection] = field(default_factory=list)
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes work of records.

    Attributes:
        mapping: What is sent of a record.
        merges: Whether records of one key are merged, as all operations but insert do.
        deletes: Whether records that are marked as deleted are deleted.
    """

    mapping: RecordMap
    merges: bool
    deletes: bool

    def works(self, batch: Batch, places: range) -> Iterator[Work]:
        """The work for the records at these places, part by part, each to be done in turn.

        Merged records are one part: a deletion takes back what came before it for its key, and
        what comes after it is written once all is deleted. Inserts are not merged, so that each
        run of inserts and each run of deletions is a part of its own.
        """
        if self.merges:
            yield self._merged(batch, places)
        elif self.deletes:
            yield from self._in_runs(batch, places)
        else:
            yield self._unmerged(batch, places)

    def _unmerged(self, batch: Batch, places: range) -> Work:
        work = Work(rejections=_spoiled(batch, places))
        known = len(work.rejections)

        def rows() -> Iterator[Row]:
            del work.rejections[known:]
            work.ignored = 0
            for place, record in batch.records(places):
                if record.get(DELETED_AT):
                    work.ignored += 1
                elif row := self._row(place, record, work):
                    yield row

        work.rows = _Walk(rows)
        return work

    def _in_runs(self, batch: Batch, places: range) -> Iterator[Work]:
        start, deleting = places.start, False
        for place, record in batch.parts(places, (DELETED_AT,)):
            if bool(record.get(DELETED_AT)) != deleting:
                yield self._run(batch, range(start, place), deleting=deleting)
                start, deleting = place, not deleting
        yield self._run(batch, range(start, places.stop), deleting=deleting)

    def _run(self, batch: Batch, places: range, *, deleting: bool) -> Work:
        if not deleting:
            return self._unmerged(batch, places)
        work = Work(rejections=_spoiled(batch, places))
        for place, record in batch.records(places):
            if deletion := self._deletion(place, record, work):
                work.deletions.append(deletion)
        return work

    def _row(self, place: int, record: Mapping[str, Any], work: Work) -> Row | None:
        try:
            values = self.mapping.fitted(record)
        except Misfit as exc:
            work.rejections.append(Rejection([place], exc.problems))
            return None
        return Row(values, self.mapping.key_of(values), [place])

    def _deletion(self, place: int, record: Mapping[str, Any], work: Work) -> Deletion | None:
        try:
            gsid, values = self.mapping.identity(record)
        except Misfit as exc:
            work.rejections.append(Rejection([place], exc.problems))
            return None
        return Deletion(gsid, values, [place])

    def _merged(self, batch: Batch, places: range) -> Work:
        """One row for each key; only rows that may still change are held in memory."""
        work = Work(rejections=_spoiled(batch, places))
        last = self._last_places(batch, places, work)
        superseded = {place for deletion in work.deletions for place in deletion.sources}
        known = len(work.rejections)

        def rows() -> Iterator[Row]:
            del work.rejections[known:]
            open_rows: dict[tuple[str, ...], Row] = {}
            for place, record in batch.records(places):
                if record.get(DELETED_AT) or place in superseded:
                    continue
                row = self._row(place, record, work)
                if row is None:
                    continue
                if earlier := open_rows.pop(row.key, None):
                    row = Row(earlier.values | row.values, row.key, [*earlier.sources, place])
                if last[row.key] == place:
                    yield row
                else:
                    open_rows[row.key] = row
            yield from open_rows.values()

        work.rows = _Walk(rows)
        return work

    def _last_places(self, batch: Batch, places: range, work: Work) -> dict[tuple[str, ...], int]:
        """Where each key comes for the last time; deletions are found on the way."""
        last: dict[tuple[str, ...], int] = {}
        deletions: dict[tuple[str | None, ...], Deletion] = {}
        before: dict[tuple[str, ...], list[int]] = {}
        names = (DELETED_AT, GSID, *self.mapping.key_sources)
        for place, record in batch.parts(places, dict.fromkeys(names)):
            if record.get(DELETED_AT):
                if not self.deletes:
                    work.ignored += 1
                elif deletion := self._deletion(place, record, work):
                    key = self.mapping.key_of(deletion.values) if deletion.values else ()
                    known = deletions.setdefault(key or (deletion.gsid,), deletion)
                    if known is not deletion:
                        known.sources += deletion.sources
                        known.rewritten = False
                    known.sources += before.pop(key, [])
                continue
            try:
                key = self.mapping.key_of(self.mapping.keys_in(record))
            except Misfit:
                continue
            last[key] = place
            if self.deletes:
                before.setdefault(key, []).append(place)
                if key in deletions:
                    deletions[key].rewritten = True
        work.deletions = list(deletions.values())
        return last


@dataclass(frozen=True, slots=True)
class _Walk:
    """Rows that are made anew each time they are walked through."""

    begin: Callable[[], Iterator[Row]]

    def __iter__(self) -> Iterator[Row]:
        return self.begin()


def _spoiled(batch: Batch, places: range) -> list[Rejection]:
    return [
        Rejection([place], problems) for place, problems in batch.spoiled.items() if place in places
    ]


def slices(size: int, rows: int) -> list[range]:
    """The places of a batch of that size, in parts of at most that many rows."""
    return [range(start, min(start + rows, size)) for start in range(0, size, rows)]
