"""The report of a run: whole, readable anywhere, with no value and no stranger's mark-up in it."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from gainsight_api.errors import ConfigError, GainsightError
from gainsight_api.quota import Budget, Limits, Quota, QuotaStoreError, open_store
from gainsight_api.quota.stores import MemoryStore
from gainsight_sandbox import Effect, Fault, ManualClock, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind
from gainsight_singer.report.page import page
from gainsight_singer.run import Reason, Run, RunClock
from gainsight_singer.summary import used_of
from tests.tap import support as tap
from tests.target.support import Runner, record, records, schema, state, thing

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = tap.THING.name
VOID = {"meta", "polygon", "polyline"}


class Page(HTMLParser):
    """A page, read: its elements, its texts by section, and whether all that opens closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self._section = "head"
        self.feed(text)
        self.close()
        assert self._open == []
        assert text.startswith("<!doctype html>")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "section":
            self._section = str(dict(attrs)["id"])

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts[self._section] = self.texts.get(self._section, "") + f" {data}"

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reports" / "run.html"


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    with Sandbox(empty=True, clock=ManualClock(), objects=[thing()]) as sandbox:
        yield Runner(sandbox, tmp_path / "rejects")


def sync(sandbox: Sandbox, path: Path, **settings: Any) -> None:
    made = tap.make_tap(sandbox, report_path=str(path), **settings)
    tap.run(tap.select_only(made, NAME))


def hostile() -> str:
    """A page of a run whose names were all given by somebody hostile."""
    bad = "</td><script>alert(1)</script><img src='http://evil.example/\"x\"'>\x1b[31m\n\ud800"
    run = Run("tap-gainsight", RunClock(ManualClock()))
    stream = run.stream(bad, f"loaded into {bad}")
    stream.reasons = [Reason(bad, bad, 3, [1, 2])]
    stream.letters = bad
    stream.others = {bad: 3}
    run.add_rows(stream, 10)
    run.job(bad, bad)
    run.error = bad
    quota = Quota(open_store("memory"), "key", Limits())
    quota.acquire(Budget.SYNC)
    return page(run, used_of([quota]))


class Gone(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def update(self, key: str, change: object) -> NoReturn:
        del key, change
        self.asked += 1
        raise QuotaStoreError("quota_store: gone")


def test_a_store_that_does_not_answer_is_asked_once() -> None:
    store = Gone()
    used = used_of([Quota(store, key, Limits()) for key in ("one", "other")])
    assert [each.usage for each in used] == [None] * 4
    assert store.asked == 1


def test_a_run_of_the_tap_has_all_its_sections(path: Path) -> None:
    with tap.tenant_of(tap.things(40), job_seconds=42, chunk_rows=10) as sandbox:
        sync(sandbox, path, extract_method="bulk")
    found = read(path)
    sections = [attrs["id"] for tag, attrs in found.elements if tag == "section"]
    assert sections == ["streams", "rows", "jobs", "limits", "rejects"]
    assert "done" in found.texts["head"]
    assert f"{NAME} 40 written" in " ".join(found.texts["streams"].split())
    assert "40 rows" in found.texts["rows"]
    assert found.count("svg") == 1
    assert "40 rows, waited for 4" in found.texts["jobs"]
    assert "Jobs: 1 of 10 used this hour  1 job in this run" in found.texts["limits"]
    assert "None" in found.texts["rejects"]


def test_a_run_of_the_target_has_its_rejects_and_no_value(runner: Runner, path: Path) -> None:
    head = schema(NAME, "Name", "Number__gc")
    feed = [record(Name="SECRET", Number__gc="SECRET")]
    runner.loaded(head, *records(3), *feed, state(1), max_rejects=-1, report_path=str(path))
    found = read(path)
    assert f"{NAME} 3 1 loaded into {NAME}" in " ".join(found.texts["streams"].split())
    assert f"INVALID_NUMBER Number__gc 1 record of stream {NAME}, line 1 of" in " ".join(
        found.texts["rejects"].split()
    )
    assert "SECRET" not in path.read_text()


def test_nothing_secret_is_on_it(path: Path) -> None:
    with tap.tenant_of(tap.things(3)) as sandbox:
        sync(sandbox, path)
        assert sandbox.access_key not in path.read_text()


@pytest.mark.parametrize("problem", [{"access_key": "wrong"}, {"max_rejects": 0}])
def test_a_failed_run_has_one_too(runner: Runner, path: Path, problem: dict[str, Any]) -> None:
    head = schema(NAME, "Name", "Number__gc")
    output = runner.load(
        head, record(Name="a", Number__gc="x"), state(1), report_path=str(path), **problem
    )
    assert output.error
    found = read(path)
    assert "failed" in found.texts["head"]
    assert str(output.error) in found.texts["head"]


def test_a_tap_that_fails_has_one_too(path: Path, tmp_path: Path) -> None:
    with tap.tenant_of(tap.things(3)) as sandbox:
        settings = {"report_path": str(path), "access_key": "wrong"}
        assert tap.status_of_command(sandbox, tmp_path, **settings) == 1
        assert "`access_key`" in read(path).texts["head"]
        sandbox.faults.add(Fault(Effect.LONG_CHUNK, on=CallKind.EXPORT_CHUNK, count=None))
        with pytest.raises(GainsightError, match="comes twice"):
            sync(sandbox, path, extract_method="bulk")
    assert f"{NAME} 0 failed" in " ".join(read(path).texts["streams"].split())


def test_a_run_that_is_stopped_has_one_too(path: Path) -> None:
    with tap.tenant_of(tap.things(3)) as sandbox:
        made: Any = tap.select_only(tap.make_tap(sandbox, report_path=str(path)), NAME)
        made._work_ahead = lambda: made._handle_termination(15, None)
        made.streams[NAME]._work_ahead = made._work_ahead
        with pytest.raises(SystemExit):
            tap.run(made)
    assert "stopped by a signal" in read(path).texts["head"]
    assert "0 jobs in this run" in read(path).texts["limits"]


def test_a_programs_own_error_is_named_and_not_quoted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise TypeError("SECRET")

    with tap.tenant_of(tap.things(3)) as sandbox:
        made: Any = tap.select_only(tap.make_tap(sandbox, report_path=str(path)), NAME)
        monkeypatch.setattr(made.streams[NAME], "_write_state", broken)
        with pytest.raises(TypeError):
            tap.run(made)
    assert "(TypeError)" in read(path).texts["head"]
    assert "SECRET" not in path.read_text()


def test_it_takes_the_place_of_the_last_one_at_once_and_is_its_owners_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("the last one")
    path.chmod(0o644)
    with tap.tenant_of(tap.things(3)) as sandbox:
        sync(sandbox, path)
    assert "the last one" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("place", ["file/run.html", "."])
def test_a_path_that_cannot_be_written_ends_the_run_before_its_first_call(
    tmp_path: Path, runner: Runner, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / place
    output = runner.load(schema(), *records(3), state(1), report_path=str(path))
    assert isinstance(output.error, ConfigError)
    assert f"setting `report_path`: {path} cannot be written" in str(output.error)
    with tap.tenant_of(tap.things(3)) as sandbox:
        assert tap.status_of_command(sandbox, tmp_path, report_path=str(path)) == 1
        assert f"setting `report_path`: {path} cannot be written" in caplog.messages[-1]
        assert not list(sandbox.log)
    assert not list(runner.sandbox.log)


def test_a_failed_run_whose_report_cannot_be_written_ends_with_its_own_error(
    runner: Runner, path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    caplog.set_level(logging.WARNING)
    head = schema(NAME, "Name", "Number__gc")
    path.parent.mkdir()
    monkeypatch.setattr(Path, "replace", full)
    bad = record(Name="a", Number__gc="x")
    output = runner.load(head, bad, state(1), report_path=str(path))
    assert "1 record was rejected" in str(output.error)
    assert "`report_path`" in caplog.text
    output = runner.load(head, *records(1), state(1), report_path=str(path))
    assert "No space left on device" in str(output.error)
    assert list(path.parent.iterdir()) == []


def test_names_from_elsewhere_are_texts_and_nothing_else() -> None:
    text = hostile()
    found = Page(text)
    assert not {"script", "img", "a", "link", "iframe", "object"} & {t for t, _ in found.elements}
    assert "\x1b" not in text
    assert "<script>alert(1)</script>" in found.texts["streams"]


def test_nothing_comes_from_elsewhere() -> None:
    text = hostile().replace("http://evil.example", "")  # which is a text, as the test above shows
    assert not re.search(r"https?:|//|url\(|@import|\bsrc=(?!&)|\bhref=", text)
    for tag, attrs in Page(text).elements:
        assert not {"src", "href", "onload", "onclick"} & attrs.keys(), tag


def test_it_is_light_and_dark_and_fits_a_phone() -> None:
    text = hostile()
    assert "prefers-color-scheme: dark" in text
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert 'class="wide"' in text  # what is wider than the screen scrolls by itself


def browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome", "headless_shell")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.mark.skipif(browser() is None, reason="there is no Chromium on this machine")
@pytest.mark.parametrize("width", [360, 1200])
def test_a_browser_shows_it(tmp_path: Path, width: int) -> None:
    file, picture = tmp_path / "run.html", tmp_path / "run.png"
    file.write_bytes(hostile().encode("utf-8", "replace"))
    subprocess.run(
        [
            str(browser()),
            "--headless",
            "--no-sandbox",
            f"--window-size={width},1400",
            f"--screenshot={picture}",
            file.as_uri(),
        ],
        check=True,
        timeout=60,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert picture.stat().st_size > 5_000
