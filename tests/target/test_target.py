"""What the target does with messages, and when it says that something is done."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from singer_sdk.exceptions import RecordsWithoutSchemaException
from singer_sdk.singerlib.exceptions import InvalidInputLine

from gainsight_api.errors import GainsightError
from gainsight_sandbox import Effect, Fault, ManualClock, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind
from target_gainsight.outcomes.tally import RejectsError
from tests.target.support import (
    THING,
    Runner,
    as_lines,
    make_target,
    record,
    records,
    run,
    schema,
    state,
    thing,
)

OTHER = "other__gc"
REST: dict[str, Any] = {"load_mode": "rest"}


@pytest.fixture
def two(tmp_path: Path) -> Any:
    objects = [thing(), thing(OTHER)]
    with Sandbox(empty=True, clock=ManualClock(), objects=objects) as sandbox:
        yield Runner(sandbox, tmp_path / "rejects")


def test_a_state_is_written_as_soon_as_its_batch_is_loaded(runner: Runner) -> None:
    feed = records(25)
    output = runner.loaded(
        schema(),
        *feed[:10],
        state({"at": 10}),
        *feed[10:],
        state({"at": 25, "number": 1.10}),
        batch_size_rows=10,
        **REST,
    )
    assert output.states == [{"at": 10}, {"at": 25, "number": 1.10}]


def test_a_closed_standard_output_is_an_error_and_no_traceback(runner: Runner) -> None:
    target = make_target(runner.sandbox, runner.rejects)
    feed = io.StringIO(as_lines([schema(), *records(1), state(1)]))
    with (
        contextlib.redirect_stdout(None),
        pytest.raises(GainsightError, match="standard output is closed"),
    ):
        target.listen(feed)


def test_a_state_between_full_batches_waits_for_what_came_before_it(runner: Runner) -> None:
    feed = records(20)
    sandbox = runner.sandbox
    sandbox.faults.add(
        Fault(
            Effect.STATUS,
            on=CallKind.INSERT,
            status=404,
            skip=1,
            count=None,
        )
    )
    output = runner.load(
        schema(), *feed[:15], state(15), *feed[15:], state(20), batch_size_rows=10, **REST
    )
    assert isinstance(output.error, GainsightError)
    assert output.states == []


def test_a_state_comes_back_exactly_as_it_was(
    runner: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    value = '{"b":1.10,  "a":[1e5,null],"é":"\\u00e9"}'
    target = make_target(runner.sandbox, runner.rejects)
    target.listen(_text(schema(), record(Name="x"), f'{{"type":"STATE","value":{value}}}'))
    assert capsys.readouterr().out == value + "\n"


def _text(*messages: Any) -> Any:
    import io  # noqa: PLC0415 - only here

    return io.StringIO(as_lines(messages))


def test_interleaved_streams_hold_back_a_state_until_all_are_loaded(two: Runner) -> None:
    feed: list[Any] = []
    for index in range(10):
        feed += [record(Name=f"n{index}"), record(OTHER, Name=f"n{index}"), state(index)]
    output = two.loaded(schema(), schema(OTHER), *feed, batch_size_rows=3, **REST)
    assert output.states[-1] == 9
    assert two.sandbox.tenant.count(THING) == two.sandbox.tenant.count(OTHER) == 10
    assert output.states == sorted(output.states)


def test_a_stream_that_has_ended_does_not_hold_back_the_states_of_the_next(two: Runner) -> None:
    output = two.loaded(
        schema(),
        *records(3),
        schema(OTHER),
        *records(10, OTHER),
        state(1),
        *records(10, OTHER),
        state(2),
        batch_size_rows=10,
        load_mode="bulk",
    )
    assert output.states == [1, 2]
    assert len(two.sandbox.journal.imports) == 3


def test_states_follow_while_a_long_rest_load_is_going_on(tmp_path: Path) -> None:
    clock = ManualClock()
    with Sandbox(empty=True, clock=clock, objects=[thing()]) as sandbox:
        feed: list[Any] = []
        for part in range(20):
            feed += [*records(100, Code__gc=f"{part}"), state(part)]
            for message in feed[-101:-1]:
                message["record"]["Name"] += f"-{part}"
        written: list[float] = []

        class Watched(type(make_target(sandbox, tmp_path))):  # type: ignore[misc]
            def _write_confirmed_state(self) -> None:
                super()._write_confirmed_state()
                written.append(clock.now())

        target = make_target(sandbox, tmp_path)
        target.__class__ = Watched
        target._config |= {
            "sync_calls_per_minute": 2,
            "load_mode": "rest",
            "operation": "insert",
            "batch_size_rows": 2_000,
        }
        run(target, schema(), *feed)
        gaps = [later - earlier for earlier, later in pairwise(written)]
        assert clock.now() - written[0] > 600
        assert max(gaps) <= 300


def test_what_has_waited_for_five_minutes_goes_by_rest_but_not_by_job(two: Runner) -> None:
    clock = two.sandbox.clock
    target = make_target(
        two.sandbox,
        two.rejects,
        streams=[{"name": THING, "load_mode": "rest"}, {"name": OTHER, "load_mode": "bulk"}],
    )
    target.process_lines(_text(schema(), schema(OTHER), record(Name="a"), record(OTHER, Name="a")))
    clock.sleep(301)
    target.process_lines(_text(state(1)))
    assert two.sandbox.tenant.count(THING) == 1
    assert two.sandbox.usage().bulk == 0
    target.process_endofpipe()
    assert two.sandbox.usage().bulk == 1


def test_a_resent_schema_changes_nothing(runner: Runner) -> None:
    runner.loaded(schema(), *records(3), schema(), *records(3), schema(), load_mode="bulk")
    assert len(runner.sandbox.journal.imports) == 1


def test_a_new_property_does_not_close_a_batch(runner: Runner) -> None:
    runner.loaded(
        schema(THING, "Name", "Code__gc"),
        record(Name="a", Code__gc="1"),
        schema(THING, "Name", "Code__gc", "Text__gc"),
        record(Name="a", Text__gc="2"),
        load_mode="bulk",
    )
    row = runner.rows()["a"]
    assert (row["Code__gc"], row["Text__gc"]) == ("1", "2")
    assert len(runner.sandbox.journal.imports) == 1


@pytest.mark.parametrize("mode", ["rest", "bulk"])
def test_records_before_new_keys_are_written_before_those_after(runner: Runner, mode: str) -> None:
    runner.sandbox.tenant.insert(THING, {"Name": "a", "Code__gc": "1"})
    output = runner.loaded(
        schema(keys=["Name"]),
        record(Name="a", Code__gc="1", Text__gc="old"),
        state(1),
        schema(keys=["Code__gc"]),
        record(Name="a", Code__gc="1", Text__gc="new"),
        state(2),
        load_mode=mode,
    )
    assert runner.rows()["a"]["Text__gc"] == "new"
    assert output.states == [1, 2]


def test_versions_are_ignored_with_one_warning(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    version = {"type": "ACTIVATE_VERSION", "stream": THING, "version": 1}
    runner.sandbox.tenant.insert(THING, {"Name": "kept"})
    runner.loaded(schema(), version, *records(2), version)
    assert "kept" in runner.rows()
    assert caplog.text.count("ACTIVATE_VERSION is ignored") == 1


def test_what_the_object_lacks_is_left_out_with_one_warning(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    runner.loaded(
        schema(THING, "Name", "Foo", "CreatedDate", "_sdc_batched_at"),
        record(Name="a", Foo=1, CreatedDate="2020-01-01", _sdc_batched_at="2020-01-01"),
        schema(THING, "Name", "Foo"),
    )
    assert "a" in runner.rows()
    [warning] = [each.message for each in caplog.records if each.levelno == logging.WARNING]
    assert warning.endswith("Foo, CreatedDate")


def test_fields_are_mapped_and_metadata_is_sent_where_mapped(runner: Runner) -> None:
    runner.loaded(
        schema("people", "full_name", keys=["full_name"]),
        record("people", full_name="Ann", _sdc_extracted_at="2024-01-02T03:04:05Z", Name="ignored"),
        streams=[
            {
                "name": "peop*",
                "object": THING,
                "fields": {"full_name": "Name", "_sdc_extracted_at": "At__gc"},
            }
        ],
    )
    assert runner.rows()["Ann"]["At__gc"].isoformat() == "2024-01-02T03:04:05+00:00"


def test_stream_maps_are_applied(runner: Runner) -> None:
    runner.loaded(
        schema("source", "id"),
        *(record("source", id=index, amount=1.10) for index in range(4)),
        stream_maps={
            "source": {
                "__alias__": THING,
                "__key_properties__": ["Name"],
                "__filter__": "id > 0",
                "Name": "'no ' + str(id)",
                "Number__gc": "amount",
                "id": "__NULL__",
            }
        },
        stream_map_config={},
    )
    rows = runner.rows()
    assert sorted(rows) == ["no 1", "no 2", "no 3"]
    assert {str(row["Number__gc"]) for row in rows.values()} == {"1.1"}


def test_numbers_keep_every_digit(runner: Runner) -> None:
    numbers = ["1.10", "12345678901234567890.123456789", "-0.000001", "1E5", "0.00000000"]
    lines = [
        f'{{"type":"RECORD","stream":"{THING}","record":{{"Name":"{n}","Number__gc":{n}}}}}'
        for n in numbers
    ]
    runner.loaded(schema(), *lines)
    stored = {name: str(row["Number__gc"]) for name, row in runner.rows().items()}
    assert stored["12345678901234567890.123456789"] == "12345678901234567890.123456789"
    assert stored["1E5"] == "100000"
    assert stored["1.10"] == "1.10"


@pytest.mark.parametrize(
    "line",
    [
        "not json SECRET",
        '{"type":"RECORD","stream":"thing__gc","record":{"Name":"SECRET"',
        '{"type":"RECORD","stream":"thing__gc"}',
        '{"type":"RECORD","record":{"Name":"SECRET"}}',
        '{"type":"RECORD","stream":"thing__gc","record":["SECRET"]}',
        '{"type":"SECRET","stream":"thing__gc"}',
        '{"type":"STATE","SECRET":1}',
        '{"type":"SCHEMA","stream":"x"}',
        '{"stream":"x","record":{"a":NaN}}',
        "[]",
        "null",
    ],
)
def test_a_line_that_is_no_singer_message_stops_the_run_without_being_quoted(
    runner: Runner, caplog: pytest.LogCaptureFixture, line: str
) -> None:
    output = runner.load(schema(), record(Name="a"), line, state(1))
    assert isinstance(output.error, InvalidInputLine)
    assert "SECRET" not in f"{caplog.text}{output.error}"
    assert not output.states


def test_a_record_before_its_schema_stops_the_run(runner: Runner) -> None:
    output = runner.load(record(Name="a"))
    assert isinstance(output.error, RecordsWithoutSchemaException)


def test_all_streams_are_loaded_before_rejects_fail_the_run(two: Runner) -> None:
    output = two.load(
        schema(),
        schema(OTHER),
        record(Name="bad", Number__gc="x"),
        *records(3),
        *records(3, OTHER),
        state(1),
    )
    assert isinstance(output.error, RejectsError)
    assert "1 record was rejected" in str(output.error)
    assert f"{THING}.jsonl" in str(output.error)
    assert two.sandbox.tenant.count(THING) == two.sandbox.tenant.count(OTHER) == 3
    assert not output.states


def test_the_batches_before_the_one_that_broke_the_limit_keep_their_state(runner: Runner) -> None:
    output = runner.load(
        schema(),
        *records(5),
        state(1),
        record(Name="bad", Number__gc="x"),
        *records(4),
        state(2),
        *records(5),
        state(3),
        batch_size_rows=5,
    )
    assert isinstance(output.error, RejectsError)
    assert output.states == [1]


def test_no_record_value_is_logged(runner: Runner, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    runner.load(
        schema(),
        record(Name="SECRET" * 10),
        record(Name="a", Number__gc="SECRET", Colour__gc="SECRET"),
        record(Name="b", Company__gc="SECRET"),
        load_mode="rest",
    )
    assert len(runner.letters()) == 3
    assert "SECRET" not in caplog.text


def test_the_readmes_streams_load_what_tap_postgres_sends(runner: Runner) -> None:
    readme = Path(__file__).parents[2] / "README.md"
    streams = json.loads(readme.read_text().split("streams '")[1].split("'")[0])
    stream = "public-accounts"
    described = schema(stream, "account_name", keys=("account_name",))
    runner.loaded(described, record(stream, account_name="Foo"), state(1), streams=streams)
    assert runner.rows("company").keys() == {"Foo"}


def test_a_missing_key_is_named_with_the_property_that_should_hold_it(runner: Runner) -> None:
    runner.load(
        schema(THING, "title", keys=("title",)),
        record(title=None),
        fields={"title": "Name"},
        max_rejects=-1,
    )
    [letter] = runner.letters()
    [error] = letter["errors"]
    assert error["code"] == "MISSING_KEY"
    assert "property title" in error["message"]
    assert "key Name" in error["message"]
