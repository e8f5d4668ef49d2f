"""How a command fails: in one line, and with `--json` in one JSON document as well."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.command.support import Done, command, config_file

if TYPE_CHECKING:
    from pathlib import Path

    from gainsight_sandbox import Sandbox


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (["check", "--tap"], {"acces_key": "x"}, "did you mean `access_key`?"),
        (["check", "--target"], {"domain": None}, "domain"),
        (["quota", "--tap"], {"quota_store": "redis://:pass@127.0.0.1:1/0"}, "quota_store"),
        (["quota", "--tap", "--frobnicate"], {}, "No such option"),
        (["plan", "no_such_stream"], {}, "no stream"),
        (["rejects", "replay"], {"max_retries": "many"}, "`max_retries`"),
        (["rejects", "replay", "--from", "no_such_file"], {}, "no_such_file"),
    ],
)
def test_a_mistake_is_one_line_and_one_json_document(
    sandbox: Sandbox,
    tmp_path: Path,
    arguments: list[str],
    settings: dict[str, Any],
    said: str,
) -> None:
    settings = {"quota_store": "memory", **settings}
    given = [*arguments, "--config", config_file(tmp_path, sandbox, **settings)]
    for done in (command(*given), command(*given, "--json")):
        assert said in done.error
        assert ":pass@" not in done.out + done.err


def test_a_broken_config_file_is_a_json_document_too(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("{nope")
    assert "config.json" in command("check", "--tap", "--json", "--config", str(file)).error


def test_the_program_itself_prints_one_json_document() -> None:
    program = [sys.executable, "-m", "gainsight_command", "check", "--tap", "--target", "--json"]
    ran = subprocess.run(program, check=False, capture_output=True, text=True)
    done = Done(ran.returncode, ran.stdout, ran.stderr, as_json=True)
    assert "--tap" in done.error
