from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api import Budget, ConnectionSettings, Exports, PaidJobs, Read, connect
from gainsight_api.quota import Limits, Usage, document_key
from gainsight_sandbox import ManualClock
from tests.command.support import KEY, Done, command, config_file

if TYPE_CHECKING:
    from pathlib import Path

    from gainsight_sandbox import Sandbox


def settings(sandbox: Sandbox, store: str, **more: Any) -> ConnectionSettings:
    return ConnectionSettings.from_config(
        {"domain": sandbox.url, "access_key": KEY, "quota_store": store, **more}
    )


def limits(done: Done) -> dict[str, Any]:
    return {limit["setting"]: limit for limit in done.json["limits"]}


def test_each_limits_use_and_the_paid_jobs_are_told(sandbox: Sandbox, tmp_path: Path) -> None:
    session = connect(settings(sandbox, str(tmp_path / "quota.sqlite")))
    exports = Exports(session, PaidJobs(session.quota.store, session.quota.key, session.clock, 60))
    job = exports.submit(Read("company", ("Gsid",), limit=9), began="2026-01-01T00:00:00")
    file = config_file(tmp_path, sandbox)
    sandbox.log.clear()
    done = command("quota", "--tap", "--config", file, "--json")
    assert done.status == 0
    bulk = limits(done)["bulk_calls_per_day"]
    assert (bulk["limit"], bulk["used"], bulk["left"]) == (100, 1, 99)
    told = {each["id"]: each["object"] for each in done.json["jobs"]}
    assert told[job.id] == "company"
    printed = command("quota", "--tap", "--config", file)
    assert re.search(r"bulk_calls_per_day +1 +100 +99 ", printed.out)
    assert job.id in printed.out
    assert not sandbox.log  # no call was made


def test_nothing_is_made_or_changed_in_the_quota_store(sandbox: Sandbox, tmp_path: Path) -> None:
    file = config_file(tmp_path, sandbox)
    assert command("quota", "--target", "--config", file).status == 0
    store = tmp_path / "quota.sqlite"
    assert not store.exists()
    connect(settings(sandbox, str(store))).quota.acquire(Budget.SYNC)
    before = store.read_bytes()
    done = command("quota", "--target", "--config", file, "--json")
    assert limits(done)["sync_calls_per_day"]["used"] == 1
    assert store.read_bytes() == before


def test_what_is_reserved_for_others_is_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    file = config_file(tmp_path, sandbox, quota_reserve_percent=20)
    bulk = limits(command("quota", "--tap", "--config", file, "--json"))["bulk_calls_per_hour"]
    assert (bulk["limit"], bulk["reserved"], bulk["left"]) == (10, 2, 8)
    assert "20% of every limit" in command("quota", "--tap", "--config", file).out


def test_the_calls_of_the_last_day_are_told_hour_by_hour(sandbox: Sandbox, tmp_path: Path) -> None:
    given = settings(sandbox, str(tmp_path / "quota.sqlite"))
    now = time.time()
    for hours, calls in {30: 9, 20: 2, 3: 5, 0: 1}.items():
        quota = connect(given, clock=ManualClock(now - hours * 3_600)).quota
        taken = [quota.acquire(Budget.SYNC) for _ in range(calls + 1)]
        quota.refund(Budget.SYNC, taken[0])
    file = config_file(tmp_path, sandbox)
    day = command("quota", "--tap", "--config", file, "--json").json["last_24_hours"]["sync"]
    assert day["calls"] == 8
    assert list(day["by_hour"].values()) == [2, 5, 1]
    printed = command("quota", "--tap", "--config", file).out
    assert "sync calls in the last 24 hours: 8" in printed


def test_who_has_reserved_what_is_told(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings(sandbox, str(tmp_path / "quota.sqlite"))
    monkeypatch.setattr("socket.gethostname", lambda: "etl-1")
    for program, calls in {
        "/opt/bin/tap-gainsight": 3,
        "/opt/target_gainsight/__main__.py": 2,
    }.items():
        monkeypatch.setattr(sys, "argv", [program])
        quota = connect(given).quota
        taken = [quota.acquire(Budget.SYNC) for _ in range(calls + 1)]
        quota.refund(Budget.SYNC, taken[0])
    quota.acquire(Budget.BULK)
    file = config_file(tmp_path, sandbox)
    told = command("quota", "--tap", "--config", file, "--json").json["last_24_hours"]
    assert told["sync"]["by_caller"] == {
        "tap-gainsight on etl-1": 3,
        "target-gainsight on etl-1": 2,
    }
    assert told["bulk"]["by_caller"] == {"target-gainsight on etl-1": 1}
    printed = command("quota", "--tap", "--config", file).out
    assert re.search(r"target-gainsight on etl-1 +2 +0 +1 ", printed)


def test_calls_that_an_earlier_version_counted_are_nobodys(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    given = settings(sandbox, str(tmp_path / "quota.sqlite"))
    now = time.time()
    before = Usage.from_document(None, Budget.SYNC, Limits().windows(Budget.SYNC), now)
    document = before.with_call().with_call().to_document().replace(b',"callers":{}', b"")
    assert b"callers" not in document
    quota = connect(given).quota
    quota.store.update(document_key(quota.key, Budget.SYNC), lambda _: (None, document))
    quota.acquire(Budget.SYNC)
    done = command("quota", "--tap", "--config", config_file(tmp_path, sandbox), "--json")
    callers = done.json["last_24_hours"]["sync"]["by_caller"]
    assert callers.pop("not known") == 2
    assert list(callers.values()) == [1]
    assert limits(done)["sync_calls_per_day"]["used"] == 3


def test_jobs_by_a_key_of_their_own_are_counted_by_it(sandbox: Sandbox, tmp_path: Path) -> None:
    store = str(tmp_path / "quota.sqlite")
    connect(settings(sandbox, store, access_key="own")).quota.acquire(Budget.BULK)
    connect(settings(sandbox, store)).quota.acquire(Budget.SYNC)
    given = {"bulk_import_api": "connector", "bulk_access_key": "own"}
    file = config_file(tmp_path, sandbox, **given)
    used = limits(command("quota", "--target", "--config", file, "--json"))
    assert used["bulk_calls_per_day"]["used"] == used["sync_calls_per_day"]["used"] == 1


def test_a_refusal_by_gainsight_is_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    quota = connect(settings(sandbox, str(tmp_path / "quota.sqlite"))).quota
    quota.exhausted(Budget.BULK)
    file = config_file(tmp_path, sandbox)
    assert command("quota", "--tap", "--config", file, "--json").json["refused_until"]["bulk"]
    assert "Gainsight refuses bulk calls until" in command("quota", "--tap", "--config", file).out


@pytest.mark.parametrize(
    ("arguments", "environment", "error"),
    [
        ([], {}, "there are no settings"),
        (["--tap", "--target"], {}, "not both"),
        (["--tap"], {}, "setting `domain` is missing: it is read from the file that --config"),
        (["--target"], {}, "or from the variable TARGET_GAINSIGHT_DOMAIN"),
        ([], {"TAP_GAINSIGHT_DOMAIN": "acme", "TARGET_GAINSIGHT_DOMAIN": "acme"}, "of both"),
        ([], {"TARGET_GAINSIGHT_DOMAIN": "acme"}, "`access_key` is missing"),
        (["--tap", "--config", "none.json"], {}, "none.json"),
        (["--config", "none.json"], {}, "--tap or --target"),
        (["--tpa"], {}, "See gainsight quota --help"),
    ],
)
def test_settings_that_cannot_be_used_are_one_line(
    arguments: list[str], environment: dict[str, str], error: str
) -> None:
    assert error in command("quota", *arguments, **environment).error


def test_a_damaged_store_is_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "quota.sqlite").write_text("no database")
    error = command("quota", "--tap", "--config", config_file(tmp_path, sandbox)).error
    assert "quota_store: the file" in error


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What a process writes to a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "gainsight_command", *arguments],
        stdout=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", **environment},
    )
    os.close(theirs)
    text = b""
    try:
        while select.select([ours], [], [], 60)[0]:
            text += os.read(ours, 65_536)
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    return text.decode()


def test_a_terminal_has_bars_and_no_colours_if_they_are_not_wanted(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    quota = connect(settings(sandbox, str(tmp_path / "quota.sqlite"))).quota
    for _ in range(5):
        quota.acquire(Budget.BULK)
    arguments = ("quota", "--tap", "--config", config_file(tmp_path, sandbox))
    coloured, plain = on_a_terminal(*arguments), on_a_terminal(*arguments, NO_COLOR="1")
    assert "█" * 8 + "░" * 8 in re.sub(r"\x1b\[[0-9;]*m", "", plain)
    assert "\x1b[32m" in coloured
    assert "\x1b[32m" not in plain
    assert "█" not in command(*arguments).out
