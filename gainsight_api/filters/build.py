"""Where clauses: small trees of conditions, and the form in which the APIs take them.

The form is that of the article "Gainsight Bulk REST APIs": a list of conditions, each with an
alias, and an expression over the aliases. The Query API takes the same.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import ConfigError
from gainsight_api.filters.check import is_undocumented, problems_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

logger = logging.getLogger(__name__)

_WORD = re.compile(r"\w+")


class Operator(StrEnum):
    """The operators that the connectors build with; users' own filters may hold any other."""

    EQ = "EQ"
    NE = "NE"
    LT = "LT"
    GT = "GT"
    LTE = "LTE"
    GTE = "GTE"
    IS_NULL = "IS_NULL"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a field with values, each in the text form the API takes."""

    name: str
    operator: Operator
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class And:
    """All of the terms hold."""

    terms: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of the terms holds."""

    terms: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class UserFilter:
    """A user's own filter, in the API's form; its aliases may be any words."""

    conditions: tuple[Mapping[str, Any], ...]
    expression: str


Filter = Condition | And | Or | UserFilter


def all_of(*terms: Filter | None) -> Filter | None:
    """The filter that holds where all of the terms do; None if there are none."""
    return _combined(And, terms)


def any_of(*terms: Filter | None) -> Filter | None:
    """The filter that holds where one of the terms does; None if there are none."""
    return _combined(Or, terms)


def _combined(kind: type[And | Or], terms: Sequence[Filter | None]) -> Filter | None:
    some = tuple(term for term in terms if term is not None)
    return kind(some) if len(some) > 1 else some[0] if some else None


def parse_user_filter(
    where: Mapping[str, Any], data_types: Mapping[str, str], place: str
) -> UserFilter:
    """Check a filter that a user wrote, and read it.

    Conditions without an expression must all hold. A single value may stand without its list. An
    operator that only Gainsight's own pages are known to send is let through, with a warning.

    Args:
        where: The filter in the API's form: `conditions` and `expression`.
        data_types: The data types of fields and lookup paths, by name. A field that is not among
            them is not checked.
        place: Where the filter stands, for the error, such as "setting `streams`, stream mine".

    Raises:
        ConfigError: The filter is wrong; the text names the place, the field, and what would be
            right.
    """
    for problem in problems_in(where, data_types):
        raise ConfigError(f"{place}, {problem}")
    conditions = tuple(map(_with_list, where["conditions"]))
    folded = {name.casefold(): data_type for name, data_type in data_types.items()}
    for condition in conditions:
        name, operator = str(condition["name"]), str(condition["operator"])
        data_type = folded.get(name.casefold())
        if is_undocumented(operator, data_type):
            logger.warning(
                "%s, filter on field %s: %s is not documented for a %s; the tenant may refuse it",
                place,
                name,
                operator,
                data_type,
            )
    if expression := str(where.get("expression") or ""):
        return UserFilter(conditions, expression)
    conditions = tuple({**item, "alias": f"_{n}"} for n, item in enumerate(conditions))
    return UserFilter(conditions, " AND ".join(item["alias"] for item in conditions))


def _with_list(condition: Mapping[str, Any]) -> Mapping[str, Any]:
    value = condition.get("value")
    if value is None or isinstance(value, list):
        return condition
    return {**condition, "value": [value]}


NOT_NULL = ("IS_NOT_NULL", "IS_NOT_NUL")
"""How "is not null" is written: as clients have it, and as the article prints it."""


def respelled(where: UserFilter, not_null: str) -> UserFilter:
    """A user's filter, with "is not null" written in one of the ways of `NOT_NULL`."""
    conditions = tuple(
        {**condition, "operator": not_null} if condition.get("operator") in NOT_NULL else condition
        for condition in where.conditions
    )
    return replace(where, conditions=conditions)


def body(where: Filter | None) -> dict[str, Any] | None:
    """The `where` of a request, with aliases A, B, … in the order of the conditions."""
    if where is None:
        return None
    conditions: list[dict[str, Any]] = []
    expression = _expression(where, conditions, _aliases(), outermost=True)
    return {"conditions": conditions, "expression": expression}


def _expression(
    node: Filter, conditions: list[dict[str, Any]], aliases: Iterator[str], *, outermost: bool
) -> str:
    if isinstance(node, Condition):
        alias = next(aliases)
        conditions.append(
            {
                "name": node.name,
                "alias": alias,
                "value": list(node.values),
                "operator": node.operator.value,
            }
        )
        return alias
    if isinstance(node, UserFilter):
        renamed = {}
        for condition in node.conditions:
            alias = renamed[str(condition["alias"])] = next(aliases)
            conditions.append({**condition, "alias": alias})
        text = _WORD.sub(lambda word: renamed.get(word[0], word[0]), node.expression)
        return text if outermost or _WORD.fullmatch(text) else f"({text})"
    joint = " AND " if isinstance(node, And) else " OR "
    text = joint.join(
        _expression(term, conditions, aliases, outermost=False) for term in node.terms
    )
    return text if outermost else f"({text})"


def _aliases() -> Iterator[str]:
    """A to Z, then AA, BB, and so on."""
    for number in count():
        times, letter = divmod(number, 26)
        yield chr(ord("A") + letter) * (times + 1)
