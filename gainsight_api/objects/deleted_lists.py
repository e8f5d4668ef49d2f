"""Lists of what was deleted that objects have of their own (article "Retrieve Deleted Data API").

The article shows the list of calls to action; that success plans have the like is what other
readers of it say. Of the list of deleted activities only the address is known, so it is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import DataError, NoDataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gainsight_api.calls.session import Session

DELETED_LISTS: Mapping[str, str] = MappingProxyType(
    {
        "call_to_action": "v2/cockpit/cta/deleted/list",
        "cta_group": "v2/successPlan/deleted/list",
    }
)
"""The address of each object's list, by the object's name; `cta_group` are success plans."""
LARGEST_LIST_PAGE = 1_000
"""Records that a call returns at most."""
_MOST_READINGS = 5
_MOMENTS = ("deletedon", "deleteddate", "deletedat", "modifieddate")
"""Fields that may say when a record was deleted; the article's sample has the last one alone."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """A deleted record.

    Attributes:
        record_id: Its Gsid.
        moment: When it was deleted, in any form that Gainsight writes date-times in; its modified
            date where the list says nothing else. None if the record has neither.
    """

    record_id: str
    moment: Any


class DeletedLists:
    """The lists of one tenant, which go back 15 days."""

    def __init__(self, session: Session, page_rows: int = LARGEST_LIST_PAGE) -> None:
        self._session = session
        self._page_rows = page_rows

    def deletions(self, object_name: str) -> Iterator[list[Deletion]]:
        """What was deleted of an object, page by page, each record once.

        The whole list is read until a page of it is empty: nothing says that the modified date, by
        which it could be cut, is that of the deletion. A list of several pages may move meanwhile,
        and a record slip from one page to the one before; so it is read again until nothing in it
        is new.

        Raises:
            NotFoundError: The tenant has no such list.
            DataError: A record has no Gsid, or the pages do not go on.
        """
        known: set[str] = set()
        for _ in range(_MOST_READINGS):
            before, pages = len(known), 0
            for found in self._pages(object_name):
                pages += 1
                new = {each.record_id: each for each in found if each.record_id not in known}
                known.update(new)
                if new:
                    yield list(new.values())
            if pages <= 1 or len(known) == before:
                return
        raise DataError(f"the list of deleted {object_name} moves faster than it can be read")

    def _pages(self, object_name: str) -> Iterator[list[Deletion]]:
        """The list's pages, up to an empty one."""
        seen: set[str] = set()
        for number in count(1):
            found = self._page(object_name, number)
            if not found:
                return
            ids = {each.record_id for each in found}
            if ids <= seen:  # in whatever order: it would go on for ever
                raise DataError(
                    f"the list of deleted {object_name} gives the same records on every page"
                )
            seen |= ids
            yield found

    def _page(self, object_name: str, number: int) -> list[Deletion]:
        condition = {
            "fieldName": "ModifiedDate",
            "alias": "A",
            "operator": "GTE",
            "value": ["1970-01-01"],
        }
        body = {
            "select": ["ModifiedDate"],
            "where": {"conditions": [condition], "expression": "A"},
            "pageSize": self._page_rows,
            "pageNumber": number,
        }
        try:
            reply = self._session.post(DELETED_LISTS[object_name], body)
        except NoDataError:
            return []
        records = reply.get("records") if isinstance(reply, Mapping) else reply
        if not isinstance(records, list):
            raise DataError(f"the reply to a list of deleted {object_name} holds no records")
        return [_deletion(object_name, record) for record in records]


def _deletion(object_name: str, record: Any) -> Deletion:
    found = record if isinstance(record, Mapping) else {}
    values = {str(name).casefold(): value for name, value in found.items()}
    gsid = values.get("gsid") or values.get("recordid")
    if not isinstance(gsid, str):
        raise DataError(f"a record in the list of deleted {object_name} has no Gsid")
    return Deletion(gsid, next((values[name] for name in _MOMENTS if values.get(name)), None))
