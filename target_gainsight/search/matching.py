"""Which sent rows a list of Gainsight's records shows: told by their values, never by position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gainsight_api.datatypes import Kind, kind_of
from target_gainsight.rows.keys import comparable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gainsight_api.metadata import GainsightObject
    from target_gainsight.rows.blocks import Row


@dataclass(frozen=True, slots=True)
class Matcher:
    """Compares rows with records of an object."""

    described: GainsightObject

    def shown(
        self,
        rows: Sequence[Row],
        records: Sequence[Mapping[str, Any]],
        keys: Sequence[str],
    ) -> set[int]:
        """The indexes of the rows that have a record; each record stands for one row.

        Args:
            rows: What was sent.
            records: What Gainsight shows.
            keys: The fields that must be equal; without any, all that were sent.
        """
        found: set[int] = set()
        free = list(records)
        for alike in (self._equal, self._similar):
            for index, row in enumerate(rows):
                if index in found:
                    continue
                at = self._position(row, free, keys, alike)
                if at is not None:
                    found.add(index)
                    del free[at]
        return found

    def landed(self, rows: Sequence[Row], records: Sequence[Mapping[str, Any]]) -> set[int]:
        """The indexes of the rows whose every value is in a record of its own."""
        found: set[int] = set()
        free = list(records)
        for index, row in enumerate(rows):
            at = self._position(row, free, (), self._equal)
            if at is not None:
                found.add(index)
                del free[at]
        return found

    def existing(
        self, rows: Sequence[Row], records: Sequence[Mapping[str, Any]], keys: Sequence[str]
    ) -> set[int]:
        """The indexes of the rows whose keys some record has, one record for any number of them."""
        found: set[int] = set()
        for alike in (self._equal, self._similar):
            known = {tuple(alike(key, record.get(key)) for key in keys) for record in records}
            found |= {
                index
                for index, row in enumerate(rows)
                if tuple(alike(key, row.values[key]) for key in keys) in known
            }
        return found

    def same(self, name: str, sent: object, told: str) -> bool:
        """Whether a value is the one that an error quotes."""
        return str(sent) == told or self._similar(name, sent) == self._similar(name, told)

    def _position(
        self,
        row: Row,
        records: Sequence[Mapping[str, Any]],
        keys: Sequence[str],
        alike: Callable[[str, object], object],
    ) -> int | None:
        sent = {name: alike(name, row.values.get(name)) for name in keys or self._known(row)}
        for position, record in enumerate(records):
            if all(alike(name, record.get(name)) == value for name, value in sent.items()):
                return position
        return None

    def _known(self, row: Row) -> Iterable[str]:
        return (name for name in row.values if name in self.described.fields)

    def _kind(self, name: str) -> Kind:
        field = self.described.fields.get(name)
        return kind_of(field.data_type) if field else Kind.TEXT

    def _equal(self, name: str, value: object) -> object:
        return comparable(self._kind(name), value)

    def _similar(self, name: str, value: object) -> object:
        """As `_equal`, but for case and outer blanks, which a tenant may not keep."""
        equal = self._equal(name, value)
        return equal.strip().casefold() if isinstance(equal, str) else equal
