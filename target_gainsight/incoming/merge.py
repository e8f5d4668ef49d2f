"""Make deletions and rows of a batch: records of one key are merged, in their order."""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from target_gainsight.incoming.batch import DELETED_AT
from target_gainsight.incoming.cuts import parts
from target_gainsight.incoming.tombstones import Tombstones, deleted_in
from target_gainsight.incoming.turns import repeated_in, turns
from target_gainsight.loading.loaders import Deletion
from target_gainsight.outcomes.problems import Rejection
from target_gainsight.rows.blocks import Block, Row, Rows, blocks_of, in_blocks
from target_gainsight.rows.keys import GSID
from target_gainsight.rows.mapping import RecordConversionError, RecordMap, gsid_of

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Collection,
        Container,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

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
        merges: Whether records of one key are merged.
        deletes: Whether records that are marked as deleted are deleted.
    """

    mapping: RecordMap
    merges: bool
    deletes: bool

    def works(self, batch: Batch, indexes: range) -> Iterator[Work]:
        """Make the work for a range of records, in parts that are to be done one after the other.

        Merged records are one part: a deletion takes back what came before it for its key, and
        what comes after it is written once all is deleted. Keys that differ in case alone are not
        in one part. Inserts are not merged, so that each run of inserts and each run of deletions
        is a part of its own.
        """
        if self.merges and self.deletes and self.mapping.looks_up_keys:
            for part in parts(batch, indexes, self.mapping):
                yield from self._in_turns(batch, part)
        elif self.merges:
            yield from self._in_turns(batch, indexes)
        elif self.deletes:
            yield from self._in_runs(batch, indexes)
        else:
            yield self._unmerged(batch, indexes)

    def single(self, batch: Batch, indexes: Sequence[int]) -> Rows:
        """Rows of single records that were sent merged with others before."""

        def blocks() -> Iterator[Block]:
            for block in chain.from_iterable(_read(batch, indexes)):
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
        self, batch: Batch, indexes: Sequence[int], work: Work, left_out: Container[int] = ()
    ) -> Iterator[list[Block]]:
        """Convert records, some at a time, without those to delete and those to leave out."""
        for blocks in _read(batch, indexes):
            rows: list[Block] = []
            for block in blocks:
                others = {n for n, (index,) in enumerate(block.sources) if index in left_out}
                deleted = deleted_in(block) - others
                work.ignored += 0 if self.deletes else len(deleted)
                gone = deleted | others
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

    def _in_turns(self, batch: Batch, indexes: range) -> Iterator[Work]:
        """Merge the records of each turn."""
        merged, later = self._repeated_or_deleted(batch, indexes)
        yield self._merged(batch, indexes, merged - later.keys(), later)
        for turn in range(1, max(later.values(), default=0) + 1):
            some = sorted(index for index, its in later.items() if its == turn)
            yield self._merged(batch, some, set(some))

    def _merged(
        self,
        batch: Batch,
        indexes: Sequence[int],
        merged: Collection[int],
        left_out: Iterable[int] = (),
    ) -> Work:
        """Make one row for each key; only rows that may still change are held in memory.

        Args:
            batch: The records.
            indexes: Which ones.
            merged: Those of them whose key comes more than once, and those to delete.
            left_out: Those of them that are to be left out.
        """
        work = Work(rejections=_unsendable(batch, indexes))
        last = self._last_indexes(batch, merged, work)

        def blocks() -> Iterator[Block]:
            taken_back = (deletion.takes_back for deletion in work.deletions)
            others = {*left_out, *chain.from_iterable(taken_back)}
            open_rows: dict[Key, Row] = {}
            for converted in self._converted(batch, indexes, work, others):
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

    def _repeated_or_deleted(self, batch: Batch, indexes: range) -> tuple[set[int], dict[int, int]]:
        """The indexes of records whose key comes more than once, and of those to delete.

        Keys are compared by their hashes, which take a few bytes for each record. Where two keys
        share a hash, their records are found here too, and the caller compares the keys.

        Returns:
            These, and the turns of the records that are not in turn 0.
        """
        found_at, hashes, folded = array("Q"), array("q"), array("q")
        found: set[int] = set()
        tombstones = Tombstones()
        rare = self.mapping.rare_key_sources
        names = tuple(name for name in self.mapping.key_sources.values() if name not in rare)
        names += (GSID,) if self.deletes and GSID not in names else ()
        for block in chain.from_iterable(batch.keys(indexes, names, rare)):
            if self.deletes:
                tombstones.look_at(block)
            for rows in self.mapping.convert_block(block)[0]:
                found_at.extend([index for (index,) in rows.sources])
                keys = list(self.mapping.keys_of(rows))
                hashes.extend(map(hash, keys))
                parts = [map(str.casefold, part) for part in zip(*keys, strict=True)]
                folded.extend(map(hash, zip(*parts, strict=True)))
        later: dict[int, int] = {}
        if repeated_in(folded):  # else no two keys are equal, in whatever case: hardly any are
            repeated = repeated_in(hashes)
            every = zip(found_at, hashes, strict=True)
            found.update(index for index, key in every if key in repeated)
            # Which keys are equal may only be known once they are looked up; see `KeyedLoader`.
            if not self.mapping.looks_up_keys:
                later = turns(found_at, hashes, folded)
        if later:
            tombstones.put_in_turn(later)
        return found | tombstones.found(), later


def _rows_of(work: Work, blocks: Callable[[], Iterator[Block]]) -> Rows:
    """Make rows of blocks; each walk through them rejects and ignores records anew."""
    known = len(work.rejections)

    def begin() -> Iterator[Block]:
        work.ignored = 0
        del work.rejections[known:]
        return blocks()

    return Rows(begin)


def _read(batch: Batch, indexes: Sequence[int]) -> Iterator[list[Block]]:
    """Read records, some at a time; if they are no range, they are few."""
    if isinstance(indexes, range):
        return batch.records(indexes)
    records = [batch.record(index) for index in indexes]
    return iter([list(blocks_of(records, [[index] for index in indexes]))])


def _merge(earlier: Row, later: Row) -> Row:
    return Row(earlier.values | later.values, [*earlier.sources, *later.sources])


def _unsendable(batch: Batch, indexes: Container[int]) -> list[Rejection]:
    return [
        Rejection([index], problems)
        for index, problems in batch.unsendable.items()
        if index in indexes
    ]
