"""Values of each data type in all their spellings, and what they mean."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from gainsight_sandbox import DataType, Decimals, Field, Quirks, custom_object
from tests.target.reference import Refused, Unsendable
from tests.target.support import COLOURS, THING

PARENT = "parent__gc"
OBJECTS = (
    custom_object(
        PARENT, Field("Name", length=12, required=True), Field("Size__gc", DataType.NUMBER)
    ),
    custom_object(
        THING,
        Field("Name", length=12, required=True),
        Field("Code__gc", length=8),
        Field("Number__gc", DataType.NUMBER, decimal_places=2),
        Field("Mail__gc", DataType.EMAIL),
        Field("Rate__gc", DataType.PERCENTAGE, decimal_places=1),
        Field("Active__gc", DataType.BOOLEAN),
        Field("Day__gc", DataType.DATE),
        Field("At__gc", DataType.DATETIME),
        Field("Colour__gc", DataType.PICKLIST, options=COLOURS),
        Field("Colours__gc", DataType.MULTISELECT, options=COLOURS),
        Field("Text__gc", DataType.RICHTEXTAREA),
        Field("Parent_Name__gc"),
        Field("Parent__gc", DataType.LOOKUP, lookup=PARENT),
    ),
)
Spelled = tuple[Any, Any]
"""A value as a record has it, and what it means."""


def raw(number: str) -> msgspec.Raw:
    return msgspec.Raw(number.encode())


def every(meaning: Any, *spellings: Any) -> list[Spelled]:
    return [(spelling, meaning) for spelling in spellings]


NOTHING = every(None, None, "")
LEAP = datetime(2024, 2, 29, 12, tzinfo=UTC)
RED, BLUE = "1I00RED", "1I00BLUE"
TEXTS = [
    *every("7", 7, "7", raw("7")),
    *every("true", raw("true")),
    *every("[1,2]", [1, 2]),
    *every('{"a":"b"}', {"a": "b"}),
    *every(" x ", " x "),
    *every("null", "null"),
    *every('a,"b"\r\n', 'a,"b"\r\n'),
]


def long(digits: str, rounded: str, code: str, decimals: Decimals) -> Spelled:
    """A number with more decimals than its field has."""
    meanings = {
        Decimals.ROUND: Decimal(rounded),
        Decimals.KEEP: Decimal(digits),
        Decimals.REFUSE: Refused(code, digits),
    }
    return (digits, meanings[decimals])


def values(quirks: Quirks) -> dict[str, list[Spelled]]:
    """Values of each field that is no key."""
    huge = "9" * 70
    return {
        "Name": [*every("n", "n"), *every("8", 8), *every(Refused("GSOBJ_1001", ""), "x" * 13)],
        "Code__gc": [*every("c", "c"), *every(Refused("GSOBJ_1001", ""), "y" * 9)],
        "Number__gc": [
            *every(Decimal(5), 5, "5", raw("5.0"), raw("5e0"), "5.00", " 5"),
            *every(Decimal("-1.5"), raw("-1.50"), "-15e-1"),
            long("1.005", "1.01", "GSOBJ_1002", quirks.write_decimals),
            *every(Unsendable("INVALID_NUMBER", ""), "x", raw("true"), "1e500", [1]),
            *every(Refused("GSOBJ_1002", ""), huge, "1e69"),
        ],
        "Mail__gc": [
            *every("a@b.de", "a@b.de"),
            ("nobody", "nobody" if quirks.write_any_email else Refused("GSOBJ_1002", "")),
        ],
        "Rate__gc": [
            *every(Decimal("0.5"), raw("0.5"), "0.5"),
            long("0.25", "0.3", "GSOBJ_1008", quirks.write_decimals),
            *every(Refused("GSOBJ_1008", ""), huge),
        ],
        "Active__gc": [
            *[(each, True) for each in (True, "TRUE", 1, raw("1.0"))],
            *[(each, False) for each in (False, "false", "0")],
            *every(Unsendable("INVALID_BOOLEAN", ""), "maybe", 2),
        ],
        "Day__gc": [
            *every(LEAP.date(), "2024-02-29", 1709164800000, "2024-02-29T23:00:00+05:00"),
            *every(date(1970, 1, 1), 0),
            *every(date(9999, 12, 31), "9999-12-31"),
            *every(Unsendable("INVALID_DATE", ""), "2023-02-29", 20240229, "now"),
        ],
        "At__gc": [
            *every(LEAP, "2024-02-29T12:00:00Z", "2024-02-29T14:00:00+02:00", 1709208000000),
            *every(LEAP, "2024-02-29 12:00:00.0", raw("1709208000000.0")),
            *every(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), "1970-01-01T00:00:01Z"),
            *every(
                Unsendable("INVALID_DATETIME", ""), "2024-02-30T00:00:00Z", 1709208000, raw("true")
            ),
        ],
        "Colour__gc": [
            *every(RED, "Red", RED),
            *every(Unsendable("INVALID_PICKLIST", ""), "Old", "Pink", 3),
        ],
        "Colours__gc": [
            *every([RED, BLUE], "Red;Blue", ["Red", BLUE]),
            *every([BLUE], "Blue", ["Blue"], f"{BLUE};"),
            *every(None, []),
            *every(Unsendable("INVALID_PICKLIST", ""), "Red;Pink", ["Old"]),
        ],
        "Text__gc": TEXTS,
        "Parent__gc": [
            *every("1P" + "7" * 34, "1P" + "7" * 34),
            *every(Refused("GSOBJ_1004", ""), "nonsense"),
        ],
        "Parent_Name__gc": [(name, name) for name in ("p0", "p1", "P0", "none")],
    }


SIZES = [*every(Decimal(3), 3, "3"), *every(Unsendable("INVALID_NUMBER", ""), "big")]
KEYS: dict[str, list[list[Spelled]]] = {
    "Code__gc": [
        every("a", "a"),
        every("A", "A"),
        every("b", "b"),
        every("7", 7, "7"),
        every(Refused("GSOBJ_1001", "k" * 9), "k" * 9),
    ],
    "Number__gc": [
        every(Decimal(1), 1, "1", raw("1.0"), raw("1e0"), "1e0", "01"),
        every(Decimal(0), 0, "-0", raw("-0.0")),
        every(Decimal("2.5"), "2.50", raw("25e-1")),
    ],
    "Mail__gc": [
        every("a@b.de", "a@b.de"),
        every("A@B.de", "A@B.de"),
        every("c@b.de", "c@b.de"),
    ],
    "Name": [every("a", "a"), every("A", "A"), every("b", "b"), every(" b", " b")],
    "Gsid": [every(f"1T0{n}" + "E" * 32, f"1T0{n}" + "E" * 32) for n in range(4)],
}
"""Values of the fields that may be keys: each with all its spellings."""
NO_KEYS = {
    "Number__gc": [*NOTHING, ("x", Unsendable("INVALID_NUMBER", ""))],
    "Gsid": [*NOTHING, ("nope", Refused("GSOBJ_1004", "nope"))],
}
"""What is no key, where that is more than nothing."""
