"""Match rows that were sent with records of Gainsight: by their values, never by position."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import product
from typing import TYPE_CHECKING, Any

from gainsight_api.datatypes import Kind
from target_gainsight.rows.keys import EXACT, comparable, kind_of_field, similar
from target_gainsight.rows.values import MULTISELECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gainsight_api.metadata import GainsightObject
    from target_gainsight.rows.blocks import Row

    FormOf = Callable[[Kind, Any], Any]
    """`comparable` or `similar`."""

_DAY_MILLISECONDS = 86_400_000


@dataclass(frozen=True, slots=True)
class Matcher:
    """Compares rows with records of an object.

    Attributes:
        described: The object.
    """

    described: GainsightObject

    def matched_in_reply(
        self,
        rows: Sequence[Row],
        records: Sequence[Mapping[str, Any]],
        keys: Sequence[str],
    ) -> set[int]:
        """The indexes of the rows that a reply shows; each record stands for one row only.

        Args:
            rows: What was sent.
            records: The records of the reply.
            keys: The fields that must be equal; if there are none, all that were sent.
        """
        found: set[int] = set()
        free = list(records)
        for form_of in (comparable, similar):
            found |= self._take(rows, found, free, keys, form_of)
        return found

    def by_all_values(self, rows: Sequence[Row], records: Sequence[Mapping[str, Any]]) -> set[int]:
        """The indexes of the rows that have a record of their own with every value."""
        return self._take(rows, set(), list(records), (), comparable)

    def by_key(
        self, rows: Sequence[Row], records: Sequence[Mapping[str, Any]], keys: Sequence[str]
    ) -> set[int]:
        """The indexes of the rows whose keys some record has; rows of one key share a record."""
        found: set[int] = set()
        for form_of in (comparable, similar):
            known = {*self.forms(records, keys, form_of)}
            forms = self.forms([row.values for row in rows], keys, form_of)
            found |= {index for index, form in enumerate(forms) if form in known}
        return found

    def forms(
        self, values: Iterable[Mapping[str, Any]], names: Sequence[str], form_of: FormOf
    ) -> list[tuple[Any, ...]]:
        """Some fields of rows or records in forms that are equal if they mean the same."""
        kinds = [(name, kind_of_field(self.described, name)) for name in names]
        return [tuple([form_of(kind, each.get(name)) for name, kind in kinds]) for each in values]

    def kept_forms(
        self, values: Iterable[Mapping[str, Any]], names: Sequence[str], *, rounded: bool
    ) -> list[tuple[Any, ...]]:
        """As `forms`, of multi-selects as sets, and of numbers rounded as a tenant may keep them.

        Args:
            values: Rows or records.
            names: The fields.
            rounded: Whether numbers are rounded to the decimals of their fields.
        """
        kept = [
            {name: self._kept(name, each.get(name), rounded=rounded) for name in names}
            for each in values
        ]
        for each, name in product(kept, self._days(names)):
            if type(each[name]) is int and each[name] % _DAY_MILLISECONDS:
                each[name] = [each[name]]  # a time: which day it stands for depends on a time zone
        return self.forms(kept, names, comparable)

    def _days(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if kind_of_field(self.described, name) is Kind.DATE]

    def records_by_key(
        self, row: Row, records: Sequence[Mapping[str, Any]], keys: Sequence[str]
    ) -> list[Mapping[str, Any]]:
        """The records that have the keys of a row; if none has, those that have similar ones."""
        kinds = {key: kind_of_field(self.described, key) for key in keys}
        found: list[Mapping[str, Any]] = []
        for form_of in (comparable, similar):
            wanted = [form_of(kinds[key], row.values[key]) for key in keys]
            found = found or [
                record
                for record in records
                if [form_of(kinds[key], record.get(key)) for key in keys] == wanted
            ]
        return found

    def records_of(
        self, rows: Sequence[Row], records: Sequence[Mapping[str, Any]], keys: Sequence[str]
    ) -> list[Mapping[str, Any]]:
        """The records that have the keys of a row, or may have: a lookup may still fill one."""
        kinds = {key: kind_of_field(self.described, key) for key in keys}
        if any(key not in row.values for row in rows for key in keys):
            return list(records)
        wanted = {tuple(similar(kinds[key], row.values[key]) for key in keys) for row in rows}
        return [
            record
            for record in records
            if tuple(similar(kinds[key], record.get(key)) for key in keys) in wanted
        ]

    def is_quoted(self, name: str, sent: object, quote: str) -> bool:
        """Whether a value that was sent for a field is the one that an error quotes."""
        if sent is None:
            return False
        kind = kind_of_field(self.described, name)
        return str(sent) == quote or similar(kind, sent) == similar(kind, quote)

    def _take(
        self,
        rows: Sequence[Row],
        found: set[int],
        free: list[Mapping[str, Any]],
        keys: Sequence[str],
        form_of: FormOf,
    ) -> set[int]:
        """Match each row that is not found yet with a free record, which is then taken."""
        taken: set[int] = set()
        for index, row in enumerate(rows):
            if index in found:
                continue
            position = self._position(row, free, keys, form_of)
            if position is not None:
                taken.add(index)
                del free[position]
        return taken

    def _position(
        self, row: Row, records: Sequence[Mapping[str, Any]], keys: Sequence[str], form_of: FormOf
    ) -> int | None:
        kinds = {name: kind_of_field(self.described, name) for name in keys or self._known(row)}
        sent = {
            name: form_of(kind, self._kept(name, row.values.get(name)))
            for name, kind in kinds.items()
        }
        for position, record in enumerate(records):
            if all(
                form_of(kinds[name], self._kept(name, record.get(name))) == value
                for name, value in sent.items()
            ):
                return position
        return None

    def _kept(self, name: str, value: Any, *, rounded: bool = True) -> Any:
        """A value as a tenant may keep it: numbers rounded, a multi-select's items as a set."""
        field = self.described.fields.get(name)
        if field is None or value in (None, ""):
            return value
        if field.data_type == MULTISELECT:
            items = value if isinstance(value, list) else str(value).split(";")
            return ";".join(sorted({str(item).strip() for item in items} - {""}))
        is_number = kind_of_field(self.described, name) is Kind.NUMBER
        if rounded and is_number and field.decimal_places is not None:
            return _rounded(str(value), field.decimal_places)
        return value

    def _known(self, row: Row) -> Iterable[str]:
        return (name for name in row.values if name in self.described.fields)


def _rounded(digits: str, places: int) -> str:
    try:
        number = Decimal(digits)
        return str(number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, EXACT))
    except InvalidOperation:  # no number
        return digits
