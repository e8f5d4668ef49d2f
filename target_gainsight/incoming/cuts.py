"""Cut a batch where a record and a deletion may be of one key that is named in two ways.

A key that a lookup fills may come by the lookup's columns or as it is, and two texts may find one
record. Which keys are equal is only known once they are looked up, so such a record and such a
deletion are not put in order by merging: one is done before the other is looked at.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from target_gainsight.incoming.batch import DELETED_AT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_gainsight.incoming.batch import Batch
    from target_gainsight.rows.mapping import RecordMap


def parts(batch: Batch, indexes: range, mapping: RecordMap) -> Iterator[range]:
    """The parts of a range of records, each of which may be merged.

    Args:
        batch: The records.
        indexes: Which ones.
        mapping: Tells their keys.
    """
    keys = _Keys()
    keys.read(batch, indexes, mapping)
    start = indexes.start
    seen: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for index, alike, key, deleted in keys.alike_a_deletion():
        if any(key != other and (deleted or other_deleted) for other, other_deleted in seen[alike]):
            yield range(start, index)
            start = index
            seen.clear()
        seen[alike].add((key, deleted))
    yield range(start, indexes.stop)


@dataclass(slots=True)
class _Keys:
    """The keys of records, by their hashes, which take a few bytes each.

    Attributes:
        indexes: The records.
        keys: The key by which each is merged.
        similar: The key, but for case and outer blanks.
        known: As much of it as no lookup fills.
        deleted: Whether it is marked as deleted.
        ways: In which ways keys come that lookups fill.
    """

    indexes: array[int] = field(default_factory=lambda: array("Q"))
    keys: array[int] = field(default_factory=lambda: array("q"))
    similar: array[int] = field(default_factory=lambda: array("q"))
    known: array[int] = field(default_factory=lambda: array("q"))
    deleted: array[int] = field(default_factory=lambda: array("b"))
    ways: set[tuple[bool, ...]] = field(default_factory=set)

    def read(self, batch: Batch, indexes: range, mapping: RecordMap) -> None:
        rare = mapping.rare_key_sources
        names = tuple(name for name in mapping.key_sources.values() if name not in rare)
        for block in chain.from_iterable(batch.keys(indexes, names, rare)):
            marks = dict(
                zip([index for (index,) in block.sources], block.column(DELETED_AT), strict=True)
                if DELETED_AT in block.fields
                else ()
            )
            for row in chain.from_iterable(mapping.convert_block(block)[0]):
                (index,) = row.sources
                self.indexes.append(index)
                self.keys.append(hash(mapping.key_of(row.values)))
                self.similar.append(hash(mapping.similar_key_of(row.values)))
                self.known.append(hash(mapping.known_key_of(row.values)))
                self.deleted.append(bool(marks.get(index)))
                self.ways.add(mapping.ways_of(row.values))

    def alike_a_deletion(self) -> list[tuple[int, int, int, int]]:
        """The records that may have the key of one that is deleted, in their order."""
        alike = self.similar if len(self.ways) <= 1 else self.known
        deleted = {one for one, is_deleted in zip(alike, self.deleted, strict=True) if is_deleted}
        every = zip(self.indexes, alike, self.keys, self.deleted, strict=True)
        return sorted(each for each in every if each[1] in deleted)
