"""What it means that a call was refused: a verdict on its records, or a reason to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from gainsight_api.calls.replies import is_about_a_record
from gainsight_api.errors import ConfigError, GainsightError
from gainsight_api.objects.records import WRONG_API, is_about_data, refusal
from target_gainsight.outcomes.problems import Problem
from target_gainsight.rest.refusals import says_nothing_of_a_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gainsight_api.errors import RequestError, TooLargeError
    from gainsight_api.objects.records import Refusal
    from target_gainsight.loading.route import Route
    from target_gainsight.rest.history import WriteHistory
    from target_gainsight.rows.blocks import Row


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Tells refusals of records from those that are not for the records.

    Attributes:
        route: Where the records go.
        history: What has become of writes to the object so far.
    """

    route: Route
    history: WriteHistory

    def of(self, error: RequestError, *, alone: bool) -> Refusal:
        """Why a call was refused, if that is for its records.

        Args:
            error: The refusal.
            alone: Whether the call had one record.

        Raises:
            ConfigError: The object cannot be written by these calls.
            RequestError: The reason is not in the records.
            GainsightError: Records that were sent alone were refused in a row, with one code and
                no value, and none has been written to the object in this run.
        """
        if error.code == WRONG_API:
            raise ConfigError(
                f"stream {self.route.stream}: Gainsight's record calls do not write "
                f"{self.route.object.name}; if `gainsight check --target` tells that records can "
                "be added to it, set `load_mode` to bulk, else name another `object`",
                code=error.code,
                request_id=error.request_id,
            ) from None
        if not is_about_data(error):
            raise error
        refused = refusal(error)
        if alone:
            self._stop_if_refused_alike(refused)
        return refused

    def too_large(self, row: Row, error: TooLargeError) -> Problem:
        """Why a row that is too large for a call of its own is rejected.

        Raises:
            GainsightError: It is not for the row: more has been taken, or any server takes as much.
        """
        size = size_of([row])
        if self.history.can_be_too_large(size):
            reason = f"the record has {size:,} bytes, which is more than Gainsight takes in a call"
            return Problem("TOO_LARGE", reason)
        raise GainsightError(
            f"stream {self.route.stream}: a call of one record with {size:,} bytes is refused as "
            "too large; it is not for this record: check what stands between here and Gainsight",
            code=error.code,
            request_id=error.request_id,
            status=error.status,
        ) from None

    def taken(self, rows: Sequence[Row]) -> None:
        """A call with these rows was not too large."""
        self.history.largest_taken = max(self.history.largest_taken, size_of(rows))

    def _stop_if_refused_alike(self, refused: Refusal) -> None:
        code = refused.error.code
        alike = says_nothing_of_a_record(refused) and not is_about_a_record(code)
        self.history.refused(code if alike else None)
        if self.history.refuses_all:
            raise GainsightError(
                f"stream {self.route.stream}: Gainsight refuses every record of "
                f"{self.route.object.name} alike, and names no value: {code}. "
                "It is not for the records: check the rights of the credential, and the object",
                request_id=refused.request_id,
            )


def size_of(rows: Iterable[Row]) -> int:
    """Bytes of rows in a call."""
    return len(msgspec.json.encode([row.values for row in rows]))
