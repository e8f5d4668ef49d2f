"""The timeline: writes of activities, one by each call (article "Timeline APIs")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gainsight_api.objects.partial_replies import PartialReply, partial_reply
from gainsight_api.quota import Budget

if TYPE_CHECKING:
    from gainsight_api.calls.session import Session
    from gainsight_api.objects.records import Record

_ACTIVITY = "v1/ant/es/activity"
_DUPLICATE = "GS_TL_10_0207"
_says_duplicate = re.compile(r"\bduplicates?\b|\balready (?:exists|used)\b", re.IGNORECASE).search


class Timeline:
    """The timeline calls of one tenant, which have a limit of their own.

    An activity has an `ExternalId` of the caller's, which no other one of the tenant may have had,
    and by which the reply tells what became of it. So a call that was not answered is made again:
    if the first one was done, the second one is refused as a duplicate.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def insert(self, activity: Record, lookups: Any = None) -> PartialReply:
        """Add an activity.

        Raises:
            RequestError: It was refused, and the reply does not name it.
        """
        body = _body(activity, lookups)
        return partial_reply(
            _names(activity),
            lambda: self._session.post(_ACTIVITY, body, budget=Budget.TIMELINE),
        )

    def update(self, activity: Record, lookups: Any = None) -> PartialReply:
        """Change an activity, found by its `ExternalId`.

        Raises:
            RequestError: It was refused, and the reply does not name it.
        """
        path, body = f"{_ACTIVITY}?identifier=externalid", _body(activity, lookups)
        return partial_reply(
            _names(activity), lambda: self._session.put(path, body, budget=Budget.TIMELINE)
        )


def _names(activity: Record) -> set[str]:
    return {str(activity["ExternalId"])}


def _body(activity: Record, lookups: Any) -> dict[str, Any]:
    return {"records": [activity], **({"lookups": lookups} if lookups else {})}


def is_duplicate(code: str | None, message: str) -> bool:
    """Whether an insert was refused for an `ExternalId` that an activity has or had already."""
    return code == _DUPLICATE or _says_duplicate(message) is not None
