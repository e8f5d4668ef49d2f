"""Which values are equal."""

from __future__ import annotations

from typing import Any

import pytest

from gainsight_api.objects.datatypes import Kind, Number
from target_gainsight.rows.keys import comparable, similar


@pytest.mark.parametrize(
    ("kind", "sent", "read"),
    [
        (Kind.NUMBER, "200", Number("200.00000")),
        (Kind.DATE, "2024-02-03", 1706918400000),
        (Kind.DATE, "1970-02-03", 2851200000),
        (Kind.DATETIME, "1970-01-01T00:00:01.500Z", 1500),
        (Kind.DATE, "9999-12-31", 253402214400000),
        (Kind.DATE, "1582-10-15", -12219292800000),
        (Kind.DATETIME, "1969-12-31T23:59:59.999Z", -1),
        (Kind.DATETIME, "2024-02-03T00:00:00.000Z", "2024-02-03T00:00:00Z"),
        (Kind.BOOLEAN, True, "true"),
        (Kind.TEXT, "a;b", ["a", "b"]),
        (Kind.TEXT, None, ""),
    ],
)
def test_a_sent_value_equals_the_one_that_is_read_back(kind: Kind, sent: Any, read: Any) -> None:
    assert comparable(kind, sent) == comparable(kind, read)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.NUMBER, [1, "1", "1.0", "1e0", Number("1.00"), " 1 "]),
        (Kind.NUMBER, [0, "0", "-0", "0.0"]),
        (Kind.DATETIME, ["2024-02-03T23:00:00-05:00", "2024-02-04T04:00:00Z", 1707019200000]),
        (Kind.DATE, ["2024-02-03", "2024-02-03T10:00:00Z"]),
        (Kind.BOOLEAN, [True, "TRUE", 1]),
    ],
)
def test_spellings_of_one_value_are_equal(kind: Kind, values: list[Any]) -> None:
    assert len({comparable(kind, value) for value in values}) == 1


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (Kind.TEXT, "1", "1.0"),
        (Kind.TEXT, "Ann", "ann"),
        (Kind.TEXT, "Ann", "Ann "),
        (Kind.NUMBER, "12345678901234567890", "12345678901234567891"),
        (Kind.NUMBER, "1234567890123456789012345678901", "1234567890123456789012345678902"),
        (Kind.NUMBER, "no number", "none either"),
        (Kind.NUMBER, "0", None),
    ],
)
def test_different_values_are_not_equal(kind: Kind, one: Any, other: Any) -> None:
    assert comparable(kind, one) != comparable(kind, other)


def test_case_and_outer_blanks_make_no_difference_to_similar_values() -> None:
    assert similar(Kind.TEXT, "Ann ") == similar(Kind.TEXT, "ann")
    assert similar(Kind.TEXT, "A nn") != similar(Kind.TEXT, "Ann")
