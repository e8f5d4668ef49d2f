"""The two kinds of credential a tenant takes."""

from __future__ import annotations

import base64
import threading
import time
from http import HTTPStatus

import requests
from requests.auth import AuthBase

from gainsight_api.errors import AuthError, ServerError, TransportError


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
        self, client_id: str, secret: str, *, root: str, http: requests.Session, timeout: float
    ) -> None:
        self._client_id = client_id
        self._secret = secret
        self._url = f"{root}v1/users/m2m/oauth/token"
        self._http = http
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
            if self._token is None or time.monotonic() >= self._expires:
                self._fetch()
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def renew(self) -> bool:
        """Forget the token, so that the next call asks for a new one."""
        with self._lock:
            self._token = None
        return True

    def _fetch(self) -> None:
        basic = base64.b64encode(f"{self._client_id}:{self._secret}".encode()).decode()
        try:
            reply = self._http.post(
                self._url,
                data={"grant_type": "client_credentials"},
                headers={"Authorization": f"Basic {basic}"},
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException:
            raise TransportError("Gainsight did not answer the request for a token") from None
        if reply.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ServerError("Gainsight gave no OAuth token", status=reply.status_code)
        try:
            granted = reply.json()
            self._token = str(granted["access_token"])
            lifetime = float(granted.get("expires_in", 0))
        except (ValueError, KeyError, TypeError):
            raise AuthError(
                "Gainsight refused the OAuth pair: check `oauth_client_id` and "
                "`oauth_client_secret`",
                status=reply.status_code,
            ) from None
        self._expires = time.monotonic() + max(lifetime - self._MARGIN, 0.0)
