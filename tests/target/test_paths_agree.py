"""The same records, by REST and by import job, make the same tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gainsight_sandbox import ManualClock, Sandbox
from tests.target.support import THING, Runner, record, schema, thing

if TYPE_CHECKING:
    from pathlib import Path

_OWN = {"Gsid", "CreatedDate", "ModifiedDate"}

_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_VALUES = st.fixed_dictionaries(
    {"Name": st.sampled_from(["a", "b", "c", "d"])},
    optional={
        "Code__gc": st.none() | _TEXTS,
        "Text__gc": st.none() | _TEXTS | st.lists(st.integers(0, 9), max_size=2),
        "Number__gc": st.none()
        | st.integers(-(10**25), 10**25)
        | st.decimals(allow_nan=False, allow_infinity=False, places=7).map(str)
        | st.sampled_from(["1E3", "-2.50", "x"]),
        "Active__gc": st.sampled_from([None, True, False, "true", "0", "maybe"]),
        "Day__gc": st.none() | st.dates().map(str),
        "At__gc": st.none() | st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
        "Colour__gc": st.sampled_from([None, "Red", "1I00BLUE", "Old", "Pink"]),
        "Colours__gc": st.sampled_from([None, "Red", "Red;Blue", ["Blue"], "Red;Pink"]),
        "Company_Name__gc": st.sampled_from(["Apple", "Twice", "Nobody", None]),
    },
)


def contents(sandbox: Sandbox) -> list[dict[str, Any]]:
    rows = [
        {name: value for name, value in row.items() if name not in _OWN}
        for row in sandbox.tenant.rows(THING)
    ]
    return sorted(rows, key=repr)


def reasons(runner: Runner) -> list[Any]:
    return [
        (letter["record"], sorted(str(error["field"]) for error in letter["errors"]))
        for letter in runner.letters()
    ]


@pytest.mark.parametrize("on_no_match", ["ERROR", "NULLABLE"])
@pytest.mark.parametrize("on_several", ["FIRSTMATCH", "MARKASERROR"])
@pytest.mark.parametrize("operation", ["insert", "update", "upsert"])
def test_both_paths_give_the_same_result(
    tmp_path: Path, operation: str, on_several: str, on_no_match: str
) -> None:
    lookups = {
        "Company__gc": {
            "fields": {"Company_Name__gc": "Name"},
            "objectName": "company",
            "lookupField": "Gsid",
            "onNoMatch": on_no_match,
            "multiMatchOption": on_several,
        }
    }

    @settings(
        max_examples=4,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        phases=[Phase.generate],  # shrinking would take minutes over HTTP
    )
    @given(
        st.lists(_VALUES, min_size=1, max_size=25), st.sampled_from(["send", "omit"]), st.uuids()
    )
    def check(values: list[dict[str, Any]], null_handling: str, number: object) -> None:
        results = []
        for mode in ("rest", "bulk"):
            sandbox.tenant.delete(THING, [str(row["Gsid"]) for row in sandbox.tenant.rows(THING)])
            sandbox.tenant.insert(
                THING, {"Name": "a", "Code__gc": "old"}, {"Name": "b", "Text__gc": "old"}
            )
            runner = Runner(sandbox, tmp_path / str(number) / mode)
            output = runner.load(
                schema(),
                *(record(**each) for each in values),
                load_mode=mode,
                operation=operation,
                lookups=lookups,
                null_handling=null_handling,
                max_rejects=-1,
                bulk_calls_per_hour=10_000,
                bulk_calls_per_day=10_000,
            )
            assert output.error is None
            sandbox.clock.sleep(90_000)
            results.append((contents(sandbox), reasons(runner)))
        assert results[0] == results[1]

    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()]) as sandbox:
        sandbox.tenant.insert("company", {"Name": "Apple"}, {"Name": "Twice"}, {"Name": "Twice"})
        check()
