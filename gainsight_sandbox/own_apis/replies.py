"""Replies that say of each record what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gainsight_sandbox.behaviour.errors import ApiError
from gainsight_sandbox.behaviour.quirk_choices import FailureForm, GoodBesideBad, MapForm

if TYPE_CHECKING:
    from collections.abc import Mapping


class RecordError(Exception):
    """Why one record of a call is not written."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Forms:
    """How a tenant puts such replies.

    Args:
        maps: How it holds the records.
        failure: How it puts a failure.
        failures: The name of the part that has them.
    """

    maps: MapForm
    failure: FailureForm
    failures: str

    def data(
        self, done: Mapping[str, object], failed: Mapping[str, RecordError]
    ) -> dict[str, object]:
        """The data of a reply."""
        put = {name: self._put(error) for name, error in failed.items()}
        return {"success": self._held(done), self.failures: self._held(put)}

    def refusal(self, failed: Mapping[str, RecordError], good: GoodBesideBad) -> ApiError:
        """The reply to a call of which nothing is stored."""
        first = next(iter(failed.values()))
        if good is GoodBesideBad.MISNAMED:
            failed = {f"row {name}": error for name, error in failed.items()}
        data = self.data({}, failed) if good is not GoodBesideBad.UNNAMED else None
        return ApiError(first.code, first.text, status=HTTPStatus.BAD_REQUEST, data=data)

    def _held(self, entries: Mapping[str, object]) -> object:
        if self.maps is MapForm.LIST:
            return [{name: entry} for name, entry in entries.items()]
        return dict(entries)

    def _put(self, error: RecordError) -> Any:
        described = {"errorCode": error.code, "message": error.text}
        return {
            FailureForm.CODE: f"{error.code}: {error.text}",
            FailureForm.TEXT: error.text,
            FailureForm.OBJECT: described,
            FailureForm.LIST: [described],
        }[self.failure]
