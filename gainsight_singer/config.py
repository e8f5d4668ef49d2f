"""Settings as they come from files and the environment, made ready for their schemas."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from gainsight_api.errors import ConfigError
from gainsight_api.settings import check_setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SLIP = 2
"""Edits between a setting's name and what was meant for it, at most."""


def coerced(config: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Settings, ready to be checked against their schemas.

    Numbers that came as text become numbers: environment variables are text, and so is what
    Meltano makes of a number with a fraction. Secrets are checked against their type here, because
    the message of a general validator would quote them.

    Args:
        config: The settings, as they come.
        schemas: The JSON Schema of each setting, by name.

    Raises:
        ConfigError: A secret or a number is not of its type; the text names the setting, and does
            not quote it.
    """
    readers = _number_settings(schemas)
    for name, schema in schemas.items():
        if schema.get("secret"):
            check_setting(name, config.get(name), schema)
    return {
        name: _number(name, value, readers[name])
        if isinstance(value, str) and name in readers
        else value
        for name, value in config.items()
    }


def numbers_as_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema by which environment variables are read: numbers are left as text.

    `coerced` makes numbers of them, and can say which setting does not read as one.
    """
    texts = {name: {"type": "string"} for name in _number_settings(schema["properties"])}
    return {**schema, "properties": {**schema["properties"], **texts}}


def _number_settings(
    schemas: Mapping[str, Mapping[str, Any]],
) -> dict[str, type[int | float]]:
    """The settings that are numbers, and whether they are whole ones."""
    kinds: dict[str, type[int | float]] = {"integer": int, "number": float}
    types = {name: schema.get("type", [""])[0] for name, schema in schemas.items()}
    return {name: kinds[first] for name, first in types.items() if first in kinds}


def _number(name: str, text: str, reader: type[int | float]) -> int | float:
    try:
        return reader(text)
    except ValueError:
        kind = "a whole number" if reader is int else "a number"
        raise ConfigError(f"setting `{name}` is not {kind}") from None


def check_known(config: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    """Look for settings that are not known.

    Yields:
        The names of those that read like none that is known.

    Raises:
        ConfigError: One reads like a known one, so it is most likely a slip.
    """
    for name in config:
        if name in schemas:
            continue
        near = next((known for known in schemas if _edits(name, known) <= _SLIP), None)
        if near:
            raise ConfigError(f"setting `{name}` is not known: did you mean `{near}`?")
        yield name


def _edits(one: str, other: str) -> int:
    """How many letters must be changed, added or left out to make one text of the other."""
    before = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, wanted in enumerate(other, 1):
            now.append(
                min(
                    before[column] + 1,
                    now[column - 1] + 1,
                    before[column - 1] + (letter != wanted),
                )
            )
        before = now
    return before[-1]


def environment(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The schema of those settings that the environment holds, each as JSON where it must be.

    Raises:
        ConfigError: A list or an object is not JSON; the error names its variable.
    """
    kept = dict(schema["properties"])
    for name, setting in schema["properties"].items():
        text = os.environ.get(f"{prefix}{name.upper()}")
        if text is None or not {"array", "object"} & {*setting.get("type", ())}:
            continue
        if not text.strip():
            del kept[name]
            continue
        # The SDK takes a list of texts also with commas alone between them.
        if text.lstrip()[:1] in {"[", "{"} or setting.get("items", {}).get("type") != "string":
            try:
                json.loads(text)
            except ValueError:
                raise ConfigError(
                    f"the environment variable {prefix}{name.upper()} is not JSON, as its setting "
                    f"`{name}` has to be"
                ) from None
    return {**schema, "properties": kept}
