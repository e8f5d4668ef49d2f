"""The settings: read once, into typed values."""

from __future__ import annotations

from typing import Any

import pytest

from target_gainsight.settings import TargetSettings
from target_gainsight.target import TargetGainsight


def settings(**config: Any) -> TargetSettings:
    return TargetSettings.from_config({"domain": "acme", **config})


def test_the_settings_have_titles_and_descriptions() -> None:
    properties = TargetGainsight.config_jsonschema["properties"]
    for name in ("streams", "operation", "max_rejects", "domain"):
        assert properties[name]["title"]
        assert properties[name]["description"]


@pytest.mark.parametrize(
    ("stream", "object_name"),
    [("usage", "first"), ("usage_daily", "second"), ("usage[1]", "third"), ("USAGE", None)],
)
def test_the_first_entry_whose_name_or_glob_matches_counts(
    stream: str, object_name: str | None
) -> None:
    entries = [
        {"name": "usage", "object": "first"},
        {"name": "usage_*", "object": "second"},
        {"name": "usage[1]", "object": "third"},
        {"name": "usage*", "object": "fourth"},
    ]
    assert settings(streams=entries).for_stream(stream).object == object_name


def test_an_entry_has_the_general_settings_where_it_says_nothing() -> None:
    given = settings(
        streams=[{"name": "a", "operation": "update", "deletes": None, "fields": {}}],
        operation="insert",
        deletes="delete",
        fields={"x": "Name"},
    )
    entry, other = given.for_stream("a"), given.for_stream("b")
    assert (entry.operation, entry.deletes, entry.fields) == ("update", "delete", {})
    assert (other.operation, other.deletes, other.fields) == ("insert", "delete", {"x": "Name"})


def test_what_is_null_or_absent_has_its_default() -> None:
    given = settings(max_rejects=None)
    assert (given.max_rejects, given.rejects_path, given.dry_run) == (0, "rejects/", False)
    assert given.for_stream("any").load_mode == "auto"
