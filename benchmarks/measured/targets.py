"""The targets that are measured; each reads Singer lines on stdin."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from functools import cache
from itertools import count
from typing import IO, TYPE_CHECKING, Any, ClassVar

from benchmarks import data
from gainsight_api.objects.datatypes import Kind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from requests import PreparedRequest, Response

_BLOCK = 1 << 14  # as the http client reads what it uploads
PER_CALL = 50
_DATA_TYPES = {Kind.TEXT: "STRING"}


def our_target(load_mode: str, written: Path, operation: str = "upsert") -> None:
    """This project's target, whole but for the network.

    What it would send is made, read, and written to a file, and it gets the shortest replies that
    say that all went well.
    """
    from requests.adapters import HTTPAdapter

    from target_gainsight.target import TargetGainsight

    with written.open("wb") as file:
        HTTPAdapter.send = _Tenant(file).send  # type: ignore[method-assign,assignment]
        windows = ("sync_calls_per_minute", "sync_calls_per_day")
        unlimited = (*windows, "bulk_calls_per_hour", "bulk_calls_per_day")
        TargetGainsight(
            config={
                "domain": "http://127.0.0.1:9",
                "access_key": "key",
                "quota_store": "memory",
                "operation": operation,
                "load_mode": load_mode,
                **dict.fromkeys(unlimited, 10**7),
            }
        ).listen()


class _Tenant:
    """Answers in place of the network."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._jobs = count()

    def send(self, request: PreparedRequest, **_: Any) -> Response:
        """Take a request in, and answer it."""
        from io import BytesIO

        from requests import Response
        from urllib3 import HTTPResponse

        path = str(request.url).partition("/v1/")[2].partition("?")[0]
        reply = Response()
        reply.status_code, reply.url, reply.request = 200, str(request.url), request
        answer = self._answer(f"{request.method} {path}", request.body)
        body = BytesIO(b'{"result":true,"data":%b}' % answer)
        reply.raw = HTTPResponse(body, status=200, preload_content=False)
        return reply

    def _answer(self, call: str, body: Any) -> bytes:
        if call.startswith("POST data/objects/") or call.endswith("/upsert"):
            self._file.write(body)
            self._file.write(b"\n")
            return b'{"count":%d}' % (body.count(b"},{") + 1)  # the records are flat
        if call == "POST bulk/jobs":
            while block := body.read(_BLOCK):
                self._file.write(block)
            return b'{"jobId":"job-%d"}' % next(self._jobs)
        if call == "GET bulk/jobs":
            return b'{"records":[],"totalCount":0}'
        if call.startswith("GET bulk/jobs/"):
            return b'{"status":"COMPLETED","failureCount":0}'
        if call == "POST meta/services/objects/describe":
            names = json.loads(body)["objectNames"]
            return b"[%b]" % b",".join(map(_description, names))
        raise NotImplementedError(call)


def _description(name: str) -> bytes:
    """The metadata of an object that is loaded."""
    return b'{"objectName":"%b","fields":%b}' % (name.encode(), _fields())


@cache
def _fields() -> bytes:
    fields = [
        {
            "fieldName": field,
            "label": field,
            "dataType": _DATA_TYPES.get(kind, kind.name),
            "meta": {},
        }
        for field, kind in data.LOADED_KINDS.items()
    ]
    return json.dumps(fields).encode()


def sdk_target(kind: str, written: Path) -> None:
    """The SDK as it comes: a batch sink that does what it must, and nothing else of one's own."""
    from singer_sdk import Target
    from singer_sdk.sinks import BatchSink

    write, size = (_csv_writer if kind == "csv" else _payload_writer)(written)

    class Sink(BatchSink):
        MAX_SIZE_DEFAULT = size or BatchSink.MAX_SIZE_DEFAULT

        def process_batch(self, context: dict[str, Any]) -> None:
            write(context["records"])

    class BatchTarget(Target):
        name = "target-batch"
        config_jsonschema: ClassVar[dict[str, Any]] = {"type": "object", "properties": {}}
        default_sink_class = Sink

    BatchTarget(config={}).listen()


_Write = tuple["Callable[[list[dict[str, Any]]], None]", int | None]


def _csv_writer(written: Path) -> _Write:
    file = written.open("w", encoding="utf-8", newline="")
    writer = csv.DictWriter(file, list(data.LOADED_KINDS))
    writer.writeheader()

    def write(records: list[dict[str, Any]]) -> None:
        for record in records:
            writer.writerow({name: _cell(value) for name, value in record.items()})
        file.flush()

    return write, None


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value


def _payload_writer(written: Path) -> _Write:
    file = written.open("wb")

    def write(records: list[dict[str, Any]]) -> None:
        file.write(json.dumps({"records": records}, default=_plain).encode())
        file.write(b"\n")
        file.flush()

    return write, PER_CALL


def _plain(value: Any) -> str:
    """What JSON has no type for: times, and decimals, as text."""
    return value.isoformat() if isinstance(value, date) else str(value)
