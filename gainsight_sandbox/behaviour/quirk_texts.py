"""Quirks as the command line gives them: names and values in text."""

from __future__ import annotations

from dataclasses import fields
from enum import StrEnum
from typing import Any, get_type_hints

from gainsight_sandbox.behaviour.quirks import Quirks


def parse_quirks(texts: dict[str, str]) -> Quirks:
    """Quirks from their names and values in text; raises ValueError for a wrong one."""
    types = get_type_hints(Quirks)
    known = [field.name for field in fields(Quirks)]
    settings: dict[str, Any] = {}
    for name, text in texts.items():
        attribute = name.replace("-", "_")
        if attribute not in known:
            raise ValueError(f"no quirk is named {name!r}; there are {', '.join(known)}")
        settings[attribute] = _parse(attribute, types[attribute], text)
    return Quirks(**settings)


def _parse(name: str, kind: type, text: str) -> object:
    if kind is bool:
        if text.lower() not in {"true", "false"}:
            raise ValueError(f"quirk {name} is true or false, not {text!r}")
        return text.lower() == "true"
    try:
        return kind(text)
    except ValueError:
        choices = f"one of {', '.join(kind)}" if issubclass(kind, StrEnum) else "a whole number"
        raise ValueError(f"quirk {name} is {choices}, not {text!r}") from None
