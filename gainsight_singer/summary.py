"""What a run says at its end, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gainsight_api.errors import GainsightError
from gainsight_api.quota import Budget
from gainsight_singer.words import counted, spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gainsight_api.quota import Quota, Usage
    from gainsight_singer.run import Run

_NOUNS = {Budget.SYNC: "call", Budget.BULK: "job"}


def summary(run: Run, usages: Iterable[tuple[int, Usage]]) -> Iterator[str]:
    """What a run has done, used and waited for.

    Args:
        run: The run.
        usages: Of each budget the calls that the run has made, and how far it is used by all.
    """
    how = "failed after" if run.error else "done in"
    waited = f"of which {spell(run.clock.waited)} waited"
    yield f"{run.connector}: {how} {spell(run.seconds)}, {waited}"
    for stream in run.streams.values():
        yield f"  {stream}"
    for used, usage in usages:
        noun = noun_of(usage)
        windows = (f"{w.left:,} of {w.window.limit:,} left {w.window.label}" for w in usage.windows)
        yield f"  {counted(used, noun)}: {', '.join(windows)}"


def noun_of(usage: Usage) -> str:
    """What one of a budget's calls is called."""
    return _NOUNS.get(usage.budget, f"{usage.budget} call")


def usages_of(quotas: Iterable[Quota]) -> list[tuple[int, Usage]]:
    """Of each budget the calls that this process has made, and how far it is used by all.

    Budgets of which nothing was used are left out, but for the two that all know. A quota's store
    that cannot be read gives nothing.
    """
    found = []
    for quota in quotas:
        for budget in Budget:
            if not (quota.used[budget] or budget in _NOUNS):
                continue
            try:
                found.append((quota.used[budget], quota.remaining(budget)))
            except GainsightError:
                return found
    return found
