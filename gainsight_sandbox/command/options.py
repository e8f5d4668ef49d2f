"""Types of command-line options that click does not have."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_type_hints

import click

from gainsight_sandbox.behaviour.quirk_texts import parse_quirks
from gainsight_sandbox.behaviour.quirks import Quirks
from gainsight_sandbox.imports.data_jobs import DataJob

if TYPE_CHECKING:
    from collections.abc import Callable


class RowsType(click.ParamType[tuple[str, int]]):
    """`OBJECT=N`."""

    name = "rows"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """The object's name and the number."""
        name, _, count = str(value).partition("=")
        if not name or not count.isdecimal():
            self.fail(f"{value!r} is not of the form OBJECT=N, such as company=50000", param, ctx)
        return name, int(count)


class TextType(click.ParamType[object]):
    """A text that a function parses."""

    def __init__(self, name: str, parse: Callable[[str], object]) -> None:
        self.name = name
        self._parse = parse

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """The parsed value."""
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def quirk_pair(text: str) -> tuple[str, str]:
    """A quirk's name and value, if there is such a quirk."""
    name, separator, value = text.partition("=")
    if not separator:
        raise ValueError(f"{text!r} is not of the form NAME=VALUE")
    parse_quirks({name: value})
    return name, value


def parse_data_job(text: str) -> DataJob:
    """A data job from `ID=OBJECT:OPERATION[:KEYS]`."""
    job_id, separator, rest = text.partition("=")
    object_name, _, operation_keys = rest.partition(":")
    operation, _, keys = operation_keys.partition(":")
    if not (job_id and separator and object_name and operation):
        raise ValueError(f"{text!r} is not of the form ID=OBJECT:OPERATION[:KEYS]")
    return DataJob(job_id, object_name, operation, tuple(filter(None, keys.split(","))))


def quirk_help() -> str:
    """The quirks with their choices, the default first."""
    types = get_type_hints(Quirks)
    defaults = Quirks()
    lines = ["\b", "Quirks, with their defaults first:"]
    for field in fields(Quirks):
        default = getattr(defaults, field.name)
        others = [str(choice) for choice in _choices(types[field.name]) if choice != default]
        shown = str(default).lower() if isinstance(default, bool) else str(default) or '""'
        lines.append(f"  {field.name.replace('_', '-')}={shown} {' '.join(others)}".rstrip())
    return "\n".join(lines)


def _choices(kind: type) -> list[Any]:
    return list(kind) if issubclass(kind, StrEnum) else []
