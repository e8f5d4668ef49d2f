"""Every fault in every phase that it can strike: the cells of the table."""

from __future__ import annotations

import random
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from faults.mishaps import FORMS, Mishap, all_mishaps
from faults.phases import PHASES, Phase
from gainsight_sandbox import CallKind, Effect

if TYPE_CHECKING:
    from collections.abc import Iterable

LASTING = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A fault in a phase.

    Attributes:
        phase: The calls that are struck.
        mishap: What goes wrong.
        strikes: How often; None if each time, until somebody mends it.
    """

    phase: Phase
    mishap: Mishap
    strikes: int | None

    @property
    def name(self) -> str:
        """The cell in words."""
        often = "lasting" if self.strikes is LASTING else "once"
        return f"{self.phase.name} | {self.mishap.name} | {often}"


def all_cells() -> list[Cell]:
    """All of them."""
    return [
        Cell(phase, mishap, strikes)
        for number, phase in enumerate(PHASES)
        for mishap in all_mishaps()
        if mishap.meets(phase.kind) and not _senseless(phase, mishap)
        for strikes in ((1,) if mishap.only_once else (1, LASTING))
        if _has_its_turn(number, mishap, strikes)
    ]


def _has_its_turn(number: int, mishap: Mishap, strikes: int | None) -> bool:
    """Whether a phase gets a status in this form.

    Each gets each status twice, once and lasting, in two of its forms: with all of them the table
    would be twice as long, and the client that reads them is one and the same.
    """
    if mishap.turn is None:
        return True
    return (number + mishap.turn + (strikes is LASTING)) % FORMS == 0


def takes_minutes(cell: Cell) -> bool:
    """Whether a run would really wait for minutes: for a limit, a clock, or an unanswered write."""
    slow = {Effect.DELAY, Effect.WINDOWS_SHIFTED, Effect.LATE_DELETE, Effect.CLOCK_TURNED}
    limited = cell.mishap.settings.get("status") == HTTPStatus.TOO_MANY_REQUESTS
    unanswered = cell.phase.kind in {CallKind.INSERT, CallKind.IMPORT_SUBMIT}
    lasts = cell.strikes is LASTING and unanswered
    return limited or lasts or cell.mishap.effect in slow


def _senseless(phase: Phase, mishap: Mishap) -> bool:
    """What a phase cannot meet: a field that its records do not have, tokens without OAuth."""
    effect = mishap.effect
    if mishap.reading:  # It is there from a run's first call to its last, whatever the phase.
        if mishap.reading.data_job not in {None, phase.data_job}:
            return True
        runs = (each.run for each in PHASES[: PHASES.index(phase)] if mishap.meets(each.kind))
        return phase.run in runs
    if effect is Effect.TOKENS_REVOKED:
        return not phase.oauth
    if effect in {Effect.FIELD_ADDED, Effect.FIELD_DELETED} and phase.kind is CallKind.QUERY:
        return phase.name not in {"tap: query page", "tap: later page"}
    if effect is Effect.OBJECT_DELETED:
        return phase.connector != "tap"
    return False


def sampled(cells: Iterable[Cell], count: int, seed: int) -> list[Cell]:
    """Some cells, drawn by lot, phase after phase; alike for the same seed."""
    lots = random.Random(seed)
    found = list(cells)
    lots.shuffle(found)
    by_phase: dict[str, list[Cell]] = {}
    for cell in found:
        by_phase.setdefault(cell.phase.name, []).append(cell)
    drawn: list[Cell] = []
    while len(drawn) < count and any(by_phase.values()):
        drawn += [left.pop() for left in by_phase.values() if left]
    return drawn[:count]
