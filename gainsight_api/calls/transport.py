"""What a failed connection means, and what would mend it."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import requests
import urllib3

from gainsight_api.errors import ConfigError, GainsightError, ServerError, TransportError

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def transport_error(
    exc: requests.RequestException, *, before_the_call: bool = False
) -> GainsightError:
    """What a failed connection means, without the text of the exception, which quotes the URL.

    Args:
        exc: What requests says.
        before_the_call: Whether what was asked for had not been sent yet, whatever happened.
    """
    arrived = not before_the_call
    if isinstance(exc, requests.ConnectTimeout):
        return TransportError(
            "the tenant's host does not answer: check `domain`", may_have_arrived=False
        )
    if isinstance(exc, requests.Timeout):
        return TransportError(
            "the tenant took too long to answer: see `request_timeout`", may_have_arrived=arrived
        )
    if isinstance(exc, requests.exceptions.SSLError):
        return _tls_error(exc, arrived=arrived)
    if isinstance(exc, requests.exceptions.ProxyError):
        return TransportError(
            "the proxy does not take the connection: check the environment variable HTTPS_PROXY",
            may_have_arrived=False,
        )
    if isinstance(exc, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        # Ours have been looked at, so it is the proxy's.
        return ConfigError("the environment variable HTTPS_PROXY names no proxy that can be used")
    reason = getattr(exc.args[0] if exc.args else None, "reason", None)
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return TransportError(
            "the tenant's host name is not known: check `domain`", may_have_arrived=False
        )
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return TransportError(
            "the tenant's host does not take connections: check `domain`", may_have_arrived=False
        )
    return TransportError("the connection broke off", may_have_arrived=arrived)


def _tls_error(exc: requests.exceptions.SSLError, *, arrived: bool) -> GainsightError:
    if "CERTIFICATE_VERIFY_FAILED" in str(exc):
        return GainsightError("the tenant's TLS certificate was not accepted: check `domain`")
    return bundle_error() or TransportError(
        "the secure connection failed: check `domain`", may_have_arrived=arrived
    )


def bundle_error() -> ConfigError | None:
    """What is wrong with the CA bundle that requests takes from the environment, if anything."""
    name = next((name for name in _BUNDLES if os.environ.get(name)), None)
    if name is None:
        return None
    path = os.environ[name]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except (OSError, ValueError):
        return ConfigError(
            f"the environment variable {name} names no usable file of certificates: "
            "correct it, or unset it"
        )
    return None


def refuse_redirect(reply: requests.Response) -> None:
    """Follow no redirect: the credential goes to the tenant's own host alone.

    Raises:
        ServerError: The reply is a redirect.
    """
    if reply.is_redirect:
        raise ServerError(
            "Gainsight redirects to another address, which is not followed with a "
            "credential: check `domain`",
            status=reply.status_code,
        )
