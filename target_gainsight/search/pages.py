"""Read an object in pages, where that takes fewer calls than to ask for records by value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gainsight_api.filters.build import Condition, Operator
from gainsight_api.objects.query import LARGEST_PAGE
from gainsight_api.objects.read import Read
from target_gainsight.rows.keys import GSID
from target_gainsight.search.by_values import check_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gainsight_api.objects.metadata import GainsightObject
    from gainsight_api.objects.query import Query

_FEW_CALLS = 2
"""If it takes more calls to ask by value, the object may be smaller: it is read in pages."""


class ObjectPages:
    """The pages of an object, in the order of its Gsids.

    Args:
        query: The calls.
        described: The object.
    """

    def __init__(self, query: Query, described: GainsightObject) -> None:
        self._query = query
        self._described = described
        self._more_calls_than: float = _FEW_CALLS if GSID in described.fields else float("inf")

    def may_take_less_than(self, calls: int) -> bool:
        """Whether to read them all may take fewer calls, as far as is known by now."""
        return calls > self._more_calls_than

    def read(
        self,
        fields: Iterable[str],
        most_calls: int,
        take: Callable[[Sequence[Mapping[str, Any]]], bool],
    ) -> bool:
        """Read all records, but for those that come or go meanwhile.

        Args:
            fields: What to read of each.
            most_calls: Calls at most.
            take: Takes the records of a page; true once it needs no more of them.

        Returns:
            Whether the object has no records that were not taken.
        """
        selected = tuple(dict.fromkeys((*fields, GSID)))
        last = ""
        for calls in range(most_calls):
            read = Read(
                object=self._described.name,
                fields=selected,
                where=Condition(GSID, Operator.GT, (last,)) if last else None,
                order_by=(GSID,),
                limit=LARGEST_PAGE,
            )
            records = self._query.page(read)
            if not records:
                self._more_calls_than = max(_FEW_CALLS, calls)
                return True
            check_page(self._described.name, [n for n in selected if n != GSID] or [GSID], records)
            if take(records):
                return False
            following = str(records[-1].get(GSID) or "")
            if following <= last:  # a tenant that orders otherwise
                self._more_calls_than = float("inf")
                return False
            last = following
        self._more_calls_than = max(self._more_calls_than, most_calls)
        return False
