"""What is fed with any bytes: each reads them, or says in a clear error that it cannot.

A target raises nothing. What it lets through is held against a slower, plainer reading.
"""

from __future__ import annotations

import csv
import io
import json
import re
from codecs import BOM_UTF8
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.singerlib.exceptions import InvalidInputLine

from gainsight_api.calls.auth import granted
from gainsight_api.calls.replies import Reply, answer
from gainsight_api.errors import ConfigError, DataError, GainsightError
from gainsight_api.filters.build import body, parse_user_filter
from gainsight_api.filters.check import OPERATORS
from gainsight_api.objects.datatypes import READERS, Kind
from gainsight_command.dead_letters.letters import _lines
from gainsight_singer.given_files import given_json
from tap_gainsight.catalog.discovery import complete, spec_from_catalog
from tap_gainsight.given_files import catalog_file, state_file
from tap_gainsight.records.block import Column
from tap_gainsight.records.columns import read_column
from tap_gainsight.records.csv_cells import split
from tap_gainsight.records.decode import Decoder
from tap_gainsight.tap import TapGainsight
from target_gainsight.incoming.reader import MessageReader, records_in
from target_gainsight.rows.values import CONVERTERS, ConversionError
from target_gainsight.settings import TargetSettings
from target_gainsight.target import TargetGainsight

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = tuple(Column(name, name, Kind.TEXT) for name in ("a", "b"))
KINDS = (
    Column("Gsid", "Gsid", Kind.TEXT, required=True),
    Column("n", "n", Kind.NUMBER),
    Column("t", "t", Kind.DATETIME),
)


def chunk(data: bytes) -> None:
    """A chunk of two texts: what the csv module reads, or an error."""
    found: list[tuple[str, ...]] = []
    try:
        for block in Decoder("s", TEXTS).from_csv(io.BytesIO(data)):
            found += zip(*block.values, strict=True)
    except DataError:
        return
    if len(data) < len(BOM_UTF8):
        return  # of half a mark Python makes an empty text, which the number of rows tells
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    plain = [tuple(row) for row in rows if row]
    if plain and {cell.strip().casefold() for cell in plain[0]} <= {"a", "b"}:
        return  # a header, which may turn columns or lack some; a test of its own reads those
    # What reads as the header is no record, wherever it stands.
    assert found == [row for row in plain if row != ("a", "b")]


def typed_chunk(data: bytes) -> None:
    """A chunk with a key, numbers and times: read, or an error that quotes no cell."""
    try:
        for block in Decoder("s", KINDS).from_csv(io.BytesIO(data)):
            for record in block.records():
                json.dumps(record, default=str)
    except DataError as error:
        _clear(error)


def piece(data: bytes) -> None:
    """A piece of a file, split fast: what the csv module reads, or left to it."""
    text = data[1:].decode("utf-8", "replace")
    width = 1 + (data[0] if data else 0) % 4
    columns = split(text, width) if text else None
    if columns is not None:
        rows = [row or [""] for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
        assert [*map(list, zip(*columns, strict=True))] == rows


def cell(data: bytes) -> None:
    """A cell of each kind: no other value than it says, alone and in a column."""
    text = data.decode("utf-8", "replace")
    for kind, read in READERS.items():
        try:
            value = read(text)
        except ValueError:
            value = None
        try:
            column = list(read_column(kind, [text, ""]))
        except ValueError:
            column = None
        if text:
            alone = str(value).lower() if isinstance(value, bool) else str(value)
            assert column == (None if value is None else [alone, ""]), kind
        if value is None:
            continue
        if kind is Kind.NUMBER:
            assert Decimal(str(value)) == Decimal(text)
            assert json.loads(str(value), parse_float=Decimal, parse_int=Decimal) == Decimal(text)
        elif kind is Kind.DATETIME:
            datetime.fromisoformat(value)
            assert read(value) == value
        elif kind is Kind.DATE:
            assert read(value) == value


def converted(data: bytes) -> None:
    """A value for each kind of field: sent as it is, or a reject."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = data.decode("utf-8", "replace")
    for kind, convert in CONVERTERS.items():
        try:
            wire = convert(value)
        except ConversionError:
            continue
        assert wire is None or isinstance(wire, str | bool)
        if kind is Kind.NUMBER and wire is not None:
            assert Decimal(str(wire)) == Decimal(str(value).strip())


def envelope(data: bytes) -> None:
    """A reply of each status, and as one to a call for a token."""
    for status in (200, 400, 401, 404, 429, 503):
        reply = Reply(status, data, {"Retry-After": data[:20].decode("latin-1")})
        for read in (lambda reply: answer(reply, 0.0), granted):
            try:
                read(reply)
            except GainsightError as error:
                _clear(error)


def where(data: bytes) -> None:
    """A user's filter: built so that each condition keeps its meaning, or an error."""
    given = _json(data)
    if not isinstance(given, dict):
        return
    types = {f"f{n}": name for n, name in enumerate(OPERATORS)}
    try:
        built = body(parse_user_filter(given, types, "setting `streams`, stream s"))
    except ConfigError:
        return
    assert built is not None
    assert len(built["conditions"]) == len(given["conditions"])
    aliases = {each["alias"] for each in built["conditions"]}
    words = set(re.findall(r"\w+", built["expression"])) - {"AND", "OR", "and", "or"}
    assert {word for word in words if word.upper() not in {"AND", "OR"}} == aliases


def singer(data: bytes) -> None:
    """Lines of input: records come through with every digit, or as rejects, or the run ends."""
    seen: list[Any] = []
    callbacks = dict.fromkeys(
        ("RECORD", "SCHEMA", "STATE", "BATCH", "ACTIVATE_VERSION"), seen.append
    )
    reader = MessageReader()
    try:
        reader.process_lines(cast("Any", io.BytesIO(data)), callbacks)
    except InvalidInputLine:
        return
    for message in seen:
        if message["type"] == "RECORD" and not message.get("problems"):
            for record in message["records"]:
                assert isinstance(json.loads(record), dict)


def batch_file(data: bytes) -> None:
    """A file of records."""
    try:
        for records, problems in records_in(io.BytesIO(data), "f"):
            for record in records:
                assert isinstance(json.loads(record), dict) or problems
    except InvalidInputLine as error:
        _clear(error, "BATCH file f")


def settings(data: bytes) -> None:
    """The settings of both connectors: taken, or a mistake that is named."""
    given = _json(data)
    if not isinstance(given, dict):
        return
    given = {"domain": "acme", "access_key": "key", "quota_store": "memory", **given}
    for plugin in (TapGainsight, TargetGainsight):
        try:
            made: Any = plugin(config=given, validate_config=True, setup_mapper=False)
            made.settings if plugin is TapGainsight else TargetSettings.from_config(made.config)
        except (ConfigError, ConfigValidationError):
            pass


def catalog(data: bytes) -> None:
    """A catalog: streams, or a mistake that is named."""
    text = data.decode("utf-8", "replace")
    try:
        file = catalog_file(io.StringIO(text))
        if file is not None:
            made: Any = TapGainsight(config=CONFIG, catalog=json.load(file), setup_mapper=False)
            for entry in made.input_catalog.streams:
                complete(entry)
                spec_from_catalog(entry, made.settings.stream_settings)
    except ConfigError:
        pass


def state(data: bytes) -> None:
    """A state file: read, or a mistake that is named."""
    text = data.decode("utf-8", "replace")
    try:
        file = state_file(io.StringIO(text))
    except ConfigError:
        return
    if file is not None:
        assert isinstance(json.load(file), dict)


def letters(data: bytes) -> None:
    """A file of dead letters: each line is one, or told as none."""
    for line in _lines(data, Path("letters.jsonl")):
        if line.letter and line.letter.is_record:
            _ = line.letter.reason


CONFIG = {"domain": "acme", "access_key": "key", "quota_store": "memory"}


def _clear(error: Exception, part: str = "") -> None:
    assert part in str(error)
    assert str(error).isprintable()


def _json(data: bytes) -> Any:
    try:
        return given_json(data.decode("utf-8", "replace"), "it")
    except ConfigError:
        return None


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        chunk,
        typed_chunk,
        piece,
        cell,
        converted,
        envelope,
        where,
        singer,
        batch_file,
        settings,
        catalog,
        state,
        letters,
    )
}
