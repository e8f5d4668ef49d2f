"""What reading the deletions costs: two logs, and lists that are read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_api.errors import RequestError
from gainsight_command.plan.cost import Cost, cost_of
from gainsight_command.plan.rows import FOR_CHANGES, RowCount, count_rows
from tap_gainsight.catalog.spec import DELETE_LOGS
from tap_gainsight.deleted_records import DeletedRecordsStream, may_lack
from tap_gainsight.extract.extract import Method

if TYPE_CHECKING:
    from tap_gainsight.tap import TapGainsight


def deletions(tap: TapGainsight, stream: DeletedRecordsStream, calls: int) -> tuple[RowCount, Cost]:
    """The rows of both delete logs, and what a sync of them and of the lists costs.

    Args:
        tap: The tap.
        stream: The stream.
        calls: What may be spent on counting; the lists are not counted, and cost a call each.
    """
    total = RowCount(0, 0, 0)
    cost = Cost(calls=len(tap.settings.listed_deletions))
    share = calls // len(DELETE_LOGS)
    for log in DELETE_LOGS:
        count = _rows(stream, log, share)
        total += count
        cost += cost_of(count.rows, Method.QUERY, tap.settings, page_rows=tap.page_rows, keyed=True)
    return total, cost


def _rows(stream: DeletedRecordsStream, log: str, calls: int) -> RowCount:
    try:
        return count_rows(stream.log_extract(log).query_pages.more_than, calls, FOR_CHANGES)
    except RequestError as exc:
        if not may_lack(log, exc):
            raise
        return RowCount(0, 0, 1)
