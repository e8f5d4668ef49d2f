"""Who may call now: take calls from the budgets, and wait or fail when none is left."""

from __future__ import annotations

import hashlib
import logging
import math
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from gainsight_api.clock import Clock, SystemClock
from gainsight_api.errors import GainsightError
from gainsight_api.quota.store import QuotaStoreError
from gainsight_api.quota.usage import Budget, Limits, Usage, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from gainsight_api.quota.store import Store

logger = logging.getLogger(__name__)


class QuotaExhaustedError(GainsightError):
    """No call of the budget is possible now, and waiting is not wanted or would take too long.

    Attributes:
        budget: The budget.
        until: When the next call is possible, in seconds since 1970.
        limit: Which limit is used up, and how far.
    """

    def __init__(self, usage: Usage, advice: str) -> None:
        self.budget = usage.budget
        self.until = usage.next_at()
        self.limit = usage.reason
        super().__init__(
            f"No {self.budget} call is left: {self.limit}."
            f" The next one is possible at {_utc(self.until)}. {advice}".rstrip()
        )


def quota_key(domain: str, credential: str) -> str:
    """The name under which the calls of a credential are counted; it discloses neither."""
    return hashlib.sha256(f"{domain.lower()}\n{credential}".encode()).hexdigest()[:32]


def document_key(key: str, budget: Budget) -> str:
    """Where a store keeps what is used of a budget.

    Args:
        key: Whose calls, see `quota_key`.
        budget: The budget.
    """
    return f"{key}:{budget}"


def usage_in(
    document: bytes | None, budget: Budget, windows: tuple[Window, ...], now: float
) -> Usage:
    """What a store's document says of a budget, as of now.

    Raises:
        QuotaStoreError: It is damaged.
    """
    try:
        return Usage.from_document(document, budget, windows, now)
    except msgspec.DecodeError as error:
        raise QuotaStoreError(
            "quota_store: it holds a damaged entry; remove it, or use another store"
        ) from error


class Quota:
    """The budgets of one credential; may be shared by threads.

    Args:
        store: Where calls are counted; all who share it share the budgets.
        key: Whose calls, see `quota_key`.
        limits: What Gainsight allows.
        on_exhausted: Whether `acquire` waits for the next window or fails.
        max_wait: Seconds that may be waited for a budget since the last call that got through.
        caller: Who makes the calls: what is said of them to others who share the store.
        clock: Time.

    Attributes:
        before_wait: Called by `acquire` before it waits or fails, in its thread: the place to save
            state.
        store: Where calls are counted.
        key: Whose calls.
        used: Calls that this process has made, by budget; without those that were given back.
    """

    def __init__(
        self,
        store: Store,
        key: str,
        limits: Limits,
        *,
        on_exhausted: Literal["wait", "fail"] = "wait",
        max_wait: float = 3_600,
        caller: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.before_wait: Callable[[], None] = _nothing
        self.store = store
        self.key = key
        self._windows = {budget: limits.windows(budget) for budget in Budget}
        self._on_exhausted = on_exhausted
        self._max_wait = max_wait
        self._caller = caller
        self._clock = clock or SystemClock()
        self._waiting_since: dict[Budget, float] = {}
        self.used: Counter[Budget] = Counter()
        self._counting = threading.Lock()

    def acquire(self, budget: Budget, *, wait: bool = True) -> float:
        """Take one call, waiting for the next window if need be.

        A call that is taken stays taken, also if the process dies before it is made.

        Args:
            budget: What it is taken from.
            wait: Whether to wait at all.

        Returns:
            When it was taken, in seconds since 1970; see `refund`.

        Raises:
            QuotaExhaustedError: No call is left, and waiting is not wanted (here, or by
                `on_exhausted`), or would take longer than `max_wait`, which is known before.
            QuotaStoreError: The store cannot be used.
        """
        usage = self._take(budget)
        while not usage.left:
            until = usage.next_at()
            if not wait:
                raise QuotaExhaustedError(usage, "")
            self.before_wait()
            if self._on_exhausted == "fail":
                raise QuotaExhaustedError(
                    usage, 'Run again after that, or set on_quota_exhausted to "wait".'
                )
            since = self._waiting_since.get(budget, usage.at)
            if until - since > self._max_wait:
                raise QuotaExhaustedError(
                    usage,
                    f"That is later than max_quota_wait ({self._max_wait:g} s) allows:"
                    " run again after that, or raise max_quota_wait.",
                )
            # To save state may have taken a while.
            if (pause := until - self._clock.now()) > 0:
                logger.info(
                    "No %s call is left: %s. Waiting %d s, until %s",
                    budget,
                    usage.reason,
                    math.ceil(pause),
                    _utc(until),
                )
                self._waiting_since[budget] = since
                self._clock.sleep(pause)
            # Others may have used up the new window in the meantime.
            usage = self._take(budget)
        self._count(budget, 1)
        return usage.at

    def let_through(self, budget: Budget) -> None:
        """Say that Gainsight took a call, so that what was waited for before counts no more."""
        self._waiting_since.pop(budget, None)

    def refund(self, budget: Budget, taken_at: float) -> None:
        """Give back a call that certainly never reached Gainsight, such as a refused connection.

        Args:
            budget: What it was taken from.
            taken_at: What `acquire` returned.

        Raises:
            QuotaStoreError: The store cannot be used.
        """
        self._update(budget, lambda usage: usage.without_call(taken_at, self._caller))
        self._count(budget, -1)

    def exhausted(self, budget: Budget, until: float | None = None) -> None:
        """Record that Gainsight refused a call (HTTP 429): nobody calls before the given time.

        Args:
            budget: What the call was taken from.
            until: In seconds since 1970, at most a day ahead; None (Gainsight did not say)
                is the end of the present shortest window.

        Raises:
            QuotaStoreError: The store cannot be used.
        """
        self._update(budget, lambda usage: usage.refused(until))

    def remaining(self, budget: Budget) -> Usage:
        """How far the budget is used, by all who share the store; takes no call.

        Raises:
            QuotaStoreError: The store cannot be used.
        """
        return self._update(budget, lambda _: None)

    def next_at(self, budget: Budget, calls: int = 1) -> float:
        """When that many calls will have been possible if nobody else calls; now, if they are.

        Returns:
            A time in seconds since 1970.

        Raises:
            QuotaStoreError: The store cannot be used.
        """
        return self.remaining(budget).next_at(calls)

    def _count(self, budget: Budget, calls: int) -> None:
        with self._counting:
            self.used[budget] += calls

    def _take(self, budget: Budget) -> Usage:
        """Take a call from every window, or from none; return the usage just before."""
        return self._update(
            budget, lambda usage: usage.with_call(self._caller) if usage.left else None
        )

    def _update(self, budget: Budget, change: Callable[[Usage], Usage | None]) -> Usage:
        """Keep the changed usage, if there is one, and return the usage just before."""

        def change_document(document: bytes | None) -> tuple[Usage, bytes | None]:
            # The time is read while nobody else can take, so takes are in the order of their times.
            now = self._clock.now()
            usage = usage_in(document, budget, self._windows[budget], now)
            changed = change(usage)
            return usage, None if changed is None else changed.to_document()

        return self.store.update(document_key(self.key, budget), change_document)


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(math.ceil(seconds), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _nothing() -> None:
    """For a caller that has no state to save."""
