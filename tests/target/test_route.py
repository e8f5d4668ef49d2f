"""Where a stream goes: settings that do not go with its object are named."""

from __future__ import annotations

from typing import Any

import pytest

from gainsight_api.errors import ConfigError
from tests.target.support import THING, Runner, record, schema


@pytest.mark.parametrize(
    ("stream", "settings", "words"),
    [
        ("nowhere", {}, "has no object 'nowhere'"),
        (THING, {"keys": ["Foo"]}, "has no field 'Foo'"),
        (THING, {"fields": {"a": "Foo"}}, "has no field 'Foo'"),
        (THING, {"fields": {"a": "Name", "b": "Name"}}, "several properties to Name"),
    ],
)
def test_settings_that_do_not_fit_are_named(
    runner: Runner, stream: str, settings: dict[str, Any], words: str
) -> None:
    output = runner.load(schema(stream), record(stream, Name="a"), **settings)
    assert isinstance(output.error, ConfigError)
    assert words in str(output.error)


@pytest.mark.parametrize("operation", ["update", "upsert"])
def test_updates_without_keys_are_refused(runner: Runner, operation: str) -> None:
    output = runner.load(schema(keys=()), record(Name="a"), operation=operation)
    assert isinstance(output.error, ConfigError)
    assert "`keys`" in str(output.error)
