"""What is wrong with a filter that a user wrote: operators by data type, values, aliases.

The table of operators is that of the article "Gainsight Bulk REST APIs". A filter that breaks it
would cost a call, and for an export job one of ten an hour, to be told "Malformed Query Exception"
and no more. So filters are checked before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_EQUAL = ("EQ", "NE")
_ORDER = ("GTE", "GT", "LTE", "LT")
_NULL = ("IS_NULL", "IS_NOT_NULL")
_TEXT = ("STARTS_WITH", "CONTAINS", "DOES_NOT_CONTAINS")
_LIST = ("INCLUDES", "EXCLUDES")
_STRING = (*_EQUAL, *_ORDER, *_TEXT, "ENDS_WITH", *_NULL)

OPERATORS: Mapping[str, tuple[str, ...]] = {
    "STRING": _STRING,
    "GSID": _STRING,
    "LOOKUP": _STRING,
    "EMAIL": _STRING,
    "BOOLEAN": _EQUAL,
    "DATE": (*_EQUAL, *_ORDER, "BTW", *_NULL),
    "DATETIME": (*_EQUAL, *_ORDER, "BTW", *_NULL),
    "NUMBER": (*_EQUAL, *_ORDER, *_LIST, *_NULL),
    "CURRENCY": (*_EQUAL, *_ORDER, *_NULL),
    "PERCENTAGE": (*_EQUAL, *_ORDER, *_NULL),
    "PICKLIST": (*_EQUAL, *_LIST, *_TEXT, *_NULL),
    "MULTISELECTDROPDOWNLIST": (*_LIST, *_NULL),
}
"""The operators of each data type; a type that is not here, such as URL, is not in the article."""

_MORE: Mapping[str, tuple[str, ...]] = {
    "STRING": ("IN", "NOT_IN", *_LIST, "CONTAINS_CS"),
    "EMAIL": ("IN", "NOT_IN", *_LIST, "CONTAINS_CS"),
    "BOOLEAN": _NULL,
    "NUMBER": ("BTW",),
    "CURRENCY": ("BTW",),
    "PERCENTAGE": ("BTW",),
}
"""What Gainsight's own pages send beside these; whether these calls take it, no article says."""

_SPELLINGS = {"IS_NOT_NUL": "IS_NOT_NULL", "IN": "INCLUDES", "NOT_IN": "EXCLUDES"}
"""The article prints these names, too."""

_VALUES = {"IS_NULL": (0, 0), "IS_NOT_NULL": (0, 0), "BTW": (2, 2)}
_SOME = (1, None)
_EXPRESSION = re.compile(r"\s*(?:(\()|(\))|(AND|OR)\b|(\w+))", re.IGNORECASE)
_ALIAS = re.compile(r"(?!(?:AND|OR|NOT)$)\w+", re.IGNORECASE).fullmatch


@dataclass(frozen=True, slots=True)
class FilterProblem:
    """What is wrong with a filter.

    Attributes:
        field: The condition's field, if it is one condition's fault.
        text: What is wrong, and what would be right.
    """

    field: str | None
    text: str

    def __str__(self) -> str:
        return (
            f"filter on field {self.field}: {self.text}" if self.field else f"filter: {self.text}"
        )


def problems_in(where: Mapping[str, Any], data_types: Mapping[str, str]) -> Iterator[FilterProblem]:
    """What is wrong with a filter, as far as can be told without a call.

    Args:
        where: The filter in the API's form: `conditions` and `expression`. Without an expression
            all conditions must hold, and their aliases do not matter.
        data_types: The data types of fields and lookup paths, by name. A field that is not among
            them is not checked.
    """
    conditions = where.get("conditions")
    if not conditions:
        yield FilterProblem(None, "it has no `conditions`")
        return
    if not isinstance(conditions, list | tuple) or not all(map(_has_name, conditions)):
        yield FilterProblem(None, "its `conditions` are no list of objects, each with a `name`")
        return
    if expression := str(where.get("expression") or ""):
        aliases = [str(condition.get("alias") or "") for condition in conditions]
        if len(set(aliases)) < len(aliases) or not all(map(_ALIAS, aliases)):
            yield FilterProblem(
                None, "each condition needs an `alias` of its own, one word, such as A"
            )
        else:
            yield from _problems_in_expression(expression, aliases)
    folded = {name.casefold(): data_type for name, data_type in data_types.items()}
    for condition in conditions:
        name = str(condition["name"])
        yield from _problems_in_condition(name, condition, folded.get(name.casefold()))


def _has_name(condition: Any) -> bool:
    return isinstance(condition, dict) and bool(condition.get("name"))


def _problems_in_condition(
    name: str, condition: Mapping[str, Any], data_type: str | None
) -> Iterator[FilterProblem]:
    written = str(condition.get("operator") or "")
    operator = _SPELLINGS.get(written, written)
    known = {name for table in (OPERATORS, _MORE) for names in table.values() for name in names}
    allowed = OPERATORS.get(data_type or "", tuple(sorted(known)))
    if operator not in allowed and not is_undocumented(written, data_type):
        kind = f"a {data_type} has" if data_type in OPERATORS else "there are"
        yield FilterProblem(name, f"there is no operator {written!r}; {kind} {', '.join(allowed)}")
        return
    least, most = _VALUES.get(operator, _SOME)
    value = condition.get("value")
    count = len(value) if isinstance(value, list) else 0 if value is None else 1
    if count < least or (most is not None and count > most):
        wanted = f"{least} values" if most == least else "at least one value"
        yield FilterProblem(name, f"{written} takes {wanted} in a list, not {count}")


def is_undocumented(operator: str, data_type: str | None) -> bool:
    """Whether a field's operator is not in the article, and Gainsight's own pages send it."""
    documented = OPERATORS.get(data_type or "", ())
    more = _MORE.get(data_type or "", ())
    return operator in more and _SPELLINGS.get(operator, operator) not in documented


def _problems_in_expression(text: str, aliases: list[str]) -> Iterator[FilterProblem]:
    used: set[str] = set()
    depth, expects_alias, at = 0, True, 0
    text = text.rstrip()
    while at < len(text):
        token = _EXPRESSION.match(text, at)
        if token is None or bool(token[3] or token[2]) == expects_alias:
            yield FilterProblem(None, "its expression cannot be read; write it like (A AND B) OR C")
            return
        depth += bool(token[1]) - bool(token[2])
        if depth < 0:
            break
        if token[4]:
            used.add(token[4])
        expects_alias = bool(token[1] or token[3])
        at = token.end()
    if depth or expects_alias:
        yield FilterProblem(None, "its expression cannot be read; write it like (A AND B) OR C")
    elif missing := used - set(aliases):
        yield FilterProblem(
            None, f"its expression names {min(missing)}, which is no condition's alias"
        )
    elif unused := set(aliases) - used:
        yield FilterProblem(None, f"its expression leaves out condition {min(unused)}")
