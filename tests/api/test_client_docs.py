"""The programs in the client's document do what they show."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gainsight_sandbox import Sandbox

if TYPE_CHECKING:
    import pytest

DOCUMENT = Path(__file__).parents[2] / "docs/client.md"


def test_the_programs_of_the_document_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    names: dict[str, Any] = {}
    with Sandbox(rows={"company": 300}) as tenant:
        monkeypatch.setenv("GAINSIGHT_DOMAIN", tenant.url)
        monkeypatch.setenv("GAINSIGHT_ACCESS_KEY", tenant.access_key)
        exec("".join(programs), names)
        names["session"].http.close()
    printed = capsys.readouterr().out.splitlines()
    assert printed[-3:] == [
        "1 company updated",
        "97 calls left this minute",
        "300 companies exported",
    ]
    assert len((tmp_path / "company-0.csv").read_text().splitlines()) == 301
