"""The body of a read request, which the Query API and the export jobs share."""

from __future__ import annotations

from dataclasses import dataclass

from gainsight_sandbox.behaviour.errors import BadQueryError, Flaw, bad_query


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a where clause, its operator and values as sent."""

    name: str
    alias: str
    operator: str
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What to read of an object."""

    select: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    expression: str = ""
    order_by: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None
    offset: int = 0


def parse_read_request(payload: object) -> ReadRequest:
    """Check the shape of a read request; names and values are checked against the object later."""
    if not isinstance(payload, dict):
        raise bad_query("The body is not a JSON object.")
    where = payload.get("where") or {}
    if not isinstance(where, dict):
        raise bad_query("where is not an object.")
    conditions = _parse_conditions(where.get("conditions") or [])
    return ReadRequest(
        select=_parse_select(payload.get("select")),
        conditions=conditions,
        expression=_parse_expression(where.get("expression"), conditions),
        order_by=_parse_order(payload.get("orderBy") or {}),
        limit=_parse_count(payload, "limit", minimum=1),
        offset=_parse_count(payload, "offset", minimum=0) or 0,
    )


def _parse_select(select: object) -> tuple[str, ...]:
    if not select:
        raise BadQueryError(
            Flaw.NO_SELECT, "Atleast one select field should be included in the payload."
        )
    if not isinstance(select, list) or not all(isinstance(name, str) for name in select):
        raise bad_query("select is not a list of names.")
    return tuple(select)


def _parse_conditions(conditions: object) -> tuple[Condition, ...]:
    if not isinstance(conditions, list):
        raise bad_query("conditions is not a list.")
    parsed = tuple(_parse_condition(condition) for condition in conditions)
    if len({condition.alias for condition in parsed}) < len(parsed):
        raise bad_query("Two conditions have one alias.")
    return parsed


def _parse_condition(condition: object) -> Condition:
    if not isinstance(condition, dict):
        raise bad_query("A condition is not an object.")
    texts = [condition.get(key) for key in ("name", "alias", "operator")]
    if not all(isinstance(text, str) and text for text in texts):
        raise bad_query("A condition lacks its name, alias or operator.")
    value = condition.get("value")
    if value is None:
        value = []
    if not isinstance(value, list):
        raise bad_query("A condition's value is not a list.")
    name, alias, operator = map(str, texts)
    return Condition(name, alias, operator, tuple(value))


def _parse_expression(expression: object, conditions: tuple[Condition, ...]) -> str:
    if expression is not None and not isinstance(expression, str):
        raise bad_query("expression is not a text.")
    if bool(expression) != bool(conditions):
        raise bad_query("Conditions and their expression come together.")
    return expression or ""


def _parse_order(order: object) -> tuple[tuple[str, bool], ...]:
    """The names in the order given, each with whether it is descending."""
    if not isinstance(order, dict):
        raise bad_query("orderBy is not an object.")
    parsed = []
    for name, direction in order.items():
        folded = str(direction).lower()
        if folded not in {"asc", "desc"}:
            raise bad_query("An order is neither asc nor desc.")
        parsed.append((name, folded == "desc"))
    return tuple(parsed)


def _parse_count(payload: dict[str, object], name: str, *, minimum: int) -> int | None:
    count = payload.get(name)
    if count is None:
        return None
    if not isinstance(count, int) or isinstance(count, bool) or count < minimum:
        raise bad_query(f"{name} is not a number from {minimum} on.")
    return count
