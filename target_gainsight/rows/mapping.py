"""Convert the records of a stream to rows, as its route says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gainsight_api.objects.datatypes import Kind, kind_of
from target_gainsight.loading.route import Operation, Route
from target_gainsight.outcomes.problems import Problem, Rejection
from target_gainsight.rows.blocks import Block
from target_gainsight.rows.columns import convert_column
from target_gainsight.rows.keys import GSID, Key, comparable, key_as_sent, kind_of_field
from target_gainsight.rows.values import (
    MULTISELECT,
    PICKLIST,
    ConversionError,
    Converter,
    Wire,
    converter,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from gainsight_api.objects.metadata import Field, Option

_SDC_PREFIX = "_sdc_"
_NULL = "\0"


class RecordConversionError(Exception):
    """A record of which no row can be made.

    Attributes:
        problems: Every reason.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("the record cannot be converted")
        self.problems = problems


class _Column(NamedTuple):
    field: str
    convert: Converter
    kind: Kind | None


class RecordMap:
    """Converts the records of a stream to rows.

    Args:
        route: Where they go.
        options_of: Fetches the items of a picklist field whose description has none.
    """

    def __init__(self, route: Route, options_of: Callable[[Field], Sequence[Option]]) -> None:
        self._route = route
        self._options_of = options_of
        self._columns: dict[str, _Column | None] = {}
        self._mapped = set(route.fields.values())
        self._looked_up = {
            lookup.field: tuple(lookup.fields)
            for lookup in route.lookups
            if lookup.field in route.looked_up_keys
        }
        columns = [name for names in self._looked_up.values() for name in names]
        self._names = tuple(dict.fromkeys([*route.keys, *columns]))
        kinds = [kind_of_field(route.object, name) for name in self._names]
        self._numeric = {n for n, kind in enumerate(kinds) if kind is Kind.NUMBER}
        self._has_boolean_key = Kind.BOOLEAN in kinds
        sources = {field: name for name, field in route.fields.items()}
        self.key_sources = {name: sources.get(name, name) for name in self._names}
        """The properties that tell a record's key, by field: those of the key fields, and those by
        which `lookups` fill one of these."""
        self.rare_key_sources = tuple(
            self.key_sources[key] for key in self._looked_up if key not in columns
        )
        """Those of them that most records lack: what `lookups` fill."""

    def left_out(self, properties: Sequence[str]) -> list[str]:
        """The properties that Gainsight has no field for, apart from Singer's own."""
        return [
            name
            for name in properties
            if self._column(name) is None
            and not name.startswith(_SDC_PREFIX)
            and name not in self._mapped
        ]

    def convert(self, record: Mapping[str, Any]) -> dict[str, Wire]:
        """Convert one record to the values to send, by field.

        Raises:
            RecordConversionError: A field cannot hold its value, or a key field has none.
        """
        values: dict[str, Wire] = {}
        problems: list[Problem] = []
        for name, value in record.items():
            column = self._column(name)
            if column is None:
                continue
            try:
                values[column.field] = column.convert(value)
            except ConversionError as exc:
                problems.append(Problem(exc.code, str(exc), column.field))
        if self._route.omit_nulls:
            values = {name: value for name, value in values.items() if value is not None}
        missing = [
            key
            for key in self._route.keys
            if values.get(key) is None and not self._is_looked_up(key, values)
        ]
        faulty = {problem.field for problem in problems}
        problems += [
            Problem("MISSING_KEY", f"the record has no value in {self._place_of(key)}", key)
            for key in missing
            if faulty.isdisjoint((key, *self._looked_up.get(key, ())))
        ]
        if problems:
            raise RecordConversionError(*problems)
        return values

    def _place_of(self, key: str) -> str:
        source = self.key_sources[key]
        columns = [self.key_sources[name] for name in self._looked_up.get(key, ())]
        nor = f", nor in {', '.join(columns)}, by which `lookups` fill it" if columns else ""
        if source == key:
            return f"the property {key}, which is a key{nor}"
        return f"the property {source}, which `fields` maps to the key {key}{nor}"

    def _is_looked_up(self, key: str, given: Container[str]) -> bool:
        """Whether a key's value is still to be found, since one of its lookup's columns is here."""
        return any(name in given for name in self._looked_up.get(key, ()))

    def convert_block(self, block: Block) -> tuple[list[Block], list[Rejection]]:
        """Convert a block of records: the rows to send, and the records that do not convert."""
        sent, unconverted = self._columns_of(block)
        rejections = [
            Rejection(row.sources, self._problems(row.values))
            for row in block.some(sorted(unconverted))
        ]
        rows = Block(tuple(sent), list(sent.values()), block.sources)
        if unconverted:
            rows = rows.without(unconverted)
        if not len(rows):
            return [], rejections
        return [*_without_nulls(rows)] if self._route.omit_nulls else [rows], rejections

    def _columns_of(self, block: Block) -> tuple[dict[str, Sequence[Wire]], set[int]]:
        """The columns of the rows to send, and the indexes of records that do not convert."""
        sent: dict[str, Sequence[Wire]] = {}
        unconverted: set[int] = set()
        for name, values in zip(block.fields, block.columns, strict=True):
            if column := self._column(name):
                sent[column.field], faulty = convert_column(values, column.kind, column.convert)
                unconverted.update(faulty)
        for key in self._route.keys:
            found = sent.get(key, (None,) * len(block))
            if None in found:
                columns = [sent[name] for name in self._looked_up.get(key, ()) if name in sent]
                if columns and not self._route.omit_nulls:
                    continue  # a lookup may make something of a null, too
                every = enumerate(zip(found, *columns, strict=True))
                unconverted.update(
                    index for index, some in every if all(value is None for value in some)
                )
        return sent, unconverted

    def _problems(self, record: Mapping[str, Any]) -> tuple[Problem, ...]:
        try:
            self.convert(record)
        except RecordConversionError as exc:
            return exc.problems
        raise RuntimeError("a record that converts by itself did not convert in a block")

    def key_of(self, values: Mapping[str, Wire]) -> Key:
        """The key by which a row is merged with others; see `key_as_sent`.

        In place of a key that a lookup fills stands what the lookup goes by.
        """
        if not self._looked_up:
            return self._same_key(key_as_sent(values, self._names))
        given = {name: _NULL if value is None else str(value) for name, value in values.items()}
        for key, columns in self._looked_up.items():
            if key not in columns and any(name in given for name in columns):
                given.pop(key, None)
        return self._same_key(tuple([given.get(name, "") for name in self._names]))

    def keys_of(self, rows: Block) -> Iterable[Key]:
        """The keys of a block's rows, as `key_of` has them."""
        if not self._looked_up and not self._has_boolean_key:
            return map(self._same_key, rows.tuples(self._names))
        return (self.key_of(row.values) for row in rows)

    @property
    def looks_up_keys(self) -> bool:
        """Whether lookups fill keys, so that which keys are equal is known only later."""
        return bool(self._looked_up)

    def similar_key_of(self, values: Mapping[str, Wire]) -> Key:
        """As `key_of`, but for case and outer blanks: a tenant may take such keys as equal."""
        return tuple([part.strip().casefold() for part in self.key_of(values)])

    def known_key_of(self, values: Mapping[str, Wire]) -> Key:
        """The keys that no lookup fills, without regard to case and outer blanks."""
        key = self.similar_key_of(values)
        columns = {name for names in self._looked_up.values() for name in names}
        known = [name for name in self._route.keys if name not in {*self._looked_up, *columns}]
        return tuple([key[self._names.index(name)] for name in known])

    def ways_of(self, values: Mapping[str, Wire]) -> tuple[bool, ...]:
        """In which of the two ways each key comes that a lookup fills: by its columns, or as is."""
        return tuple([self._is_looked_up(key, values) for key in self._looked_up])

    def _same_key(self, key: Key) -> Key:
        """A key in the one form of all its spellings: a number may be written in several ways."""
        if not self._numeric:
            return key
        return tuple(
            str(comparable(Kind.NUMBER, part)) if n in self._numeric else part
            for n, part in enumerate(key)
        )

    def keys_in(self, record: Mapping[str, Any]) -> dict[str, Wire]:
        """Convert only the values of the key fields.

        Raises:
            RecordConversionError: One of them has no value, or one that its field cannot hold.
        """
        names = self.key_sources.values()
        return self.convert({name: record[name] for name in names if name in record})

    def identity(self, record: Mapping[str, Any]) -> tuple[str | None, dict[str, Wire]]:
        """Tell which record a deleted one is: its Gsid if it has one, and its keys.

        Raises:
            RecordConversionError: It has neither.
        """
        gsid = gsid_of(record)
        try:
            return gsid, self.keys_in(record)
        except RecordConversionError:
            if gsid is None:
                raise
            return gsid, {}

    def _column(self, name: str) -> _Column | None:
        if name not in self._columns:
            self._columns[name] = self._compiled(name)
        return self._columns[name]

    def _compiled(self, name: str) -> _Column | None:
        """Find out how a property is sent; None for one that is not."""
        route = self._route
        target = route.fields.get(name)
        if target is None and (name.startswith(_SDC_PREFIX) or name in self._mapped):
            return None
        target = target or name
        field = route.object.fields.get(target)
        if field is None:
            return _Column(target, text, Kind.TEXT) if target in route.lookup_sources else None
        if (
            not self._writable(field)
            and target not in route.keys
            and target not in route.lookup_sources
        ):
            return None
        options: Sequence[Option] = ()
        if field.data_type in {PICKLIST, MULTISELECT}:
            options = field.options or self._options_of(field)
        kind = None if options else kind_of(field.data_type)
        return _Column(target, converter(field, options), kind)

    def _writable(self, field: Field) -> bool:
        match self._route.operation:
            case Operation.INSERT:
                return field.createable
            case Operation.UPDATE:
                return field.updateable
            case Operation.UPSERT:
                return field.createable and field.updateable


def gsid_of(record: Mapping[str, Any]) -> str | None:
    """The Gsid that a record names, if any."""
    gsid = record.get(GSID)
    return gsid if isinstance(gsid, str) and gsid else None


def _without_nulls(block: Block) -> Iterator[Block]:
    """Split rows into blocks of the fields in which they have values."""
    alike: dict[tuple[bool, ...], list[int]] = {}
    for index, values in enumerate(block.tuples()):
        alike.setdefault(tuple([value is None for value in values]), []).append(index)
    for nulls, indexes in alike.items():
        fields = [name for name, null in zip(block.fields, nulls, strict=True) if not null]
        yield block.some(indexes, fields)
