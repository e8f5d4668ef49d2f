"""A pipe from tap to target under every value of every quirk: equal tenants, or a clear refusal."""

from __future__ import annotations

import json
import shlex
from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest

from gainsight_sandbox import Quirks, Sandbox
from tests.e2e.support import environment, run
from tests.e2e.test_copy import NAME, TAP, pipe, select, target, without_inactive_items, written

if TYPE_CHECKING:
    from pathlib import Path

OTHERS: dict[str, list[Any]] = {
    "auth_header": ["x-api-key"],
    "export_max_limit": [50],
    "query_page_records": [7],
    "delete_seconds": [0],
    "timeline_seconds": [0],
    "csv_null": ["NULL-CELL"],
    "filter_zone": ["America/New_York"],
    "write_max_records": [10],
    "import_row_base": [0, 2],
    "import_max_bytes": [10_000],
}
"""Values of the quirks that are neither a switch nor a choice."""

REFUSED = {
    "csv_null",
    "filter_zone",
    "import_api",
    "import_max_bytes",
    "parentheses",
    "write_max_records",
}
"""The quirks that a setting must be told of."""


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
    marks = [] if index % 40 == 0 else [pytest.mark.slow]
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
        env = environment(source, objects=json.dumps([NAME]), auth_header=quirks.auth_header)
        catalog = tmp_path / "catalog.json"
        catalog.write_text(run("bash", "-c", f"{TAP} --discover", env=env).stdout)
        select(catalog, NAME)
        loads = target(
            tmp_path,
            copy,
            streams=[{"name": NAME, "load_mode": mode, "keys": ["Name"]}],
            auth_header=quirks.auth_header,
        )
        done = pipe(f"{TAP} --catalog {shlex.quote(str(catalog))}", loads, env=env)
        if done.returncode == 0:
            assert written(copy) == written(source)
        else:
            assert name in REFUSED, done.stderr
            assert "Traceback" not in done.stderr
