"""Draws the values of demo records; the seed decides them all."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from gainsight_sandbox.demo import names
from gainsight_sandbox.tenant.ids import TENANT, record_id
from gainsight_sandbox.tenant.values import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from gainsight_sandbox.tenant.schema import Option

T = TypeVar("T")

PREFIXES = {
    name: f"{code}{TENANT}"
    for name, code in {
        "gsuser": "1P01",
        "company": "1P02",
        "person": "1P03",
        "company_person": "1P04",
        "relationship": "1P05",
        "relationship_type": "1P06",
        "call_to_action": "1S01",
        "activity_timeline": "1A01",
        "nps_survey_response": "1N01",
        "account_scorecard_history": "1H01",
        "billing_secret__gc": "1C03",
        "usage_event__gc": "1C01",
        "awkward__gc": "1C02",
    }.items()
}
HISTORY_DAYS = 180
_DAY_MILLISECONDS = 86_400_000


class Draw:
    """A source of plausible values for one record after the other."""

    def __init__(self, random: Random, now: datetime, counts: Mapping[str, int]) -> None:
        self.random = random
        self.now = now
        self.counts = counts
        self.number = 0
        self.modified = now
        self.created = now

    def begin(self, number: int) -> None:
        """Begin a record: created up to three years before it was last modified.

        The tenant's own dates are whole seconds, as the Relationship APIs article prints them.
        """
        self.number = number
        modified = self.now - self.days(HISTORY_DAYS)
        self.modified = modified.replace(microsecond=0)
        self.created = (modified - self.days(1000)).replace(microsecond=0)

    def days(self, most: int) -> timedelta:
        """A time of up to `most` days, to the millisecond."""
        return int(self.random.random() * most * _DAY_MILLISECONDS) * MILLISECOND

    def maybe(self, share: float) -> bool:
        """True in a share of cases."""
        return self.random.random() < share

    def below(self, limit: int) -> int:
        """A whole number from 0 on."""
        return int(self.random.random() * limit)

    def one(self, items: Sequence[T]) -> T:
        """One of some items."""
        return items[int(self.random.random() * len(items))]

    def some(self, options: Sequence[Option]) -> list[str]:
        """The ids of none to three items of a dropdown list."""
        return [option.value for option in options if self.maybe(1.2 / len(options))][:3]

    def own_id(self, name: str) -> str:
        """The record's own Gsid."""
        return record_id(PREFIXES[name], self.number)

    def reference(self, name: str, share: float = 1.0) -> str | None:
        """The Gsid of a record of another object, in a share of cases."""
        count = self.counts.get(name, 0)
        return record_id(PREFIXES[name], self.below(count)) if count and self.maybe(share) else None

    def amount(self, most: int, places: int = 5) -> Decimal:
        """A number with that many decimals."""
        return Decimal(self.below(most * 100)).scaleb(-2).quantize(Decimal(1).scaleb(-places))

    def number_up_to(self, most: int) -> Decimal:
        """A whole number."""
        return Decimal(self.below(most))

    def day(self, before: int, after: int) -> date:
        """A day around now."""
        return (self.now + timedelta(days=self.below(before + after) - before)).date()

    def moment(self, most_days: int) -> datetime:
        """A moment of the last days."""
        return (self.now - self.days(most_days)).astimezone(UTC)

    def person(self) -> str:
        """A person's name."""
        return f"{self.one(names.FIRST_NAMES)} {self.one(names.LAST_NAMES)}"

    def company(self) -> str:
        """A company's name, with its number, as names are unique."""
        stem, trade = self.one(names.COMPANY_STEMS), self.one(names.COMPANY_TRADES)
        return f"{stem} {trade} {self.one(names.COMPANY_FORMS)} {self.number + 1}"

    def salesforce_id(self, prefix: str) -> str:
        """An 18-character record id of Salesforce."""
        return f"{prefix}{self.number:015d}"[:18]

    def note(self) -> str:
        """What a meeting was about."""
        return f"{self.one(names.MEETINGS)} {self.one(names.TOPICS)}"
