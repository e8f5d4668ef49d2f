"""The tenant's host: its root URL, from the setting `domain`, and the addresses on it."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urljoin, urlsplit, urlunsplit

from gainsight_api.errors import ConfigError, ForeignAddressError

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")
_SAFE_URL = re.compile(r"[!-\[\]-~]+")  # printable ASCII, no blank, no backslash


def base_url(domain: str) -> str:
    """The root URL of a tenant, ending in a slash.

    Args:
        domain: `acme`, `acme.gainsightcloud.com`, a custom domain, each with or without
            `https://`; or `http://` with a loopback host, which is how a sandbox is reached.

    Raises:
        ConfigError: It is none of these. The text does not quote it: it may hold a password.
    """
    text = domain.strip().removesuffix("/")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError("setting `domain` is not a host name") from None
    if parts.username is not None or parts.path or parts.query or parts.fragment:
        raise ConfigError(
            "setting `domain` is more than a host: leave out user, path, query and fragment"
        )
    loopback = is_loopback(host)
    if parts.scheme not in {"https", "http"} or (parts.scheme == "http" and not loopback):
        raise ConfigError("setting `domain` must be https; http is for a loopback host alone")
    if not loopback and not _HOST.fullmatch(host):
        raise ConfigError("setting `domain` is not a host name, such as acme.gainsightcloud.com")
    if "." not in host and not loopback:
        host = f"{host}.gainsightcloud.com"
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}/"


def url_on(root: str, path: str) -> str:
    """The full URL of an address on the tenant's own host.

    Args:
        root: The tenant's root URL, from `base_url`.
        path: Below the root; or a full URL as the tenant gave it, which must name no other host.

    Raises:
        ForeignAddressError: It is not on the host. The text does not quote it.
    """
    own = urlsplit(root)
    try:
        named = urlsplit(urljoin(root, path if "://" in path else path.lstrip("/")))
    except ValueError:
        named = urlsplit("")
    url = urlunsplit((own.scheme, own.netloc, named.path, named.query, ""))
    if (
        named.scheme != own.scheme
        or named.netloc.lower() not in {own.netloc, f"{own.netloc}:443"}
        or not _SAFE_URL.fullmatch(url)
    ):
        raise ForeignAddressError(
            "Gainsight named an address that is not on the tenant's own host; not followed"
        )
    return url


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by name or by address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
