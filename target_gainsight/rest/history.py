"""What has become of the writes to an object, over all streams of a run that go into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_api.errors import GainsightError
from target_gainsight.rest.refusals import says_nothing_of_a_record

if TYPE_CHECKING:
    from gainsight_api.records import Refusal
    from target_gainsight.route import Route

_REFUSED_ALIKE = 5
"""Records that are refused alike, each sent alone, before the run is stopped."""


@dataclass(slots=True)
class WriteHistory:
    """Tells a tenant that refuses all records from one that refuses some.

    Attributes:
        has_written: Whether a record has been written.
    """

    has_written: bool = False
    _alike: int = 0
    _code: str | None = None

    def refused(self, refusal: Refusal, route: Route) -> None:
        """A record that was sent alone was refused.

        Args:
            refusal: Why.
            route: Where it was to go.

        Raises:
            GainsightError: Such records were refused in a row, with one code and no value, and none
                has been written to the object in this run: it is not for the records.
        """
        code = refusal.error.code if says_nothing_of_a_record(refusal) else None
        self._alike = self._alike + 1 if code is not None and code == self._code else 1
        self._code = code
        if not self.has_written and code is not None and self._alike >= _REFUSED_ALIKE:
            raise GainsightError(
                f"stream {route.stream}: Gainsight refuses every record of "
                f"{route.object.name} alike, and names no value: {code}. "
                "It is not for the records: check the rights of the credential, and the object",
                request_id=refusal.request_id,
            )
