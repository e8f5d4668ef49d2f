"""What a target is given to load, object by object."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BAD = 5
"""The number of the record that Gainsight must refuse."""
COMPANY = "Acme"
"""The one company of a tenant with persons, calls to action and activities."""
OWNER = "user1@csteam.example"
"""A user of such a tenant."""


@dataclass(frozen=True, slots=True)
class Load:
    """Records of an object, told apart by a name each.

    Attributes:
        object: The object.
        named_by: The field with a record's name.
        also_named_by: The other fields that hold it.
        value: The field that a load changes.
        longest: How long its values may be.
        pattern: A record's name, with `{}` for its number.
        number: The field with a record's number; None if the records have none.
        fixed: What each record has besides.
        bad: What the record has besides that Gainsight must refuse.
        there: What those have besides that are in the tenant before.
        lookups: The lookups that fill the object's other fields.
        own_api: Whether the object is written by calls of its own.
    """

    object: str
    named_by: str = "Name"
    also_named_by: tuple[str, ...] = ()
    value: str = "Code__gc"
    longest: int = 10
    pattern: str = "n{}"
    number: str | None = "Size__gc"
    fixed: Mapping[str, Any] = field(default_factory=dict)
    bad: Mapping[str, Any] = field(default_factory=dict)
    there: Mapping[str, Any] = field(default_factory=dict)
    lookups: Mapping[str, Any] = field(default_factory=dict)
    own_api: bool = False

    def name(self, number: int) -> str:
        """The name of a record."""
        return self.pattern.format(number)

    def names(self, number: int) -> dict[str, Any]:
        """A record's name, in each field that holds it."""
        return dict.fromkeys((self.named_by, *self.also_named_by), self.name(number))

    def record(self, number: int, value: str) -> dict[str, Any]:
        """A record of that value."""
        counted = {self.number: number} if self.number else {}
        return {**self.names(number), self.value: value, **counted, **self.fixed}

    def deletion(self, number: int) -> dict[str, Any]:
        """A record that is to be deleted."""
        return {self.named_by: self.name(number), "_sdc_deleted_at": "2025-06-01T00:00:00Z"}


def _company(field_name: str) -> dict[str, Any]:
    lookup = {
        "fields": {"company_name": "Name"},
        "objectName": "company",
        "lookupField": "Gsid",
        "onNoMatch": "ERROR",
        "multiMatchOption": "FIRSTMATCH",
    }
    return {field_name: lookup}


THINGS = Load("thing__gc")
RELATIONSHIPS = Load("relationship")
"""The one object of a target's that has an upsert call of its own."""
PERSONS = Load(
    "person",
    named_by="Email",
    also_named_by=("ExternalRecordID",),
    value="Location",
    longest=200,
    pattern="n{}@x.example",
    number=None,
    fixed={"company_name": COMPANY},
    lookups=_company("Company_ID"),
    own_api=True,
)
CTAS = Load(
    "call_to_action",
    named_by="Source_ID__gc",
    value="Name",
    longest=200,
    number="PercentComplete",
    fixed={
        "company_name": COMPANY,
        "OwnerEmail": OWNER,
        "type": "Risk",
        "reason": "Low usage",
        "status": "New",
        "priority": "High",
        "DueDate": "2026-12-01",
    },
    lookups=_company("CompanyId"),
    own_api=True,
)
CTAS_OF_ITEMS = replace(CTAS, bad={"reason": "No such reason"})
"""Calls to action of which one names an item that the object's description lacks."""
ACTIVITIES = Load(
    "activity_timeline",
    named_by="ExternalId",
    value="Subject",
    longest=200,
    number="DurationInMins",
    fixed={
        "companyName": COMPANY,
        "Author": OWNER,
        "ContextName": "Company",
        "TypeName": "Email",
        "Notes": "All is well",
        "ActivityDate": "2025-06-01T12:00:00Z",
    },
    there={"contextname": "Company", "Notes": "All is well"},
    own_api=True,
)
