"""A call, from the router to the handler that answers it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.behaviour.errors import bad_query

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response

    from gainsight_sandbox.behaviour.faults import Effect, Fault
    from gainsight_sandbox.wire.uploads import Upload


@dataclass(slots=True)
class LoggedRequest:
    """A request as the log keeps it; `status` is 0 until there is a reply, and if none comes."""

    method: str
    path: str
    query: str = ""
    kind: CallKind = CallKind.UNKNOWN
    object: str | None = None
    status: int = 0
    size: int = 0
    milliseconds: float = 0.0
    body: bytes = field(default=b"", repr=False)

    def payload(self) -> Any:
        """The JSON body, if there was one."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True, slots=True)
class Hooks:
    """Functions that are called with each request, from the server's threads.

    Args:
        before_request: Called before the request is processed.
        on_request: Called when the request is answered.
    """

    before_request: Callable[[LoggedRequest], None] | None = None
    on_request: Callable[[LoggedRequest], None] | None = None


@dataclass(slots=True)
class Call:
    """A request that a handler answers, and the fault that strikes it."""

    request: LoggedRequest
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    fault: Fault | None = None
    upload: Upload | None = None

    @property
    def effect(self) -> Effect | None:
        """What goes wrong with this call, if anything does."""
        return self.fault.effect if self.fault else None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route: what it is for and who answers."""

    method: str
    path: str
    kind: CallKind
    handler: Callable[[Call], Response]
    takes_upload: bool = False
    takes_bulk_key: bool = False
    object: str | None = None  # where the path does not name it


def parse_json(body: bytes) -> object:
    """A JSON body, its decimals exact; raises BadQueryError."""
    try:
        return json.loads(body, parse_float=Decimal)
    except ValueError as error:
        raise bad_query("The body is not JSON.") from error


class Routes(Protocol):
    """Some endpoints that belong together."""

    def endpoints(self) -> list[Endpoint]:
        """The endpoints."""
        ...
