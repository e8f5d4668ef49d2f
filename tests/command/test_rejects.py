"""`gainsight rejects list` and `show`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.command.support import command

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "value-that-must-not-be-seen"


def letter(stream: str = "companies", **more: Any) -> dict[str, Any]:
    return {
        "stream": stream,
        "object": "company",
        "operation": "upsert",
        "key_properties": ["Name"],
        "errors": [{"code": "INVALID_NUMBER", "message": f"bad {SECRET}", "field": "Arr"}],
        "request_id": None,
        "rejected_at": "2026-01-02T03:04:05.000Z",
        "run_id": "r1",
        "record": {"Name": SECRET, "Arr": "a lot"},
        "properties": {"Name": {}, "Arr": {}},
        **more,
    }


def write(folder: Path, stream: str, *letters: dict[str, Any] | str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / f"{stream}.jsonl"
    texts = [each if isinstance(each, str) else json.dumps(each) for each in letters]
    file.write_text("".join(f"{text}\n" for text in texts))
    return file


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"domain": "acme", "rejects_path": str(tmp_path / "rejects")}))
    return str(file)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rejects"
    stage = {"code": "INVALID_PICKLIST", "message": "", "field": "Stage"}
    write(folder, "companies", letter(), letter(errors=[stage]), letter(), letter())
    write(folder, "people", letter("people", errors=[{"code": None, "message": "no code"}]))
    write(folder, "companies.settled", letter())
    return folder


def test_letters_are_counted_by_stream_code_and_field_with_their_lines(
    folder: Path, config: str
) -> None:
    done = command("rejects", "list", "--target", "--config", config, "--json")
    assert done.status == 0
    assert done.json["count"] == 5
    companies, people = done.json["streams"]
    assert companies["file"] == str(folder / "companies.jsonl")
    assert companies["groups"] == [
        {"code": "INVALID_NUMBER", "field": "Arr", "count": 3, "lines": [1, 3, 4]},
        {"code": "INVALID_PICKLIST", "field": "Stage", "count": 1, "lines": [2]},
    ]
    assert people["groups"] == [{"code": None, "field": None, "count": 1, "lines": [1]}]
    printed = command("rejects", "list", "--config", config).out
    assert "1, 3, 4" in printed
    assert SECRET not in printed + done.out


def test_letters_with_further_reasons_are_told(folder: Path, config: str) -> None:
    assert "for more reasons" not in command("rejects", "list", "--config", config).out
    twice = letter("people", errors=2 * letter()["errors"])
    write(folder, "people", twice, letter("people"))
    printed = command("rejects", "list", "--config", config).out
    assert "Of these, 1 for more reasons than the one that is listed." in printed


def test_streams_are_chosen_by_name_or_glob(folder: Path, config: str) -> None:
    assert folder.exists()
    for glob, streams in {"p*": ["people"], "companies": ["companies"], "x*": []}.items():
        found = command("rejects", "list", glob, "--config", config, "--json").json["streams"]
        assert [each["stream"] for each in found] == streams


def test_half_a_line_is_told_and_does_not_hide_the_others(folder: Path, config: str) -> None:
    file = folder / "people.jsonl"
    file.write_text('{"stream":"people","obj\n' + file.read_text())
    done = command("rejects", "list", "people", "--config", config, "--json")
    assert done.json["streams"][0]["unreadable_lines"] == [1]
    assert done.json["streams"][0]["count"] == 1


def test_examples_have_values_only_where_they_are_asked_for(folder: Path, config: str) -> None:
    assert folder.exists()
    done = command("rejects", "show", "--config", config, "--json")
    assert [(each["stream"], each["line"]) for each in done.json["letters"]] == [
        *(("companies", line) for line in (1, 3, 4, 2)),
        ("people", 1),
    ]
    assert done.json["letters"][0]["properties"] == ["Name", "Arr"]
    assert SECRET not in done.out + command("rejects", "show", "--config", config).out
    with_values = command("rejects", "show", "--values", "--config", config)
    assert SECRET in with_values.out
    few = command("rejects", "show", "--examples=1", "--code=INVALID_NUMBER", "--config", config)
    assert few.out.count("companies, line") == 1


def test_a_symbolic_link_is_not_followed(folder: Path, config: str, tmp_path: Path) -> None:
    (folder / "link.jsonl").symlink_to(tmp_path / "elsewhere")
    assert "symbolic link" in command("rejects", "list", "--config", config).error


def test_an_empty_folder_is_no_mistake(config: str) -> None:
    done = command("rejects", "list", "--config", config)
    assert done.status == 0
    assert "No rejected records" in done.out


def test_the_folder_can_come_from_a_variable(folder: Path) -> None:
    done = command("rejects", TARGET_GAINSIGHT_REJECTS_PATH=str(folder))
    assert "INVALID_PICKLIST" in done.out


def test_letters_of_earlier_versions_are_read(folder: Path, config: str) -> None:
    old = {name: letter("old")[name] for name in ("stream", "object", "errors", "record")}
    write(folder, "old", old)
    found = command("rejects", "list", "old", "--config", config, "--json").json["streams"]
    assert found[0]["groups"][0]["code"] == "INVALID_NUMBER"
    assert command("rejects", "show", "old", "--config", config).status == 0
