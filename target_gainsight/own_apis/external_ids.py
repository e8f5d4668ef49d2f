"""The `ExternalId` of an activity, made of the values of its keys."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gainsight_api.objects.datatypes import Kind, kind_in
from target_gainsight.rows.keys import comparable, kind_of_field
from target_gainsight.rows.values import text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_gainsight.loading.route import Route

_MOST_PLACES = 400
"""A number of more is written with its exponent, which may stand for any number of zeros."""
_below_milliseconds = re.compile(r"[.,][0-9]{3}([0-9]*?)0*(?![0-9])").search
_in_parts = re.compile(r"([\\|])").sub


def key_kinds(route: Route, properties: Mapping[str, Any]) -> dict[str, Kind]:
    """The kinds of a route's keys, by field.

    Args:
        route: The route.
        properties: The JSON Schema of each property of the stream's records.
    """
    sources = {field: name for name, field in route.fields.items()}
    kinds = {key: _kind(properties.get(sources.get(key, key)) or {}) for key in route.keys}
    return {
        key: kind_of_field(route.object, key) if kind is Kind.TEXT else kind
        for key, kind in kinds.items()
    }


def _kind(schema: Mapping[str, Any]) -> Kind:
    kind = kind_in(schema)
    # What may be a text, too, is one: 007 is not 7 then.
    return Kind.TEXT if kind is not Kind.DATETIME and "string" in schema.get("type", ()) else kind


def external_id(stream: str, values: Sequence[str], kinds: Sequence[Kind]) -> str:
    """An id that is equal for equal keys, however they are written, and for no others.

    Args:
        stream: The stream's name, with which the id begins.
        values: The values of the keys, as texts.
        kinds: The kinds of the keys.
    """
    parts = [_canonical(kind, value) for kind, value in zip(kinds, values, strict=True)]
    if len(parts) > 1:
        parts = [_in_parts(r"\\\1", part) for part in parts]
    return f"{stream}:{'|'.join(parts)}"


def _canonical(kind: Kind, value: str) -> str:
    if kind in {Kind.TEXT, Kind.DATE}:
        return value
    form = comparable(kind, value)
    if isinstance(form, Decimal):
        return f"{form:f}" if abs(form.adjusted()) < _MOST_PLACES else str(form)
    finer = _below_milliseconds(value) if kind is Kind.DATETIME and form != value else None
    if finer and finer[1]:
        return f"{form.removesuffix('Z')}{finer[1]}Z"
    return str(text(form))
