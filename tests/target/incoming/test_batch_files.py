"""BATCH messages, whose records are in files."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.singerlib.exceptions import InvalidInputLine

from tests.target.support import THING, Runner, schema

if TYPE_CHECKING:
    from pathlib import Path


def batch(url: str, compression: str = "none") -> dict[str, Any]:
    return {
        "type": "BATCH",
        "stream": THING,
        "encoding": {"format": "jsonl", "compression": compression},
        "manifest": [url],
    }


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_batch_messages_are_loaded(runner: Runner, tmp_path: Path, compression: str) -> None:
    lines = "".join(json.dumps({"Name": f"n{index}"}) + "\n" for index in range(7)).encode()
    path = tmp_path / "batch.jsonl"
    path.write_bytes(gzip.compress(lines) if compression == "gzip" else lines)
    runner.loaded(schema(), batch(path.as_uri(), compression))
    assert len(runner.rows()) == 7


@pytest.mark.parametrize(
    ("names", "url"),
    [
        (["a b/x#1?.jsonl"], "file://{}/a%20b/x%231%3F.jsonl"),
        (["a b/x#1?.jsonl"], "file://localhost{}/a%20b/x%231%3F.jsonl"),
        (["a b/x#1?.jsonl"], "file://{}/a b/x#1?.jsonl"),
        (["a b/x#1?.jsonl"], "{}/a b/x#1?.jsonl"),
        (["a%20b/x.jsonl"], "file://{}/a%20b/x.jsonl"),
        (["a%20b/x.jsonl", "a b/x.jsonl"], "file://{}/a%20b/x.jsonl"),
    ],
)
def test_a_files_name_is_read_as_it_stands_or_without_its_escapes(
    runner: Runner, tmp_path: Path, names: list[str], url: str
) -> None:
    for number, name in enumerate(names):
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"Name": f"n{number}"}))
    runner.loaded(schema(), batch(url.format(tmp_path / "files")))
    assert list(runner.rows()) == ["n0"]


def test_a_file_that_is_not_there_is_named_and_no_folder_is_made(
    runner: Runner, tmp_path: Path
) -> None:
    url = f"file://{tmp_path}/a%20b/x.jsonl"
    output = runner.load(schema(), batch(url))
    assert isinstance(output.error, InvalidInputLine)
    assert f"The BATCH file {url} cannot be read (No such file or directory)" in str(output.error)
    assert not any(path.name.startswith("a") for path in tmp_path.iterdir())
