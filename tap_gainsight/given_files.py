"""The files of a command line, as people have them."""

from __future__ import annotations

import io
import json
from typing import IO, Any

import msgspec

from gainsight_api.errors import ConfigError
from gainsight_singer.given_files import given_json, is_text


def state_file(file: IO[str] | None) -> IO[str] | None:
    """A state as the SDK reads it, also out of a STATE message or of what `meltano state get` says.

    Null is none.

    Raises:
        ConfigError: It is no state; the error names the file, and what to do.
    """
    if file is None:
        return None
    name = getattr(file, "name", "--state")
    text = file.read().removeprefix("\ufeff")
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(map(_reads, lines)):
        raise ConfigError(
            f"the state file {name} has {len(lines)} lines, each a state of its own: give the "
            f"last one (tail -1 {name})"
        )
    state = given_json(text, f"the state file {name}") if lines else {}
    if not is_text(state):
        raise ConfigError(f"the state file {name} holds NUL or half of a surrogate pair")
    if isinstance(state, dict) and state.get("type") == "STATE":
        state = state.get("value")
    elif isinstance(state, dict):
        state = state.get("singer_state", state)
    if not isinstance(state, dict | None):
        raise ConfigError(f"the state file {name} holds no state: it must be a JSON object")
    if state and "bookmarks" not in state and state.keys() - {"currently_syncing"}:
        raise ConfigError(f"the state file {name} holds no state: it has no `bookmarks`")
    return io.StringIO(json.dumps(_without_nulls(state or {}, name)))


def catalog_file(file: IO[str] | None) -> IO[str] | None:
    """A catalog as the SDK reads it.

    Raises:
        ConfigError: It is no catalog; the error names the file, and the entry.
    """
    if file is None:
        return None
    name = getattr(file, "name", "--catalog")
    text = file.read().removeprefix("\ufeff")
    catalog = given_json(text, f"the catalog file {name}")
    if not is_text(catalog):
        raise ConfigError(f"the catalog file {name} holds NUL or half of a surrogate pair")
    streams = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(streams, list):
        raise ConfigError(f"the catalog file {name} has no list of `streams`")
    for number, entry in enumerate(streams, 1):
        if wrong := _wrong_with(entry):
            raise ConfigError(f"the catalog file {name}, stream number {number}: {wrong}")
    return io.StringIO(text)


class _Schema(msgspec.Struct):
    type: str | list[str] | None = None
    format: str | None = None
    properties: dict[str, _Schema] | None = None
    items: _Schema | None = None


class _Object(msgspec.Struct):
    properties: dict[str, _Schema]


class _Described(msgspec.Struct, rename="kebab"):
    table_key_properties: list[str] | None = None
    replication_key: str | None = None
    forced_replication_method: str | None = None


class _DescribedAt(msgspec.Struct):
    breadcrumb: list[str]
    metadata: _Described


class _Entry(msgspec.Struct):
    """What of a catalog's entry is read, here or by the SDK."""

    tap_stream_id: str
    schema: _Object
    stream: str | None = None
    key_properties: list[str] | None = None
    replication_key: str | None = None
    replication_method: str | None = None
    metadata: list[_DescribedAt] = []


def _wrong_with(entry: Any) -> str:
    """What is wrong with the form of a catalog's entry; nothing, if it is empty."""
    try:
        msgspec.convert(entry, _Entry)
    except msgspec.ValidationError as exc:
        return str(exc)
    return ""


def _without_nulls(state: dict[str, Any], name: str) -> dict[str, Any]:
    bookmarks = state.get("bookmarks")
    if bookmarks is None:
        return {key: value for key, value in state.items() if key != "bookmarks"}
    if not isinstance(bookmarks, dict):
        raise ConfigError(f"the state file {name} holds no state: its bookmarks are no JSON object")
    for stream, bookmark in bookmarks.items():
        if not isinstance(bookmark, dict | None):
            raise ConfigError(f"the state file {name}, stream {stream}: its bookmark is no object")
    return {**state, "bookmarks": {key: value for key, value in bookmarks.items() if value}}


def _reads(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
