"""A read request as SQL for the store: lookup paths as joins, the where clause, order and page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gainsight_sandbox.behaviour.errors import BadQueryError, Flaw
from gainsight_sandbox.behaviour.quirk_choices import NullOrder
from gainsight_sandbox.reads.expressions import Alias, Node, aliases, parse_expression
from gainsight_sandbox.reads.operators import Operator, count_fits, parse_operator, supports
from gainsight_sandbox.tenant.schema import DataType, Family, Field, ObjectSchema
from gainsight_sandbox.tenant.store import FOLDED, quoted
from gainsight_sandbox.tenant.values import parse_boolean, parse_date, parse_datetime, parse_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.reads.requests import Condition, ReadRequest

_SECOND_CHARACTERS = len("2022-06-23T09:37:02")

_SCATTER = 611953
_PRIME = 1000003

_COMPARISONS = {
    Operator.EQ: "=",
    Operator.NE: "<>",
    Operator.LT: "<",
    Operator.GT: ">",
    Operator.LTE: "<=",
    Operator.GTE: ">=",
}
_INSIDE = {
    Operator.CONTAINS: "instr({column}, ?) > 0",
    Operator.CONTAINS_CS: "instr({column}, ?) > 0",
    Operator.DOES_NOT_CONTAINS: "instr({column}, ?) = 0",
    Operator.STARTS_WITH: "substr({column}, 1, length(?)) = ?",
    Operator.ENDS_WITH: "substr({column}, length({column}) - length(?) + 1) = ?",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled request, and the objects that it reads."""

    sql: str
    parameters: tuple[str | int, ...]
    names: tuple[str, ...]
    fields: tuple[Field, ...]
    objects: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Column:
    sql: str
    field: Field


def plan_read(
    request: ReadRequest,
    base: ObjectSchema,
    objects: Mapping[str, ObjectSchema],
    quirks: Quirks,
    *,
    limit: int,
    salt: int,
) -> Plan:
    """Compile a request; raises BadQueryError for what the object does not have or allow."""
    columns = _Columns(request, base, objects)
    selected = [columns.find(name) for name in request.select]
    where, parameters = _where(request, columns, quirks)
    order = _order(request, columns, quirks, salt)
    sql = (
        f"SELECT {', '.join(column.sql for column in selected)} "  # noqa: S608 - names are quoted
        f"FROM {quoted(base.name)} AS t0{columns.joins()}{where}{order} LIMIT ? OFFSET ?"
    )
    return Plan(
        sql=sql,
        parameters=(*parameters, limit, request.offset),
        names=request.select,
        fields=tuple(column.field for column in selected),
        objects=columns.objects(),
    )


@dataclass(slots=True)
class _Join:
    table: str
    target: ObjectSchema
    on: str


@dataclass(slots=True)
class _Columns:
    """Finds the columns behind names and lookup paths, and notes the joins they need."""

    request: ReadRequest
    base: ObjectSchema
    schemas: Mapping[str, ObjectSchema]
    _joined: dict[tuple[str, ...], _Join] = field(default_factory=dict)

    def find(self, name: str) -> _Column:
        *steps, last = name.split(".")
        table, schema = "t0", self.base
        path: tuple[str, ...] = ()
        for step in steps:
            path = (*path, step.casefold())
            join = self._joined.get(path) or self._join(name, path, table, schema)
            table, schema = join.table, join.target
        found = schema.field(last)
        if found is None:
            raise self._unknown(name)
        return _Column(f"{table}.{quoted(found.name)}", found)

    def joins(self) -> str:
        return "".join(
            f" LEFT JOIN {quoted(join.target.name)} AS {join.table} ON {join.on}"
            for join in self._joined.values()
        )

    def objects(self) -> frozenset[str]:
        return frozenset({self.base.name, *(join.target.name for join in self._joined.values())})

    def _join(self, name: str, path: tuple[str, ...], table: str, schema: ObjectSchema) -> _Join:
        lookup = schema.lookup_field(path[-1])
        target = self.schemas.get(lookup.lookup or "") if lookup else None
        if lookup is None or target is None or target.key is None:
            raise self._unknown(name)
        alias = f"t{len(self._joined) + 1}"
        on = f"{alias}.{quoted(target.key)} = {table}.{quoted(lookup.name)}"
        self._joined[path] = _Join(alias, target, on)
        return self._joined[path]

    def _unknown(self, name: str) -> BadQueryError:
        """P_5005 with the query's text, as the Relationship APIs article prints it."""
        columns = ",".join(f'"t1"."{column}" AS "{column}"' for column in self.request.select)
        return BadQueryError(
            Flaw.COLUMN,
            f"Column t1.{name} is either deleted or not exists "  # noqa: S608 - to be read, not run
            f'Query :SELECT {columns} FROM "{self.base.name}" AS "t1"',
        )


def _order(request: ReadRequest, columns: _Columns, quirks: Quirks, salt: int) -> str:
    terms = [
        _order_term(name, columns.find(name), quirks, descending=descending)
        for name, descending in request.order_by
    ]
    if quirks.unstable_order:
        terms.append(f"t0.rowid * {(salt + 1) * _SCATTER} % {_PRIME}")
    return f" ORDER BY {', '.join(terms)}" if terms else ""


def _order_term(name: str, column: _Column, quirks: Quirks, *, descending: bool) -> str:
    if not column.field.sortable:
        raise BadQueryError(Flaw.OTHER, f"{name} cannot be sorted by.")
    nulls = quirks.null_order
    last = nulls is NullOrder.LAST or nulls is (
        NullOrder.SMALLEST if descending else NullOrder.LARGEST
    )
    folded = quirks.order_ignores_case and column.field.family is Family.TEXT
    sql = f"{FOLDED}({column.sql})" if folded else column.sql
    return f"{sql} {'DESC' if descending else 'ASC'} NULLS {'LAST' if last else 'FIRST'}"


def _where(
    request: ReadRequest, columns: _Columns, quirks: Quirks
) -> tuple[str, tuple[str | int, ...]]:
    if not request.conditions:
        return "", ()
    node = parse_expression(request.expression, parentheses=quirks.parentheses)
    compiled = {
        condition.alias: _condition(condition, columns.find(condition.name), quirks)
        for condition in request.conditions
    }
    if aliases(node) != compiled.keys():
        raise BadQueryError(Flaw.OTHER, "The expression and the conditions name other aliases.")
    sql, parameters = _join_conditions(node, compiled)
    return f" WHERE {sql}", parameters


Compiled = tuple[str, tuple[str | int, ...]]


def _join_conditions(node: Node, compiled: Mapping[str, Compiled]) -> Compiled:
    if isinstance(node, Alias):
        return compiled[node.name]
    parts = [_join_conditions(part, compiled) for part in node.parts]
    sql = f" {node.joiner} ".join(part for part, _ in parts)
    return f"({sql})", tuple(value for _, values in parts for value in values)


def _condition(condition: Condition, column: _Column, quirks: Quirks) -> Compiled:
    family = column.field.family
    rich = column.field.data_type == DataType.RICHTEXTAREA
    if rich and not quirks.rich_text_filterable:
        raise BadQueryError(Flaw.OTHER, f"{condition.name} cannot be filtered by.")
    operator = parse_operator(condition.operator, quirks)
    if operator is None or not supports(column.field, operator, quirks):
        raise BadQueryError(
            Flaw.OTHER,
            f"Operator {condition.operator} is not supported for {column.field.data_type}.",
        )
    if not count_fits(operator, len(condition.values)):
        raise BadQueryError(Flaw.OTHER, f"Wrong number of values for {operator}.")
    values = tuple(_value(family, value, quirks) for value in condition.values)
    sql = column.sql
    if quirks.filter_by_second and family is Family.DATETIME:
        sql = f"substr({sql}, 1, {_SECOND_CHARACTERS})"
        values = tuple(value[:_SECOND_CHARACTERS] for value in values)
    if family in {Family.TEXT, Family.PICKLIST} and _ignores_case(operator, quirks):
        sql = f"{FOLDED}({sql})"
        values = tuple(value.casefold() for value in values)
    return _compile(operator, sql, family, values)


def _ignores_case(operator: Operator, quirks: Quirks) -> bool:
    if operator in {Operator.EQ, Operator.NE}:
        return quirks.eq_ignores_case
    if operator in _COMPARISONS:
        return quirks.order_ignores_case
    folding = _INSIDE.keys() - {Operator.CONTAINS_CS}
    return operator in folding and quirks.contains_ignores_case


def _compile(operator: Operator, sql: str, family: Family, values: tuple[str, ...]) -> Compiled:
    if operator in _COMPARISONS:
        return f"{sql} {_COMPARISONS[operator]} ?", values
    if operator in _INSIDE:
        template = _INSIDE[operator].format(column=sql)
        return template, values * template.count("?")
    match operator:
        case Operator.BTW:
            return f"{sql} BETWEEN ? AND ?", values
        case Operator.IS_NULL:
            return f"{sql} IS NULL", ()
        case Operator.IS_NOT_NULL:
            return f"{sql} IS NOT NULL", ()
    if family is Family.MULTISELECT:
        return _items(operator, sql, values)
    inside = "IN" if operator is Operator.INCLUDES else "NOT IN"
    return f"{sql} {inside} ({', '.join('?' * len(values))})", values


def _items(operator: Operator, sql: str, values: tuple[str, ...]) -> Compiled:
    """Whether a multi-select has any (or none) of the items."""
    tests = " OR ".join([f"instr(';' || {sql} || ';', ?) > 0"] * len(values))
    negation = "" if operator is Operator.INCLUDES else "NOT "
    return f"{negation}({tests})", tuple(f";{value};" for value in values)


def _value(family: Family, value: object, quirks: Quirks) -> str:
    """A filter value in the form that the store compares with."""
    zone = ZoneInfo(quirks.filter_zone)
    try:
        match family:
            case Family.DATE:
                return parse_date(value, zone)
            case Family.DATETIME:
                return parse_datetime(value, zone)
            case Family.NUMBER | Family.AMOUNT:
                return format(parse_number(value), "f")
            case Family.BOOLEAN:
                return parse_boolean(value)
    except (ValueError, OverflowError) as error:
        flaw = {Family.DATE: Flaw.DATE, Family.DATETIME: Flaw.DATETIME}.get(family, Flaw.OTHER)
        raise BadQueryError(flaw, f"Invalid value for {family.value}.") from error
    if not isinstance(value, str):
        raise BadQueryError(Flaw.OTHER, "The value is not a text.")
    return value
