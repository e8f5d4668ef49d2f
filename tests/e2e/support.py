"""Real processes against a sandbox, and files held against the tenant's own store."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gainsight_sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

SMALL = {
    "account_scorecard_history": 150,
    "activity_timeline": 250,
    "awkward__gc": 150,
    "call_to_action": 120,
    "company": 100,
    "person": 100,
    "company_person": 100,
    "email_logs": 80,
    "nps_survey_response": 60,
    "relationship": 120,
    "usage_event__gc": 50,
}
"""Rows of a demo tenant that a loader is done with in a second."""

csv.field_size_limit(sys.maxsize)


def environment(sandbox: Sandbox, **settings: str) -> dict[str, str]:
    """The environment of a tap that talks to the sandbox, with a quota of its own."""
    given = {
        "domain": sandbox.url,
        "access_key": sandbox.access_key,
        "quota_store": "memory",
        "job_poll_interval": "0.1",
        **settings,
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TAP_")}
    return {
        **clean,
        "PATH": f"{BIN}{os.pathsep}{clean['PATH']}",
        **{f"TAP_GAINSIGHT_{name.upper()}": value for name, value in given.items()},
    }


def run(
    *command: str, env: Mapping[str, str], timeout: float = 120, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, and keep what it printed."""
    return subprocess.run(
        command, env=env, timeout=timeout, capture_output=True, text=True, check=False, **options
    )


def rows_in(file: Path) -> list[dict[str, str]]:
    """A CSV file's rows."""
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def newest_rows(folder: Path, name: str, key: str = "Gsid") -> list[dict[str, str]]:
    """What a user has of an object after several runs: each record as the last file has it."""
    files = sorted(folder.glob(f"{name}-*.csv"), key=lambda file: file.stat().st_mtime_ns)
    return list({row[key]: row for file in files for row in rows_in(file)}.values())


def assert_same(found: Iterable[Mapping[str, str]], sandbox: Sandbox, name: str) -> None:
    """Hold a CSV file's rows against all of an object's, value for value."""
    fields = [field.name for field in sandbox.tenant.schema(name).fields if not field.hidden]
    expected = [{field: row[field] for field in fields} for row in sandbox.tenant.rows(name)]
    got = [
        {field: _as(row[field], want[field]) for field in fields}
        for row, want in _paired(list(found), expected, sandbox.tenant.schema(name).key)
    ]
    assert got == [{name: _plain(value) for name, value in row.items()} for row in expected]


def _paired(
    found: list[Mapping[str, str]], expected: list[dict[str, Any]], key: str | None
) -> list[tuple[Mapping[str, str], dict[str, Any]]]:
    assert len(found) == len(expected)
    if key is None:
        return list(zip(found, expected, strict=True))
    by_key = {row[key]: row for row in found}
    return [(by_key[row[key]], row) for row in expected]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return ";".join(value)
    return "" if value is None else value


def _as(cell: str, like: Any) -> Any:
    """A cell read as what it should be, so that only the value is compared."""
    if cell == "" or like is None:
        return cell
    if isinstance(like, bool):
        return {"true": True, "false": False}[cell.lower()]
    if isinstance(like, Decimal | int):
        return Decimal(cell)
    if isinstance(like, datetime):
        return datetime.fromisoformat(cell)
    if isinstance(like, date):
        return date.fromisoformat(cell[:10])
    return cell
