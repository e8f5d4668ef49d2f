from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import (
    ErrorForm,
    JobSettings,
    ManyMatches,
    Quirks,
)
from tests.sandbox.writing import GSID, as_csv, shop, stored

if TYPE_CHECKING:
    from tests.sandbox.conftest import Rig

ROWS = as_csv(["Name", "Number__gc"], ["a", "1"], ["b", "2"])


def test_good_rows_are_imported_and_bad_ones_listed(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    job, errors = writer.load(
        as_csv(
            ["Name", "Day__gc", "State__gc"],
            ["a", "2022-06-23", "1I00OPEN"],
            ["b", "210318", "Open"],
            ["", "", ""],
            ["c"],
            ["d", "", ""],
        )
    )
    assert (job["status"], job["totalRecords"], job["processedRecords"]) == ("COMPLETED", 5, 5)
    assert (job["successCount"], job["failureCount"]) == (2, 3)
    assert [(error["rowNumber"], error["fieldName"]) for error in errors] == [
        (2, "Day__gc"),
        (2, "State__gc"),
        (3, "Name"),
        (4, "Name"),
    ]
    assert errors[0]["errorMessage"] == "Date could not be parsed. (Day__gc = 210318)."
    assert [name for (name,) in stored(sandbox, "Name")] == ["a", "d"]


@pytest.mark.parametrize("base", [0, 1, 2])
def test_rows_are_counted_from_0_or_1_or_with_the_header(rig: Rig, base: int) -> None:
    _, writer = shop(rig, quirks=Quirks(import_row_base=base))
    _, errors = writer.load(as_csv(["Name"], ["a"], ["x" * 21]))
    assert [error["rowNumber"] for error in errors] == [base + 1]


def test_an_empty_cell_clears_its_field_and_an_absent_column_leaves_it(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a", "Code__gc": "1", "Number__gc": 1, "Tags__gc": ["1I00OPEN"]})
    rows = as_csv(["Name", "Code__gc", "Tags__gc"], ["a", "", ""])
    job, _ = writer.load(rows, operation="UPDATE", keys="Name")
    assert job["successCount"] == 1
    assert stored(sandbox, "Code__gc", "Tags__gc", "Number__gc") == [(None, None, Decimal(1))]


def test_an_update_fails_the_rows_that_match_nothing(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a"})
    job, errors = writer.load(ROWS, operation="UPDATE", keys="Name")
    assert (job["successCount"], job["failureCount"]) == (1, 1)
    assert [(error["rowNumber"], error["fieldName"]) for error in errors] == [(2, "Name")]
    assert stored(sandbox, "Name", "Number__gc") == [("a", Decimal(1))]


def test_an_upsert_inserts_them_and_of_equal_keys_the_later_row_prevails(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a", "Code__gc": "x"})
    sandbox.clock.sleep(5)
    rows = as_csv(["Name", "Number__gc"], ["a", "1"], ["b", "2"], ["b", "3"])
    job, _ = writer.load(rows, operation="UPSERT", keys="Name")
    assert job["successCount"] == 3
    assert stored(sandbox, "Name", "Number__gc", "Code__gc") == [
        ("a", Decimal(1), "x"),
        ("b", Decimal(3), None),
    ]
    created, modified = stored(sandbox, "CreatedDate", "ModifiedDate")[0]
    assert created != modified


def test_keys_are_checked_row_by_row(rig: Rig) -> None:
    _, writer = shop(rig)
    rows = as_csv(["Name", "Code__gc"], ["a", ""], ["", "1"])
    job, errors = writer.load(rows, operation="UPSERT", keys="Code__gc")
    assert job["successCount"] == 0
    assert [(error["rowNumber"], error["fieldName"]) for error in errors] == [
        (1, "Code__gc"),
        (2, "Name"),
    ]


def test_a_row_that_matches_several_records_fails_or_changes_all(rig: Rig) -> None:
    for choice in (ManyMatches.ERROR, ManyMatches.ALL):
        sandbox, writer = shop(rig, quirks=Quirks(many_matches=choice))
        writer.insert({"Name": "a"}, {"Name": "a"})
        job, _ = writer.load(ROWS, operation="UPSERT", keys="Name")
        changed = choice is ManyMatches.ALL
        assert job["failureCount"] == (0 if changed else 1)
        expected = Decimal(1) if changed else None
        assert stored(sandbox, "Number__gc")[:2] == [(expected,), (expected,)]


def test_records_are_updated_by_their_gsids(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    gsid = writer.insert({"Name": "a"}).data["records"][0]["Gsid"]
    rows = as_csv(["Gsid", "Name"], [gsid, "b"], [GSID, "c"])
    job, errors = writer.load(rows, operation="UPSERT", keys="Gsid")
    assert (job["successCount"], job["failureCount"]) == (1, 1)
    assert errors[0]["fieldName"] == "Gsid"
    assert stored(sandbox, "Gsid", "Name") == [(gsid, "b")]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (as_csv(["Name", "Nothing__gc"], ["a", "b"]), "Nothing__gc"),
        (as_csv(["Name", "name"], ["a", "b"]), "name"),
        (as_csv(["Name", "Name"], ["a", "b"]), "Name"),
        (as_csv(["Name", "ModifiedDate"], ["a", "2022-06-23"]), "ModifiedDate"),
        (as_csv(["Name", "Gsid"], ["a", GSID]), "Gsid"),
        (b"Name\r\n\xff\r\n", None),
        ('Name\r\na\r\n"b\r\n', None),
        ('Name\r\n"a"b\r\n', None),
    ],
)
def test_a_file_that_makes_no_sense_fails_the_job_and_writes_nothing(
    rig: Rig, content: str | bytes, field: str | None
) -> None:
    sandbox, writer = shop(rig)
    job, errors = writer.load(content)
    assert (job["status"], job["processedRecords"]) == ("FAILED", 0)
    assert len(errors) == 1
    assert errors[0]["fieldName"] == field
    assert "rowNumber" not in errors[0]
    assert sandbox.tenant.count("order__gc") == 0


def test_an_upsert_without_required_columns_updates_all_the_same(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.insert({"Name": "a", "Code__gc": "1"})
    rows = as_csv(["Code__gc", "Number__gc"], ["1", "1"], ["2", "2"])
    job, errors = writer.load(rows, operation="UPSERT", keys="Code__gc")
    assert (job["successCount"], job["failureCount"]) == (1, 1)
    assert errors[0]["fieldName"] == "Name"
    assert stored(sandbox, "Number__gc") == [(Decimal(1),)]


def test_high_volume_objects_are_imported(rig: Rig) -> None:
    sandbox, writer = shop(rig)
    writer.load(as_csv(["Name"], ["a"]), name="event__gc")
    assert stored(sandbox, "Name", name="event__gc") == [("a",)]


def test_many_rows_are_imported_and_found_by_their_key(rig: Rig) -> None:
    sandbox, writer = shop(rig, jobs=JobSettings(job_seconds=0))
    names = ["Name", "Code__gc", "Number__gc", "Moment__gc"]
    rows = ([f"n{n}", f"c{n}", n, "2024-01-02T03:04:05.000Z"] for n in range(20_000))
    job_id = writer.submit(as_csv(names, *rows), operation="UPSERT", keys="Code__gc").data["jobId"]
    while writer.job(job_id)["status"] != "COMPLETED":
        pass
    assert writer.job(job_id)["successCount"] == 20_000
    assert sandbox.tenant.count("order__gc") == 20_000
    assert writer.update("Code__gc", {"Code__gc": "c19999", "Paid__gc": True}).data["count"] == 1


@pytest.mark.parametrize(
    ("fails", "status", "failures"), [(False, "COMPLETED", 2), (True, "FAILED", 0)]
)
def test_an_absent_required_column_fails_the_rows_or_the_job(
    rig: Rig, *, fails: bool, status: str, failures: int
) -> None:
    sandbox, writer = shop(rig, quirks=Quirks(import_absent_fails_job=fails))
    job, errors = writer.load(as_csv(["Code__gc"], ["a"], ["b"]))
    assert (job["status"], job["failureCount"]) == (status, failures)
    assert {error["fieldName"] for error in errors} == {"Name"}
    assert sandbox.tenant.count("order__gc") == 0


@pytest.mark.parametrize(
    ("form", "first"),
    [
        ("sentence", "Date could not be parsed. (Day__gc = soon)."),
        ("code", "GSOBJ_1006: Date could not be parsed."),
        ("code-value", "GSOBJ_1006: Date could not be parsed. (Day__gc = soon)."),
    ],
)
@pytest.mark.parametrize("by_row", [False, True])
def test_errors_are_worded_and_listed_in_several_ways(
    rig: Rig, form: str, first: str, *, by_row: bool
) -> None:
    quirks = Quirks(import_error_form=ErrorForm(form), import_errors_by_row=by_row)
    _, writer = shop(rig, quirks=quirks)
    rows = as_csv(["Name", "Day__gc", "State__gc"], ["a", "soon", "Open"], ["b", "soon", ""])
    _, errors = writer.load(rows)
    fields = [(error["rowNumber"], error["fieldName"]) for error in errors]
    if by_row:
        assert fields == [(1, None), (2, "Day__gc")]
    else:
        assert fields == [(1, "Day__gc"), (1, "State__gc"), (2, "Day__gc")]
    assert errors[0]["errorMessage"].startswith(first)
    assert errors[-1]["errorMessage"] == first
