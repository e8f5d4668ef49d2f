"""The session that the settings of a connection describe."""

from __future__ import annotations

import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from gainsight_api.calls.auth import AccessKey, OAuth
from gainsight_api.calls.domain import base_url
from gainsight_api.calls.replies import printable
from gainsight_api.calls.session import Session
from gainsight_api.calls.wire import http_session
from gainsight_api.clock import Clock, SystemClock
from gainsight_api.errors import ConfigError
from gainsight_api.quota import Limits, Quota, open_store, quota_key

if TYPE_CHECKING:
    import requests

    from gainsight_api.settings import ConnectionSettings

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+").fullmatch


def connect(settings: ConnectionSettings, *, clock: Clock | None = None) -> Session:
    """Build the session that the settings describe; nothing is called yet.

    Args:
        settings: Where the tenant is, and how much of its limits may be used.
        clock: Time, for tests.

    Raises:
        ConfigError: A setting cannot be used; the text names it.
        QuotaStoreError: The quota store cannot be used.
    """
    clock = clock or SystemClock()
    root = base_url(settings.domain)
    http = http_session()
    # Plain http is for this machine alone: no proxy is to see it.
    http.trust_env = root.startswith("https:")
    key = key_of(settings)
    quota = Quota(
        open_store(store_setting(settings)),
        key,
        limits_of(settings),
        on_exhausted=settings.on_quota_exhausted,
        max_wait=settings.max_quota_wait,
        caller=_this_program(),
        clock=clock,
    )
    return Session(
        root=root,
        auth=_credential(settings, root, http, quota, clock),
        quota=quota,
        clock=clock,
        http=http,
        timeout=settings.request_timeout,
        max_retries=settings.max_retries,
    )


def key_of(settings: ConnectionSettings) -> str:
    """The name under which the settings' calls are counted; it discloses no credential.

    Raises:
        ConfigError: The settings name no tenant, or no credential that can be used.
    """
    return quota_key(base_url(settings.domain), _identity(settings))


def store_setting(settings: ConnectionSettings) -> str:
    """The setting `quota_store`, or where calls are counted without it."""
    default = platformdirs.user_state_path("singer-gainsight") / "quota.sqlite"
    return settings.quota_store or str(default)


def limits_of(settings: ConnectionSettings) -> Limits:
    """The limits, less what is reserved for others; one call is always left."""
    share = 100 - settings.quota_reserve_percent
    names = (
        "sync_calls_per_minute",
        "sync_calls_per_day",
        "timeline_calls_per_minute",
        "bulk_calls_per_hour",
        "bulk_calls_per_day",
    )
    return Limits(**{name: max(getattr(settings, name) * share // 100, 1) for name in names})


def _this_program() -> str:
    """Who makes the calls, such as `tap-gainsight on etl-1`: of two runs, which one it was."""
    started = Path(*sys.argv[:1])
    name = started.parent.name if started.stem == "__main__" else started.stem
    name = "python" if name in {"", "-c"} else name.replace("_", "-")
    return printable(f"{name} on {socket.gethostname()}")


def _identity(settings: ConnectionSettings) -> str:
    """What tells the credential from another; never to be stored as it is.

    Raises:
        ConfigError: There is no credential that can be used.
    """
    client_id, secret = settings.oauth_client_id, settings.oauth_client_secret
    if client_id and secret:
        return client_id
    if client_id or secret:
        raise ConfigError("settings `oauth_client_id` and `oauth_client_secret` go together")
    key = settings.access_key
    if not key:
        raise ConfigError(
            "setting `access_key` is missing (or `oauth_client_id` and `oauth_client_secret`)"
        )
    if not key.isascii() or not key.isprintable() or key != key.strip():
        raise ConfigError("setting `access_key` holds characters that no header can carry")
    if not _HEADER_NAME(settings.auth_header):
        raise ConfigError("setting `auth_header` is not the name of a header, such as accesskey")
    return key


def _credential(
    settings: ConnectionSettings, root: str, http: requests.Session, quota: Quota, clock: Clock
) -> AccessKey | OAuth:
    if settings.oauth_client_id and settings.oauth_client_secret:
        return OAuth(
            settings.oauth_client_id,
            settings.oauth_client_secret,
            root=root,
            http=http,
            quota=quota,
            clock=clock,
            timeout=settings.request_timeout,
        )
    return AccessKey(settings.access_key or "", settings.auth_header)
