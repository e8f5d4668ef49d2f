"""Match rows that were sent with records of Gainsight: by their values, never by position."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from gainsight_api.objects.datatypes import Kind
from target_gainsight.rows.keys import EXACT, comparable, kind_of_field, similar
from target_gainsight.rows.values import MULTISELECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gainsight_api.objects.metadata import GainsightObject
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

    def held_forms(
        self, values: Sequence[Mapping[str, Any]], names: Sequence[str]
    ) -> list[tuple[Any, ...]]:
        """As `forms`, of all values of a record; a multi-select's items are a set."""
        return _by_row(self._column(name, values) for name in names)

    def sent_forms(
        self, values: Sequence[Mapping[str, Any]], names: Sequence[str]
    ) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """The forms that records have if they hold these rows.

        Returns:
            Those of records that keep all digits, and of those that keep the decimals of fields.
        """
        columns = {name: self._column(name, values) for name in names}
        rounded = {
            name: self._column(name, values, rounded=True)
            for name in names
            if self._decimals(name) is not None
        }
        exact = _by_row(columns.values())
        return exact, _by_row((columns | rounded).values()) if rounded else exact

    def _column(
        self, name: str, values: Iterable[Mapping[str, Any]], *, rounded: bool = False
    ) -> list[Any]:
        """One field of rows or records, in forms that are equal if they mean the same."""
        kind = kind_of_field(self.described, name)
        kept = [self._kept(name, each.get(name), rounded=rounded) for each in values]
        if kind is Kind.DATE:
            # What is not a day's begin is another day somewhere: it equals no day.
            kept = [
                [value] if type(value) is int and value % _DAY_MILLISECONDS else value
                for value in kept
            ]
        # Of texts it need not be found out again and again that they are their own forms.
        is_text = kind is Kind.TEXT
        return [
            value if is_text and type(value) is str and value else comparable(kind, value)
            for value in kept
        ]

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
        decimals = self._decimals(name) if rounded else None
        return value if decimals is None else _rounded(str(value), decimals)

    def _decimals(self, name: str) -> int | None:
        """The decimals that a tenant may keep of a field's numbers; None for all of them."""
        field = self.described.fields.get(name)
        is_number = kind_of_field(self.described, name) is Kind.NUMBER
        return field.decimal_places if field and is_number else None

    def _known(self, row: Row) -> Iterable[str]:
        return (name for name in row.values if name in self.described.fields)


def _rounded(digits: str, places: int) -> str:
    try:
        number = Decimal(digits)
        return str(number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, EXACT))
    except InvalidOperation:  # no number
        return digits


def _by_row(columns: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    return list(zip(*columns, strict=True))
