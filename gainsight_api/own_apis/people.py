"""The People API: writes of persons, one by each call (article "People API Documentation")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gainsight_api.calls.session import Session

_PEOPLE = "v1/peoplemgmt/v1.0/people"


class People:
    """The People calls of one tenant."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def upsert(self, person: Mapping[str, Any]) -> None:
        """Change a person, or add it; returning says that this is done.

        The tenant tells persons apart by a field of its choice, mostly `Email`. Sent again, a
        person is changed to what it is already: a lost reply does no harm.

        Args:
            person: The values by field. `companies` is a list of links, each with the company's
                Gsid as `Company_ID`; those that are not named may stay or go, as no article says.

        Raises:
            RequestError: The person was refused, and nothing has been written.
        """
        # What the reply holds of the person is documented nowhere, so it is not read.
        self._session.put(_PEOPLE, person)
