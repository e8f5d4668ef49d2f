"""A dry run says what would be sent, and sends nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.target.support import record, records, schema, state

if TYPE_CHECKING:
    from tests.target.support import Runner


def test_dry_run_plans_and_writes_nothing(runner: Runner) -> None:
    output = runner.loaded(
        schema(),
        *records(120, Code__gc="x"),
        record(Name="bad", Number__gc="x"),
        record(Name="few", Text__gc="x"),
        state(1),
        dry_run=True,
        bulk_threshold_rows=100,
    )
    assert "120 rows by import (1 job)" in output.stderr
    assert "1 row by REST (2 calls)" in output.stderr
    assert "1 reject foreseen (INVALID_NUMBER Number__gc 1)" in output.stderr
    assert not output.states
    assert not runner.rows()
    assert not runner.rejects.exists()
    assert not runner.sandbox.journal.calls
    assert not runner.sandbox.journal.imports


@pytest.mark.parametrize("load_mode", ["rest", "bulk"])
def test_dry_run_foresees_required_fields_of_inserts(runner: Runner, load_mode: str) -> None:
    output = runner.loaded(
        schema(),
        *records(3),
        record(Code__gc="x"),
        state(1),
        dry_run=True,
        load_mode=load_mode,
        operation="insert",
        streams=[{"name": "thing__gc", "keys": ["Code__gc"]}],
    )
    assert "MISSING_REQUIRED Name 1" in output.stderr


def test_dry_run_says_that_lookups_are_not_checked(runner: Runner) -> None:
    lookup = {"fields": {"Code__gc": "Name"}, "objectName": "company", "lookupField": "Gsid"}
    output = runner.loaded(
        schema(),
        *records(3, Code__gc="x"),
        state(1),
        dry_run=True,
        streams=[{"name": "thing__gc", "lookups": {"Company__gc": lookup}}],
    )
    assert "not checked: lookups" in output.stderr
