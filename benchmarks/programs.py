"""What is measured: each program reads the same rows and writes Singer lines on stdout.

python -m benchmarks.programs NAME CHUNK REPEATS [URL]
"""

from __future__ import annotations

import csv
import shutil
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

from benchmarks import data
from gainsight_api.datatypes import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAPS: dict[str, dict[str, Any]] = {
    "map": {"stream_maps": {data.OBJECT: {"Doubled": "Number0__gc"}}},
    "flatten": {"flattening_enabled": True, "flattening_max_depth": 2},
}
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


def sdk_tap(chunk: Path, repeats: int, config: dict[str, Any]) -> None:
    """The SDK as it comes: a stream of typed records, and nothing else of one's own."""
    from singer_sdk import Stream, Tap

    class CsvStream(Stream):
        name = data.OBJECT
        schema = data.schema()
        primary_keys = ("Gsid",)
        replication_key = "ModifiedDate"
        is_sorted = True
        check_sorted = False  # each chunk begins again with the first rows

        def get_records(self, context: Any) -> Iterator[dict[str, Any]]:
            readers = {name: _READERS[kind] for name, kind in data.KINDS.items()}
            for _ in range(repeats):
                with chunk.open(encoding="utf-8", newline="") as file:
                    for row in csv.DictReader(file):
                        yield {
                            name: readers[name](cell) if cell else None
                            for name, cell in row.items()
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


def our_tap(chunk: Path, repeats: int, url: str, config: dict[str, Any]) -> None:
    """This project's tap; its export jobs are done at once, and their chunks lie in a file."""
    from gainsight_api.export import Chunk, Exports, Job, JobState, JobStatus
    from gainsight_api.query import Query
    from tap_gainsight.tap import TapGainsight

    def submit(*_: Any) -> Job:
        return Job(id="job", status_url="/job")

    def status(*_: Any) -> JobStatus:
        chunks = tuple(Chunk("/chunk", number, None) for number in range(repeats))
        return JobStatus(JobState.COMPLETED, rows=None, chunks=chunks)

    def fetch(_exports: Exports, _chunk: Chunk, file: IO[bytes]) -> None:
        with chunk.open("rb") as source:
            shutil.copyfileobj(source, file)

    if config["extract_method"] == "bulk":
        Query.page = lambda *_: []  # type: ignore[method-assign]
    Exports.submit = submit  # type: ignore[method-assign,assignment]
    Exports.status = status  # type: ignore[method-assign,assignment]
    Exports.fetch = fetch  # type: ignore[method-assign,assignment]
    Exports.forget = lambda *_: None  # type: ignore[method-assign]
    entry = {
        "tap_stream_id": data.OBJECT,
        "stream": data.OBJECT,
        "key_properties": ["Gsid"],
        "replication_key": "ModifiedDate",
        "schema": data.schema(),
        "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
    }
    unlimited = dict.fromkeys(("sync_calls_per_minute", "sync_calls_per_day"), 10**6)
    settings = {
        "domain": url,
        "access_key": "key",
        "quota_store": "memory",
        "max_rows_per_job": 10**9,
        **unlimited,
        **config,
    }
    TapGainsight(config=settings, catalog={"streams": [entry]}).sync_all()


def main(name: str, chunk: str, repeats: str, url: str = "http://127.0.0.1:9") -> None:
    """Run one of them."""
    path, times = Path(chunk), int(repeats)
    kind, _, option = name.partition(":")
    match kind:
        case "nothing":
            pass
        case "none":
            without_sdk(path, times)
        case "sdk":
            sdk_tap(path, times, MAPS.get(option, {}))
        case "rest":
            sdk_rest_tap(url)
        case "query":
            our_tap(path, times, url, {"extract_method": "query"})
        case "tap":
            our_tap(path, times, url, {"extract_method": "bulk", **MAPS.get(option, {})})


if __name__ == "__main__":
    main(*sys.argv[1:])
