from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gainsight_sandbox import Sandbox
from tests.sandbox.client import THING, UNLIMITED, Client, clock, where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "EQ": lambda text, value: text == value,
    "NE": lambda text, value: text != value,
    "GT": lambda text, value: text.encode() > value.encode(),
    "LTE": lambda text, value: text.encode() <= value.encode(),
    "CONTAINS": lambda text, value: value.casefold() in text.casefold(),
    "DOES_NOT_CONTAINS": lambda text, value: value.casefold() not in text.casefold(),
    "STARTS_WITH": lambda text, value: text.casefold().startswith(value.casefold()),
    "ENDS_WITH": lambda text, value: text.casefold().endswith(value.casefold()),
}
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=9)
NUMBER_TESTS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "EQ": lambda number, value: number == value,
    "LT": lambda number, value: number < value,
    "GTE": lambda number, value: number >= value,
}
MOMENTS = st.integers(-62_135_500_000_000, 253_402_200_000_000).map(
    lambda milliseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)
quick = settings(max_examples=40, deadline=None)


@pytest.fixture(scope="module")
def scratch() -> Iterator[tuple[Sandbox, Client]]:
    with Sandbox(demo=False, clock=clock(), limits=UNLIMITED) as sandbox, Client(sandbox) as client:
        sandbox.tenant.add_object(THING)
        yield sandbox, client


def refill(sandbox: Sandbox, field: str, values: list[Any]) -> None:
    old = [str(row["Gsid"]) for row in sandbox.tenant.rows("thing__gc")]
    sandbox.tenant.delete("thing__gc", old)
    rows = [{"Gsid": f"{n:02}", field: value} for n, value in enumerate(values)]
    sandbox.tenant.insert("thing__gc", *rows)


def matches(client: Client, clause: dict[str, Any]) -> set[int]:
    records = client.records("thing__gc", ["Gsid"], where=clause)
    return {int(record["Gsid"]) for record in records}


@quick
@given(values=st.lists(TEXTS, max_size=8), value=TEXTS, operator=st.sampled_from([*TEXT_TESTS]))
def test_texts_compare_by_character(
    scratch: tuple[Sandbox, Client], values: list[str], value: str, operator: str
) -> None:
    sandbox, client = scratch
    refill(sandbox, "Name", values)
    expected = {n for n, text in enumerate(values) if TEXT_TESTS[operator](text, value)}
    assert matches(client, where(("Name", operator, [value]))) == expected


@quick
@given(
    values=st.lists(NUMBERS, max_size=8), value=NUMBERS, operator=st.sampled_from([*NUMBER_TESTS])
)
def test_numbers_compare_as_decimals(
    scratch: tuple[Sandbox, Client], values: list[Decimal], value: Decimal, operator: str
) -> None:
    sandbox, client = scratch
    refill(sandbox, "Price__gc", values)
    expected = {n for n, number in enumerate(values) if NUMBER_TESTS[operator](number, value)}
    assert matches(client, where(("Price__gc", operator, [str(value)]))) == expected
    records = client.records("thing__gc", ["Price__gc"], orderBy={"Price__gc": "asc"})
    assert [record["Price__gc"] for record in records] == sorted(values)


@quick
@given(values=st.lists(MOMENTS, max_size=8), value=MOMENTS, hours=st.integers(-12, 14))
def test_moments_compare_in_any_zone(
    scratch: tuple[Sandbox, Client], values: list[datetime], value: datetime, hours: int
) -> None:
    sandbox, client = scratch
    refill(sandbox, "CreatedDate", values)
    expected = {n for n, moment in enumerate(values) if moment >= value}
    shown = value.astimezone(timezone(timedelta(hours=hours))).isoformat()
    assert matches(client, where(("CreatedDate", "GTE", [shown]))) == expected


LETTERS = "ABCD"
SUBSETS = ["".join(c for n, c in enumerate(LETTERS) if bits >> n & 1) for bits in range(16)]
Tree = Any  # a letter, or ("AND" or "OR", [Tree, …])
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.sampled_from(LETTERS),
    lambda inner: st.tuples(
        st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=4)
    ),
    max_leaves=12,
)


def shown(tree: Tree, within: str = "") -> str:
    """An expression with no more parentheses than it needs."""
    if isinstance(tree, str):
        return tree
    joiner, parts = tree
    text = f" {joiner} ".join(shown(part, joiner) for part in parts)
    return f"({text})" if (within, joiner) == ("AND", "OR") else text


def holds(tree: Tree, letters: str) -> bool:
    if isinstance(tree, str):
        return tree in letters
    joiner, parts = tree
    results = [holds(part, letters) for part in parts]
    return all(results) if joiner == "AND" else any(results)


@quick
@given(tree=TREES)
def test_and_binds_closer_than_or(scratch: tuple[Sandbox, Client], tree: Tree) -> None:
    sandbox, client = scratch
    refill(sandbox, "Name", SUBSETS)
    expression = shown(tree)
    used = [letter for letter in LETTERS if letter in set(expression.replace("AND", ""))]
    clause = {
        "conditions": [
            {"name": "Name", "alias": letter, "operator": "CONTAINS", "value": [letter]}
            for letter in used
        ],
        "expression": expression,
    }
    expected = {n for n, letters in enumerate(SUBSETS) if holds(tree, letters)}
    assert matches(client, clause) == expected
