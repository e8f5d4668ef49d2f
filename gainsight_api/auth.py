"""The two kinds of credential a tenant takes."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from gainsight_api.errors import (
    AuthError,
    RetriableError,
    ServerError,
    bundle_error,
    transport_error,
)

if TYPE_CHECKING:
    from gainsight_api.clock import Clock

_LONGEST_CONNECT = 30.0


def timeouts(seconds: float) -> tuple[float, float]:
    """For how long a call may connect, and for how long it may be without an answer."""
    return min(_LONGEST_CONNECT, seconds), seconds


class AccessKey(AuthBase):
    """Authorization by access key, in the header that Gainsight's articles call `accesskey`."""

    def __init__(self, key: str, header: str = "accesskey") -> None:
        self._key = key
        self._header = header

    @property
    def identity(self) -> str:
        """What tells this credential from another; never to be stored as it is."""
        return self._key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request."""
        request.headers[self._header] = self._key
        return request

    def renew(self) -> bool:
        """Whether a refused call is worth another try: a key does not change."""
        return False


class OAuth(AuthBase):
    """Machine-to-machine OAuth: a bearer token for a client id and secret (Generate REST API Key).

    The token is asked for once and again when it has nearly run out, or is refused.
    """

    _MARGIN = 60.0

    def __init__(
        self,
        client_id: str,
        secret: str,
        *,
        root: str,
        http: requests.Session,
        clock: Clock,
        timeout: float,
    ) -> None:
        self._client_id = client_id
        self._secret = secret
        self._url = f"{root}v1/users/m2m/oauth/token"
        self._http = http
        self._clock = clock
        self._timeout = timeout
        self._token: str | None = None
        self._expires = 0.0
        self._lock = threading.Lock()

    @property
    def identity(self) -> str:
        """What tells this credential from another; never to be stored as it is."""
        return self._client_id

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
        # What fails here fails before the call that the token is for.
        try:
            reply = self._http.post(
                self._url,
                data={"grant_type": "client_credentials"},
                auth=HTTPBasicAuth(self._client_id.encode(), self._secret.encode()),
                timeout=timeouts(self._timeout),
                allow_redirects=False,
            )
        except requests.RequestException as exc:
            error = transport_error(exc)
            if isinstance(error, RetriableError):
                error.may_have_arrived = False
            raise error from None
        except OSError as exc:  # so requests says that a CA bundle is missing
            raise bundle_error() or exc from None
        status = reply.status_code
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ServerError(
                "Gainsight gave no OAuth token", status=status, may_have_arrived=False
            )
        token, lifetime = _granted(reply)
        if token is None:
            raise AuthError(
                "Gainsight refused the OAuth pair: check `oauth_client_id`, "
                "`oauth_client_secret` and `domain`",
                status=status,
            )
        self._token = token
        self._expires = self._clock.now() + max(lifetime - self._MARGIN, 0.0)


def _granted(reply: requests.Response) -> tuple[str | None, float]:
    """The token of a reply, if there is one, and for how many seconds it is good."""
    try:
        body: Any = reply.json()
    except ValueError:
        body = None
    token = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        return None, 0.0
    try:
        return token or None, float(body.get("expires_in", 0))
    except (ValueError, TypeError, OverflowError):
        return token or None, 0.0
