from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gainsight_api.objects.datatypes import (
    READERS,
    Kind,
    as_text,
    boolean,
    day,
    json_decoder,
    json_schema,
    kind_in,
    kind_of,
    number,
    timestamp,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DECODER = json_decoder()


def from_json(kind: Kind, value: Any) -> Any:
    """A value of a query reply, read as the tap does: by the text that a CSV cell would hold."""
    text = as_text(value, items=True)
    return READERS[kind](text) if text else None


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

digits = st.from_regex(r"[0-9]{1,30}", fullmatch=True)
whole = digits.map(lambda text: text.lstrip("0") or "0")
fractions = st.one_of(st.just(""), digits.map(lambda text: f".{text}"))
exponents = st.one_of(st.just(""), st.from_regex(r"[eE][+-]?[0-9]{1,3}", fullmatch=True))
json_numbers = st.builds("{}{}{}{}".format, st.sampled_from(["", "-"]), whole, fractions, exponents)
moments = st.integers(-62_100_000_000_000, 253_370_000_000_000).map(
    lambda milliseconds: EPOCH + timedelta(milliseconds=milliseconds)
)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def canonical(moment: datetime) -> str:
    """The one form of a date-time, written out by other means than the code's."""
    utc = moment.astimezone(UTC)
    return (
        f"{utc.year:04}-{utc.month:02}-{utc.day:02}T{utc.hour:02}:{utc.minute:02}:{utc.second:02}"
        f".{utc.microsecond // 1000:03}Z"
    )


def reads(read: Callable[[Any], object], value: object) -> bool:
    """Whether a value reads; no other exception may come of one that does not."""
    try:
        read(value)
    except ValueError:
        return False
    return True


def epoch_ms(moment: datetime) -> str:
    return str((moment - EPOCH) // timedelta(milliseconds=1))


# Kinds.


@pytest.mark.parametrize(
    ("data_type", "kind"),
    [
        ("NUMBER", Kind.NUMBER),
        ("CURRENCY", Kind.NUMBER),
        ("PERCENTAGE", Kind.NUMBER),
        ("BOOLEAN", Kind.BOOLEAN),
        ("DATE", Kind.DATE),
        ("DATETIME", Kind.DATETIME),
        ("datetime", Kind.DATETIME),
        ("STRING", Kind.TEXT),
        ("GSID", Kind.TEXT),
        ("PICKLIST", Kind.TEXT),
        ("MULTISELECTDROPDOWNLIST", Kind.TEXT),
        ("UNHEARD_OF", Kind.TEXT),
        ("", Kind.TEXT),
    ],
)
def test_every_data_type_has_a_kind_and_an_unknown_one_is_text(data_type: str, kind: Kind) -> None:
    assert kind_of(data_type) is kind


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (Kind.NUMBER, {"type": ["number", "null"]}),
        (Kind.BOOLEAN, {"type": ["boolean", "null"]}),
        (Kind.DATE, {"type": ["string", "null"], "format": "date"}),
        (Kind.DATETIME, {"type": ["string", "null"], "format": "date-time"}),
        (Kind.TEXT, {"type": ["string", "null"]}),
    ],
)
def test_every_kind_has_a_json_schema(kind: Kind, schema: dict[str, object]) -> None:
    assert json_schema(kind, nullable=True) == schema
    assert json_schema(kind, nullable=False) == {**schema, "type": schema["type"][:1]}  # type: ignore[index]


@pytest.mark.parametrize("nullable", [True, False])
@pytest.mark.parametrize("kind", Kind)
def test_a_kind_is_read_back_from_its_json_schema(kind: Kind, *, nullable: bool) -> None:
    schema = json_schema(kind, nullable=nullable)
    assert kind_in(schema) is kind
    assert kind_in({**schema, "title": "A field", "description": "date"}) is kind


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "number"}, Kind.NUMBER),
        ({"type": "integer"}, Kind.NUMBER),
        ({"type": ["null", "integer"]}, Kind.NUMBER),
        ({"type": "boolean"}, Kind.BOOLEAN),
        ({"type": "string", "format": "date-time"}, Kind.DATETIME),
        ({"type": "string", "format": "email"}, Kind.TEXT),
        ({}, Kind.TEXT),
    ],
)
def test_a_catalogs_own_forms_are_read(schema: dict[str, object], kind: Kind) -> None:
    assert kind_in(schema) is kind


# Numbers.


@given(json_numbers)
@example("0.00000000")
@example("-0")
@example("5600000000.00000")
@example("123456789012345678901234567890.123456789")
@example("1E400")
def test_every_digit_of_a_number_survives(text: str) -> None:
    read = number(text)
    assert str(read) == text
    assert read == Decimal(text)


@given(json_numbers)
@example("18446744073709551616")
@example("-9223372036854775809")
@example("0.1")
def test_every_digit_of_a_json_number_survives(text: str) -> None:
    read = from_json(Kind.NUMBER, DECODER.decode(text.encode()))
    assert str(read) == ("0" if text == "-0" else text)  # JSON knows one integer zero


@given(
    sign=st.sampled_from(["", "+", "-"]),
    zeros=st.sampled_from(["", "0", "00"]),
    integer=st.one_of(st.just(""), digits),
    fraction=st.one_of(st.just(""), st.just("."), fractions),
    exponent=exponents,
)
def test_loose_forms_become_what_json_can_say(
    sign: str, zeros: str, integer: str, fraction: str, exponent: str
) -> None:
    text = f"{sign}{zeros}{integer}{fraction}{exponent}"
    try:
        value = Decimal(text)
    except ArithmeticError:
        assert not reads(number, text)
        return
    read = number(text)
    assert read == value
    assert Decimal(str(read)) == value
    assert DECODER.decode(str(read).encode()) == value  # it is JSON
    assert value.as_tuple().digits[-20:] == read.as_tuple().digits[-20:]


@pytest.mark.parametrize(
    ("text", "literal"),
    [("+5", "5"), (".5", "0.5"), ("-.50", "-0.50"), ("007", "7"), ("5.", "5"), ("00", "0")],
)
def test_a_loose_number_loses_no_more_than_it_must(text: str, literal: str) -> None:
    assert str(number(text)) == literal


@pytest.mark.parametrize(
    "text",
    [
        *["", " ", ".", "-", "+", "-.", "e0", "E10", ".e0", "+e10", "0e", "1e+", "--1", "1 ", " 1"],
        *["NaN", "nan", "Infinity", "-inf", "1,234.56", "1.234,56", "$5", "5%", "0x1F", "1_000"],
        *["1.2.3", "one", "true", "\u0661", "1\n", "\uff11", "1e99999999999999999999", "null"],
    ],
)
def test_what_is_no_finite_number_is_refused(text: str) -> None:
    assert not reads(number, text)


def test_a_json_number_beyond_all_sense_is_broken_json_and_no_crash() -> None:
    with pytest.raises(msgspec.DecodeError):
        DECODER.decode(b'{"a": 1e99999999999999999999}')


# Booleans.


@pytest.mark.parametrize("text", ["true", "TRUE", "True", "tRuE", "1"])
def test_true_is_read_in_any_case(text: str) -> None:
    assert boolean(text) is True


@pytest.mark.parametrize("text", ["false", "FALSE", "False", "0"])
def test_false_is_read_in_any_case(text: str) -> None:
    assert boolean(text) is False


@pytest.mark.parametrize("text", ["yes", "no", "t", "f", "2", "-1", "1.0", "", " true", "\u0661"])
def test_what_is_no_boolean_is_refused(text: str) -> None:
    assert not reads(boolean, text)


# Date-times.


def milliseconds(moment: datetime) -> list[str]:
    """The moment in milliseconds, where a text of so many digits is read as such."""
    text = epoch_ms(moment)
    return [text] if 11 <= len(text.lstrip("-")) <= 13 or text == "0" else []


@pytest.mark.parametrize(
    "text", ["-1", "20240105", "210318", "2024", "1704412800", "20220603093702", "-0", "00"]
)
def test_other_whole_numbers_are_no_dates(text: str) -> None:
    assert not reads(timestamp, text)
    assert not reads(day, text)


@given(moments)
@example(datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC))
@example(EPOCH)
def test_every_form_of_a_moment_reads_the_same(moment: datetime) -> None:
    expected = canonical(moment)
    iso = moment.replace(tzinfo=None).isoformat(timespec="milliseconds")
    java = f"{iso.replace('T', ' ').rstrip('0').rstrip('.')}.0" if iso.endswith("000") else iso
    for text in (
        *milliseconds(moment),
        iso,
        f"{iso}Z",
        f"{iso}z",
        f"{iso}+00:00",
        f"{iso}-0000",
        f"{iso}000Z",
        f"{iso}999999Z",
        iso.replace("T", " "),
        iso.replace(".", ",") + "Z",
        f"{iso} Z",
        java if iso.endswith(".000") else iso,
    ):
        assert timestamp(text) == expected, text


@given(moments, zones)
def test_an_offset_is_reckoned_in(moment: datetime, zone: timezone) -> None:
    expected = canonical(moment)
    iso = moment.astimezone(zone).isoformat(timespec="milliseconds")
    assert timestamp(iso) == expected
    assert timestamp(iso[:-3] + iso[-2:]) == expected


@given(moments, st.integers(-14, 14))
def test_an_offset_of_whole_hours_may_lack_its_minutes(moment: datetime, hours: int) -> None:
    iso = moment.astimezone(timezone(timedelta(hours=hours))).isoformat(timespec="milliseconds")
    assert timestamp(iso.removesuffix(":00")) == canonical(moment)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-06-23T09:37:02Z", "2022-06-23T09:37:02.000Z"),
        ("2020-04-14T09:21:25.612Z", "2020-04-14T09:21:25.612Z"),
        ("2022-06-23 09:37:02.0", "2022-06-23T09:37:02.000Z"),
        ("2022-06-23 09:37:02.5", "2022-06-23T09:37:02.500Z"),
        ("2022-06-23 09:37:02", "2022-06-23T09:37:02.000Z"),
        ("2021-01-01T00:00Z", "2021-01-01T00:00:00.000Z"),
        ("2022-07-01T06:36:00.000-07:00", "2022-07-01T13:36:00.000Z"),
        ("2022-07-01T06:36:00.000-0700", "2022-07-01T13:36:00.000Z"),
        ("1521743018667", "2018-03-22T18:23:38.667Z"),
        ("0", "1970-01-01T00:00:00.000Z"),
        ("-10000000000", "1969-09-07T06:13:20.000Z"),
        ("9999999999999", "2286-11-20T17:46:39.999Z"),
        ("2022-06-23", "2022-06-23T00:00:00.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_documented_form_of_a_date_time_is_read(text: str, expected: str) -> None:
    assert timestamp(text) == expected


NO_DATE = [
    *["", " ", "NA", "null", "today", "2022-06", "23/06/2022", "06-23-2022", "2022-6-23"],
    *["2022-02-30", "2022-13-01", "0000-01-01", "2022-06-23T", "2022-06-23T24:00:00Z"],
    *["2022-06-23T09:60:00Z", "2022-06-23T09:37:60Z", "2022-06-23T09:37:02 UTC", "1.5", "1e12"],
    *["2022-06-23T09:37:02+24:00", "2022-06-23T09:37:02+05:60", "2022-06-23T09:37:02+99"],
    *["2022-06-23T09:37:02.Z", "2022-06-23T09:37:02ZZ", "2022-06-23T09:37:02Z\n", "9" * 30],
    *["253402300800000", "-62135596800001", "9" * 5000, "\u0661", "٢٠٢٢-٠٦-٢٣"],
    *["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"],
]


@pytest.mark.parametrize("text", NO_DATE)
def test_what_is_no_date_time_is_refused(text: str) -> None:
    assert not reads(timestamp, text)


# Dates.


@given(st.dates(min_value=date(2, 1, 1)))
def test_every_form_of_a_date_reads_the_same(written: date) -> None:
    expected = f"{written.year:04}-{written.month:02}-{written.day:02}"
    midnight = datetime(written.year, written.month, written.day, tzinfo=UTC)
    for text in (
        expected,
        *milliseconds(midnight),
        f"{expected}T00:00:00Z",
        f"{expected}T00:00:00.000Z",
        f"{expected}T23:59:59.999Z",
        f"{expected} 00:00:00.0",
        f"{expected}T00:00:00+05:30",
        f"{expected}T22:00:00-08:00",
    ):
        assert day(text) == expected, text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("-10000000000", "1969-09-07"), ("0", "1970-01-01"), ("10000000000", "1970-04-26")],
)
def test_milliseconds_are_a_date_in_utc(text: str, expected: str) -> None:
    assert day(text) == expected


@pytest.mark.parametrize("text", NO_DATE)
def test_what_is_no_date_is_refused(text: str) -> None:
    assert not reads(day, text)


@given(st.one_of(st.text(max_size=30), st.text("0123456789-+.:TZ e", max_size=25)))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert [reads(read, text) for read in READERS.values()]


# The two forms of a value.


@given(st.text())
def test_a_text_comes_home_as_it_is(text: str) -> None:
    assert READERS[Kind.TEXT](text) == text
    encoded = msgspec.json.encode(text)
    assert from_json(Kind.TEXT, DECODER.decode(encoded)) == (text or None)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (Kind.TEXT, "NA", '"NA"'),
        (Kind.TEXT, "null", '"null"'),
        (Kind.TEXT, "007", '"007"'),
        (Kind.TEXT, " a\r\nb ", '" a\\r\\nb "'),
        (Kind.TEXT, "1.50", "1.50"),
        (Kind.TEXT, "5", "5"),
        (Kind.TEXT, "true", "true"),
        (Kind.TEXT, "a;b", '["a", "b"]'),
        (Kind.TEXT, "a", '["a"]'),
        (Kind.TEXT, "1I00;1I01", '["1I00", "1I01"]'),
        (
            Kind.TEXT,
            '{"a":1.50,"b":[0.00000000,{"c":"ü"}]}',
            '{"a":1.50,"b":[0.00000000,{"c":"ü"}]}',
        ),
        (Kind.NUMBER, "5600000000.00000", "5600000000.00000"),
        (Kind.NUMBER, "5600000000.00000", '"5600000000.00000"'),
        (Kind.NUMBER, "5", "5"),
        (Kind.BOOLEAN, "true", "true"),
        (Kind.BOOLEAN, "FALSE", "false"),
        (Kind.BOOLEAN, "1", "true"),
        (Kind.BOOLEAN, "0", "0"),
        (Kind.DATE, "2022-06-23", "1655942400000"),
        (Kind.DATE, "1655942400000", '"2022-06-23"'),
        (Kind.DATETIME, "2022-06-23T09:37:02.000Z", "1655977022000"),
        (Kind.DATETIME, "2022-06-23 09:37:02.0", '"2022-06-23T09:37:02Z"'),
        (Kind.DATETIME, "-10000000000", "-10000000000"),
    ],
)
def test_a_cell_and_a_json_value_read_the_same(kind: Kind, cell: str, value: str) -> None:
    from_cell = READERS[kind](cell)
    from_query = from_json(kind, DECODER.decode(value.encode()))
    assert from_cell == from_query
    assert str(from_cell) == str(from_query)
    assert type(from_cell) is type(from_query)


@pytest.mark.parametrize("value", [None, "", []])
@pytest.mark.parametrize("kind", Kind)
def test_nothing_is_null_for_every_kind(kind: Kind, value: object) -> None:
    assert from_json(kind, value) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.NUMBER, True),
        (Kind.NUMBER, "one"),
        (Kind.NUMBER, [1, 2]),
        (Kind.BOOLEAN, 2),
        (Kind.BOOLEAN, "yes"),
        (Kind.DATE, True),
        (Kind.DATE, "soon"),
        (Kind.DATETIME, {"a": 1}),
        (Kind.DATETIME, "soon"),
    ],
)
def test_a_json_value_of_another_kind_is_refused(kind: Kind, value: object) -> None:
    assert not reads(partial(from_json, kind), value)


def test_a_list_that_is_no_multi_select_is_json() -> None:
    assert as_text(DECODER.decode(b'["a", {"b": [1, 2.50]}]')) == '["a",{"b":[1,2.50]}]'
    assert as_text([]) == ""


def test_a_number_as_text_is_its_digits() -> None:
    assert as_text(DECODER.decode(b"0.00000000")) == "0.00000000"
    assert math.isclose(DECODER.decode(b"0.5"), 0.5)


@pytest.mark.parametrize("kind", Kind)
def test_a_long_text_that_is_of_no_kind_is_refused_at_once(kind: Kind) -> None:
    """With a reader that goes back over it, it would take hours."""
    for text in (
        f"{'9' * 300_000}x",
        f"{'0' * 300_000}x",
        f".{'9' * 300_000}e",
        "2022-06-23" * 9_999,
    ):
        if kind is Kind.TEXT:
            assert READERS[kind](text) == text
        else:
            with pytest.raises(ValueError, match=r"^$"):
                READERS[kind](text)
