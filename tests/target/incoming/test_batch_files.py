"""BATCH messages, whose records are in files."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.target.support import THING, Runner, schema

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_batch_messages_are_loaded(runner: Runner, tmp_path: Path, compression: str) -> None:
    lines = "".join(json.dumps({"Name": f"n{index}"}) + "\n" for index in range(7)).encode()
    path = tmp_path / "batch.jsonl"
    path.write_bytes(gzip.compress(lines) if compression == "gzip" else lines)
    runner.loaded(
        schema(),
        {
            "type": "BATCH",
            "stream": THING,
            "encoding": {"format": "jsonl", "compression": compression},
            "manifest": [path.as_uri()],
        },
    )
    assert len(runner.rows()) == 7
