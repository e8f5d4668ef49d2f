"""The tap under Meltano, with a real loader, as meltano.yml declares both."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from gainsight_command.cli import main as gainsight
from gainsight_sandbox import Sandbox
from tap_gainsight.settings import CONFIG_SCHEMA as TAP_SCHEMA
from target_gainsight.settings import CONFIG_SCHEMA as TARGET_SCHEMA
from tests.e2e.support import BIN, ROOT, SMALL, assert_same, environment, newest_rows, rows_in, run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

# Meltano cannot hand on a decimal that comes from the environment, so a number with a fraction is
# text to it, and a number again to the tap.
KINDS = {kind: kind for kind in ("integer", "boolean", "array", "object", "string")} | {
    "number": "string"
}


class Project:
    """A Meltano project in a folder of its own, with the repository's meltano.yml."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        declared = (ROOT / "meltano.yml").read_text()
        here = declared.replace("pip_url: -e .", f"pip_url: -e {ROOT}")
        (folder / "meltano.yml").write_text(here)

    def __call__(
        self, sandbox: Sandbox, *arguments: str, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        done = run(
            str(BIN / "meltano"),
            "--log-level=info",
            *arguments,
            env=environment(sandbox, **settings),
            cwd=self.folder,
            timeout=180,
        )
        assert sandbox.access_key not in done.stdout + done.stderr
        return done


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("meltano"))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=SMALL) as running:
        yield running


def declared(kind: str, name: str) -> dict[str, Any]:
    plugins = yaml.safe_load((ROOT / "meltano.yml").read_text())["plugins"]
    found: dict[str, Any] = next(plugin for plugin in plugins[kind] if plugin["name"] == name)
    return found


@pytest.mark.parametrize(
    ("plugins", "plugin", "properties"),
    [
        ("extractors", "tap-gainsight", TAP_SCHEMA["properties"]),
        ("loaders", "target-gainsight", TARGET_SCHEMA["properties"]),
    ],
)
def test_meltano_yml_declares_every_setting(
    plugins: str, plugin: str, properties: dict[str, Any]
) -> None:
    settings = {setting["name"]: setting for setting in declared(plugins, plugin)["settings"]}
    assert settings.keys() == properties.keys()
    for name, schema in properties.items():
        types = schema.get("type", "string")
        kind = types if isinstance(types, str) else types[0]
        expected = (
            "options"
            if "enum" in schema
            else "date_iso8601"
            if schema.get("format") == "date-time"
            else KINDS[kind]
        )
        assert settings[name]["kind"] == expected, name
        assert settings[name].get("sensitive", False) == schema.get("secret", False), name
        assert settings[name].get("value") == schema.get("default"), name
        assert settings[name]["description"] == schema["description"], name


def test_a_second_run_takes_only_what_changed_and_what_shares_the_bookmarks_second(
    project: Project, sandbox: Sandbox
) -> None:
    output = project.folder / "output"
    output.mkdir()
    done = project(sandbox, "run", "tap-gainsight", "target-csv", lookback_seconds="0")
    assert done.returncode == 0, done.stderr
    assert "METRIC" not in done.stdout + done.stderr
    (first,) = output.glob("company-*.csv")
    assert_same(rows_in(first), sandbox, "company")

    rows = list(sandbox.tenant.rows("company"))
    last = max(row["ModifiedDate"] for row in rows if row["ModifiedDate"])
    late = sandbox.tenant.insert("company", {"Name": "In the bookmark's second"})
    sandbox.tenant.update("company", late, {"ModifiedDate": last})
    changed = set(sandbox.tenant.touch("company", 3)) | set(late)

    done = project(sandbox, "run", "tap-gainsight", "target-csv", lookback_seconds="0")
    assert done.returncode == 0, done.stderr
    assert first.exists()  # a second run undoes nothing of the first
    (second,) = set(output.glob("company-*.csv")) - {first}
    found = {row["Gsid"] for row in rows_in(second)}
    at_the_bookmark = {row["Gsid"] for row in rows if row["ModifiedDate"] == last}
    undated = {row["Gsid"] for row in rows if row["ModifiedDate"] is None}
    assert changed <= found
    assert found <= changed | at_the_bookmark | undated
    assert_same(newest_rows(output, "company"), sandbox, "company")


def test_gainsights_commands_go_by_meltanos_settings(project: Project, sandbox: Sandbox) -> None:
    done = project(sandbox, "invoke", "tap-gainsight:check", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout[done.stdout.index("{") :])["ok"]


@pytest.mark.parametrize(
    ("plugins", "plugin"), [("extractors", "tap-gainsight"), ("loaders", "target-gainsight")]
)
def test_meltano_yml_declares_commands_that_there_are(plugins: str, plugin: str) -> None:
    for command in declared(plugins, plugin)["commands"].values():
        assert command["executable"] == "gainsight"
        arguments = [*command["args"].split(), "--help"]
        assert CliRunner().invoke(gainsight, arguments).exit_code == 0


def test_config_test_says_that_the_settings_work(project: Project, sandbox: Sandbox) -> None:
    done = project(sandbox, "config", "test", "tap-gainsight")
    assert done.returncode == 0, done.stderr
    assert "Plugin configuration is valid" in done.stdout + done.stderr


def test_config_test_says_that_a_key_is_wrong(project: Project, sandbox: Sandbox) -> None:
    done = project(sandbox, "config", "test", "tap-gainsight", access_key="wrong")
    assert done.returncode == 1
    assert "`access_key`" in done.stdout + done.stderr


def test_select_lists_what_can_be_selected(project: Project, sandbox: Sandbox) -> None:
    done = project(sandbox, "select", "tap-gainsight", "--list", "--all", "--json")
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert "awkward__gc" in text
    assert "deleted_records" in text


def test_a_selection_is_all_that_is_asked_for(project: Project, sandbox: Sandbox) -> None:
    env_selection = json.dumps(["company.Name"])
    output = project.folder / "output"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    done = run(
        str(BIN / "meltano"),
        "run",
        "--full-refresh",
        "tap-gainsight",
        "target-csv",
        env={**environment(sandbox), "TAP_GAINSIGHT__SELECT": env_selection},
        cwd=project.folder,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    (only,) = output.iterdir()
    assert only.name.startswith("company-")
    assert set(rows_in(only)[0]) == {"Gsid", "Name", "ModifiedDate"}
