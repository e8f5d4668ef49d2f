"""With `batch_config` records go out in files, which BATCH messages name once they are whole."""

from __future__ import annotations

import gzip
import io
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from gainsight_api.errors import ConfigError, DataError, GainsightError
from gainsight_api.objects.datatypes import Kind
from gainsight_sandbox import JobSettings, ManualClock, Sandbox
from tap_gainsight.batch_files import BatchFiles
from tap_gainsight.batch_settings import BatchSettings
from tap_gainsight.parquet import Parquet
from tap_gainsight.records.block import Block, Column
from tests.tap.support import THING, make_tap, run, select_only, sync, tenant_of, things

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.tap.support import Output

ROWS = {"awkward__gc": 130, "company": 60}
FORMATS = [("jsonl", "gzip"), ("jsonl", "none"), ("parquet", "gzip"), ("parquet", "none")]


def batches(folder: Path | str, file_format: str = "jsonl", compression: str = "gzip") -> Any:
    """The setting."""
    encoding = {"format": file_format, "compression": compression}
    return {"batch_config": {"encoding": encoding, "storage": {"root": f"file://{folder}"}}}


def records_in(url: str, encoding: dict[str, str]) -> list[dict[str, Any]]:
    content = Path(url.removeprefix("file://")).read_bytes()
    if encoding["format"] == "parquet":
        rows: list[dict[str, Any]] = parquet.read_table(io.BytesIO(content)).to_pylist()
        return rows
    if encoding["compression"] == "gzip":
        content = gzip.decompress(content)
    return [json.loads(line, parse_float=Decimal) for line in content.splitlines()]


def messages(output: Output) -> Iterator[dict[str, Any]]:
    yield from map(json.loads, output.lines)


def batch_records(output: Output, stream: str | None = None) -> list[dict[str, Any]]:
    """The records of all files that the output names."""
    return [
        record
        for message in messages(output)
        if message["type"] == "BATCH" and stream in {None, message["stream"]}
        for url in message["manifest"]
        for record in records_in(url, message["encoding"])
    ]


@pytest.mark.parametrize("method", ["query", "bulk"])
@pytest.mark.parametrize(("file_format", "compression"), FORMATS)
def test_files_hold_the_very_records_of_messages(
    tmp_path: Path, file_format: str, compression: str, method: str
) -> None:
    def output(**settings: Any) -> Output:
        with Sandbox(clock=ManualClock(), rows=ROWS, jobs=JobSettings(chunk_rows=50)) as sandbox:
            tap = make_tap(sandbox, extract_method=method, page_rows=50, **settings)
            return run(select_only(tap, *ROWS))

    plain, filed = output(), output(**batches(tmp_path, file_format, compression))
    assert filed.records == {}
    for stream, rows in ROWS.items():
        assert batch_records(filed, stream) == plain.records[stream]
        assert len(plain.records[stream]) == rows
    named = [m for m in messages(filed) if m["type"] == "BATCH"]
    encoding = {"format": file_format, "compression": compression}
    assert [message["encoding"] for message in named] == [encoding] * len(named)
    files = [url.removeprefix("file://") for message in named for url in message["manifest"]]
    assert sorted(files) == sorted(map(str, tmp_path.iterdir()))
    assert {Path(file).stat().st_mode & 0o777 for file in files} == {0o600}
    # A file for each chunk or page: no more, and no fewer.
    assert len(files) == 3 + 2


def test_each_batch_is_followed_by_a_state_that_covers_it(tmp_path: Path) -> None:
    with tenant_of(things(95), chunk_rows=20) as sandbox:
        whole = {row["Gsid"] for row in sandbox.tenant.rows(THING.name)}
        for method in ("query", "bulk"):
            options = {
                "page_rows": 20,
                "extract_method": method,
                "objects": [THING.name],
                **batches(tmp_path),
            }
            full = sync(sandbox, **options)
            types = [message["type"] for message in messages(full)]
            found: set[str] = set()
            for number, kind in enumerate(types):
                assert kind != "BATCH" or types[number + 1] == "STATE"
                message = json.loads(full.lines[number])
                if kind == "BATCH":
                    found |= {r["Gsid"] for r in records_in(message["manifest"][0], ENCODING)}
                elif kind == "STATE" and message["value"]["bookmarks"].get(THING.name):
                    rest = sync(sandbox, state=message["value"], **options)
                    late = {r["Gsid"] for r in batch_records(rest, THING.name)}
                    assert found | late == whole
            assert found >= whole


ENCODING = {"format": "jsonl", "compression": "gzip"}


def test_a_stream_that_maps_change_goes_out_as_messages_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    maps = {"stream_maps": {THING.name: {"Twice": "Size__gc * 2"}}}
    with tenant_of(things(120)) as sandbox:
        output = sync(sandbox, page_rows=50, **maps, **batches(tmp_path))
    assert [record["Twice"] for record in output.records[THING.name]] == [
        2 * number for number in range(120)
    ]
    assert not list(tmp_path.iterdir())
    warnings = [r for r in caplog.messages if "batch_config" in r]
    assert len(warnings) == 1
    assert THING.name in warnings[0]


def test_flattening_changes_nothing_of_flat_records(tmp_path: Path) -> None:
    with tenant_of(things(5)) as sandbox:
        flat = {"flattening_enabled": True, "flattening_max_depth": 2}
        output = sync(sandbox, **flat, **batches(tmp_path))
    assert len(batch_records(output, THING.name)) == 5


def test_the_rows_before_an_error_are_in_a_file(tmp_path: Path) -> None:
    rows = [{**row, "Name": str(n) if n < 20 else "no number"} for n, row in enumerate(things(30))]
    with tenant_of(rows) as sandbox:
        catalog = make_tap(sandbox).catalog_dict
        (entry,) = (each for each in catalog["streams"] if each["tap_stream_id"] == THING.name)
        entry["schema"]["properties"]["Name"] = {"type": ["number", "null"]}
        tap = make_tap(sandbox, catalog={"streams": [entry]}, **batches(tmp_path))
        with pytest.raises(GainsightError, match="field Name") as caught:
            run(tap)
    assert len(batch_records(caught.value.output)) == 20  # type: ignore[attr-defined]


def test_a_run_that_is_stopped_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any) -> None:
        raise SystemExit(143)

    monkeypatch.setattr("tap_gainsight.batch_files.JsonLines.add", stopped)
    with tenant_of(things(5)) as sandbox:
        tap = select_only(make_tap(sandbox, **batches(tmp_path)), THING.name)
        with pytest.raises(SystemExit) as caught:
            run(tap)
    assert not list(tmp_path.iterdir())
    assert batch_records(caught.value.output) == []  # type: ignore[attr-defined]


def test_a_prefix_begins_the_names_and_odd_names_of_streams_are_made_plain(tmp_path: Path) -> None:
    odd = {"name": 'odd/../%s" é', "object": THING.name}
    with tenant_of(things(5)) as sandbox:
        given = batches(tmp_path)
        given["batch_config"]["storage"]["prefix"] = "night/run-"
        tap = select_only(make_tap(sandbox, streams=[odd], **given), odd["name"])
        output = run(tap)
    (file,) = (tmp_path / "night").iterdir()
    assert file.name.startswith("run-tap-gainsight--odd_.._")
    assert len(batch_records(output, odd["name"])) == 5


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"encoding": {"format": "jsonl"}}, "lacks its storage.root"),
        ({"storage": {"root": "/tmp"}}, "lacks its encoding.format"),
        (
            {"encoding": {"format": "jsonl"}, "storage": {"root": "s3://bucket/folder"}},
            "s3 is not supported",
        ),
        (
            {"encoding": {"format": "jsonl"}, "storage": {"root": "file:///dev/null/x"}},
            "/dev/null/x cannot be made",
        ),
    ],
)
def test_a_root_or_a_format_that_cannot_be_is_an_error_that_names_it(
    config: dict[str, Any], words: str
) -> None:
    with (
        tenant_of(things(1)) as sandbox,
        pytest.raises(ConfigError, match="`batch_config`") as caught,
    ):
        sync(sandbox, batch_config=config)
    assert words in str(caught.value)


def test_a_full_disk_is_an_error_that_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with tenant_of(things(5)) as sandbox:
        tap = select_only(make_tap(sandbox, **batches(tmp_path)), THING.name)
        with pytest.raises(GainsightError, match=r"No space left.*`batch_config`"):
            run(tap)
    assert not list(tmp_path.iterdir())


def test_no_state_covers_rows_whose_file_the_disk_did_not_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, tries = os.fsync, iter([OSError(28, "No space left on device")])

    def full_for_a_moment(descriptor: int) -> None:
        for error in tries:
            raise error
        fsync(descriptor)

    with Sandbox(clock=ManualClock(), rows=ROWS) as sandbox:
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full_for_a_moment)
            tap = select_only(make_tap(sandbox, **batches(tmp_path)), *ROWS)
            with pytest.raises(GainsightError, match="No space left") as caught:
                run(tap)
        before: Output = caught.value.output  # type: ignore[attr-defined]
        after = run(select_only(make_tap(sandbox, state=before.state, **batches(tmp_path)), *ROWS))
    for stream, rows in ROWS.items():
        found = batch_records(before, stream) + batch_records(after, stream)
        assert len({record["Gsid"] for record in found}) == rows


def number_things(*numbers: object) -> Iterator[dict[str, Any]]:
    for row, number in zip(things(len(numbers)), numbers, strict=True):
        yield {**row, "Size__gc": number}


NUMBERS = Column("N", "N", Kind.NUMBER)


def test_parquet_numbers_are_exact_and_begin_a_file_where_they_need_more_digits(
    tmp_path: Path,
) -> None:
    files = BatchFiles(BatchSettings("parquet", "gzip", tmp_path, ""), "a stream")
    blocks = [["1", "1.50", ""], ["2"], ["-0.001"], ["-" + "9" * 38], ["9" * 40 + "." + "1" * 36]]
    for texts in blocks:
        files.add(Block((NUMBERS,), (texts,), len(texts)))
    urls = files.finish()
    found = [[row["N"] for row in records_in(url, {"format": "parquet"})] for url in urls]
    # The second block's digits have room beside those of the first one.
    parts = [blocks[0] + blocks[1], *blocks[2:]]
    assert found == [[Decimal(text) if text else None for text in texts] for texts in parts]


DIGITS = st.sampled_from([*range(4), *range(34, 41), *range(73, 78)])
LONG_NUMBERS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "-"]),
    DIGITS.map(lambda count: "9" * count or "0"),
    DIGITS.map(lambda count: "." + "9" * count if count else ""),
    st.sampled_from(["", "", "", "e1", "E-2", "e38", "e+76"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.one_of(LONG_NUMBERS, st.just("")), max_size=2), max_size=3))
@example([["1.5"], ["1.500"]])  # zeros at the end are no digits
@example([["9"], ["9" * 39]])  # 39 digits, which 128 bits hold a part of
@example([["1.99"], ["9" * 37 + ".99"]])
@example([["1"], ["9e38"]])
def test_parquet_holds_any_numbers_exactly_or_says_that_it_cannot(blocks: list[list[str]]) -> None:
    files = [io.BytesIO()]
    written = Parquet(files[0], "none", "a stream")
    held: list[list[str]] = [[]]
    for texts in blocks:
        block = Block((NUMBERS,), (texts,), len(texts))
        try:
            if not written.add(block):
                written.close()
                files.append(io.BytesIO())
                held.append([])
                written = Parquet(files[-1], "none", "a stream")
                assert written.add(block)
        except DataError:
            assert max(len(text) for text in texts) > 38 or "e" in "".join(texts).lower()
            return
        held[-1] += texts
    written.close()
    found = [
        [row["N"] for row in parquet.read_table(io.BytesIO(file.getvalue())).to_pylist()]
        for file in files
        if file.getvalue()
    ]
    expected = [[Decimal(text) if text else None for text in texts] for texts in held]
    assert found == expected[: len(found)]
    assert not any(expected[len(found) :])


@pytest.mark.parametrize(
    ("texts", "fit"),
    [
        (["1e5", "-1.5E+30", "2e-3", ""], True),
        (["1e5", "1e75"], True),
        (["1e999999999"], False),
        (["1e-77"], False),
    ],
)
def test_exponents_are_written_out_where_there_is_room(texts: list[str], fit: bool) -> None:  # noqa: FBT001
    file = io.BytesIO()
    written = Parquet(file, "none", "a stream")
    block = Block((NUMBERS,), (texts,), len(texts))
    if not fit:
        with pytest.raises(DataError, match="field N"):
            written.add(block)
        return
    written.add(block)
    written.close()
    found = [row["N"] for row in parquet.read_table(io.BytesIO(file.getvalue())).to_pylist()]
    assert found == [Decimal(text) if text else None for text in texts]


def test_a_number_that_parquet_cannot_hold_is_refused_by_name(tmp_path: Path) -> None:
    with tenant_of(number_things("1", "9" * 77)) as sandbox:
        tap = select_only(make_tap(sandbox, **batches(tmp_path, "parquet")), THING.name)
        with pytest.raises(DataError, match=r"thing__gc, field Size__gc: .* more than 76 digits"):
            run(tap)
    assert not list(tmp_path.iterdir())


def test_parquet_without_its_extra_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with tenant_of(things(1)) as sandbox, pytest.raises(ConfigError, match=r"\[parquet\]"):
        sync(sandbox, **batches(tmp_path, "parquet"))
