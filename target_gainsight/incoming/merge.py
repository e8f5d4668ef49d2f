"""Make deletions and rows of a batch: records of one key are merged, in their order."""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from target_gainsight.incoming.batch import DELETED_AT
from target_gainsight.loaders import Deletion
from target_gainsight.problems import Rejection
from target_gainsight.rows.blocks import Block, Row, Rows, blocks_of, in_blocks
from target_gainsight.rows.mapping import GSID, RecordConversionError, RecordMap, gsid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from target_gainsight.incoming.batch import Batch
    from target_gainsight.rows.keys import Key
    from target_gainsight.rows.values import Wire


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
class Merger:
    """Makes deletions and rows of records.

    Attributes:
        mapping: What is sent of a record.
        merges: Whether records of one key are merged, as all operations but insert do.
        deletes: Whether records that are marked as deleted are deleted.
    """

    mapping: RecordMap
    merges: bool
    deletes: bool

    def works(self, batch: Batch, indexes: range) -> Iterator[Work]:
        """Make the work for a range of records, in parts that are to be done one after the other.

        Merged records are one part: a deletion takes back what came before it for its key, and
        what comes after it is written once all is deleted. Inserts are not merged, so that each
        run of inserts and each run of deletions is a part of its own.
        """
        if self.merges:
            yield self._merged(batch, indexes)
        elif self.deletes:
            yield from self._in_runs(batch, indexes)
        else:
            yield self._unmerged(batch, indexes)

    def single(self, batch: Batch, indexes: Sequence[int]) -> Rows:
        """Rows of single records that were sent merged with others before."""

        def blocks() -> Iterator[Block]:
            records = [batch.record(index) for index in indexes]
            for block in blocks_of(records, [[index] for index in indexes]):
                yield from self.mapping.convert_block(block)[0]

        return Rows(blocks)

    def _unmerged(self, batch: Batch, indexes: range) -> Work:
        work = Work(rejections=_unsendable(batch, indexes))
        work.rows = _rows_of(
            work, lambda: chain.from_iterable(self._converted(batch, indexes, work))
        )
        return work

    def _in_runs(self, batch: Batch, indexes: range) -> Iterator[Work]:
        start, deleting = indexes.start, False
        for (block,) in batch.keys(indexes, ()):
            for (index,), deleted in zip(block.sources, block.column(DELETED_AT), strict=True):
                if bool(deleted) != deleting:
                    yield self._run(batch, range(start, index), deleting=deleting)
                    start, deleting = index, not deleting
        yield self._run(batch, range(start, indexes.stop), deleting=deleting)

    def _run(self, batch: Batch, indexes: range, *, deleting: bool) -> Work:
        if not deleting:
            return self._unmerged(batch, indexes)
        work = Work(rejections=_unsendable(batch, indexes))
        for index in indexes:
            if index not in batch.unsendable:
                deletion = self._deletion(index, batch.record(index), work)
                work.deletions += [deletion] if deletion else []
        return work

    def _converted(
        self, batch: Batch, indexes: range, work: Work, superseded: Container[int] = ()
    ) -> Iterator[list[Block]]:
        """Convert records, some at a time, leaving out those to delete and the superseded ones."""
        for blocks in batch.records(indexes):
            rows: list[Block] = []
            for block in blocks:
                deleted = _deleted(block)
                work.ignored += 0 if self.deletes else len(deleted)
                gone = deleted.union(
                    n for n, (index,) in enumerate(block.sources) if index in superseded
                )
                kept = block.without(gone) if gone else block
                converted, rejections = self.mapping.convert_block(kept)
                rows += converted
                work.rejections += rejections
            yield rows

    def _deletion(self, index: int, record: Mapping[str, Any], work: Work) -> Deletion | None:
        try:
            gsid, values = self.mapping.identity(record)
        except RecordConversionError as exc:
            work.rejections.append(Rejection([index], exc.problems))
            return None
        return Deletion(gsid, values, [index])

    def _merged(self, batch: Batch, indexes: range) -> Work:
        """Make one row for each key; only rows that may still change are held in memory."""
        work = Work(rejections=_unsendable(batch, indexes))
        merged = self._repeated_or_deleted(batch, indexes)
        last = self._last_indexes(batch, merged, work)

        def blocks() -> Iterator[Block]:
            superseded = {index for deletion in work.deletions for index in deletion.takes_back}
            open_rows: dict[Key, Row] = {}
            for converted in self._converted(batch, indexes, work, superseded):
                rows: list[Row] = []
                for block in converted:
                    apart = [n for n, (index,) in enumerate(block.sources) if index in merged]
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

    def _last_indexes(
        self, batch: Batch, repeated_or_deleted: Iterable[int], work: Work
    ) -> dict[Key, int]:
        """Find the last record of each key that comes more than once, and all deletions."""
        last: dict[Key, int] = {}
        deletions: dict[Key | str, Deletion] = {}  # by key, or by Gsid where that is all
        before: dict[Key, list[int]] = {}
        # The keys under which a Gsid came, the newest last: a tombstone may have the Gsid alone.
        known_as: dict[str, dict[Key, dict[str, Wire]]] = defaultdict(dict)
        for index in sorted(repeated_or_deleted):
            record = batch.record(index)
            if record.get(DELETED_AT):
                if self.deletes and (deletion := self._deletion(index, record, work)):
                    had = known_as.get(deletion.gsid or "", {})
                    if had and not deletion.values:
                        deletion.values = [*had.values()][-1]
                    key = self.mapping.key_of(deletion.values) if deletion.values else None
                    known = deletions.setdefault(key or str(deletion.gsid), deletion)
                    if known is not deletion:
                        known.sources += deletion.sources
                    for each in {*had, *([key] if key else ())}:
                        known.takes_back += before.pop(each, [])
                continue
            try:
                values = self.mapping.keys_in(record)
            except RecordConversionError:
                continue
            key = self.mapping.key_of(values)
            last[key] = index
            if self.deletes:
                before.setdefault(key, []).append(index)
                if gsid := gsid_of(record):
                    known_as[gsid].pop(key, None)
                    known_as[gsid][key] = values
        work.deletions = list(deletions.values())
        return last

    def _repeated_or_deleted(self, batch: Batch, indexes: range) -> set[int]:
        """The indexes of records whose key comes more than once, and of those to delete.

        Keys are compared by their hashes, which take a few bytes for each record. Where two keys
        share a hash, their records are found here too, and the caller compares the keys.
        """
        found_at, hashes = array("Q"), array("q")
        found: set[int] = set()
        tombstones = _Tombstones()
        names = self.mapping.key_sources
        names += (GSID,) if self.deletes and GSID not in names else ()
        for block in chain.from_iterable(batch.keys(indexes, names)):
            if self.deletes:
                tombstones.look_at(block)
            for rows in self.mapping.convert_block(block)[0]:
                found_at.extend([index for (index,) in rows.sources])
                keys = rows.tuples(self.mapping.keys)
                hashes.extend(hash(self.mapping.same_key(key)) for key in keys)
        repeated = {key for key, following in pairwise(sorted(hashes)) if key == following}
        found.update(index for index, key in zip(found_at, hashes, strict=True) if key in repeated)
        return found | tombstones.found()


class _Tombstones:
    """Finds the records to delete, and those that have the Gsid of one of them."""

    def __init__(self) -> None:
        self._found: set[int] = set()
        self._dead: set[int] = set()
        self._indexes, self._gsids = array("Q"), array("q")  # of all records; Gsids by their hashes

    def look_at(self, block: Block) -> None:
        deleted = _deleted(block)
        self._found.update(index for n in deleted for index in block.sources[n])
        for n, gsid in enumerate(block.column(GSID)) if GSID in block.fields else ():
            if isinstance(gsid, str) and n in deleted:
                self._dead.add(hash(gsid))
            elif isinstance(gsid, str):
                self._indexes.extend(block.sources[n])
                self._gsids.append(hash(gsid))

    def found(self) -> set[int]:
        pairs = zip(self._indexes, self._gsids, strict=True)
        return self._found.union(index for index, gsid in pairs if gsid in self._dead)


def _deleted(block: Block) -> set[int]:
    """Which of a block's records are marked as deleted."""
    marks = block.column(DELETED_AT) if DELETED_AT in block.fields else ()
    return {n for n, mark in enumerate(marks) if mark}


def _rows_of(work: Work, blocks: Callable[[], Iterator[Block]]) -> Rows:
    """Make rows of blocks; each walk through them rejects and ignores records anew."""
    known = len(work.rejections)

    def begin() -> Iterator[Block]:
        work.ignored = 0
        del work.rejections[known:]
        return blocks()

    return Rows(begin)


def _merge(earlier: Row, later: Row) -> Row:
    return Row(earlier.values | later.values, [*earlier.sources, *later.sources])


def _unsendable(batch: Batch, indexes: range) -> list[Rejection]:
    return [
        Rejection([index], problems)
        for index, problems in batch.unsendable.items()
        if index in indexes
    ]
