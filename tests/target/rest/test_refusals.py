"""Only the records that are to blame for a refused call are rejected."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gainsight_api.errors import RequestError
from gainsight_api.objects import metadata
from gainsight_api.objects.metadata import GainsightObject
from gainsight_api.objects.records import WriteReply
from gainsight_sandbox import DataType, Field, ManualClock, Quirks, Sandbox, custom_object
from target_gainsight.loading.route import LoadMode, Operation, Route
from target_gainsight.rest.history import WriteHistory
from target_gainsight.rest.loader import RestLoader
from target_gainsight.rest.multiselects import Multiselects
from target_gainsight.rows.blocks import Row
from target_gainsight.search.existing import Existing
from target_gainsight.search.matching import Matcher
from tests.target.support import THING, Runner, record, records, schema, thing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from target_gainsight.loading.loaders import Outcome


OBJECT = GainsightObject(
    "thing",
    "Thing",
    {name: metadata.Field(name, name, "STRING") for name in ("Name", "A", "B")},
)


@dataclass
class Tenant:
    """Refuses calls with bad records, and says more or less why."""

    telling: str
    code: str = "X"
    calls: list[list[str]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def insert(self, name: str, records: Sequence[Any], lookups: Any = None) -> WriteReply:
        del name, lookups
        self.calls.append([record["Name"] for record in records])
        bad = [record for record in records if record["A"].startswith("bad")]
        if bad:
            error = RequestError("refused", code="GSOBJ_1008", status=400)
            error.reply = {"data": {"errors": self._errors(bad)}}
            raise error
        self.written += [record["Name"] for record in records]
        return WriteReply(len(records), (), ())

    def _errors(self, bad: list[Any]) -> list[Any]:
        if self.telling == "nothing":
            return []
        told = bad if self.telling == "all" else bad[:1]
        return [
            [
                {
                    "errors": [
                        {"fieldName": "A", "invalidValue": [record["A"]], "errorCode": self.code}
                    ]
                }
            ]
            for record in told
        ]


def load(tenant: Tenant, values: Sequence[str]) -> Outcome:
    route = Route(
        stream="thing",
        object=OBJECT,
        operation=Operation.INSERT,
        keys=("Name",),
        fields={},
        lookups=(),
        raw_lookups=None,
        load_mode=LoadMode.REST,
        omit_nulls=False,
        delete=False,
        job_id=None,
        finds_only=False,
    )
    existing = Existing(None, Matcher(OBJECT), ("Name",))  # type: ignore[arg-type]
    loader = RestLoader(route, tenant, existing, None, 50, WriteHistory(), Multiselects("auto"))  # type: ignore[arg-type]
    rows = [Row({"Name": str(index), "A": value}, [index]) for index, value in enumerate(values)]
    return loader.load(rows)


# What differs from a bad value in case or blanks alone may be good. The first one always is: when
# nothing is written and all is refused alike, the run ends, which is another test's matter.
VALUES = st.lists(
    st.sampled_from(["good"] * 6 + ["bad1", "bad2", "BAD1", " bad2"]), min_size=1, max_size=49
).map(lambda values: ["good", *values])


@given(
    VALUES,
    st.sampled_from(["all", "first", "nothing"]),
    st.sampled_from(["X", "GSOBJ_1001"]),
)
def test_exactly_the_bad_records_are_rejected(values: list[str], telling: str, code: str) -> None:
    tenant = Tenant(telling, code)
    outcome = load(tenant, values)
    bad = [index for index, value in enumerate(values) if value.startswith("bad")]
    good = [str(index) for index, value in enumerate(values) if not value.startswith("bad")]
    assert sorted(source for each in outcome.rejections for source in each.sources) == bad
    assert outcome.confirmed == len(good)
    assert sorted(tenant.written, key=int) == good
    assert all(each.problems for each in outcome.rejections)


@given(st.integers(0, 49))
def test_one_bad_record_that_is_named_costs_one_call_more(place: int) -> None:
    tenant = Tenant("first")
    load(tenant, ["good"] * place + ["bad1"] + ["good"] * (49 - place))
    assert len(tenant.calls) == 2


@given(st.integers(0, 49))
def test_one_bad_record_that_is_not_named_costs_a_few_halvings(place: int) -> None:
    tenant = Tenant("nothing")
    load(tenant, ["good"] * place + ["bad1"] + ["good"] * (49 - place))
    assert len(tenant.calls) <= 2 * math.ceil(math.log2(50)) + 1


@given(VALUES)
def test_halves_of_a_call_are_written_in_the_order_of_their_records(values: list[str]) -> None:
    tenant = Tenant("nothing")
    load(tenant, values)
    assert tenant.written == sorted(tenant.written, key=int)


def test_all_bad_records_that_are_named_cost_one_call_more() -> None:
    tenant = Tenant("all")
    outcome = load(tenant, ["good", "bad1", "bad2"] * 16)
    assert len(tenant.calls) == 2
    assert len(outcome.rejections) == 32


REST: dict[str, Any] = {"load_mode": "rest"}


def write_calls(sandbox: Sandbox) -> int:
    return len(sandbox.journal.calls)


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("as_200", [False, True])
def test_bad_records_are_found_by_what_the_errors_name(
    tmp_path: Path, *, flat: bool, as_200: bool
) -> None:
    quirks = Quirks(write_errors_flat=flat, errors_as_200=as_200)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        runner = Runner(sandbox, tmp_path)
        bad = [
            record(Name="x" * 41),
            record(Name="rate", Rate__gc="9" * 70),
            record(Name="company", Company__gc="no-gsid"),
        ]
        output = runner.load(
            schema(), *records(47), *bad, operation="insert", max_rejects=3, **REST
        )
        assert output.error is None
        assert sandbox.tenant.count(THING) == 47
        assert write_calls(sandbox) == 2  # the refused one, and the others together
        codes = {letter["record"]["Name"]: letter["errors"][0] for letter in runner.letters()}
        assert codes["x" * 41]["code"] == "GSOBJ_1001"
        assert codes["company"]["field"] == "Company__gc"
        assert all(letter["request_id"] for letter in runner.letters())


def test_records_without_a_required_field_are_found_in_one_more_call(
    runner: Runner, sandbox: Sandbox
) -> None:
    bad = [record(Code__gc="a"), record(Code__gc="b")]
    output = runner.load(
        schema(keys=()), *records(48), *bad, operation="insert", max_rejects=2, **REST
    )
    assert output.error is None
    assert sandbox.tenant.count(THING) == 48
    assert write_calls(sandbox) == 2
    assert [letter["errors"][0]["code"] for letter in runner.letters()] == ["GSOBJ_1025"] * 2


@pytest.mark.parametrize("operation", ["insert", "update", "upsert"])
def test_a_null_that_may_not_be_is_found_in_one_more_call(
    runner: Runner, sandbox: Sandbox, operation: str
) -> None:
    keys: dict[str, Any] = {"keys": ["Code__gc"], "operation": operation}
    good = [record(Name=f"n{n}", Code__gc=f"c{n}") for n in range(49)]
    if operation == "update":
        runner.loaded(
            schema(), *good, record(Name="n49", Code__gc="c49"), keys=["Code__gc"], **REST
        )
    before = write_calls(sandbox)
    output = runner.load(
        schema(), *good, record(Name=None, Code__gc="c49"), max_rejects=1, **keys, **REST
    )
    assert output.error is None
    assert write_calls(sandbox) - before == 2
    (letter,) = runner.letters()
    assert letter["record"]["Code__gc"] == "c49"
    assert letter["errors"] == [
        {
            "code": "GSOBJ_1007",
            "message": "Null value for a non-nullable field.",
            "field": "Name",
        }
    ]


def test_a_null_that_a_lookup_has_filled_in_is_not_the_records_own(tmp_path: Path) -> None:
    owned = custom_object(
        "owned__gc",
        Field("Name"),
        Field("Owner_Name__gc"),
        Field("Owner__gc", DataType.LOOKUP, lookup="company", required=True),
    )
    with Sandbox(empty=True, clock=ManualClock(), objects=[owned]) as sandbox:
        sandbox.tenant.insert("company", {"Name": "Apple"})
        runner = Runner(sandbox, tmp_path)
        lookups = {
            "Owner__gc": {
                "fields": {"Owner_Name__gc": "Name"},
                "objectName": "company",
                "lookupField": "Gsid",
                "onNoMatch": "NULLABLE",
            }
        }
        runner.load(
            schema("owned__gc"),
            record("owned__gc", Name="good", Owner__gc=None, Owner_Name__gc="Apple"),
            record("owned__gc", Name="bad", Owner_Name__gc="Nobody"),
            record("owned__gc", Name="worse", Owner__gc=None),
            record("owned__gc", Name="lacks it"),
            record("owned__gc", Name="good, too", Owner_Name__gc="Apple"),
            lookups=lookups,
            max_rejects=-1,
            **REST,
        )
        assert {each["record"]["Name"] for each in runner.letters("owned__gc")} == {
            "bad",
            "worse",
            "lacks it",
        }
        assert runner.rows("owned__gc").keys() == {"good", "good, too"}


def test_a_value_in_a_field_that_only_others_have_filled_by_a_lookup_is_found_in_one_more_call(
    runner: Runner, sandbox: Sandbox
) -> None:
    sandbox.tenant.insert("company", {"Name": "Apple"})
    lookup = {"fields": {"Company_Name__gc": "Name"}, "objectName": "company"}
    runner.load(
        schema(),
        *records(48, Company_Name__gc="Apple"),
        record(Name="bad", Company__gc="no Gsid"),
        lookups={"Company__gc": {**lookup, "lookupField": "Gsid"}},
        operation="insert",
        max_rejects=1,
        **REST,
    )
    assert [each["record"]["Name"] for each in runner.letters()] == ["bad"]
    assert write_calls(sandbox) == 2


def test_a_lookup_without_match_rejects_all_that_look_for_it(
    runner: Runner, sandbox: Sandbox
) -> None:
    [apple] = sandbox.tenant.insert("company", {"Name": "Apple"})
    lookups = {
        "Company__gc": {
            "fields": {"Company_Name__gc": "Name"},
            "objectName": "company",
            "lookupField": "Gsid",
            "onNoMatch": "ERROR",
            "multiMatchOption": "FIRSTMATCH",
        }
    }
    good = records(46, Company_Name__gc="Apple")
    bad = [record(Name=f"b{index}", Company_Name__gc="No Such Co") for index in range(4)]
    output = runner.load(
        schema(), *good, *bad, operation="insert", lookups=lookups, max_rejects=4, **REST
    )
    assert output.error is None
    assert {row["Company__gc"] for row in runner.rows().values()} == {apple}
    assert len(runner.letters()) == 4
    assert write_calls(sandbox) == 2
