"""What docs/sandbox.md tells users to type, typed: the local tenant for one command, and curl."""

from __future__ import annotations

import re
import shutil

import pytest

from gainsight_sandbox import Sandbox
from tests.e2e.support import ROOT, environment, run

MARK = "<!-- run: tests/e2e/test_sandbox_page.py -->"
BLOCKS = re.findall(
    rf"^{MARK}\n\n```console\n(.*?)^```",
    (ROOT / "docs" / "sandbox.md").read_text(),
    re.DOTALL | re.MULTILINE,
)
OTHER = [(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID"), (r"1P02[0-9A-Z]{32}", "GSID")]
"""What is another at each run."""


def alike(text: str) -> str:
    for pattern, instead in OTHER:
        text = re.sub(pattern, instead, text)
    return text


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.startswith("$ curl")])
def test_what_curl_is_answered_is_what_is_shown(block: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    with Sandbox(rows={"company": 5}) as sandbox:
        known = str(next(iter(sandbox.tenant.rows("company")))["Gsid"])
        for command, shown in re.findall(r"^\$ (.*)\n(.*)\n", block, re.MULTILINE):
            own = re.sub(r"1P02\w+", known, command.replace("http://127.0.0.1:8787", sandbox.url))
            done = run("bash", "-c", own, env=environment(sandbox))
            assert done.returncode == 0, done.stderr
            assert alike(done.stdout.strip()) == alike(shown)


@pytest.mark.slow
@pytest.mark.parametrize("block", [block for block in BLOCKS if not block.startswith("$ curl")])
def test_a_tenant_lasts_as_long_as_a_command(block: str) -> None:
    (command,) = re.findall(r"^\$ (.*)$", block, re.MULTILINE)
    with Sandbox(empty=True) as sandbox:
        env = {k: v for k, v in environment(sandbox).items() if not k.startswith("TAP_")}
    done = run("bash", "-c", command, env=env)
    assert done.returncode == 0, done.stderr
    assert '"type": "RECORD"' in done.stdout or '"type":"RECORD"' in done.stdout
