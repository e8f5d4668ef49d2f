"""The Cockpit API: writes of calls to action (article "Call To Action (CTA) API Documentation")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gainsight_api.calls.session import Repeat
from gainsight_api.objects.metadata import Option
from gainsight_api.objects.partial_replies import PartialReply, partial_reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gainsight_api.calls.session import Session
    from gainsight_api.objects.records import Record

_CTA = "v2/cockpit/cta/"
_PICKLISTS = "v2/cockpit/admin/picklist/lite"


class Cockpit:
    """The Cockpit calls of one tenant.

    Writes take at most `LARGEST_CALL` records, each under a name of the caller's, by which the
    reply tells what became of it. The keys `type`, `reason`, `status` and `priority` of a record
    hold names of items of the tenant's lists.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, records: Mapping[str, Record], lookups: Any = None) -> PartialReply:
        """Add calls to action.

        Raises:
            RequestError: All were refused, and the reply names none.
            RetriableError: They may have been added (`may_have_arrived`); not sent again, since
                that could add them twice.
        """
        body = _body(records, lookups)
        return partial_reply(
            records.keys(), lambda: self._session.post(_CTA, body, repeat=Repeat.NEVER)
        )

    def update(self, records: Mapping[str, Record], lookups: Any = None) -> PartialReply:
        """Change calls to action, each found by the `Gsid` in its record.

        Raises:
            RequestError: All were refused, and the reply names none.
        """
        body = _body(records, lookups)
        return partial_reply(records.keys(), lambda: self._session.put(_CTA, body))

    def picklists(
        self, categories: Sequence[str], entity_type: str = "COMPANY"
    ) -> dict[str, list[Option]]:
        """The items of some lists, such as `CTA_STATUS`, by category.

        Raises:
            RequestError: The tenant does not tell.
            GatewayError: It has no such call, which only one server has been seen to have.
        """
        path = f"{_PICKLISTS}?category={','.join(categories)}&et={entity_type}"
        found = self._session.get(path)
        return {
            str(category): [
                Option(str(item["gsid"]), str(item["name"]), item.get("active") is not False)
                for item in items
                if isinstance(item, Mapping) and item.get("gsid") and item.get("name")
            ]
            for category, items in (found.items() if isinstance(found, Mapping) else ())
            if isinstance(items, list)
        }


def _body(records: Mapping[str, Record], lookups: Any) -> dict[str, Any]:
    requests = [{"record": {"referenceId": name, **record}} for name, record in records.items()]
    return {"requests": requests, **({"lookups": lookups} if lookups else {})}
