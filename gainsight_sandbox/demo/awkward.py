"""A custom object of values that are hard to carry: a connector must not change them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from gainsight_sandbox.demo.columns import (
    DemoObject,
    column,
    demo_object,
    gsid,
    lookup,
    multiselect,
    picklist,
    text,
)
from gainsight_sandbox.tenant.ids import dropdown
from gainsight_sandbox.tenant.schema import DataType, ObjectType

if TYPE_CHECKING:
    from gainsight_sandbox.demo.draw import Draw

NAME = "awkward__gc"
BULK_UPDATED = 30_000
_NO_DATE_EVERY = 11
_NO_DATE_BELOW = 330
_LONG_TEXT_CHARACTERS = 30_000

TEXTS = (
    'She said "hello", twice',
    '"',
    '""',
    ",",
    ",,;|",
    "one\ntwo",
    "one\r\ntwo",
    "one\rtwo",
    "\n",
    "\r\n",
    "ends with a line break\n",
    "🚀 emoji 👩‍👩‍👧‍👦 and 🇪🇺",
    "שלום, עולם",
    "مرحبا \u202bبالعالم\u202c",  # noqa: RUF001 - meant
    "e\u0301 and é are not one",
    "Z\u0351\u036b\u0343a\u0329l\u0348g\u033bo",
    "日本語、中文，한국어",  # noqa: RUF001 - meant
    "null",
    "NULL",
    "NA",
    "N/A",
    "None",
    "nan",
    "007",
    "1e5",
    "-0",
    "+1 555 0100",
    "0x1F",
    "1,234.56",
    "true",
    "2024-02-30",
    "2022-06-23T09:37:02Z",
    " leading blank",
    "trailing blank ",
    " ",
    "\ttab\tin\tit\t",
    'back\\slash \\n \\" \\',
    "'single'",
    "Gsid",
    '"Gsid","Name"',
    "Gsid,Name,Text__gc\nx,y,z",
    "=1+1",
    "@SUM(A1:A9)",
    "-2+3",
    "\ufeffstarts with a BOM",
    "no\u00a0break, zero\u200bwidth, line\u2028separator, next\u0085line",
    "\x1funit separator, \x07bell, \x7fdelete",
    "\U0010ffff last code point",
    "<p>&amp; &lt;b&gt; &quot;</p>",
    "%s %d {0} ${x} $1",
    "'; DROP TABLE company; --",
)
NUMBERS = tuple(
    map(
        Decimal,
        (
            "0",
            "-0",
            "0.000000001",
            "-0.000000001",
            "1.100000000",
            "9007199254740993",
            "-9007199254740993",
            "123456789012345678901234567890.123456789",
            "99999999999999999999.999999999",
            "0.1",
            "0.30000000000000004",
            "10",
            "9",
            "-1",
            "1000000",
        ),
    )
)
DATES = (
    date(1969, 12, 31),
    date(1970, 1, 1),
    date(1900, 2, 28),
    date(1582, 10, 15),
    date(2000, 2, 29),
    date(2024, 12, 31),
    date(9999, 12, 31),
)
MOMENTS = (
    datetime(1969, 12, 31, 23, 59, 59, 999000, UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, 0, 0, 0, 1000, UTC),
    datetime(1901, 12, 13, 20, 45, 52, 5000, UTC),
    datetime(2024, 2, 29, 12, 0, 0, 120000, UTC),
    datetime(2024, 3, 31, 1, 30, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, 7000, UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999000, UTC),
)
CHOICES = dropdown("Choice", "Plain", 'With "quotes"', "With, comma", "Ünïcode", inactive=("Old",))


def awkward() -> DemoObject:
    """Every kind of awkward value, in every data type."""
    return demo_object(
        NAME,
        200,
        gsid(NAME),
        text("Name", lambda d: f"Case {d.number}", required=True),
        text("Text__gc", lambda d: TEXTS[d.number % len(TEXTS)]),
        text("Other_Text__gc", lambda d: d.one(TEXTS), share=0.7),
        column("Long_Text__gc", DataType.RICHTEXTAREA, _long_text),
        column("Number__gc", DataType.NUMBER, _number, share=0.9, decimal_places=17),
        column("Amount__gc", DataType.CURRENCY, _number, share=0.9, decimal_places=17),
        column("Share__gc", DataType.PERCENTAGE, _number, share=0.9, decimal_places=17),
        column("Flag__gc", DataType.BOOLEAN, lambda d: d.maybe(0.5), share=0.8),
        column("Day__gc", DataType.DATE, lambda d: DATES[d.number % len(DATES)], share=0.9),
        column("Moment__gc", DataType.DATETIME, _moment, share=0.9),
        column("Email__gc", DataType.EMAIL, lambda _: '"o\'brien, pat"@example.com', share=0.5),
        column("Link__gc", DataType.URL, lambda _: "https://example.com/?q=a,b&c=%22d%22#é"),
        column("Json__gc", DataType.JSON, lambda d: f'{{"a": "b\\n,\\"{d.number}\\""}}', share=0.5),
        picklist("Choice__gc", CHOICES, share=0.8),
        multiselect("Choices__gc", CHOICES),
        lookup("Company_ID__gc", "company", share=0.8),
        lookup("Owner__gc", "gsuser", share=0.5),
        column("Hidden__gc", DataType.STRING, lambda d: d.one(TEXTS), hidden=True),
        column("CreatedDate", DataType.DATETIME, lambda d: d.created, read_only=True),
        column("ModifiedDate", DataType.DATETIME, _modified, read_only=True),
        object_type=ObjectType.CUSTOM,
    )


def _number(d: Draw) -> Decimal:
    return NUMBERS[(d.number + d.below(2)) % len(NUMBERS)]


def _moment(d: Draw) -> datetime:
    return MOMENTS[d.number % len(MOMENTS)]


def _long_text(d: Draw) -> str | None:
    """30 KB in a few of the first records, little in the others."""
    if d.number % 50 == 7 and d.number < 500:  # noqa: PLR2004 - which records is of no matter
        return (f'{d.number}: "quoted", line\r\n' * _LONG_TEXT_CHARACTERS)[:_LONG_TEXT_CHARACTERS]
    return d.one(TEXTS) if d.maybe(0.3) else None


def _modified(d: Draw) -> datetime | None:
    """Some records have no modified date; a bulk update gave 30,000 others one second."""
    if d.number % _NO_DATE_EVERY == 3 and d.number < _NO_DATE_BELOW:  # noqa: PLR2004 - as above
        return None
    first = _NO_DATE_BELOW
    if first <= d.number < first + BULK_UPDATED:
        return (d.now - timedelta(days=30)).replace(microsecond=0)
    return d.modified
