"""What the README and docs/running.md tell users to type, typed: real Meltano, real loaders."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest
import yaml

from gainsight_sandbox import Sandbox
from tests.e2e.support import ROOT, SMALL, assert_same, environment, newest_rows, run
from tests.e2e.test_copy import sqlalchemy_url
from tests.e2e.test_meltano import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow  # a call of Meltano takes two seconds, and a run six


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=SMALL) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "output").mkdir()
    return Project(tmp_path)


def commands(document: str, after: str) -> list[str]:
    """The commands of a document's first block after a line."""
    section = (ROOT / document).read_text().split(f"{after}\n", 1)[1]
    block = re.split("^```console\n|^```$", section, flags=re.MULTILINE)[1]
    return re.findall(r"^\$ (.*)$", block, re.MULTILINE)


def test_the_readmes_commands_twice_leave_the_tenants_rows(
    project: Project, sandbox: Sandbox
) -> None:
    typed = commands("README.md", "## Use it with Meltano")
    assert typed[-1] == "meltano run tap-gainsight target-csv"
    env = environment(sandbox, quota_store=str(project.folder / "quota.sqlite"))
    env = {name: value for name, value in env.items() if not name.endswith(("_DOMAIN", "_KEY"))}
    for command in [*typed, *typed]:
        own = command.replace("acme.gainsightcloud.com", sandbox.url)
        own = own.replace("...", sandbox.access_key)
        done = run("bash", "-c", own, env=env, cwd=project.folder, timeout=300)
        assert done.returncode == 0, (own, done.stdout, done.stderr)
        if "run" in shlex.split(own):
            sandbox.tenant.touch("company", 3)
    files = sorted(project.folder.glob("output/company-*.csv"))
    assert len(files) == 2
    project(sandbox, "run", "tap-gainsight", "target-csv")  # takes what was touched after both
    assert_same(newest_rows(project.folder / "output", "company"), sandbox, "company")


TAP_POSTGRES = {
    "name": "tap-postgres",
    "namespace": "tap_postgres",
    "pip_url": "meltanolabs-tap-postgres",
    "executable": "tap-postgres",
    "capabilities": ["catalog", "discover", "state"],
    "settings": [{"name": "sqlalchemy_url"}, {"name": "filter_schemas", "kind": "array"}],
}


def test_the_readmes_other_way_loads_a_table_of_postgresql(
    project: Project, sandbox: Sandbox, postgres_url: str
) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS accounts")
        connection.execute("CREATE TABLE accounts (account_name text PRIMARY KEY, arr numeric)")
        connection.execute("INSERT INTO accounts VALUES ('Hooli', 12.5), ('Globex', 7)")
    file = project.folder / "meltano.yml"
    declared = yaml.safe_load(file.read_text())
    given = {"sqlalchemy_url": sqlalchemy_url(postgres_url), "filter_schemas": ["public"]}
    declared["plugins"]["extractors"].append({**TAP_POSTGRES, "config": given})
    file.write_text(yaml.safe_dump(declared))
    typed = "\n".join(
        commands(
            "README.md",
            "The other way, with a tap-postgres that is set up (`meltano add tap-postgres`):",
        )
    )
    typed = typed.replace("acme.gainsightcloud.com", sandbox.url)
    typed = typed.replace("access_key ...", f"access_key {sandbox.access_key}")
    env = environment(sandbox) | {"TARGET_GAINSIGHT_QUOTA_STORE": "memory"}
    done = run("bash", "-e", "-c", typed, env=env, cwd=project.folder, timeout=500)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert {"Hooli", "Globex"} <= {str(row["Name"]) for row in sandbox.tenant.rows("company")}


def declare_loader(folder: Path) -> None:
    """What `meltano add target-csv` does, which asks Meltano's hub."""
    file = folder / "meltano.yml"
    declared = yaml.safe_load(file.read_text())
    names = ("output_path", "file_naming_scheme")
    declared["plugins"]["loaders"].append(
        {
            "name": "target-csv",
            "namespace": "target_csv",
            "pip_url": "meltanolabs-target-csv",
            "executable": "target-csv",
            "settings": [{"name": name} for name in names],
        }
    )
    file.write_text(yaml.safe_dump(declared))


def test_the_plugins_are_added_to_a_project_of_ones_own(tmp_path: Path, sandbox: Sandbox) -> None:
    (tmp_path / "singer-gainsight").symlink_to(ROOT)
    adding, *naming = commands("README.md", "it write files of its own for each run:")
    assert adding == "meltano add target-csv"
    using = commands("README.md", "## Use it with Meltano")
    given, (*using, syncing) = using[:2], using[2:]
    assert all("config set" in each for each in given)
    env = environment(sandbox) | {
        "TARGET_GAINSIGHT_DOMAIN": sandbox.url,
        "TARGET_GAINSIGHT_ACCESS_KEY": sandbox.access_key,
        "TARGET_GAINSIGHT_QUOTA_STORE": "memory",
    }
    own = tmp_path / "analytics"
    typed = commands("README.md", "with Meltano ≥ 4.4 (`pip install meltano`):")
    for folder, lines in [
        (tmp_path, typed),
        (own, [*naming, "meltano install", *using, syncing, syncing]),
        (own, ["meltano invoke target-gainsight:check"]),
    ]:
        if folder == own and lines[0] in naming:
            declare_loader(own)
        done = run("bash", "-e", "-c", "\n".join(lines), env=env, cwd=folder, timeout=500)
        assert done.returncode == 0, (done.stdout, done.stderr)
        if syncing in lines:
            assert "Plugin configuration is valid" in done.stdout + done.stderr
    assert len([*own.glob("company-*.csv")]) == 2
    assert_same(newest_rows(own, "company"), sandbox, "company")


def test_the_commands_of_the_plugins_are_run_by_meltano(project: Project, sandbox: Sandbox) -> None:
    typed = commands("docs/commands.md", "Under Meltano they are commands of the plugins:")
    env = environment(sandbox)
    env |= {
        name.replace("TAP_", "TARGET_"): value for name, value in env.items() if "TAP_G" in name
    }
    for command in typed:
        done = run("bash", "-c", command, env=env, cwd=project.folder)
        assert done.returncode == 0, (command, done.stdout, done.stderr)


WAYS = [
    ("README.md", "## Use it in a pipe"),
    ("docs/running.md", "## meltano run"),
    ("docs/running.md", "## meltano el, meltano elt"),
    ("docs/running.md", "## A scheduled job"),
    ("docs/running.md", "## A pipe"),
]


@pytest.mark.parametrize(("document", "heading"), WAYS)
def test_each_way_brings_the_tenants_rows(
    project: Project, sandbox: Sandbox, document: str, heading: str
) -> None:
    env = environment(sandbox)
    if not heading.endswith("pipe"):
        env["TAP_GAINSIGHT__SELECT"] = '["company.*"]'
    typed = "\n".join(commands(document, heading))
    typed = typed.replace("acme.gainsightcloud.com", sandbox.url)
    typed = typed.replace("KEY=...", f"KEY={sandbox.access_key}")
    done = run("bash", "-eo", "pipefail", "-c", typed, env=env, cwd=project.folder, timeout=300)
    assert done.returncode == 0, (done.stdout, done.stderr)
    if heading == "## meltano run":
        assert "dev:tap-gainsight-to-target-csv" in done.stdout
    assert_same(newest_rows(project.folder / "output", "company"), sandbox, "company")
