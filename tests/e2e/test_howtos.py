"""The how-tos' commands, typed as they stand there, give what stands there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gainsight_sandbox import Sandbox
from tests.e2e.support import ROOT, assert_same, environment, newest_rows, run
from tests.e2e.test_copy import sqlalchemy_url

if TYPE_CHECKING:
    from pathlib import Path

PAGES = ROOT / "docs" / "how-to"
ROWS = {"company": 100, "relationship": 10, "usage_event__gc": 50}
CONNECTORS = ("TAP_GAINSIGHT", "TARGET_GAINSIGHT")
CHANGES = [
    (r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)", "TIME"),
    (r"\d+(?:\.\d+)? s\b", "SECONDS"),
    (r"\d[\d,]* of ([\d,]+)", r"N of \1"),
    (r"[─ ]+", " "),
]
"""What is another at each run, or with another width of the terminal."""


def files_of(page: str) -> list[tuple[str, str]]:
    """The files that a page has its reader write."""
    return re.findall(r"^`([\w.]+)`:\n\n```\w*\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def typed_and_shown(page: str) -> tuple[list[str], list[str]]:
    """A page's commands, and the lines that they are said to print."""
    blocks = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    return (
        [line[2:] for line in lines if line.startswith("$ ")],
        [line for line in lines if not line.startswith("$ ")],
    )


def alike(line: str) -> str:
    for pattern, instead in CHANGES:
        line = re.sub(pattern, instead, line)
    return line.strip()


def assert_works(name: str, folder: Path, sandbox: Sandbox, other: Sandbox, postgres: str) -> None:
    page = (PAGES / name).read_text()
    for given, actual in [
        ("acme.gainsightcloud.com", sandbox.url),
        ("globex.gainsightcloud.com", other.url),
        ('"access_key": "..."', f'"access_key": "{sandbox.access_key}"'),
        ("postgresql://analytics@localhost/warehouse", postgres),
    ]:
        page = page.replace(given, actual)
    (folder / "examples").symlink_to(ROOT / "examples")
    for file, content in files_of(page):
        (folder / file).write_text(content)
    env = {k: v for k, v in environment(sandbox).items() if not k.startswith(CONNECTORS)}
    env |= {"XDG_STATE_HOME": str(folder / "state"), "COLUMNS": "100"}
    commands, shown = typed_and_shown(page)
    done = run("bash", "-c", "\n".join(commands), env=env, cwd=folder, timeout=300)
    said = "\n".join(alike(line) for line in (done.stdout + done.stderr).splitlines())
    assert [line for line in shown if alike(line) not in said] == [], said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "name",
    [
        "csv-to-relationships.md",
        pytest.param("deletes.md", marks=pytest.mark.slow),
        pytest.param("filters-and-custom-objects.md", marks=pytest.mark.slow),
        "rejects.md",
        pytest.param("tenant-to-tenant.md", marks=pytest.mark.slow),
    ],
)
def test_a_page_does_what_it_says(name: str, tmp_path: Path) -> None:
    with Sandbox(rows=ROWS) as sandbox, Sandbox(empty=True) as other:
        assert_works(name, tmp_path, sandbox, other, "")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gainsight-to-postgresql.md", "postgresql-to-gainsight.md"])
def test_a_page_does_with_a_real_postgresql_what_it_says(
    name: str, tmp_path: Path, postgres_url: str
) -> None:
    pytest.importorskip("target_postgres", reason="the group `loaders` is not installed")
    with Sandbox(rows=ROWS) as sandbox:
        assert_works(name, tmp_path, sandbox, sandbox, sqlalchemy_url(postgres_url))


@pytest.mark.slow
def test_the_containers_script_goes_on_from_its_last_state(tmp_path: Path) -> None:
    with Sandbox(rows=ROWS) as sandbox:
        env = {**environment(sandbox, objects='["company"]'), "DATA": str(tmp_path)}
        script = str(ROOT / "examples" / "docker" / "sync.sh")
        for _ in range(2):
            done = run("setsid", "--wait", script, env=env, timeout=120)
            assert done.returncode == 0, done.stderr
        assert "stream company: 1 row written" in done.stderr
        assert_same(newest_rows(tmp_path / "output", "company"), sandbox, "company")
