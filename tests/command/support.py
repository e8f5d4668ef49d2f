"""The command `gainsight` in this process, against a sandbox over real HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from gainsight_command.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from gainsight_sandbox import Sandbox

KEY = "key-that-must-not-be-seen-4711"


@dataclass
class Done:
    """What a command did."""

    status: int
    out: str
    err: str
    as_json: bool = False

    @property
    def json(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line with which it failed; with `--json` it is on standard output, too."""
        assert self.status == 1, self.out + self.err
        assert self.err.count("\n") == 1, self.err
        line = self.err.strip()
        if self.as_json:
            assert self.json == {"ok": False, "error": line}
        else:
            assert self.out == ""
        return line


def command(*arguments: str, **environment: str) -> Done:
    """Run `gainsight` with some variables; whatever is not a user's mistake is raised."""
    done = CliRunner(env=environment).invoke(main, arguments, catch_exceptions=False)
    assert KEY not in done.output
    return Done(done.exit_code, done.stdout, done.stderr, "--json" in arguments)


def config_file(folder: Path, sandbox: Sandbox, **settings: Any) -> str:
    """A config file for a sandbox; its quota store is in the folder."""
    file = folder / "config.json"
    given = {
        "domain": sandbox.url,
        "access_key": sandbox.access_key,
        "quota_store": str(folder / "quota.sqlite"),
        "job_poll_interval": 0.1,
        **settings,
    }
    file.write_text(json.dumps(given))
    return str(file)
