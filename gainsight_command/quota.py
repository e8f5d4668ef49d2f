"""`gainsight quota`: how far each limit is used, and which paid jobs are under way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from gainsight_api.calls.domain import base_url
from gainsight_api.connect import key_of, limits_of, store_setting
from gainsight_api.jobs.paid_jobs import PaidJob, remembered
from gainsight_api.jobs.paid_jobs import document_key as jobs_key
from gainsight_api.quota import Budget, Usage, document_key, place_of, read_store, usage_in
from gainsight_command.screen import add_row, bar, spark, table, time_of
from target_gainsight.settings import TargetSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from gainsight_api.quota import WindowUsage
    from gainsight_api.settings import ConnectionSettings


UNKNOWN = "not known"
"""Stands for the callers of calls that an earlier version has counted."""


@dataclass(slots=True)
class Caller:
    """Who took calls in the last 24 hours.

    Attributes:
        name: Its name, such as `tap-gainsight on etl-1`.
        calls: How many, by budget.
        latest: The last hour in which it took any, by its begin in seconds since 1970.
    """

    name: str
    calls: Counter[Budget] = field(default_factory=Counter)
    latest: int = 0

    def add(self, budget: Budget, hours: Mapping[int, int]) -> None:
        """Add its calls of a budget."""
        self.calls[budget] += sum(hours.values())
        self.latest = max([self.latest, *(hour for hour, calls in hours.items() if calls)])


@dataclass(frozen=True, slots=True)
class QuotaReport:
    """What the quota store says, at a moment.

    Attributes:
        settings: The connection's settings.
        at: The moment, in seconds since 1970.
        usages: How far each budget is used.
        jobs: Export jobs that are paid for and not read to their end.
    """

    settings: ConnectionSettings
    at: float
    usages: tuple[Usage, ...]
    jobs: tuple[PaidJob, ...]

    @classmethod
    def read(cls, settings: ConnectionSettings, now: float) -> QuotaReport:
        """Read the quota store, without a change to it and without a call.

        Raises:
            ConfigError: The settings name no credential, or no store that can be read.
        """
        key, limits = key_of(settings), limits_of(settings)
        places = {budget: document_key(key, budget) for budget in Budget}
        places[Budget.BULK] = document_key(key_of(bulk_settings(settings)), Budget.BULK)
        found = read_store(store_setting(settings), [*places.values(), jobs_key(key)])
        usages = tuple(
            usage_in(found.get(place), budget, limits.windows(budget), now)
            for budget, place in places.items()
        )
        jobs = remembered(found.get(jobs_key(key)), now - settings.job_timeout).values()
        ordered = sorted(jobs, key=lambda job: job.submitted_at)
        return cls(settings, now, usages, tuple(ordered))

    def as_json(self) -> dict[str, Any]:
        """The report for a program."""
        return {
            "domain": base_url(self.settings.domain),
            "quota_store": place_of(store_setting(self.settings)),
            "quota_reserve_percent": self.settings.quota_reserve_percent,
            "at": time_of(self.at),
            "limits": [
                self._limit(usage, window) for usage in self.usages for window in usage.windows
            ],
            "refused_until": {
                usage.budget.value: time_of(usage.refused_until) if usage.refused_until else None
                for usage in self.usages
            },
            "last_24_hours": {
                usage.budget.value: {
                    "calls": sum(usage.hours.values()),
                    "by_hour": {
                        time_of(hour): calls for hour, calls in sorted(usage.hours.items())
                    },
                    "by_caller": {
                        caller.name: caller.calls[usage.budget]
                        for caller in self._callers()
                        if caller.calls[usage.budget]
                    },
                }
                for usage in self.usages
            },
            "jobs": [
                {
                    "id": job.id,
                    "object": job.object or None,
                    "submitted_at": time_of(job.submitted_at),
                    "age_seconds": round(self.at - job.submitted_at),
                }
                for job in self.jobs
            ],
        }

    def _limit(self, usage: Usage, window: WindowUsage) -> dict[str, Any]:
        allowed = self._allowed(window)
        return {
            "setting": window.window.setting,
            "budget": usage.budget.value,
            "window_seconds": window.window.seconds,
            "limit": allowed,
            "reserved": allowed - window.window.limit,
            "used": window.used,
            "left": window.left,
            "next_window_at": time_of(window.end),
        }

    def _allowed(self, window: WindowUsage) -> int:
        """What Gainsight allows, by the settings, before anything is reserved."""
        return int(getattr(self.settings, window.window.setting))

    def print(self, out: Console) -> None:
        """Print the report for people."""
        reserve = self.settings.quota_reserve_percent
        out.print(f"{base_url(self.settings.domain)}  {_utc(self.at)}")
        out.print(f"counted in {place_of(store_setting(self.settings))}")
        bars = ("",) if out.is_terminal else ()
        reserved = ("reserved",) if reserve else ()
        numbers = ("used", "of", "reserved", "left")
        made = table("limit", "used", "of", *bars, *reserved, "left", "next window", right=numbers)
        for usage in self.usages:
            for window in usage.windows:
                add_row(
                    made,
                    window.window.setting,
                    f"{window.used:,}",
                    f"{self._allowed(window):,}",
                    *([bar(window.used, window.window.limit)] if bars else []),
                    *([f"{self._allowed(window) - window.window.limit:,}"] if reserve else []),
                    f"{window.left:,}",
                    _clock(window.end),
                )
        out.print(made)
        for usage in self.usages:
            total = f"{usage.budget} calls in the last 24 hours: {sum(usage.hours.values()):,}"
            out.print(Text(f"{total}  ").append(self._hours(usage)) if bars else total)
        self._print_callers(out)
        for usage in self.usages:
            if usage.refused_until:
                out.print(
                    f"Gainsight refuses {usage.budget} calls until {_utc(usage.refused_until)}."
                )
        if reserve:
            out.print(
                f"{reserve}% of every limit is left to others (quota_reserve_percent); what they "
                "have reserved for themselves stands in their settings."
            )
        self._print_jobs(out)

    def _hours(self, usage: Usage) -> Text:
        """The calls of the last 24 hours, the present one last."""
        present = int(self.at // 3_600)
        return spark(
            [usage.hours.get(hour * 3_600, 0) for hour in range(present - 23, present + 1)]
        )

    def _callers(self) -> list[Caller]:
        """Who took calls in the last 24 hours, the latest first, and the unknown last."""
        found: dict[str, Caller] = {}
        for usage in self.usages:
            nobodys = Counter(usage.hours)
            for name, hours in usage.callers.items():
                found.setdefault(name, Caller(name)).add(usage.budget, hours)
                nobodys.subtract(hours)
            unknown = {hour: calls for hour, calls in nobodys.items() if calls > 0}
            found.setdefault(UNKNOWN, Caller(UNKNOWN)).add(usage.budget, unknown)
        known = [caller for caller in found.values() if caller.calls.total()]
        return sorted(known, key=lambda each: (each.name == UNKNOWN, -each.latest, each.name))

    def _print_callers(self, out: Console) -> None:
        callers = self._callers()
        if not callers:
            return
        budgets = [usage.budget for usage in self.usages]
        made = table("calls reserved by", *budgets, "last hour with any", right=budgets)
        for caller in callers:
            calls = [f"{caller.calls[budget]:,}" for budget in budgets]
            add_row(made, caller.name, *calls, _clock(caller.latest))
        out.print(made)

    def _print_jobs(self, out: Console) -> None:
        if not self.jobs:
            out.print("No export job is paid for and unread.")
            return
        made = table("export job under way, paid for", "object", "submitted", "minutes ago")
        for job in self.jobs:
            minutes = f"{(self.at - job.submitted_at) / 60:.1f}"
            add_row(made, job.id, job.object or "not known", _utc(job.submitted_at), minutes)
        out.print(made)
        out.print("The next run that wants these rows takes the job, and pays for no other.")


def bulk_settings(settings: ConnectionSettings) -> ConnectionSettings:
    """The settings of the connection that submits jobs: the target's may have a key of its own."""
    if not isinstance(settings, TargetSettings) or settings.bulk_import_api != "connector":
        return settings
    key = settings.bulk_access_key
    if not key:
        return settings
    return replace(settings, access_key=key, oauth_client_id=None, oauth_client_secret=None)


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M UTC")
