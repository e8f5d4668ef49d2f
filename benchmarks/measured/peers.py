"""Other programs that read the same rows or lines, and write them out."""

from __future__ import annotations

import csv
import os
import tempfile
from typing import TYPE_CHECKING, Any

from benchmarks import data

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def dlt_pipeline(chunk: Path, repeats: int) -> None:
    """A dlt resource of the chunk's rows, loaded into jsonl files that are not compressed."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
        os.environ["NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION"] = "true"
        os.environ["DLT_DATA_DIR"] = folder
        import dlt
        from dlt.destinations import filesystem

        def rows() -> Iterator[dict[str, Any]]:
            for _ in range(repeats):
                with chunk.open(encoding="utf-8", newline="") as file:
                    yield from csv.DictReader(file)

        pipeline = dlt.pipeline(
            "bench",
            pipelines_dir=f"{folder}/pipelines",
            destination=filesystem(bucket_url=f"file://{folder}/out"),
            dataset_name="bench",
        )
        pipeline.run(dlt.resource(rows, name=data.OBJECT), loader_file_format="jsonl")


def target_csv() -> None:
    """meltanolabs-target-csv, into a file."""
    from meltanolabs_target_csv.target import TargetCSV

    with tempfile.TemporaryDirectory() as folder:
        TargetCSV(config={"output_path": folder}).listen()
