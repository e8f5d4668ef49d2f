from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gainsight_sandbox import Decimals, MultiSelectForm, Quirks, Sandbox
from tests.sandbox.client import UNLIMITED, Client, clock
from tests.sandbox.writing import BUYER, GSID, ORDER, Writer, as_csv, shop, stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.conftest import Rig

MOMENT = datetime(2022, 7, 1, 13, 36, tzinfo=UTC)


@pytest.fixture(scope="module")
def tenant() -> Iterator[tuple[Sandbox, Writer]]:
    with (
        Sandbox(clock=clock(), demo=False, limits=UNLIMITED, objects=[ORDER, BUYER]) as sandbox,
        Client(sandbox) as client,
    ):
        yield sandbox, Writer(client)


def kept(tenant: tuple[Sandbox, Writer], field: str, value: object) -> object:
    """What the tenant holds of a value that it accepted."""
    sandbox, writer = tenant
    gsid = writer.insert({"Name": "a", field: value}).data["records"][0]["Gsid"]
    (row,) = [row for row in sandbox.tenant.rows("order__gc") if row["Gsid"] == gsid]
    sandbox.tenant.delete("order__gc", gsid)
    return row[field]


@pytest.mark.parametrize(
    ("field", "value", "held"),
    [
        ("Code__gc", "", None),
        ("Code__gc", " ", " "),
        ("Code__gc", "007", "007"),
        ("Number__gc", 5, Decimal(5)),
        ("Number__gc", "40000000000", Decimal(40000000000)),
        ("Number__gc", "-0.000000001", Decimal("-0.000000001")),
        ("Number__gc", "1e3", Decimal(1000)),
        ("Number__gc", "+5", Decimal(5)),
        ("Number__gc", "007", Decimal(7)),
        ("Share__gc", "12.5", Decimal("12.5")),
        ("Paid__gc", True, True),
        ("Paid__gc", "FALSE", False),
        ("Day__gc", "2022-06-23", date(2022, 6, 23)),
        ("Day__gc", "1582-10-15", date(1582, 10, 15)),
        ("Day__gc", 1655942400000, date(2022, 6, 23)),
        ("Moment__gc", "2022-07-01T06:36:00.000-07:00", MOMENT),
        ("Moment__gc", "2022-07-01T06:36:00.000-0700", MOMENT),
        ("Moment__gc", "2022-07-01T13:36:00Z", MOMENT),
        ("Moment__gc", "2022-07-01T13:36:00.000Z", MOMENT),
        ("Moment__gc", "2022-07-01 13:36:00", MOMENT),
        ("Moment__gc", 1656682560000, MOMENT),
        ("Moment__gc", "1656682560000", MOMENT),
        ("Moment__gc", "2022-07-01", MOMENT.replace(hour=0, minute=0)),
        ("State__gc", "1I00OPEN", "1I00OPEN"),
        ("Tags__gc", ["1I00OPEN", "1I00CLOSED"], ["1I00OPEN", "1I00CLOSED"]),
        ("Tags__gc", "1I00OPEN;1I00CLOSED", ["1I00OPEN", "1I00CLOSED"]),
        ("Tags__gc", [], None),
        ("Buyer__gc", GSID, GSID),
        ("Long__gc", None, None),
    ],
)
def test_a_value_in_a_documented_form_is_kept(
    tenant: tuple[Sandbox, Writer], field: str, value: object, held: object
) -> None:
    assert kept(tenant, field, value) == held


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("Name", "x" * 21, "GSOBJ_1001"),
        ("Name", None, "GSOBJ_1007"),
        ("Name", "", "GSOBJ_1007"),
        ("Code__gc", 5, "GSOBJ_1002"),
        ("Code__gc", ["a"], "GSOBJ_1002"),
        ("Code__gc", {"a": 1}, "GSOBJ_1002"),
        ("Nothing__gc", "a", "GSOBJ_1002"),
        ("code__gc", "a", "GSOBJ_1002"),
        ("Serial__gc", "a", "GSOBJ_1002"),
        ("Gsid", GSID, "GSOBJ_1002"),
        ("ModifiedDate", "2022-06-23", "GSOBJ_1002"),
        ("CreatedBy", GSID, "GSOBJ_1002"),
        ("Number__gc", "1,234", "GSOBJ_1002"),
        ("Number__gc", "", "GSOBJ_1002"),
        ("Number__gc", " 5", "GSOBJ_1002"),
        ("Number__gc", "1_000", "GSOBJ_1002"),
        ("Number__gc", "NaN", "GSOBJ_1002"),
        ("Number__gc", "Infinity", "GSOBJ_1002"),
        ("Number__gc", "1e400", "GSOBJ_1002"),
        ("Number__gc", True, "GSOBJ_1002"),
        ("Total__gc", "x", "GSOBJ_1002"),
        ("Share__gc", "x", "GSOBJ_1008"),
        ("Email__gc", "not a mail", "GSOBJ_1002"),
        ("Email__gc", "@", "GSOBJ_1002"),
        ("Buyer__gc", GSID.lower(), "GSOBJ_1004"),
        ("Buyer__gc", "-" * 36, "GSOBJ_1004"),
        ("Paid__gc", "yes", "GSOBJ_1008"),
        ("Paid__gc", 1, "GSOBJ_1008"),
        ("Paid__gc", "0", "GSOBJ_1008"),
        ("Day__gc", "2022-06-23T09:37:02Z", "GSOBJ_1006"),
        ("Paid__gc", "", "GSOBJ_1008"),
        ("Day__gc", "210318", "GSOBJ_1006"),
        pytest.param("Day__gc", 210318, "GSOBJ_1006", id="Day__gc-int-GSOBJ_1006"),
        ("Day__gc", "2022-02-30", "GSOBJ_1006"),
        ("Day__gc", "23.06.2022", "GSOBJ_1006"),
        ("Day__gc", "20220623", "GSOBJ_1006"),
        ("Day__gc", "2022-W25-4", "GSOBJ_1006"),
        ("Day__gc", "", "GSOBJ_1006"),
        ("Day__gc", 10**15 - 1, "GSOBJ_1006"),
        ("Moment__gc", "yesterday", "GSOBJ_1005"),
        ("Moment__gc", "2022-07-01T25:00:00Z", "GSOBJ_1005"),
        ("Moment__gc", "2022-07-01T24:00:00.000Z", "GSOBJ_1005"),
        ("Moment__gc", "9999-12-31T23:59:59.000-07:00", "GSOBJ_1005"),
        ("Moment__gc", [1], "GSOBJ_1005"),
        ("State__gc", "Open", "GSOBJ_1012"),
        ("State__gc", "1I00OLD", "GSOBJ_1012"),
        ("State__gc", "", "GSOBJ_1012"),
        ("State__gc", ["1I00OPEN"], "GSOBJ_1012"),
        ("Tags__gc", "1I00OPEN,1I00CLOSED", "GSOBJ_1012"),
        ("Tags__gc", ["1I00OLD"], "GSOBJ_1012"),
        ("Tags__gc", 5, "GSOBJ_1012"),
        ("Buyer__gc", "Ann", "GSOBJ_1004"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_code(
    tenant: tuple[Sandbox, Writer], field: str, value: object, code: str
) -> None:
    sandbox, writer = tenant
    reply = writer.insert({"Name": "a", field: value})
    assert reply.status == 400
    assert reply.field_errors() == [[(field, code)]]
    assert sandbox.tenant.count("order__gc") == 0


def test_labels_of_active_items_are_accepted_if_told_so(rig: Rig) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(write_labels=True))
    writer.insert({"Name": "a", "State__gc": "Open", "Tags__gc": ["Closed", "1I00OPEN"]})
    assert stored(sandbox, "State__gc", "Tags__gc") == [("1I00OPEN", ["1I00CLOSED", "1I00OPEN"])]
    assert writer.insert({"Name": "a", "State__gc": "Old"}).code == "GSOBJ_1012"


@settings(max_examples=30, deadline=None)
@given(
    number=st.decimals(allow_nan=False, allow_infinity=False, places=9).filter(
        lambda number: abs(number.adjusted()) < 50
    )
)
def test_every_digit_of_a_number_is_kept(tenant: tuple[Sandbox, Writer], number: Decimal) -> None:
    assert kept(tenant, "Number__gc", format(number, "f")) == number


@settings(max_examples=30, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_character_of_a_text_is_kept(tenant: tuple[Sandbox, Writer], text: str) -> None:
    assert kept(tenant, "Long__gc", text) == text


@settings(max_examples=30, deadline=None)
@given(
    moment=st.datetimes(datetime(1900, 1, 1), datetime(2900, 1, 1)),  # noqa: DTZ001 - made aware
    hours=st.integers(-12, 14),
)
def test_a_moment_is_kept_to_the_millisecond_in_any_zone(
    tenant: tuple[Sandbox, Writer], moment: datetime, hours: int
) -> None:
    exact = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    local = exact.astimezone(timezone(timedelta(hours=hours)))
    text = local.isoformat(timespec="milliseconds")
    assert kept(tenant, "Moment__gc", "".join(text.rsplit(":", 1))) == exact
    assert kept(tenant, "Moment__gc", text) == exact


@settings(max_examples=30, deadline=None)
@given(
    value=st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=5)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
        max_leaves=3,
    ),
    field=st.sampled_from([field.name for field in ORDER.fields]),
)
def test_any_json_is_either_taken_or_refused_but_breaks_nothing(
    tenant: tuple[Sandbox, Writer], value: Any, field: str
) -> None:
    sandbox, writer = tenant
    reply = writer.insert({"Name": "a", field: value})
    assert reply.status in {200, 400}
    for (gsid,) in stored(sandbox, "Gsid"):
        sandbox.tenant.delete("order__gc", str(gsid))


def test_inactive_items_are_accepted_if_told_so(rig: Rig) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(write_inactive=True))
    writer.insert({"Name": "a", "State__gc": "1I00OLD"})
    assert stored(sandbox, "State__gc") == [("1I00OLD",)]


@pytest.mark.parametrize("name", ["awkward__gc", "company", "relationship"])
def test_what_one_tenant_holds_another_takes_by_call_and_by_job(rig: Rig, name: str) -> None:
    full, _ = rig.demo(rows={name: 100})
    schema = full.tenant.schema(name)
    fields = [field.name for field in schema.fields if schema.is_writable(field)]
    rows = list(full.tenant.rows(name))
    quirks = Quirks(write_inactive=True)
    copies = [rig.demo(empty=True, quirks=quirks, limits=UNLIMITED) for _ in range(2)]
    by_call, by_job = (Writer(client) for _, client in copies)
    for start in (0, 50):
        records = [{field: as_json(row[field]) for field in fields} for row in rows[start:][:50]]
        assert by_call.insert(*records, name=name).data["count"] == 50
    cells = ([as_cell(row[field]) for field in fields] for row in rows)
    job, errors = by_job.load(as_csv(fields, *cells), name=name)
    assert (job["successCount"], errors) == (100, [])
    for sandbox, _ in copies:
        assert stored(sandbox, *fields, name=name) == stored(full, *fields, name=name)


def as_json(value: object) -> object:
    """A value as a careful client sends it: numbers as texts, dates as ISO."""
    match value:
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(timespec="milliseconds")
        case date():
            return value.isoformat()
        case _:
            return value


def as_cell(value: object) -> object:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return ";".join(value)
        case _:
            return as_json(value)


@pytest.mark.parametrize(
    ("form", "value", "code"),
    [
        ("list", ["1I00OPEN"], None),
        ("list", "1I00OPEN", "GSOBJ_1012"),
        ("text", "1I00OPEN", None),
        ("text", ["1I00OPEN"], "GSOBJ_1012"),
    ],
)
def test_multi_selects_may_have_one_form_in_calls_and_are_joined_in_files(
    rig: Rig, form: str, value: object, code: str | None
) -> None:
    quirks = Quirks(write_multiselect=MultiSelectForm(form))
    _, writer = shop(rig, quirks=quirks)
    assert writer.insert({"Name": "a", "Tags__gc": value}).body["errorCode"] == code
    job, _ = writer.load(as_csv(["Name", "Tags__gc"], ["a", "1I00OPEN;1I00CLOSED"]))
    assert job["failureCount"] == 0


@pytest.mark.parametrize(
    ("decimals", "sent", "held"),
    [
        ("round", "1.0000050", Decimal("1.00001")),
        ("round", -1.000005, Decimal("-1.00001")),
        ("keep", "1.0000050", Decimal("1.0000050")),
        ("refuse", "1.0000050", None),
        ("refuse", "1.0000000", Decimal(1)),
    ],
)
def test_decimals_that_a_field_does_not_show_are_rounded_kept_or_refused(
    rig: Rig, decimals: str, sent: object, held: Decimal | None
) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(write_decimals=Decimals(decimals)))
    reply = writer.insert({"Name": "a", "Total__gc": sent})
    assert reply.body["errorCode"] == (None if held else "GSOBJ_1002")
    assert stored(sandbox, "Total__gc") == ([(held,)] if held else [])
