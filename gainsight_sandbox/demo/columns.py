"""How demo objects are declared: fields, each with a function that draws its values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from gainsight_sandbox.demo.draw import PREFIXES, Draw
from gainsight_sandbox.tenant.ids import category_id
from gainsight_sandbox.tenant.schema import DataType, Field, ObjectSchema, ObjectType, Option
from gainsight_sandbox.tenant.tenant import stored_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from gainsight_sandbox.tenant.store import Store

Draws = Callable[[Draw], object]


@dataclass(frozen=True, slots=True)
class Column:
    """A field, and the function that draws its values."""

    field: Field
    draw: Draws


@dataclass(frozen=True, slots=True)
class DemoObject:
    """An object, its default number of records, and how their values are drawn."""

    schema: ObjectSchema
    rows: int
    columns: tuple[Column, ...]

    def fill(
        self, store: Store, count: int, *, seed: int, now: datetime, counts: Mapping[str, int]
    ) -> None:
        """Fill the object's table."""
        # Not for secrets: the same records for the same seed are the point.
        random = Random(f"{seed}:{self.schema.name}")  # noqa: S311
        draw = Draw(random, now, counts)
        store.insert(self.schema, stored_rows(self.schema, self._rows(draw, count)))

    def _rows(self, draw: Draw, count: int) -> Iterator[dict[str, object]]:
        makers = [(column.field.name, column.draw) for column in self.columns]
        for number in range(count):
            draw.begin(number)
            yield {name: make(draw) for name, make in makers}


def demo_object(
    name: str,
    rows: int,
    *columns: Column,
    object_type: ObjectType = ObjectType.STANDARD,
    readable: bool = True,
) -> DemoObject:
    """Declare a demo object."""
    schema = ObjectSchema(
        name,
        tuple(_categorized(name, column.field) for column in columns),
        object_type=object_type,
        key_prefix=PREFIXES.get(name),
        readable=readable,
    )
    return DemoObject(schema, rows, columns)


def _categorized(name: str, field: Field) -> Field:
    """A field whose dropdown list is its own, even if other objects have one of that name."""
    return (
        replace(field, category_id=category_id(f"{name}.{field.name}")) if field.options else field
    )


def column(
    name: str,
    data_type: DataType,
    draw: Draws,
    *,
    share: float = 1.0,
    hidden: bool = False,
    required: bool = False,
    read_only: bool = False,
    length: int | None = None,
    decimal_places: int = 0,
) -> Column:
    """A field; it has a value in a share of the records."""
    field = Field(
        name,
        data_type,
        hidden=hidden,
        required=required,
        read_only=read_only,
        length=length,
        decimal_places=decimal_places,
    )
    return Column(field, _in_share(draw, share))


def text(name: str, draw: Draws, *, share: float = 1.0, required: bool = False) -> Column:
    """A STRING field."""
    return column(name, DataType.STRING, draw, share=share, required=required, length=200)


def money(name: str, most: int, *, share: float = 1.0) -> Column:
    """A CURRENCY field, which Gainsight shows with five decimals."""
    draw: Draws = lambda d: d.amount(most)  # noqa: E731 - typed, unlike a nested function's use
    return column(name, DataType.CURRENCY, draw, share=share, decimal_places=5)


def lookup(name: str, target: str, *, share: float = 1.0, required: bool = False) -> Column:
    """A field that leads to a record of another object."""
    field = Field(name, DataType.LOOKUP, lookup=target, required=required)
    return Column(field, lambda d: d.reference(target, share))


def picklist(
    name: str, options: tuple[Option, ...], *, share: float = 1.0, controller: str | None = None
) -> Column:
    """A field that holds an item of a dropdown list, which items may depend on another field's."""
    field = Field(name, DataType.PICKLIST, options=options, controller=controller)
    return Column(field, _in_share(lambda d: d.one(options).value, share))


def multiselect(name: str, options: tuple[Option, ...]) -> Column:
    """A field that holds some items of a dropdown list."""
    field = Field(name, DataType.MULTISELECT, options=options)
    return Column(field, lambda d: d.some(options))


def gsid(name: str) -> Column:
    """The Gsid of an object's records."""
    return column("Gsid", DataType.GSID, lambda d: d.own_id(name), read_only=True, length=36)


def system_columns(
    created: str = "CreatedDate", modified: str = "ModifiedDate"
) -> tuple[Column, ...]:
    """When and by whom a record was made and last changed."""
    return (
        column(created, DataType.DATETIME, lambda d: d.created, read_only=True),
        lookup("CreatedBy", "gsuser"),
        column(modified, DataType.DATETIME, lambda d: d.modified, read_only=True),
        lookup("ModifiedBy", "gsuser"),
    )


def _in_share(draw: Draws, share: float) -> Draws:
    if share >= 1:
        return draw
    return lambda d: draw(d) if d.maybe(share) else None
