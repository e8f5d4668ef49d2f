"""What a run says at its end, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gainsight_api.errors import GainsightError
from gainsight_api.quota import Budget
from gainsight_singer.words import counted, spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gainsight_api.quota import Quota, Usage
    from gainsight_singer.run import Run

_NOUNS = {Budget.SYNC: "call", Budget.BULK: "job"}


@dataclass(frozen=True, slots=True)
class Used:
    """What a run has used of a budget.

    Attributes:
        noun: What one of the budget's calls is called.
        calls: The run's calls.
        usage: How far the budget is used by all who share it; None if that is not known.
    """

    noun: str
    calls: int
    usage: Usage | None

    def __str__(self) -> str:
        """The calls, and how many are left."""
        windows = self.usage.windows if self.usage else ()
        left = [f"{w.left:,} of {w.window.limit:,} left {w.window.label}" for w in windows]
        return counted(self.calls, self.noun) + (f": {', '.join(left)}" if left else "")


def summary(run: Run, used: Iterable[Used]) -> Iterator[str]:
    """What a run has done, used and waited for."""
    how = "failed after" if run.error else "done in"
    waited = f"of which {spell(run.clock.waited)} waited"
    yield f"{run.connector}: {how} {spell(run.seconds)}, {waited}"
    for stream in run.streams.values():
        yield f"  {stream}"
    for each in used:
        yield f"  {each}"


def used_of(quotas: Iterable[Quota], *, ask: bool = True) -> list[Used]:
    """What this process has used of each budget.

    Budgets of which nothing was used are left out, but for the two that all know.

    Args:
        quotas: What has paid for its calls.
        ask: Whether to ask the quota's store what is left.
    """
    found = []
    for quota in quotas:
        for budget in Budget:
            if quota.used[budget] or budget in _NOUNS:
                usage = _usage(quota, budget) if ask else None
                ask = usage is not None  # a store that does not answer takes its time
                noun = _NOUNS.get(budget, f"{budget} call")
                found.append(Used(noun, quota.used[budget], usage))
    return found


def _usage(quota: Quota, budget: Budget) -> Usage | None:
    try:
        return quota.remaining(budget)
    except GainsightError:  # the run has said what is wrong with the store
        return None
