"""A pipe from tap to target under every value of every quirk: equal tenants, or a clear refusal."""

from __future__ import annotations

import json
import shlex
from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest

from gainsight_sandbox import Quirks, Sandbox
from tests.e2e.support import environment
from tests.e2e.test_copy import NAME, TAP, pipe, target, without_inactive_items, written

if TYPE_CHECKING:
    from pathlib import Path

OTHERS: dict[str, list[Any]] = {
    "auth_header": ["x-api-key"],
    "export_max_limit": [50],
    "csv_null": ["NULL-CELL"],
    "filter_zone": ["America/New_York"],
    "write_max_records": [10],
    "import_row_base": [0, 2],
    "import_max_bytes": [10_000],
}
"""Values of the quirks that are neither a switch nor a choice."""


def _values() -> list[tuple[str, Any]]:
    types = get_type_hints(Quirks)
    found: list[tuple[str, Any]] = []
    for each in fields(Quirks):
        kind = types[each.name]
        values: list[Any] = OTHERS.get(each.name, [])
        if kind is bool:
            values = [not each.default]
        elif issubclass(kind, StrEnum):
            values = [value for value in kind if value is not each.default]
        found += [(each.name, value) for value in values]
    return found


ALL = _values()


def _case(index: int, name: str, value: Any) -> Any:
    marks = [] if index % 12 == 0 else [pytest.mark.slow]
    return pytest.param(name, value, id=f"{name}-{value}", marks=marks)


@pytest.mark.parametrize(("name", "value"), [_case(index, *each) for index, each in enumerate(ALL)])
@pytest.mark.parametrize("mode", ["rest", "bulk"])
def test_the_copy_is_equal_or_clearly_refused(
    tmp_path: Path, mode: str, name: str, value: Any
) -> None:
    quirks = Quirks(**{name: value})
    with (
        Sandbox(rows={NAME: 60}, quirks=quirks) as source,
        Sandbox(empty=True, quirks=quirks) as copy,
    ):
        without_inactive_items(source)
        env = environment(source, streams=json.dumps([{"name": NAME, "object": NAME}]))
        env["TAP_GAINSIGHT_OBJECTS"] = json.dumps([NAME])
        streams = [{"name": NAME, "load_mode": mode, "keys": ["Name"]}]
        done = pipe(TAP, target(tmp_path, copy, streams=streams), env=env)
        if done.returncode == 0:
            assert written(copy) == written(source)
        assert "Traceback" not in done.stderr
        assert done.returncode in {0, 1}, shlex.quote(done.stderr)
