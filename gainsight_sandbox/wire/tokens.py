"""Machine-to-machine OAuth, as the Generate REST API Key article describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_sandbox.wire.calls import Call, Endpoint
from gainsight_sandbox.wire.envelope import json_response

if TYPE_CHECKING:
    from starlette.responses import Response

    from gainsight_sandbox.wire.auth import Gate


class TokenRoutes:
    """Gives out tokens."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def endpoints(self) -> list[Endpoint]:
        """Ask for a token."""
        return [Endpoint("POST", "/v1/users/m2m/oauth/token", CallKind.TOKEN, self.token)]

    def token(self, call: Call) -> Response:
        """A token for the client's id and secret in the Authorization header."""
        form = parse_qs(call.body.decode(errors="replace"))
        # Live clients send the header alone, too.
        grant_type = form.get("grant_type", [""])[0] if call.body else "client_credentials"
        token = self._gate.give_token(call.headers.get("authorization", ""), grant_type)
        return json_response(
            {"access_token": token, "token_type": "Bearer", "expires_in": self._gate.token_seconds}
        )
