"""Who may call: the access key, or a token of machine-to-machine OAuth."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from gainsight_sandbox.behaviour.errors import ApiError
from gainsight_sandbox.behaviour.quirk_choices import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gainsight_sandbox.behaviour.clock import Clock
    from gainsight_sandbox.behaviour.quirks import Quirks

ACCESS_KEY = "sandbox-access-key"
CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - guards nothing but a sandbox
TOKEN_SECONDS = 86400


@dataclass(frozen=True, slots=True)
class Credentials:
    """What calls must carry to be let in.

    Args:
        access_key: The key of all calls.
        client_id: The client of machine-to-machine OAuth.
        client_secret: That client's secret.
        bulk_access_key: The key of the GS Bulk API connection: with it, that API's calls must
            carry it in place of `access_key`.
    """

    access_key: str = ACCESS_KEY
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET
    bulk_access_key: str | None = None


@dataclass(slots=True)
class Gate:
    """Checks the credentials of a call, and gives out tokens; `given` has all of them."""

    credentials: Credentials
    quirks: Quirks
    clock: Clock
    token_seconds: int = TOKEN_SECONDS
    revoked: bool = False
    given: list[str] = field(default_factory=list)
    _tokens: dict[str, float] = field(default_factory=dict)

    def check(self, headers: Mapping[str, str], *, bulk_import: bool = False) -> None:
        """Raise the tenant's refusal unless the headers hold a valid key or token."""
        if self.revoked:
            raise self._refusal()
        key = headers.get(self.quirks.auth_header.lower(), "")
        bulk_key = self.credentials.bulk_access_key
        if bulk_import and bulk_key is not None:
            if not _equal(key, bulk_key):
                raise self._refusal()
            return
        if _equal(key, self.credentials.access_key):
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._tokens.get(token, 0) > self.clock.now():
            return
        raise self._refusal()

    def give_token(self, authorization: str, grant_type: str) -> str:
        """A new token for a client's id and secret."""
        scheme, _, encoded = authorization.partition(" ")
        expected = f"{self.credentials.client_id}:{self.credentials.client_secret}"
        if self.revoked or scheme.lower() != "basic" or not _equal(_decode(encoded), expected):
            raise self._refusal()
        if grant_type != "client_credentials":
            raise ApiError("unsupported_grant_type", "Only client_credentials is supported.")
        token = secrets.token_urlsafe(32)
        self.given.append(token)
        self._tokens[token] = self.clock.now() + self.token_seconds
        return token

    def revoke_tokens(self) -> None:
        """Forget all tokens, as when a client's secret is regenerated."""
        self._tokens.clear()

    def _refusal(self) -> ApiError:
        if self.quirks.auth_refusal is Refusal.BAD_REQUEST:
            return ApiError("GSOBJ_1024", "Invalid authorization headers")
        return ApiError(
            "GS_APIG_2401", "Unauthorized", status=HTTPStatus.UNAUTHORIZED, message="Unauthorized"
        )


def _equal(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode(), expected.encode())


def _decode(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except ValueError:
        return ""
