"""The Query API: one page of an object's records a call (article "Relationship APIs")."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gainsight_api.errors import DataError, NoDataError, RequestError
from gainsight_api.objects.read import Read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gainsight_api.calls.session import Session

LARGEST_PAGE = 5_000
"""Records that a call returns at most."""
_BEYOND_ALL_ROWS = 10**9


class Query:
    """The query calls of one tenant."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._none_is_empty = False

    @property
    def repaired(self) -> int:
        """Replies so far in which halves of surrogate pairs were read as U+FFFD."""
        return self._session.repaired

    def page(self, read: Read) -> list[Mapping[str, Any]]:
        """The records of one call; an empty list where nothing matches, however that is said.

        Fields have the names that were selected, whatever case they come in. A reply without a
        list of records is no documented way to say so: it is asked once more, and then believed
        only of a tenant that says so wherever there is no record.

        Raises:
            DataError: The reply has no list of records, and it is not certain that there are none.
        """
        records = self._records(read)
        if records is None:
            records = self._records(read)
        if records is None and not self._says_nothing_of_no_records(read):
            raise DataError(
                f"Gainsight's reply to a query of {read.object} has no list of records, so whether "
                "there are any cannot be told"
            )
        return _as_selected(records, read.fields) if records else []

    def _says_nothing_of_no_records(self, read: Read) -> bool:
        """Whether this tenant leaves out the list where it is empty, and only there."""
        if not self._none_is_empty:
            beyond = replace(read, limit=1, offset=_BEYOND_ALL_ROWS)
            one = replace(read, where=None, limit=1, offset=0)
            self._none_is_empty = self._records(beyond) is None and (
                bool(self._records(one)) or bool(self._users())
            )
        return self._none_is_empty

    def _users(self) -> list[Mapping[str, Any]] | None:
        """One of the tenant's users, of whom there are always some."""
        with suppress(RequestError):  # who reads the object may have no right to see users
            return self._records(Read("gsuser", ("Gsid",), limit=1))
        return None

    def _records(self, read: Read) -> list[Mapping[str, Any]] | None:
        """The records of one call; None if the reply has no list of them."""
        try:
            reply = self._session.post(
                f"v1/data/objects/query/{quote(read.object, safe='')}", read.body()
            )
        except NoDataError:
            return []
        wrapped = isinstance(reply, Mapping) and "records" in reply
        records = reply["records"] if wrapped else reply
        if records is None or records == {}:
            return None
        if not isinstance(records, list):
            raise DataError(f"Gainsight's reply to a query of {read.object} holds no records")
        return records


def _as_selected(
    records: list[Mapping[str, Any]], selected: Sequence[str]
) -> list[Mapping[str, Any]]:
    """Records by the names that were selected; one that comes in just that case counts first."""
    exact = set(selected)
    by_folded = {name.casefold(): name for name in selected}
    return [
        record
        if not isinstance(record, Mapping) or record.keys() <= exact or exact <= record.keys()
        else {
            **{by_folded.get(name.casefold(), name): value for name, value in record.items()},
            **{name: record[name] for name in exact & record.keys()},
        }
        for record in records
    ]
