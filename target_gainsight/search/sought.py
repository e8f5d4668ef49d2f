"""The rows of a batch that are looked for among records: which of them are held as they are."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from target_gainsight.rows.keys import comparable, similar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from target_gainsight.rows.blocks import Block, Rows
    from target_gainsight.search.matching import FormOf, Matcher

    Record = Mapping[str, Any]

_UNKNOWN, _EQUAL, _DIFFERENT, _NOT_COMPARED = range(4)
_KEY_BYTES, _VALUES_BYTES = 8, 16


class Sought:
    """Keeps digests of rows, some 60 bytes of each, and compares them with records.

    A row is held as it is if a record has its key and all of its values, and no other record has
    its key, or one that a tenant may take for it. Whatever is in doubt counts as a difference.

    Args:
        matcher: Compares rows with records.
        keys: The key fields.
        not_known: Columns; what a row that has one of them will hold cannot be told.
    """

    def __init__(self, matcher: Matcher, keys: Sequence[str], not_known: frozenset[str]) -> None:
        self._matcher = matcher
        self._keys = keys
        self._not_known = not_known
        self._names: list[tuple[str, ...]] = []
        self._names_of = array("I")  # of each row, by their index in `_names`
        self._keys_exact = array("q")  # hashes
        self._hashes = array("q")  # of the keys, but for case and outer blanks
        self._values = bytearray()  # of each row two digests: as sent, and with numbers rounded
        self._found = bytearray()
        self._order = array("I")
        self._ordered = array("q")

    def add(self, block: Block) -> None:
        """Add rows that follow the others."""
        if block.fields not in self._names:
            self._names.append(block.fields)
        self._names_of.extend([self._names.index(block.fields)] * len(block))
        if not self._is_comparable(block):
            self._found.extend([_NOT_COMPARED] * len(block))
            self._keys_exact.extend([0] * len(block))
            self._hashes.extend([0] * len(block))
            self._values.extend(bytes(2 * _VALUES_BYTES * len(block)))
            return
        values = [row.values for row in block]
        self._found.extend([_UNKNOWN] * len(block))
        self._keys_exact.extend(self._key_hashes(values, comparable))
        self._hashes.extend(self._key_hashes(values, similar))
        for exact, rounded in zip(*self._matcher.sent_forms(values, block.fields), strict=True):
            digest = _digest(exact, _VALUES_BYTES)
            self._values += digest
            self._values += digest if rounded is exact else _digest(rounded, _VALUES_BYTES)

    def _is_comparable(self, block: Block) -> bool:
        names = {*block.fields}
        return (
            names <= self._matcher.described.fields.keys()
            and names.isdisjoint(self._not_known)
            and names.issuperset(self._keys)
        )

    @property
    def fields(self) -> tuple[str, ...]:
        """What is to be read of records."""
        used = {self._names[index] for index in {*self._names_of}}
        names = dict.fromkeys([*self._keys, *(name for names in used for name in names)])
        return tuple(name for name in self._matcher.described.fields if name in names)

    @property
    def unknown(self) -> int:
        """How many rows are still to be found."""
        return self._found.count(_UNKNOWN)

    def unknown_keys(self, rows: Rows) -> Iterator[tuple[Any, ...]]:
        """The keys of the rows that are still to be found.

        Args:
            rows: All rows.
        """
        for block, found in self._with_found(rows):
            indexes = [index for index, state in enumerate(found) if state == _UNKNOWN]
            if indexes:
                yield from block.some(indexes).tuples(self._keys)

    def found(self, rows: Rows) -> Iterator[tuple[Block, list[int], list[int]]]:
        """All rows in blocks, with the indexes of those held as they are, or with other values."""
        for block, found in self._with_found(rows):
            equal, different = (
                [index for index, state in enumerate(found) if state == wanted]
                for wanted in (_EQUAL, _DIFFERENT)
            )
            yield block, equal, different

    def _with_found(self, rows: Rows) -> Iterator[tuple[Block, bytearray]]:
        start = 0
        for block in rows.blocks():
            yield block, self._found[start : start + len(block)]
            start += len(block)

    def take(self, records: Sequence[Record]) -> None:
        """Compare records with the rows of their keys."""
        alike: dict[int, list[tuple[int, Record]]] = defaultdict(list)
        exact = self._key_hashes(records, comparable)
        for key, hashed, record in zip(
            exact, self._key_hashes(records, similar), records, strict=True
        ):
            row = self._row(hashed)
            if row is None:
                continue
            if key == self._keys_exact[row]:
                alike[self._names_of[row]].append((row, record))
            elif self._found[row] != _DIFFERENT:
                self._found[row] = _NOT_COMPARED
        for names, pairs in alike.items():
            held = [record for _, record in pairs]
            forms = self._matcher.held_forms(held, self._names[names])
            for (row, _), form in zip(pairs, forms, strict=True):
                start, digest = row * 2 * _VALUES_BYTES, _digest(form, _VALUES_BYTES)
                both = self._values[start : start + 2 * _VALUES_BYTES]
                is_equal = digest in (both[:_VALUES_BYTES], both[_VALUES_BYTES:])
                if self._found[row] != _NOT_COMPARED:
                    is_first = self._found[row] == _UNKNOWN
                    self._found[row] = _EQUAL if is_equal and is_first else _DIFFERENT

    def forget(self) -> None:
        """Take back that rows are held as they are: they are unknown again."""
        self._found = self._found.replace(bytes([_EQUAL]), bytes([_UNKNOWN]))

    def _row(self, hashed: int) -> int | None:
        """The row of a key; if several have its hash, none of them is compared."""
        if len(self._ordered) == 0:
            self._set_in_order()
        position = bisect_left(self._ordered, hashed)
        if position == len(self._ordered) or self._ordered[position] != hashed:
            return None
        row = self._order[position]
        return None if self._found[row] == _NOT_COMPARED else row

    def _set_in_order(self) -> None:
        rows = (row for row, found in enumerate(self._found) if found == _UNKNOWN)
        self._order = array("I", sorted(rows, key=self._hashes.__getitem__))
        self._ordered = array("q", [self._hashes[row] for row in self._order])
        for one, following in pairwise(self._order):
            if self._hashes[one] == self._hashes[following]:
                self._found[one] = self._found[following] = _NOT_COMPARED

    def _key_hashes(self, values: Iterable[Record], form_of: FormOf) -> list[int]:
        forms = self._matcher.forms(values, self._keys, form_of)
        return [int.from_bytes(_digest(form, _KEY_BYTES), signed=True) for form in forms]


def _digest(form: tuple[Any, ...], size: int) -> bytes:
    return blake2b(repr(form).encode(errors="surrogatepass"), digest_size=size).digest()
