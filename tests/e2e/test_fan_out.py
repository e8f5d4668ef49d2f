"""The Airflow example and the manifest in docs/scale.md name what there is."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from gainsight_sandbox import Sandbox
from tap_gainsight.settings import CONFIG_SCHEMA
from tests.e2e.support import ROOT

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = ROOT / "examples" / "airflow"
DAG = (EXAMPLE / "dags" / "gainsight.py").read_text()
TAP_SETTING = re.compile(r"TAP_GAINSIGHT_([A-Z][A-Z_]*)")


def plugins() -> dict[str, dict[str, Any]]:
    """The example's plugins by name."""
    kinds = yaml.safe_load((EXAMPLE / "meltano.yml").read_text())["plugins"]
    return {plugin["name"]: plugin for kind in kinds.values() for plugin in kind}


def settings(name: str) -> set[str]:
    return {setting["name"] for setting in plugins()[name]["settings"]}


def groups() -> dict[str, list[str]]:
    """The DAG's groups of streams, read without Airflow."""
    found = {
        node.targets[0].id: node.value
        for node in ast.parse(DAG).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    value: dict[str, list[str]] = ast.literal_eval(found["GROUPS"])
    return value


def test_the_examples_project_declares_settings_that_the_tap_has() -> None:
    assert settings("tap-gainsight") <= set(CONFIG_SCHEMA["properties"])


@pytest.mark.parametrize("page", ["dags/gainsight.py", "try_it.py", "README.md"])
def test_the_example_sets_what_its_project_declares(page: str) -> None:
    text = (EXAMPLE / page).read_text()
    assert {name.lower() for name in TAP_SETTING.findall(text)} <= settings("tap-gainsight")
    loader = re.findall(r"TARGET_POSTGRES_([A-Z_]+)", text)
    assert {name.lower() for name in loader} <= settings("target-postgres")


def test_the_dag_runs_plugins_that_its_project_has() -> None:
    assert re.findall(r"meltano el (\S+) (\S+)\"", DAG) == [tuple(plugins())]
    assert {plugin["executable"] for plugin in plugins().values()} == set(plugins())


def test_the_dags_groups_are_streams_of_the_demo_tenant_and_have_keys() -> None:
    names = [name for group in groups().values() for name in group]
    assert len(names) == len(set(names))
    with Sandbox(empty=True) as sandbox:
        for name in set(names) - {"deleted_records"}:
            assert sandbox.tenant.schema(name).key


def manifests() -> list[dict[str, Any]]:
    page = (ROOT / "docs" / "scale.md").read_text()
    (block,) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return list(yaml.safe_load_all(block))


def test_the_manifest_is_a_cron_job_that_counts_its_parts() -> None:
    config, cron = manifests()
    assert (config["apiVersion"], config["kind"]) == ("v1", "ConfigMap")
    assert (cron["apiVersion"], cron["kind"]) == ("batch/v1", "CronJob")
    assert set(cron["spec"]) == {"schedule", "timeZone", "concurrencyPolicy", "jobTemplate"}
    job = cron["spec"]["jobTemplate"]["spec"]
    assert job["completionMode"] == "Indexed"
    assert job["completions"] == len(config["data"]["parts"].splitlines())
    pod = job["template"]["spec"]
    assert pod["restartPolicy"] == "Never"  # what backoffLimitPerIndex asks for
    (container,) = pod["containers"]
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    assert mounts == {volume["name"] for volume in pod["volumes"]}
    assert {volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume} == {
        config["metadata"]["name"]
    }
    assert {name.lower() for name in TAP_SETTING.findall(container["command"][-1])} <= settings(
        "tap-gainsight"
    )


@pytest.mark.parametrize("index", [0, 2])
def test_the_manifests_command_runs_the_part_of_its_index(tmp_path: Path, index: int) -> None:
    config, cron = manifests()
    (container,) = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    for folder in ("list", "keys"):
        (tmp_path / folder).mkdir()
    (tmp_path / "list" / "parts").write_text(config["data"]["parts"])
    meltano = tmp_path / "meltano"
    meltano.write_text('#!/bin/sh\necho "$@"\nenv\n')
    meltano.chmod(0o755)
    tenant, group, domain, objects = config["data"]["parts"].splitlines()[index].split()
    (tmp_path / "keys" / tenant).write_text("a-key\n")
    *shell, script = container["command"]
    script = script.replace("/etc/gainsight/", f"{shlex.quote(str(tmp_path))}/")
    done = subprocess.run(
        [*shell, script],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "JOB_COMPLETION_INDEX": str(index)},
        capture_output=True,
        text=True,
        check=True,
    )
    said = done.stdout.splitlines()
    assert said[0] == f"el tap-gainsight target-postgres --state-id=gainsight-{tenant}-{group}"
    given = dict(line.split("=", 1) for line in said[1:])
    assert given["TAP_GAINSIGHT_DOMAIN"] == domain
    assert given["TAP_GAINSIGHT_ACCESS_KEY"] == "a-key"
    assert json.loads(given["TAP_GAINSIGHT_OBJECTS"]) == json.loads(objects)
