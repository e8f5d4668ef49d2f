"""The checks that both connectors share: host, credential, clock, quota store and object list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from gainsight_api.calls.domain import base_url
from gainsight_api.connect import connect, store_setting
from gainsight_api.errors import (
    AuthError,
    ConfigError,
    GainsightError,
    RateLimitedError,
    TransportError,
)
from gainsight_api.objects.metadata import Metadata, ObjectSummary
from gainsight_api.quota import Budget, QuotaExhaustedError, QuotaStoreError, place_of

if TYPE_CHECKING:
    from gainsight_api.calls.session import Session
    from gainsight_api.clock import Clock
    from gainsight_api.settings import ConnectionSettings
    from gainsight_command.check.report import CheckReport

S = TypeVar("S", bound="ConnectionSettings")

_CLOCK_TOLERANCE_SECONDS = 60
_MAX_RETRIES = 2
_REQUEST_TIMEOUT_SECONDS = 60.0


def patient_settings(settings: S) -> S:
    """The settings of a run that asks a few questions: it fails rather than wait for long."""
    return replace(
        settings,
        max_retries=min(settings.max_retries, _MAX_RETRIES),
        request_timeout=min(settings.request_timeout, _REQUEST_TIMEOUT_SECONDS),
        on_quota_exhausted="fail",
    )


def check_store(settings: S, report: CheckReport, clock: Clock) -> S | None:
    """Check the settings of the connection and the quota store.

    Returns:
        The settings with which to go on; None if there is no going on.
    """
    try:
        base_url(settings.domain)
        quota = connect(settings, clock=clock).quota
        used = quota.remaining(Budget.SYNC), quota.remaining(Budget.BULK)
    except QuotaStoreError as exc:
        report.wrong("quota store", str(exc), "correct `quota_store`")
        return replace(settings, quota_store="memory")
    except ConfigError as exc:
        report.wrong("settings", str(exc), "correct the setting")
        return None
    place = place_of(store_setting(settings))
    report.well("quota store", f"{place}: {used[0]}; {used[1]}", _on_memory(place))
    return settings


def _on_memory(place: str) -> str:
    return "memory: other runs do not know of these calls" if place == "memory" else ""


def check_host(session: Session, report: CheckReport) -> list[ObjectSummary] | None:
    """Ask for the list of objects, and tell by the reply of host, credential and clock.

    Returns:
        The objects; None if there is no list.
    """
    host = base_url(session.root)
    listed, error = None, None
    try:
        listed = Metadata(session).objects()
    except GainsightError as exc:
        error = exc
    answered = error is None or error.status > 0
    if answered:
        report.well("host", f"{host} answers")
    elif not isinstance(error, QuotaExhaustedError):
        report.wrong("host", str(error), "check `domain`, the network and the proxy")
    _check_credential(error, report, answered=answered)
    _check_clock(session, report)
    if listed is not None:
        report.well("object list", f"{len(listed)} objects")
    elif error is not None and answered and not isinstance(error, AuthError | RateLimitedError):
        report.wrong("object list", str(error))
    return listed


def _check_credential(error: GainsightError | None, report: CheckReport, *, answered: bool) -> None:
    if isinstance(error, AuthError):
        report.wrong("credential", str(error), "ask a Gainsight admin for the REST API key")
    elif isinstance(error, QuotaExhaustedError):
        report.wrong("calls", str(error), "wait, or see `gainsight quota`")
    elif isinstance(error, RateLimitedError):
        report.wrong("calls", str(error), "wait for the next minute")
    elif answered and not isinstance(error, TransportError):
        report.well("credential", "accepted" if error is None else "not refused")


def _check_clock(session: Session, report: CheckReport) -> None:
    ahead = session.clock_ahead
    if ahead is None:
        return
    text = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the tenant's"
    if abs(ahead) > _CLOCK_TOLERANCE_SECONDS:
        todo = "set this machine's clock (NTP): limits count by the minute, hour and day"
        report.wrong("clock", text, todo)
    else:
        report.well("clock", text)
