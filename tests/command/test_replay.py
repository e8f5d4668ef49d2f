"""`gainsight rejects replay`: letters go through the target again, and none is lost."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from gainsight_sandbox import Credentials, Effect, Fault, Sandbox
from gainsight_sandbox.behaviour.call_kinds import CallKind
from target_gainsight.outcomes.letter_file import append, locked, replace
from target_gainsight.target import TargetGainsight
from tests.command.support import KEY, Done, command, config_file
from tests.target.support import THING, as_lines, record, schema, thing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MENDED = {"Number__gc": "Code__gc"}
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).isoformat()


@dataclass
class Tenant:
    """A sandbox, and a target's config file for it."""

    sandbox: Sandbox
    folder: Path
    config: str

    @property
    def letters(self) -> Path:
        return self.folder / "rejects" / f"{THING}.jsonl"

    @property
    def settled(self) -> Path:
        return self.folder / "rejects" / f"{THING}.settled.jsonl"

    def load(
        self, *records: dict[str, Any], stream: str = THING, names: tuple[str, ...] = ()
    ) -> None:
        """Load records; letters are written for those that are rejected."""
        names = names or tuple(dict.fromkeys(name for each in records for name in each))
        given = json.loads((self.folder / "config.json").read_text())
        messages = [schema(stream, *names), *(record(stream, **each) for each in records)]
        with contextlib.redirect_stdout(io.StringIO()):
            target = TargetGainsight(config={**given, "max_rejects": -1})
            target.listen(io.StringIO(as_lines(messages)))

    def configure(self, **settings: Any) -> None:
        self.config = config_file(
            self.folder, self.sandbox, rejects_path=str(self.folder / "rejects"), **settings
        )

    def replay(self, *arguments: str) -> Done:
        return command("rejects", "replay", "--config", self.config, "--json", *arguments)

    def start(self) -> subprocess.Popen[bytes]:
        """A replay in a process of its own."""
        arguments = ("rejects", "replay", "--config", self.config)
        return subprocess.Popen(
            [sys.executable, "-m", "gainsight_command", *arguments], stdout=subprocess.DEVNULL
        )

    def names(self) -> dict[str, Any]:
        return {str(row["Name"]): row["Number__gc"] for row in self.sandbox.tenant.rows(THING)}


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with Sandbox(empty=True, objects=[thing()], credentials=Credentials(access_key=KEY)) as sandbox:
        made = Tenant(sandbox, tmp_path, "")
        made.configure()
        yield made


def texts(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in texts(file)]


def test_what_loads_now_is_settled_and_the_rest_is_left(tenant: Tenant) -> None:
    tenant.sandbox.faults.clear()
    tenant.load({"Name": "a", "Number__gc": "1"}, {"Name": "b", "Number__gc": "many"})
    tenant.load({"Name": "c", "Text__gc": "x", "Colour__gc": "Green"})
    before = texts(tenant.letters)
    assert len(before) == 2
    # The mapping is mended: the picklist is not sent any more.
    tenant.configure(fields={"Colour__gc": "Company_Name__gc"})
    done = tenant.replay()
    assert done.status == 1
    (report,) = done.json["streams"]
    assert (report["letters"], report["settled"], report["rejected"]) == (2, 1, 1)
    assert report["reasons"] == [{"code": "INVALID_NUMBER", "field": "Number__gc", "count": 1}]
    assert texts(tenant.letters) == before[:1]
    (settled,) = read(tenant.settled)
    assert settled["settled_by"] == "replay"
    assert settled["record"] == {"Name": "c", "Text__gc": "x", "Colour__gc": "Green"}
    assert tenant.names().keys() == {"a", "c"}
    for file in (tenant.letters, tenant.settled):
        assert file.stat().st_mode & 0o777 == 0o600
    assert "many" not in done.out


def test_an_edited_file_is_sent_in_place_of_the_letters_it_was_made_of(
    tenant: Tenant, tmp_path: Path
) -> None:
    tenant.load(*({"Name": f"n{n}", "Number__gc": "many"} for n in range(5)), {"Name": None})
    before = texts(tenant.letters)
    mended = [json.loads(text) for text in before if '"n1"' in text or '"n3"' in text]
    mended[0]["record"]["Number__gc"] = "1.50"
    mended[1]["record"]["Number__gc"] = "still many"
    nameless = next(json.loads(text) for text in before if "MISSING_KEY" in text)
    nameless["record"]["Name"] = "named"
    edited = tmp_path / "edited.jsonl"
    edited.write_text("".join(json.dumps(each) + "\n" for each in [*mended, nameless]))
    done = tenant.replay("--from", str(edited))
    assert done.status == 1
    (report,) = done.json["streams"]
    assert (report["settled"], report["rejected"], report["not_chosen"]) == (2, 1, 3)
    assert texts(tenant.letters) == [
        text for text in before if '"n1"' not in text and "MISSING_KEY" not in text
    ]
    assert {name: str(number) for name, number in tenant.names().items()} == {
        "n1": "1.50",
        "named": "None",
    }
    sent = [each["sent"] for each in read(tenant.settled)]
    assert sent == [mended[0]["record"], nameless["record"]]


def test_of_one_key_only_the_newest_letter_is_sent_and_settles_the_older_ones(
    tenant: Tenant,
) -> None:
    tenant.load({"Name": "a", "Number__gc": "many", "Colour__gc": "Green"})
    tenant.load({"Name": "A ", "Number__gc": "many", "Colour__gc": "Green"})
    tenant.load({"Name": "a", "Number__gc": "2", "Colour__gc": "Green"})
    tenant.configure(fields={"Colour__gc": "Company_Name__gc"})
    tenant.sandbox.log.clear()
    report = tenant.replay().json["streams"][0]
    assert (report["letters"], report["settled"], report["settled_by_newer"]) == (3, 2, 1)
    assert tenant.names() == {"a": 2}
    assert [each["settled_by"] for each in read(tenant.settled)] == [
        "a newer letter of its key",
        "replay",
    ]
    assert [each["record"]["Name"] for each in read(tenant.letters)] == ["A "]


def test_an_older_letter_with_a_property_that_the_newer_lacks_is_left_as_not_sent(
    tenant: Tenant,
) -> None:
    tenant.load({"Name": "a", "Number__gc": "lots", "Text__gc": "only here"})
    tenant.load({"Name": "a", "Number__gc": "many", "_sdc_sequence": 1})
    tenant.load({"Name": "a", "Number__gc": "more"})
    before = texts(tenant.letters)
    tenant.configure(fields={"Number__gc": "Code__gc"})
    done = tenant.replay()
    assert done.status == 1
    (report,) = done.json["streams"]
    assert (report["letters"], report["settled"], report["not_chosen"]) == (3, 2, 1)
    assert texts(tenant.letters) == before[:1]
    assert [row["Code__gc"] for row in tenant.sandbox.tenant.rows(THING)] == ["more"]
    assert tenant.replay("--force").status == 0
    assert [row["Text__gc"] for row in tenant.sandbox.tenant.rows(THING)] == ["only here"]


def test_a_deletion_settles_the_older_letters_of_its_key(tenant: Tenant) -> None:
    tenant.load({"Name": "a", "Number__gc": "lots"})
    (letter,) = read(tenant.letters)
    deletion = {**letter, "record": {"Name": "a", "_sdc_deleted_at": "2026-01-01T00:00:00Z"}}
    with tenant.letters.open("a") as file:
        file.write(json.dumps(deletion) + "\n")
    tenant.configure(deletes="delete")
    (report,) = tenant.replay().json["streams"]
    assert (report["settled"], report["settled_by_newer"], report["not_chosen"]) == (2, 1, 0)


@pytest.mark.parametrize("keys", [{"keys": ["Name"]}, {}])
def test_inserts_of_one_key_are_all_sent_in_their_order(
    tenant: Tenant, keys: dict[str, Any]
) -> None:
    tenant.configure(operation="insert", **keys)
    tenant.load({"Name": "a", "Number__gc": "lots"}, {"Name": "a", "Number__gc": "many"})
    tenant.load({"Name": "a", "Text__gc": "came later"}, {"Name": "a", "Number__gc": "more"})
    tenant.configure(operation="insert", **keys, fields={"Number__gc": "Code__gc"})
    done = tenant.replay()
    (report,) = done.json["streams"]
    assert (report["letters"], report["settled"], report["settled_by_newer"]) == (3, 3, 0)
    assert done.status == 0
    codes = [row["Code__gc"] for row in tenant.sandbox.tenant.rows(THING) if row["Code__gc"]]
    assert codes == ["lots", "many", "more"]


def test_each_link_of_a_person_is_sent(tenant: Tenant) -> None:
    by_name = {"fields": {"account": "Name"}, "objectName": "company", "lookupField": "Gsid"}
    lookups = {"Company_ID": {**by_name, "onNoMatch": "ERROR"}}
    people = {"name": "people", "object": "person", "keys": ["Email"], "lookups": lookups}
    tenant.configure(streams=[people])
    ann = {"Email": "ann@acme.example", "Name": "Ann"}
    tenant.load(*({**ann, "account": name} for name in ("New one", "New two")), stream="people")
    companies = tenant.sandbox.tenant.insert("company", {"Name": "New one"}, {"Name": "New two"})
    done = tenant.replay()
    assert [report["settled"] for report in done.json["streams"]] == [2]
    links = {row["Company_ID__gc"] for row in tenant.sandbox.tenant.rows("company_person")}
    assert set(companies) <= links


def test_an_edited_letter_is_not_sent_past_a_newer_one_of_its_key(
    tenant: Tenant, tmp_path: Path
) -> None:
    tenant.load({"Name": "a", "Number__gc": "many"})
    edited = tmp_path / "edited.jsonl"
    edited.write_text(tenant.letters.read_text().replace('"many"', '"1"'))
    tenant.load({"Name": "a", "Number__gc": "more"})
    before = texts(tenant.letters)
    done = tenant.replay("--from", str(edited))
    assert done.status == 1
    assert done.json["streams"][0]["not_chosen"] == 2
    assert texts(tenant.letters) == before
    assert tenant.names() == {}


def test_a_record_that_maps_make_two_of_is_settled_only_if_both_are_loaded(tenant: Tenant) -> None:
    both: dict[str, dict[str, Any]] = {
        "src": {"Name": "code", "Number__gc": "n", "__key_properties__": ["Name"]},
        "twin": {"__source__": "src", "Name": "code+'2'", "Number__gc": "n"},
    }
    streams = [{"name": "*", "object": THING, "keys": ["Name"]}]
    tenant.configure(stream_maps=both, streams=streams)
    tenant.load({"code": "a", "n": "many"}, {"code": "b", "n": "1"}, stream="src")
    file = tenant.folder / "rejects" / "src.jsonl"
    assert len(texts(file)) == 2
    assert tenant.replay().json["streams"][0]["rejected"] == 2
    mended = {"src": {**both["src"], "Number__gc": "'7'"}, "twin": both["twin"]}
    tenant.configure(stream_maps=mended, streams=streams)
    assert tenant.replay().json["streams"][0]["settled"] == 0
    tenant.configure(
        stream_maps={name: {**each, "Number__gc": "'7'"} for name, each in both.items()},
        streams=streams,
    )
    assert tenant.replay("--force").status == 0
    assert tenant.names() == {"a": 7, "a2": 7, "b": 1, "b2": 1}


@pytest.mark.parametrize("keys", [["Name"], ["Name", "Day__gc", "Active__gc", "Code__gc"]])
def test_a_letter_older_than_gainsights_record_is_sent_only_by_force(
    tenant: Tenant, keys: list[str]
) -> None:
    others = {"Day__gc": "2026-01-02", "Active__gc": False, "Code__gc": "c"}
    tenant.configure(keys=keys)
    tenant.load({"Name": "a", "Number__gc": "1", "Colour__gc": "Green", **others})
    tenant.letters.write_text(
        json.dumps({**read(tenant.letters)[0], "rejected_at": YESTERDAY}) + "\n"
    )
    tenant.load({"Name": "a", "Number__gc": "2", **others})
    tenant.configure(keys=keys, fields={"Colour__gc": "Company_Name__gc"})
    done = tenant.replay()
    assert done.status == 1
    assert done.json["streams"][0]["outdated"] == 1
    assert tenant.names() == {"a": 2}
    assert len(texts(tenant.letters)) == 1
    forced = tenant.replay("--force")
    assert forced.status == 0
    assert tenant.names() == {"a": 1}
    assert texts(tenant.letters) == []


def test_letters_go_in_the_streams_name_as_received_through_its_maps(tenant: Tenant) -> None:
    maps = {
        "src": {
            "__alias__": THING,
            "Name": "code",
            "Number__gc": "n",
            "__key_properties__": ["Name"],
        }
    }
    tenant.configure(stream_maps=maps)
    tenant.load({"code": "a", "n": "many"}, stream="src")
    (letter,) = read(tenant.folder / "rejects" / "src.jsonl")
    assert letter["record"] == {"code": "a", "n": "many"}
    tenant.configure(stream_maps={"src": {**maps["src"], "Number__gc": "'7'"}})
    assert tenant.replay().status == 0
    assert tenant.names() == {"a": 7}
    assert (tenant.folder / "rejects" / "src.settled.jsonl").exists()


def test_letters_go_into_no_other_object_because_their_entry_is_gone(tenant: Tenant) -> None:
    entry = {"name": "company", "object": THING}
    tenant.configure(streams=[entry])
    tenant.load({"Name": "a", "Number__gc": "many"}, stream="company")
    tenant.configure(streams=[{**entry, "name": "firms"}])
    assert f"its letters are of {THING}, and would go into company" in tenant.replay().error
    assert not list(tenant.sandbox.tenant.rows("company"))
    tenant.configure(streams=[{"name": "company", "object": "company"}])
    assert tenant.replay().status == 0  # it is said that they are to go there
    assert [row["Name"] for row in tenant.sandbox.tenant.rows("company")] == ["a"]


def test_properties_that_only_other_records_had_are_no_mistake(tenant: Tenant) -> None:
    tenant.configure(streams=[{"name": THING, "fields": {"n": "Number__gc", "t": "Text__gc"}}])
    tenant.load({"Name": "a", "t": "x"}, {"Name": "b", "n": "many"}, names=("Name", "t", "n"))
    tenant.configure(
        streams=[{"name": THING, "fields": {"n": "Code__gc", "t": "Text__gc"}}],
    )
    assert tenant.replay().status == 0
    assert tenant.names().keys() == {"a", "b"}


def test_what_no_record_can_be_made_of_stays(tenant: Tenant) -> None:
    tenant.load({"Name": "a", "Number__gc": "many"})
    letter = read(tenant.letters)[0]
    del letter["record"]
    raw = json.dumps({**letter, "raw": "{\\xff"})
    tenant.letters.write_text(f'{raw}\n{{"stream":"{THING}", "half\n')
    done = tenant.replay()
    assert done.status == 1
    report = done.json["streams"][0]
    assert (report["without_record"], report["unreadable_lines"], report["settled"]) == (1, 1, 0)
    assert texts(tenant.letters) == [raw, f'{{"stream":"{THING}", "half']


def test_a_record_that_json_cannot_say_is_never_sent_as_another(tenant: Tenant) -> None:
    tenant.load({"Name": "a", "Text__gc": float("nan")}, {"Name": "\ud800", "Text__gc": "x"})
    before = texts(tenant.letters)
    assert len(before) == 2
    done = tenant.replay("--force")
    assert done.status == 1
    assert done.json["streams"][0]["without_record"] == 2
    assert texts(tenant.letters) == before
    assert tenant.names() == {}


@pytest.mark.parametrize("text", [b'{"stream":"odd","obj', b"\0\0\n", b"[]\n", b"5\n", b"\xff\n"])
def test_a_file_without_a_readable_letter_does_not_keep_the_others_back(
    tenant: Tenant, text: bytes
) -> None:
    tenant.load({"Name": "a", "Number__gc": "many"})
    odd = tenant.letters.with_name("odd.jsonl")
    odd.write_bytes(text)
    tenant.configure(
        streams=[
            {"name": THING, "fields": {"Number__gc": "Code__gc"}},
            {"name": "odd", "object": THING},
        ]
    )
    done = tenant.replay()
    assert done.status == 1
    counts = {
        each["stream"]: (each["letters"], each["settled"], each["unreadable_lines"])
        for each in done.json["streams"]
    }
    assert counts == {THING: (1, 1, 0), "odd": (0, 0, 1)}
    assert tenant.names().keys() == {"a"}
    assert odd.read_bytes() == text
    said = command("rejects", "replay", "--config", tenant.config)
    assert said.status == 1
    assert f"{odd}: 1 line not readable as a letter." in said.out


def test_several_files_of_one_stream_are_replayed_together(tenant: Tenant) -> None:
    """As a rotated file is, or a copy that was kept beside the file."""
    tenant.load({"Name": "a", "Number__gc": "old"}, {"Name": "b", "Number__gc": "many"})
    rotated = tenant.letters.with_name(f"{THING}-2026.jsonl")
    tenant.letters.rename(rotated)
    tenant.load({"Name": "a", "Number__gc": "new"}, {"Name": "c", "Number__gc": "few"})
    copy = tenant.letters.with_name(f"z-{THING}.jsonl")
    copy.write_bytes(tenant.letters.read_bytes())
    tenant.configure(fields={"Number__gc": "Code__gc"})
    done = tenant.replay()
    assert done.status == 0
    (report,) = done.json["streams"]
    assert (report["letters"], report["settled"]) == (6, 6)
    rows = {str(row["Name"]): row["Code__gc"] for row in tenant.sandbox.tenant.rows(THING)}
    assert rows == {"a": "new", "b": "many", "c": "few"}
    for file in (rotated, tenant.letters, copy):
        assert texts(file) == []
        assert len(texts(file.with_name(file.name.replace(".jsonl", ".settled.jsonl")))) == 2


def test_a_streams_letters_are_not_another_ones_settled_letters(tenant: Tenant) -> None:
    name = f"{THING}.settled"
    streams = [{"name": each, "object": THING, "fields": MENDED} for each in (THING, name)]
    tenant.configure(streams=[{**each, "fields": {}} for each in streams])
    tenant.load({"Name": "a", "Number__gc": "many"})
    tenant.load({"Name": "b", "Number__gc": "few"}, stream=name)
    tenant.configure(streams=streams)
    done = tenant.replay()
    assert [(each["stream"], each["settled"]) for each in done.json["streams"]] == [
        (name, 1),
        (THING, 1),
    ]
    assert tenant.names().keys() == {"a", "b"}
    assert len(texts(tenant.settled)) == 1


def test_an_insert_that_two_files_have_is_sent_once(tenant: Tenant) -> None:
    tenant.configure(operation="insert")
    tenant.load({"Name": "a", "Number__gc": "many"})
    copy = tenant.letters.with_name(f"{THING}-copy.jsonl")
    copy.write_bytes(tenant.letters.read_bytes())
    tenant.configure(operation="insert", fields={"Number__gc": "Code__gc"})
    assert tenant.replay().status == 0
    assert len([*tenant.sandbox.tenant.rows(THING)]) == 1
    assert texts(tenant.letters) == texts(copy) == []


def test_edited_letters_settle_those_of_the_streams_own_file(tenant: Tenant) -> None:
    tenant.load({"Name": "a", "Number__gc": "many"}, {"Name": "b", "Number__gc": "few"})
    mended = tenant.letters.with_name("mended.jsonl")  # in the folder of the letters
    mended.write_text(tenant.letters.read_text().replace("many", "7"))
    done = tenant.replay("--from", str(mended))
    assert done.json["streams"][0]["settled"] == 1
    assert tenant.names() == {"a": 7}
    assert [each["record"]["Name"] for each in read(tenant.letters)] == ["b"]
    assert [each["record"]["Name"] for each in read(tenant.settled)] == ["a"]
    assert texts(mended) == texts(tenant.letters)


@pytest.mark.parametrize("alone", [True, False])
def test_a_letter_without_key_properties_is_left_and_the_others_are_sent(
    tenant: Tenant, *, alone: bool
) -> None:
    """As an earlier version has written it, in a stream without `keys`."""
    tenant.load({"Name": "a", "Number__gc": "many"}, {"Name": "b", "Number__gc": "few"})
    first, second = read(tenant.letters)
    del second["key_properties"]
    odd = json.dumps({**second, "stream": "other" if alone else THING})
    file = tenant.letters.with_name("other.jsonl") if alone else tenant.letters
    tenant.letters.write_text(f"{json.dumps(first)}\n")
    with file.open("a") as out:
        out.write(f"{odd}\n")
    streams = [{"name": name, "object": THING, "fields": MENDED} for name in (THING, "other")]
    tenant.configure(streams=streams)
    said = command("rejects", "replay", "--config", tenant.config)
    assert said.status == 1
    assert f"{file}: 1 letter without key properties: " in said.out
    assert "`keys`" in said.out
    assert tenant.names().keys() == {"a"}
    assert texts(file) == [odd]
    done = tenant.replay()
    (report,) = [each for each in done.json["streams"] if each["letters"]]
    assert (done.status, report["without_keys"], report["settled"]) == (1, 1, 0)
    tenant.configure(streams=[{**each, "keys": ["Name"]} for each in streams])
    assert tenant.replay().status == 0
    assert tenant.names().keys() == {"a", "b"}


def test_a_run_that_fails_on_its_way_settles_what_was_loaded_before(tenant: Tenant) -> None:
    tenant.configure(fields={"Colour__gc": "Number__gc"})
    tenant.load(*({"Name": f"n{n}", "Colour__gc": "Green"} for n in range(700)))
    assert len(texts(tenant.letters)) == 700
    tenant.configure(
        batch_size_rows=500,
        max_retries=0,
        fields={"Colour__gc": "Company_Name__gc"},
        sync_calls_per_minute=10**6,
    )
    tenant.sandbox.faults.add(Fault(Effect.STATUS, status=503, skip=18, count=None))
    assert "503" in tenant.replay().error
    left, settled = read(tenant.letters), read(tenant.settled)
    assert len(left) + len(settled) == 700
    assert settled
    tenant.sandbox.faults.clear()
    # What was loaded and not said to be so looks as if another had changed it since.
    assert tenant.replay("--force").status == 0
    assert len(tenant.names()) == len(read(tenant.settled)) == 700


def test_replay_waits_while_another_holds_the_file(tenant: Tenant) -> None:
    tenant.load({"Name": "a", "Number__gc": "many"})
    tenant.configure(fields={"Number__gc": "Code__gc"})
    with tenant.letters.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        replay = tenant.start()
        with pytest.raises(subprocess.TimeoutExpired):
            replay.wait(1)
        assert tenant.names() == {}
    assert replay.wait(30) == 0
    assert tenant.names().keys() == {"a"}


def test_a_second_replay_of_the_folder_is_refused(tenant: Tenant) -> None:
    tenant.load({"Name": "a", "Number__gc": "many"})
    folder = os.open(tenant.letters.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    assert "another replay" in tenant.replay().error
    os.close(folder)


def test_the_target_waits_for_the_lock_and_finds_the_file_that_is_there_then(
    tmp_path: Path,
) -> None:
    path = tmp_path / "letters.jsonl"
    path.write_bytes(b"old\n")
    with locked(path):
        waiting = threading.Thread(target=append, args=(path, b"new\n"))
        waiting.start()
        waiting.join(0.1)
        assert waiting.is_alive()
        replace(path, [b"left\n"])
    waiting.join(30)
    assert path.read_bytes() == b"left\nnew\n"


def test_letters_that_come_while_others_are_sent_are_kept(tenant: Tenant) -> None:
    tenant.load({"Name": "a", "Number__gc": "many"})
    tenant.configure(fields={"Number__gc": "Code__gc"})
    tenant.sandbox.faults.add(Fault(Effect.DELAY, on=CallKind.INSERT, seconds=0.5))
    replay = tenant.start()
    while not any(entry.kind is CallKind.QUERY for entry in list(tenant.sandbox.log)):
        assert replay.poll() is None
    tenant.configure()
    tenant.load({"Name": "b", "Number__gc": "many"})
    assert replay.wait(30) == 0
    assert [each["record"]["Name"] for each in read(tenant.letters)] == ["b"]
    assert [each["record"]["Name"] for each in read(tenant.settled)] == ["a"]


def test_a_dry_run_replays_nothing(tenant: Tenant) -> None:
    tenant.load({"Name": "a", "Number__gc": "many"})
    tenant.configure(dry_run=True)
    assert "dry_run" in tenant.replay().error


def test_a_replay_leaves_the_last_runs_report_alone(tenant: Tenant, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    tenant.configure(report_path=str(page))
    tenant.load({"Name": "a", "Number__gc": "many"})
    page.write_text("the last run's")
    tenant.replay()
    assert page.read_text() == "the last run's"


def test_nothing_to_replay_is_no_mistake(tenant: Tenant) -> None:
    assert tenant.replay().status == 0


def test_a_dangling_link_in_the_place_of_the_settled_letters_is_refused_before_any_call(
    tenant: Tenant, tmp_path: Path
) -> None:
    tenant.load({"Name": "a", "Number__gc": "many"})
    tenant.configure(fields=MENDED)
    tenant.settled.symlink_to(tmp_path / "nowhere")
    tenant.sandbox.log.clear()
    for arguments in ((), ("--force",)):
        assert "symbolic link" in tenant.replay(*arguments).error
    assert list(tenant.sandbox.log) == []
    assert len(texts(tenant.letters)) == 1


def test_an_edited_copy_in_the_folder_is_settled_with_its_letters(tenant: Tenant) -> None:
    tenant.configure(operation="insert")
    tenant.load({"Name": "a", "Number__gc": "many"}, {"Name": "b", "Number__gc": "few"})
    mended = tenant.letters.with_name("mended.jsonl")
    mended.write_text(texts(tenant.letters)[0].replace("many", "7") + "\n")
    assert tenant.replay("--from", str(mended)).json["streams"][0]["settled"] == 1
    assert texts(mended) == []
    tenant.configure(operation="insert", fields=MENDED)
    assert tenant.replay().status == 0
    assert [row["Name"] for row in tenant.sandbox.tenant.rows(THING)] == ["a", "b"]


@pytest.mark.parametrize("arguments", [(), ("--force",)])
def test_a_kill_between_the_two_files_loses_no_letter_and_settles_none_twice(
    tenant: Tenant, arguments: tuple[str, ...]
) -> None:
    tenant.configure(operation="insert")
    tenant.load(*({"Name": f"n{n}", "Number__gc": "many"} for n in range(3)))
    tenant.configure(operation="insert", fields=MENDED)
    before = {each["record"]["Name"] for each in read(tenant.letters)}
    program = f"""
import os, signal
from gainsight_command.dead_letters import settle
settle.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
from gainsight_command.cli import main
main(["rejects", "replay", "--config", {tenant.config!r}])
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    for file in (tenant.letters, tenant.settled):
        assert {each["record"]["Name"] for each in read(file)} == before
    assert tenant.replay(*arguments).status == 0
    assert read(tenant.letters) == []
    assert len(read(tenant.settled)) == 3
    assert len([*tenant.sandbox.tenant.rows(THING)]) == 3
