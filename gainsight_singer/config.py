"""Settings as they come from files and the environment, made ready for their schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gainsight_api.errors import ConfigError
from gainsight_api.settings import check_setting

if TYPE_CHECKING:
    from collections.abc import Mapping


def coerced(config: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Settings, ready to be checked against their schemas.

    Numbers that came as text become numbers: environment variables are text, and so is what
    Meltano makes of a number with a fraction. Secrets are checked against their type here, because
    the message of a general validator would quote them.

    Raises:
        ConfigError: A setting is not of its type; the error names it.
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
    """A schema of settings by which environment variables are read: numbers are left as text.

    What reads them as numbers then, `coerced`, can say which setting it was that did not read.
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
