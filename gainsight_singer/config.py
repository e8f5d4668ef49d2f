"""Settings as they come from files and the environment, made ready for their schemas."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gainsight_api.calls.replies import printable
from gainsight_api.errors import ConfigError
from gainsight_api.settings import check_setting
from gainsight_singer.given_files import is_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_SLIP = 2
"""Edits between a setting's name and what was meant for it, at most."""


def coerced(
    config: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], list[str]]:
    """Settings, ready to be checked against their schemas, and what is wrong with the others.

    Numbers that came as text become numbers: environment variables are text, and so is what
    Meltano makes of a number with a fraction. Secrets are checked against their type here, because
    the message of a general validator would quote them.

    Args:
        config: The settings, as they come.
        schemas: The JSON Schema of each setting, by name.

    Returns:
        The settings, without the secrets and numbers that are not of their type; and what is wrong
        with these, by name and without a quote.
    """
    readers = _number_settings(schemas)
    ready, mistakes = {}, []
    for name, value in config.items():
        try:
            _check_text(name, value)
            if schemas.get(name, {}).get("secret"):
                check_setting(name, value, schemas[name])
            as_text = isinstance(value, str) and name in readers
            ready[name] = _number(name, value, readers[name]) if as_text else value
        except ConfigError as exc:
            mistakes.append(str(exc))
    return ready, mistakes


def _check_text(name: str, value: Any) -> None:
    if not is_text(value):
        raise ConfigError(
            f"setting `{name}` holds NUL, half of a surrogate pair, or bytes that are not UTF-8"
        )


def numbers_as_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema by which environment variables are read: numbers are left as text.

    `coerced` makes numbers of them, and can say which setting does not read as one. A setting of
    no one type is text, too: the SDK reads none from the environment.
    """
    schemas = schema["properties"]
    untyped = {name for name, each in schemas.items() if "type" not in each}
    texts = {name: {"type": "string"} for name in _number_settings(schemas).keys() | untyped}
    return {**schema, "properties": {**schemas, **texts}}


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


@dataclass(frozen=True, slots=True)
class UnknownSetting:
    """A setting that is not known.

    Attributes:
        place: Which list's entry it is in, if it is in one.
        name: Its name.
        near: The known setting that it reads like; None if it reads like none.
    """

    place: str
    name: str
    near: str | None

    def __str__(self) -> str:
        """What is wrong with it, and what to do."""
        advice = f"did you mean `{self.near}`?" if self.near else "it is not used"
        return f"{self.place}setting `{printable(self.name)}` is not known: {advice}"


def unknown_settings(
    config: Mapping[str, Any],
    schemas: Mapping[str, Mapping[str, Any]],
    also_known: Iterable[str] = (),
) -> Iterator[UnknownSetting]:
    """The settings that are not known, those of entries of lists among them.

    Args:
        config: The settings.
        schemas: The JSON Schema of each setting, by name.
        also_known: Names that are known beside them.
    """
    yield from _unknown(config, {*schemas, *also_known}, "")
    for setting, schema in schemas.items():
        entries = config.get(setting)
        if isinstance(entries, dict):
            yield from _unknown_within(entries, schema, f"`{setting}`")
        properties = schema.get("items", {}).get("properties")
        if not properties or not isinstance(entries, list):
            continue
        for number, entry in enumerate(entries, 1):
            if isinstance(entry, dict):
                called = printable(str(entry.get("name") or entry.get("object") or number))
                yield from _unknown(entry, properties, f"`{setting}`, entry {called}: ")


def _unknown_within(
    group: Mapping[str, Any], schema: Mapping[str, Any], place: str
) -> Iterator[UnknownSetting]:
    """The settings of a group that are not known, and those of the groups in it."""
    properties = schema.get("properties")
    if not properties or schema.get("additionalProperties"):
        return
    yield from _unknown(group, properties, f"{place}: ")
    for name, value in group.items():
        if isinstance(value, dict) and name in properties:
            yield from _unknown_within(value, properties[name], f"{place}, `{name}`")


def _unknown(
    config: Mapping[str, Any], known: Collection[str], place: str
) -> Iterator[UnknownSetting]:
    for name in config:
        if name not in known:
            alike = [each for each in sorted(known) if abs(len(each) - len(name)) <= _SLIP]
            edits = {each: _edits(name, each) for each in alike}
            near = min(edits, key=lambda each: edits[each], default=None)
            yield UnknownSetting(place, name, near if near and edits[near] <= _SLIP else None)


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
