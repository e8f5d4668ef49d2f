"""A feed with bad records among the good ones, as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = {
    "type": "SCHEMA",
    "stream": "companies",
    "schema": {"properties": {"Name": {}, "Arr": {}, "Employees": {}}},
    "key_properties": ["Name"],
}
BAD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"Name": "bad 1", "Arr": "a lot"}, {"Arr": "1.5"}),
    ({"Name": "bad 2", "OriginalContractDate": "someday"}, {"OriginalContractDate": "2026-01-02"}),
    ({"Name": "bad 3", "Stage": "No Such Stage"}, {"Stage": None}),
    ({"Name": "x" * 300}, {"Name": "bad 4"}),
    ({"Name": None, "Arr": 1}, {"Name": "bad 5"}),
    ({"Name": "bad 6", "Csm": "nobody"}, {"Csm": None}),
    ({"Name": "bad 7", "Arr": True}, {"Arr": "7"}),
]


def feed() -> list[dict[str, Any]]:
    good = [{"Name": f"Company {n}", "Arr": f"{n}.25"} for n in range(993)]
    for place, (bad, _) in enumerate(BAD):
        good.insert(place * 140 + 17, bad)
    return good


def load(
    sandbox: Sandbox, folder: Path, records: list[dict[str, Any]], **settings: Any
) -> subprocess.CompletedProcess[str]:
    config = folder / "config.json"
    given = {
        "domain": sandbox.url,
        "access_key": sandbox.access_key,
        "quota_store": "memory",
        "rejects_path": str(folder / "rejects"),
        "streams": [{"name": "companies", "object": "company", "keys": ["Name"]}],
        **settings,
    }
    config.write_text(json.dumps(given))
    messages = [
        SCHEMA,
        *({"type": "RECORD", "stream": "companies", "record": record} for record in records),
        {"type": "STATE", "value": {"bookmarks": {"companies": {"seen": len(records)}}}},
    ]
    return subprocess.run(
        [sys.executable, "-m", "target_gainsight", f"--config={config}"],
        input="".join(json.dumps(message) + "\n" for message in messages),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("allowed", "status"),
    [
        (6, 1),
        (7, 0),
        pytest.param(0, 1, marks=pytest.mark.slow),
        pytest.param(-1, 0, marks=pytest.mark.slow),
    ],
)
def test_993_of_1000_are_loaded_and_7_are_in_the_dead_letter_file_until_they_are_mended(
    tmp_path: Path, allowed: int, status: int
) -> None:
    with Sandbox(empty=True) as sandbox:
        done = load(sandbox, tmp_path, feed(), max_rejects=allowed)
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        assert bool(done.stdout) == (status == 0)
        assert sandbox.tenant.count("company") == 993

        file = tmp_path / "rejects" / "companies.jsonl"
        assert file.stat().st_mode & 0o777 == 0o600
        letters = [json.loads(line) for line in file.read_text().splitlines()]
        assert [letter["record"] for letter in letters] == [bad for bad, _ in BAD]
        for letter in letters:
            assert letter["stream"] == "companies"
            assert letter["object"] == "company"
            for error in letter["errors"]:
                assert error["code"]
                assert error["message"]
                assert error["field"]

        mended = [
            {**letter["record"], **mend} for letter, (_, mend) in zip(letters, BAD, strict=True)
        ]
        assert load(sandbox, tmp_path, mended).returncode == 0
        assert sandbox.tenant.count("company") == 1000
