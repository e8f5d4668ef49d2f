"""What is refused of a filter that a user wrote, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from gainsight_api.errors import ConfigError
from gainsight_api.filters.build import parse_user_filter
from gainsight_api.filters.check import OPERATORS

TYPES = {
    "Name": "STRING",
    "Active": "BOOLEAN",
    "Created": "DATETIME",
    "Size": "CURRENCY",
    "Tags": "MULTISELECTDROPDOWNLIST",
}
PLACE = "setting `streams`, stream mine"


def parsed(where: dict[str, Any]) -> None:
    parse_user_filter(where, TYPES, PLACE)


def refused(where: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        parsed(where)
    return str(caught.value)


def condition(alias: str | None = "A", **more: Any) -> dict[str, Any]:
    return {"name": "Name", "alias": alias, "operator": "EQ", "value": ["x"], **more}


def where(*aliases: str | None, expression: str) -> dict[str, Any]:
    return {"conditions": [condition(alias) for alias in aliases], "expression": expression}


ALIASES = "each condition needs an `alias` of its own, one word, such as A"
UNREADABLE = "its expression cannot be read; write it like (A AND B) OR C"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({}, "it has no `conditions`"),
        ({"conditions": []}, "it has no `conditions`"),
        ({"conditions": None, "expression": "A"}, "it has no `conditions`"),
        (where("A", expression="A AND B"), "its expression names B, which is no condition's alias"),
        (where("A", expression="a"), "its expression names a, which is no condition's alias"),
        (where("A", "B", expression="A"), "its expression leaves out condition B"),
        (where("A", "A", expression="A"), ALIASES),
        (where("A", None, expression="A"), ALIASES),
        (where("a b", expression="a b"), ALIASES),
        (where("a-b", expression="a-b"), ALIASES),
        (where("OR", expression="OR"), ALIASES),
        (where("not", expression="not"), ALIASES),
        (where("A", expression="NOT A"), UNREADABLE),
        (where("A", expression="A AND"), UNREADABLE),
        (where("A", expression="(A"), UNREADABLE),
        (where("A", expression="A)"), UNREADABLE),
        (where("A", "B", expression="A B"), UNREADABLE),
        (where("A", "B", expression="A & B"), UNREADABLE),
    ],
)
def test_each_mistake_has_one_text_that_names_the_stream(wrong: dict[str, Any], why: str) -> None:
    assert refused(wrong) == f"{PLACE}, filter: {why}"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (
            {"name": "Active", "operator": "GT"},
            "field Active: there is no operator 'GT'; a BOOLEAN has EQ, NE",
        ),
        (
            {"name": "active", "operator": "GT"},
            "field active: there is no operator 'GT'; a BOOLEAN has EQ, NE",
        ),
        (
            {"name": "Created", "operator": "BTW"},
            "field Created: BTW takes 2 values in a list, not 1",
        ),
        ({"value": []}, "field Name: EQ takes at least one value in a list, not 0"),
        ({"operator": "IS_NULL"}, "field Name: IS_NULL takes 0 values in a list, not 1"),
    ],
)
def test_a_wrong_condition_is_named_by_its_field(wrong: dict[str, Any], why: str) -> None:
    text = refused({"conditions": [condition(), condition("B", **wrong)], "expression": "A OR B"})
    assert text == f"{PLACE}, filter on {why}"


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("Name", "IN", ["x", "y"]),
        ("Name", "CONTAINS_CS", ["x"]),
        ("Active", "IS_NULL", []),
        ("Active", "IS_NOT_NULL", None),
        ("Size", "BTW", [1, 2]),
    ],
)
def test_an_operator_of_gainsights_own_pages_is_sent_with_a_warning(
    field: str, operator: str, value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    parsed({"conditions": [condition(name=field, operator=operator, value=value)]})
    assert f"{PLACE}, filter on field {field}: {operator} is not documented" in caplog.text


def test_a_documented_operator_is_sent_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    parsed({"conditions": [condition()]})
    assert not caplog.text


def test_a_single_value_may_stand_without_its_list() -> None:
    given = {"conditions": [condition(value="0001")]}
    (sent,) = parse_user_filter(given, TYPES, PLACE).conditions
    assert sent["value"] == ["0001"]


def test_a_field_of_unknown_type_may_have_any_operator_that_there_is() -> None:
    for operator in {name for names in OPERATORS.values() for name in names}:
        values = {"IS_NULL": 0, "IS_NOT_NULL": 0, "BTW": 2}.get(operator, 1)
        lone = condition(name="Other", operator=operator, value=["x"] * values)
        parsed({"conditions": [lone]})
    assert "'LIKE'; there are" in refused({"conditions": [condition(name="X", operator="LIKE")]})


@pytest.mark.parametrize(
    ("field", "operator"),
    [("Name", "IS_NOT_NUL"), ("Tags", "IN"), ("Tags", "NOT_IN"), ("Other", "IN")],
)
def test_the_articles_other_spellings_of_operators_are_known(field: str, operator: str) -> None:
    value = [] if operator.startswith("IS") else ["x"]
    parsed({"conditions": [condition(name=field, operator=operator, value=value)]})


@pytest.mark.parametrize("expression", [None, ""])
@pytest.mark.parametrize("aliases", [("A", "A"), (None, None), ("a b", "AND")])
def test_without_an_expression_aliases_do_not_matter(
    expression: str | None, aliases: tuple[str | None, ...]
) -> None:
    parsed({"conditions": [condition(alias) for alias in aliases], "expression": expression})


@pytest.mark.parametrize(
    "expression",
    ["A AND B", "a1 or _", "(A OR B) AND A", "((A)) AND (B)", "Größe and B", " A OR B "],
)
def test_an_expression_of_words_and_joints_is_read(expression: str) -> None:
    words = expression.replace("(", " ").replace(")", " ").split()
    aliases = dict.fromkeys(word for word in words if word.upper() not in {"AND", "OR"})
    parsed(where(*aliases, expression=expression))
