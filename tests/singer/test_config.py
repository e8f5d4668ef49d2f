"""Settings as they come from files and the environment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gainsight_singer.config import coerced, numbers_as_text

ODD = "holds NUL, half of a surrogate pair, or bytes that are not UTF-8"
SCHEMAS: dict[str, Any] = {
    "host": {"type": "string"},
    "retries": {"type": ["integer", "null"]},
    "pause": {"type": ["number", "null"]},
    "base": {"enum": ["auto", "0", 0]},
    "key": {"type": ["string", "null"], "secret": True},
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"retries": "8"}, {"retries": 8}),
        ({"pause": "0.5"}, {"pause": 0.5}),
        ({"retries": 8, "pause": Decimal("0.5")}, {"retries": 8, "pause": Decimal("0.5")}),
        ({"host": "5", "base": "0", "key": "7"}, {"host": "5", "base": "0", "key": "7"}),
        ({"retries": None, "key": None}, {"retries": None, "key": None}),
        ({"other": "1"}, {"other": "1"}),
    ],
)
def test_only_numbers_that_came_as_text_are_changed(
    given: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert coerced(given, SCHEMAS) == (expected, [])


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"retries": "hidden"}, "setting `retries` is not a whole number"),
        ({"retries": "1.5"}, "setting `retries` is not a whole number"),
        ({"pause": "hidden"}, "setting `pause` is not a number"),
        ({"key": {"hidden": 1}}, "setting `key` is not text"),
        ({"key": "hidden\ud800"}, f"setting `key` {ODD}"),
        ({"other": [{"a": {"hidden\0": 1}}]}, f"setting `other` {ODD}"),
    ],
)
def test_a_setting_of_another_type_is_named_and_not_quoted(
    given: dict[str, Any], text: str
) -> None:
    assert coerced({**given, "host": "acme"}, SCHEMAS) == ({"host": "acme"}, [text])


def test_environment_variables_that_are_numbers_are_left_as_text() -> None:
    schema = numbers_as_text({"type": "object", "properties": SCHEMAS})
    assert {name: read.get("type") for name, read in schema["properties"].items()} == {
        "host": "string",
        "retries": "string",
        "pause": "string",
        "base": "string",
        "key": ["string", "null"],
    }
