"""Deletions, and their order among writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.target.support import THING, Runner, record, schema, state

if TYPE_CHECKING:
    from gainsight_sandbox import Sandbox

REST: dict[str, Any] = {"load_mode": "rest"}


def test_deletes_find_records_by_gsid_or_by_key(runner: Runner, sandbox: Sandbox) -> None:
    gsids = sandbox.tenant.insert(THING, *({"Name": f"n{index}"} for index in range(5)))
    gone = "2024-01-01T00:00:00Z"
    runner.loaded(
        schema(),
        record(Gsid=gsids[0], Name="n0", _sdc_deleted_at=gone),
        record(Name="n1", _sdc_deleted_at=gone),
        record(Name="not there", _sdc_deleted_at=gone),
        record(Gsid="1P99" + "0" * 32, Name="nor this", _sdc_deleted_at=gone),
        record(Name="n3", Code__gc="kept", _sdc_deleted_at=None),
        deletes="delete",
        **REST,
    )
    sandbox.clock.sleep(2)
    assert sorted(runner.rows()) == ["n2", "n3", "n4"]


@pytest.mark.parametrize("operation", ["upsert", "insert"])
def test_writes_and_deletes_of_one_key_keep_their_order(
    runner: Runner, sandbox: Sandbox, operation: str
) -> None:
    gone = {"_sdc_deleted_at": "2024-01-01T00:00:00Z"}
    sandbox.tenant.insert(THING, {"Name": "anew", "Code__gc": "old", "Text__gc": "old"})
    runner.loaded(
        schema(),
        record(Name="away", Code__gc="1"),
        record(Name="anew", **gone),
        record(Name="away", **gone),
        record(Name="anew", Code__gc="new"),
        deletes="delete",
        operation=operation,
        **REST,
    )
    sandbox.clock.sleep(2)
    rows = runner.rows()
    assert list(rows) == ["anew"]
    assert rows["anew"]["Code__gc"] == "new"
    assert rows["anew"]["Text__gc"] is None


def test_ignored_deletes_are_not_loaded(
    runner: Runner, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.tenant.insert(THING, {"Name": "n0"})
    output = runner.loaded(
        schema(), record(Name="n0", Code__gc="x", _sdc_deleted_at="2024-01-01"), state(1), **REST
    )
    assert runner.rows()["n0"]["Code__gc"] is None
    assert output.states == [1]
    assert caplog.text.count("marked as deleted") == 1
