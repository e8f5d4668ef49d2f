"""What becomes of a batch before it is sent: deletions and rows, merged, in order."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from target_gainsight.loaders import Deletion
from target_gainsight.problems import Rejection
from target_gainsight.rows.blocks import Block, Row, Rows, in_blocks
from target_gainsight.rows.mapping import DELETED_AT, Misfit, RecordMap

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from target_gainsight.incoming.batch import Batch

Key = tuple[str, ...]


@dataclass(slots=True)
class Work:
    """What is to be done for a part of a batch, in this order.

    Attributes:
        deletions: What is deleted first.
        rows: What is written then; made while it is walked through.
        rejections: What cannot be sent; complete once `rows` has been walked through.
        ignored: How many records were marked as deleted, where that is ignored; likewise.
    """

    deletions: list[Deletion] = field(default_factory=list)
    rows: Rows = field(default_factory=lambda: Rows(lambda: iter(())))
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
        work.rows = _rows_of(work, lambda: chain.from_iterable(self._fitted(batch, places, work)))
        return work

    def _in_runs(self, batch: Batch, places: range) -> Iterator[Work]:
        start, deleting = places.start, False
        for (block,) in batch.keys(places, ()):
            for (place,), deleted in zip(block.sources, block.column(DELETED_AT), strict=True):
                if bool(deleted) != deleting:
                    yield self._run(batch, range(start, place), deleting=deleting)
                    start, deleting = place, not deleting
        yield self._run(batch, range(start, places.stop), deleting=deleting)

    def _run(self, batch: Batch, places: range, *, deleting: bool) -> Work:
        if not deleting:
            return self._unmerged(batch, places)
        work = Work(rejections=_spoiled(batch, places))
        for place in places:
            if place not in batch.spoiled:
                deletion = self._deletion(place, batch.record(place), work)
                work.deletions += [deletion] if deletion else []
        return work

    def _fitted(
        self, batch: Batch, places: range, work: Work, superseded: Container[int] = ()
    ) -> Iterator[list[Block]]:
        """All records that fit, some at a time, but for those that are deleted."""
        for blocks in batch.records(places):
            rows: list[Block] = []
            for block in blocks:
                deleted = _deleted(block)
                work.ignored += 0 if self.deletes else len(deleted)
                gone = deleted.union(
                    n for n, (place,) in enumerate(block.sources) if place in superseded
                )
                fitted, rejections = self.mapping.fit(block.without(gone) if gone else block)
                rows += fitted
                work.rejections += rejections
            yield rows

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
        entangled = self._entangled(batch, places)
        last = self._last_places(batch, entangled, work)
        superseded = {place for deletion in work.deletions for place in deletion.sources}

        def blocks() -> Iterator[Block]:
            open_rows: dict[Key, Row] = {}
            for fitted in self._fitted(batch, places, work, superseded):
                rows: list[Row] = []
                for block in fitted:
                    apart = [n for n, (place,) in enumerate(block.sources) if place in entangled]
                    rows += block.some(apart) if apart else ()
                    if len(apart) < len(block):
                        yield block.without(apart) if apart else block
                rows.sort(key=lambda row: row.sources[0])
                yield from in_blocks(self._last_of_each(rows, last, open_rows))
            yield from in_blocks(open_rows.values())

        work.rows = _rows_of(work, blocks)
        return work

    def _last_of_each(
        self, rows: Iterable[Row], last: Mapping[Key, int], open_rows: dict[Key, Row]
    ) -> Iterator[Row]:
        """Merge rows into the earlier ones of their key; those that are complete come out."""
        for row in rows:
            key = self.mapping.key_of(row.values)
            earlier = open_rows.pop(key, None)
            merged = _merge(earlier, row) if earlier else row
            if last[key] in row.sources:
                yield merged
            else:
                open_rows[key] = merged

    def _last_places(self, batch: Batch, entangled: Iterable[int], work: Work) -> dict[Key, int]:
        """Where keys that come more than once come last; deletions are found on the way."""
        last: dict[Key, int] = {}
        deletions: dict[tuple[str | None, ...], Deletion] = {}
        before: dict[Key, list[int]] = {}
        for place in sorted(entangled):
            record = batch.record(place)
            if record.get(DELETED_AT):
                if self.deletes and (deletion := self._deletion(place, record, work)):
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

    def _entangled(self, batch: Batch, places: range) -> set[int]:
        """The places of records whose key comes more than once, and of those to delete.

        Keys are told apart by their hashes, a few bytes for each record: where two keys have the
        same one, their records are looked at for nothing, and no more.
        """
        found_at, hashes = array("Q"), array("q")
        entangled: set[int] = set()
        for block in chain.from_iterable(batch.keys(places, self.mapping.key_sources)):
            if self.deletes:
                entangled.update(place for n in _deleted(block) for place in block.sources[n])
            for rows in self.mapping.fit(block)[0]:
                found_at.extend([place for (place,) in rows.sources])
                hashes.extend(map(hash, rows.tuples(self.mapping.keys)))
        repeated = {key for key, following in pairwise(sorted(hashes)) if key == following}
        entangled.update(
            place for place, key in zip(found_at, hashes, strict=True) if key in repeated
        )
        return entangled


def _deleted(block: Block) -> set[int]:
    """Which of a block's records are marked as deleted."""
    marks = block.column(DELETED_AT) if DELETED_AT in block.fields else ()
    return {index for index, mark in enumerate(marks) if mark}


def _rows_of(work: Work, blocks: Callable[[], Iterator[Block]]) -> Rows:
    """Rows whose every walk tells anew which records are rejected or ignored."""
    known = len(work.rejections)

    def begin() -> Iterator[Block]:
        work.ignored = 0
        del work.rejections[known:]
        return blocks()

    return Rows(begin)


def _merge(earlier: Row, later: Row) -> Row:
    return Row(earlier.values | later.values, [*earlier.sources, *later.sources])


def _spoiled(batch: Batch, places: range) -> list[Rejection]:
    return [
        Rejection([place], problems) for place, problems in batch.spoiled.items() if place in places
    ]
