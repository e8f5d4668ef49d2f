"""The operators of a where clause by data type: see the Gainsight Bulk REST APIs article."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.quirk_choices import ListOperators, NotNull
from gainsight_sandbox.tenant.schema import DataType, Family

if TYPE_CHECKING:
    from gainsight_sandbox.behaviour.quirks import Quirks
    from gainsight_sandbox.tenant.schema import Field


class Operator(StrEnum):
    """An operator; where the article gives two spellings, by the first."""

    EQ = "EQ"
    NE = "NE"
    LT = "LT"
    GT = "GT"
    LTE = "LTE"
    GTE = "GTE"
    BTW = "BTW"
    IS_NULL = "IS_NULL"
    IS_NOT_NULL = "IS_NOT_NULL"
    CONTAINS = "CONTAINS"
    CONTAINS_CS = "CONTAINS_CS"
    DOES_NOT_CONTAINS = "DOES_NOT_CONTAINS"
    STARTS_WITH = "STARTS_WITH"
    ENDS_WITH = "ENDS_WITH"
    INCLUDES = "INCLUDES"
    EXCLUDES = "EXCLUDES"


_EQUALITY = {Operator.EQ, Operator.NE}
_COMPARISON = _EQUALITY | {Operator.LT, Operator.GT, Operator.LTE, Operator.GTE}
_NULL = {Operator.IS_NULL, Operator.IS_NOT_NULL}
_LIST = {Operator.INCLUDES, Operator.EXCLUDES}
_INSIDE = {Operator.STARTS_WITH, Operator.CONTAINS, Operator.DOES_NOT_CONTAINS}

SUPPORTED: dict[Family, set[Operator]] = {
    Family.TEXT: _COMPARISON | _INSIDE | _NULL | {Operator.ENDS_WITH},
    Family.BOOLEAN: _EQUALITY,
    Family.DATE: _COMPARISON | _NULL | {Operator.BTW},
    Family.DATETIME: _COMPARISON | _NULL | {Operator.BTW},
    Family.NUMBER: _COMPARISON | _LIST | _NULL,
    Family.PICKLIST: _EQUALITY | _LIST | _INSIDE | _NULL,
    Family.MULTISELECT: _LIST | _NULL,
    Family.AMOUNT: _COMPARISON | _NULL,
}

_WIDE: dict[Family, set[Operator]] = {
    Family.TEXT: {Operator.CONTAINS_CS},
    Family.BOOLEAN: _NULL,
    Family.NUMBER: {Operator.BTW},
    Family.PICKLIST: {Operator.CONTAINS_CS},
    Family.AMOUNT: {Operator.BTW},
}
_WIDE_LISTS = {DataType.STRING, DataType.EMAIL}

_NOT_NULL = {
    NotNull.BOTH: {"IS_NOT_NUL", "IS_NOT_NULL"},
    NotNull.PRINTED: {"IS_NOT_NUL"},
    NotNull.CORRECT: {"IS_NOT_NULL"},
}
_LISTS = {
    ListOperators.BOTH: ({"INCLUDES", "IN"}, {"EXCLUDES", "NOT_IN"}),
    ListOperators.INCLUDES: ({"INCLUDES"}, {"EXCLUDES"}),
    ListOperators.IN: ({"IN"}, {"NOT_IN"}),
}


def parse_operator(text: object, quirks: Quirks) -> Operator | None:
    """The operator of that spelling, if the tenant understands it."""
    if text in _NOT_NULL[quirks.not_null_operator]:
        return Operator.IS_NOT_NULL
    includes, excludes = _LISTS[quirks.list_operators]
    if text in includes:
        return Operator.INCLUDES
    if text in excludes:
        return Operator.EXCLUDES
    plain = {str(operator) for operator in Operator if operator not in _LIST | _NULL}
    if text in plain or text == "IS_NULL":
        return Operator(str(text))
    return None


def supports(field: Field, operator: Operator, quirks: Quirks) -> bool:
    """Whether filters may compare a field by an operator."""
    family = field.family
    if operator in SUPPORTED[family]:
        return True
    listed = operator in _LIST and field.data_type in _WIDE_LISTS
    return quirks.wide_operators and (listed or operator in _WIDE.get(family, set()))


def count_fits(operator: Operator, count: int) -> bool:
    """Whether an operator takes that many values."""
    if operator in _NULL:
        return count == 0
    if operator in _LIST:
        return count > 0
    return count == (2 if operator is Operator.BTW else 1)
