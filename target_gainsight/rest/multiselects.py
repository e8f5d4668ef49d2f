"""How multi-selects go out by REST, where the articles show neither way.

Gainsight's own pages send a list of item ids, and import files hold `id;id`. So lists are sent
until a tenant has refused one and taken the text in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from gainsight_api.errors import RequestError
from gainsight_api.objects.records import NO_MATCH, is_about_data, refusal
from target_gainsight.rows.values import MULTISELECT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gainsight_api.objects.metadata import GainsightObject
    from target_gainsight.rows.values import Wire

Reply = TypeVar("Reply")


@dataclass(slots=True)
class Multiselects:
    """What a run knows of how its tenant takes multi-selects.

    Attributes:
        form: The setting `multiselect_format`; `auto` until the tenant has shown what it takes.
    """

    form: Literal["auto", "list", "text"]

    def sent(self, described: GainsightObject, row: Mapping[str, Wire]) -> dict[str, Any]:
        """A row in the form that the tenant takes, or lists as long as it has shown nothing."""
        names = _multiselects(described) if self.form != "text" else set()
        return {name: _items(name, value, names) for name, value in row.items()}

    def write(
        self,
        described: GainsightObject,
        rows: Sequence[Mapping[str, Wire]],
        send: Callable[[Sequence[Mapping[str, Any]]], Reply],
    ) -> Reply:
        """Send rows, in which multi-selects are texts.

        Args:
            described: The rows' object.
            rows: Their values by field.
            send: Makes the call.

        Raises:
            RequestError: The call was refused. Where that may be for the form alone, the error
                names no values.
        """
        names = _multiselects(described)
        if self.form == "text" or not any(row.get(name) for row in rows for name in names):
            return send(rows)
        lists = [{name: _items(name, value, names) for name, value in row.items()} for row in rows]
        try:
            reply = send(lists)
        except RequestError as exc:
            if self.form == "list" or not is_about_data(exc) or _is_about_others(exc, names):
                raise
            return self._as_text(rows, send, exc, names)
        self.form = "list"
        return reply

    def _as_text(
        self,
        rows: Sequence[Mapping[str, Wire]],
        send: Callable[[Sequence[Mapping[str, Any]]], Reply],
        of_list: RequestError,
        names: set[str],
    ) -> Reply:
        try:
            reply = send(rows)
        except RequestError as of_text:
            if _is_about_others(of_text, names):
                raise
            raise RequestError(
                of_list.reason,
                code=of_list.code,
                request_id=of_list.request_id,
                status=of_list.status,
            ) from None
        self.form = "text"
        return reply


def _is_about_others(error: RequestError, names: set[str]) -> bool:
    """Whether an error says what was wrong, and that is not in one of these fields."""
    refused = refusal(error)
    named = {each.field for failure in refused.failures for each in failure}
    says = named or refused.absent or refused.criteria or error.code == NO_MATCH
    return bool(says) and named.isdisjoint({*names, None})


def _multiselects(described: GainsightObject) -> set[str]:
    return {name for name, field in described.fields.items() if field.data_type == MULTISELECT}


def _items(name: str, value: Wire, names: set[str]) -> Any:
    if name not in names or not isinstance(value, str):
        return value
    return [item for item in value.split(";") if item]
