from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.filters import build as filters
from gainsight_api.filters.build import (
    And,
    Condition,
    Filter,
    Operator,
    Or,
    UserFilter,
    all_of,
    any_of,
    body,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

A, B, C = (Condition(name, Operator.EQ, ("1",)) for name in ("Name", "Status", "Stage"))


def evaluated(expression: str, truth: Mapping[str, bool]) -> bool:
    """What an expression over aliases comes to: AND binds tighter than OR."""
    tokens = re.findall(r"\w+|[()]", expression)
    assert "".join(tokens) == re.sub(r"\s", "", expression)

    def either() -> bool:
        value = both()
        while tokens and tokens[0].upper() == "OR":
            tokens.pop(0)
            value = both() or value
        return value

    def both() -> bool:
        value = single()
        while tokens and tokens[0].upper() == "AND":
            tokens.pop(0)
            value = single() and value
        return value

    def single() -> bool:
        token = tokens.pop(0)
        if token != "(":
            return truth[token]
        value = either()
        assert tokens.pop(0) == ")"
        return value

    value = either()
    assert not tokens
    return value


def meaning(tree: Filter, holds: Mapping[str, bool]) -> bool:
    """What a tree comes to, where it is known which fields' conditions hold."""
    match tree:
        case Condition():
            return holds[tree.name]
        case And():
            return all(meaning(term, holds) for term in tree.terms)
        case Or():
            return any(meaning(term, holds) for term in tree.terms)
        case UserFilter():
            truth = {item["alias"]: holds[item["name"]] for item in tree.conditions}
            return evaluated(tree.expression, truth)


def meaning_of_body(where: Mapping[str, Any], holds: Mapping[str, bool]) -> bool:
    truth = {item["alias"]: holds[item["name"]] for item in where["conditions"]}
    return evaluated(where["expression"], truth)


def names(tree: Filter) -> list[str]:
    match tree:
        case Condition():
            return [tree.name]
        case And() | Or():
            return [name for term in tree.terms for name in names(term)]
        case UserFilter():
            return [str(item["name"]) for item in tree.conditions]


EXPRESSIONS = [
    "A",
    "A OR A",
    "A AND B",
    "B OR A",
    "b or a and b",
    "(x1 OR Sand) AND ORDER",
    "AA AND (A OR B) OR C AND AA",
    "((Größe)) OR (_ AND 1)",
]


def users_filter(expression: str) -> UserFilter:
    """A filter as a user may write it: any words for aliases, used in any order, also twice."""
    aliases = dict.fromkeys(re.findall(r"\w+", re.sub(r"(?i)\b(and|or)\b", "", expression)))
    conditions = [
        {"name": f"own-{next(_numbers)}", "alias": alias, "value": ["x"], "operator": "CONTAINS"}
        for alias in sorted(aliases)
    ]
    return parsed(conditions, expression)


def parsed(conditions: list[dict[str, Any]], expression: str | None) -> UserFilter:
    """A user's filter, whose conditions are IS_NULL where they do not say."""
    where = {
        "conditions": [{"operator": "IS_NULL", **condition} for condition in conditions],
        "expression": expression,
    }
    return filters.parse_user_filter(where, {}, "here")


_numbers = count()
conditions = st.builds(
    lambda operator: Condition(f"field-{next(_numbers)}", operator, ("x",)),
    st.sampled_from(list(Operator)),
)
trees: st.SearchStrategy[Filter] = st.recursive(
    st.one_of(conditions, st.sampled_from(EXPRESSIONS).map(users_filter)),
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, min_size=2, max_size=4).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=4).map(tuple)),
    ),
    max_leaves=8,
)


@given(trees, st.lists(st.integers(0, 2**48 - 1), min_size=5, max_size=5))
def test_a_request_says_what_its_tree_says(tree: Filter, cases: list[int]) -> None:
    where = body(tree)
    assert where is not None
    assert [item["name"] for item in where["conditions"]] == names(tree)
    for bits in cases:
        holds = {name: bool(bits >> bit & 1) for bit, name in enumerate(names(tree))}
        assert meaning_of_body(where, holds) == meaning(tree, holds)


@given(st.integers(1, 120))
def test_no_two_conditions_share_an_alias(number: int) -> None:
    tree = all_of(*(Condition(f"f{n}", Operator.EQ) for n in range(number)))
    where = body(tree)
    assert where is not None
    aliases = [item["alias"] for item in where["conditions"]]
    assert len(set(aliases)) == number
    assert where["expression"] == " AND ".join(aliases)
    assert all(alias.isalpha() and alias.isupper() for alias in aliases)


def test_a_condition_is_written_as_the_article_shows_it() -> None:
    assert body(Condition("Name", Operator.GTE, ("Gainsight",))) == {
        "conditions": [
            {"name": "Name", "alias": "A", "value": ["Gainsight"], "operator": "GTE"},
        ],
        "expression": "A",
    }


@pytest.mark.parametrize(
    ("tree", "expression"),
    [
        (And((A, B)), "A AND B"),
        (Or((A, B)), "A OR B"),
        (And((A, Or((B, C)))), "A AND (B OR C)"),
        (Or((A, And((B, C)))), "A OR (B AND C)"),
    ],
)
def test_there_are_no_more_parentheses_than_needed(tree: Filter, expression: str) -> None:
    where = body(tree)
    assert where is not None
    assert where["expression"] == expression


def test_without_a_filter_there_is_none() -> None:
    assert body(None) is None
    assert all_of() is None
    assert any_of(None, None) is None


def test_a_lone_term_needs_no_joint() -> None:
    assert all_of(None, A) is A
    assert any_of(A, None) is A
    assert all_of(A, None, B) == And((A, B))
    assert any_of(A, B) == Or((A, B))


# Users' own filters.


def test_a_users_condition_is_sent_as_written_but_for_its_alias() -> None:
    mine = {"name": "Csm__gr.Name", "alias": "csm", "value": ["J"], "operator": "CONTAINS", "x": 1}
    where = body(all_of(A, parsed([mine], "csm")))
    assert where is not None
    assert where["conditions"][1] == {**mine, "alias": "B"}
    assert where["expression"] == "A AND B"
    assert mine["alias"] == "csm"


def test_a_users_or_does_not_leak_into_what_it_is_joined_with() -> None:
    mine = parsed([{"name": "Name", "alias": "B"}, {"name": "Stage", "alias": "A"}], "A OR B")
    where = body(all_of(mine, C))
    assert where is not None
    assert where["expression"] == "(B OR A) AND C"


@pytest.mark.parametrize("expression", [None, ""])
@pytest.mark.parametrize("aliases", [["A", "B"], ["A", "A"], [None, None], ["a b", "AND"]])
def test_conditions_without_an_expression_must_all_hold(
    expression: str | None, aliases: list[str | None]
) -> None:
    conditions = [
        {"name": "Name", "alias": aliases[0]},
        {"name": "Status", "alias": aliases[1]},
    ]
    where = body(parsed(conditions, expression))
    assert where is not None
    assert where["expression"] == "A AND B"
    assert [item["alias"] for item in where["conditions"]] == ["A", "B"]
