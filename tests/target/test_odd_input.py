"""One odd record is one reject, one odd line or file one clear error; the others are loaded."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_api.errors import ConfigError
from target_gainsight.target import TargetGainsight
from tests.target.support import THING, Runner, config_for, make_target, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

HEAD = [schema(THING, "Name", "Number__gc"), record(Name="good")]
TAIL = [record(Name="better"), state(1)]
NINES = b"9" * 5_000


def lines(*messages: Any) -> bytes:
    """Messages, or lines as they are, one below the other."""
    texts = (each if isinstance(each, bytes) else json.dumps(each).encode() for each in messages)
    return b"".join(text + b"\n" for text in texts)


def fed(runner: Runner, feed: bytes, **settings: Any) -> list[Any]:
    """Load some bytes; the result is the states."""
    target = make_target(runner.sandbox, runner.rejects, **settings)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        target.listen(io.BytesIO(feed))  # type: ignore[arg-type]
    return [json.loads(line) for line in printed.getvalue().splitlines()]


def message(record: bytes) -> bytes:
    return b'{"type":"RECORD","stream":"%s","record":%s}' % (THING.encode(), record)


@pytest.mark.parametrize(
    ("odd", "kept"),
    [
        (b'{"Name":"Caf\xe9"}', '{"Name":"Caf\\xe9"}'),
        (b'{"Name":"x","Website":"Caf\xe9"}', '{"Name":"x","Website":"Caf\\xe9"}'),
        (b'{"Name":"x","Number__gc":%s}' % NINES, None),
        (b'{"Name":"x","Website":-%s}' % NINES, None),
        (b'{"Name":"x","Website":%s}' % (b"[" * 900 + b"]" * 900), None),
        (b'{"Name":"x","Website":%s}' % (b'{"a":' * 9_000 + b"1" + b"}" * 9_000), None),
    ],
)
def test_a_record_that_cannot_be_read_is_a_reject_as_raw_text(
    runner: Runner, odd: bytes, kept: str | None
) -> None:
    feed = lines(*HEAD, message(odd), *TAIL)
    assert fed(runner, feed, max_rejects=-1) == [1]
    assert set(runner.rows()) == {"good", "better"}
    (letter,) = runner.letters()
    assert letter["raw"] == (kept or odd.decode())
    assert "record" not in letter
    assert letter["errors"][0]["code"] == "UNREADABLE_RECORD"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (b'"\\ud800":"a"', "\\ud800"),
        (b'"Code__gc":"\\ud800"', "Code__gc"),
        (b'"Number__gc":NaN', "Number__gc"),
        (b'"Number__gc":-Infinity', "Number__gc"),
    ],
)
def test_a_record_that_json_cannot_say_is_a_reject_as_raw_text(
    runner: Runner, text: bytes, field: str
) -> None:
    odd = b'{"Name":"x",%s}' % text
    assert fed(runner, lines(*HEAD, message(odd), *TAIL), max_rejects=-1) == [1]
    assert set(runner.rows()) == {"good", "better"}
    (letter,) = runner.letters()
    assert letter["raw"] == odd.decode()
    assert "record" not in letter
    (error,) = letter["errors"]
    assert (error["code"], error["field"]) == ("INVALID_VALUE", field)


@pytest.mark.parametrize("text", [b'"[[[[' + b"[{" * 900 + b'"', b'"%s"' % NINES])
def test_text_that_only_looks_odd_is_loaded(runner: Runner, text: bytes) -> None:
    feed = lines(*HEAD, message(b'{"Name":"x","Text__gc":%s}' % text), *TAIL)
    assert fed(runner, feed) == [1]
    assert runner.rows()["x"]["Text__gc"] == json.loads(text)


def test_a_byte_order_mark_and_blank_lines_are_passed_over(runner: Runner) -> None:
    feed = b"\xef\xbb\xbf" + lines(*HEAD, b"", b"  \r", *TAIL, b"", b"")
    assert fed(runner, feed) == [1]
    assert set(runner.rows()) == {"good", "better"}


def test_a_state_comes_back_with_whatever_it_holds(
    runner: Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    value = b'{"at":"\\ud800", "n":%s}' % NINES[:300]
    target = make_target(runner.sandbox, runner.rejects)
    target.listen(io.BytesIO(lines(b'{"type":"STATE","value":%s}' % value)))  # type: ignore[arg-type]
    assert capsys.readouterr().out.encode() == value + b"\n"


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (b'{"type":"STATE","value":"\xe9"}', "Line 3 of the input is not a Singer message"),
        (b'{"type":"SCHEMA","stream":"\xe9","schema":{}}', "Line 3 of the input is not a Singer"),
        (b'{"type":"SCHEMA","stream":null,"schema":{}}', "Line 3 of the input is a SCHEMA without"),
        (b'{"type":"SCHEMA","stream":"a","schema":[]}', "a SCHEMA without schema"),
        (b'{"type":"SCHEMA","stream":"a","schema":{"properties":[1]}}', "Stream a: the properties"),
        (b'{"type":"SCHEMA","stream":"a","schema":{},"key_properties":[1]}', "Stream a: the key"),
        (b'{"type":"BATCH","stream":"a","encoding":1,"manifest":[]}', "another format"),
        (b'{"type":"ACTIVATE_VERSION","stream":4}', "Line 3 of the input is not a Singer"),
        (b'{"type":"STATE"}', "lacks value"),
        (b"[" * 3_000, "Line 3 of the input is not a Singer message"),
        (b"9" * 9_000, "Line 3 of the input is not a Singer message"),
        (b"\xff\xfe", "Line 3 of the input is not a Singer message"),
    ],
)
def test_an_odd_line_ends_the_run_with_one_line_that_names_it(
    runner: Runner, odd: bytes, words: str
) -> None:
    with pytest.raises(TargetGainsight.get_singer_command().user_errors) as error:  # type: ignore[attr-defined]
        fed(runner, lines(*HEAD, odd, *TAIL))
    assert words in str(error.value)


@pytest.mark.parametrize("described", [{"type": "object"}, {}, {"properties": None}])
def test_a_schema_without_properties_is_loaded(runner: Runner, described: Any) -> None:
    feed = lines({**HEAD[0], "schema": described}, *HEAD[1:], *TAIL)
    assert fed(runner, feed) == [1]
    assert set(runner.rows()) == {"good", "better"}


# BATCH

PACKED = gzip.compress(b"".join(b'{"Name":"n%d"}\n' % n for n in range(2_000)))


@pytest.mark.parametrize("content", [None, b"", b"no gzip", PACKED[: len(PACKED) // 2]])
def test_a_batch_file_that_cannot_be_read_is_named(
    runner: Runner, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "some.jsonl.gz"
    if content is not None:
        path.write_bytes(content)
    batch = {
        "type": "BATCH",
        "stream": THING,
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "manifest": [path.as_uri()],
    }
    output = runner.load(HEAD[0], batch, state(1))
    assert isinstance(output.error, TargetGainsight.get_singer_command().user_errors)  # type: ignore[attr-defined]
    assert "some.jsonl.gz cannot be read" in str(output.error)
    assert output.states == []


def test_a_batch_file_that_is_packed_to_fill_the_memory_is_named(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_gainsight.incoming.reader.MOST_BYTES", 1 << 22)
    path = tmp_path / "some.jsonl.gz"
    path.write_bytes(PACKED + gzip.compress(bytes(1 << 22)) * 1_000)  # 4 GiB in 4 MB
    batch = {
        "type": "BATCH",
        "stream": THING,
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "manifest": [path.as_uri()],
    }
    output = runner.load(HEAD[0], batch, state(1))
    assert isinstance(output.error, TargetGainsight.get_singer_command().user_errors)  # type: ignore[attr-defined]
    assert re.search(
        r"the BATCH file \S+some.jsonl.gz is longer than 4,194,304 bytes", str(output.error)
    )
    assert output.states == []


def test_a_line_of_the_input_that_has_no_end_stops_the_run(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("target_gainsight.incoming.reader.MOST_BYTES", 1 << 20)
    feed = lines(*HEAD, *TAIL) + b" " * (1 << 22)
    with pytest.raises(TargetGainsight.get_singer_command().user_errors) as error:  # type: ignore[attr-defined]
        fed(runner, feed)
    assert "A line of the input is longer than 1,048,576 bytes" in str(error.value)


@pytest.mark.parametrize("compression", ["zstd", "GZIP", 5, {}])
@pytest.mark.parametrize("place", ["file", "s3"])
def test_a_batch_of_an_unknown_kind_is_refused(
    runner: Runner, tmp_path: Path, compression: Any, place: str
) -> None:
    path = tmp_path / "some.jsonl.gz"
    path.write_bytes(PACKED)
    known = place != "file"
    batch = {
        "type": "BATCH",
        "stream": THING,
        "encoding": {"format": "jsonl", "compression": "gzip" if known else compression},
        "manifest": [path.as_uri() if place == "file" else f"{place}://nowhere/some.jsonl.gz"],
    }
    output = runner.load(HEAD[0], batch, state(1), max_rejects=-1)
    assert isinstance(output.error, TargetGainsight.get_singer_command().user_errors)  # type: ignore[attr-defined]
    assert ("some.jsonl.gz" if known else "compression") in str(output.error)
    assert output.states == []


def test_a_batch_file_may_have_blank_lines_and_names_odd_ones(
    runner: Runner, tmp_path: Path
) -> None:
    path = tmp_path / "some.jsonl"
    batch = {
        "type": "BATCH",
        "stream": THING,
        "encoding": {"format": "jsonl", "compression": "none"},
        "manifest": [path.as_uri()],
    }
    path.write_bytes(b'\xef\xbb\xbf\n{"Name":"a"}\n\n{"Name":"\xe9"}\n')
    assert fed(runner, lines(HEAD[0], batch, state(1)), max_rejects=-1) == [1]
    assert set(runner.rows()) == {"a"}
    assert len(runner.letters()) == 1
    path.write_bytes(b'{"Name":"b"}\n\n[]\n')
    output = runner.load(HEAD[0], batch, state(1))
    assert "Line 3 of the BATCH file" in str(output.error)


# Stream maps

MAPS = {"stream_maps": {THING: {"Number__gc": "Number__gc * 2"}}}


def test_a_record_on_which_a_stream_map_fails_is_a_reject_as_received(runner: Runner) -> None:
    schema = {**HEAD[0]}
    numbers = {"Name": {"type": "string"}, "Number__gc": {"type": ["number", "null"]}}
    schema["schema"] = {"properties": numbers}
    feed = [record(Name="a", Number__gc=2), record(Name="b", Number__gc=None)]
    output = runner.loaded(schema, *feed, state(1), max_rejects=-1, **MAPS)
    assert output.states == [1]
    assert runner.rows()["a"]["Number__gc"] == 4
    (letter,) = runner.letters()
    assert letter["record"] == feed[1]["record"]
    assert letter["errors"][0]["code"] == "STREAM_MAP_FAILED"
    assert letter["errors"][0]["field"] == "Number__gc"


@pytest.mark.parametrize("made", ["10**5000", "(-1)**0.5", "float('nan')"])
def test_what_a_stream_map_makes_that_cannot_be_sent_is_a_reject(runner: Runner, made: str) -> None:
    maps = {"stream_maps": {THING: {"Text__gc": f"{made} if Name == 'good' else 'well'"}}}
    output = runner.loaded(*HEAD, *TAIL, max_rejects=-1, **maps)
    assert output.states == [1]
    assert [letter["record"]["Name"] for letter in runner.letters()] == ["good"]
    assert set(runner.rows()) == {"better"}


def test_a_stream_map_that_cannot_be_read_is_named(runner: Runner) -> None:
    maps = {"stream_maps": {THING: {"Number__gc": "Number__gc *"}}}
    output = runner.load(*HEAD, *TAIL, **maps)
    assert isinstance(output.error, ConfigError)
    assert THING in str(output.error)
    assert "stream_maps" in str(output.error)


# Names and disks


@pytest.mark.parametrize("load_mode", ["rest", "bulk"])
@pytest.mark.parametrize("name", ["\u682a\u5f0f\u4f1a\u793e\u5ba2" * 6, "s" * 235])
def test_long_stream_names_are_cut_but_unambiguous(
    runner: Runner, name: str, load_mode: str
) -> None:
    streams = [{"name": "*", "object": THING}]
    for stream in (f"{name}1", f"{name}2"):
        bad = record(stream, Name="bad" + stream[-1], Number__gc="x")
        good = record(stream, Name="good" + stream[-1])
        feed = [schema(stream, "Name", "Number__gc"), good, bad, state(1)]
        runner.loaded(*feed, streams=streams, load_mode=load_mode, max_rejects=-1)
    assert set(runner.rows()) == {"good1", "good2"}
    files = sorted(runner.rejects.iterdir())
    assert len(files) == 2
    letters = [json.loads(path.read_text()) for path in files]
    assert {letter["stream"] for letter in letters} == {f"{name}1", f"{name}2"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device here")  # noqa: PTH110
def test_a_full_disk_at_the_state_ends_the_run_with_one_line(
    runner: Runner, tmp_path: Path
) -> None:
    config, feed = tmp_path / "config.json", tmp_path / "feed"
    config.write_text(json.dumps(config_for(runner.sandbox, rejects_path=str(tmp_path))))
    feed.write_bytes(lines(*HEAD, *TAIL))
    command = [sys.executable, "-m", "target_gainsight", "--config", str(config)]
    with feed.open("rb") as stdin, open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            command, stdin=stdin, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"STATE cannot be written" in done.stderr.splitlines()[-1]
