"""What the last runs have read, remembered beside the quota for plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gainsight_api.jobs.row_counts import RowCounts, table_digest
from gainsight_api.quota import QuotaStoreError
from gainsight_sandbox import ManualClock

if TYPE_CHECKING:
    import pytest

    from gainsight_api.quota.store import Change


class GoneStore:
    """A store on a server that is gone."""

    def update(self, key: str, change: Change[Any]) -> Any:
        del key, change
        raise QuotaStoreError("quota_store: gone")

    def close(self) -> None: ...


def test_a_run_that_has_read_all_does_not_fail_for_a_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    RowCounts(GoneStore(), "key", ManualClock()).note(table_digest("company"), "full", 3)
    (warning,) = (each.getMessage() for each in caplog.records)
    assert warning == "the number of rows is not remembered: quota_store: gone"
