"""The connection settings that tap and target share, and the session built from them."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import platformdirs
import requests

from gainsight_api.auth import AccessKey, OAuth
from gainsight_api.clock import Clock, SystemClock
from gainsight_api.domain import base_url
from gainsight_api.errors import ConfigError
from gainsight_api.quota import Limits, Quota, open_store, quota_key
from gainsight_api.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+").fullmatch


def _setting(json_type: str, title: str, description: str, **more: Any) -> dict[str, Any]:
    return {"type": [json_type, "null"], "title": title, "description": description, **more}


def _secret(title: str, description: str) -> dict[str, Any]:
    return _setting("string", title, description, secret=True, writeOnly=True)


CONNECTION_SETTINGS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "domain": {
            "type": "string",
            "title": "Domain",
            "description": "The tenant's host: acme.gainsightcloud.com, a custom domain, or acme "
            "alone. http:// is accepted for a loopback host, such as a sandbox's.",
        },
        "access_key": _secret(
            "Access key",
            "The tenant's REST API access key. Needed unless the OAuth pair is given.",
        ),
        "auth_header": _setting(
            "string",
            "Authorization header",
            "The header that carries the access key.",
            default="accesskey",
        ),
        "oauth_client_id": _secret(
            "OAuth client id", "For machine-to-machine OAuth instead of an access key."
        ),
        "oauth_client_secret": _secret(
            "OAuth client secret", "For machine-to-machine OAuth instead of an access key."
        ),
        "request_timeout": _setting(
            "number", "Request timeout", "Seconds for one call.", default=300, exclusiveMinimum=0
        ),
        "max_retries": _setting(
            "integer",
            "Retries",
            "Further tries of a call after a connection error, a timeout, a 429 or a 5xx status; "
            "with exponential waits, or what the reply's Retry-After says.",
            default=8,
            minimum=0,
        ),
        "sync_calls_per_minute": _setting(
            "integer",
            "Calls per minute",
            "Ordinary calls that Gainsight allows in a minute by the clock.",
            default=100,
            minimum=1,
        ),
        "sync_calls_per_day": _setting(
            "integer",
            "Calls per day",
            "Ordinary calls that Gainsight allows in a day (UTC).",
            default=50_000,
            minimum=1,
        ),
        "bulk_calls_per_hour": _setting(
            "integer",
            "Bulk calls per hour",
            "Bulk jobs that Gainsight lets be submitted in an hour by the clock.",
            default=10,
            minimum=1,
        ),
        "bulk_calls_per_day": _setting(
            "integer",
            "Bulk calls per day",
            "Bulk jobs that Gainsight lets be submitted in a day (UTC).",
            default=100,
            minimum=1,
        ),
        "quota_reserve_percent": _setting(
            "integer",
            "Reserved quota",
            "Percent of every limit that is left to others who use the credential.",
            default=0,
            minimum=0,
            maximum=99,
        ),
        "job_poll_interval": _setting(
            "number",
            "Job poll interval",
            "Seconds between the first questions about a job's status; they back off to 60.",
            default=5,
            exclusiveMinimum=0,
        ),
        "job_timeout": _setting(
            "number",
            "Job timeout",
            "Seconds to wait for a job. An export that takes longer is left to the next run.",
            default=7200,
            exclusiveMinimum=0,
        ),
        "quota_store": _setting(
            "string",
            "Quota store",
            "Where used calls are remembered, so that all runs with one credential share one "
            "budget: a SQLite file (by default one in the user's state folder), redis://…, "
            "postgresql://…, or memory for this run alone.",
        ),
        "on_quota_exhausted": _setting(
            "string",
            "When the quota is used up",
            "Wait for the next window, or fail at once.",
            default="wait",
            enum=["wait", "fail", None],
        ),
        "max_quota_wait": _setting(
            "number",
            "Longest quota wait",
            "Seconds to wait for a window at most; a run that would have to wait longer fails.",
            default=3600,
            minimum=0,
        ),
    }
)
"""JSON Schema of each setting, by name."""


def connect(config: Mapping[str, Any], *, clock: Clock | None = None) -> Session:
    """Build the session that the settings describe; nothing is called yet.

    Args:
        config: Settings, valid by their schemas; null and absent ones have their defaults.
        clock: Time, for tests.

    Raises:
        ConfigError: A setting cannot be used; the text names it.
        QuotaStoreError: The quota store cannot be used.
    """
    clock = clock or SystemClock()
    settings = with_defaults(config)
    for name, schema in CONNECTION_SETTINGS.items():
        _check(name, settings[name], schema)
    root = base_url(settings["domain"])
    http = requests.Session()
    # Plain http is for this machine alone: no proxy is to see it.
    http.trust_env = root.startswith("https:")
    auth = _credential(settings, root, http, clock)
    quota = Quota(
        open_store(settings["quota_store"] or str(_default_store())),
        quota_key(root, auth.identity),
        _limits(settings),
        on_exhausted=settings["on_quota_exhausted"],
        max_wait=settings["max_quota_wait"],
        clock=clock.now,
        sleep=clock.sleep,
    )
    return Session(
        root=root,
        auth=auth,
        quota=quota,
        clock=clock,
        http=http,
        timeout=settings["request_timeout"],
        max_retries=settings["max_retries"],
    )


def _limits(settings: Mapping[str, Any]) -> Limits:
    """The limits, less what is reserved for others; one call is always left."""
    share = 100 - settings["quota_reserve_percent"]
    names = (
        "sync_calls_per_minute",
        "sync_calls_per_day",
        "bulk_calls_per_hour",
        "bulk_calls_per_day",
    )
    return Limits(**{name: max(settings[name] * share // 100, 1) for name in names})


def with_defaults(
    config: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]] = CONNECTION_SETTINGS
) -> dict[str, Any]:
    """The settings of `schemas`, where a null or absent one has its default.

    Numbers with a fraction are floats: those of a config file may come as decimals.
    """
    values = {
        name: schema.get("default") if config.get(name) is None else config[name]
        for name, schema in schemas.items()
    }
    return {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in values.items()
    }


def made_fit(config: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Settings, ready to be held against their schemas.

    Numbers that came as text become numbers: environment variables are text, and so is what
    Meltano makes of a number with a fraction. Secrets are held against their type here, because
    the message of a general validator would quote them.

    Raises:
        ConfigError: A setting is not of its type; the error names it.
    """
    readers = _number_settings(schemas)
    for name, schema in schemas.items():
        if schema.get("secret"):
            _check(name, config.get(name), schema)
    return {
        name: _number(name, value, readers[name])
        if isinstance(value, str) and name in readers
        else value
        for name, value in config.items()
    }


def numbers_as_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema of settings by which environment variables are read: numbers are left as text.

    What reads them as numbers then, `made_fit`, can say which setting it was that did not read.
    """
    texts = {name: {"type": "string"} for name in _number_settings(schema["properties"])}
    return {**schema, "properties": {**schema["properties"], **texts}}


def _number_settings(
    schemas: Mapping[str, Mapping[str, Any]],
) -> dict[str, type[int | float]]:
    """The settings that are numbers, and whether they are whole ones."""
    kinds: dict[str, type[int | float]] = {"integer": int, "number": float}
    types = {name: schema.get("type", [""])[0] for name, schema in schemas.items()}
    return {name: kinds[first] for name, first in types.items() if first in kinds}


def _number(name: str, text: str, reader: type[int | float]) -> int | float:
    try:
        return reader(text)
    except ValueError:
        kind = "a whole number" if reader is int else "a number"
        raise ConfigError(f"setting `{name}` is not {kind}") from None


def _check(name: str, value: Any, schema: Mapping[str, Any]) -> None:
    """Hold a setting against its schema.

    Raises:
        ConfigError: It does not fit; the text does not quote it.
    """
    if value is None and "null" in schema["type"]:
        return
    json_type = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
    python_type, called = _TYPES[json_type]
    if not isinstance(value, python_type) or isinstance(value, bool):
        raise ConfigError(f"setting `{name}` is not {called}")
    if "enum" in schema and value not in schema["enum"]:
        choices = ", ".join(str(choice) for choice in schema["enum"] if choice)
        raise ConfigError(f"setting `{name}` is none of: {choices}")
    if isinstance(value, int | float) and not _in_range(value, schema):
        raise ConfigError(f"setting `{name}` is too small or too large")


def _in_range(value: float, schema: Mapping[str, Any]) -> bool:
    above: float = schema.get("exclusiveMinimum", -math.inf)
    least: float = schema.get("minimum", -math.inf)
    most: float = schema.get("maximum", math.inf)
    return above < value < math.inf and least <= value <= most


_TYPES: Mapping[str, tuple[Any, str]] = {
    "string": (str, "text"),
    "integer": (int, "a whole number"),
    "number": (int | float, "a number"),
}


def _credential(
    settings: Mapping[str, Any], root: str, http: requests.Session, clock: Clock
) -> AccessKey | OAuth:
    client_id, secret = settings["oauth_client_id"], settings["oauth_client_secret"]
    if client_id and secret:
        timeout = settings["request_timeout"]
        return OAuth(client_id, secret, root=root, http=http, clock=clock, timeout=timeout)
    if client_id or secret:
        raise ConfigError("settings `oauth_client_id` and `oauth_client_secret` go together")
    key = settings["access_key"]
    if not key:
        raise ConfigError(
            "setting `access_key` is missing (or `oauth_client_id` and `oauth_client_secret`)"
        )
    if not key.isascii() or not key.isprintable() or key != key.strip():
        raise ConfigError("setting `access_key` holds characters that no header can carry")
    if not _HEADER_NAME(settings["auth_header"]):
        raise ConfigError("setting `auth_header` is not the name of a header, such as accesskey")
    return AccessKey(key, settings["auth_header"])


def _default_store() -> Path:
    return platformdirs.user_state_path("singer-gainsight") / "quota.sqlite"
