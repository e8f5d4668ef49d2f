"""The two kinds of credential a tenant takes."""

from __future__ import annotations

import math
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from gainsight_api.calls.bodies import body_blocks, whole
from gainsight_api.calls.replies import Reply, parsed
from gainsight_api.calls.transport import bundle_error, transport_error
from gainsight_api.calls.wire import current_watch, timeouts
from gainsight_api.errors import AuthError, ServerError, TransportError
from gainsight_api.quota import Budget

if TYPE_CHECKING:
    from gainsight_api.clock import Clock
    from gainsight_api.quota import Quota


class AccessKey(AuthBase):
    """Authorization by access key, in the header that Gainsight's articles call `accesskey`."""

    def __init__(self, key: str, header: str = "accesskey") -> None:
        self._key = key
        self._header = header

    def secrets(self) -> set[str]:
        """What is never to be shown."""
        return {self._key}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request."""
        request.headers[self._header] = self._key
        return request

    def renew(self) -> bool:
        """Whether a refused call is worth another try: a key does not change."""
        return False


class OAuth(AuthBase):
    """Machine-to-machine OAuth: a bearer token for a client id and secret (Generate REST API Key).

    A token is used until it has nearly run out, where the tenant says when, or is refused. To ask
    for one is an ordinary call, and is counted as such.

    Args:
        client_id: The client's id.
        secret: The client's secret.
        root: The tenant's root URL.
        http: The connections.
        quota: What pays for the calls.
        timeout: Seconds for one call.
    """

    _MARGIN_SECONDS = 60.0

    def __init__(
        self,
        client_id: str,
        secret: str,
        *,
        root: str,
        http: requests.Session,
        quota: Quota,
        clock: Clock,
        timeout: float,
    ) -> None:
        self._client_id = client_id
        self._secret = secret
        self._url = f"{root}v1/users/m2m/oauth/token"
        self._http = http
        self._quota = quota
        self._clock = clock
        self._timeout = timeout
        self._token: str | None = None
        self._expires = 0.0
        self._lock = threading.Lock()

    def secrets(self) -> set[str]:
        """What is never to be shown."""
        return {text for text in (self._client_id, self._secret, self._token) if text}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request, with a new token if need be."""
        with self._lock:
            if self._token is None or self._clock.now() >= self._expires:
                self._fetch()
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def renew(self) -> bool:
        """Forget the token, so that the next call asks for a new one."""
        with self._lock:
            self._token = None
        return True

    def _fetch(self) -> None:
        taken_at = self._quota.acquire(Budget.SYNC)
        try:
            with self._http.post(
                self._url,
                data={"grant_type": "client_credentials"},
                auth=HTTPBasicAuth(self._client_id.encode(), self._secret.encode()),
                headers={"Accept": "application/json"},
                timeout=timeouts(self._timeout),
                allow_redirects=False,
                stream=True,
            ) as reply:
                content = whole(body_blocks(reply, current_watch()))
        except TransportError as exc:
            self._quota.refund(Budget.SYNC, taken_at)
            raise TransportError(exc.reason, may_have_arrived=False) from None
        except requests.RequestException as exc:
            # What fails here fails before the call that the token is for.
            error = transport_error(exc, before_the_call=True)
            if isinstance(error, TransportError):
                self._quota.refund(Budget.SYNC, taken_at)
            raise error from None
        except OSError as exc:  # so requests says that a CA bundle is missing
            raise bundle_error() or exc from None
        self._token, lifetime = granted(Reply(reply.status_code, content, reply.headers))
        # Where the tenant does not say, or says less than is of use, the token is tried out.
        margin = self._MARGIN_SECONDS if lifetime > self._MARGIN_SECONDS else 0.0
        self._expires = self._clock.now() + (lifetime - margin if lifetime else math.inf)


def granted(reply: Reply) -> tuple[str, float]:
    """The token of a reply, and for how many seconds it is good, 0 where that is not said.

    Raises:
        AuthError: The pair is refused.
        RetriableError: The reply is a limit, a fault, or no token reply at all.
    """
    body, _, _ = parsed(reply.body)
    body = body if isinstance(body, dict) else {}
    holder = body["data"] if isinstance(body.get("data"), dict) else body
    token = holder.get("access_token")
    if reply.status < HTTPStatus.BAD_REQUEST and isinstance(token, str) and _is_token(token):
        return token, _seconds(holder.get("expires_in"))
    refused = HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.INTERNAL_SERVER_ERROR
    limited = reply.status == HTTPStatus.TOO_MANY_REQUESTS
    failed = reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if limited or failed or not (refused or body):
        raise ServerError(
            "Gainsight gave no OAuth token", status=reply.status, may_have_arrived=False
        )
    raise AuthError(
        "Gainsight refused the OAuth pair: check `oauth_client_id`, `oauth_client_secret` and "
        "`domain`",
        status=reply.status,
    )


def _is_token(text: str) -> bool:
    return text.isascii() and text.isprintable() and text != ""


def _seconds(value: Any) -> float:
    try:
        seconds = float(value or 0)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return seconds if 0 < seconds < math.inf else 0.0
