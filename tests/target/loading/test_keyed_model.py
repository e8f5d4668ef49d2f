"""Random records of keys that the target matches itself leave the tenant as a plain model does."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import CallKind, Effect, Fault, ManualClock, Quirks, Sandbox
from gainsight_sandbox.behaviour.quirk_choices import DateForm
from tests.target.support import THING, Runner, record, schema, thing

if TYPE_CHECKING:
    from pathlib import Path

    from gainsight_sandbox import ObjectSchema

FAULTS = (None, Effect.DROP_AFTER, Effect.DROP_BEFORE)
TOO_LONG = "GSOBJ_1001"
VALUES = ("Code__gc", "Text__gc")
GONE = "_sdc_deleted_at"
COMPANIES = {name: f"1P02{name.upper():0>32}" for name in ("Acme", "Bolt", "Cog")}
DAYS: dict[str, list[Any]] = {
    "2024-02-03": ["2024-02-03", "2024-02-03T10:00:00Z", 1706918400000],
    "1970-01-02": ["1970-01-02"],
}


@dataclass
class Model:
    """A tenant to which records are applied one by one."""

    operation: str
    omits: bool
    nullable: bool
    rows: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    def apply(self, given: dict[str, Any]) -> None:
        """Do what one record says."""
        values = {k: v for k, v in given.items() if not (self.omits and v is None)}
        key, problem = self.key_of(values)
        found = [row for row in self.rows if row["key"] == key]
        sent = {name: values[name] for name in VALUES if name in values}
        if not problem:
            problem = self.problem(found, sent, deleted=bool(given.get(GONE)))
        if problem:
            self.rejected.append(problem)
        elif given.get(GONE):
            self.rows = [row for row in self.rows if row["key"] != key]
        elif self.operation != "insert" and found:
            found[0].update(sent)
        else:
            self.rows.append({"key": key, **sent})

    def key_of(self, values: dict[str, Any]) -> tuple[tuple[Any, ...], str | None]:
        """A record's key, and why it has none."""
        day = next((day for day, forms in DAYS.items() if values.get("Day__gc") in forms), None)
        company = values.get("Company__gc")
        looks = "Company_Name__gc" in values
        if looks:
            company = COMPANIES.get(values["Company_Name__gc"])
        key = (values.get("Name"), day, company)
        if not (values.get("Name") and day):
            return key, "MISSING_KEY"
        if looks and not company and not self.nullable:
            return key, "GSOBJ_1008"
        return key, None if company else "MISSING_KEY"

    def problem(self, found: list[Any], sent: dict[str, Any], *, deleted: bool) -> str | None:
        """Why a record that has a key is rejected."""
        if len(found) > 1 and (deleted or self.operation != "insert"):
            return "SEVERAL_MATCHES"
        if not deleted and self.operation == "update" and not found:
            return "GSOBJ_1011"
        return TOO_LONG if not deleted and len(str(sent.get("Code__gc"))) > 9 else None

    def contents(self) -> list[tuple[Any, ...]]:
        return sorted(
            ((*row["key"], *(row.get(name) for name in VALUES)) for row in self.rows), key=repr
        )


def one(rng: random.Random, *, deletes: bool, too_long: bool) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Name": rng.choice("ab"),
        "Day__gc": rng.choice(rng.choice([*DAYS.values()])),
    }
    if rng.random() < 0.8:
        made["Company_Name__gc"] = rng.choice([*COMPANIES, *COMPANIES, "Nobody", None])
    if rng.random() < 0.3:
        made["Company__gc"] = rng.choice([*COMPANIES.values(), None])
    for name in VALUES:
        if rng.random() < 0.6:
            made[name] = rng.choice([None, "1", "2", "3"])
    if too_long and rng.random() < 0.06:
        made["Code__gc"] = "x" * 50
    if deletes and rng.random() < 0.25:
        made[GONE] = "2026-01-01T00:00:00Z"
    if rng.random() < 0.05:
        made[rng.choice(["Name", "Day__gc"])] = None
    return made


def case_of(seed: int) -> dict[str, Any]:
    """What a tenant holds, what it is sent, and how."""
    rng = random.Random(seed)
    operation = rng.choice(["upsert", "upsert", "update", "insert"])
    # What a deletion takes back, or a later value replaces, is not rejected: there it is not tried.
    deletes = operation != "update" and rng.random() < 0.5
    size = rng.choice([1, 3, 1000])
    too_long = size == 1 or operation == "insert"
    held = [
        {"Name": name, "Day__gc": day, "Company__gc": gsid, "Code__gc": "old", "Text__gc": "old"}
        for name in "ab"
        for day in DAYS
        for gsid in COMPANIES.values()
        if rng.random() < 0.4
    ]
    nullable = rng.random() < 0.5
    lookup = {
        "fields": {"Company_Name__gc": "Name"},
        "objectName": "company",
        "lookupField": "Gsid",
        "onNoMatch": "NULLABLE" if nullable else "ERROR",
    }
    return {
        "nullable": nullable,
        "held": held + rng.sample(held, min(len(held), rng.choice([0, 0, 1]))),
        "feed": [
            one(rng, deletes=deletes, too_long=too_long) for _ in range(rng.choice([3, 12, 40]))
        ],
        "quirks": Quirks(
            query_page_records=rng.choice([1, 5000]),
            query_dates=rng.choice([DateForm.EPOCH, DateForm.ISO]),
            delete_seconds=rng.choice([0, 5]),
            write_keeps_order=rng.random() < 0.5,
        ),
        "fault": None if operation == "insert" else rng.choice(FAULTS),
        "settings": {
            "keys": ["Name", "Day__gc", "Company__gc"],
            "operation": operation,
            "null_handling": rng.choice(["send", "omit"]),
            "lookups": {"Company__gc": lookup},
            "deletes": "delete" if deletes else "ignore",
            "load_mode": rng.choice(["rest", "bulk", "auto"]),
            "batch_size_rows": size,
            "bulk_threshold_rows": 2,
            "rest_batch_size": rng.choice([1, 3, 50]),
            "max_rejects": -1,
            "bulk_calls_per_hour": 1000,
            "bulk_calls_per_day": 1000,
            "sync_calls_per_minute": 10_000,
        },
    }


def differences(case: dict[str, Any], folder: Path) -> list[Any]:
    """In what a run and the model differ."""
    settings, feed = case["settings"], case["feed"]
    model = Model(settings["operation"], settings["null_handling"] == "omit", case["nullable"])
    for row in case["held"]:
        key = (row["Name"], row["Day__gc"], row["Company__gc"])
        model.rows.append({"key": key, **{name: row[name] for name in VALUES}})
    for each in feed:
        model.apply(each)
    with Sandbox(
        empty=True, clock=ManualClock(), objects=[object_()], quirks=case["quirks"]
    ) as sandbox:
        sandbox.tenant.insert("company", *({"Name": n, "Gsid": g} for n, g in COMPANIES.items()))
        sandbox.tenant.insert(THING, *case["held"])
        if case["fault"]:
            sandbox.faults.add(Fault(case["fault"], on=CallKind.INSERT))
        runner = Runner(sandbox, folder)
        output = runner.load(schema(), *(record(**each) for each in feed), **settings)
        if output.error:
            raise output.error
        sandbox.clock.sleep(5)
        found = [
            (row["Name"], str(row["Day__gc"]), row["Company__gc"], *(row[v] for v in VALUES))
            for row in sandbox.tenant.rows(THING)
        ]
        codes = [letter["errors"][0]["code"] for letter in runner.letters()]
        codes = [TOO_LONG if code == "IMPORT_ROW_REJECTED" else code for code in codes]
    return [
        (what, sorted((Counter(left) - Counter(right)).elements(), key=repr))
        for what, left, right in (
            ("too much", found, model.contents()),
            ("lacking", model.contents(), found),
            ("rejected", codes, model.rejected),
            ("not rejected", model.rejected, codes),
        )
        if Counter(left) - Counter(right)
    ]


def object_() -> ObjectSchema:
    """A thing whose code has nine characters at most."""
    whole = thing()
    fields = (replace(each, length=9) if each.name == "Code__gc" else each for each in whole.fields)
    return replace(whole, fields=tuple(fields))


@pytest.mark.parametrize("seed", range(5))
def test_random_records_do_what_a_plain_model_does(tmp_path: Path, seed: int) -> None:
    case = case_of(seed)
    assert not differences(case, tmp_path), case
