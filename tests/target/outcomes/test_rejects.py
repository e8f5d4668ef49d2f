"""Dead letters read by themselves, whatever happened before, and tell all that a replay needs."""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError, GainsightError
from gainsight_sandbox import Effect, Fault
from gainsight_sandbox.behaviour.call_kinds import CallKind
from target_gainsight.outcomes.letter_file import check_folder
from target_gainsight.outcomes.problems import Problem
from target_gainsight.outcomes.rejects import coded, file_stem
from target_gainsight.outcomes.tally import RejectsError
from tests.target.support import THING, Runner, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from gainsight_sandbox import Sandbox

BAD = record(Name="bad", Number__gc="x")
FEED = [schema(THING, "Name", "Number__gc"), record(Name="good"), BAD, state(1)]


def path_of(runner: Runner) -> Path:
    runner.rejects.mkdir()
    return runner.rejects / f"{THING}.jsonl"


@pytest.mark.parametrize("before", ['{"stream":"thing__gc","object":"th', '{"whole":1}'])
def test_a_line_that_was_torn_is_left_and_the_next_letter_reads(
    runner: Runner, before: str
) -> None:
    path = path_of(runner)
    path.write_text(before)
    assert runner.loaded(*FEED, max_rejects=-1).states == [1]
    torn, letter = path.read_text().splitlines()
    assert torn == before
    assert json.loads(letter)["record"] == BAD["record"]


def test_a_symbolic_link_is_not_followed(runner: Runner, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine")
    path_of(runner).symlink_to(outside)
    output = runner.load(*FEED, max_rejects=-1)
    assert isinstance(output.error, GainsightError)
    assert "is a symbolic link" in str(output.error)
    assert output.states == []
    assert outside.read_text() == "mine"


def test_what_is_no_file_is_named(runner: Runner) -> None:
    path = path_of(runner)
    os.mkfifo(path)
    output = runner.load(*FEED, max_rejects=-1)
    assert f"{path} cannot be used (is no regular file)" in str(output.error)
    assert output.states == []


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_place_of_the_folder_is_told_before_anything_is_loaded(
    runner: Runner, below: str
) -> None:
    runner.rejects.write_text("mine")
    runner.rejects /= below
    output = runner.load(*FEED, max_rejects=-1)
    assert isinstance(output.error, ConfigError)
    assert "setting `rejects_path`: " in str(output.error)
    assert not runner.rows()


def test_a_folder_that_cannot_be_written_to_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write anywhere, so that the system's own answer is put in its place.
    monkeypatch.setattr(os, "access", lambda place, _: place != tmp_path)
    with pytest.raises(ConfigError, match=r"`rejects_path`: .* cannot be written to"):
        check_folder(tmp_path / "rejects" / "mine")


@pytest.mark.parametrize("name", ["link", "a\0b", "x" * 300])
def test_what_can_be_no_folder_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="`rejects_path`: "):
        check_folder(tmp_path / name)


def test_a_folder_that_no_letter_needs_is_not_made(runner: Runner) -> None:
    runner.rejects /= "deeper"
    assert runner.loaded(*FEED[:2], state(1)).states == [1]
    assert not runner.rejects.parent.exists()


def test_letters_tell_their_run_and_their_properties(runner: Runner) -> None:
    described = {"Name": {"type": "string"}, "Number__gc": {"type": "number"}, "Other": {}}
    head = {**FEED[0], "schema": {"properties": described}}
    for _ in range(2):
        runner.loaded(head, BAD, BAD, state(1), max_rejects=-1, operation="insert")
    letters = runner.letters()
    assert [letter["key_properties"] for letter in letters] == [["Name"]] * 4
    assert letters[0]["properties"] == {name: described[name] for name in BAD["record"]}
    runs = [letter["run_id"] for letter in letters]
    assert runs[0] == runs[1] != runs[2] == runs[3]


def test_a_mapped_streams_letter_has_the_record_as_received_under_its_own_name(
    runner: Runner,
) -> None:
    maps = {"people": {"__alias__": THING, "Name": "full", "Number__gc": "number", "full": None}}
    properties = {"full": {"type": "string"}, "number": {"type": ["string", "null"]}}
    head = {
        "type": "SCHEMA",
        "stream": "people",
        "schema": {"properties": properties},
        "key_properties": ["full"],
    }
    maps["people"]["__key_properties__"] = ["Name"]  # type: ignore[assignment]
    rows = [record("people", full=name, number=number) for name, number in ("a1", "bx", "c2")]
    output = runner.loaded(head, *rows, state(1), max_rejects=-1, stream_maps=maps)
    assert output.states == [1]
    assert set(runner.rows()) == {"a", "c"}
    (letter,) = runner.letters("people")
    assert letter["stream"] == "people"
    assert letter["key_properties"] == ["full"]
    assert letter["record"] == {"full": "b", "number": "x"}
    assert set(letter["properties"]) == {"full", "number"}


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("GS_1", "", "GS_1"),
        (None, "GSOBJ_1007: a value is missing", "GSOBJ_1007"),
        (None, "something else", "REFUSED"),
    ],
)
def test_a_code_is_never_null(code: str | None, message: str, expected: str) -> None:
    assert coded(Problem(code, message)).code == expected


def test_a_run_ends_with_its_rejects_by_code_and_field(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path_of(runner).write_text("{}\n")
    feed = [record(Name=f"b{n}", Number__gc="SECRET") for n in range(2)]
    head = schema(THING, "Name", "Number__gc", "Day__gc")
    runner.load(head, *feed, record(Name="c", Day__gc="SECRET"), state(1))
    assert "INVALID_NUMBER Number__gc 2 (lines 2, 3), INVALID_DATE Day__gc 1 (line 4)" in (
        caplog.text
    )
    assert "SECRET" not in caplog.text


def test_an_insert_that_fails_for_its_rejects_says_what_is_in(runner: Runner) -> None:
    output = runner.load(*FEED, operation="insert")
    assert output.states == []
    assert "1 record was inserted, and would come twice" in str(output.error)
    assert "send only those, which the dead-letter file holds" in str(output.error)


def test_properties_that_a_stream_lacks_are_named_at_its_schema(runner: Runner) -> None:
    entry: dict[str, Any] = {"name": THING, "fields": {"nmae": "Name", "nubmer": "Number__gc"}}
    output = runner.load(*FEED, streams=[entry])
    assert isinstance(output.error, ConfigError)
    assert "no property 'nmae' (`fields` to Name), 'nubmer' (`fields`" in str(output.error)
    assert not runner.sandbox.journal.calls


def test_a_property_whose_field_another_fills_is_said_to_be_left_out_for_it(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    streams = [{"name": THING, "fields": {"a": "Number__gc"}}]
    runner.loaded(schema(THING, "Name", "a", "Number__gc"), state(1), streams=streams)
    assert "`fields` fills the field Number__gc from a" in caplog.text
    assert "no such field" not in caplog.text


def test_long_names_that_begin_alike_stay_apart() -> None:
    names = {file_stem("x" * 300), file_stem("x" * 301), file_stem("\u682a" * 29), "a%2Fb"}
    assert len(names) == 4
    assert all(len(name) < 200 for name in names)
    assert file_stem("a/b") == "a%2Fb"


def test_a_letter_does_not_hold_the_credential_that_a_refusal_quotes(
    runner: Runner, sandbox: Sandbox
) -> None:
    error = {
        "errorCode": "GSOBJ_1002",
        "errorMessage": f"the key {sandbox.access_key} may not set it",
        "fieldName": "Name",
        "invalidValue": "a",
    }
    data = {"errors": [[{"success": False, "errors": [error]}]]}
    refusal = json.dumps({"result": False, "errorCode": "GSOBJ_1002", "data": data})
    sandbox.faults.add(Fault(Effect.STATUS, on=CallKind.INSERT, status=400, body=refusal))
    output = runner.load(schema(), record(Name="a"), operation="insert", load_mode="rest")
    assert isinstance(output.error, RejectsError)
    (letter,) = runner.letters()
    assert letter["errors"][0]["message"] == "the key *** may not set it"
