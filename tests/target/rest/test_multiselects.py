"""Multi-selects go out by REST in the form that the tenant takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import ManualClock, MultiSelectForm, Quirks, Sandbox
from tests.hostile import Hostile
from tests.target.support import THING, Runner, record, schema, thing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.conftest import Request

REST: dict[str, Any] = {"load_mode": "rest"}
FEED = [
    record(Name="one", Colours__gc=["Red", "Blue"]),
    record(Name="two", Colours__gc="Red;Blue;"),
    record(Name="none", Colours__gc=None),
    record(Name="plain"),
]
BAD = record(Name="x" * 99, Colours__gc=["Red"])


class Forms:
    """Notes in which forms multi-selects come."""

    def __init__(self) -> None:
        self.seen: list[type] = []

    def __call__(self, request: Request, _: int, __: object) -> None:
        if request.method in {"POST", "PUT"} and f"objects/{THING}" in request.path:
            rows = json.loads(request.body)["records"]
            self.seen += [type(row["Colours__gc"]) for row in rows if row.get("Colours__gc")]


@pytest.mark.parametrize("takes", list(MultiSelectForm))
@pytest.mark.parametrize("bad", [False, True])
@pytest.mark.parametrize("size", [1, 2, 50])
def test_a_multi_select_comes_in_the_form_that_the_tenant_takes(
    tmp_path: Path, takes: MultiSelectForm, size: int, *, bad: bool
) -> None:
    quirks = Quirks(write_multiselect=takes)
    forms = Forms()
    with (
        Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox,
        Hostile(sandbox, forms) as hostile,
    ):
        runner = Runner(sandbox, tmp_path)
        output = runner.load(
            schema(),
            *([BAD] if bad else []),
            *FEED,
            domain=hostile.url,
            rest_batch_size=size,
            max_rejects=1,
            **REST,
        )
        assert output.error is None
        rows = runner.rows()
        assert set(rows) == {"one", "two", "none", "plain"}
        assert rows["one"]["Colours__gc"] == rows["two"]["Colours__gc"]
        assert rows["one"]["Colours__gc"]
        assert rows["none"]["Colours__gc"] in (None, [], ())
        assert len(runner.letters()) == int(bad)
    assert forms.seen[0] is list
    assert forms.seen[-1] is (str if takes is MultiSelectForm.TEXT else list)


@pytest.mark.parametrize(("form", "kind"), [("list", list), ("text", str)])
def test_who_knows_the_form_says_so(runner: Runner, form: str, kind: type) -> None:
    forms = Forms()
    with Hostile(runner.sandbox, forms) as hostile:
        runner.loaded(schema(), *FEED, domain=hostile.url, multiselect_format=form, **REST)
    assert set(forms.seen) == {kind}


@pytest.mark.parametrize("takes", list(MultiSelectForm))
@pytest.mark.parametrize(
    ("bad", "settings", "expected"),
    [
        ({"Name": "not there"}, {"operation": "update"}, ("GSOBJ_1011", "Name")),
        ({"Code__gc": "c"}, {"operation": "insert", "keys": ["Code__gc"]}, ("GSOBJ_1025", "Name")),
        (
            {"Name": "lost", "Company_Name__gc": "Nobody"},
            {
                "lookups": {
                    "Company__gc": {
                        "fields": {"Company_Name__gc": "Name"},
                        "objectName": "company",
                        "lookupField": "Gsid",
                    }
                }
            },
            ("GSOBJ_1008", "Company_Name__gc"),
        ),
    ],
    ids=["no match", "absent", "lookup"],
)
def test_what_is_refused_for_another_reason_is_rejected_for_that(
    tmp_path: Path,
    takes: MultiSelectForm,
    bad: dict[str, Any],
    settings: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    quirks = Quirks(write_multiselect=takes)
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()], quirks=quirks) as sandbox:
        sandbox.tenant.insert(THING, {"Name": "there"})
        runner = Runner(sandbox, tmp_path)
        output = runner.load(
            schema(),
            record(Colours__gc=["Blue"], **bad),
            record(Name="there", Code__gc="d", Colours__gc=["Red"]),
            max_rejects=1,
            **settings,
            **REST,
        )
        assert output.error is None
        (letter,) = runner.letters()
        assert [(each["code"], each["field"]) for each in letter["errors"]] == [expected]
        assert runner.rows()["there"]["Colours__gc"] == ["1I00RED"]
