"""Where a stream goes: settings that do not go with its object are named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError
from gainsight_sandbox import ManualClock, Sandbox
from tests.target.support import THING, Runner, record, schema, thing

if TYPE_CHECKING:
    from pathlib import Path


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


def test_all_mistakes_of_an_entry_are_named_at_once(runner: Runner) -> None:
    entry = {
        "name": THING,
        "keys": ["Foo", "Colours__gc"],
        "fields": {"a": "Bar", "b": "Name", "c": "Name"},
        "lookups": {"Baz": {"fields": {"x": "Name"}, "objectName": "company", "lookupField": "G"}},
    }
    output = runner.load(schema(), record(Name="a"), streams=[entry])
    assert isinstance(output.error, ConfigError)
    said = str(output.error)
    assert said.startswith(f"stream {THING}: ")
    for words in ("'Foo'", "Colours__gc is a multi-select", "'Bar'", "'Baz'", "several", "to Name"):
        assert words in said
    assert "\n" not in said


@pytest.mark.parametrize("operation", ["update", "upsert"])
def test_updates_without_keys_are_refused(runner: Runner, operation: str) -> None:
    output = runner.load(schema(keys=()), record(Name="a"), operation=operation)
    assert isinstance(output.error, ConfigError)
    assert "`keys`" in str(output.error)


def test_a_key_that_is_named_twice_is_one(runner: Runner) -> None:
    runner.loaded(schema(), record(Name="a"), record(Name="a"), keys=["Name", "Name"])
    assert set(runner.rows()) == {"a"}


def test_deletions_in_a_high_volume_object_are_refused_at_the_start(tmp_path: Path) -> None:
    with Sandbox(
        empty=True, clock=ManualClock(), objects=[replace(thing(), high_volume=True)]
    ) as sandbox:
        output = Runner(sandbox, tmp_path).load(schema(), record(Name="a"), deletes="delete")
        assert isinstance(output.error, ConfigError)
        assert "cannot be deleted by any call" in str(output.error)
        assert not sandbox.journal.calls


@pytest.mark.parametrize("mode", ["rest", "bulk", "auto"])
def test_an_object_that_nothing_writes_is_told_with_what_to_do(tmp_path: Path, mode: str) -> None:
    closed = replace(thing(), createable=False)
    with Sandbox(empty=True, clock=ManualClock(), objects=[closed]) as sandbox:
        output = Runner(sandbox, tmp_path).load(schema(), record(Name="a"), load_mode=mode)
    told = str(output.error)
    assert "`gainsight check --target`" in told
    assert "another `object`" in told
    assert ("set `load_mode` to bulk" in told) is (mode != "bulk")
