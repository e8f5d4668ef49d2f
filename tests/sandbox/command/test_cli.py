from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import requests
from click.testing import CliRunner

from gainsight_sandbox.command.cli import main

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "gainsight_sandbox"]
SHOW = (
    "import os, urllib.request as u;"
    "e = os.environ;"
    "assert e['TARGET_GAINSIGHT_DOMAIN'] == e['TAP_GAINSIGHT_DOMAIN'];"
    "assert e['TARGET_GAINSIGHT_ACCESS_KEY'] == e['TAP_GAINSIGHT_ACCESS_KEY'] == 'k-1';"
    "print(u.urlopen(e['TAP_GAINSIGHT_DOMAIN'] + '/sandbox/counts').read().decode());"
    "raise SystemExit(7)"
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)


def test_run_lends_a_tenant_to_a_command_and_takes_its_status() -> None:
    result = run(
        "run", "--access-key", "k-1", "--rows", "company=7", "--", sys.executable, "-c", SHOW
    )
    assert result.returncode == 7, result.stderr
    assert '"company":7' in result.stdout


def test_run_hands_signals_on_and_tells_what_ended_the_command() -> None:
    waiting = "print('up', flush=True); import time; time.sleep(60)"
    with subprocess.Popen(
        [*COMMAND, "run", "--no-demo", "--", sys.executable, "-c", waiting], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 128 + signal.SIGTERM


def test_serve_tells_where_it_is_and_logs_without_secrets() -> None:
    command = [*COMMAND, "serve", "--port", "0", "--access-key", "k-1", "--rows", "company=12"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        url = first.split()[3].rstrip(",")
        response = requests.get(
            f"{url}/v1/meta/services/objects/list", headers={"accesskey": "k-1"}
        )
        assert response.ok
        os.kill(process.pid, signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=20) == 0
    assert re.search(r"^  company +12$", rest, re.MULTILINE)
    log = rest.splitlines()[-1]
    assert log.startswith("GET /v1/meta/services/objects/list 200 ")
    assert "k-1" not in log


def test_many_records_are_announced_when_they_are_drawn() -> None:
    arguments = ["run", "--rows", "usage_event__gc=10000", "--rows", "company=12", "--", "true"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert result.stderr == "Drawing 10,000 records of usage_event__gc …\n"


def test_a_new_folder_is_announced_and_an_old_one_is_not(tmp_path: Path) -> None:
    large = ("activity_timeline", "account_scorecard_history", "call_to_action", "company_person")
    few = [option for name in large for option in ("--rows", f"{name}=10")]
    said = []
    for rows in (few, []):
        options = ["--data", str(tmp_path / "tenant"), *rows]
        said.append(CliRunner().invoke(main, ["run", *options, "--", "true"]).stderr)
    assert said == [f"Drawing a tenant's records into {tmp_path / 'tenant'} …\n", ""]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "compny=3"], "no object named 'compny'"),
        (["--rows", "company"], "OBJECT=N"),
        (["--rows", "company=-1"], "OBJECT=N"),
        (["--fault", "nope"], "the effect of a fault is one of"),
        (["--fault", "status:status=x"], "'status' of a fault is a number"),
        (["--quirk", "nope=1"], "no quirk is named 'nope'"),
        (["--quirk", "csv-dates=never"], "one of iso"),
        (["--quirk", "csv-bom=perhaps"], "true or false"),
        (["--quirk", "export-max-limit=x"], "a whole number"),
        (["--quirk", "filter-zone=Mars/Base"], "no time zone"),
        (["--quirk", "csv-bom"], "NAME=VALUE"),
        (["--no-demo", "--rows", "company=3"], "no rows"),
    ],
)
def test_wrong_options_are_one_clear_error(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(main, ["run", *arguments, "--", "true"])
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_command_that_is_not_there_is_one_clear_error() -> None:
    result = CliRunner().invoke(main, ["run", "--no-demo", "--", "no-such-command"])
    assert (result.exit_code, result.output) == (
        1,
        "Error: cannot run no-such-command: No such file or directory\n",
    )


def test_options_reach_the_tenant(tmp_path: Path) -> None:
    check = (
        "import os, urllib.request as u, urllib.error;"
        "r = u.Request(os.environ['TAP_GAINSIGHT_DOMAIN'] + '/v1/meta/services/objects/list',"
        " headers={'authentication': os.environ['TAP_GAINSIGHT_ACCESS_KEY']});\n"
        "codes = []\n"
        "for _ in range(3):\n"
        "    try: codes.append(u.urlopen(r).status)\n"
        "    except urllib.error.HTTPError as e: codes.append(e.code)\n"
        "print(codes)"
    )
    options = ["--quirk", "auth-header=authentication", "--fault", "status:status=503"]
    options += ["--sync-per-minute", "2", "--data", str(tmp_path), "--no-demo"]
    result = run("run", *options, "--", sys.executable, "-c", check)
    assert result.stdout == "[503, 200, 429]\n", result.stderr
    assert (tmp_path / "tenant.sqlite").exists()


def test_help_lists_the_quirks() -> None:
    result = CliRunner().invoke(main, ["serve", "--help"])
    assert "query-dates=epoch iso iso-short space" in result.output


BARE = {"name": "bare__gc", "systemFields": False, "fields": [{"name": "id"}]}


def test_the_command_line_has_it_all(tmp_path: Path) -> None:
    script = """
import os, requests
url = os.environ["TARGET_GAINSIGHT_DOMAIN"]
counts = requests.get(url + "/sandbox/counts").json()["data"]
assert counts["company"] == 0 and counts["bare__gc"] == 0 and counts["gsuser"] == 60, counts
reply = requests.post(
    url + "/v1.0/admin/connector/job/bulkimport",
    headers={"accesskey": "bulk"}, data={"jobId": "J1"}, files={"file": ("a.csv", "Name\\na\\n")},
)
assert reply.status_code == 200, reply.text
"""
    schema = tmp_path / "objects.json"
    schema.write_text(json.dumps(BARE))
    options = ["--empty", "--object-schema", str(schema)]
    options += ["--bulk-access-key", "bulk", "--data-job", "J1=company:UPSERT:Name"]
    command = [sys.executable, "-m", "gainsight_sandbox", "run", *options, "--"]
    done = subprocess.run([*command, sys.executable, "-c", script], check=False, env=os.environ)
    assert done.returncode == 0


@pytest.mark.parametrize("text", ["J1", "J1=company", "=company:INSERT", "J1=company:UPSERT"])
def test_a_wrong_data_job_is_one_clear_error(text: str) -> None:
    result = CliRunner().invoke(main, ["run", "--data-job", text, "--", "true"])
    assert result.exit_code == 2
    assert "Error" in result.output
