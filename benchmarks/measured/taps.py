"""The taps that are measured; each reads the same rows and writes Singer lines on stdout."""

from __future__ import annotations

import csv
import io
import shutil
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, ClassVar

from benchmarks import data
from benchmarks.measured.servers import chunk_paths, rows_of
from gainsight_api.objects.datatypes import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

MAPS: dict[str, dict[str, Any]] = {
    "map": {"stream_maps": {data.OBJECT: {"Doubled": "Number0__gc"}}},
    "flatten": {"flattening_enabled": True, "flattening_max_depth": 2},
}
BATCHES: dict[str, dict[str, str]] = {
    "jsonl.gz": {"format": "jsonl", "compression": "gzip"},
    "jsonl": {"format": "jsonl", "compression": "none"},
    "parquet": {"format": "parquet", "compression": "none"},
    "parquet.gz": {"format": "parquet", "compression": "gzip"},
}
"""The encodings of BATCH files."""
_READERS: dict[Kind, Callable[[str], Any]] = {
    Kind.NUMBER: Decimal,
    Kind.BOOLEAN: "true".__eq__,
    Kind.DATE: str,
    Kind.DATETIME: str,
    Kind.TEXT: str,
}


def without_sdk(chunk: Path, repeats: int) -> None:
    """The csv module, typed values and orjson: no stream maps, no metrics, no state."""
    import orjson

    to_value = {Kind.NUMBER: float, Kind.DATETIME: datetime.fromisoformat, Kind.DATE: str}
    names = [f"{name!r}: " for name in data.KINDS]
    scope: dict[str, Any] = {}
    values = []
    for n, kind in enumerate(data.KINDS.values()):
        scope[f"to{n}"] = to_value.get(kind)
        read = f"row[{n}] == 'true'" if kind is Kind.BOOLEAN else f"row[{n}]"
        values.append(f"({f'to{n}(row[{n}])' if scope[f'to{n}'] else read} if row[{n}] else None)")
    pairs = ", ".join(name + value for name, value in zip(names, values, strict=True))
    record_of = eval(f"lambda row: {{{pairs}}}", scope)
    write, options = sys.stdout.buffer.write, orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z
    for _ in range(repeats):
        with chunk.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            next(lines)
            for row in lines:
                message = {
                    "type": "RECORD",
                    "stream": data.OBJECT,
                    "record": record_of(row),
                    "time_extracted": datetime.now(UTC),
                }
                write(orjson.dumps(message, option=options))


def files(chunk: Path, repeats: int) -> Iterator[IO[str]]:
    """A chunk, opened so many times."""
    for _ in range(repeats):
        with chunk.open(encoding="utf-8", newline="") as file:
            yield file


def downloads(url: str, repeats: int) -> Iterator[IO[str]]:
    """The chunks of a tenant's export job, as they arrive."""
    import requests

    with requests.Session() as session:
        for path in chunk_paths(repeats):
            with session.get(url + path, stream=True, timeout=60) as response:
                response.raise_for_status()
                raw: Any = response.raw
                raw.auto_close = False  # else the wrapper finds it closed at its end
                yield io.TextIOWrapper(raw, encoding="utf-8", newline="")


def sdk_tap(chunks: Iterable[IO[str]], config: dict[str, Any], *, all_text: bool = False) -> None:
    """The SDK as it comes: a stream of typed records, and nothing else of one's own.

    Args:
        chunks: The rows.
        config: Settings of the SDK's own.
        all_text: Cells are handed on as they are, as tap-csv does.
    """
    from singer_sdk import Stream, Tap

    kinds = dict.fromkeys(data.KINDS, Kind.TEXT) if all_text else data.KINDS

    class CsvStream(Stream):
        name = data.OBJECT
        schema = data.schema(kinds)
        primary_keys = ("Gsid",)
        replication_key = "ModifiedDate"
        is_sorted = True
        check_sorted = False  # each chunk begins again with the first rows

        def get_records(self, context: Any) -> Iterator[dict[str, Any]]:
            readers = {name: _READERS[kind] for name, kind in kinds.items()}
            for file in chunks:
                if all_text:
                    yield from csv.DictReader(file)
                    continue
                for row in csv.DictReader(file):
                    yield {
                        name: readers[name](cell) if cell else None for name, cell in row.items()
                    }

    class CsvTap(Tap):
        name = "tap-csv"
        config_jsonschema: ClassVar[dict[str, Any]] = {"type": "object", "properties": {}}

        def discover_streams(self) -> list[Stream]:
            return [CsvStream(self)]

    CsvTap(config=config).sync_all()


def sdk_rest_tap(url: str) -> None:
    """The SDK's RESTStream as it comes."""
    from singer_sdk import RESTStream, Tap
    from singer_sdk.pagination import BaseAPIPaginator

    class Pages(BaseAPIPaginator[int]):
        def get_next(self, response: Any) -> int | None:
            return self.current_value + 1 if response.json()["data"]["records"] else None

    class QueryStream(RESTStream[int]):
        name = data.OBJECT
        path = f"/v1/data/objects/query/{data.OBJECT}"
        schema = data.schema()
        primary_keys = ("Gsid",)
        replication_key = "ModifiedDate"
        is_sorted = True
        check_sorted = False  # it compares texts, and times come in several forms
        http_method = "POST"
        records_jsonpath = "$.data.records[*]"
        url_base = url

        def prepare_request_payload(self, context: Any, next_page_token: Any) -> dict[str, Any]:
            return {"select": list(data.KINDS), "page": next_page_token}

        def get_new_paginator(self) -> Pages:
            return Pages(0)

    class QueryTap(Tap):
        name = "tap-query"
        config_jsonschema: ClassVar[dict[str, Any]] = {"type": "object", "properties": {}}

        def discover_streams(self) -> list[RESTStream[int]]:
            return [QueryStream(self)]

    QueryTap(config={}).sync_all()


def without_network(chunk: Path, repeats: int) -> None:
    """Have the tap's export jobs done at once, their chunks being copies of a file.

    Args:
        chunk: The rows.
        repeats: How many chunks there are of them.
    """
    from gainsight_api.jobs.exports import Chunk, Exports, Job, JobStatus
    from gainsight_api.jobs.job_states import JobState
    from gainsight_api.objects.query import Query

    def submit(*_: Any, **__: Any) -> Job:
        return Job(id="job", status_url="/job")

    def status(*_: Any) -> JobStatus:
        rows = rows_of(chunk)
        paths = enumerate(chunk_paths(repeats))
        chunks = tuple(Chunk(path, number * rows, rows) for number, path in paths)
        return JobStatus(JobState.COMPLETED, rows=rows * repeats, chunks=chunks)

    def fetch(_exports: Exports, _chunk: Chunk, file: IO[bytes]) -> None:
        with chunk.open("rb") as source:
            shutil.copyfileobj(source, file)

    Query.page = lambda *_: []  # type: ignore[method-assign]
    Exports.submit = submit  # type: ignore[method-assign]
    Exports.status = status  # type: ignore[method-assign,assignment]
    Exports.forget = lambda *_: None  # type: ignore[method-assign]
    Exports.fetch = fetch  # type: ignore[method-assign,assignment]


def our_tap(url: str, config: dict[str, Any]) -> None:
    """This project's tap.

    Args:
        url: The tenant.
        config: Settings.
    """
    from tap_gainsight.tap import TapGainsight

    unlimited = dict.fromkeys(("sync_calls_per_minute", "sync_calls_per_day"), 10**6)
    settings = {
        "domain": url,
        "access_key": "key",
        "quota_store": "memory",
        "max_rows_per_job": 10**9,
        **unlimited,
        **config,
    }
    TapGainsight(config=settings, catalog={"streams": [_catalog_entry()]}).sync_all()


def _catalog_entry() -> dict[str, Any]:
    return {
        "tap_stream_id": data.OBJECT,
        "stream": data.OBJECT,
        "key_properties": ["Gsid"],
        "replication_key": "ModifiedDate",
        "schema": data.schema(),
        "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
    }


def fetch_one_after_the_other() -> None:
    """Have the tap fetch a chunk only when it has read the one before."""
    from tap_gainsight.extract import jobs

    jobs._FETCHED_AHEAD = 0  # noqa: SLF001
