"""The settings of a connection to a tenant, which tap and target share."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, fields
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from gainsight_api.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


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
        "timeline_calls_per_minute": _setting(
            "integer",
            "Timeline calls per minute",
            "Writes to the timeline that Gainsight allows in a minute by the clock.",
            default=200,
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
            "Seconds between the first questions about a job's status; after a minute they back "
            "off to 60.",
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
        "quota_store": _secret(
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """How a tenant is reached, and how much of its limits may be used.

    Each attribute is the setting of its name, as `CONNECTION_SETTINGS` describes it.
    """

    schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = CONNECTION_SETTINGS

    domain: str
    access_key: str | None
    auth_header: str
    oauth_client_id: str | None
    oauth_client_secret: str | None
    request_timeout: float
    max_retries: int
    sync_calls_per_minute: int
    sync_calls_per_day: int
    timeline_calls_per_minute: int
    bulk_calls_per_hour: int
    bulk_calls_per_day: int
    quota_reserve_percent: int
    job_poll_interval: float
    job_timeout: float
    quota_store: str | None
    on_quota_exhausted: Literal["wait", "fail"]
    max_quota_wait: float

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Read settings; null and absent ones have their defaults, unknown ones are ignored.

        Raises:
            ConfigError: A setting of the connection is missing or not of its type; the text
                names it, and does not quote it.
        """
        values = with_defaults(config, cls.schemas)
        for name, schema in CONNECTION_SETTINGS.items():
            check_setting(name, values[name], schema)
        return cls(**{field.name: values[field.name] for field in fields(cls)})


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


def check_setting(name: str, value: Any, schema: Mapping[str, Any]) -> None:
    """Check a setting against its schema: its type, its choices, its bounds.

    Raises:
        ConfigError: It does not fit; the text says what would, and does not quote the setting.
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
    if isinstance(value, int | float):
        _check_bounds(name, value, schema)


def _check_bounds(name: str, value: float, schema: Mapping[str, Any]) -> None:
    if not math.isfinite(value):
        raise ConfigError(f"setting `{name}` is not a finite number")
    for keyword, (fits, bound) in _BOUNDS.items():
        if keyword in schema and not fits(value, schema[keyword]):
            raise ConfigError(f"setting `{name}` must be {bound} {schema[keyword]}")


_BOUNDS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "exclusiveMinimum": (operator.gt, "more than"),
    "minimum": (operator.ge, "at least"),
    "maximum": (operator.le, "at most"),
}


_TYPES: Mapping[str, tuple[Any, str]] = {
    "string": (str, "text"),
    "integer": (int, "a whole number"),
    "number": (int | float, "a number"),
}
